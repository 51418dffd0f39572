-- install.lua: beartls.luasec in LuaSec's place. It loads nothing by itself, so that a program which has beartls
-- compiled in may install it before there is a LuaSocket.

local names = {
  ssl = "beartls.luasec", ["ssl.context"] = "beartls.luasec.context", ["ssl.core"] = "beartls.luasec.core",
  ["ssl.x509"] = "beartls.luasec.x509", ["ssl.config"] = "beartls.luasec.config",
  ["ssl.https"] = "beartls.luasec.https",
}

return function()
  for name, ours in pairs(names) do
    package.preload[name] = function()
      return require(ours)
    end
    package.loaded[name] = nil
  end
end
