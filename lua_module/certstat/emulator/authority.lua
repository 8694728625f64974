--- One `openssl ca` folder: its database, its certificate, and the certificates that it issued.
local certificate = require "certstat.emulator.certificate"
local index = require "certstat.emulator.index"

local M = {}
local Authority = {}
Authority.__index = Authority
Authority.__name = "certstat.emulator.authority"

local function read_file(path)
  local file, message = io.open(path, "rb")
  if not file then return nil, message end
  local bytes = file:read("*a")
  file:close()
  return bytes
end

--- open(folder, number) → authority; or nil, message. The folder has index.txt and newcerts/, and its own certificate
-- in cacert.pem, openssl's usual name. number: which of the emulator's folders it is, from 1 on.
function M.open(folder, number)
  local pem = read_file(folder .. "/cacert.pem")
  local own, message
  if pem then
    own, message = certificate.describe(pem)
    if not own then return nil, ("%s/cacert.pem: %s"):format(folder, message) end
  end
  local database
  database, message = index.open(folder .. "/index.txt")
  if not database then return nil, message end
  return setmetatable({
    folder = folder,
    number = number,
    identifier = own and own.Md5 or ("%032x"):format(number),
    own = own, -- what its certificate says, see certificate.describe; nil where it has none
    own_key = own and own.key,
    index = database,
    kinds = {}, issued_at = {}, -- by key, of the certificates that were read for a filter
  }, Authority)
end

--- Whether it signed its own certificate.
function Authority:is_root() return not self.own or self.own.subject == self.own.issuer end

--- The id of the instance that it is.
function Authority:instance() return "pca-" .. self.identifier:sub(1, 16) end

--- Where its list of revocations is, once `openssl ca -gencrl -out crl.pem` has made one.
function Authority:crl_url() return "file://" .. self.folder .. "/crl.pem" end

--- The service's numeric Id of an entry.
function Authority:id_of(entry) return self.number * 1e9 + entry.position end

--- The service's Identifier of an entry. It begins with this authority's own, so that it leads back to the
-- entry.
function Authority:identifier_of(entry) return self.identifier .. "-" .. entry.key end

--- The entry that an Identifier names, or nil.
function Authority:find_identifier(identifier)
  local parent, key = identifier:match("^(%x+)%-(%x+)$")
  return parent == self.identifier and self.index:find(key) or nil
end

--- describe(entry) → what its certificate file says, see certificate.describe; or nil, message.
function Authority:describe(entry)
  local path = self.folder .. "/newcerts/" .. entry.serial .. ".pem"
  if entry.file ~= "unknown" and entry.file ~= "" then path = entry.file end
  local pem, message = read_file(path)
  if not pem then return nil, message end
  return certificate.describe(pem)
end

--- What a filter goes by: the CertificateType of an entry, and when it was issued (seconds since 1970); or nil where
-- its file can't be read. A certificate never changes: each is read once, however often all are filtered.
function Authority:issue_of(entry)
  local key = entry.key
  if not self.kinds[key] then
    local described = self:describe(entry)
    if not described then return nil end
    self.kinds[key], self.issued_at[key] = described.CertificateType, described.not_before
  end
  return self.kinds[key], self.issued_at[key]
end

return M
