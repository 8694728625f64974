--- How a throttle says when to come again.
-- The new field: milliseconds (aliyun/darabonba-openapi `main.tea`). The old ones: `Limit:1,Remain:0,TimeLeft:2000,
-- Reset:1234`, of which clients read TimeLeft, in milliseconds, and take the larger (alibabacloud-go/darabonba-openapi
-- `utils/client.go`).
local M = {}

local function new_field(fields, retry_after_ms) fields["x-acs-retry-after"] = ("%d"):format(retry_after_ms) end

local function old_fields(fields, retry_after_ms, rate)
  local form = "Limit:%d,Remain:0,TimeLeft:%d,Reset:%d"
  fields["x-ratelimit-user-api"] = form:format(rate, retry_after_ms, retry_after_ms)
  fields["x-ratelimit-user"] = form:format(rate, 0, 0)
end

--- headers(kind, retry_after_ms, rate) → name to value. kind: of the switch throttle-headers.
function M.headers(kind, retry_after_ms, rate)
  local fields = {}
  if kind == "x-acs-retry-after" or kind == "both" then new_field(fields, retry_after_ms) end
  if kind == "x-ratelimit" or kind == "both" then old_fields(fields, retry_after_ms, rate) end
  return fields
end

return M
