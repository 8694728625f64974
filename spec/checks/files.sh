# files.sh - what each file of the tree must be like. Each function prints what is wrong, a line each; nothing is good.
# shellcheck shell=bash

# The project's own files, as text, one a line: those with one of the extensions given, or all.
own_files() {
  find . \( -path ./.git -o -path ./build -o -name node_modules \) -prune -o -type f -print | sed 's|^\./||' |
    if [ $# -gt 0 ]; then grep -E "\.($(IFS='|' && echo "$*"))$"; else cat; fi | sort
}

shell_scripts() {
  own_files sh
  own_files | xargs awk 'FNR == 1 && /^#!.*(bash|\/sh)/ { print FILENAME }'
}

lua_files() {
  own_files lua
  own_files | xargs awk 'FNR == 1 && /^#!.*lua/ { print FILENAME }'
}

# A spec beside each Lua file, a test beside each C file, and none without.
untested_files() {
  local file spec
  for file in $(own_files lua c | grep -E '^(lua_module|src|scripts/audits)/'); do
    case $file in
      lua_module/certstat/*.lua) spec=spec/${file#lua_module/certstat/} spec=${spec%.lua}_spec.lua ;;
      lua_module/*.c) spec=spec/${file#lua_module/} spec=${spec%.c}_spec.lua ;;
      scripts/*.lua) spec=spec/${file#scripts/} spec=${spec%.lua}_spec.lua ;;
      src/*.c) spec=spec/c/${file#src/} spec=${spec%.c}_test.c ;;
    esac
    [ -e "$spec" ] || echo "$file: there is no $spec"
  done
}

# An example for a host has a page, and a spec that runs each file of it.
untested_examples() {
  local file path spec
  for file in $(own_files | grep '^scripts/examples/'); do
    path=${file#scripts/examples/} spec=spec/host/${path%%/*}_example_live_spec.lua
    [ -e "scripts/examples/${path%%/*}/README.md" ] || echo "$file: there is no README.md"
    [ "${path##*/}" = README.md ] || grep -qsF "\"$path\"" "$spec" || echo "$file: $spec does not run it"
  done
}

# Functions of more than 80 lines: in C a body between braces in the first column, in Lua from `function` to the `end`
# with the same indentation.
long_functions() {
  own_files c h | xargs awk '
    /^\{/ { start = FNR }
    /^\}/ && start { if (FNR - start + 1 > 80) print FILENAME ":" start ": " FNR - start + 1 " lines"; start = 0 }'
  # shellcheck disable=SC2016 # awk's own $
  own_files lua | grep -v '_spec\.lua$' | xargs awk '
    FNR == 1 { depth = 0 }
    /^ *(local )?function |= function *\(|^ *return function *\(/ && !/ end[,)]*$/ {
      match($0, /^ */); indent[++depth] = RLENGTH; start[depth] = FNR
    }
    /^ *end[^a-zA-Z_]*$/ && depth {
      match($0, /^ */)
      if (RLENGTH == indent[depth]) {
        if (FNR - start[depth] + 1 > 80) print FILENAME ":" start[depth] ": " FNR - start[depth] + 1 " lines"
        depth--
      }
    }'
}

# The audits to copy are short enough to be read at once.
long_audits() {
  own_files lua | grep '^scripts/audits/' | xargs awk 'FNR == 60 { print FILENAME ": 60 lines or more" }'
}

unfinished_work() {
  own_files | grep -v '^spec/checks/files.sh$' | xargs grep -nIwE 'TODO|FIXME|XXX|HACK|WIP|TBD'
}

# Paths and hosts of the machine that something was written on.
foreign_places() {
  own_files | grep -v '^spec/checks/files.sh$' |
    xargs grep -nIE '(^|[^[:alnum:]])/(work|root|home/[a-z]{3,}|Users)/|https?://(registry|deb|packages|snapshot|proxy)\.|"resolved":'
}

# .editorconfig by hand: no space at a line's end, no tab but in the Makefile and C's, a newline at the file's end.
untidy_lines() {
  own_files | grep -vE '^spec/(vectors|fuzz/seeds)/' | xargs grep -nIE '[[:space:]]+$'
  own_files lua c h sh | xargs grep -nIP '\t'
  own_files | grep -vE '^spec/(vectors|fuzz/seeds)/' | xargs grep -LzP '\n\z' | sed 's/$/: no newline at its end/'
}

# Each Lua file must load in the oldest Lua; escapes that 5.1 takes for plain letters are sought as text.
not_lua51() {
  lua_files | lua5.1 -e 'for file in io.lines() do
    local ok, message = loadfile(file)
    if not ok then print(message) end
  end'
  lua_files | xargs grep -nE '(^|[^\\])(\\\\)*\\[xzu]'
}
