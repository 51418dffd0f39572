-- keepalive.lua: connections that are new or were kept, and keeping them (see pool.lua).

local adapter = require "beartls.stream.adapter"
local pool = require "beartls.resty.pool"
local stream = require "beartls.stream"
local transport = require "beartls.resty.transport"
local unreachable = require "beartls.stream.unreachable"

local keepalive = {}

-- What setkeepalive has unless it is said: nginx's own defaults.
local IDLE_MILLISECONDS = 60000
local POOL_SIZE = 30

local hint_resolver = "nginx resolves names itself (%s): it needs a resolver directive, or an address"

local function failure_of(address, port, err)
  if not err:find("resolve", 1, true) then
    return unreachable.failure(address, port, err)
  end
  local failure = unreachable.failure(address, port, "host not found")
  failure.hint = hint_resolver:format(err)
  return failure
end

-- A connection: out of nginx's pool when there is one of that name, else a new one.
local function dial(address, port, id, milliseconds)
  local sock = ngx.socket.tcp()
  sock:settimeouts(milliseconds or 0, 0, 0)
  local ok, err
  if address:find "^unix:" then
    ok, err = sock:connect(address, { pool = id })
  else
    local bracketed = address:find(":", 1, true) and "[" .. address .. "]" or address
    ok, err = sock:connect(bracketed, tonumber(port), { pool = id })
  end
  if not ok then
    return nil, failure_of(address, port, err)
  end
  local connection = transport.new(sock)
  connection.reused = sock:getreusedtimes()
  if connection.reused == 0 then
    connection:setoption("tcp-nodelay", true) -- a record is a whole: nothing gets better by waiting
  end
  return connection
end

-- Where a connection belongs in the pool, with the session that is kept there, if there is one; nil, message, code when
-- the config cannot say who we are.
local function take_seat(address, port, config, given)
  if given.pool == false then
    return { id = pool.new_id() }
  end
  local identity, message, code = config:identity()
  if not identity then
    return nil, message, code
  end
  local key = pool.key(address, port, given.server_name or address, identity, given.pool)
  local kept = pool.take(key)
  return { key = key, id = kept and kept.id or pool.new_id(), session = kept and kept.session }
end

-- A stream with a handshake; nil, message, code, failure when it does not come to be.
local function shake(host, connection, session, given, deadline, address, port)
  local seconds = deadline and math.max(deadline - ngx.now(), 0.001)
  return adapter.shake(stream.new(session, connection, given, host.class), seconds, address, port)
end

---The stream of a connection that was kept, or of a new one.
---@param host table as for adapter.new
---@param address string without brackets
---@param port integer|string
---@param config beartls.config
---@param given table options of resty.connect
---@return beartls.stream|nil
---@return string|nil message
---@return string|nil code
---@return table|nil failure
function keepalive.connect(host, address, port, config, given)
  local function start()
    return stream.client(config, given.server_name or address, given, unreachable.where(address, port))
  end
  local seat, message, code = take_seat(address, port, config, given)
  local kept = seat and seat.session
  local session = kept
  if seat and not kept then
    session, message, code = start()
  end
  if not session then
    return nil, message, code
  end
  local timeouts = given.timeouts or {}
  ngx.update_time() -- nginx's clock stands still while a program is busy
  local deadline = given.timeout and ngx.now() + given.timeout / 1000
  local connection, failure = dial(address, port, seat.id, given.timeout or timeouts[1])
  if not connection then
    return nil, failure.message, failure.code, failure
  end
  seat.session = nil
  connection.seat = seat.key and seat
  connection:settimeouts(timeouts[1], timeouts[2], timeouts[3])
  if kept and connection.reused > 0 then
    return stream.new(kept, connection, given, host.class)
  elseif kept then -- the connection that belongs to it has gone
    session, message, code = start()
    if not session then
      connection:close()
      return nil, message, code
    end
  end
  return shake(host, connection, session, given, deadline, address, port)
end

---Keeps the connection of a stream, which is closed then in any case.
---@param connected beartls.stream
---@param milliseconds number|nil
---@param size integer|nil
---@return integer|nil 1
---@return string|nil message
---@return string|nil code
function keepalive.keep(connected, milliseconds, size)
  local seat, sock = connected.transport.seat, connected.transport.sock
  milliseconds = milliseconds or IDLE_MILLISECONDS
  if not seat then
    return nil, "only what connect has made with a pool can be kept", "config_no_pool"
  elseif not pool.has_room(seat.key, size or POOL_SIZE) then
    return connected:close()
  end
  local session, message, code = connected:release()
  if not session then
    connected:close()
    return nil, message, code
  end
  local ok, err = sock:setkeepalive(milliseconds, 1)
  if not ok then
    sock:close()
    return nil, "nginx does not keep the connection: " .. err, "io_error"
  end
  local expires = milliseconds > 0 and ngx.now() + milliseconds / 1000 or math.huge
  pool.put(seat.key, { id = seat.id, session = session, expires = expires })
  return 1
end

return keepalive
