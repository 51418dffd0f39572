-- stream.lua: the pump between a session and a transport, and LuaSocket's rules for reading and
-- writing through it. It knows no socket.
--
-- A session has no I/O and a transport knows no TLS; the pump carries ciphertext between them and
-- keeps what has been decrypted until the program asks for it. Nothing passes before the handshake
-- is finished, there is no path for plaintext, and what has failed once says why for ever after.
--
-- What an adapter has to supply is one table, its methods in the words of the pump:
--
--   transport:send(bytes, first)  sends bytes from index `first` on and may stop anywhere: the last
--                                 index sent, or nil, err, last index sent
--   transport:receive()           whatever has arrived, at least one byte, or nil, err
--   transport:wait(want, mainly)  optional; waits until it can "read", "write" or do either
--                                 ("both"): true; nil, "timeout"; or false when the program does
--                                 not want to wait. `mainly` is what the caller is about, "read"
--                                 or "write", for a host that cannot wait for both
--   transport:begin(seconds)      optional; a call of the program begins, timeouts count from here;
--                                 `seconds` (may be nil) bounds this one call besides
--   transport:close()             the end
--   transport:shutdown(how), dirty(), getfd(), settimeout(...), getpeername() ...
--                                 what the host offers of LuaSocket's other methods
--
-- err is "closed" (the transport ended), "timeout", "want_read" or "want_write" (nothing can be
-- done now), or the host's own sentence, which is the end of the stream. There are two kinds of
-- adapters. One polls: its send and receive never wait, and say want_read or want_write; `wait`
-- does the waiting (LuaSocket, copas, cqueues, luv). The other waits inside send and receive, in its
-- host's way, and has no `wait` (cosockets). All of them may yield: the pump keeps no state on the
-- stack that another coroutine could upset, as long as one coroutine reads. Several may write: where
-- the transport polls, each sends its whole string before the next one's turn comes. A coroutine may
-- close the stream under others: they come back and hear "closed", if the transport's close wakes
-- whoever waits.
--
-- Transfers in both directions. While a send waits for a polling transport, the pump takes in what
-- the peer sends, so that two programs that both send before they receive do not wait for each
-- other for ever. What arrived that way is kept, up to `unread_limit` bytes of plaintext (64 MiB
-- unless told otherwise); from there on the pump only writes, and two peers that both send more
-- than this before either receives block each other as they would on plain TCP, until a timeout
-- ends it. With an adapter that waits inside send, with copas (which cannot wait for both), and in
-- non-blocking use, the program itself reads meanwhile.

local new_inbox = require "beartls.stream.inbox"
local patterns = require "beartls.stream.patterns"
local pump = require "beartls.stream.pump"
local resumption = require "beartls.stream.resumption"

local floor, min = math.floor, math.min
local flush, flush_all, last_word, passing, pull = pump.flush, pump.flush_all, pump.last_word, pump.passing, pump.pull

local stream = {}

-- How much is encrypted at a time: a long string is not encrypted faster than the transport takes
-- it.
local SLICE = 65536
local UNREAD_LIMIT = 64 * 1024 * 1024
-- How long close may wait for a peer that does not take our last bytes.
local CLOSE_SECONDS = 5

---@class beartls.stream
local methods = {}

local stream_mt = { __index = methods, __name = "beartls.stream" }

-- ---- the handshake ----

local function is_shaken(self)
  -- A peer in a hurry finishes the handshake, says all it has to say and closes, in one segment.
  local state = self.tls:state()
  return state == "open" or (state == "closed" and (self.inbox.size > 0 or self.tls:version() ~= nil))
end

-- A server that looks before it answers: the program says which config has the answer, or why there is none.
local function choose(self)
  local config, message, code = nil, "the session waits for select(config)", "config_not_selected"
  if self.choose then
    config, message = self.choose(self.tls:client_hello())
    if config then
      config, message, code = self.tls:select(config)
    end
    if not config and self.tls:state() == "hello" then
      config, message, code = self.tls:refuse(message)
    end
    flush(self) -- an alert, perhaps
  end
  return config, message, code
