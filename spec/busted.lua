-- busted.lua - runs busted inside the Lua that runs this file: one process a spec, so that sanitizers see only it.
require "busted.runner"({ standalone = false })
