# layers.sh - which room may name what. Each function prints what is wrong, a line each; nothing is good.
# shellcheck shell=bash

# Lines of the folders or files given, as file:line:header, for each header included that is none of those allowed.
includes_besides() {
  local allowed=$1
  shift
  grep -rnE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include' "$@" | grep -vE "include ([<\"])($allowed)[>\"]"
}

# C without a clock, a socket, a file, an environment: the language, libcrypto, and its neighbours.
impure_core() {
  includes_besides '(certstat|blocks|encode|hints|signer)\.h|(assert|errno|limits|stdarg|stdbool|stddef|stdint|string)\.h|openssl/.*' \
    src/core
  grep -rnE '\b(getenv|clock|time|rand|random|malloc|calloc|realloc|printf|fprintf|puts)\(' src/core
}

# libcurl belongs to src/net/, OpenSSL to the two that sign and read certificates, and to src/net/; Lua to nobody in src/.
foreign_libraries() {
  grep -rnE '#[[:space:]]*include.*\b(lua|lauxlib|lualib|luajit)\b' src
  grep -rnE '#[[:space:]]*include <curl/' src lua_module | grep -v '^src/net/'
  grep -rnE '#[[:space:]]*include <openssl/' src lua_module | grep -vE '^src/(core|net|x509)/'
  grep -rnE '#[[:space:]]*include <(lmdb|sqlite3)' src lua_module | grep -vE '^src/(cache|ledger)/'
}

# A binding checks arguments, calls src/ and pushes results: it needs little of the system, and no library.
thick_bindings() {
  includes_besides '(bind|core|ipc|ledger|quota|certstat)\.h|(lua|lauxlib)\.h|(limits|math|signal|stddef|stdint|stdlib|string|unistd)\.h' \
    lua_module
}

# Hosts are named in host/ and emulator/ alone. Luacheck knows the globals; this finds the ways around it.
named_hosts() {
  grep -rnwE 'ngx|_G\.core|luacheck:' lua_module scripts/certstat scripts/audits |
    grep -vE '^lua_module/certstat/(host/(nginx|haproxy|init)\.lua|emulator/)'
  grep -rnE '"core"' lua_module/certstat | grep -v '^lua_module/certstat/host/'
}

# The emulator stands on the rest, and nothing on it but the command of its name.
known_emulator() {
  grep -rnE 'certstat\.emulator' lua_module --include='*.lua' |
    grep -vE '^lua_module/certstat/(emulator/|command/emulator\.lua)'
}

# A module exports its luaopen_ function alone: nothing that could meet a symbol of the host.
exported_symbols() {
  local object
  for object in "$OUT"/certstat/*.so "$NGX_OUT"/certstat/*.so; do
    nm -D --defined-only "$object" | awk -v object="$object" -v module="$(basename "$object" .so)" '
      $3 != "luaopen_certstat_" module { print object ": exports " $3 }
      $3 == "luaopen_certstat_" module { found = 1 }
      END { if (!found) print object ": does not export luaopen_certstat_" module }'
  done
}

# ... and is linked to what its module is for: never to a Lua.
linked_libraries() {
  local object allowed
  for object in "$OUT"/certstat/*.so "$NGX_OUT"/certstat/*.so; do
    case $(basename "$object" .so) in
      core) allowed='libcrypto' ;;
      net) allowed='libcurl|libssl|libcrypto' ;;
      ledger) allowed='libsqlite3' ;;
      *) allowed='nothing' ;;
    esac
    readelf -d "$object" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vE "^(libc|ld-linux[^.]*|$allowed)\.so" |
      sed "s|^|$object: linked to |"
  done
}

# Hardened as the Makefile's flags ask: bound at load, relocations read-only, no executable stack.
soft_objects() {
  local object
  for object in "$OUT"/certstat/*.so "$NGX_OUT"/certstat/*.so; do
    readelf -dW "$object" | grep -q BIND_NOW || echo "$object: binds lazily"
    readelf -lW "$object" | grep -q GNU_RELRO || echo "$object: has writable relocations"
    readelf -lW "$object" | grep -E 'GNU_STACK.* RWE ' | sed "s|^|$object: executable stack: |"
  done
}
