--- Reading DER (X.690): one element after the other, never past the end of the one around it.
local M = {}

--- The element at `position` of `bytes`, which must end by `limit`: tag, first and last position of its
-- content, and the position after it. Raises where it does not fit: callers parse under pcall.
function M.element(bytes, position, limit)
  local tag, length = bytes:byte(position, position + 1)
  if not length or position + 1 > limit then error("DER: cut off at byte " .. position, 0) end
  local first = position + 2
  if length >= 128 then
    local size = length - 128
    if size < 1 or size > 4 or first + size - 1 > limit then
      error("DER: bad length at byte " .. position, 0)
    end
    length = 0
    for i = first, first + size - 1 do length = length * 256 + bytes:byte(i) end
    first = first + size
  end
  local last = first + length - 1
  if last > limit then error("DER: cut off at byte " .. position, 0) end
  return tag, first, last, last + 1
end

--- The elements between two positions, as {tag=, first=, last=, start=} in order.
function M.elements(bytes, first, last)
  local found = {}
  while first <= last do
    local tag, from, to, after = M.element(bytes, first, last)
    found[#found + 1] = { tag = tag, first = from, last = to, start = first }
    first = after
  end
  return found
end

--- The content of an element.
function M.content(bytes, element) return bytes:sub(element.first, element.last) end

--- An object identifier's dotted form.
function M.oid(bytes, element)
  local parts, number = {}, 0
  for i = element.first, element.last do
    local byte = bytes:byte(i)
    number = number * 128 + byte % 128
    if byte < 128 then
      if #parts == 0 then
        local arc = math.min(math.floor(number / 40), 2)
        parts[1], number = ("%d"):format(arc), number - arc * 40
      end
      parts[#parts + 1] = ("%.0f"):format(number)
      number = 0
    end
  end
  return table.concat(parts, ".")
end

return M
