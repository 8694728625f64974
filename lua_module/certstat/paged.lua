--- paged.lua - rows that come page by page, one after the other.

--- read(after) → the next page, an array that is empty at the end, or nil, message, info; after: nil, or the last row
-- given. Returns an iterator of the rows; after the last it returns nil, after a failure nil, message, info.
return function(read)
  local page, i, last = {}, 0, nil
  return function()
    i = i + 1
    if not page[i] then
      local message, info
      page, message, info = read(last)
      if not page then
        page = {}
        return nil, message, info
      end
      i = 1
    end
    last = page[i] or last
    return page[i]
  end
end
