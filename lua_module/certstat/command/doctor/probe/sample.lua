--- Serials to ask about: those that the service lists, and some that it has never issued.
local batch = require "certstat.batch"
local core = require "certstat.core"
local ipc = require "certstat.ipc"

local Sample = { __name = "certstat.command.doctor.probe.sample" }
Sample.__index = Sample

local M = {}

local PAGE = 50 -- as certstat.operations asks for
local OCTETS = 18 -- as the service's serials have them

--- The canonical key of a serial that nobody has issued: random, of the usual length.
function M.stranger()
  local digits = ipc.random(OCTETS):gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)
  return "7f" .. digits:sub(3)
end

--- new(budget) → sample. sample.known: entries {key =, wire = as the service writes it, listed = what it says}.
function M.new(budget) return setmetatable({ budget = budget, known = {}, seen = {}, page = 0 }, Sample) end

--- One page more of the service's list; returns whether there is perhaps another.
function Sample:read_page()
  self.page = self.page + 1
  local reply = self.budget:ask("ListClientCertificate", { CurrentPage = self.page, ShowSize = PAGE })
  local list = reply and reply.CertificateList
  local count = 0
  for _, item in ipairs(type(list) == "table" and list or {}) do
    local serial = type(item) == "table" and item.SerialNumber
    local key = type(serial) == "string" and core.serial(serial)
    count = count + 1
    if key and not self.seen[key] then
      self.seen[key] = true
      self.known[#self.known + 1] = { key = key, wire = serial, listed = item.Status }
    end
  end
  return count >= PAGE
end

--- fill(most, with_strangers): entries for one call, as many as its URL holds, `most` at the most; strangers, if
-- permitted, come first, so that an answer which is cut short lacks one that is known.
function Sample:fill(most, with_strangers)
  local one, strangers, known = batch.new(), {}, {}
  local function add(list, entry)
    if not batch.fits(one, entry, most) then return false end
    batch.add(one, entry)
    list[#list + 1] = entry
    return true
  end
  for _, entry in ipairs(self.known) do
    if not add(known, entry) then break end
  end
  while with_strangers do
    local key = M.stranger()
    if not add(strangers, { key = key, wire = key }) then break end
  end
  for _, entry in ipairs(known) do strangers[#strangers + 1] = entry end
  return strangers
end

return M
