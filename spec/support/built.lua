-- built.lua: where make has put what it builds for the specs.

---The path of such a file, or nil.
---@param name string "attacker.so", "failalloc" ...
---@return string|nil
return function(name)
  for directory in package.cpath:gmatch "([^;]+)/%?%.so" do
    local path = directory .. "/" .. name
    local file = io.open(path)
    if file then
      file:close()
      return path
    end
  end
end
