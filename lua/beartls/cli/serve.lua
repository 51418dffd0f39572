-- serve.lua: `beartls serve`: a TLS server for trying things out. It serves any number of clients at
-- once, and no client can stop it.

local codes = require "beartls.cli.codes"
local demo_pki = require "beartls.cli.demo_pki"
local faulty = require "beartls.cli.faulty"
local luasocket = require "socket"
local settings = require "beartls.cli.settings"
local socket = require "beartls.socket"
local tls = require "beartls"
local visitor = require "beartls.cli.visitor"

local serve = {}

-- How long one select may take: an interrupt and silent clients are noticed between two of them.
local TICK = 0.5
-- select can wait for 1024 descriptors, a few of which are ours.
local MOST_VISITORS = 900
local BACKLOG = 128

serve.command = {
  name = "serve",
  takes = "[HOST:]PORT",
  count = { 0, 1 },
  shows_on_stdout = true,
  about = "Serves TLS on PORT (0: any that is free) of HOST, which is this machine alone unless "
    .. "given (0.0.0.0 or [::] is everybody). What a client sends comes back to it. Standard output "
    .. "has a line for each connection.",
  options = settings.with_common {
    { "http", nil, "answer each request with a page about the connection, and close" },
    { "client-ca", "FILE", "mutual TLS: clients must show a certificate of these roots" },
    { "once", nil, "end after one connection" },
    faulty.options[1], faulty.options[2],
  },
  notes = [[
Without --cert it shows a certificate of the demo, whose key everybody knows.

]] .. codes.help .. [[


examples:
  beartls serve --http 4433
  beartls serve --faulty expired 4433
  beartls serve --cert site.pem --key site.key --client-ca ca.pem 0.0.0.0:4433]],
}

local function make_config(values, out)
  local given, message = settings.config_options(values)
  if not given then
    return nil, message, "usage"
  end
  if values.faulty then
    local identity, code
    identity, message, code = faulty.identity(values, out)
    if not identity then
      return nil, message, code
    end
    given.certificate, given.key = identity.certificate, identity.key
  elseif values.authority then
    return nil, "--authority goes with --faulty", "usage"
  elseif not given.certificate then
    out:warn "this is the demo's certificate, whose key everybody knows: --cert and --key set another"
    given.certificate = assert(tls.certificate.parse(demo_pki.server_certificate))
    given.key = assert(tls.key.parse(demo_pki.server_key))
  end
  if values.http then
    given.alpn = given.alpn or { "http/1.1" }
  end
  if values.client_ca then
    given.trust, given.verify_client = values.client_ca, "require"
  elseif values.crl then
    return nil, "--crl is for clients: it goes with --client-ca", "usage"
  end
  return tls.config(given)
end

-- A listening socket, or nil, failure.
local function listen(host, port)
  local listener, err = luasocket.bind(host, port, BACKLOG)
  if listener then
    listener:settimeout(0)
    return listener
  end
  return nil, {
    message = ("could not listen on %s: %s"):format(settings.where(host, port), tostring(err)),
    code = "io_listen",
    hint = err == "address already in use" and "another program has that port: choose another one"
      or nil,
  }
end

-- Takes in whoever waits at the door.
local function welcome(server)
  while #server.visitors < MOST_VISITORS do
    local tcp = server.listener:accept()
    if not tcp then
      return
    end
    local stream = socket.accept(tcp, server.config)
    if stream then
      stream:settimeout(0)
      table.insert(server.visitors, visitor.new(stream, tcp, server))
      server.seen = server.seen + 1
    else
      tcp:close()
    end
    if server.once then
      return
    end
  end
end

-- Whom to wait for: readers, writers, and who belongs to which stream.
local function waiting(server)
  local readers, writers, by_stream = {}, {}, {}
  if #server.visitors < MOST_VISITORS and not (server.once and server.seen > 0) then
    readers[1] = server.listener
  end
  for _, v in ipairs(server.visitors) do
    by_stream[v.stream] = v
    if v:wants() == "write" then
      writers[#writers + 1] = v.stream
    else
      readers[#readers + 1] = v.stream
    end
  end
  return readers, writers, by_stream
end

-- One visitor's turn: an error of ours ends its visit and nobody else's.
local function attend(v, ready)
  local ok, err = pcall(v.step, v, ready)
  if not ok then
    if tostring(err):find("interrupted!", 1, true) then
      error(err, 0)
    end
    v:fail { message = "beartls has a bug: " .. tostring(err), code = "internal_error" }
    pcall(v.stream.close, v.stream)
  end
  return v.over
end

local function turn(server)
  local readers, writers, by_stream = waiting(server)
  local readable, writable = luasocket.select(readers, writers, TICK)
  if readable[server.listener] then
    welcome(server)
  end
  for i = #server.visitors, 1, -1 do
    local v = server.visitors[i]
    local ready = by_stream[v.stream] == nil or readable[v.stream] or writable[v.stream]
    if attend(v, ready) then
      table.remove(server.visitors, i)
    end
  end
end

local function announce(server, out)
  local host, port = server.listener:getsockname()
  port = tonumber(port)
  if out.json then
    out:fact(out.stdout, "listening", { host = host, port = port })
  else
    out:print("listening on " .. settings.where(host, port))
  end
  out:flush()
end

---Runs the command.
---@param values table what the command line said
---@param out beartls.cli.output
---@return integer exit code
function serve.run(values, out)
  if values.faulty == "list" then
    faulty.list(out)
    return codes.fine
  elseif not values[1] then
    return out:misused(serve.command, "it wants " .. serve.command.takes)
  end
  local host, port = settings.listening(values[1])
  if not host then
    return out:misused(serve.command, port)
  end
  local config, message, code = make_config(values, out)
  if not config then
    return out:misused(serve.command, message, code)
  end
  local listener, failure = listen(host, port)
  if not listener then
    out:failure(failure, codes.connect)
    return codes.connect
  end
  local server = {
    listener = listener, config = config, visitors = {}, seen = 0, once = values.once,
    out = out, http = values.http,
  }
  announce(server, out)
  repeat
    turn(server)
  until server.once and server.seen > 0 and #server.visitors == 0
  listener:close()
  return server.exit or codes.fine
end

return serve
