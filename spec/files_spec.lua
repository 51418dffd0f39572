local files = require "beartls.files"
local process = require "support.process"

describe("files.create", function()
  local dir

  before_each(function()
    dir = process.tmpdir()
  end)
  teardown(process.cleanup)

  local function mode(path)
    return (process.run("stat -c %a " .. process.quote(path)):match "%d+")
  end

  local function count()
    return tonumber((process.run("ls -A " .. dir .. " | wc -l")):match "%d+")
  end

  it("writes what it is given, binary, in a file for its owner alone when that is asked for", function()
    local bytes = "\0\r\n\26'" .. ("x"):rep(200000)
    assert(files.create(dir .. "/a", bytes, { private = true }))
    assert.equal(bytes, process.read_file(dir .. "/a"))
    assert.equal("600", mode(dir .. "/a"))
    assert(files.create(dir .. "/empty", ""))
    assert.equal("", process.read_file(dir .. "/empty"))
  end)

  it("gives other files the mode that the process gives to files", function()
    local script = ('assert(require("beartls.files").create("%s/b", "b"))'):format(dir)
    local _, code = process.run(("umask 027; %s -e %s"):format(os.getenv "BEARTLS_LUA" or "lua5.4",
      process.quote(script)), { env = { LUA_PATH = package.path, LUA_CPATH = package.cpath } })
    assert.equal(0, code)
    assert.equal("640", mode(dir .. "/b"))
  end)

  it("leaves alone what is there, a link to nowhere, too", function()
    process.write_file(dir .. "/a", "old")
    assert.equal("io_exists", select(3, files.create(dir .. "/a", "new")))
    assert.equal("old", process.read_file(dir .. "/a"))
    process.run(("ln -s %s/target %s/link"):format(dir, dir))
    assert.equal("io_file", select(3, files.create(dir .. "/link", "new")))
    assert.is_false(files.exists(dir .. "/target"))
  end)

  it("replaces when it is told to: a new file with its own mode, in the place of the old one", function()
    process.write_file(dir .. "/a", "old")
    process.run(("chmod 644 %s/a; ln %s/a %s/other"):format(dir, dir, dir))
    assert(files.create(dir .. "/a", "new", { private = true, replace = true }))
    assert.equal("new", process.read_file(dir .. "/a"))
    assert.equal("old", process.read_file(dir .. "/other"))
    assert.equal("600", mode(dir .. "/a"))
    assert(files.create(dir .. "/c", "c", { replace = true }))
    assert.equal(3, count())
  end)

  it("says what cannot be written, and leaves nothing behind", function()
    for _, how in ipairs { {}, { replace = true } } do
      local ok, message, code = files.create(dir .. "/no/such", "x", how)
      assert.is_nil(ok)
      assert.equal("io_file", code)
      assert.matches(dir .. "/no/such", message, 1, true)
    end
    process.run("mkdir " .. dir .. "/sub")
    assert.equal("io_file", select(3, files.create(dir .. "/sub", "x", { replace = true })))
    assert.equal(1, count())
  end)

  it("takes paths with spaces, quotes and dollars for what they are", function()
    local name = dir .. "/a 'b' $(touch x) \"`c`\""
    assert(files.create(name, "x"))
    assert.equal("x", process.read_file(name))
    assert(files.make_directory(dir .. "/it's/deep"))
    assert.is_true(files.is_directory(dir .. "/it's/deep"))
    assert.equal("io_file", select(3, files.make_directory(name)))
  end)
end)
