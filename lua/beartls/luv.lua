-- luv.lua: streams on luv, libuv's loop (also Neovim's vim.loop), in coroutines or with callbacks. connect, wrap and
-- accept are every adapter's: see stream/adapter.lua.

local adapter = require "beartls.stream.adapter"
local callbacks = require "beartls.luv.callbacks"
local dial = require "beartls.luv.dial"
local stream = require "beartls.stream"
local task = require "beartls.luv.task"
local transport = require "beartls.luv.transport"
local uv = require "luv"

local luv = adapter.new {
  name = "luv",
  now = function()
    return uv.hrtime() / 1e9
  end,
  dial = dial.tcp,
  transport = transport.new,
  check = transport.check,
  class = stream.class(callbacks),
}

---Begins a coroutine, in which streams wait without holding up the loop. What it raises, luv hears of.
---@param f function
---@param ... any its arguments
---@return thread
luv.go = task.go

local connect_and_wait = luv.connect

---Connects as every adapter does: in a coroutine, or with a callback from anywhere.
---@param host string
---@param port integer|string
---@param config beartls.config|nil
---@param given table|nil as every connect's
---@param callback fun(err: string|nil, stream: beartls.luv.stream|nil, code: string|nil, failure: table|nil)|nil
---@return beartls.luv.stream|nil
---@return string|nil message
---@return string|nil code
---@return table|nil failure
function luv.connect(host, port, config, given, callback)
  if not callback then
    return connect_and_wait(host, port, config, given)
  end
  task.go(function()
    local connection, message, code, failure = connect_and_wait(host, port, config, given)
    callback(message, connection, code, failure)
  end)
end

---Listens, and runs a coroutine for each client whose handshake succeeds. The stream is closed when it returns.
---@param host string an address of this machine
---@param port integer 0 for any that is free: server:getsockname().port
---@param config beartls.config|function as accept takes it
---@param handler fun(stream: beartls.luv.stream)
---@param given table|nil { timeout = seconds for the handshake, unread_limit =, backlog = how many connections may
---wait to be accepted (128), on_error = fun(message, code, stream) when a handshake fails, before the stream is
---closed }
---@return userdata|nil server luv's TCP handle: close it to listen no more
---@return string|nil message
function luv.listen(host, port, config, handler, given)
  adapter.check_server_config(config, "luv.listen")
  given = adapter.check_options(given, { "timeout", "unread_limit", "backlog", "on_error" }, "luv.listen")
  local server = uv.new_tcp()
  local ok, err = server:bind(host, port)
  if ok then
    ok, err = server:listen(given.backlog or 128, function(failed)
      local tcp = uv.new_tcp()
      if failed or not server:accept(tcp) then
        return tcp:close()
      end
      tcp:nodelay(true)
      local client = luv.accept(tcp, config, { unread_limit = given.unread_limit })
      if not client then
        return tcp:close()
      end
      task.go(adapter.serve, client, handler, given)
    end)
  end
  if not ok then
    server:close()
    return nil, err
  end
  return server
end

return luv
