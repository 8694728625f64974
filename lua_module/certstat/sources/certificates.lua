--- certificates.lua - the certificates in a PEM or DER file.
local bad = require "certstat.sources.bad"
local core = require "certstat.core"
local lines = require "certstat.sources.lines"

local certificates = {}

-- Items of the certificates in `bytes`, which were found at `source` of the file `name`.
local function items_of(bytes, name, source)
  local found, message = core.certificates(bytes)
  if not found then
    return { bad(source, message, name) }
  end
  local items = {}
  for i, certificate in ipairs(found) do
    items[i] = certificate.error and bad(source, certificate.error, name) or {
      serial = certificate.serial, source = source, subject = certificate.subject,
      not_before = certificate.not_before, not_after = certificate.not_after,
    }
  end
  return items
end

-- From a BEGIN line on to the END line: the block; nil and what is wrong with it.
local function pem_block(reader, begin)
  local block, size = { begin }, 0
  while true do
    local line, message = reader:next()
    if not line then
      return nil, message or "the certificate has no END line"
    end
    block[#block + 1] = line
    size = size + #line
    if line:find("^%-%-%-%-%-END ") then
      return table.concat(block, "\n") .. "\n"
    elseif message or size > lines.MOST then
      return nil, ("the certificate is longer than %d bytes"):format(lines.MOST)
    end
  end
end

-- A PEM file of any length, block by block. Keys, requests, CRLs and text between are passed over.
local function pem(reader, name)
  local ready, at = {}, 0
  return function()
    while at >= #ready do
      local line, message = reader:next()
      if not line then
        return nil, message
      end
      local kind = line:match("^%-%-%-%-%-BEGIN ([%u%d ]+)%-%-%-%-%-")
      if kind == "CERTIFICATE" or kind == "X509 CERTIFICATE" or kind == "TRUSTED CERTIFICATE" then
        local source = name .. ":" .. reader.number
        local block, damage = pem_block(reader, line)
        ready, at = block and items_of(block, name, source) or { bad(source, damage, name) }, 0
      end
    end
    at = at + 1
    return ready[at]
  end
end

local function der(reader, name)
  local ready, at
  return function()
    if not ready then
      local bytes, message = reader:rest(lines.MOST)
      if not bytes then
        return nil, message
      end
      ready, at = items_of(bytes, name, name), 0
    end
    at = at + 1
    return ready[at]
  end
end

--- reader, name and result as in certstat.sources.each_line; an item also has subject, not_before and not_after
-- (seconds since 1970), and its source is the line of BEGIN. Or nil where the file, by its first bytes, is neither PEM
-- nor DER.
function certificates.items(reader, name)
  local head = reader:head()
  if head:find("-----BEGIN ", 1, true) then
    return pem(reader, name)
  elseif head:find("^0[\128-\255]") then -- a DER SEQUENCE in the long form; no serial begins so
    return der(reader, name)
  end
end

return certificates
