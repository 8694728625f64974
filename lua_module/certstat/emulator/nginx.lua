--- nginx for the emulator: where it is, what it loads, and its configuration. What enters the configuration
-- is checked.
local core = require "certstat.core"
local program = require "certstat.emulator.program"

local M = {}

local PROGRAMS = { "/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx" }
local MODULE_FOLDERS = { "/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/local/lib/nginx/modules" }
local MODULES = { "ndk_http_module.so", "ngx_http_lua_module.so" }

local function find_modules()
  for _, folder in ipairs(MODULE_FOLDERS) do
    local paths = {}
    for i, name in ipairs(MODULES) do
      local path = folder .. "/" .. name
      if program.is_file(path) then paths[i] = path end
    end
    if #paths == #MODULES then return paths end
  end
  return nil, "nginx's Lua module (Debian: libnginx-mod-http-lua) is not installed; looked in "
    .. table.concat(MODULE_FOLDERS, ", ")
end

--- search(name, path) → the file of a module in a package path; or nil, the files looked for. Lua 5.1 has
-- none.
function M.search(name, path)
  local looked = {}
  for template in path:gmatch("[^;]+") do
    local file = template:gsub("%?", (name:gsub("%.", "/")))
    if program.is_file(file) then return file end
    looked[#looked + 1] = file
  end
  return nil, table.concat(looked, ", ")
end

--- twins(file) → the places where the same C module for Lua 5.1, which is nginx's, can lie: the folder that
-- names the running Lua (build/5.4/, lib/lua/5.4/, build/jit-clang/) becomes 5.1's. The last such folder of
-- the path counts. A rock brings certstat's own below its folder: lib/lua/5.4/certstat/nginx/certstat/core.so.
function M.twins(file)
  local path = "/" .. file
  local before, flavour, after = path:match("^(.*/)5%.%d([^/]*)(/.*)$")
  if not before then before, flavour, after = path:match("^(.*/)jit([^/]*)(/.*)$") end
  local found = {}
  if before then
    found[1] = (before .. "5.1" .. after):sub(2)
    if flavour ~= "" then found[2] = (before .. "5.1" .. flavour .. after):sub(2) end
  end
  local folder, name = path:match("^(.*/)(certstat/[^/]+)$")
  if folder then found[#found + 1] = (folder .. "certstat/nginx/" .. name):sub(2) end
  return found
end

-- The package path template for nginx of a C module that the running Lua finds with cpath.
local function c_template(name, cpath)
  local file, looked = M.search(name, cpath)
  if not file then return nil, ("module %s is not found; looked for %s"):format(name, looked) end
  local twins = M.twins(file)
  for _, twin in ipairs(twins) do
    if program.is_file(twin) then return twin:sub(1, -(#name + #".so" + 1)) .. "?.so" end
  end
  return nil, ("nginx needs %s for Lua 5.1, beside %s (`make` builds it); looked for %s"):format(
    name, core.printable(file), core.printable(table.concat(twins, ", ")))
end

-- The package path template of certstat's own Lua files.
local function lua_template(path)
  local file, looked = M.search("certstat.emulator.worker", path)
  if not file then return nil, "certstat.emulator.worker is not found; looked for " .. looked end
  local root = file:sub(1, -(#"certstat/emulator/worker.lua" + 1))
  return root .. "?.lua;" .. root .. "?/init.lua"
end

--- find(path, cpath) → {program=, modules=, lua_path=, lua_cpath=}; or nil, message.
-- path, cpath: package.path and package.cpath of the running Lua, in which certstat was found.
function M.find(path, cpath)
  local found, message = {}
  found.program, message = program.find("nginx", PROGRAMS)
  if not found.program then return nil, message end
  found.modules, message = find_modules()
  if not found.modules then return nil, message end
  found.lua_path, message = lua_template(path)
  if not found.lua_path then return nil, message end
  local templates = {}
  for i, name in ipairs { "certstat.core", "cjson" } do
    templates[i], message = c_template(name, cpath)
    if not templates[i] then return nil, message end
  end
  found.lua_cpath = table.concat(templates, ";")
  return found
end

local TEMPLATE = [[
daemon off;
worker_processes 1;
%(user)pid "%(folder)/nginx.pid";
error_log stderr error;
%(load_modules)worker_rlimit_nofile 4096;
events { worker_connections 2048; }
http {
  error_log stderr crit;
  access_log off;
  server_tokens off;
  client_body_temp_path "%(folder)/body";
  proxy_temp_path "%(folder)/proxy";
  fastcgi_temp_path "%(folder)/fastcgi";
  uwsgi_temp_path "%(folder)/uwsgi";
  scgi_temp_path "%(folder)/scgi";
  client_max_body_size 1m;
  client_body_buffer_size 1m;
  client_body_in_single_buffer on;
  client_header_buffer_size 4k;
  large_client_header_buffers 8 64k;
  keepalive_timeout 75s;
  keepalive_requests 100000000;
  reset_timedout_connection on;
  lua_package_path "%(lua_path);;";
  lua_package_cpath "%(lua_cpath);;";
  lua_shared_dict certstat_nonces 128m;
  lua_shared_dict certstat_keys 8m;
  init_by_lua_block { require("certstat.emulator.worker").load("%(folder)") }
  init_worker_by_lua_block { require("certstat.emulator.worker").ready() }
  exit_worker_by_lua_block { require("certstat.emulator.worker").leave() }
  server {
    listen %(listen)%(tls)
    error_page 400 404 405 408 413 414 494 501 505 /-refused;
    location / { content_by_lua_block { require("certstat.emulator.worker").handle() } }
    location = /-refused { internal; content_by_lua_block { require("certstat.emulator.worker").refuse() } }
  }
  server {
    listen "unix:%(control)";
    location / { content_by_lua_block { require("certstat.emulator.worker").control() } }
  }
}
]]

-- What follows the address where TLS is spoken. No session is resumed, so that each connection has a handshake.
local TLS = [[ ssl http2;
    ssl_certificate "%(folder)/server.pem";
    ssl_certificate_key "%(folder)/server.key";
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache off;
    ssl_session_tickets off;
    ssl_certificate_by_lua_block { require("certstat.emulator.worker").handshake() }]]

local MOST_SOCKET_PATH = 107 -- bytes, unix(7)

-- Between quotes nginx reads $, quotes and backslashes, and a Lua block ends by its braces: paths with
-- these and other unusual characters are refused. `also`: characters that this value may hold.
local function check(text, also)
  local strange = text:match("[^" .. (also or "") .. "%w/._+@~,=: -]")
  if not strange then return text end
  return nil, ("nginx's configuration can't hold %s: found '%s'"):format(
    core.printable(text), core.printable(strange))
end

--- control_path(folder) → where its control socket is.
function M.control_path(folder) return folder .. "/control" end

--- configuration(found, folder, listen, is_root, tls) → text; or nil, message. found: from find; folder: the
-- emulator's own;
-- listen: "127.0.0.1:PORT"; is_root: whether it starts as root, who stays root, since the CA folders are
-- root's then; tls: whether it speaks TLS, see tls.make.
function M.configuration(found, folder, listen, is_root, tls)
  local control = M.control_path(folder)
  if #control > MOST_SOCKET_PATH then
    return nil, ("a socket's path has at most %d bytes: %s"):format(MOST_SOCKET_PATH, core.printable(control))
  end
  local values = { load_modules = "", user = is_root and "user root;\n" or "" }
  local given = {
    { "folder", folder }, { "listen", listen, "%[%]" }, { "control", control }, { "lua_path", found.lua_path, ";?" },
    { "lua_cpath", found.lua_cpath, ";?" },
  }
  for _, path in ipairs(found.modules) do given[#given + 1] = { "load_modules", path } end
  for _, one in ipairs(given) do
    local name, text, message = one[1], check(one[2], one[3])
    if not text then return nil, message end
    values[name] = name == "load_modules" and ('%sload_module "%s";\n'):format(values[name], text) or text
  end
  values.tls = tls and TLS:gsub("%%%((.-)%)", values) or ";"
  return (TEMPLATE:gsub("%%%((.-)%)", values))
end

return M
