--- The database of an `openssl ca` folder, index.txt: read as a whole, and again whenever the file has changed.
local ipc = require "certstat.ipc"
local parse = require("certstat.sources.index").parse

local M = {}
local Index = {}
Index.__index = Index
Index.__name = "certstat.emulator.index"

local SLICE = 65536

--- open(path) → an index that knows nothing until its first refresh. `generation` grows with every change that it
-- sees.
function M.open(path)
  return setmetatable({ path = path, generation = 0, entries = {}, by_key = {}, revocations = {} }, Index)
end

local function same(a, b)
  return a and b and a.inode == b.inode and a.size == b.size and a.modified_ns == b.modified_ns
end

local function read_entries(path, pause)
  local file, message = io.open(path, "rb")
  if not file then return nil, message end
  local entries, by_key, rest, line_number = {}, {}, "", 0
  for slice in function() return file:read(SLICE) end do
    rest = rest .. slice
    local from = 1
    for line, after in rest:gmatch("([^\n]*)\n()") do
      local entry
      line_number, from = line_number + 1, after
      entry, message = parse(line)
      if not entry then
        file:close()
        return nil, ("%s:%d: %s"):format(path, line_number, message)
      end
      entries[#entries + 1] = entry
      entry.position = #entries
      by_key[entry.key] = entry
      pause()
    end
    rest = rest:sub(from)
  end
  file:close()
  return entries, by_key
end

local function lay_revocations_over(self)
  for key, seconds in pairs(self.revocations) do
    local entry = self.by_key[key]
    if entry and entry.status ~= "R" then entry.status, entry.revoked = "R", seconds end
  end
end

-- Reads until the file has stayed the same from before the reading to after it.
local function load_entries(self, facts, pause)
  for _ = 1, 10 do
    local entries, by_key = read_entries(self.path, pause)
    local after = ipc.facts(self.path)
    if same(facts, after) then
      if not entries then return nil, by_key end
      self.entries, self.by_key, self.facts, self.generation = entries, by_key, facts, self.generation + 1
      lay_revocations_over(self)
      return true
    end
    facts = after or facts
  end
  return nil, self.path .. ": changes faster than it can be read"
end

--- refresh(pause, wait): makes sure that what it answers is what the file says now. `pause` lets others run
-- now and then, `wait` until another caller's reading may be over. True; or nil, message: the former
-- entries stay.
function Index:refresh(pause, wait)
  while self.loading do wait() end
  local facts, message = ipc.facts(self.path)
  if not facts then
    -- `openssl ca` renames the old file away before it renames the new one here
    if self.facts then return true end
    return nil, message
  end
  if same(facts, self.facts) then return true end
  self.loading = true
  local ok, done
  ok, done, message = pcall(load_entries, self, facts, pause)
  self.loading = false
  if not ok then error(done, 0) end
  return done, message
end

--- revoke(key, seconds): from now on the certificate of this key counts as revoked then, whatever the file says of it.
-- Returns whether there is one.
function Index:revoke(key, seconds)
  if not self.by_key[key] then return false end
  self.revocations[key], self.generation = seconds, self.generation + 1
  lay_revocations_over(self)
  return true
end

--- The entry of a canonical key, or nil.
function Index:find(key) return self.by_key[key] end

--- The entry at a position from 1 on, in the file's order, or nil.
function Index:at(position) return self.entries[position] end

function Index:count() return #self.entries end

return M
