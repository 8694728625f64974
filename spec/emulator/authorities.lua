--- authorities.lua - two authorities without files, for specs of what is told of them: a root, which has issued the
-- sub-authority and one server certificate, and the sub-authority with its certificates.
local registry = require "certstat.emulator.registry"
local switches = require "certstat.emulator.switches"

local M = {}

local DAY = 86400

M.MADE = 1600000000 -- 2020-09-13T12:26:40Z

local function described(changes)
  local out = {
    CommonName = "host", SubjectDN = "CN=host", Algorithm = "ECC", KeySize = 256, SignAlgorithm = "SHA256WITHECDSA",
    CertificateType = "SERVER", Md5 = "md5", Sha2 = "sha", X509Certificate = "PEM\n", names = { { 2, 'a"b' } },
    not_before = M.MADE, not_after = M.MADE + 365 * DAY, subject = "CN=host", issuer = "CN=sub",
  }
  for name, value in pairs(changes or {}) do out[name] = value end
  return out
end

-- entries: array of {key, status, revoked at, what its file says or false}
local function authority(number, identifier, own, entries)
  local list, by_key = {}, {}
  for position, one in ipairs(entries) do
    list[position] = { key = one[1], status = one[2], revoked = one[3], position = position, file_says = one[4] }
    by_key[one[1]] = list[position]
  end
  return {
    number = number, identifier = identifier, own = own, own_key = own and own.key,
    index = {
      refresh = function() return true end,
      find = function(_, key) return by_key[key] end,
      at = function(_, position) return list[position] end,
      count = function() return #list end,
      revoked_count = function(_, last)
        local count = 0
        for position = 1, last or #list do count = count + (list[position].status == "R" and 1 or 0) end
        return count
      end,
      revoked_at = function(self, nth)
        for position = 1, #list do
          if list[position].status == "R" and self:revoked_count(position) == nth then return list[position] end
        end
      end,
    },
    is_root = function(self) return not self.own or self.own.subject == self.own.issuer end,
    instance = function() return "pca-" .. identifier end,
    crl_url = function() return "file:///" .. identifier .. "/crl.pem" end,
    id_of = function(_, entry) return number * 1000 + entry.position end,
    identifier_of = function(_, entry) return identifier .. "-" .. entry.key end,
    find_identifier = function(_, name)
      local parent, key = name:match("^(%w+)%-(%x+)$")
      return parent == identifier and by_key[key] or nil
    end,
    describe = function(_, entry)
      if entry.file_says == false then return nil, "gone" end
      return described(entry.file_says)
    end,
    issue_of = function(self, entry)
      local found = self:describe(entry)
      if found then return found.CertificateType, found.not_before end
    end,
  }
end

--- A registry of both, of which `c2` is revoked, `c3` has lost its file and `c4` is a client's.
function M.registry()
  local root = authority(1, "root", described {
    key = "01", subject = "CN=root", issuer = "CN=root", CommonName = "Root", X509Certificate = "ROOT\n",
    not_after = M.MADE + 3650 * DAY,
  }, { { "01", "V" }, { "5b", "V" }, { "a1", "V" } })
  local sub = authority(2, "sub", described {
    key = "5b", subject = "CN=sub", issuer = "CN=root", CommonName = "Sub", X509Certificate = "SUB\n",
    not_after = M.MADE + 3650 * DAY,
  }, {
    { "c1", "V" }, { "c2", "R", M.MADE + 10 * DAY }, { "c3", "V", nil, false },
    { "c4", "E", nil, { CertificateType = "CLIENT", not_before = M.MADE + 20 * DAY } },
  })
  return registry.new { root, sub }
end

--- run(operation, parameters, changes) → what it answers; changes: of the context.
function M.run(operation, parameters, changes)
  local context = { registry = M.registry(), switches = switches.usual() }
  for name, value in pairs(changes or {}) do context[name] = value end
  return operation.run(context, parameters, function() end, M.MADE + 30 * DAY)
end

--- The values of one field in a list, with a space between them.
function M.column(list, name)
  local values = {}
  for i, one in ipairs(list) do values[i] = tostring(one[name]) end
  return table.concat(values, " ")
end

return M
