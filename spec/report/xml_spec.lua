local xml = require "certstat.report.xml"

describe("report.xml", function()
  local texts = {
    { "plain \228\184\173", "plain \228\184\173" },
    { "<a href='x'>&amp;\"", "&lt;a href=&#39;x&#39;&gt;&amp;amp;&quot;" },
    { "]]>", "]]&gt;" },
    { "a\0\n\27", "a\\x00\\x0A\\x1B" },
    { "\239\191\190\239\191\191\239\191\189", "\\u{FFFE}\\u{FFFF}\239\191\189" },
    { "\255", "\\xFF" },
  }
  for _, case in ipairs(texts) do
    it("writes " .. case[2], function()
      assert.equal(case[2], xml(case[1]))
    end)
  end
end)
