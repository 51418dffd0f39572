-- callbacks.lua: what streams on luv have besides: luv's own style. Behind each callback is a coroutine that waits.

local task = require "beartls.luv.task"

---@class beartls.luv.stream : beartls.stream
local methods = {}

local function read_loop(self)
  while self.on_data do
    local data, err, code = self.held, nil, nil
    self.held = nil
    if not data then
      local _
      data, err, _, code = self:receiveany()
    end
    local on_data = not self.closed and self.on_data -- as luv has it: who closes hears no more
    if self.closed then
      self.on_data = nil
    elseif not on_data then
      self.held = data -- for whoever begins to read again
    elseif data then
      on_data(nil, data)
    elseif code == "timeout" then
      on_data(err, nil, code) -- nothing for as long as settimeout said: what that means, the program knows
    else
      self.on_data = nil
      on_data(code ~= "closed" and err or nil, nil, code)
    end
  end
  self.reads = false
end

---Calls back with what arrives: callback(nil, data); in the end callback(nil, nil, "closed") when the peer has closed
---the session, callback(message, nil, code) when it failed, or was cut ("truncated"). With settimeout(seconds), also
---callback("timeout", nil, "timeout") each time that nothing has come for so long; reading goes on. Nothing more after
---close().
---@param callback fun(err: string|nil, data: string|nil, code: string|nil)
function methods:read_start(callback)
  self.on_data = callback
  if not self.reads then
    self.reads = true
    task.go(read_loop, self)
  end
end

---Calls back no more, and takes nothing more from the peer, until read_start.
function methods:read_stop()
  self.on_data = nil
end

local function write_loop(self)
  while self.writes[1] do
    local item = table.remove(self.writes, 1)
    local ok, err, _, code = self:send(item.data)
    self.unwritten = self.unwritten - #item.data
    if item.callback then
      item.callback(not ok and err or nil, code)
    end
  end
  self.writes = nil
end

---Writes, behind what was written before. It never waits: look at get_write_queue_size, or wait for the callback,
---before you write more than memory should hold.
---@param data string
---@param callback fun(err: string|nil, code: string|nil)|nil when it has left, or will not
---@return true
function methods:write(data, callback)
  if type(data) ~= "string" then
    error("write: what is written must be a string, not a " .. type(data), 2)
  end
  self.unwritten = (self.unwritten or 0) + #data
  if self.writes then
    self.writes[#self.writes + 1] = { data = data, callback = callback }
  else
    self.writes = { { data = data, callback = callback } }
    task.go(write_loop, self)
  end
  return true
end

---How many bytes are waiting to leave: what write was given, and what luv has.
---@return integer
function methods:get_write_queue_size()
  return (self.unwritten or 0) + (self.closed and 0 or self.transport.tcp:get_write_queue_size())
end

return methods
