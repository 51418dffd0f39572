-- visitor.lua: one client of `beartls serve`, from its handshake to its end. Nothing here waits:
-- step does what can be done now.

local codes = require "beartls.cli.codes"
local exchange = require "beartls.cli.exchange"
local facts = require "beartls.cli.facts"
local luasocket = require "socket"
local page = require "beartls.cli.page"
local settings = require "beartls.cli.settings"
local text = require "beartls.decode.text"

local CHUNK = 65536
-- For the handshake, and for an HTTP request: who is slower than that is sent away.
local PATIENCE = 30
local REQUEST_MOST = 65536
-- How often one client gets its echo before it is the others' turn.
local TURNS = 16

---@class beartls.cli.visitor
local methods = {}

local visitor_mt = { __index = methods }

---@param stream beartls.stream one that does not block
---@param tcp table its connection
---@param server table { out, http }
local function new(stream, tcp, server)
  local host, port = tcp:getpeername()
  return setmetatable({
    stream = stream, server = server, out = server.out,
    from = host and settings.where(host, tonumber(port)) or "somebody",
    deadline = luasocket.gettime() + PATIENCE,
    phase = "handshake", pending = nil, first = 1, sent = 0, received = 0, request = "",
    messages = {}, over = false,
  }, visitor_mt)
end

---What to wait for: "read" or "write".
function methods:wants()
  if self.pending then
    return "write"
  end
  return self.phase == "handshake" and self.stream:want() or "read"
end

-- The messages so far: kept for the page, and shown to those who asked.
local function take_messages(self)
  if self.phase == "handshake" and self.server.http then
    for event in self.stream:events() do
      table.insert(self.messages, event)
      self.out:event(event, self.from)
    end
  else
    self.out:events(self.stream, self.from)
  end
end

local function finish(self)
  self.stream:close()
  take_messages(self)
  self.over = true
end

---Ends the visit with a line that says why.
---@param failure table
function methods:fail(failure)
  local exit = codes.of_session(failure.code, self.phase ~= "handshake")
  self.server.exit = self.server.exit or exit
  self.over = true
  if self.out.json then
    self.out:fact(self.out.stdout, "failure", {
      from = self.from, message = text.printable(tostring(failure.message)), code = failure.code,
      hint = failure.hint, alert = failure.alert, sent_by = failure.sent_by,
    })
  else
    self.out:print(("%s  %s %s (%s)"):format(self.from, self.out:paint("red", "failed:"),
      text.printable(tostring(failure.message)), tostring(failure.code)))
    if failure.hint then
      self.out:print("  hint: " .. text.printable(failure.hint))
    end
  end
  self.out:flush()
end

local function give_up(self, failure)
  take_messages(self)
  self:fail(failure)
  finish(self)
end

-- One line: who is there, and what was agreed.
local function report(self)
  local out, fact = self.out, facts.of(self.stream)
  if out.json then
    fact.from = self.from
    out:fact(out.stdout, "connection", fact)
  else
    local parts = { self.from, fact.version, fact.cipher }
    parts[#parts + 1] = fact.group
    parts[#parts + 1] = fact.server_name and "for " .. text.printable(fact.server_name)
    parts[#parts + 1] = fact.alpn and "alpn " .. text.printable(fact.alpn)
    parts[#parts + 1] = fact.resumed and "resumed" or nil
    parts[#parts + 1] = fact.peer and ("client %s%s"):format(text.printable(fact.peer.subject),
      fact.verified and "" or " (NOT verified)") or "no client certificate"
    out:print(table.concat(parts, "  "))
  end
  out:flush()
end

local function shake(self)
  local ok, message, code = self.stream:handshake()
  take_messages(self)
  if ok then
    self.phase = "open"
    self.deadline = self.server.http and luasocket.gettime() + PATIENCE or nil
    report(self)
    return true
  elseif not exchange.is_passing(code) then
    give_up(self, self.stream:failure() or { message = message, code = code })
  end
end

local function say_closed(self)
  if self.out.json then
    self.out:fact(self.out.stdout, "closed", {
      from = self.from, sent = self.sent, received = self.received,
    })
    self.out:flush()
  end
  finish(self)
end

-- What is pending, to the client: true when all of it has left.
local function send(self)
  if not self.pending then
    return true
  end
  local last, message, partial, code = self.stream:send(self.pending, self.first)
  self.sent = self.sent + (last or partial) - self.first + 1
  if last then
    self.pending, self.first = nil, 1
    return true
  elseif exchange.is_passing(code) then
    self.first = partial + 1
  else
    give_up(self, self.stream:failure() or { message = message, code = code })
  end
end

-- What the client has sent, or nil: nothing, or the end of the visit.
local function receive(self)
  local data, message, partial, code = self.stream:receive(CHUNK)
  data = data or partial
  if data and data ~= "" then
    self.received = self.received + #data
    return data
  elseif code == "closed" then
    say_closed(self)
  elseif not exchange.is_passing(code) then
    give_up(self, self.stream:failure() or { message = message, code = code })
  end
end

local function echo(self)
  for _ = 1, TURNS do
    if not send(self) then
      return
    end
    self.pending = receive(self)
    if not self.pending then
      return
    end
  end
end

-- A request ends with an empty line; a body that follows is not waited for.
local function answer_request(self)
  while not self.answered do
    local data = receive(self)
    if not data then
      return
    end
    self.request = self.request .. data
    if self.request:find "\r?\n\r?\n" or #self.request > REQUEST_MOST then
      self.pending = page.response(self.request, self.stream, self.messages)
      self.answered = true
    end
  end
  if send(self) then
    say_closed(self)
  end
end

---Does what can be done now; `over` is true afterwards when the visit has ended.
---@param ready boolean whether the connection can be read from or written to
function methods:step(ready)
  if self.deadline and luasocket.gettime() > self.deadline then
    give_up(self, {
      message = self.phase == "handshake" and "the client has not finished the handshake in time"
        or "the client has not sent a request in time", code = "timeout",
    })
    return
  end
  if not ready or (self.phase == "handshake" and not shake(self)) then
    return
  end
  if self.server.http then
    answer_request(self)
  else
    echo(self)
  end
  if not self.over then
    take_messages(self)
  end
end

return { new = new }
