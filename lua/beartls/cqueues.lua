-- cqueues.lua: streams on cqueues' sockets: connect, wrap and accept are every adapter's: see stream/adapter.lua.
-- A stream can be given to cqueues.poll.

local adapter = require "beartls.stream.adapter"
local cq = require "cqueues"
local cqueues_socket = require "cqueues.socket"
local errno = require "cqueues.errno"
local stream = require "beartls.stream"
local transport = require "beartls.cqueues.transport"
local unreachable = require "beartls.stream.unreachable"

local function dial(host, port, seconds)
  local so, why = cqueues_socket.connect { host = host, port = math.floor(tonumber(port)), nodelay = true }
  if so then
    so:onerror(transport.give_error)
    local ok
    ok, why = so:connect(seconds)
    if ok then
      return so
    end
    so:close()
  end
  return nil, unreachable.failure(host, port, errno[why] or "host not found") -- what is no errno is the resolver's
end

---What cqueues asks of whatever it is given to poll.
---@class beartls.cqueues.stream : beartls.stream
local pollable = {}

---The descriptor.
---@return integer
function pollable:pollfd()
  return self.transport:getfd()
end

---What the last call, made with settimeout(0), was missing.
---@return string "r", "w" or "rw"
function pollable:events()
  if self:want() == "write" then
    return "rw"
  end
  return self.pending and "rw" or "r"
end

---0 when receive has something to say at once: then there is nothing to wait for.
---@return number|nil
function pollable:timeout()
  return self:dirty() and 0 or nil
end

local cqueues = adapter.new {
  name = "cqueues",
  now = cq.monotime,
  dial = dial,
  transport = transport.new,
  check = transport.check,
  class = stream.class(pollable),
}

---Accepts whoever comes to a listening socket, and runs a coroutine for each whose handshake succeeds. The stream is
---closed when it returns. This returns when the listening socket is closed.
---@param controller userdata cqueues.new()
---@param listener userdata cqueues.socket.listen's
---@param config beartls.config|function as accept takes it
---@param handler fun(stream: beartls.cqueues.stream)
---@param given table|nil { timeout = seconds for the handshake, unread_limit =,
---on_error = fun(message, code, stream) when a handshake fails, before the stream is closed }
function cqueues.serve(controller, listener, config, handler, given)
  adapter.check_server_config(config, "cqueues.serve")
  given = adapter.check_options(given, { "timeout", "unread_limit", "on_error" }, "cqueues.serve")
  listener:onerror(transport.give_error)
  while pcall(listener.pollfd, listener) do -- it raises when the socket is closed
    local so = listener:accept({ nodelay = true }, 0)
    if so then
      controller:wrap(function()
        local client = cqueues.accept(so, config, { unread_limit = given.unread_limit })
        if client then
          adapter.serve(client, handler, given)
        else
          so:close()
        end
      end)
    else
      cq.poll(listener)
    end
  end
end

return cqueues
