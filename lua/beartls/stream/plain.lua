-- plain.lua: a connection of any event loop without TLS, for what has to be asked beside a stream (a store): what is
-- sent is sent whole, what is received has just the size that is wanted, and each call has its time.

local plain = {}
plain.__index = plain

---@param transport table see stream.lua
---@param seconds number|nil how long each call may take
function plain.new(transport, seconds)
  return setmetatable({ transport = transport, seconds = seconds, buffer = "", at = 1 }, plain)
end

local function begin(self)
  if self.transport.begin then
    self.transport:begin(self.seconds)
  end
end

-- What to do about an error of the transport: true to try again, or nil, err.
local function go_on(self, err, passing, want)
  if err ~= passing or not self.transport.wait then
    return nil, err
  end
  local ok, why = self.transport:wait(want)
  if ok then
    return true
  end
  return nil, why or "timeout"
end

---Sends all of it.
---@param bytes string
---@return integer|nil sent how many bytes
---@return string|nil err "timeout", "closed" or the host's own words
function plain:send(bytes)
  begin(self)
  local sent = 0
  while sent < #bytes do
    local last, err, partial = self.transport:send(bytes, sent + 1)
    sent = last or partial or sent
    if sent < #bytes and err then
      local ok, why = go_on(self, err, "want_write", "write")
      if not ok then
        return nil, why
      end
    end
  end
  return sent
end

---Receives just so many bytes.
---@param n integer
---@return string|nil bytes
---@return string|nil err "timeout", "closed" or the host's own words
function plain:receive(n)
  begin(self)
  while #self.buffer - self.at + 1 < n do
    local bytes, err = self.transport:receive()
    if bytes then
      self.buffer, self.at = self.buffer:sub(self.at) .. bytes, 1
    else
      local ok, why = go_on(self, err, "want_read", "read")
      if not ok then
        return nil, why
      end
    end
  end
  local from = self.at
  self.at = from + n
  return self.buffer:sub(from, from + n - 1)
end

function plain:close()
  self.transport:close()
end

return plain
