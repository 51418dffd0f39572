-- object.lua: the objects that programs of LuaSec see. They are userdata, since some programs tell an object from a
-- table of parameters by that; their methods are a table behind __index, since some programs copy them from there.

local core = require "beartls.core"

local object = {}

---@class beartls.luasec.kind
local kind = {}
kind.__index = kind

---Makes a kind of objects.
---@param name string what LuaSec calls it: "SSL:Connection"
---@param shown string how tostring begins: "SSL connection"
---@param methods table<string, function>
---@return beartls.luasec.kind
function object.kind(name, shown, methods)
  local metatable = { __name = name, __index = methods }

  function metatable.__tostring(self)
    local state = core.handle_state(self, metatable)
    return ("%s: %s"):format(shown, tostring(state):match "0x%x+" or tostring(state))
  end

  return setmetatable({ name = name, methods = methods, metatable = metatable }, kind)
end

---Makes an object.
---@param state table what its methods work on
---@return userdata
function kind:new(state)
  return core.handle(self.metatable, state)
end

---What an object holds; nil when the value is something else.
---@param value any
---@return table|nil
function kind:state(value)
  return value ~= nil and core.handle_state(value, self.metatable) or nil
end

---The same for an argument: raises when it is something else.
---@param value any
---@param position integer
---@param what string the function that was called
---@return table
function kind:check(value, position, what)
  return self:state(value) or object.bad_argument(position, what, self.name, value)
end

---Raises as Lua's own functions do.
---@param position integer
---@param what string the function that was called
---@param expected string
---@param value any what came instead
function object.bad_argument(position, what, expected, value)
  local got = value == nil and "no value" or type(value)
  error(("bad argument #%d to '%s' (%s expected, got %s)"):format(position, what, expected, got), 4)
end

---A string or a number, as a string; raises when it is something else.
---@param value any
---@param position integer
---@param what string
---@return string
function object.check_string(value, position, what)
  if type(value) ~= "string" and type(value) ~= "number" then
    object.bad_argument(position, what, "string", value)
  end
  return tostring(value)
end

---A number; raises when it is something else.
---@param value any
---@param position integer
---@param what string
---@return number
function object.check_number(value, position, what)
  return tonumber(value) or object.bad_argument(position, what, "number", value)
end

return object
