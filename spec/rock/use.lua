-- use.lua - a script of somebody who installed the rock: every module loads, and each that needs no network works.
local certstat = require "certstat"

assert(certstat.serial("08:4B:DE").key == "084bde")

local key = { access_key_id = "demo", access_key_secret = "throw-away" }
local request = {
  method = "POST", host = "127.0.0.1", path = "/", action = "ListClientCertificate", version = "2020-06-30",
  query = { CurrentPage = "1" }, headers = {}, body = "", date = "2026-01-02T03:04:05Z", nonce = "a nonce",
  access_key_id = key.access_key_id, access_key_secret = key.access_key_secret,
}
local signed = assert(certstat.sign(request))
local ok, message = certstat.verify {
  method = "POST", target = signed.target, headers = signed.headers, body = "", secret = key.access_key_secret,
}
assert(ok, message)

local client = assert(certstat.client { endpoint = "http://127.0.0.1:1", credentials = key, timeout = 5 })
local rows, _, info = client:status { "08:4B:DE" }
assert(not rows and info.class == "network" or rows[1].class == "network")
client:close()
