# make            build for one Lua into build/$(LUA)/ (LUA=5.1 5.2 5.3 5.4 jit, or any other: LUA=NAME LUA_INCDIR=DIR LUA_EXE=PATH)
# make demo       a finished audit on a fresh machine
# make check      all tests on one Lua; check-all: on five, and under the sanitizers
# make help       the other targets

LUA     ?= 5.4
WITHOUT ?=
ifeq ($(origin CC),default)
CC := gcc
endif

# ---- the Lua: headers to compile against, command to run -------------------------------------------------------------

# LuaJIT's own headers would give an object that PUC 5.1 can't load, so one object built on the PUC 5.1 headers
# serves PUC 5.1, LuaJIT and nginx.
ABI         := $(if $(filter jit,$(LUA)),5.1,$(LUA))
LUA_INCDIR  ?= $(patsubst -I%,%,$(firstword $(filter -I%,$(shell pkg-config --cflags-only-I lua$(ABI) 2>/dev/null))))
LUA_EXE     ?= $(if $(filter jit,$(LUA)),luajit,lua$(LUA))
INCDIR_5.1  := $(patsubst -I%,%,$(firstword $(filter -I%,$(shell pkg-config --cflags-only-I lua5.1 2>/dev/null))))
INCDIR       = $(if $(filter 5.1,$(1)),$(if $(filter 5.1,$(ABI)),$(LUA_INCDIR),$(INCDIR_5.1)),$(LUA_INCDIR))

# ---- the compiler: a build folder each; SAN=asan|tsan builds are kept apart ------------------------------------------

SAN     ?=
FLAVOUR := $(if $(filter gcc,$(CC)),,-$(notdir $(CC)))$(if $(SAN),-$(SAN))
BUILD   ?= build
OUT     := $(BUILD)/$(LUA)$(FLAVOUR)
ABI_OUT := $(BUILD)/$(ABI)$(FLAVOUR)
NGX_OUT := $(BUILD)/5.1$(FLAVOUR)
SRC_OUT := $(BUILD)/src$(FLAVOUR)

WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
HARDEN  := -fstack-protector-strong -fstack-clash-protection -fcf-protection $(if $(SAN),,-D_FORTIFY_SOURCE=2)
SANITIZE_asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SANITIZE_tsan := -fsanitize=thread -fno-omit-frame-pointer
SANITIZE_cov  := --coverage
SANITIZE := $(SANITIZE_$(SAN))
OPT     ?= $(if $(SAN),-O1,-O2)
CFLAGS  ?= -g
ALL_CFLAGS := -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -pthread $(OPT) $(CFLAGS) $(WARN) $(HARDEN) $(SANITIZE) -Isrc
LINK    := -shared -pthread -Wl,-z,relro,-z,now -Wl,--exclude-libs,ALL -Wl,--as-needed $(SANITIZE) $(LDFLAGS)
CURL_INCDIR ?=
ALL_CFLAGS += $(addprefix -I,$(CURL_INCDIR) $(OPENSSL_INCDIR))

# ---- what each module is made of, and what it links ------------------------------------------------------------------

MODULES      := $(filter-out $(WITHOUT),core net ipc)
LIBS_core    := -lcrypto
LIBS_net     := -lcurl -lssl -lcrypto -Wl,-z,nodelete
LIBS_ipc     :=

# src/ becomes one archive, from which each module takes what it uses; lua_module/core.c opens certstat.core and
# lua_module/core_*.c are its rooms
ARCHIVE      := $(SRC_OUT)/libcertstat.a
OBJECTS      := $(patsubst src/%.c,$(SRC_OUT)/%.o,$(wildcard src/core/*.c src/x509/*.c $(MODULES:%=src/%/*.c)))
BINDINGS      = $(wildcard lua_module/$(1).c lua_module/$(1)_*.c)

.PHONY: all build
all: build
build: $(MODULES:%=$(OUT)/certstat/%.so) $(MODULES:%=$(NGX_OUT)/certstat/%.so) $(OUT)/bin/certstat $(BUILD)/bin/certstat

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
define LAUNCHER
#!/bin/sh
root=$$(dirname "$$(readlink -f "$$0")")
until [ -d "$$root/lua_module" ]; do root=$$(dirname "$$root"); done
unset LUA_INIT LUA_PATH_5_2 LUA_PATH_5_3 LUA_PATH_5_4 LUA_CPATH_5_2 LUA_CPATH_5_3 LUA_CPATH_5_4
LUA_PATH="$$root/lua_module/?.lua;$$root/lua_module/?/init.lua;$${LUA_PATH:-;}" \
LUA_CPATH="$$root/$(OUT)/?.so;$${LUA_CPATH:-$(CPATH_DEFAULT)}" exec $(LUA_EXE) "$$root/scripts/certstat" "$$@"
endef
export LAUNCHER
# build/bin/certstat runs on the Lua built last
$(OUT)/bin/certstat $(BUILD)/bin/certstat: force
	@mkdir -p $(@D)
	@printf '%s\n' "$$LAUNCHER" | cmp -s - $@ || { printf '%s\n' "$$LAUNCHER" > $@ && chmod +x $@; }
.PHONY: force
force:

.PHONY: clean
clean:
	rm -rf $(BUILD)

-include $(wildcard $(BUILD)/*/*/*.d $(BUILD)/*/*.d)
