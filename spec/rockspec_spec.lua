local process = require "support.process"

describe("luarocks make", function()
  teardown(process.cleanup)

  for _, case in ipairs { { "5.4", "lua5.4" }, { "5.1", "lua5.1" } } do
    it(("installs module and command for Lua %s without network, and leaves the tree clean"):format(case[1]), function()
      if not (process.has "luarocks" and process.has(case[2])) then
        return pending("needs luarocks and " .. case[2])
      end
      local copy, tree = process.tmpdir(), process.tmpdir()
      assert(os.execute(("cp -r Makefile beartls-scm-1.rockspec lua src %s"):format(copy)))
      local before = process.run(("cd %s && find . -type f | sort"):format(copy))
      local nowhere = "http://127.0.0.1:1"
      local make = "cd %s && luarocks --lua-version %s --tree %s make beartls-scm-1.rockspec CFLAGS='-O0 -fPIC'"
      local output, code = process.run(make:format(copy, case[1], tree), { seconds = 240,
        env = { http_proxy = nowhere, https_proxy = nowhere } })
      assert.equal(0, code, output)
      local after = process.run(("cd %s && find . -type f -not -path './build/*' | sort"):format(copy))
      assert.equal(before, after)
      output, code = process.run(("cd / && %s -e %s"):format(case[2], process.quote(
        ('package.path = "%s/share/lua/%s/?.lua;%s/share/lua/%s/?/init.lua"; package.cpath = "%s/lib/lua/%s/?.so";'
          .. 'print(require "beartls".config { insecure_no_verify = true }:client():drain():byte())'):format(
          tree, case[1], tree, case[1], tree, case[1]))), { env = { LUA_PATH = "", LUA_CPATH = "" } })
      assert.equal(0, code, output)
      assert.equal("22\n", output)
      output, code = process.run(tree .. "/bin/beartls --help", { env = { LUA_PATH = ";;", LUA_CPATH = ";;" } })
      assert.equal(0, code, output)
      assert.matches("connect", output)
    end)
  end
end)
