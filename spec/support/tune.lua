-- tune.lua: the parameters of the collector, whose names depend on the version of Lua.

---@param name "pause"|"stepmul"
---@param value integer
---@return integer before
return function(name, value)
  if pcall(collectgarbage, "param", name) then -- Lua 5.5
    return collectgarbage("param", name, value)
  end
  return collectgarbage("set" .. name, value)
end
