-- client.lua URL SERIALS - the client's part of client_bench: audits so many serial numbers at URL, and prints the CPU
-- seconds that took. The quota is one that never makes it wait, and each answer has to be right.
local certstat = require "certstat"

local url, count = arg[1], tonumber(arg[2])
local client = assert(certstat.client {
  endpoint = url, credentials = { access_key_id = "testid", access_key_secret = "testsecret" },
  quota = certstat.quota { rate = 400, window = 0.001, guard = 0 },
})

local asked, good, started = 0, 0, os.clock()
local function serials()
  if asked == count then return nil end
  asked = asked + 1
  return ("b67e53ebcea9b77d65b0c3236646%08x"):format(asked)
end

for row in client:audit(serials) do
  if row.status == "good" then good = good + 1 end
end
print(os.clock() - started)
assert(good == count, "an answer is missing or wrong")
client:close()
