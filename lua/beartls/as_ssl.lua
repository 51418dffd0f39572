-- as_ssl.lua: lua -l beartls.as_ssl script.lua runs a script that was written for LuaSec, unchanged.

local luasec = require "beartls.luasec"

luasec.install()

return luasec
