# shellcheck shell=bash
# lua.sh - for the scripts of spec/bench: programs on one Lua after the other.

# lua_paths LUA - the variables of `make paths` for a Lua, which those of another must not have a say in.
lua_paths() {
  unset LUA_EXE LUA_INCDIR
  eval "$(make -s paths LUA="$1")"
}

# on LUA PROGRAM ARGUMENT… - runs a Lua program on a Lua.
on() (
  unset LUA_EXE LUA_INCDIR
  make -s LUA="$1" build
  lua_paths "$1"
  shift
  exec "$LUA_EXE" "$@"
)

# programs - the folder of the benchmarks in C.
programs() (
  lua_paths 5.4
  echo "$SRC_OUT/bench"
)
