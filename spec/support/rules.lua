-- rules.lua: sessions for specs that break one rule at a time, through a scripted peer.

local attack = require "support.attack"
local pair = require "support.pair"
local pki = require "support.pki"
local scripted = require "support.scripted"
local tls = require "beartls"

local rules = {}

local function merged(defaults, given)
  for name, value in pairs(given or {}) do
    defaults[name] = value
  end
  return defaults
end

---A server's config with a P-256 certificate.
function rules.server_config(options)
  return assert(tls.config(pair.server_options(merged({ certificate = pki.path "server_ec.pem",
    key = pki.path "server_ec.key" }, options))))
end

---A client's config that trusts that certificate.
function rules.client_config(options)
  return assert(tls.config(pair.client_options(merged({ trust = pki.path "server_ec.pem" }, options))))
end

local configs = {}

local function config(role, options)
  if options then
    return rules[role .. "_config"](options)
  end
  configs[role] = configs[role] or rules[role .. "_config"]()
  return configs[role]
end

---A scripted client, and the server session that it talks to.
function rules.client_of_server(options, how)
  return scripted.new(assert(config("server", options):server()), true, how)
end

---A scripted server that has heard the ClientHello of a client session.
function rules.server_of_client(options, how, more)
  return scripted.new(assert(config("client", options):client("localhost", more)), false, how):listen()
end

---A scripted client whose handshake with a server is done.
function rules.open_client(options, name)
  local client = rules.client_of_server(options)
  return client:client_hello():listen():client_flight(name):listen():expect_open()
end

function rules.open_server(options)
  local server = rules.server_of_client(options)
  return server:server_hello():server_flight():listen():expect_open()
end

---Declares a spec for each case { name, change, code, alert } of a ClientHello; a case without a code must be taken.
function rules.each_client_hello(it, cases)
  for _, case in ipairs(cases) do
    it("a ClientHello " .. case[1], function()
      local client = rules.client_of_server(case.server)
      client:client_hello(case[2])
      if case[3] then
        client:expect(case[3], case[4], false)
      else
        client:listen():client_flight():listen():expect_open()
      end
    end)
  end
end

---The same for { name, change, code, alert } of a ServerHello; `retry` breaks a HelloRetryRequest instead.
function rules.each_server_hello(it, cases)
  for _, case in ipairs(cases) do
    it("a ServerHello " .. case[1], function()
      local server = rules.server_of_client(case.client)
      server:say(require "support.hello".encode(server:new_server_hello(case[2])))
      server:expect(case[3], case[4], false)
    end)
  end
end

rules.attack = attack

return rules