end

local function is_shaking(self)
  local state = self.tls:state()
  return state == "handshake" or state == "hello"
end

-- One step of a handshake: true, or nil, message, code.
local function step(self)
  resumption.serve(self)
  -- While another coroutine asks the store, there is nothing to choose.
  if self.tls:state() == "hello" and not self.tls:resumption_key() then
    return choose(self)
  end
  return pump.turn(self)
end

local function shake(self)
  self.started = true
  while not self.end_code and is_shaking(self) do
    local ok, message, code = step(self)
    if not ok then
      return nil, message, code
    end
  end
  if not is_shaken(self) then
    pull(self)
    if self.end_code == "closed" then
      self.end_message = "the peer closed the session in the middle of the handshake"
    end
    return nil, last_word(self)
  end
  if self.end_code ~= "closed" then -- else it does not matter whether our answer gets through
    local ok, message, code = flush_all(self)
    if not ok then
      return nil, message, code
    end
  end
  self.opened = true
  return true
end

local function begin(self, seconds)
  self.wanted = nil
  if self.transport.begin and not self.carries then -- else the call is that of the stream inside (see nested.lua)
    self.transport:begin(seconds)
  end
end

-- A call of the program begins: true when the stream is open, or nil, message, code.
local function enter(self, seconds)
  if self.closed then
    return nil, "closed", "closed"
  end
  begin(self, seconds)
  if self.opened then
    return true
  end
  return shake(self)
end

-- ---- LuaSocket's receive and send ----

local function check_text(value, what)
  if type(value) == "number" then
    return tostring(value)
  elseif type(value) ~= "string" then
    error(("%s must be a string, not a %s"):format(what, type(value)), 3)
  end
  return value
end

local function check_index(value, default, size)
  if value == nil then
    return default
  end
  local index = tonumber(value)
  if not index or index ~= index then
    error("send: an index must be a number, not a " .. type(value), 3)
  end
  index = floor(index)
  return index < 0 and size + index + 1 or index
end

---Receives, by LuaSocket's rules: a line without its end ("*l"), everything until the peer closes
---("*a") or a number of bytes. "l" and "a" will do, too. Of what fails, the third value is what has
---been read: pass it as the prefix when you try again.
---@param pattern string|number|nil "*l" unless given
---@param prefix string|nil what the result begins with
---@param most integer|nil how many bytes a line or everything may have, the prefix included: a peer that sends more is
---not listened to for ever (LuaSocket has no such bound)
---@return string|nil data
---@return string|nil err "timeout", "want_read", "want_write", "closed", "truncated" or a sentence
---@return string|nil partial
---@return string|nil code "peer_too_long" besides
function methods:receive(pattern, prefix, most)
  local kind, n = patterns.check(pattern)
  prefix = prefix ~= nil and check_text(prefix, "receive: the prefix") or ""
  local ok, message, code = enter(self)
  if not ok then
    return nil, message, prefix, code
  end
  if self.pending then
    flush(self) -- what an earlier send could not get rid of
  end
  local parts = { prefix ~= "" and prefix or nil }
  return patterns[kind](self, parts, n or most)
end

---Receives whatever there is, as soon as there is something.
---@param max integer|nil at most so many bytes
---@return string|nil data at least one byte
---@return string|nil err as receive's
---@return string|nil partial "", as receive has it there
---@return string|nil code
function methods:receiveany(max)
  max = max == nil and UNREAD_LIMIT or max
  if type(max) ~= "number" or max < 1 or max ~= max then
    error("receiveany: the limit must be a number of bytes", 2)
  end
  local ok, message, code = enter(self)
  if ok then
    if self.pending then
      flush(self)
    end
    ok, message, code = pump.fill(self)
  end
  if not ok then
    return nil, message, "", code
  end
  return self.inbox:take(floor(min(max, self.inbox.size)))
end

