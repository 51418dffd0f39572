-- neovim.lua: in neovim, whose event loop is luv under another name.
-- luacheck: read globals vim

package.loaded.luv = vim.loop

local luv = require "beartls.luv"
local talk = require "hosts.embedders.talk"
local tls = require "beartls"

local said
coroutine.wrap(function()
  local connection = assert(luv.connect(talk.address, talk.port, assert(tls.config { trust = talk.ca }),
    { server_name = "localhost", timeout = 10 }))
  said = talk.over(connection, "neovim")
end)()
vim.wait(10000, function() return said end, 1)
print(said)
