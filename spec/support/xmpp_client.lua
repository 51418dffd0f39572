-- xmpp_client.lua: as much of an XMPP client as it takes to log in and to write to somebody (RFC 6120), over LuaSocket
-- and LuaSec.

local luasocket = require "socket"
local mime = require "mime"

local xmpp_client = {}

local client = {}
client.__index = client

local PATIENCE = 10

-- Sends what there is to send, and waits until an answer matches the pattern; raises when none comes.
function client:exchange(text, pattern)
  if text then
    assert(self.connection:send(text))
  end
  local deadline = luasocket.gettime() + PATIENCE
  while true do
    local from, to = self.text:find(pattern)
    if from then
      local answer = self.text:sub(1, to)
      self.text = self.text:sub(to + 1)
      return answer, answer:match(pattern, from)
    end
    local data, err, partial = self.connection:receive(65536)
    self.text = self.text .. (data or partial)
    if err and err ~= "timeout" and err ~= "wantread" or luasocket.gettime() > deadline then
      error(("no %q but %q in %s"):format(pattern, err, self.text), 2)
    end
  end
end

function client:open_stream()
  local header = "<?xml version='1.0'?><stream:stream to='%s' xmlns='jabber:client' "
    .. "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
  return (self:exchange(header:format(self.host), "</stream:features>"))
end

function client:close()
  self.connection:close()
end

---Connects and secures the connection.
---@param ssl table LuaSec, or something like it
---@param given { host: string, port: integer, direct: boolean|nil, tls: table } tls: parameters besides
---@return table client
---@return string features what the server offers then
function xmpp_client.connect(ssl, given)
  local tcp = assert(luasocket.connect("127.0.0.1", given.port))
  local self = setmetatable({ connection = tcp, host = given.host, text = "" }, client)
  tcp:settimeout(0.01)
  if not given.direct then
    local features = self:open_stream()
    assert(features:find "starttls", features)
    self:exchange("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "<proceed")
  end
  local params = { mode = "client", protocol = "any", verify = "peer", options = "all" }
  for name, value in pairs(given.tls) do
    params[name] = value
  end
  local connection = assert(ssl.wrap(tcp, params))
  connection:sni(given.host)
  connection:settimeout(PATIENCE)
  assert(connection:dohandshake())
  connection:settimeout(0.01)
  self.connection, self.text = connection, ""
  return self, self:open_stream()
end

---Logs in, and is there.
---@param name string
---@param password string
function client:log_in(name, password)
  self:exchange(("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>"):format(
    mime.b64(("\0%s\0%s"):format(name, password))), "<success")
  self.text = ""
  self:open_stream()
  self:exchange("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>", "</iq>")
  self:exchange("<presence/>", "<presence")
end

---Writes to somebody.
---@param to string
---@param text string
function client:write(to, text)
  assert(self.connection:send(("<message type='chat' to='%s'><body>%s</body></message>"):format(to, text)))
end

---Reads what somebody has written.
---@return string text
function client:read()
  local _, text = self:exchange(nil, "<message.-<body>(.-)</body>")
  return text
end

return xmpp_client
