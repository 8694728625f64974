rockspec_format = "3.0"
package = "certstat-ledger"
version = "scm-1"
source = { url = "git+file://." }
description = {
  summary = "The ledger of certstat: what was asked and answered, in SQLite",
  detailed = [[
    Brings the module certstat.ledger, with which certstat audit and certstat status --record keep what they asked and
    what was answered, and certstat ledger looks after it.]],
  license = "MIT",
}
supported_platforms = { "linux" }
dependencies = { "lua >= 5.1, < 5.5", "certstat" }
external_dependencies = { SQLITE = { header = "sqlite3.h", library = "sqlite3" } }
build = {
  type = "make",
  build_target = "build",
  install_target = "install-natives",
  variables = {
    LUA = "rock",
    MODULES = "ledger",
    LUA_INCDIR = "$(LUA_INCDIR)",
    BUILD = "build/rock",
    CFLAGS = "$(CFLAGS)",
    WERROR = "",
    SQLITE_INCDIR = "$(SQLITE_INCDIR)",
    SQLITE_LIBDIR = "$(SQLITE_LIBDIR)",
  },
  install_variables = {
    LIBDIR = "$(LIBDIR)",
    NGX_LIBDIR = "$(LIBDIR)/certstat/nginx",
  },
}
test = { type = "command", command = "make check" }
