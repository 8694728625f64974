# docs.sh - what the documentation must agree with. Each function prints what is wrong, a line each; nothing is good.
# shellcheck shell=bash

public_functions() {
  grep -oE '^[a-z].*\bcs_[a-z0-9_]+\(' src/certstat.h | grep -v '^typedef' | sed -E 's/.*\b(cs_[a-z0-9_]+)\($/\1/' | sort -u
}

# Each function of certstat.h has a comment behind it, or stands in a block of lines that begins with one.
uncommented_functions() {
  awk '
    /^$/ { block = 0; next }
    /^\/\*/ { block = 1 }
    /^[a-z].*[ *]cs_[a-z0-9_]+\(/ && !/^typedef/ { name = $0; line = FNR; text = "" }
    name { text = text $0
      if (/;/) {
        if (!block && text !~ /\/\*/) print "src/certstat.h:" line ": " name
        name = ""
      }
    }' src/certstat.h
}

# ... and is called by some other file than its own: what nobody calls is dead code.
unused_functions() {
  local name
  for name in $(public_functions); do
    [ "$(grep -rlw "$name" src lua_module --include='*.c' | wc -l)" -ge 2 ] || echo "$name: called by no other file"
  done
}

# README.md names each command; the manual page, too, and each option and each environment variable that is read; and
# neither names an option of certstat's that there is not.
undocumented_words() {
  local help manual
  help=$(all_help)
  manual=$(sed 's/Fl -/--/g' scripts/certstat.1) # as mdoc spells an option
  unmentioned README.md "$(< README.md)" "$(sub_commands)"
  unmentioned scripts/certstat.1 "$manual" "$(sub_commands) $(options_in <<< "$help") $(environment_read)"
  { options_in <<< "$manual" && grep -E 'certstat [a-z]+ ' README.md | options_in; } | sort -u |
    comm -13 <(options_in <<< "$help") - | sed 's/^/no --help mentions /'
}

# The page for nginx says of the phases that host/nginx.lua waits in, and of no others, that a client may wait there.
# shellcheck disable=SC2016 # Markdown's own `
misnamed_phases() {
  diff <(awk '/^local YIELDING/,/}/' lua_module/certstat/host/nginx.lua | grep -oE '[a-z_]+ = true' | sed 's/ = true//' | sort) \
    <(sed -nE 's/^\|.*\| `([a-z_]+)` \| yes \|.*/\1/p' scripts/examples/nginx/README.md | sort) |
    sed -n 's/^< \(.*\)/scripts\/examples\/nginx\/README.md: a client may wait in \1/p
      s/^> \(.*\)/scripts\/examples\/nginx\/README.md: a client may not wait in \1/p'
}

# unmentioned NAME TEXT WORDS
unmentioned() {
  local word
  for word in $3; do
    grep -qE -- "(^|[^-[:alnum:]_])$word([^-[:alnum:]_]|$)" <<< "$2" || echo "$1: does not mention $word"
  done
}

all_help() {
  local command
  "$OUT/bin/certstat" --help
  for command in $(sub_commands); do
    "$OUT/bin/certstat" "$command" --help || echo "certstat $command --help: status $?" >&2
  done
}

options_in() {
  grep -oE '(^|[^-[:alnum:]])--[a-z][a-z-]+' | grep -oE -- '--.*' | sort -u
}

environment_read() {
  grep -rhoE '"(CERTSTAT|ALIBABA_CLOUD)_[A-Z_]+"' lua_module | tr -d '"' | sort -u
}

# The sub-commands, as --help lists them.
sub_commands() {
  "$OUT/bin/certstat" --help | awk '/^Commands:/ { list = 1; next } list && /^   [a-z]/ { print $1 }'
}
