--- questions.lua - everything a client is asked, and the answers as text: inside a host and outside they are the same.
local questions = {}

local function number(value) return value and ("%.0f"):format(value) or "-" end

--- The rows of status, or its error, one a line.
function questions.rows(rows, message, info)
  if not rows then return ("error %s %s: %s\n"):format(info.class, info.code, message) end
  local lines = {}
  for i, row in ipairs(rows) do
    lines[i] = ("%s %s %s %s %s %s\n"):format(row.serial, row.key or "-", row.status, number(row.revoked_at),
      row.class or "-", row.code or "-")
  end
  return table.concat(lines)
end

--- The row of one serial, also where there is no answer.
function questions.row(client, serial)
  local rows, _, info = client:status { serial }
  return questions.rows(rows or info.rows)
end

--- What the service says of one serial, asked by client:call.
function questions.called(client, serial)
  local reply = assert(client:call("DescribeClientCertificateStatusForSerialNumber", { SerialNumber = serial }))
  local one = reply.CertificateStatus[1]
  return ("%s %s %s\n"):format(serial, one.SerialNumber, one.Status)
end

--- Asks client about the serials in every way there is.
function questions.all(client, serials)
  local out, identifier = { "status\n", questions.rows(client:status(serials)) }, nil
  for _, source in ipairs { serials, client:certificates() } do
    local rows = {}
    for row in client:audit(source) do rows[#rows + 1] = row end
    table.insert(out, "audit\n" .. questions.rows(rows))
  end
  for item in client:list("ListClientCertificate") do table.insert(out, "list " .. item.SerialNumber .. "\n") end
  for one in client:certificates() do
    identifier = one.identifier
    table.insert(out, ("certificate %s %s %s\n"):format(one.serial, one.status, one.identifier))
  end
  local reply, message = client:call("DescribeClientCertificateStatus", { Identifier = identifier })
  local status = reply and reply.CertificateStatus[1]
  return table.concat(out) .. ("call %s\n"):format(status and status.SerialNumber .. " " .. status.Status or message)
end

return questions
