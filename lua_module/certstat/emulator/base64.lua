--- Base64 as PEM has it (RFC 4648 4), decoded in plain Lua, since this runs on hosts whose own decoders differ.
local M = {}

local value = {}
do
  local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  for i = 1, #alphabet do value[alphabet:byte(i)] = i - 1 end
end

--- The bytes that `text` stands for; whitespace is passed over. nil where it is no Base64.
function M.decode(text)
  text = text:gsub("%s", "")
  local body, padding = text:match("^([%w+/]*)(=*)$")
  if not body or #text % 4 ~= 0 or #padding > 2 then return nil end
  local out = {}
  for i = 1, #body, 4 do
    local a, b, c, d = body:byte(i, i + 3)
    local bits = value[a] * 262144 + (value[b] or 0) * 4096 + (c and value[c] or 0) * 64 + (d and value[d] or 0)
    out[#out + 1] = string.char(math.floor(bits / 65536), math.floor(bits / 256) % 256, bits % 256)
  end
  local bytes = table.concat(out)
  return bytes:sub(1, #bytes - #padding)
end

return M
