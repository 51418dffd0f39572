-- Every code block of docs/ is run: those of one page in their order, in one directory. What a block says it prints,
-- after `-->`, it has to print, in that order.
local process = require "support.process"

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

local runners = {}

function runners.lua(block, dir)
  process.write_file(dir .. "/block.lua", table.concat(block, "\n"))
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

-- What is not run, since it does not end by itself.
function runners.text(block)
  assert.is_true(#block > 0)
end

for path in io.popen("ls docs/*.md"):lines() do
  describe(path, function()
    local dir
    setup(function()
      dir = process.tmpdir()
    end)
    teardown(process.cleanup)

    for i, block in ipairs(blocks(path)) do
      it(("block %d (%s) does what it says: %s"):format(i, block.kind, block[1]), function()
        runners[block.kind](block, dir)
      end)
    end
  end)
end
