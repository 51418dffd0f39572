-- connect.lua: `beartls connect`: a verified connection from the terminal, standard input to the
-- peer and the peer to standard output.

local codes = require "beartls.cli.codes"
local dial = require "beartls.socket.dial"
local exchange = require "beartls.cli.exchange"
local facts = require "beartls.cli.facts"
local luasocket = require "socket"
local settings = require "beartls.cli.settings"
local socket = require "beartls.socket"
local stdin = require "beartls.cli.stdin"
local tls = require "beartls"

local connect = {}

local TIMEOUT = 10
-- How long the peer's last words are waited for, in seconds.
local PARTING = 0.5

connect.command = {
  name = "connect",
  takes = "HOST[:PORT]",
  count = { 1, 1 },
  about = "Connects to a TLS server (port 443 unless given), verifies it, and joins standard input "
    .. "and output to the connection. What is about the connection goes to standard error.",
  options = settings.with_common {
    { "ca", "FILE", "believe these roots (a file or a directory) and not the system's" },
    { "servername", "NAME", "the name to ask for and to verify, if it is not HOST" },
    { "pin", "PIN", "accept only this public key, sha256//BASE64; may be repeated", several = true },
    { "insecure", nil, "believe anybody: nothing is verified" },
    { "timeout", "SECONDS", "for the connection and the handshake, 10 unless given",
      kind = "number" },
    { "idle", "SECONDS", "once the input has ended, stop when the peer is silent for so long",
      kind = "number" },
    { "quiet", nil, "nothing on standard error but warnings and failures" },
  },
  notes = [[
When the input ends, the connection stays until the peer closes it, or is silent for as long as
--idle says. Without any input (</dev/null) it closes after the handshake, unless --idle is given.

]] .. codes.help .. [[


examples:
  beartls connect example.org </dev/null
  printf 'GET / HTTP/1.0\r\nHost: example.org\r\n\r\n' | beartls connect example.org
  beartls connect --ca ca.pem --cert me.pem --key me.key --trace localhost:4433]],
}

local another = "--cert and --key show another certificate"

-- The options that may help, by the failure's code.
local advice = {
  certificate_untrusted = "--ca FILE believes other roots than the system's",
  certificate_crl_missing = "--crl FILE gives more lists; without --crl-required it would pass",
  certificate_crl_expired = "--crl FILE gives a newer list",
  certificate_name_mismatch = "--servername NAME asks for another name and verifies that",
  alert_handshake_failure = "--cert and --key show a certificate, --tls and --cipher offer more",
  alert_bad_certificate = "--cert and --key show a certificate",
  alert_certificate_required = "--cert and --key show a certificate",
  alert_protocol_version = "--tls 1.0-1.2 offers older versions",
  peer_version = "--tls 1.0-1.2 accepts older versions",
  alert_unknown_ca = another, alert_unsupported_certificate = another, alert_certificate_expired = another,
  alert_certificate_revoked = another, alert_certificate_unknown = another, alert_access_denied = another,
  timeout = "--timeout waits longer, --trace shows how far it came",
}

-- true, or nil, failure. The messages are shown while they come.
local function shake(stream, out, deadline)
  while true do
    local ok, message, code = stream:handshake()
    out:events(stream)
    if ok then
      return true
    elseif not exchange.is_passing(code) then
      return nil, stream:failure() or { message = message, code = code }
    elseif luasocket.gettime() > deadline then
      return nil, {
        message = "the peer has not finished the handshake in time", code = "timeout",
        hint = "is it a TLS server?",
      }
    end
    local want = stream:want()
    luasocket.select({ stream }, want == "write" and { stream } or nil, exchange.TICK)
  end
end

local function tell_session(stream, out, host, port)
  local fact = facts.of(stream)
  if out.json then
    fact.host, fact.port = host, port
    out:fact(out.stderr, "session", fact)
  elseif not out.quiet then
    out:note(out:paint("bold", ("connected to %s"):format(settings.where(host, port))))
    for _, line in ipairs(facts.lines(facts.rows(stream), "  ")) do
      out:note(line)
    end
  end
end

local function tell_end(x, code)
  local out, by = x.out, code == "closed" and "the peer" or "us"
  if out.json then
    out:fact(out.stderr, "closed", { by = by, sent = x.sent, received = x.received })
  elseif not out.quiet then
    out:note(("closed by %s: %d bytes sent, %d received"):format(by, x.sent, x.received))
  end
end

-- A server of TLS 1.3 judges the client's certificate when for the client all is done: its first answer may be a no.
local refusals = {
  alert_certificate_required = true, alert_unknown_ca = true, alert_bad_certificate = true,
  alert_certificate_expired = true, alert_certificate_revoked = true, alert_certificate_unknown = true,
  alert_unsupported_certificate = true, alert_access_denied = true, alert_handshake_failure = true,
}

local function exit_code(x, code)
  if x.received == 0 and refusals[code] then
    return codes.handshake
  end
  return codes.broken
end

-- Everything once the stream is open: the exit code.
local function talk(stream, source, out, values)
  local x = exchange.new(stream, source, out, values.idle)
  local message, code = x:run()
  if code == "done" then
    message, code = x:finish(PARTING)
  end
  local failure = stream:failure()
  stream:settimeout(nil) -- the last bytes may take their time
  stream:close()
  out:events(stream)
  if code == "closed" or code == "done" or code == "io_output" then
    tell_end(x, code)
    return codes.fine
  end
  local exit = exit_code(x, code)
  out:failure(failure or { message = message, code = code }, exit)
  out:advise(advice[code])
  return exit
end

local function make_config(values, out)
  local given, message = settings.config_options(values)
  if not given then
    return nil, message, "usage"
  end
  given.trust, given.pins = values.ca, values.pin
  given.insecure_no_verify = values.insecure
  if values.insecure then
    out:warn "--insecure: the server is not verified, anybody may be at the other end"
  end
  return tls.config(given)
end

---Runs the command.
---@param values table what the command line said
---@param out beartls.cli.output
---@return integer exit code
function connect.run(values, out)
  local host, port = settings.address(values[1], 443)
  if not host then
    return out:misused(connect.command, port)
  end
  local config, message, code = make_config(values, out)
  if not config then
    return out:misused(connect.command, message, code)
  end
  local source = stdin.open(out.stdin)
  local deadline = luasocket.gettime() + (values.timeout or TIMEOUT)
  -- (socket.connect would shake hands, too, and show its messages only afterwards.)
  local tcp, failure = dial.tcp(host, port, values.timeout or TIMEOUT)
  if not tcp then
    out:failure(failure, codes.connect)
    out:advise(advice[failure.code])
    return codes.connect
  end
  local stream
  stream, message, code = socket.wrap(tcp, config, values.servername or host)
  if not stream then
    tcp:close()
    return out:misused(connect.command, message, code)
  end
  stream:settimeout(0)
  local ok
  ok, failure = shake(stream, out, deadline)
  if not ok then
    stream:close()
    out:events(stream)
    local exit = codes.of_session(failure.code, false)
    out:failure(failure, exit)
    out:advise(advice[failure.code])
    return exit
  end
  tell_session(stream, out, host, port)
  local exit = talk(stream, source, out, values)
  source:close()
  return exit
end

return connect
