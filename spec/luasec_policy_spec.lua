-- The drop-in for LuaSec where it means to differ from LuaSec: who is believed, and what must not happen.

local loopback = require "support.loopback"
local luasec = require "support.luasec"
local luasocket = require "socket"
local pki = require "support.pki"
local process = require "support.process"
local tls = require "beartls"

local ours = luasec.ours
local trust = pki.path "trust.pem"
local LUA = os.getenv "BEARTLS_LUA" or "lua5.4"

-- What the client says to a handshake with a server that it has called by that name.
local function say(name, client, server)
  local c, s = luasec.pair(ours, client, server)
  if name then
    c:sni(name)
  end
  local ok, err = luasec.shake(c, s)
  return ok, err, c, s
end

describe("a client of the drop-in that verifies", function()
  after_each(luasec.hang_up)

  local verify = { verify = "peer", cafile = trust }

  it("compares the name when the program has said one", function()
    assert.is_true(say("localhost", verify))
    assert.is_true(say("www.example.test", verify))
    local ok, err = say("elsewhere.example.test", verify)
    assert.is_false(ok)
    assert.matches("^certificate verify failed: the server's certificate is for localhost, .*, not for elsewhere", err)
  end)

  it("compares none when the program has said none", function()
    assert.is_true(say(nil, verify))
  end)

  it("leaves the name to a program that goes on with whomever it meets", function()
    local ok, _, c = say("elsewhere.example.test", { verify = "peer", cafile = trust, verifyext = "lsec_continue" })
    assert.is_true(ok)
    assert.is_true(c:getpeerverification())
  end)

  it("asks for any name when nobody is verified", function()
    for _, name in ipairs { "elsewhere.example.test", "not a name", "_x.example.test", ("x"):rep(300), "127.0.0.1" } do
      local ok, err = say(name)
      assert.is_true(ok, err)
      ok, err = say(name, { verify = "peer", cafile = trust, verifyext = "lsec_continue" })
      assert.is_true(ok, err)
    end
    local c = luasec.pair(ours, verify)
    c:sni "not a name"
    local ok, err = c:dohandshake()
    assert.is_false(ok)
    assert.matches("is neither a host name nor an address", err)
  end)

  it("keeps to the depth that it was given", function()
    local chain = { identity = "server_chain_rsa" }
    assert.is_true(say(nil, { verify = "peer", cafile = trust, depth = 1 }, chain))
    local ok, err = say(nil, { verify = "peer", cafile = trust, depth = 0 }, chain)
    assert.is_false(ok)
    assert.equal("certificate verify failed: certificate chain too long", err)
  end)

  it("wants revocation lists when it was told to look for them", function()
    local ok, err = say(nil, { verify = "peer", cafile = trust, verifyext = "crl_check" })
    assert.is_false(ok)
    assert.matches("^certificate verify failed: ", err)
    local _, _, c = say(nil, { verify = "peer", cafile = trust, verifyext = { "crl_check", "lsec_continue" } })
    assert.same({ false, { { "unable to get certificate CRL" } } }, { c:getpeerverification() })
  end)

  it("finds its authorities in a directory, too", function()
    local dir = process.tmpdir()
    process.write_file(dir .. "/root.pem", pki.read "root_rsa.pem")
    process.write_file(dir .. "/other.txt", "no certificate")
    assert.is_true(say(nil, { verify = "peer", capath = dir }))
    assert.is_true(say(nil, { verify = "peer", capath = dir, cafile = pki.path "other_root.pem" }))
    process.cleanup()
  end)

  it("shares what was read of a directory a moment ago, and finds what is new there later", function()
    local dir = process.tmpdir()
    process.write_file(dir .. "/root.pem", pki.read "other_root.pem")
    local core = require "beartls.core"
    local function trust_of(given)
      local ctx = assert(ours.ssl.newcontext(luasec.client(given)))
      return core.handle_state(ctx, getmetatable(ctx)).trust
    end
    local first = trust_of { capath = dir }
    assert.equal(first, trust_of { capath = dir })
    assert.not_equal(first, trust_of { capath = dir, cafile = trust })
    assert.equal(1, #first)
    process.write_file(dir .. "/more.pem", pki.read "root_ec.pem")
    luasocket.sleep(1.1)
    assert.equal(2, #trust_of { capath = dir })
    process.cleanup()
  end)

  it("offers nothing old unless there is nothing else", function()
    local _, _, c = say(nil, { ciphers = "ALL" }, { protocol = "tlsv1_2" })
    assert.equal("ECDHE-RSA-AES256-GCM-SHA384", c:info "cipher")
    local ok
    ok, _, c = say(nil, { ciphers = "AES128-SHA" })
    assert.is_true(ok)
    assert.equal("AES128-SHA", c:info "cipher")
    for protocol, version in pairs { tlsv1 = "TLSv1", tlsv1_1 = "TLSv1.1", tlsv1_2 = "TLSv1.2", tlsv1_3 = "TLSv1.3" } do
      local err
      ok, err, c = say(nil, { protocol = protocol, ciphers = "DEFAULT@SECLEVEL=0" }, { ciphers = "ALL:@SECLEVEL=0" })
      assert.is_true(ok, err)
      assert.equal(version, c:info "protocol")
    end
  end)

  it("acts on the options that take versions away", function()
    local _, _, c = say(nil, { options = { "all", "no_tlsv1_3" } })
    assert.equal("TLSv1.2", c:info "protocol")
    _, _, c = say(nil, nil, { options = { "no_tlsv1_3" } })
    assert.equal("TLSv1.2", c:info "protocol")
    c = luasec.pair(ours, { options = { "no_tlsv1_3", "no_tlsv1_2" } })
    assert.same({ false, "no protocols available" }, { c:dohandshake() })
  end)
end)

describe("a server of the drop-in", function()
  after_each(luasec.hang_up)

  it("lets in whom it can verify for either purpose when it ignores the purpose", function()
    for _, case in ipairs { { "server_rsa", true }, { "client_rsa", true }, { "client_untrusted", false } } do
      local c, s = luasec.pair(ours, { identity = case[1] },
        { verify = "peer", cafile = trust, verifyext = "lsec_ignore_purpose" })
      local _, _, ok = luasec.shake(c, s)
      assert.equal(case[2], ok)
    end
    local c, s = luasec.pair(ours, { identity = "server_rsa" }, { verify = "peer", cafile = trust })
    local _, _, ok, err = luasec.shake(c, s)
    assert.is_false(ok)
    assert.matches("^certificate verify failed", err)
  end)

  it("never calls a client verified that has shown nothing", function()
    for _, given in ipairs { {}, { verify = "peer", cafile = trust } } do
      local _, s = luasec.open(ours, nil, given)
      assert.same({ false, "the peer has shown no certificate" }, { s:getpeerverification() })
    end
  end)

  it("without a certificate of its own serves those names that it has one for", function()
    local mine = ours.ssl.newcontext(luasec.server())
    local none = ours.ssl.newcontext { mode = "server", protocol = "any" }
    for name, wanted in pairs { localhost = true, LOCALHOST = true, ["else.example.test"] = false } do
      local a, b = loopback.connected()
      local c, s = ours.ssl.wrap(a, luasec.client()), ours.ssl.wrap(b, none)
      c:settimeout(0)
      s:settimeout(0)
      c:sni(name)
      s:sni({ localhost = mine }, true)
      local _, err, ok = luasec.shake(c, s)
      assert.equal(wanted, ok)
      assert.is_true(wanted or err:find "unrecognized_name" ~= nil)
      c:close()
      s:close()
    end
  end)

  it("says on both sides who was wrapped, and lets go of the socket that it was given", function()
    local a, b = loopback.connected()
    local _, port = a:getsockname()
    local c = ours.ssl.wrap(a, luasec.client())
    assert.equal(-1, a:getfd())
    assert.equal(port, select(2, c:getsockname()))
    assert.equal(1, c:setoption("tcp-nodelay", true))
    a:close() -- does not touch the connection
    assert.is_true(c:getfd() >= 0)
    c:close()
    b:close()
  end)

  it("takes any object that has a descriptor, and no byte that came before the wrapping", function()
    local a, b = loopback.connected()
    b:send "STARTTLS\nattack at dawn\n"
    assert.equal("STARTTLS", a:receive()) -- the second line may be in LuaSocket's buffer now
    local fd = a:getfd()
    a:setfd(-1)
    local c = ours.ssl.wrap({ getfd = function() return fd end, setfd = function() end }, luasec.client())
    local s = ours.ssl.wrap(b, luasec.server())
    c:settimeout(0)
    s:settimeout(0)
    assert.is_true((luasec.shake(c, s)))
    assert.equal("wantread", select(2, c:receive "*a"))
    c:close()
    s:close()
  end)

  it("leaves to the system what comes behind the handshake, where event loops look for it", function()
    for _, side in pairs { luasec.ours, luasec.real } do
      local tcp, accepted = loopback.connected()
      local s = side.ssl.wrap(accepted, luasec.server())
      s:settimeout(0)
      tcp:settimeout(0.02)
      local session = assert(tls.config { insecure_no_verify = true, min_version = "TLSv1.3" }):client()
      local ok
      for _ = 1, 500 do
        local bytes = session:drain() or ""
        if session:state() == "open" and bytes ~= "" then -- the last of the handshake and the first data, in one piece
          session:write "hello"
          bytes = bytes .. session:drain()
        end
        assert(tcp:send(bytes))
        ok = s:dohandshake()
        if ok then
          break
        end
        local data, _, partial = tcp:receive(65536)
        session:feed(data or partial)
      end
      assert.is_true(ok)
      local waits = { getfd = function() return s:getfd() end } -- as an event loop does
      assert.equal(1, #luasocket.select({ waits }, nil, 5))
      assert.equal("hello", s:receive(5))
      s:close()
      tcp:close()
    end
  end)

  it("is collected with its socket", function()
    local a, b = loopback.connected()
    do
      local s = ours.ssl.wrap(a, luasec.server())
      s:settimeout(0)
      s:dohandshake()
      s:sni { self = s } -- even if it holds itself
    end
    for _ = 1, 3 do
      collectgarbage()
    end
    b:settimeout(5)
    assert.equal("closed", select(2, b:receive(1)))
    b:close()
  end)

  it("says goodbye when it is collected, or when all ends", function()
    for _, side in pairs { luasec.ours, luasec.real } do
      local a, b = loopback.connected()
      local s = side.ssl.wrap(b, luasec.server())
      s:settimeout(0)
      do
        local c = side.ssl.wrap(a, luasec.client())
        c:settimeout(0)
        assert.is_true((luasec.shake(c, s)))
      end
      for _ = 1, 3 do
        collectgarbage()
      end
      s:settimeout(5)
      assert.same({ nil, "closed", "" }, { s:receive(1) })
      s:close()
    end
    local listener, port = loopback.listen()
    local child = loopback.child([[
      local tcp = assert(luasocket.connect("127.0.0.1", ...))
      connection = require "beartls.luasec".wrap(tcp, { mode = "client", protocol = "any" })
      assert(connection:dohandshake())]], port)
    local s = ours.ssl.wrap(listener:accept(), luasec.server())
    s:settimeout(5)
    assert.is_true(s:dohandshake())
    assert.same({ nil, "closed", "" }, { s:receive(1) })
    assert.equal("", child:read "*a")
    child:close()
    listener:close()
    s:close()
  end)

  it("raises for what is no connection", function()
    local c = ours.ssl.wrap(loopback.connected(), luasec.client())
    for name, method in pairs(getmetatable(c).__index) do
      for _, value in ipairs { 5, "x", {}, io.stdout } do
        assert.has_error(function()
          method(value)
        end, ("bad argument #1 to '%s' (SSL:Connection expected, got %s)"):format(name, type(value)))
      end
    end
    c:close()
  end)

  it("waits no longer than it was told, whatever it waits for", function()
    local c, s = luasec.open(ours)
    c:settimeout(0.01)
    assert.same({ nil, "wantread", "" }, { c:receive(1) })
    s:settimeout(0.01)
    assert.equal("wantwrite", select(2, s:send(("x"):rep(2e7))))
  end)
end)

describe("in LuaSec's place", function()
  -- What a script prints that `lua -l beartls.as_ssl` runs.
  local function run(script)
    local dir = process.tmpdir()
    process.write_file(dir .. "/script.lua", script)
    local output, code = process.run(("%s -l beartls.as_ssl %s/script.lua"):format(LUA, dir),
      { env = { LUA_PATH = package.path, LUA_CPATH = package.cpath } })
    process.cleanup()
    assert.equal(0, code, output)
    return output
  end

  it("is what programs get that require LuaSec", function()
    local output = run [[
      local ssl = require "ssl"
      assert(ssl == require "beartls.luasec")
      assert(require "ssl.https" == require "beartls.luasec.https")
      assert(require "ssl.context" == require "beartls.luasec.context")
      assert(require "ssl.core".create and require "ssl.x509".load and require "ssl.config".options.all)
      print(ssl.newcontext { mode = "client", protocol = "any" })]]
    assert.matches("^SSL context: ", output)
  end)

  it("comes after LuaSec as well as before it", function()
    local output = run [[
      package.loaded.ssl = { _VERSION = "old" }
      require "beartls.luasec".install()
      print(require "ssl"._VERSION)]]
    assert.matches("^1%.3%.2", output)
  end)
end)
