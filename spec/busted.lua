-- busted.lua - runs busted inside the Lua that runs this file: one process a spec, so that sanitizers see only it. What
-- specs leave in their folders is searched for secrets.
require("spec.support.canaries").watch()
require "busted.runner"({ standalone = false })
