-- http.lua: the object that socket.http makes with `create` and then connects: LuaSocket's object before
-- and after connect, in one.

local adapter = require "beartls.stream.adapter"
local stream = require "beartls.stream"
local transport = require "beartls.socket.transport"

local connecting = {}

local connecting_mt = { __index = connecting }

for name in pairs(stream.methods) do
  connecting[name] = function(self, ...)
    if not self.stream then
      return nil, "closed", "", "closed"
    end
    return self.stream[name](self.stream, ...)
  end
end

-- Before connect and after it.
function connecting:settimeout(seconds, mode)
  if self.stream then
    self.stream:settimeout(seconds, mode)
  end
  return transport.settimeout(self, seconds, mode)
end

function connecting:connect(host, port)
  if self.stream then
    return nil, "already connected"
  end
  local given = { timeout = self.block or self.total }
  for name, value in pairs(self.given) do
    given[name] = value
  end
  local message, code, failure
  self.stream, message, code, failure = self.dial(host, port, self.config, given)
  if not self.stream then
    return nil, message, code, failure
  end
  self:settimeout(self.block)
  self:settimeout(self.total, "t")
  return 1
end

function connecting:close()
  return self.stream and self.stream:close() or 1
end

---Makes what socket.http calls `create`. Set scheme besides, or LuaSocket forgets `create` when it
---is redirected:
---
---  http.request { url = "https://...", scheme = "https", create = socket.create(config), ... }
---
---or, for every request of the program (it then needs neither):
---
---  http.schemes.https = { port = 443, create = function() return socket.create(config) end }
---
---Each connection verifies the host of its URL. Proxies are not supported.
---@param name string of the function
---@param dial fun(host, port, config, given) connects and shakes hands: a stream, or nil, message, code, failure
---@return fun(config: beartls.config|nil, given: table|nil): fun(): table create; config: tls.config {} unless given;
---given: { server_name =, ticket =, unread_limit = }
return function(name, dial)
  return function(config, given)
    if config ~= nil then
      adapter.check_config(config, name)
    end
    given = adapter.check_options(given, { "server_name", "ticket", "unread_limit" }, name)
    return function()
      return setmetatable({ dial = dial, config = config, given = given }, connecting_mt)
    end
  end
end
