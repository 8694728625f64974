--- exit_codes.lua - what the command's exit status says, from the most urgent to the least.
local exit_codes = {
  usage = 4,   -- the command line or the input can't be used; nothing was asked
  denied = 5,  -- no credentials, or refused ones: nothing was answered
  failed = 3,  -- a row is an error, or the run was cut short
  revoked = 1, -- a certificate is revoked
  unclear = 2, -- one is unknown, absent, conflict or invalid
  ok = 0,
}

--- The code for a failure that ended everything; info is what the library returned beside its message (may be
-- nil).
function exit_codes.of_failure(info)
  local class = info and info.class
  if class == "argument" then
    return exit_codes.usage
  elseif class == "denied" then
    return exit_codes.denied
  end
  return exit_codes.failed
end

return exit_codes
