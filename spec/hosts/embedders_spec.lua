-- Programs that embed some Lua load beartls and shake hands through it, over I/O of their own (spec/hosts/embedders): a
-- table of them is in docs/hosts.md.

local core_for = require "support.core_for"
local pki = require "support.pki"
local process = require "support.process"

local LUA = os.getenv "BEARTLS_LUA" or "lua5.4"
local here = io.popen("pwd"):read "*l"
local dir = here .. "/spec/hosts/embedders/"

local HAPROXY = [[
global
  lua-load %shaproxy.lua
defaults
  mode tcp
  timeout client 10s
  timeout connect 10s
  timeout server 10s
listen applet
  bind 127.0.0.1:%d
  tcp-request content use-service lua.echo
]]

local PROSODY = [[
run_as_root = true
daemonize = false
data_path = "%s"
plugin_paths = { "%s" }
modules_enabled = { "beartls_talk" }
modules_disabled = { "s2s", "c2s", "http" }
c2s_ports, s2s_ports, http_ports, https_ports = {}, {}, {}, {}
log = { info = "*console" }
VirtualHost "localhost"
]]

local NGINX = [[
load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
daemon off;
master_process off;
pid nginx.pid;
error_log stderr warn;
env BEARTLS_PORT; env BEARTLS_CA;
events { worker_connections 16; }
http {
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  lua_package_path "%s";
  lua_package_cpath "%s";
  init_by_lua_block { require "hosts.embedders.talk" }
  server {
    listen 127.0.0.1:%d;
    location / { content_by_lua_file %snginx.lua; }
  }
}
]]

local function free_port_of(host)
  host.port = process.free_port()
  return host.port
end

-- How each is started (env is its environment), and how it is asked, if it does not speak by itself.
local hosts = {
  {
    name = "nginx", program = "nginx", lua = "luajit",
    command = function(host, env, tmp)
      process.write_file(tmp .. "/nginx.conf", NGINX:format(env.LUA_PATH, env.LUA_CPATH, free_port_of(host), dir))
      return ("nginx -p %s/ -c nginx.conf"):format(tmp)
    end,
    ask = function(host, running)
      running:wait_for_port(host.port)
      return process.run(("curl -sS http://127.0.0.1:%d/"):format(host.port))
    end,
  },
  {
    name = "neovim", program = "nvim", lua = "luajit",
    command = function()
      return ("nvim --headless -u NONE -i NONE -c 'luafile %sneovim.lua' -c 'qa!'"):format(dir)
    end,
  },
  {
    name = "love", program = "love", lua = "luajit",
    command = function()
      return "love " .. dir .. "love"
    end,
  },
  {
    name = "nmap", program = "nmap", lua = "lua5.3",
    command = function(_, env)
      return ("nmap -n -Pn -sT -p %d --script %snmap.nse 127.0.0.1"):format(env.BEARTLS_PORT, dir)
    end,
  },
  {
    name = "haproxy", program = "haproxy", lua = "lua5.3",
    command = function(host, _, tmp)
      process.write_file(tmp .. "/haproxy.cfg", HAPROXY:format(dir, free_port_of(host)))
      return "haproxy -db -f " .. tmp .. "/haproxy.cfg"
    end,
    also = function(host)
      local output = process.run(("openssl s_client -connect 127.0.0.1:%d -servername localhost -CAfile %s -quiet"
        .. " -verify_return_error -verify_hostname localhost"):format(host.port, pki.path "trust.pem"),
        { input = "hello\n" })
      assert.matches("hello from the applet", output, 1, true)
    end,
  },
  {
    name = "prosody", program = "prosody", lua = "lua5.4",
    command = function(_, _, tmp)
      process.write_file(tmp .. "/prosody.cfg.lua", PROSODY:format(tmp, dir))
      return "prosody --config " .. tmp .. "/prosody.cfg.lua -F"
    end,
  },
}

describe("beartls in", function()
  local port

  setup(function()
    port = process.free_port()
    process.start(("%s spec/support/example_peer.lua echo %d %s %s"):format(LUA, port, pki.path "server_rsa.pem",
      pki.path "server_rsa.key")):wait_for_port(port)
  end)
  teardown(process.cleanup)

  for _, host in ipairs(hosts) do
    it(host.name .. " shakes hands", function()
      if not process.has(host.program) then
        return pending("needs " .. host.program)
      end
      local env, why_not = core_for(host.lua)
      if not env then
        return pending(why_not)
      end
      env.BEARTLS_PORT, env.BEARTLS_CA = port, here .. "/" .. pki.path "trust.pem"
      env.BEARTLS_CERTIFICATE = here .. "/" .. pki.path "server_rsa.pem"
      env.BEARTLS_KEY = here .. "/" .. pki.path "server_rsa.key"
      local running = process.start(host:command(env, process.tmpdir()), { env = env, seconds = 30 })
      local wanted = host.name .. ": TLSv1%.3 [%w_]+, hello from " .. host.name
      if host.ask then
        assert.matches(wanted, host:ask(running))
      else
        running:wait_for(wanted)
      end
      if host.also then
        host:also()
      end
      running:stop()
    end)
  end
end)
