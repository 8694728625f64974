# make            build for one Lua into build/$(LUA)/ (LUA=5.1 5.2 5.3 5.4 jit, or any other: LUA=NAME LUA_INCDIR=DIR LUA_EXE=PATH)
# make demo       a finished audit on a fresh machine
# make check      all tests on one Lua; check-all: on five, and under the sanitizers
# make help       the other targets

LUA     ?= 5.4
WITHOUT ?=
ifeq ($(origin CC),default)
CC := gcc
endif
# luarocks names only the headers: LUA=rock reads the version in them
ifeq ($(LUA),rock)
override LUA := $(shell sed -n 's/^.define LUA_VERSION_NUM.*50\([1-5]\)$$/5.\1/p' '$(LUA_INCDIR)/lua.h')
endif

# ---- the Lua: headers to compile against, command to run -------------------------------------------------------------

# LuaJIT's own headers would give an object that PUC 5.1 can't load, so one object built on the PUC 5.1 headers
# serves PUC 5.1, LuaJIT and nginx.
ABI         := $(if $(filter jit,$(LUA)),5.1,$(LUA))
LUA_INCDIR  ?= $(patsubst -I%,%,$(firstword $(filter -I%,$(shell pkg-config --cflags-only-I lua$(ABI) 2>/dev/null))))
LUA_EXE     ?= $(if $(filter jit,$(LUA)),luajit,lua$(LUA))
INCDIR_5.1  := $(patsubst -I%,%,$(firstword $(filter -I%,$(shell pkg-config --cflags-only-I lua5.1 2>/dev/null))))
INCDIR       = $(if $(filter 5.1,$(1)),$(if $(filter 5.1,$(ABI)),$(LUA_INCDIR),$(INCDIR_5.1)),$(LUA_INCDIR))

# ---- the compiler: a build folder each; SAN=asan|tsan|cov|fuzz builds are kept apart ------------------------------------------

SAN     ?=
FLAVOUR := $(if $(filter gcc,$(CC)),,-$(notdir $(CC)))$(if $(SAN),-$(SAN))
BUILD   ?= build
OUT     := $(BUILD)/$(LUA)$(FLAVOUR)
ABI_OUT := $(BUILD)/$(ABI)$(FLAVOUR)
NGX_OUT := $(BUILD)/5.1$(FLAVOUR)
SRC_OUT := $(BUILD)/src$(FLAVOUR)

WERROR  ?= -Werror
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion $(WERROR)
HARDEN  := -fstack-protector-strong -fstack-clash-protection -fcf-protection $(if $(SAN),,-D_FORTIFY_SOURCE=2)
SANITIZE_asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SANITIZE_tsan := -fsanitize=thread -fno-omit-frame-pointer
SANITIZE_cov  := --coverage
SANITIZE_fuzz := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
SANITIZE := $(SANITIZE_$(SAN))
OPT     ?= $(if $(SAN),-O1,-O2)
CFLAGS  ?= -g
ALL_CFLAGS := -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -pthread $(OPT) $(CFLAGS) $(WARN) $(HARDEN) $(SANITIZE) -Isrc
LINK    := -shared -pthread -Wl,-z,relro,-z,now -Wl,--exclude-libs,ALL -Wl,--as-needed $(SANITIZE) $(LDFLAGS)
# where luarocks found them, or was told; else the compiler looks itself
ALL_CFLAGS += $(addprefix -I,$(CURL_INCDIR) $(OPENSSL_INCDIR) $(SQLITE_INCDIR))
LINK       += $(addprefix -L,$(CURL_LIBDIR) $(OPENSSL_LIBDIR) $(SQLITE_LIBDIR))

# ---- what each module is made of, and what it links ------------------------------------------------------------------

MODULES      := $(filter-out $(WITHOUT),core net ipc ledger)
LIBS_core    := -lcrypto
LIBS_net     := -lcurl -lssl -lcrypto -Wl,-z,nodelete
LIBS_ipc     :=
LIBS_ledger  := -lsqlite3

