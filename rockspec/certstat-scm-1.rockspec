rockspec_format = "3.0"
package = "certstat"
version = "scm-1"
source = { url = "git+file://." }
description = {
  summary = "Status of certificates of Alibaba Cloud's Private CA, by their serial numbers, within the API's quota",
  detailed = [[
    Asks Alibaba Cloud's Certificate Management Service which client and server certificates are good, revoked or
    unknown: batched, signed, paced to the account's quota, one row for every serial asked.]],
  license = "MIT",
}
supported_platforms = { "linux" }
dependencies = { "lua >= 5.1, < 5.5", "lua-cjson", "argparse", "luafilesystem" }
-- by library alone: Debian keeps curl.h where luarocks does not look and the compiler does
external_dependencies = { CURL = { library = "curl" }, OPENSSL = { library = "ssl" } }
build = {
  type = "make",
  build_target = "build",
  install_target = "install-modules",
  variables = {
    LUA = "rock",
    WITHOUT = "ledger", -- the rock certstat-ledger brings it
    LUA_INCDIR = "$(LUA_INCDIR)",
    BUILD = "build/rock",
    CFLAGS = "$(CFLAGS)",
    WERROR = "",
    CURL_INCDIR = "$(CURL_INCDIR)",
    CURL_LIBDIR = "$(CURL_LIBDIR)",
    OPENSSL_INCDIR = "$(OPENSSL_INCDIR)",
    OPENSSL_LIBDIR = "$(OPENSSL_LIBDIR)",
  },
  install_variables = {
    LUADIR = "$(LUADIR)",
    LIBDIR = "$(LIBDIR)",
    -- the emulator's nginx needs Lua 5.1's modules whatever Lua this tree is for
    NGX_LIBDIR = "$(LIBDIR)/certstat/nginx",
  },
  install = { bin = { certstat = "scripts/certstat" } },
}
test = { type = "command", command = "make check" }
