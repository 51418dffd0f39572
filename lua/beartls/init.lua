-- beartls: TLS for Lua. The public module: configs, sessions, certificates, keys, trust.

local core = require "beartls.core"
local crls = require "beartls.crls"
local decode = require "beartls.decode"
local options = require "beartls.options"
local peer = require "beartls.peer"
local system = require "beartls.system"

---@class beartls
local tls = { _VERSION = "scm" }

---@class beartls.certificate
tls.certificate = {}

---Reads a certificate chain, leaf first, from PEM, DER or PKCS#12.
---@param text string
---@param password string|(fun():string|nil)|nil for PKCS#12; a function is called only when it is encrypted
---@return beartls.certificate|nil
---@return string|nil message
---@return string|nil code "config_no_certificate", "certificate_malformed", "config_key_encrypted" ...
function tls.certificate.parse(text, password)
  return options.parse(core.certificate.parse, text, password)
end

---Loads a certificate chain, leaf first, from a PEM, DER or PKCS#12 file.
---@param path string
---@param password string|(fun():string|nil)|nil as for parse
---@return beartls.certificate|nil
---@return string|nil message
---@return string|nil code "io_file" and those of parse
function tls.certificate.load(path, password)
  return options.load_certificate(path, password)
end

---@class beartls.key
tls.key = { generate = core.key.generate }

---Reads a private key from PEM, DER or PKCS#12: PKCS#8 (encrypted with PBES2, too), PKCS#1, SEC1, PEM of the old
---encrypted form.
---@param text string
---@param password string|(fun():string|nil)|nil not used when it is not encrypted; a function is called only then
---@return beartls.key|nil
---@return string|nil message
---@return string|nil code "config_no_key", "config_key_encrypted" (it needs a password), "config_key_password" (that
---is wrong), "config_key_malformed", "config_key_unsupported" ...
function tls.key.parse(text, password)
  return options.parse(core.key.parse, text, password)
end

---Loads a private key from a PEM, DER or PKCS#12 file.
---@param path string
---@param password string|(fun():string|nil)|nil as for parse
---@return beartls.key|nil
---@return string|nil message
---@return string|nil code "io_file" and those of parse
function tls.key.load(path, password)
  return options.load_key(path, password)
end

---@class beartls.trust
tls.trust = { parse = core.trust.parse, load = system.load_trust, system = system.trust }

---@class beartls.crls
tls.crls = { parse = crls.parse, load = crls.load }

tls.ocsp = { decode = core.ocsp_decode }

---@class beartls.ticket
tls.ticket = { decode = core.ticket.decode }

---Decodes a ClientHello from the first bytes of a connection, without a session.
---@param bytes string
---@return table|nil hello
---@return string|nil "more" when bytes are missing, else a message
---@return string|nil code
tls.peek = decode.client_hello

local NO_CERTIFICATE = "a server needs a certificate and its key: set certificate and key, or identities (or psks)"

-- What a config allows that its sessions must know: config -> { nameless, trusts, serves, store }.
local settings = setmetatable({}, { __mode = "k" })

---Makes a config: immutable settings that any number of sessions share.
---@param given table|nil see the README for the options
---@return beartls.config|nil
---@return string|nil message
---@return string|nil code
function tls.config(given)
  given = given or {}
  options.check(given, options.known, "tls.config", 2)
  for _, identity in ipairs(given.identities or {}) do
    options.check(identity, options.identity_known, "tls.config: identities", 2)
  end
  local normalized, message, code = options.normalize(given)
  if not normalized then
    return nil, message, code
  end
  local config
  config, message, code = core.config.new(normalized)
  if not config then
    return nil, message, code
  end
  settings[config] = {
    nameless = given.insecure_no_verify or given.insecure_no_name,
    trusts = normalized.trust ~= nil or given.insecure_no_verify,
    serves = #normalized.identities > 0 or #(normalized.psks or {}) > 0,
    store = normalized.store and given.tickets or nil,
  }
  return config
