# tap.sh - what the parts of the test suite share (bash): they run programs and print TAP, each test with its time.
# shellcheck shell=bash

# tap_program NAME SECONDS COMMAND… - runs a program that prints TAP itself, in its own process and for at most so long,
# and passes its lines on with NAME before each test. A program whose plan is missing or does not agree with what it
# ran, or that ends badly without saying which test failed, gets a failure of its own.
tap_program() {
  local name=$1 limit=$2 out started=${EPOCHREALTIME/./} code
  shift 2
  out=$(mktemp)
  timeout -k 5 "$limit" "$@" > "$out" 2>&1 < /dev/null
  code=$?
  awk -v name="$name" -v limit="$limit" -v code="$code" -v ms=$(((${EPOCHREALTIME/./} - started) / 1000)) '
    /^# (not )?ok/ { next }
    /^1\.\.[0-9]+/ { planned += substr($1, 4); next }
    /^ok/ { good++ }
    /^not ok/ { bad++ }
    / # [0-9]+ ms$/ { timed += $(NF - 1) }
    /^(not )?ok/ { sub(/ok *[0-9]* *-* */, "ok - " name ": ") }
    { print }
    END {
      why = code == 124 || code == 137 ? "not done after " limit " s" : code ? "ended with status " code : \
        good + bad != planned || !planned ? "planned " planned + 0 " tests, ran " good + bad : ""
      if (why && !bad) print "not ok - " name ": " why
      if (ms > 2 * timed) print "# " name ", all of it # " ms " ms"
    }' "$out"
  rm -f "$out"
}

# tap_rule NAME COMMAND… - one test: passes if COMMAND succeeds; else its output says why.
tap_rule() {
  local name=$1 out code started=${EPOCHREALTIME/./}
  shift
  out=$("$@" 2>&1 < /dev/null)
  code=$?
  if [ "$code" -eq 0 ]; then
    echo "ok - $name # $(((${EPOCHREALTIME/./} - started) / 1000)) ms"
  else
    tap_fail "$name" "${out:-ended with status $code}"
  fi
}

# tap_fail NAME WHY - a test that failed.
tap_fail() {
  echo "not ok - $1"
  echo "# ${2//$'\n'/$'\n'# }"
}

# tap_none NAME COMMAND… - one test: passes if COMMAND prints nothing; its status is of no interest.
tap_none() {
  local name=$1
  shift
  tap_rule "$name" prints_nothing "$@"
}

prints_nothing() {
  local out
  out=$("$@" 2>&1)
  [ -z "$out" ] || {
    echo "$out"
    return 1
  }
}

# secrets_in PATH… - the files, in these or below them, that have a secret of the specs in them.
secrets_in() {
  "$LUA_EXE" spec/support/canaries.lua "$@"
}

# run_specs FILE… - busted specs on the Lua under test, each file in its own process, with an empty home and nothing of
# the user's environment: no credentials, settings, proxies; nor is the metadata service of the machine asked. They find
# the command of this build in CERTSTAT.
run_specs() {
  local spec home
  home=$(mktemp -d)
  for spec; do
    # shellcheck disable=SC2086 # WRAP is a command and its options
    tap_program "${spec#spec/}" 120 env -i HOME="$home" PATH="$PATH" LANG=C.UTF-8 TMPDIR="${TMPDIR:-/tmp}" ${CI:+CI=$CI} \
      ALIBABA_CLOUD_ECS_METADATA_DISABLED=true LUA="$LUA" LUA_EXE="$LUA_EXE" LUA_PATH="$LUA_PATH" LUA_CPATH="$LUA_CPATH" OUT="$OUT" CERTSTAT="$OUT/bin/certstat" \
      ${WRAP-} "$LUA_EXE" spec/busted.lua --output=spec/tap.lua "$spec"
  done
  tap_none "no spec leaves a secret in its home" secrets_in "$home"
  rm -rf "$home"
}
