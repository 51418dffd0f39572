-- dial.lua: a TCP connection of luv, or why there is none.

local task = require "beartls.luv.task"
local unreachable = require "beartls.stream.unreachable"
local uv = require "luv"

local dial = {}

local function addresses(host, deadline)
  return task.await(function(callback)
    local ok, err, name = uv.getaddrinfo(host, nil, { socktype = "stream" }, callback)
    if not ok then
      local soon = uv.new_timer()
      soon:start(0, 0, function()
        soon:close()
        callback(name or err)
      end)
    end
  end, deadline())
end

---Connects, within a coroutine: to the first address of the host that takes the connection.
---@param host string a name or an address, without brackets
---@param port integer|string
---@param seconds number|nil how long that may take
---@return userdata|nil tcp luv's
---@return table|nil failure { message, code, hint }
function dial.tcp(host, port, seconds)
  local start = uv.hrtime()
  local function left()
    return seconds and math.max(seconds - (uv.hrtime() - start) / 1e9, 0)
  end
  local err, list = addresses(host, left)
  for _, address in ipairs(not err and list or {}) do
    local tcp = uv.new_tcp()
    err = task.await(function(callback)
      tcp:connect(address.addr, math.floor(tonumber(port)), callback)
    end, left())
    if not err then
      tcp:nodelay(true) -- a record is a whole: nothing gets better by waiting
      return tcp
    end
    tcp:close()
  end
  return nil, unreachable.failure(host, port, err or "EAI_NONAME")
end

return dial