end

---@class beartls.config
local config_methods = core.config_metatable.__index

-- Clients believe the system's roots when the config says nothing else.
local function ensure_trust(config)
  local setting = settings[config]
  if setting.trusts then
    return true
  end
  local trust, message, code = system.trust()
  if not trust then
    return nil, message, code
  end
  core.config.adopt_trust(config, trust)
  setting.trusts = true
  return true
end

---The store that was given as the option tickets.
---@return beartls.store|nil
function config_methods:store()
  local setting = settings[self]
  if not setting then
    error("config:store is called on a config, with a colon", 2)
  end
  return setting.store
end

---Replaces the ticket keys, for programs that rotate them: what is sealed with keys that are no longer among them costs
---a full handshake. beartls.store.ticket_keys does this for servers that share a store.
---@param keys string[] 1 to 8 strings of 32 bytes: the first one seals, all of them open
---@return true|nil
---@return string|nil message
---@return string|nil code "config_no_tickets"
function config_methods:set_ticket_keys(keys)
  if not settings[self] then
    error("config:set_ticket_keys is called on a config, with a colon", 2)
  end
  local list = {}
  for i = 1, type(keys) == "table" and 9 or 0 do
    list[i] = rawget(keys, i)
  end
  if not options.is_ticket_keys(list) then
    error("config:set_ticket_keys wants a list of 1 to 8 strings of 32 bytes", 2)
  end
  return core.config.set_ticket_keys(self, list)
end

local client_options = {
  ticket = {
    function(value)
      local mt = type(value) == "userdata" and getmetatable(value)
      return mt and mt.__name == "beartls.ticket"
    end,
    "what session:ticket() gave",
  },
}

---Starts a client session: its ClientHello is there to be drained.
---@param server_name string|nil host name or address to verify and (a name) to ask for; may be left out only with an
---insecure_no_verify or insecure_no_name config
---@param given table|nil { ticket = ... }
---@return beartls.session|nil
---@return string|nil message
---@return string|nil code
function config_methods:client(server_name, given)
  local setting = settings[self]
  if not setting then
    error("config:client is called on a config, with a colon", 2)
  end
  if type(server_name) ~= "string" and not (server_name == nil and setting.nameless) then
    error("config:client wants the name of the server, which its certificate must be for", 2)
  end
  options.check(given or {}, client_options, "config:client", 2)
  local ok, message, code = ensure_trust(self)
  if not ok then
    return nil, message, code
  end
  return core.session.new(self, true, server_name, given and given.ticket)
end

---Who we are and whom we believe, as one word for those who keep connections for later: equal for configs that were
---made from equal options, in every process, and another one when anything of these is another: certificates (and with
---them keys), staple, trust, pins, crls, crl_required, verify_client, insecure_*, versions, cipher_suites, groups,
---signature_schemes, alpn, max_fragment, psks, tickets (on or off), ticket_keys. Order counts where it means
---preference; trust, pins and crls are sets, and files count by what was in them. Without trust the system's roots
---count, which are loaded for it. A config with a `time` of its own is equal to no other. trace, keylog, a store and
---set_ticket_keys do not count.
---It is no secret, but a pre-shared key that can be guessed can be guessed from it.
---@return string|nil identity 64 hexadecimal digits
---@return string|nil message
---@return string|nil code those of tls.trust.system: the config has no trust and there are no roots
function config_methods:identity()
  local setting = settings[self]
  if not setting then
    error("config:identity is called on a config, with a colon", 2)
  end
  if not setting.identity then
    local ok, message, code = ensure_trust(self)
    if not ok then
      return nil, message, code
    end
    setting.identity, message, code = core.config.identity(self)
    if not setting.identity then
      return nil, message, code
    end
  end
  return setting.identity
end

local server_options = {
  pause = { function(value) return type(value) == "boolean" end, "true or false" },
}

