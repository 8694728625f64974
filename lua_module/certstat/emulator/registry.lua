--- All the authorities that the emulator answers for, as one list of certificates: folder after folder, each
-- in the order of its index.txt.
local M = {}
local Registry = {}
Registry.__index = Registry
Registry.__name = "certstat.emulator.registry"

--- new(authorities) → registry.
function M.new(authorities) return setmetatable({ authorities = authorities }, Registry) end

--- Makes sure that all databases are read as they are now, see index.refresh.
function Registry:refresh(pause, wait)
  for _, authority in ipairs(self.authorities) do
    local ok, message = authority.index:refresh(pause, wait)
    if not ok then return nil, message end
  end
  return true
end

--- The entries of a canonical key: one; none; several where authorities share a serial.
function Registry:find(key)
  local found = {}
  for _, authority in ipairs(self.authorities) do
    found[#found + 1] = authority.index:find(key)
  end
  return found
end

--- find_identifier(identifier) → {entry=, authority=}; or nil.
function Registry:find_identifier(identifier)
  for _, authority in ipairs(self.authorities) do
    local entry = authority:find_identifier(identifier)
    if entry then return { entry = entry, authority = authority } end
  end
  return nil
end

-- The positions in an index that hold an authority's own certificate, which is no client or server certificate.
local function own_positions(self, index)
  local positions = {}
  for _, authority in ipairs(self.authorities) do
    local entry = authority.own_key and index:find(authority.own_key)
    if entry then positions[#positions + 1] = entry.position end
  end
  table.sort(positions)
  return positions
end

local function skip(positions, nth)
  for _, position in ipairs(positions) do
    if position <= nth then nth = nth + 1 end
  end
  return nth
end

--- page(first, size) → array of {entry=, authority=} of client and server certificates, the first-th and
-- what follows, at most `size`; and how many there are in all.
function Registry:page(first, size)
  local found, before = {}, 0
  for _, authority in ipairs(self.authorities) do
    local index = authority.index
    local own = own_positions(self, index)
    local count = index:count() - #own
    for nth = math.max(1, first - before), math.min(count, first + size - 1 - before) do
      found[#found + 1] = { entry = index:at(skip(own, nth)), authority = authority }
    end
    before = before + count
  end
  return found, before
end

return M
