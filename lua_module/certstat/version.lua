--- version.lua - the version, written once: `certstat --version`, the User-Agent and the rockspecs read it.
return "0.1.0"
