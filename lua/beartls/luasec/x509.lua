-- x509.lua: what LuaSec's ssl.x509 has.

return { load = require("beartls.luasec.certificate").load }
