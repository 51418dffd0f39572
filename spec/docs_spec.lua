-- Every code block of docs/ is run: those of one page in their order, in one directory. What a block says it prints,
-- after `-->`, it has to print, in that order.
local pki = require "support.pki"
local process = require "support.process"
local web = require "support.web"

local LUA = os.getenv "BEARTLS_LUA" or "lua5.4"

local function blocks(path)
  local list, block = {}, nil
  for line in io.lines(path) do
    local kind = line:match "^```(%w*)"
    if block and kind then
      list[#list + 1], block = block, nil
    elseif kind then
      block = { kind = kind }
    elseif block then
      block[#block + 1] = line
    end
  end
  return list
end

local here = io.popen("pwd"):read "*l"
local env = {
  LUA_PATH = ("%s/lua/?.lua;%s/lua/?/init.lua;;"):format(here, here),
  LUA_CPATH = ("%s/build/%s/?.so;%s"):format(here, LUA, package.cpath),
}

local function fine(command)
  local output, code = process.run(command, { env = env })
  assert.equal(0, code, command .. "\n" .. output)
  return output
end

-- What a page's blocks find there, and what has to be changed in them.
local prepare = {
  ["docs/https.md"] = function(dir)
    local server = web.start "request"
    process.write_file(dir .. "/ca.pem", pki.read "trust.pem")
    process.write_file(dir .. "/me.pem", pki.read "client_ec.pem" .. pki.read "client_ec.key")
    return function(text)
      return (text:gsub("localhost:8443", server.host))
    end
  end,
}

local runners = {}

function runners.lua(block, dir, change)
  local text = table.concat(block, "\n")
  process.write_file(dir .. "/block.lua", change and change(text) or text)
  local output, at = fine(("cd %s && %s block.lua"):format(dir, LUA)), 1
  for _, line in ipairs(block) do
    local wanted = line:match "%-%-> (.*)$"
    if wanted then
      local _, stop = output:find(wanted, at, true)
      assert.is_truthy(stop, ("%s is not there in:\n%s"):format(wanted, output))
      at = stop + 1
    end
  end
end

function runners.sh(block, dir)
  for _, line in ipairs(block) do
    fine(("cd %s && %s"):format(dir, (line:gsub("^beartls", LUA .. " " .. here .. "/lua/beartls/command"))))
  end
end

local function squeezed(text)
  return (text:gsub("%s+", " "))
end

-- A piece of the example for nginx, which spec/hosts runs.
function runners.nginx(block)
  local text = squeezed(table.concat(block, "\n"))
  assert.is_truthy(squeezed(process.read_file "examples/openresty.conf"):find(text, 1, true), text)
end

-- What is not run, since it does not end by itself.
function runners.text(block)
  assert.is_true(#block > 0)
end

for path in io.popen("ls docs/*.md"):lines() do
  describe(path, function()
    local dir, change
    setup(function()
      dir = process.tmpdir()
      change = prepare[path] and prepare[path](dir)
    end)
    teardown(process.cleanup)

    for i, block in ipairs(blocks(path)) do
      it(("block %d (%s) does what it says: %s"):format(i, block.kind, block[1]), function()
        runners[block.kind](block, dir, change)
      end)
    end
  end)
end
