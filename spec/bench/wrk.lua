-- wrk.lua FILE - what wrk sends: the requests of a file, each once; and a line of what came of them: calls a second,
-- and how many failed.
local requests, sent = {}, 0

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  for request in file:read("*a"):gmatch(".-\r\n\r\n") do requests[#requests + 1] = request end
  file:close()
end

function request()
  sent = sent + 1
  return assert(requests[sent], "all requests are sent")
end

function done(summary)
  local errors = summary.errors
  io.write(("rate %.1f failed %d\n"):format(summary.requests / (summary.duration / 1e6),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
