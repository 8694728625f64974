--- rooms.lua - what the rooms around the emulated service share in specs: accounts, memory, a moment.
local accounts = require "certstat.emulator.accounts"

local rooms = {}

rooms.NOW_US = 1767323045000000 -- 2026-01-02T03:04:05Z
rooms.NOW_S = 1767323045

--- What an nginx shared dictionary offers; memory.full: there is no room.
function rooms.memory()
  return {
    values = {}, seconds = {},
    get = function(self, name) return self.values[name] end,
    safe_set = function(self, name, value, seconds)
      if self.full then return nil, "no memory" end
      self.values[name], self.seconds[name] = value, seconds
      return true
    end,
  }
end

--- Accounts of these keys (nil: none), in a memory.
function rooms.accounts(keys, memory) return assert(accounts.new(keys or {}, memory or rooms.memory())) end

--- A wait of which the seconds are kept: wait, waited.
function rooms.wait()
  local waited = {}
  return function(seconds) waited[#waited + 1] = seconds end, waited
end

return rooms
