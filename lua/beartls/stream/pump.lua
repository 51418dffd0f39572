-- pump.lua: carries ciphertext between a stream's session and its transport, and plaintext from the session
-- to where it is read. All of it works on a stream: see stream.lua for what a transport is, and for why
-- nothing may be kept on the stack across send, receive and wait.

local resumption = require "beartls.stream.resumption"

-- Up to how many bytes a receive collects in the session, whose queue would have to grow for more.
local WHOLE = 32768

-- Errors of a transport that pass.
local passing = { timeout = true, want_read = true, want_write = true }

-- LuaSocket's programs compare these words with the second value of receive and send.
local words = { closed = true, truncated = true }

-- Everything that the session has decrypted, and its last word if it has said it.
local function pull(self)
  if self.collecting and self.tls:state() == "open" then
    return -- it keeps what somebody wants in one piece
  end
  while not self.end_code do
    local data, message, code = self.tls:read()
    if data then
      self.inbox:put(data)
    elseif code == "want_read" then
      return
    else
      self.end_message, self.end_code = message, code
    end
  end
end

-- What has ended says how: the word or sentence, and the code.
local function last_word(self)
  if self.closed then
    return "closed", "closed" -- by another coroutine, whatever the peer says
  end
  local code = self.end_code
  if self.opened and words[code] then
    return code, code
  end
  return self.end_message, code
end

-- Gives the transport as much of the pending ciphertext as it takes: true when all has left, or
-- nil, err.
local function flush(self)
  if self.flushing then
    return true -- another coroutine is at it and takes ours along
  end
  while true do
    if not self.pending then
      self.pending, self.sent = self.tls:drain(), 0
      if not self.pending then
        return true
      end
    end
    self.flushing = true
    local last, err, partial = self.transport:send(self.pending, self.sent + 1)
    self.flushing = false
    if not self.pending then
      return nil, "closed" -- by another coroutine, while this one was sending
    end
    self.sent = last or partial or self.sent
    if self.sent >= #self.pending then
      self.pending = nil
    elseif err then
      return nil, err
    end
  end
end

-- Takes in what the transport has: true when something has happened, or nil, err.
local function take_in(self)
  local bytes, err = self.transport:receive()
  if bytes then
    self.tls:feed(bytes) -- what the session thinks of them is found by reading
  elseif err == "closed" then
    self.tls:feed(nil)
  else
    return nil, err
  end
  resumption.serve(self)
  pull(self)
  if self.end_code then
    flush(self) -- the alert that goes with a failure, or the answer to a close_notify
  end
  return true
end

-- An error of the transport, for the program: nil, message, code.
local function transport_error(self, err, doing)
  if self.closed then
    return nil, "closed", "closed"
  elseif passing[err] then
    self.wanted = err:match "^want_(.*)" -- of a transport that is a stream: see nested.lua
    return nil, err, err
  end
  if err == "closed" then
    if self.receiving then
      return nil, "closed", "closed" -- the coroutine that reads will find out more
    end
    -- The transport takes nothing more, but the peer may have said why before it left.
    while not self.end_code and self.inbox.size < self.unread_limit and take_in(self) do
    end
    self.tls:feed(nil)
    pull(self)
  end
  if not self.end_code then
    self.end_message, self.end_code = ("could not %s the peer: %s"):format(doing, err), "io_error"
    self.io_failure = { message = self.end_message, code = self.end_code }
  end
  return nil, last_word(self)
end

-- Waits until it is worth trying again: true, or nil, message, code.
local function wait(self, want, mainly)
  local ok, err
  if self.transport.wait then
    ok, err = self.transport:wait(want, mainly)
  end
  if self.closed then
    return nil, "closed", "closed" -- another coroutine has closed the stream under the one that waits
  elseif ok then
    return true
  elseif err then
    return transport_error(self, err, "wait for")
  end
  self.wanted = self.transport.want and self.transport:want() or self.pending and "write" or "read"
  return nil, "want_" .. self.wanted, "want_" .. self.wanted
end

-- One turn of the pump on behalf of somebody who needs input: out what can go out, then in what has
-- come, or a wait. true, or nil, message, code.
local function turn(self)
  local sent, err = flush(self)
  if not sent and err ~= "want_write" then
    return transport_error(self, err, "send to")
  end
  self.receiving = true
  local ok, message, code
  ok, err = take_in(self)
  if not ok and err == "want_read" then
    ok, message, code = wait(self, sent and "read" or "both", "read")
  end
  self.receiving = false
  if not ok and not message then
    return transport_error(self, err, "receive from")
  end
  return ok, message, code
end

-- Until there is something to read: true, or nil, message, code.
local function fill(self)
  pull(self)
  while self.inbox.size == 0 do
    if self.end_code then
      return nil, last_word(self)
    end
    local ok, message, code = turn(self)
    if not ok and (self.closed or self.inbox.size == 0) then
      return nil, message, code
    end
  end
  return true
end

-- Until all ciphertext has left: true, or nil, message, code.
local function flush_all(self)
  while true do
    local sent, err = flush(self)
    if sent then
      return true
    elseif err ~= "want_write" then
      return transport_error(self, err, "send to")
    elseif self.end_code and self.end_code ~= "closed" then
      return nil, last_word(self)
    end
    local reads = not self.end_code and not self.receiving and self.inbox.size < self.unread_limit
    local ok, message, code = wait(self, reads and "both" or "write", "write")
    if not ok then
      return nil, message, code
    end
    if reads and not self.receiving then -- nobody has begun to read during the wait
      ok, err = take_in(self)
      if not ok and not passing[err] then
        return transport_error(self, err, "receive from")
      end
    end
  end
end

-- Whether a coroutine is in the middle of a send.
local function is_sending(self)
  return self.sender ~= nil and coroutine.status(self.sender) ~= "dead"
end

-- Waits until no other coroutine is in the middle of a send, so that what two of them send is not mixed: true, or nil,
-- message, code. Where the transport waits inside its send, there is nothing to wait with.
local function take_turn(self)
  local me, main = coroutine.running()
  if main or not me or not self.transport.wait then
    return true
  end
  while self.sender ~= me and is_sending(self) do
    local ok, message, code = wait(self, "write", "write")
    if not ok then
      return nil, message, code
    end
  end
  self.sender = me
  return true
end

-- The next n bytes, or fewer: what is in the inbox first, then what is missing, in one piece if it is not
-- much. That stays in the session until it is there, so that nobody has to join it.
local function next_piece(self, n)
  local whole = n <= WHOLE
  while self.inbox.size == 0 do
    local data, message, code = self.tls:read(n, whole and n or 1)
    if data then
      return data
    elseif code ~= "want_read" then
      self.end_message, self.end_code = message, code
      return nil, last_word(self)
    end
    local ok
    self.collecting = whole
    ok, message, code = turn(self)
    self.collecting = false
    if not ok then
      pull(self)
      if self.closed or self.inbox.size == 0 then
        return nil, message, code
      end
    end
  end
  return self.inbox:take(n)
end

return {
  passing = passing, words = words, pull = pull, last_word = last_word, flush = flush, wait = wait,
  turn = turn, fill = fill, flush_all = flush_all, take_turn = take_turn, is_sending = is_sending,
  next_piece = next_piece,
}
