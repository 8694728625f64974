--- cell.lua - outside text in a field that a spreadsheet may open.
local shown = require "certstat.report.shown"

-- = + - @, and the wide forms of them that some spreadsheets read alike (U+FF1D, U+FF0B, U+FF0D, U+FF20)
local FORMULA, WIDE_FORMULA = "^[=+@-]", "^\239\188[\157\139\141\160]"

local STDIN = "^%-:?%d*$" -- a line of the standard input, as certstat itself names it; or a number

--- `text` on one line, printable; with an apostrophe before it where a spreadsheet would run it as a formula, as
-- OWASP's page on CSV injection advises (tabs and line ends, which it names too, are printable by then). No serial
-- number begins so.
return function(text)
  text = shown(text)
  if (text:find(FORMULA) or text:find(WIDE_FORMULA)) and not text:find(STDIN) then
    return "'" .. text
  end
  return text
end
