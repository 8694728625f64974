--- The service's read operations: what each takes, and where its reply has what. All are of one version, and send all
-- parameters in the query. Source: the SDK's models (alibabacloud-go/cas-20200630 `client/*_model.go`) and the
-- operations' pages under https://help.aliyun.com/zh/ssl-certificate/developer-reference/ .
--
-- operations[name] has
--   parameters  name → {type = "string"|"integer"|"list"|"object", required = true|nil, of = a list's items, fields =}
--   list        the reply's field that is a list; where dots are in it, a path of fields
--   object      or the reply's field that is the one object asked for; without either, the reply itself is
--   times       the fields of the list's items or of the object that are times → the shape that is documented:
--                 "ms"      milliseconds since 1970
--                 "digits"  the same in a string
--                 "minute"  2021-01-01T00:00Z
--                 "local"   2021-01-01 or 2021-01-01 00:00:00, zone not stated
--                 "mixed"   the model says integer, the page's examples are dates, or the unit is not stated
--               times.read takes every one of them.
--   paging      {scheme = "page"|"token", default =, size =, token =}: items on a page where nothing is said, and what
--               to ask for. "page": send CurrentPage from 1 and ShowSize; PageCount or an empty list is the end.
--               "token": send MaxResults and the NextToken of the reply before (its path is in token), end without one.
local core = require "certstat.core"

local M = { VERSION = "2020-06-30" }

local STRING = { type = "string" }
local INTEGER = { type = "integer" }
local REQUIRED = { type = "string", required = true }
local STRINGS = { type = "list", of = STRING }
local TAGS = { type = "list", of = { type = "object", fields = { Key = STRING, Value = STRING } } }

-- No page says how many items a page may have at most; 50 is ListCert's own default.
local function pages(default)
  return { scheme = "page", default = default, size = 50 }
end

M.DescribeClientCertificateStatusForSerialNumber = {
  parameters = { SerialNumber = REQUIRED }, -- comma-separated
  list = "CertificateStatus", times = { RevokeTime = "mixed" },
}

M.DescribeClientCertificateStatus = {
  parameters = { Identifier = REQUIRED }, -- comma-separated; the reply has serial numbers alone
  list = "CertificateStatus", times = { RevokeTime = "mixed" },
}

M.ListClientCertificate = {
  parameters = { CurrentPage = INTEGER, ShowSize = INTEGER, Identifier = STRING, ResourceGroupId = STRING },
  list = "CertificateList", times = { BeforeDate = "ms", AfterDate = "ms" }, paging = pages(20),
}

-- It pages by token too. But a page count tells a short list from a whole one; a missing token does not.
M.ListCert = {
  parameters = {
    CurrentPage = INTEGER, ShowSize = INTEGER, MaxResults = INTEGER, NextToken = STRING, Status = STRING, Type = STRING,
    ParentIdentifier = STRING, InstanceUuid = STRING, AfterDate = STRING, BeforeDate = STRING,
  },
  list = "List", times = { BeforeTime = "ms", AfterTime = "ms", BeforeDate = "local", AfterDate = "local" },
  paging = pages(50),
}

M.ListRevokeCertificate = {
  parameters = { CurrentPage = INTEGER, ShowSize = INTEGER },
  list = "CertificateList", times = { BeforeDate = "minute", AfterDate = "minute", RevokeDate = "minute" },
  paging = pages(20),
}

M.DescribeClientCertificate = {
  parameters = { Identifier = REQUIRED },
  object = "Certificate", times = { BeforeDate = "ms", AfterDate = "ms" },
}

-- Deprecated by the service, and still answered.
M.DescribeClientCertificateForSerialNumber = {
  parameters = { SerialNumber = REQUIRED }, -- comma-separated
  list = "CertificateList", times = { BeforeDate = "minute", AfterDate = "minute" },
}

M.DescribeCACertificate = {
  parameters = { Identifier = STRING },
  object = "Certificate", times = { BeforeDate = "ms", AfterDate = "ms" },
}

M.DescribeCACertificateList = {
  parameters = {
    CurrentPage = INTEGER, ShowSize = INTEGER, Identifier = STRING, CertType = STRING, CaStatus = STRING,
    IssuerType = STRING, ValidStatus = STRING, ResourceGroupId = STRING,
  },
  list = "CertificateList", times = { BeforeDate = "ms", AfterDate = "ms" }, paging = pages(20),
}

M.DescribeCACertificateCount = { parameters = {}, times = {} }

M.DescribePcaAndExternalCACertificateList = {
  parameters = { CurrentPage = INTEGER, ShowSize = INTEGER, Identifiers = STRING, KeyWord = STRING },
  list = "CertificateList", times = { BeforeDate = "mixed", AfterDate = "mixed" }, paging = pages(50),
}

M.ListPcaCaCertificate = {
  parameters = { MaxResults = INTEGER, NextToken = STRING },
  list = "List", times = {}, paging = { scheme = "token", default = 20, size = 200, token = "NextToken" }, -- 1 to 2000
}

M.GetCAInstanceStatus = {
  parameters = { InstanceId = STRING, Identifier = STRING },
  list = "InstanceStatusList", times = { BeforeTime = "ms", AfterTime = "ms", UseExpireTime = "ms" },
}

M.GetCaInstanceCrlAddress = {
  parameters = { CaIdentifier = STRING, Uuid = STRING },
  times = { NextUpdateTime = "digits" },
}

M.ListCACertificateLog = {
  parameters = { Identifier = REQUIRED },
  list = "LogList", times = { CreateTime = "ms" },
}

M.ListAllEndEntityInstance = {
  parameters = {
    ParentId = INTEGER, RecursiveChildren = INTEGER, CurrentPage = INTEGER, ShowSize = INTEGER, MaxResults = INTEGER,
    NextToken = STRING,
  },
  list = "List", times = {}, paging = pages(20),
}

M.ListTagResources = {
  parameters = {
    RegionId = REQUIRED, ResourceType = REQUIRED, ResourceId = STRINGS, Tag = TAGS, MaxResults = INTEGER,
    NextToken = STRING,
  },
  list = "Data.TagResources.TagResources", times = {},
  paging = { scheme = "token", default = 20, size = 50, token = "Data.NextToken" },
}

local function names_of(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names)
  return #names > 0 and table.concat(names, ", ") or "none"
end

local encode_value

-- In decimal, as doubles hold every whole number up to 2^53; nil for what is none.
local function encode_integer(value)
  local whole = type(value) == "number" and value % 1 == 0 and value >= -2 ^ 53 and value <= 2 ^ 53
  return whole and ("%d"):format(value) or nil
end

local function encode_list(query, name, items, value)
  if value[1] == nil and next(value) ~= nil then return name .. ": expected a list, found a table of names" end
  for i, item in ipairs(value) do
    local message = encode_value(query, ("%s.%d"):format(name, i), items, item)
    if message then return message end
  end
  return nil
end

local function encode_object(query, name, fields, value)
  for field, item in pairs(value) do
    if not fields[field] then
      return ("%s: unknown field %s, expected %s"):format(name, core.printable(tostring(field), 40), names_of(fields))
    end
    local message = encode_value(query, name .. "." .. field, fields[field], item)
    if message then return message end
  end
  return nil
end

local EXPECTED = { string = "a string", integer = "a whole number", list = "a list", object = "a table" }

-- Puts a value into the query, lists and objects flattened (Tag.1.Key); returns what is wrong with it, or nil.
function encode_value(query, name, kind, value)
  if kind.type == "list" and type(value) == "table" then return encode_list(query, name, kind.of, value) end
  if kind.type == "object" and type(value) == "table" then return encode_object(query, name, kind.fields, value) end
  local encoded
  if kind.type == "string" and type(value) == "string" then
    encoded = value
  elseif kind.type == "integer" then
    encoded = encode_integer(value)
  end
  if not encoded then
    local found = kind.type == "integer" and type(value) == "number" and tostring(value) or "a " .. type(value)
    return ("%s: expected %s, found %s"):format(name, EXPECTED[kind.type], found)
  end
  query[name] = encoded
  return nil
end

--- encode(name, parameters) → the query's parameters, name → string, unescaped; or nil, message, info.
-- name: an operation of this module. Lists become Name.1, Name.2, objects in them Name.1.Field.
function M.encode(name, parameters)
  local operation = M[name]
  if type(operation) ~= "table" then
    return nil, ("unknown operation %s: expected a read operation of cas %s"):format(core.printable(tostring(name), 60),
      M.VERSION), { class = "argument" }
  end
  local query = {}
  for parameter, value in pairs(parameters) do
    local kind = operation.parameters[parameter]
    local message
    if kind then
      message = encode_value(query, parameter, kind, value)
    else
      message = ("unknown parameter %s, expected %s"):format(core.printable(tostring(parameter), 60),
        names_of(operation.parameters))
    end
    if message then return nil, ("%s: %s"):format(name, message), { class = "argument" } end
  end
  for parameter, kind in pairs(operation.parameters) do
    if kind.required and (query[parameter] or "") == "" then
      return nil, ("%s: expected parameter %s, found none"):format(name, parameter), { class = "argument" }
    end
  end
  return query
end

return M
