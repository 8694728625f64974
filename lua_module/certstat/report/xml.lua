--- xml.lua - outside text in XML 1.0.
local shown = require "certstat.report.shown"

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

-- U+FFFE and U+FFFF, which are printable to nobody and no characters of XML (2.2)
local NONE = { ["\239\191\190"] = "\\u{FFFE}", ["\239\191\191"] = "\\u{FFFF}" }

--- `text`, printable, for an attribute or an element.
return function(text)
  return (shown(text):gsub("[&<>\"']", ENTITIES):gsub("\239\191[\190\191]", NONE))
end
