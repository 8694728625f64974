--- All the authorities that the emulator answers for, as one list of certificates: folder after folder, each in the
-- order of its index.txt. What it finds is {entry=, authority=}.
local M = {}
local Registry = {}
Registry.__index = Registry
Registry.__name = "certstat.emulator.registry"

--- new(authorities) → registry.
function M.new(authorities) return setmetatable({ authorities = authorities }, Registry) end

--- Makes sure that all databases are read as they are now, see index.refresh.
function Registry:refresh(pause, wait)
  local damaged = {}
  for _, authority in ipairs(self.authorities) do
    local ok, message = authority.index:refresh(pause, wait)
    if not ok then return nil, message end
    damaged[#damaged + 1] = message
  end
  return true, damaged[1] and table.concat(damaged, "; ")
end

--- What has a canonical key: one; none; several where authorities share a serial.
function Registry:find(key)
  local found = {}
  for _, authority in ipairs(self.authorities) do
    local entry = authority.index:find(key)
    if entry then found[#found + 1] = { entry = entry, authority = authority } end
  end
  return found
end

--- revoke(key, seconds): see Index:revoke; in how many authorities.
function Registry:revoke(key, seconds)
  local count = 0
  for _, authority in ipairs(self.authorities) do
    if authority.index:revoke(key, seconds) then count = count + 1 end
  end
  return count
end

--- The certificate that an Identifier names; or nil.
function Registry:find_identifier(identifier)
  for _, authority in ipairs(self.authorities) do
    local entry = authority:find_identifier(identifier)
    if entry then return { entry = entry, authority = authority } end
  end
  return nil
end

--- The authority that an Identifier names; or nil.
function Registry:find_authority(identifier)
  for _, authority in ipairs(self.authorities) do
    if authority.identifier == identifier then return authority end
  end
  return nil
end

--- The authority that signed this one's certificate; nil for a root, and where it is not among the folders.
function Registry:issuer(authority)
  if not authority.own or authority:is_root() then return nil end
  for _, other in ipairs(self.authorities) do
    if other.own and other.own.subject == authority.own.issuer then return other end
  end
  return nil
end

--- The entry of an authority's own certificate in the database of who signed it; or nil.
function Registry:own_entry(authority)
  local issuer = self:issuer(authority) or authority
  return authority.own_key and issuer.index:find(authority.own_key)
end

function Registry:is_revoked(authority)
  local entry = self:own_entry(authority)
  return entry ~= nil and entry.status == "R"
end

--- The certificates from an authority's own to its root's, as PEM.
function Registry:chain(authority)
  local pems, seen = {}, {}
  while authority and authority.own and not seen[authority] do
    pems[#pems + 1], seen[authority] = authority.own.X509Certificate, true
    authority = self:issuer(authority)
  end
  return table.concat(pems)
end

-- The entries of an index that are authorities' own certificates, which are no client or server certificates: by
-- position.
local function own_entries(self, index)
  local own = {}
  for _, authority in ipairs(self.authorities) do
    local entry = authority.own_key and index:find(authority.own_key)
    if entry then own[entry.position] = entry end
  end
  return own
end

-- What is paged: all entries of an index, or its revoked ones. count: how many there are; at: the n-th;
-- rank: which of them an entry is, nil where it is none.
local ALL = {
  count = function(index) return index:count() end,
  at = function(index, nth) return index:at(nth) end,
  rank = function(_, entry) return entry.position end,
}
local REVOKED = {
  count = function(index) return index:revoked_count() end,
  at = function(index, nth) return index:revoked_at(nth) end,
  rank = function(index, entry) return entry.status == "R" and index:revoked_count(entry.position) or nil end,
}

-- Which of what is paged are authorities' own certificates, as a sorted list.
local function own_ranks(self, index, kind)
  local ranks = {}
  for _, entry in pairs(own_entries(self, index)) do ranks[#ranks + 1] = kind.rank(index, entry) end
  table.sort(ranks)
  return ranks
end

local function skip(ranks, nth)
  for _, rank in ipairs(ranks) do
    if rank <= nth then nth = nth + 1 end
  end
  return nth
end

local function count(self, authority, kind)
  return kind.count(authority.index) - #own_ranks(self, authority.index, kind)
end

local function page(self, first, size, kind)
  local found, before = {}, 0
  for _, authority in ipairs(self.authorities) do
    local index = authority.index
    local own = own_ranks(self, index, kind)
    local total = kind.count(index) - #own
    for nth = math.max(1, first - before), math.min(total, first + size - 1 - before) do
      found[#found + 1] = { entry = kind.at(index, skip(own, nth)), authority = authority }
    end
    before = before + total
  end
  return found, before
end

--- How many client and server certificates an authority has issued; and how many of them are revoked.
function Registry:issued(authority) return count(self, authority, ALL) end
function Registry:revoked(authority) return count(self, authority, REVOKED) end

--- page(first, size) → array of client and server certificates, the first-th and what follows, at most `size`; and how
-- many there are in all. revoked_page: the same of the revoked ones.
function Registry:page(first, size) return page(self, first, size, ALL) end
function Registry:revoked_page(first, size) return page(self, first, size, REVOKED) end

--- select(accept, first, size, pause) → as page, of those for which accept(entry, authority) says yes, which is asked
-- of all. `pause` is called after each.
function Registry:select(accept, first, size, pause)
  local found, total = {}, 0
  for _, authority in ipairs(self.authorities) do
    local index = authority.index
    local own = own_entries(self, index)
    for position = 1, index:count() do
      local entry = index:at(position)
      if entry and not own[position] and accept(entry, authority) then
        total = total + 1
        if total >= first and total < first + size then
          found[#found + 1] = { entry = entry, authority = authority }
        end
      end
      pause()
    end
  end
  return found, total
end

return M