# src/ becomes one archive, from which each module takes what it uses; lua_module/core.c opens certstat.core and
# lua_module/core_*.c are its rooms
# named by the modules it serves, so that a build WITHOUT some leaves no smaller archive to the next
empty        :=
ARCHIVE      := $(SRC_OUT)/libcertstat-$(subst $(empty) $(empty),-,$(strip $(MODULES))).a
OBJECTS      := $(patsubst src/%.c,$(SRC_OUT)/%.o,$(wildcard src/core/*.c src/x509/*.c src/ipc/*.c $(MODULES:%=src/%/*.c)))
BINDINGS      = $(wildcard lua_module/$(1).c lua_module/$(1)_*.c)

.PHONY: all build
all: build   ## the modules and the command, for LUA=5.4 (or 5.1 5.2 5.3 jit)
build: $(MODULES:%=$(OUT)/certstat/%.so) $(MODULES:%=$(NGX_OUT)/certstat/%.so) $(OUT)/bin/certstat \
  $(if $(FLAVOUR),,$(BUILD)/bin/certstat)

$(ARCHIVE): $(sort $(OBJECTS))
	@rm -f $@
	$(AR) rcs $@ $^

$(SRC_OUT)/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

define module_rules
$(BUILD)/$(1)$(FLAVOUR)/obj/%.o: lua_module/%.c
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_CFLAGS) -isystem $$(call INCDIR,$(1)) -MMD -MP -c -o $$@ $$<
$(foreach module,$(MODULES),
$(BUILD)/$(1)$(FLAVOUR)/certstat/$(module).so: $(patsubst lua_module/%.c,$(BUILD)/$(1)$(FLAVOUR)/obj/%.o,$(call BINDINGS,$(module))) $(ARCHIVE)
	@mkdir -p $$(@D)
	$$(CC) $$(LINK) -o $$@ $$^ $$(LIBS_$(module))
)
endef
$(foreach abi,$(sort 5.1 $(ABI)),$(eval $(call module_rules,$(abi))))

ifneq ($(LUA),$(ABI))
$(OUT)/certstat/%.so: $(ABI_OUT)/certstat/%.so
	@mkdir -p $(@D)
	cp $< $@
endif

# Debian's LuaJIT does not look where Debian's 5.1 modules lie
CPATH_DEFAULT := $(if $(filter jit,$(LUA)),/usr/lib/$(shell $(CC) -print-multiarch 2>/dev/null)/lua/5.1/?.so;/usr/lib/lua/5.1/?.so;);
# the sanitizer's runtime, which the Lua is not built with, comes first
PRELOAD       := $(if $(filter asan,$(SAN)),$(shell $(CC) -print-file-name=libasan.so))
define LAUNCHER
#!/bin/sh
root=$$(dirname "$$(readlink -f "$$0")")
until [ -d "$$root/lua_module" ] || [ "$$root" = / ]; do root=$$(dirname "$$root"); done
unset LUA_INIT LUA_PATH_5_2 LUA_PATH_5_3 LUA_PATH_5_4 LUA_CPATH_5_2 LUA_CPATH_5_3 LUA_CPATH_5_4
LUA_PATH="$$root/lua_module/?.lua;$$root/lua_module/?/init.lua;$${LUA_PATH:-;}" \
LUA_CPATH="$$root/$(OUT)/?.so;$${LUA_CPATH:-$(CPATH_DEFAULT)}" $(PRELOAD:%=LD_PRELOAD="%" )exec $(LUA_EXE) "$$root/scripts/certstat" "$$@"
endef
export LAUNCHER
# build/bin/certstat runs on the Lua built last
$(OUT)/bin/certstat $(BUILD)/bin/certstat: force
	@mkdir -p $(@D)
	@printf '%s\n' "$$LAUNCHER" | cmp -s - $@ || { printf '%s\n' "$$LAUNCHER" > $@ && chmod +x $@; }
.PHONY: force
force:

.PHONY: demo
demo:        ## a finished audit of a thousand certificates
	@scripts/setup demo
	@$(MAKE) -s --no-print-directory -j$(shell getconf _NPROCESSORS_ONLN) build
	@scripts/demo

# ---- tests -----------------------------------------------------------------------------------------------------------

C_TESTS := $(patsubst spec/c/%.c,$(SRC_OUT)/spec/%,$(wildcard spec/c/*/*_test.c))
.PHONY: c-tests core-tests
c-tests: $(C_TESTS)
core-tests: $(filter $(SRC_OUT)/spec/core/%,$(C_TESTS))
.SECONDARY: $(C_TESTS:=.o)
$(SRC_OUT)/spec/%.o: spec/c/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Ispec/c -MMD -MP -c -o $@ $<
$(SRC_OUT)/spec/%_test: $(SRC_OUT)/spec/%_test.o $(ARCHIVE)
	$(CC) -pthread $(SANITIZE) $(LDFLAGS) -o $@ $< $(ARCHIVE) -lcmocka -Wl,--as-needed -lcurl -lssl -lcrypto -lsqlite3