---Iterates over the lines that the peer sends. The loop ends when nothing more can be received;
---afterwards failure() is nil if the peer has closed properly. (On Lua 5.1 an iterator cannot
---yield: there, use receive in event loops.)
---@return fun(): string|nil, string|nil, string|nil
function methods:lines()
  local rest
  return function()
    local line, err, partial, code = self:receive("*l", rest)
    rest = nil
    if line then
      return line
    elseif code == "closed" and partial ~= "" then
      return partial
    elseif passing[code] then
      rest = partial
    end
    return nil, err, code
  end
end

---Sends data[i..j]. What is encrypted counts as sent, so after want_write or timeout go on at last
---+ 1, even if that is behind the end: the call that returns the index of the last byte has got
---everything out.
---@param data string
---@param i integer|nil
---@param j integer|nil
---@return integer|nil last
---@return string|nil err "timeout", "want_read", "want_write", "closed", "truncated" or a sentence
---@return integer|nil last index that counts as sent
---@return string|nil code
function methods:send(data, i, j)
  data = check_text(data, "send: what is sent")
  i = check_index(i, 1, #data)
  i = i < 1 and 1 or i
  j = min(check_index(j, #data, #data), #data)
  local last = i - 1
  local ok, message, code = enter(self)
  if ok then
    ok, message, code = pump.take_turn(self)
  end
  local ours = ok
  if ok then
    ok, message, code = flush_all(self)
  end
  while ok and last < j do
    local stop = min(last + SLICE, j)
    ok, message, code = self.tls:write(data, last + 1, stop)
    if ok then
      last = stop
      ok, message, code = flush_all(self)
    elseif pump.words[code] then
      message = code
    end
  end
  if ours then
    self.sender = nil
  end
  if ok then
    return last
  end
  return nil, message, last, code
end

-- ---- beginning and end ----

---Shakes hands; on an open stream there is nothing left to do.
---@param seconds number|nil how long that may take, whatever the stream's timeout is
---@return true|nil
---@return string|nil message a sentence, or "timeout", "want_read", "want_write"
---@return string|nil code
function methods:handshake(seconds)
  local ok, message, code = enter(self, seconds)
  if not ok then
    return nil, message, code
  end
  return true
end

-- The last bytes, if they can go without waiting for long; what the peer still sends, nobody will
-- read.
local function say_goodbye(self)
  begin(self, CLOSE_SECONDS)
  self.tls:close()
  while true do
    local sent, err = flush(self)
    if sent or err ~= "want_write" or not (self.transport.wait and self.transport:wait "both") then
      return
    end
    local _, gone = self.transport:receive()
    if gone and not passing[gone] then
      return
    end
  end
end

---Sends close_notify, as far as that goes without waiting long, and closes the transport.
---@return integer 1
function methods:close()
  if not self.closed then
    self.closed = true
    if self.started then
      say_goodbye(self)
    end
    self.pending, self.wanted = nil, nil
    self.inbox = new_inbox()
    self.transport:close()
  end
  return 1
end

---Takes the session out of a stream that nobody is using, for another stream to go on with: it must be open, with
---nothing to read, nothing on its way out, and no coroutine at it. The stream is closed then, the transport is not.
---@return beartls.session|nil
---@return string|nil message
---@return string|nil code "closed", or "io_busy"
function methods:release()
  if self.closed or not self.opened then
    return nil, "closed", "closed"
  end
  pull(self)
  if self.end_code or self.tls:state() ~= "open" then
    return nil, "the session is over", "closed"
  elseif self.inbox.size > 0 then
    return nil, "there is something to read", "io_busy"
  elseif self.receiving or self.flushing or self.serving or pump.is_sending(self) or not flush(self) then
    return nil, "somebody is reading or writing", "io_busy"
  end
  self.closed = true
  return self.tls
end

local shutdowns = { send = true, receive = true, both = true }

---Ends one direction or both: "send" sends close_notify first, and waits until all has left.
---@param how "send"|"receive"|"both"|nil "both" unless given
---@return integer|nil 1
---@return string|nil message
---@return string|nil code
function methods:shutdown(how)
  how = how or "both"
  if not shutdowns[how] then
    error('shutdown: what to shut down is "send", "receive" or "both"', 2)
  end
  if self.closed then
    return nil, "closed", "closed"
  end
  if how ~= "receive" and self.started then
    begin(self)
    pull(self)
    self.tls:close()
    local ok, message, code = flush_all(self)
    if not ok then
      return nil, message, code
    end
  end
  self.transport:shutdown(how)
  return 1
end

-- ---- questions ----

---What a non-blocking call was missing: wait for that, and call again.
---@return "read"|"write"|nil
function methods:want()
  return self.wanted
end

---Whether receive has something to say without waiting: data, or that there will be none.
---socket.select asks this.
---@return boolean
function methods:dirty()
  if self.closed then
    return false
  end
  return self.inbox.size > 0 or self.end_code ~= nil or self.tls:read(0) ~= nil
    or (self.transport.dirty ~= nil and self.transport:dirty())
end

---The session inside.
---@return beartls.session
function methods:session()
  return self.tls
end

---Why the stream failed, or nil: what the session's failure() says, or for an error of the
---transport a table with message and code.
---@return table|nil
function methods:failure()
  return self.io_failure or self.tls:failure()
end

-- What the session knows.
for _, name in ipairs {
  "state", "is_client", "version", "cipher", "group", "signature_scheme", "alpn", "server_name",
  "resumed", "verified", "peer_certificate", "peer_chain", "verified_chain", "peer_matches", "ocsp_response",
  "local_certificate", "export", "channel_binding", "ticket", "events", "client_hello",
} do
  methods[name] = function(self, ...)
    return self.tls[name](self.tls, ...)
  end
end

-- What the host of the transport knows.
for _, name in ipairs {
  "settimeout", "gettimeout", "getpeername", "getsockname", "setoption", "getoption", "getfd",
} do
  methods[name] = function(self, ...)
    return self.transport[name](self.transport, ...)
  end
end

function stream_mt:__tostring()
  return ("beartls.stream (%s)"):format(self.closed and "closed" or self.tls:state())
end

function stream_mt:__close()
  self:close()
end

---Makes a stream of a session and a transport. It shakes hands at handshake(), or at the first send
---or receive.
---@param session beartls.session one that nothing has been drained from, or what release() gave
---@param transport table see the head of this file
---@param options table|nil { unread_limit = how many bytes a send may keep for a later receive, choose = for a session
---that pauses: function(hello) gives the config that answers, or nil and why there is none }
---@param class table|nil what stream.class gave
---@return beartls.stream
function stream.new(session, transport, options, class)
  if not session:is_client() then
    session:use_store()
  end
  return setmetatable({
    tls = session,
    transport = transport,
    unread_limit = options and options.unread_limit or UNREAD_LIMIT,
    choose = options and options.choose,
    inbox = new_inbox(),                                 -- plaintext
    pending = nil, sent = 0,                             -- ciphertext, and how much of it has left
    started = false, opened = session:state() == "open", closed = false,
    flushing = false, receiving = false, collecting = false, serving = false, sender = nil,
    end_code = nil, end_message = nil, io_failure = nil, wanted = nil,
  }, class or stream_mt)
end

---Starts the session of a client's stream: what config:client does, but it offers a ticket that the config's store has
---kept of an earlier stream, and new tickets will be kept there. For adapters.
stream.client = resumption.client

---The methods of every stream, for adapters that offer a stream in disguise.
stream.methods = methods

---The class of an adapter's streams: they have methods of its own besides those of every stream.
---@param extra table<string, function> methods
---@return table class for stream.new
function stream.class(extra)
  local class = { __index = setmetatable(extra, { __index = methods }) }
  for _, name in ipairs { "__name", "__tostring", "__close" } do
    class[name] = stream_mt[name]
  end
  return class
end

return stream
