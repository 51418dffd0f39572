-- demo.lua: `beartls demo`: a client and a server shake hands over TCP on this machine, and the
-- person watches.

local codes = require "beartls.cli.codes"
local demo_pki = require "beartls.cli.demo_pki"
local exchange = require "beartls.cli.exchange"
local luasocket = require "socket"
local narrator = require "beartls.cli.narrator"
local socket = require "beartls.socket"
local tls = require "beartls"

local demo = {}

-- Nothing here takes longer than some milliseconds; what takes this long has gone wrong.
local PATIENCE = 20

demo.command = {
  name = "demo",
  count = { 0, 0 },
  shows_on_stdout = true,
  about = "A client and a server on this machine do a handshake in which both show certificates, "
    .. "say a line each, and close. Every message is shown, with what it says and what it is for.",
  options = {
    { "one-way", nil, "only the server shows a certificate, as on the web" },
    { "rsa", nil, "the old handshake: the client encrypts the secret to the server's RSA key" },
    { "json", nil, "every message as a JSON object a line" },
    { "color", nil, "colours, even where there is no terminal" },
    { "no-color", nil, "no colours" },
  },
  notes = codes.help,
}

local GREETING = "Hello, server. Nobody else can read this."
local ANSWER = "Hello, %s. Nobody else can read that, either."

-- The config of each side, as a program would write it.
local function configs(values)
  local trust = assert(tls.trust.parse(demo_pki.authority))
  local suites = values.rsa and { "TLS_RSA_WITH_AES_128_GCM_SHA256" } or nil
  local mutual = not values.one_way
  local client, message, code = tls.config {
    trust = trust,
    certificate = mutual and tls.certificate.parse(demo_pki.client_certificate) or nil,
    key = mutual and tls.key.parse(demo_pki.client_key) or nil,
    cipher_suites = suites,
    trace = true,
  }
  local server
  if client then
    server, message, code = tls.config {
      certificate = tls.certificate.parse(demo_pki.server_certificate),
      key = tls.key.parse(demo_pki.server_key),
      trust = mutual and trust or nil,
      verify_client = mutual and "require" or nil,
      cipher_suites = suites,
      trace = true,
    }
  end
  if not server then
    return nil, { message = message, code = code }
  end
  return { client = client, server = server }
end

-- Both ends of a TCP connection on this machine, and its port; or nil, failure.
local function dial()
  local listener, err = luasocket.bind("127.0.0.1", 0)
  if not listener then
    return nil, { message = "could not listen on 127.0.0.1: " .. tostring(err), code = "io_listen" }
  end
  listener:settimeout(PATIENCE)
  local _, port = listener:getsockname()
  local client, server
  client, err = luasocket.connect("127.0.0.1", port)
  if client then
    server, err = listener:accept()
  end
  listener:close()
  if not server then
    return nil, { message = "could not connect to 127.0.0.1: " .. tostring(err), code = "io_error" }
  end
  return { client = client, server = server, port = math.floor(tonumber(port)) }
end

-- Takes turns between steps, of which none waits, until all are done: true, or nil, failure. A step
-- returns a value when it is done, else nil, message, code.
local function drive(streams, steps)
  local deadline = luasocket.gettime() + PATIENCE
  local done = 0
  while done < #steps do
    for i, step in ipairs(steps) do
      if step then
        local stream = step[1]
        local ok, message, code = step[2](stream)
        if ok then
          steps[i], done = false, done + 1
        elseif not exchange.is_passing(code) then
          return nil, stream:failure() or { message = message, code = code }
        end
      end
    end
    if luasocket.gettime() > deadline then
      return nil, { message = "nothing moves any more", code = "timeout" }
    elseif done < #steps then
      luasocket.select({ streams.client, streams.server }, nil, 0.05)
    end
  end
  return true
end

local function shake(streams)
  local function handshake(stream)
    return stream:handshake()
  end
  return drive(streams, { { streams.client, handshake }, { streams.server, handshake } })
end

-- A line from one side to the other: what arrived, or nil, failure.
local function say(streams, from, to, line)
  local sent, heard, prefix = 0, nil, nil
  local ok, failure = drive(streams, {
    { streams[from], function(stream)
      local last, message, partial, code = stream:send(line .. "\n", sent + 1)
      sent = last or partial
      return last, message, code
    end },
    { streams[to], function(stream)
      local message, code
      heard, message, prefix, code = stream:receive("*l", prefix)
      return heard, message, code
    end },
  })
  return ok and heard, failure
end

-- close_notify from the client, and the server's.
local function part(streams)
  local function is_closed(stream)
    local _, message, _, code = stream:receive "*a"
    return code == "closed" or nil, message, code
  end
  for _, side in ipairs { "client", "server" } do
    local ok, message, code = streams[side]:shutdown "send"
    if not ok and code ~= "closed" then -- TLS 1.2 has answered already
      return nil, { message = message, code = code }
    end
    local other = side == "client" and streams.server or streams.client
    ok, message = drive(streams, { { other, is_closed } })
    if not ok then
      return nil, message
    end
  end
  return true
end

-- The whole play: true, or nil, failure. Each act is told when it is over.
local function play(streams, tell, values)
  local ok, failure = shake(streams)
  tell:messages(ok)
  if not ok then
    return nil, failure
  end
  for _, line in ipairs {
    { "client", "server", GREETING },
    { "server", "client", ANSWER:format(values.one_way and "whoever you are" or "alice") },
  } do
    ok, failure = say(streams, line[1], line[2], line[3])
    if not ok then
      return nil, failure
    end
    tell:said(line[1], ok)
  end
  tell:remember()
  ok, failure = part(streams)
  tell:goodbye()
  return ok, failure
end

---Runs the command.
---@param values table what the command line said
---@param out beartls.cli.output
---@return integer exit code
function demo.run(values, out)
  local config, failure = configs(values)
  local tcp
  if config then
    tcp, failure = dial()
  end
  if not tcp then
    out:failure(failure, codes.connect)
    return codes.connect
  end
  local streams = {
    client = assert(socket.wrap(tcp.client, config.client, "localhost")),
    server = assert(socket.accept(tcp.server, config.server)),
  }
  streams.client:settimeout(0)
  streams.server:settimeout(0)
  local tell = narrator.new(out, streams, not values.one_way)
  tell:begin(tcp.port)
  local ok
  ok, failure = play(streams, tell, values)
  streams.client:close()
  streams.server:close()
  if not ok then
    local exit = codes.of_session(failure.code, false)
    out:failure(failure, exit)
    return exit
  end
  tell:finish()
  return codes.fine
end

return demo