# with CC=clang SAN=fuzz
FUZZ_TARGETS := $(patsubst spec/fuzz/%.c,$(SRC_OUT)/fuzz/%,$(wildcard spec/fuzz/*_fuzz.c))
.PHONY: fuzz-targets
fuzz-targets: $(FUZZ_TARGETS)
$(SRC_OUT)/fuzz/%: spec/fuzz/%.c spec/fuzz/fuzz.h $(ARCHIVE)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer -o $@ $< $(ARCHIVE) -Wl,--as-needed -lcurl -lssl -lcrypto

BENCH_PROGRAMS := $(patsubst spec/bench/%.c,$(SRC_OUT)/bench/%,$(wildcard spec/bench/*.c))
.PHONY: bench-programs
bench-programs: $(BENCH_PROGRAMS)
$(SRC_OUT)/bench/%: spec/bench/%.c $(ARCHIVE)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Ispec/c -MMD -MP -o $@ $< $(ARCHIVE) -Wl,--as-needed -lcurl -lssl -lcrypto -lsqlite3 $(LDFLAGS)

SOAK_PROGRAMS := $(patsubst spec/soak/%.c,$(SRC_OUT)/soak/%,$(wildcard spec/soak/*.c))
.PHONY: soak-programs
soak-programs: $(SOAK_PROGRAMS)
$(SRC_OUT)/soak/%: spec/soak/%.c $(ARCHIVE)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $< $(ARCHIVE) -Wl,--as-needed -lcurl -lssl -lcrypto $(LDFLAGS)

# what spec/run runs: programs of spec/parts/, each on a Lua and a kind of build
CHECK      := c lua@$(LUA) hosts interop browser soak rock@5.4 rock@jit lint coverage
CHECK_REST := $(patsubst %,lua@%,$(filter-out $(LUA),5.1 5.2 5.3 5.4 jit)) rock@5.1 rock@5.2 rock@5.3 c+clang c+tsan fuzz
ASAN       := c+asan lua@5.4+asan

.PHONY: check check-all check-rest asan tsan valgrind fuzz soak mutants bench bench-long
check:       ## all tests on one Lua
	scripts/setup check
	spec/run $(CHECK) secrets
check-all:   ## check, then the other Luas, clang and the sanitizers
	scripts/setup check-all
	spec/run $(CHECK) $(CHECK_REST) $(ASAN) secrets
check-rest:  ## what check-all does beyond check
	scripts/setup check-all
	spec/run $(CHECK_REST) $(ASAN) secrets
asan:        ## the C tests, and the specs on Lua 5.4, under ASan and UBSan
	scripts/setup check-all
	spec/run $(ASAN)
tsan:        ## the C tests under ThreadSanitizer
	scripts/setup check-all
	spec/run c+tsan
valgrind:    ## the C tests under valgrind
	scripts/setup check-all
	spec/run c+valgrind
fuzz:        ## the pure functions on random input, SECONDS (60) each
	scripts/setup check-all
	FUZZ_SECONDS=$(or $(SECONDS),60) spec/run fuzz
soak:        ## many processes with one quota, nginx and HAProxy reloaded for half an hour, an hour in all
	scripts/setup check
	SOAK_SECONDS=60 SOAK_SEEDS=20 SOAK_RUNS=200 SOAK_HOST_SECONDS=1800 spec/run soak
mutants:     ## small faults put into src/core/, each of which a test must find
	scripts/setup check
	spec/mutants
bench:       ## signing against hashing alone, the client against libcurl alone and in nginx and HAProxy, audits of a million
	scripts/setup bench
	$(MAKE) LUA=jit build
	$(MAKE) LUA=5.3 build
	$(MAKE) LUA=5.4 build bench-programs
	spec/bench/run
bench-long:  ## the ledger and audits as they grow to ten million rows, and a million rows of the ledger on each Lua
	scripts/setup check
	$(MAKE) build bench-programs
	spec/bench/long

# ---- installation ----------------------------------------------------------------------------------------------------

PREFIX     ?= /usr/local
LUADIR     ?= $(PREFIX)/share/lua/$(ABI)
LIBDIR     ?= $(PREFIX)/lib/lua/$(ABI)
NGX_LIBDIR ?= $(PREFIX)/lib/lua/5.1
BINDIR     ?= $(PREFIX)/bin
MANDIR     ?= $(PREFIX)/share/man/man1

define COMMAND
#!/usr/bin/env $(LUA_EXE)
package.path = "$(LUADIR)/?.lua;$(LUADIR)/?/init.lua;" .. package.path
package.cpath = "$(LIBDIR)/?.so;$(CPATH_DEFAULT)" .. package.cpath
require("certstat.command").main(arg)
endef
export COMMAND

.PHONY: install install-modules install-natives uninstall rock
install: install-modules ## into PREFIX (/usr/local), under DESTDIR
	install -d $(DESTDIR)$(BINDIR)
	printf '%s\n' "$$COMMAND" > $(DESTDIR)$(BINDIR)/certstat
	chmod 755 $(DESTDIR)$(BINDIR)/certstat
	install -D -m 644 scripts/certstat.1 $(DESTDIR)$(MANDIR)/certstat.1
install-modules: install-natives
	cd lua_module && find certstat -name '*.lua' -exec install -D -m 644 '{}' '$(DESTDIR)$(LUADIR)/{}' ';'
install-natives: build
	for module in $(MODULES); do \
	  install -D -m 644 $(OUT)/certstat/$$module.so $(DESTDIR)$(LIBDIR)/certstat/$$module.so && \
	  install -D -m 644 $(NGX_OUT)/certstat/$$module.so $(DESTDIR)$(NGX_LIBDIR)/certstat/$$module.so || exit; \
	done
uninstall:   ## what install put there
	rm -f $(DESTDIR)$(BINDIR)/certstat $(DESTDIR)$(MANDIR)/certstat.1
	cd lua_module && find certstat -name '*.lua' -exec rm -f '$(DESTDIR)$(LUADIR)/{}' ';'
	rm -f $(MODULES:%=$(DESTDIR)$(LIBDIR)/certstat/%.so) $(MODULES:%=$(DESTDIR)$(NGX_LIBDIR)/certstat/%.so)
	find $(DESTDIR)$(LUADIR)/certstat $(DESTDIR)$(LIBDIR)/certstat $(DESTDIR)$(NGX_LIBDIR)/certstat \
	  -depth -type d -empty -delete 2> /dev/null || true
rock:        ## the rock, into a tree of its own
	spec/run rock@$(LUA)

# for scripts: eval "$(make -s paths)"
.PHONY: paths
paths:
	@printf "export %s='%s'\n" LUA_EXE '$(LUA_EXE)' LUA_INCDIR '$(LUA_INCDIR)' OUT '$(abspath $(OUT))' SRC_OUT '$(abspath $(SRC_OUT))' \
	  NGX_OUT '$(abspath $(NGX_OUT))' LUA_PATH '$(CURDIR)/lua_module/?.lua;$(CURDIR)/lua_module/?/init.lua;;' \
	  CPATH_DEFAULT '$(CPATH_DEFAULT)' PRELOAD '$(PRELOAD)' LUA_CPATH '$(abspath $(OUT))/?.so;$(CPATH_DEFAULT)'

.PHONY: help clean
help:        ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/make \1\t\2/p' Makefile | expand -t 20
clean:       ## removes what was built
	rm -rf $(BUILD)

-include $(wildcard $(BUILD)/*/*/*.d $(BUILD)/*/*.d $(BUILD)/*/*/*/*.d)
