--- The items of a list operation, page by page.
local classify = require "certstat.classify"
local operations = require "certstat.operations"

local M = {}

local REMEMBERED_PAGES = 4 -- while certificates are issued items move to the next page, and come twice
local IDLE_PAGES = 100     -- in a row, each of them empty or with items of pages before

-- The value at a path of fields, `Data.NextToken`; JSON null counts as absent.
local function at(reply, path)
  local value = reply
  for name in path:gmatch("[^.]+") do
    if type(value) ~= "table" then return nil end
    value = classify.present(value[name])
  end
  return value
end

local function unreadable(name, path, expected, found)
  return nil, ("%s: expected %s in %s, found %s"):format(name, expected, path, found),
    { class = "protocol", code = "InvalidReply" }
end

local function kind_of(value)
  return value == nil and "nothing" or "a " .. type(value)
end

-- The items of a reply; or nil, message, info. A list that is not there is an empty one, unless the reply counts items.
local function items_of(name, reply)
  local path = operations[name].list
  local list, total = at(reply, path), at(reply, "TotalCount")
  if list == nil and not (type(total) == "number" and total > 0) then return {} end
  if type(list) ~= "table" then return unreadable(name, path, "an array", kind_of(list)) end
  if next(list) ~= nil and list[1] == nil then return unreadable(name, path, "an array", "an object") end
  for _, item in ipairs(list) do
    if type(item) ~= "table" then return unreadable(name, path, "objects", kind_of(classify.present(item))) end
  end
  return list
end

-- next_page[scheme](name, asked, reply, list, paging) → what asks for the page after `reply`, or false at the end; or
-- nil, message, info.
local next_page = {}

-- The end is the last page of PageCount or an empty page.
function next_page.page(_, asked, reply, list)
  local count = at(reply, "PageCount")
  if #list == 0 or type(count) == "number" and count > 0 and asked.CurrentPage >= count then return false end
  return { CurrentPage = asked.CurrentPage + 1, ShowSize = asked.ShowSize }
end

-- The end is a page without a token, which need not be the first empty one.
function next_page.token(name, asked, reply, _, paging)
  local token = at(reply, paging.token)
  if token == nil or token == "" then return false end
  if type(token) ~= "string" then return unreadable(name, paging.token, "a string", kind_of(token)) end
  if token == asked.NextToken then return unreadable(name, paging.token, "a new token", "the one before again") end
  return { MaxResults = asked.MaxResults, NextToken = token }
end

local function first_page(paging, parameters)
  if paging.scheme == "token" then return { MaxResults = parameters.MaxResults or paging.size } end
  return { CurrentPage = 1, ShowSize = parameters.ShowSize or paging.size }
end

local function merged(parameters, asked)
  local all = {}
  for name, value in pairs(parameters) do all[name] = value end
  for name, value in pairs(asked) do all[name] = value end
  return all
end

--- iterate(call, name, parameters) → an iterator of items, tables as the service sent them; at an error nil, message,
-- info. call(name, parameters) → reply | nil, message, info. An item whose Identifier was on one of the last pages is
-- not given out again.
function M.iterate(call, name, parameters)
  local paging = operations[name].paging
  local asked = first_page(paging, parameters)
  local list, i, page_number, idle_pages, failure = {}, 0, 0, 0, nil
  local seen = {} -- Identifier → number of the page it was on last

  local function forget()
    for identifier, number in pairs(seen) do
      if number < page_number - REMEMBERED_PAGES then seen[identifier] = nil end
    end
  end

  -- Gets the next page; returns nothing, or a message and info.
  local function turn_page()
    if idle_pages >= IDLE_PAGES then
      return ("%s: expected new items, found none on %d pages in a row"):format(name, IDLE_PAGES),
        { class = "protocol", code = "InvalidReply" }
    end
    local reply, message, info = call(name, merged(parameters, asked))
    if not reply then return message, info end
    local found, following
    found, message, info = items_of(name, reply)
    if not found then return message, info end
    following, message, info = next_page[paging.scheme](name, asked, reply, found, paging)
    if following == nil then return message, info end
    asked, list, i, page_number, idle_pages = following, found, 0, page_number + 1, idle_pages + 1
    forget()
  end

  local function is_new(item)
    local identifier = classify.present(item.Identifier)
    if type(identifier) ~= "string" then return true end
    local known = seen[identifier]
    seen[identifier] = page_number
    return not known
  end

  return function()
    while not failure do
      i = i + 1
      local item = list[i]
      if item == nil then
        if not asked then return nil end
        local message, info = turn_page()
        if message then failure = { message, info } end
      elseif is_new(item) then
        idle_pages = 0
        return item
      end
    end
    return nil, failure[1], failure[2]
  end
end

return M
