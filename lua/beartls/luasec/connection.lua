-- connection.lua: a connection with LuaSec's methods: a stream of beartls behind them.

local adopt = require "beartls.luasec.adopt"
local context = require "beartls.luasec.context"
local handshake = require "beartls.luasec.handshake"
local luasocket = require "socket"
local object = require "beartls.luasec.object"

local methods = {}
local kind = object.kind("SSL:Connection", "SSL connection", methods)

local connection = { kind = kind, methods = methods }

local check_string = object.check_string

local function check(self, what)
  return kind:check(self, 1, what)
end

---Makes a connection that has no socket yet.
---@param ctx userdata a context
---@return userdata
function connection.new(ctx)
  return kind:new {
    context = context.kind:check(ctx, 1, "create"), want = "nothing", held = 0, received = 0, sent = 0,
    since = luasocket.gettime(),
  }
end

---Gives it the descriptor of its socket.
---@param self userdata
---@param fd number
function connection.setfd(self, fd)
  local state = check(self, "setfd")
  state.transport = assert(adopt.fd(object.check_number(fd, 2, "setfd")))
end

---Gives it a socket, which is left without its descriptor.
---@param self userdata
---@param socket table|userdata
---@return boolean
---@return string|nil err
function connection.adopt(self, socket)
  local transport, err = adopt.socket(socket)
  check(self, "wrap").transport = transport
  return transport ~= nil, err
end

---Goes on with the handshake.
---@return boolean done
---@return string|nil err "wantread", "wantwrite", "closed", or why it has failed
function methods:dohandshake()
  local state = check(self, "dohandshake")
  state.want = "nothing"
  return handshake.run(state)
end

-- The words for what a stream has not done.
local function reason(state, message, code)
  if code == "truncated" then
    return state.context.options.ignore_unexpected_eof and "closed" or "unexpected eof while reading"
  end
  return handshake.want(state, code) or message
end

---Receives as LuaSocket does: "*l" (unless given), "*a", or a number of bytes.
---@param pattern string|number|nil
---@param prefix string|nil what the result begins with
---@return string|nil data
---@return string|nil err "wantread", "wantwrite", "closed", "unexpected eof while reading" (the connection was cut) ...
---@return string|nil partial what has been read when there is an error
function methods:receive(pattern, prefix)
  local state = check(self, "receive")
  state.want = "nothing"
  if not state.open or state.closed then
    return nil, "closed", prefix or ""
  end
  local data, message, partial, code = state.stream:receive(pattern, prefix)
  local got = #(data or partial) - #tostring(prefix or "")
  if data and (pattern == nil or tostring(pattern):find "^%*?l") then
    got = got + 1 -- the end of the line
  end
  state.received = state.received + math.max(got, 0)
  if data then
    return data, nil, nil
  end
  local err = reason(state, message, code)
  if err == "closed" and code == "truncated" and got > 0 and tostring(pattern):find "^%*?a" then
    return partial, nil, nil
  end
  return nil, err, partial
end

-- As LuaSocket counts: from the end when it is negative.
local function bounds(data, i, j)
  i = i == nil and 1 or object.check_number(i, 3, "send")
  j = j == nil and -1 or object.check_number(j, 4, "send")
  i, j = math.floor(i < 0 and #data + i + 1 or i), math.floor(j < 0 and #data + j + 1 or j)
  return math.max(i, 1), math.min(j, #data)
end

-- A stream counts as sent what it has encrypted, even if that has not left; a program that does not come back for an
-- empty rest would leave it behind. So the last of these bytes does not count before all has left: the program sends it
-- again, as it has to with OpenSSL, and it is not taken twice (`held` is 1 in the meantime).

---Sends data[i..j]. After "wantread" or "wantwrite" go on behind the last index.
---@param data string
---@param i number|nil
---@param j number|nil
---@return integer|nil last
---@return string|nil err "wantread", "wantwrite", "closed" or a sentence
---@return integer|nil last the last index that counts as sent when there is an error
function methods:send(data, i, j)
  local state = check(self, "send")
  data = check_string(data, 2, "send")
  local first, last = bounds(data, i, j)
  state.want = "nothing"
  if not state.open or state.closed then
    return nil, "closed", 0
  end
  local known = math.min(state.held, math.max(last - first + 1, 0))
  local done, message, taken, code = state.stream:send(data, first + known, last)
  if done then
    state.held = state.held - known
    state.sent = state.sent + math.max(last - first + 1, 0)
    return done, nil, nil
  end
  local err = reason(state, message, code)
  local count = taken - first + 1
  if not handshake.passes[code] then
    return nil, err, first - 1
  elseif count > 0 then
    count = count - 1
    state.held = state.held - known + 1
  end
  state.sent = state.sent + count
  return nil, err, first + count - 1
end

---@param seconds number|nil 0: never waits; negative or nil: waits for ever
---@param mode "b"|"t"|nil
---@return integer 1
function methods:settimeout(seconds, mode)
  local state = check(self, "settimeout")
  if mode ~= nil and mode ~= "b" and mode ~= "t" then
    error("bad argument #3 to 'settimeout' (invalid timeout mode)", 2)
  end
  if state.transport and not state.closed then
    state.transport:settimeout(seconds and object.check_number(seconds, 2, "settimeout"), mode)
  end
  return 1
end

---To be called before the handshake: a client says whom it wants, a server whom it serves.
---@param names string|table<string, userdata> a client: a name; a server: contexts by name
---@param strict boolean|nil a server: a client that wants somebody else is refused
---@return true
function methods:sni(names, strict)
  local state = check(self, "sni")
  if state.context.mode == "client" then
    state.server_name = check_string(names, 2, "sni")
  elseif type(names) ~= "table" then
    object.bad_argument(2, "sni", "table", names)
  else
    state.contexts, state.strict = names, strict
  end
  return true
end

---Sends close_notify, as far as it goes without waiting long, and closes the socket.
---@return integer 1
function methods:close()
  local state = check(self, "close")
  if not state.closed then
    state.closed, state.want = true, "nothing"
    local open = state.stream or state.transport
    if open then
      open:close()
    end
  end
  return 1
end

kind.metatable.__close = methods.close

---@return integer descriptor -1 when there is none
function methods:getfd()
  local state = check(self, "getfd")
  if state.closed or not state.transport then
    return -1
  end
  return state.transport:getfd()
end

---Whether receive has something to say without waiting.
---@return boolean
function methods:dirty()
  local state = check(self, "dirty")
  return state.open and not state.closed and state.stream:dirty() or false
end

---@return "nothing"|"read"|"write" what the last call was missing
function methods:want()
  return check(self, "want").want
end

---@return integer received bytes
---@return integer sent bytes
---@return number age seconds
function methods:getstats()
  local state = check(self, "getstats")
  return state.received, state.sent, luasocket.gettime() - state.since
end

---@param received number
---@param sent number
---@param age number seconds
---@return integer 1
function methods:setstats(received, sent, age)
  local state = check(self, "setstats")
  state.received = object.check_number(received, 2, "setstats")
  state.sent = object.check_number(sent, 3, "setstats")
  state.since = luasocket.gettime() - object.check_number(age, 4, "setstats")
  return 1
end

-- What LuaSec's connections lack: there the socket is out of reach once it is wrapped.
for _, name in ipairs { "getpeername", "getsockname", "setoption", "getoption" } do
  methods[name] = function(self, ...)
    local state = check(self, name)
    if state.closed or not state.transport then
      return nil, "closed"
    end
    return state.transport[name](state.transport, ...)
  end
end

return connection
