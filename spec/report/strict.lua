--- strict.lua - writes reports, and reads them again with strict parsers that others have written (strict.py).
local cjson = require("cjson").new()
local columns = require "certstat.report.columns"
local facts = require "spec.report.facts"
local files = require "spec.emulator.files"
local object = require "certstat.report.object"
local report = require "certstat.report"
local shown = require "certstat.report.shown"

local strict = {}

--- Names and serial numbers that try to be more than text, in all formats together.
strict.HOSTILE = {
  "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<!--", "--><b>", "]]>", "<![CDATA[",
  "&amp;&#0;", "'\"`", "a\"b,c\"d", "\\", "\\\\\"", "a|b", "a\\|b", "|", "`", "``|`", " `x` ", " x ",
  "[a](javascript:alert(1))", "![x](http://example.org/x.png)", "*a* _b_ ~~c~~", "# heading", "@everyone", ":+1:",
  "$x^2$", "http://example.org/ www.example.org a@example.org",
  "=1+1", "+1+1", "-1+1", "@SUM(1)", "=cmd|'/C calc'!A0", "\239\188\157" .. "1+1", "\t=1", "\r=1",
  "a\nb", "a\r\nb", "a\tb", "\0", "\27[2J\27]0;title\7", "\127\194\155", "\226\128\174desrever",
  "\226\128\168\226\128\169", "\239\187\191bom", "\239\191\190\239\191\191", "\255\254", "\237\160\128",
  "\228\184\173\230\150\135", "%s%d{{x}}${y}", "",
}

--- Outside text as XML and HTML have it: printable, and without U+FFFE and U+FFFF, which XML has not.
function strict.in_xml(text)
  return (shown(text):gsub("\239\191\190", "\\u{FFFE}"):gsub("\239\191\191", "\\u{FFFF}"))
end

--- Outside text as JSON keeps it: what is not UTF-8 becomes U+FFFD.
function strict.kept(text)
  return cjson.decode("[" .. object.string(text) .. "]")[1]
end

--- The text of a report; what: as facts.of takes it, where it is not of a whole run.
function strict.text(format, rows, what, chosen)
  local counts, text = {}, {}
  local opened = report.open(format, function(piece)
    text[#text + 1] = piece
  end, { columns = chosen or columns.status })
  for _, row in ipairs(rows) do
    counts[row.status] = (counts[row.status] or 0) + 1
    opened.row(row)
  end
  opened.finish(facts.of(counts, what))
  return table.concat(text)
end

--- Reads text strictly; returns what strict.py has read of it, and raises where it is refused.
function strict.read(format, text)
  local name = os.tmpname()
  files.write(name, text)
  local printed = files.shell(("/usr/bin/python3 -I spec/report/strict.py %s < %s"):format(format, name))
  os.remove(name)
  return cjson.decode(printed)
end

--- Both.
function strict.report(...)
  return strict.read((...), strict.text(...))
end

--- A row for each hostile text, as its serial number and its message.
function strict.hostile_rows()
  local rows = {}
  for i, text in ipairs(strict.HOSTILE) do
    rows[i] = { serial = text, status = i % 2 == 0 and "invalid" or "error", class = "argument", message = text }
  end
  return rows
end

return strict
