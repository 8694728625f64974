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
  for _, authority in ipairs(self.authorities) do
    local ok, message = authority.index:refresh(pause, wait)
    if not ok then return nil, message end
  end
  return true
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

-- The positions in an index that hold an authority's own certificate, which is no client or server certificate; as a
-- sorted list and as a set.
local function own_positions(self, index)
  local positions, set = {}, {}
  for _, authority in ipairs(self.authorities) do
    local entry = authority.own_key and index:find(authority.own_key)
    if entry and not set[entry.position] then
      positions[#positions + 1], set[entry.position] = entry.position, true
    end
  end
  table.sort(positions)
  return positions, set
end

--- How many client and server certificates an authority has issued.
function Registry:issued(authority)
  return authority.index:count() - #own_positions(self, authority.index)
end

local function skip(positions, nth)
  for _, position in ipairs(positions) do
    if position <= nth then nth = nth + 1 end
  end
  return nth
end

--- page(first, size) → array of client and server certificates, the first-th and what follows, at most `size`; and how
-- many there are in all.
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

--- select(accept, pause) → array of the client and server certificates for which accept(entry, authority) says yes.
-- `pause` is called after each.
function Registry:select(accept, pause)
  local found = {}
  for _, authority in ipairs(self.authorities) do
    local index = authority.index
    local _, own = own_positions(self, index)
    for position = 1, index:count() do
      local entry = index:at(position)
      if entry and not own[position] and accept(entry, authority) then
        found[#found + 1] = { entry = entry, authority = authority }
      end
      pause()
    end
  end
  return found
end

local function is_revoked(entry) return entry.status == "R" end

--- The revoked client and server certificates. They are looked for once for each state of the databases.
function Registry:revoked(pause)
  local state = {}
  for i, authority in ipairs(self.authorities) do state[i] = ("%d"):format(authority.index.generation) end
  state = table.concat(state, " ")
  if self.revoked_state ~= state then
    local found = self:select(is_revoked, pause)
    self.revoked_state, self.revoked_found = state, found
  end
  return self.revoked_found
end

return M