---Starts a server session.
---@param given table|nil { pause = true } to stop in the state "hello", where client_hello() shows what the client
---asked for and select(config) goes on; such a server needs no certificate before
---@return beartls.session|nil
---@return string|nil message
---@return string|nil code
function config_methods:server(given)
  local setting = settings[self]
  if not setting then
    error("config:server is called on a config, with a colon", 2)
  end
  options.check(given or {}, server_options, "config:server", 2)
  local pause = given and given.pause or false
  if not setting.serves and not pause then
    return nil, NO_CERTIFICATE, "config_no_certificate"
  end
  return core.session.new(self, false, nil, nil, pause)
end

---@class beartls.session
local session_methods = core.session_metatable.__index

---Whether the peer is who it has to be, for authorisation: all that is asked for must be in its certificate, and
---somebody whom we trust must vouch for that certificate. False before the handshake is done.
---@param wanted table<"dns"|"ip"|"email"|"uri"|"subject"|"pin", string|string[]|fun(name: string): boolean>
---@return boolean
---@return string|nil why_not
function session_methods:peer_matches(wanted)
  return peer.matches(self, wanted)
end

---What the client asks for, of a server that pauses: decoded as the trace decodes it.
---@return table|nil hello nil when the session is not in the state "hello"
function session_methods:client_hello()
  local raw = self:raw_client_hello()
  if not raw then
    return nil
  end
  local _, fields = decode.message("handshake", raw)
  return fields
end

---Goes on from the state "hello" with that config.
---@param config beartls.config one with a certificate
---@return true|nil
---@return string|nil message
---@return string|nil code
function session_methods:select(config)
  local setting = settings[config]
  if not setting then
    error("session:select wants a config", 2)
  end
  if not setting.serves then
    return nil, NO_CERTIFICATE, "config_no_certificate"
  end
  return self:raw_select(config)
end

---The store of the session's config.
---@return beartls.store|nil
function session_methods:store()
  return settings[self:config()].store
end

---Says that whoever calls will serve that store: fetch what resumption_key() asks for, keep what to_store() gives.
---Without that, a session of a config with a store neither gives tickets nor takes them. To be called before anything
---is fed. Streams do all this by themselves.
---@param where string|nil of a client: tells servers of one name apart ("host:port")
---@return beartls.store|nil store nil when the config has none
---@return string|nil message
---@return string|nil code
function session_methods:use_store(where)
  local ok, message, code = self:raw_use_store(where)
  if not ok then
    return nil, message, code
  end
  return self:store()
end

---What the store is to do: keep `value` under `key` for `seconds`, or, without a value, forget the key. Each is given
---once; there are at most two at a time.
---@return fun(session: beartls.session): string|nil, string|nil, number|nil next
---@return beartls.session
function session_methods:to_store()
  self:state() -- raises for what is no session
  return self.take_to_store, self
end

-- What decoding a session's later messages needs of its earlier ones: session -> context.
local contexts = setmetatable({}, { __mode = "k" })

---The trace events that nobody has taken yet; each is given once.
---@return fun():table|nil
function session_methods:events()
  self:state() -- raises for what is no session
  local context = contexts[self] or {}
  contexts[self] = context
  return function()
    local event = self:take_event()
    return event and decode.attach(event, context)
  end
end

---Why the session failed, or nil.
---@return { message: string, code: string, alert: string|nil, alert_number: integer|nil, sent_by: "us"|"peer"|nil,
---certificate: beartls.certificate|nil, hint: string|nil, trace: table[]|nil }|nil
function session_methods:failure()
  local failure = self:raw_failure()
  if failure then
    failure.trace = self:peek_events()
    local context = {} -- a copy: what is only looked at must not change what events() knows
    for key, value in pairs(contexts[self] or {}) do
      context[key] = value
    end
    for _, event in ipairs(failure.trace) do
      decode.attach(event, context)
    end
  end
  return failure
end

return tls
