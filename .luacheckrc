std = "min"
max_line_length = 120
exclude_files = { "build", "node_modules", "spec/interop/node_modules" }
files["lua_module/certstat/host/nginx.lua"] = { read_globals = { "ngx" } }
files["lua_module/certstat/host/haproxy.lua"] = { read_globals = { "core" } }
files["lua_module/certstat/emulator"] = { std = "luajit", globals = { "ngx" } }
files["scripts/examples/nginx"] = { globals = { "ngx" } }
files["scripts/examples/haproxy"] = { read_globals = { "core" } }
files["spec"] = { std = "min+busted" }
files["spec/bench/wrk.lua"] = { globals = { "init", "request", "done" } }
