--- The two ways in which the service's lists are cut into pages.
local M = {}

M.MOST = 1000 -- items of a page; the service's own limit is not documented

local function whole(text, usual, most)
  if text == nil or text == "" then return usual end
  local number = text:find("^%d%d?%d?%d?%d?%d?%d?%d?%d?%d?$") and tonumber(text)
  return number and number >= 1 and number <= most and number or nil
end

--- page(parameters, usual) → {first=, size=, page=}; or nil, error code, message. usual: ShowSize where nothing is
-- said; first: the number of the page's first item, from 1.
function M.page(parameters, usual)
  local page, size = whole(parameters.CurrentPage, 1, 2147483647), whole(parameters.ShowSize, usual, M.MOST)
  if not page then return nil, "InvalidParameter", "CurrentPage is not valid." end
  if not size then return nil, "InvalidParameter", ("ShowSize is not valid: 1 to %d."):format(M.MOST) end
  return { first = (page - 1) * size + 1, size = size, page = page }
end

--- token(parameters, usual, most) → {first=, size=}; or nil, error code, message. usual: MaxResults where nothing is
-- said; most: its limit.
function M.token(parameters, usual, most)
  local size, token = whole(parameters.MaxResults, usual, most), parameters.NextToken or ""
  if not size then return nil, "InvalidParameter", ("MaxResults is not valid: 1 to %d."):format(most) end
  local first = token == "" and "1" or token:match("^from%-([1-9]%d?%d?%d?%d?%d?%d?%d?%d?)$")
  if not first then return nil, "InvalidParameter", "NextToken is not valid." end
  return { first = tonumber(first), size = size }
end

--- either(parameters, usual) → as token where a parameter is one of its, else as page.
function M.either(parameters, usual)
  local by_token = (parameters.MaxResults or "") ~= "" or (parameters.NextToken or "") ~= ""
  if by_token then return M.token(parameters, usual, M.MOST) end
  return M.page(parameters, usual)
end

--- Puts into a reply how the page that was asked for stands to all items. After the last page by token there is no
-- NextToken.
function M.set(values, asked, total)
  values.TotalCount = total
  if asked.page then
    values.CurrentPage, values.ShowSize, values.PageCount = asked.page, asked.size, math.ceil(total / asked.size)
    return
  end
  values.MaxResults = asked.size
  if asked.first + asked.size <= total then values.NextToken = ("from-%d"):format(asked.first + asked.size) end
end

--- cut(list, asked) → the items of a list that are on the page.
function M.cut(list, asked)
  local page = {}
  for i = asked.first, math.min(#list, asked.first + asked.size - 1) do page[#page + 1] = list[i] end
  return page
end

return M
