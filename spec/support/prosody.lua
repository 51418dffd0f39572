-- prosody.lua: prosody as Debian has it, started on the drop-in for LuaSec, with ports and names of its own.

local process = require "support.process"

local prosody = {}

local here = io.popen("pwd"):read "*l"

prosody.program = "/usr/bin/prosody"

-- NAMES: where others of these servers are, which prosody would ask the DNS for.
local CONFIG = [[
pidfile = "DIR/prosody.pid"
run_as_root = true
data_path = "DIR/data"
plugin_paths = { "DIR/modules" }
network_backend = "BACKEND"
modules_enabled = { "tls"; "saslauth"; "roster"; "s2s_auth_certs"; "spec_names"; "spec_certificates" }
modules_disabled = { "http"; "admin_shell"; "posix" }
interfaces = { "127.0.0.1" }
c2s_ports = { C2S }
c2s_direct_tls_ports = { C2S_DIRECT }
s2s_ports = { S2S }
s2s_direct_tls_ports = { S2S_DIRECT }
certificates = "DIR/certificates"
authentication = "internal_hashed"
s2s_secure_auth = true
ssl = { cafile = "DIR/ca.pem"; verify = { "peer"; "client_once" } }
log = { { levels = { min = "debug" }; to = "console" } }
VirtualHost "HOST"
]]

-- The DNS, as far as these servers need it.
local NAMES = [[
local adns = require "net.adns"
local services = { NAMES }
module:set_global()
function adns.resolver()
  return { lookup = function(_, callback, name, type)
    local port = services[name]
    if type == "SRV" and port then
      callback { { srv = { priority = 0, weight = 0, port = port, target = "localhost" } } }
    elseif type == "A" and name:gsub("%.$", "") == "localhost" then
      callback { { a = "127.0.0.1" } }
    else
      callback {}
    end
  end }
end
]]

-- What modules that let clients in by their certificates ask of a connection.
local CERTIFICATES = [[
module:hook("stream-features", function(event)
  local connection = event.origin.conn:socket()
  local certificate = connection.getpeercertificate and connection:getpeercertificate()
  if certificate then
    local verified, errors = connection:getpeerverification()
    module:log("info", "client certificate %s %s %s %s", certificate:digest "sha256", certificate:subject()[1].value,
      tostring(verified), errors and errors[1] and errors[1][1])
  end
end)
]]

---Ports for a server that is going to be started.
---@return table
function prosody.ports()
  local ports = {}
  for _, name in ipairs { "C2S", "C2S_DIRECT", "S2S", "S2S_DIRECT" } do
    ports[name] = process.free_port()
  end
  return ports
end

---Starts a server.
---@param given { host: string, ports: table, backend: string, identity: { certificate: string, key: string },
---ca: string, names: table<string, integer>, users: table<string, string>, listens: string[]|nil } PEM texts; names:
---{ ["_xmpp-server._tcp.x"] = port }; users: name = password; listens: on which of the ports, if not on all
---@return table process
function prosody.start(given)
  local dir = process.tmpdir()
  os.execute(("mkdir -p %s/data/%s/accounts %s/modules %s/certificates"):format(dir,
    given.host:gsub("%.", "%%2e"), dir, dir))
  local names = {}
  for name, port in pairs(given.names) do
    names[#names + 1] = ("[%q] = %d"):format(name, port)
  end
  local words = { DIR = dir, BACKEND = given.backend, HOST = given.host }
  for name, port in pairs(given.ports) do
    words[name] = tostring(port)
  end
  process.write_file(dir .. "/modules/mod_spec_names.lua", (NAMES:gsub("NAMES", table.concat(names, "; "))))
  process.write_file(dir .. "/modules/mod_spec_certificates.lua", CERTIFICATES)
  process.write_file(dir .. "/config.lua", (CONFIG:gsub("[%u%d_]+", words)))
  process.write_file(dir .. "/ca.pem", given.ca)
  process.write_file(("%s/certificates/%s.crt"):format(dir, given.host), given.identity.certificate)
  process.write_file(("%s/certificates/%s.key"):format(dir, given.host), given.identity.key)
  for name, password in pairs(given.users) do
    process.write_file(("%s/data/%s/accounts/%s.dat"):format(dir, given.host:gsub("%.", "%%2e"), name),
      ("return { password = %q }\n"):format(password))
  end
  local server = process.start(("lua5.4 -l beartls.as_ssl %s --config %s/config.lua -F"):format(prosody.program, dir), {
    env = { LUA_PATH = ("%s/lua/?.lua;%s/lua/?/init.lua;;"):format(here, here), LUA_CPATH = package.cpath },
  })
  for _, name in ipairs(given.listens or { "C2S", "C2S_DIRECT", "S2S", "S2S_DIRECT" }) do
    server:wait_for_port(given.ports[name])
  end
  return server
end

return prosody
