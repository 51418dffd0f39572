-- nginx_lua.lua: an nginx with the Lua module, as nobody, in a directory of its own that has beartls built for LuaJIT.

local luasocket = require "socket"
local peer = require "support.peer"
local process = require "support.process"

local nginx_lua = {}

local MODULES = "/usr/lib/nginx/modules/"

-- What stands before the servers of a configuration. DIR is the directory; words in capitals become ports.
local HEAD = [[
load_module ]] .. MODULES .. [[ndk_http_module.so;
load_module ]] .. MODULES .. [[ngx_http_lua_module.so;
daemon off;
pid DIR/nginx.pid;
error_log stderr warn;
worker_shutdown_timeout 1s;
events { worker_connections 2048; }
http {
  access_log off;
  client_body_temp_path DIR/body; proxy_temp_path DIR/proxy; fastcgi_temp_path DIR/fastcgi;
  uwsgi_temp_path DIR/uwsgi; scgi_temp_path DIR/scgi;
  lua_socket_log_errors off;
]]

-- Where Lua finds beartls, and what nginx itself needs.
local PATHS = [[
  lua_package_path "DIR/lua/?.lua;DIR/lua/?/init.lua;/usr/share/lua/5.1/?.lua;;";
  lua_package_cpath "DIR/c/?.so;;";
]]

local function exists(path)
  return (select(2, process.run("test -e " .. process.quote(path)))) == 0
end

local function missing()
  for _, program in ipairs { "nginx", "luajit", "wrk", "curl" } do
    if not process.has(program) then
      return "needs " .. program
    end
  end
  return not exists(MODULES .. "ngx_http_lua_module.so") and "needs nginx's Lua module" or nil
end

---What a file of specs calls instead of `it` and `setup`: they do nothing where something is missing. busted's own are
---given, since only such files see them.
---@return fun(name: string, body: function) it
---@return fun(body: function) setup
function nginx_lua.needs(it, setup, pending)
  local what = missing()
  return function(name, body)
    it(name, what and function() pending(what) end or body)
  end, function(body)
    setup(what and function() end or body)
  end
end

-- How long one waits for nginx, in seconds.
local PATIENCE = 10

---A connection to a path of nginx.
---@param port integer
---@param path string
---@param headers string lines
---@return table tcp
function nginx_lua.request(port, path, headers)
  local tcp = assert(luasocket.connect("127.0.0.1", port))
  tcp:settimeout(PATIENCE)
  assert(tcp:send(("GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n"):format(path, headers)))
  return tcp
end

---A connection that has left HTTP, and is to begin with TLS.
---@param port integer
---@param path string
---@return table tcp
function nginx_lua.upgrade(port, path)
  local tcp = nginx_lua.request(port, path, "Connection: Upgrade\r\nUpgrade: tls\r\n")
  repeat until assert(tcp:receive "*l") == ""
  return tcp
end

-- Under the sanitizers (make asan), nginx has them, too.
local RUNTIMES = "echo $(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)"
local SANITIZED = os.getenv "BEARTLS_ASAN" and process.run(RUNTIMES):match "[^\n]+"
local SANITIZERS = 'CC=gcc LDFLAGS="-fsanitize=address,undefined" '
  .. 'CFLAGS="-g -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"'

local function build(directory, settings)
  local command = "env -u MAKEFLAGS -u MAKELEVEL make -s LUA=luajit B=%s %s %s/beartls/core.so"
  local output, code = process.run(command:format(directory, settings, directory), { seconds = 240 })
  assert(code == 0, output)
  return directory .. "/beartls/core.so"
end

-- A core that is newer than its sources; LuaJIT and Lua 5.1 can use the same. Another lane of make test may be building
-- for LuaJIT this very moment, so what is made here is made somewhere else.
local function core_for_luajit()
  if SANITIZED then
    return build("build/asan-nginx", SANITIZERS)
  end
  for _, lua in ipairs { "luajit", "lua5.1", "nginx" } do
    local core = "build/" .. lua .. "/beartls/core.so"
    if exists(core) and process.run("find src Makefile -newer " .. core) == "" then
      return core
    end
  end
  return build("build/nginx", "")
end

---A directory that nobody can read, with beartls for LuaJIT in it; process.cleanup removes it.
---@return string
function nginx_lua.directory()
  local dir = process.tmpdir()
  local output, code = process.run(([[
    mkdir %s/c %s/c/beartls && cp -r lua %s/ && cp %s %s/c/beartls/core.so
  ]]):format(dir, dir, dir, core_for_luajit(), dir))
  assert(code == 0, output)
  return dir
end

---Starts it with a whole configuration and waits until it listens.
---@param dir string from nginx_lua.directory
---@param text string its http { gets the paths of beartls; DIR in it is the directory
---@param port integer one that it listens on
function nginx_lua.run(dir, text, port)
  text = text:gsub("\nhttp {\n", function(http) return http .. PATHS end):gsub("DIR", function() return dir end)
  process.write_file(dir .. "/nginx.conf", text)
  local nobody = process.run "id -u" == "0\n" and { "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups" }
  local owner = nobody and " && chown -R 65534:65534 " .. dir or ""
  local output, code = process.run(("chmod -R a+rX %s%s"):format(dir, owner))
  assert(code == 0, output)
  local server = process.start(peer.words(nobody or {}, "nginx", "-e", "stderr", "-p", dir, "-c", dir .. "/nginx.conf"),
    { env = SANITIZED and { LD_PRELOAD = SANITIZED, ASAN_OPTIONS = "detect_leaks=0:exitcode=99" } })
  return server:wait_for_port(port)
end

---Starts it with these servers and waits until it listens.
---@param dir string from nginx_lua.directory
---@param servers string what stands in http { }; DIR in it is the directory, the names of `ports` are their numbers
---@param how table { ports = { NAME_PORT = number }, first = the number of one that it listens on, workers = 0: one
---process without a master }
function nginx_lua.start(dir, servers, how)
  local processes = how.workers > 0 and "worker_processes " .. how.workers or "master_process off"
  servers = servers:gsub("[A-Z_]+_PORT", function(name)
    return tostring(assert(how.ports[name], name))
  end)
  return nginx_lua.run(dir, processes .. ";\n" .. HEAD .. servers .. "}\n", how.first)
end

return nginx_lua
