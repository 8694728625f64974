--- The errors of the service's gateway: code, HTTP status, text. Sources:
-- https://help.aliyun.com/document_detail/48054.html, and for InvalidAccessKeyId.NotFound real replies,
-- which have 404.
local M = {}

local SHAPE = {
  { "RequestId", "string" }, { "HostId", "string" }, { "Code", "string" }, { "Message", "string" },
  { "Recommend", "string" },
  { "AccessDeniedDetail", { object = {
    { "AuthAction", "string" }, { "AuthPrincipalDisplayName", "string" }, { "AuthPrincipalOwnerId", "string" },
    { "AuthPrincipalType", "string" }, { "NoPermissionType", "string" }, { "PolicyType", "string" },
    { "EncodedDiagnosticMessage", "string" },
  } } },
}

local KNOWN = {
  ["InvalidApi.NotFound"] = { 404, "Specified api is not found, please check your url and method." },
  ["InvalidAction.NotFound"] = { 404, "Specified api is not found, please check your url and method." },
  ["InvalidProduct.NotFound"] = { 404, "Specified product is not found, please check your host." },
  UnsupportedHTTPMethod = { 403, "This http method is not supported." },
  InvalidVersion = { 400, "Specified parameter Version is not valid." },
  MissingAction = { 400, "Action is mandatory for this action." },
  MissingVersion = { 400, "Version is mandatory for this action." },
  MissingAccessKeyId = { 400, "AccessKeyId is mandatory for this action." },
  MissingSerialNumber = { 400, "SerialNumber is mandatory for this action." },
  MissingIdentifier = { 400, "Identifier is mandatory for this action." },
  MissingCaIdentifier = { 400, "CaIdentifier is mandatory for this action." },
  MissingRegionId = { 400, "RegionId is mandatory for this action." },
  MissingResourceType = { 400, "ResourceType is mandatory for this action." },
  ["InvalidAccessKeyId.NotFound"] = { 404, "Specified access key is not found." },
  ["InvalidAccessKeyId.Inactive"] = { 400, "Specified access key is disabled." },
  ["InvalidSecurityToken.MismatchWithAccessKey"] = {
    400, "Specified SecurityToken mismatch with the AccessKey.",
  },
  ["InvalidSecurityToken.Expired"] = { 400, "Specified SecurityToken is expired." },
  MissingSecurityToken = { 400, "SecurityToken is mandatory for this action." },
  NoPermission = { 403, "You are not authorized to do this action. You should be authorized by RAM." },
  IncompleteSignature = { 400, "The request signature does not conform to Aliyun standards." },
  ["InvalidTimeStamp.Format"] = { 400, "Specified time stamp or date value is not well formatted." },
  ["InvalidTimeStamp.Expired"] = { 400, "Specified time stamp or date value is expired." },
  SignatureNonceUsed = { 400, "Specified signature nonce was used already." },
  SignatureDoesNotMatch = { 400, "Specified signature does not match our calculation." },
  Throttling = { 400, "Request was denied due to request throttling." },
  ["Throttling.Api"] = { 400, "Request was denied due to api flow control." },
  ["Throttling.User"] = { 400, "Request was denied due to user flow control." },
  InvalidParameter = { 400, "Specified parameter is not valid." },
  -- what aliyun/terraform-provider-alicloud `service_alicloud_ssl_certificates_service_v2.go` awaits of an Identifier
  -- that names nothing; the status is that of other codes that end in NotFound
  NotFound = { 404, "The specified resource is not found." },
  InternalError = { 500, "The request processing has failed due to some unknown error." },
  ServiceUnavailable = { 503, "The request has failed due to a temporary failure of the server." },
  -- what nginx itself refuses before the gateway sees a request
  InvalidRequest = { 400, "The request is not a well formed HTTP request." },
  RequestEntityTooLarge = { 413, "The body of the request is too large." },
  RequestUriTooLong = { 414, "The URI of the request is too long." },
}

--- reply(code, request_id, host [, message [, detail]]) → usual status, shape, values. message: instead of the usual
-- text; detail: an AccessDeniedDetail.
function M.reply(code, request_id, host, message, detail)
  local known = KNOWN[code]
  return known[1], SHAPE, {
    RequestId = request_id, HostId = host, Code = code, Message = message or known[2],
    Recommend = ("https://api.aliyun.com/troubleshoot?q=%s&product=cas&requestId=%s"):format(code, request_id),
    AccessDeniedDetail = detail,
  }
end

return M
