-- neovim.lua: in neovim, over its own event loop: vim.loop is luv.
-- luacheck: read globals vim

local talk = require "hosts.embedders.talk"

local uv, got, ended = vim.loop, {}, false
local tcp = uv.new_tcp()

-- It polls: receive takes what the callback has left, wait runs the loop until there is something.
local transport = {
  send = function(_, bytes, first)
    tcp:write(bytes:sub(first))
    return #bytes
  end,
  receive = function()
    local bytes = table.remove(got, 1)
    return bytes, not bytes and (ended and "closed" or "want_read") or nil
  end,
  wait = function()
    return vim.wait(10000, function() return got[1] or ended end, 1) or nil, "timeout"
  end,
  close = function()
    tcp:close()
  end,
}

local connected
tcp:connect(talk.address, talk.port, function(err)
  assert(not err, err)
  connected = tcp:read_start(function(_, bytes)
    got[#got + 1] = bytes
    ended = bytes == nil
  end)
end)
assert(vim.wait(10000, function() return connected end, 1))
print(talk.through(transport, "neovim"))
