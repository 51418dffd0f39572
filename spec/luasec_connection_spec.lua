-- The drop-in for LuaSec beside LuaSec: connections over LuaSocket, what every call on them gives.

local loopback = require "support.loopback"
local luasec = require "support.luasec"
local luasocket = require "socket"
local pki = require "support.pki"

local trust = pki.path "trust.pem"
local closed = "nil | closed"

local function agree(scenario, differs)
  assert.same({}, luasec.compare(scenario, differs))
end

-- Until a connection has something to say, or not: what is under way on loopback needs a moment.
local function settle(connection)
  luasocket.select({ connection }, nil, 1)
end

-- Ends a connection behind the back of who has it.
local function cut(connection)
  local tcp = luasocket.tcp4()
  tcp:connect("::1", 1) -- in vain, but now it may be shut down
  tcp:close()
  tcp:setfd(connection:getfd())
  tcp:shutdown "send"
  tcp:setfd(-1)
end

-- Calls a method and compares what it gives.
local function caller(try, connection, prefix)
  return function(name, ...)
    local words = { prefix, name }
    for i = 1, select("#", ...) do
      words[#words + 1] = tostring((select(i, ...)))
    end
    try(table.concat(words, " "), connection[name], connection, ...)
  end
end

describe("a connection of the drop-in", function()
  after_each(luasec.hang_up)

  it("is LuaSec's before the handshake", function()
    agree(function(side, try)
      local c, s = luasec.pair(side)
      local call = caller(try, c, "")
      call("send", "x")
      call "receive"
      for _, name in ipairs { "info", "want", "dirty", "getpeercertificate", "getpeerchain", "getpeerverification",
        "getalpn", "getsniname", "getfinished", "getpeerfinished" } do
        call(name)
      end
      call("exportkeyingmaterial", "EXPORTER-x", 32)
      call("setstats", 1, 2, 3)
      call("settimeout", 0)
      call("settimeout", 0, "t")
      call("settimeout", nil)
      call("settimeout", 0, "x")
      call("setdane", "x")
      call("settlsa", 3, 1, 1, ("x"):rep(32))
      call "sni"
      call("sni", {})
      c:sni "localhost"
      try("the name", c.getsniname, c)
      c:settimeout(0)
      c:settimeout(-1, "t")
      call "dohandshake"
      try("wants", c.want, c)
      local server = caller(try, s, "server")
      server "dohandshake"
      server "want"
    end, { [" getpeerfinished"] = closed, [" exportkeyingmaterial EXPORTER-x 32"] = closed })
  end)

  it("is LuaSec's behind the handshake", function()
    agree(function(side, try)
      local c, s = luasec.pair(side)
      try("handshake", luasec.shake, c, s)
      for prefix, connection in pairs { client = c, server = s } do
        local call = caller(try, connection, prefix)
        for _, name in ipairs { "dohandshake", "want", "dirty", "info", "getalpn", "getpeerverification",
          "getpeercertificate", "getpeerchain" } do
          call(name)
        end
        for _, field in ipairs { "cipher", "bits", "algbits", "protocol", "key", "authentication", "encryption", "mac",
          "export", "compression", "foo" } do
          call("info", field)
        end
        for _, n in ipairs { 1, 2, 9, 0, -1, "x" } do
          call("getpeercertificate", n)
        end
      end
      local call = caller(try, c, "client")
      call "exportkeyingmaterial"
      try("exported", function()
        local function get(connection, ...)
          return connection:exportkeyingmaterial("EXPORTER-x", 32, ...)
        end
        return get(c) == get(s), get(c, "y") == get(s, "y"), get(c) == get(c, "y"), #get(c)
      end)
      try("finished", function()
        return c:getfinished() == s:getpeerfinished(), s:getfinished() == c:getpeerfinished(), #c:getfinished()
      end)
    end, { ["server getpeerchain"] = "{}",
      ["server getpeerverification"] = "false | the peer has shown no certificate" })
  end)

  it("says of TLS 1.2 and its suites what LuaSec says", function()
    agree(function(side, try)
      for _, suite in ipairs { "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305", "AES128-SHA",
        "AES256-CCM8", "ECDHE-RSA-AES256-SHA384", "AES128-GCM-SHA256", "AES256-SHA256" } do
        local given = { protocol = "tlsv1_2", ciphers = suite }
        local c = luasec.open(side, given, given)
        try(suite, c.info, c)
      end
      local c, s = luasec.open(side, { protocol = "tlsv1_2" })
      try("finished", function()
        return c:getfinished() == s:getpeerfinished(), s:getfinished() == c:getpeerfinished(), #c:getfinished()
      end)
      local ec = luasec.open(side, nil, { identity = "server_ec", protocol = "tlsv1_2" })
      try("EC", ec.info, ec)
    end)
  end)

  it("sends and receives as LuaSec does", function()
    agree(function(side, try)
      local c, s = luasec.open(side)
      local call, server = caller(try, c, "client"), caller(try, s, "server")
      call "receive"
      call "want"
      call("receive", "*a", "pre")
      call("receive", 5)
      call("receive", -1)
      call("receive", {})
      server("send", "hello\nworld\n")
      settle(c)
      call("receive", nil)
      call("receive", "*l", "pre")
      call("receive", 2, "abc")
      server("send", "hello", 2, 3)
      server("send", "hello", -2)
      server("send", "")
      server("send", "abc", 5)
      server("send", 123)
      server "send"
      settle(c)
      call("receive", 3)
      call("receive", 0)
      call("receive", 10)
      c:settimeout(0.02)
      try("a wait that takes too long", c.receive, c, 1)
      try("and what it waited for", c.want, c)
      c:settimeout(0)
      try("what it counts", function()
        local received, sent = c:getstats()
        local got, said = s:getstats()
        return received, sent, got, said
      end)
    end)
  end)

  it("says how far it came with what is too much at once, and what was sent arrives once", function()
    for _, side in pairs { luasec.ours, luasec.real } do
      local c, s = luasec.open(side)
      local data, got, size = {}, {}, 0
      for i = 1, 1000000 do
        data[i] = ("%07d"):format(i)
      end
      data = table.concat(data)
      local first, full = 1, false
      while first <= #data do
        local last, err, partial = s:send(data, first)
        if last then
          first = last + 1
        else
          assert.equal("wantwrite", err)
          assert.is_true(partial < #data)
          assert.equal("write", s:want())
          first, full = partial + 1, true
          local more, _, part = c:receive(70000)
          got[#got + 1] = more or part
          size = size + #got[#got]
        end
      end
      assert.is_true(full)
      repeat
        local more, err, part = c:receive(math.min(#data - size, 70000))
        got[#got + 1] = more or part
        size = size + #got[#got]
        assert(more or err == "wantread", err)
      until size == #data
      assert.is_true(table.concat(got) == data)
      assert.equal(#data, (select(2, s:getstats())))
    end
  end)

  it("is over when it is closed, and never crashes", function()
    agree(function(side, try)
      local c, s = luasec.open(side)
      c:close()
      local call = caller(try, c, "")
      for _, name in ipairs { "getfd", "receive", "info", "want", "dirty", "getpeercertificate", "getpeerchain",
        "getpeerverification", "getfinished", "getpeerfinished" } do
        call(name)
      end
      call("send", "x")
      call("exportkeyingmaterial", "EXPORTER-x", 32)
      call("settimeout", 0)
      settle(s)
      try("the other side", s.receive, s)
      s:send "x"
    end, { [" getpeerfinished"] = closed, [" exportkeyingmaterial EXPORTER-x 32"] = closed })
    local c = luasec.open(luasec.ours)
    c:close()
    assert.equal(1, c:close())
    assert.same({ false, "closed" }, { c:dohandshake() })
    for _, name in ipairs { "getalpn", "getsniname", "sni", "setdane", "settlsa", "getpeername", "setoption",
      "getstats" } do
      c[name](c, "x", "y")
    end
  end)

  it("tells its end from a cut", function()
    agree(function(side, try)
      local c, s = luasec.open(side)
      s:send "abc"
      s:close()
      settle(c)
      try("its end", c.receive, c, 10)
      try("its end again", c.receive, c, 10)
      c, s = luasec.open(side)
      s:send "abc"
      s:close()
      settle(c)
      try("all", c.receive, c, "*a")
      try("all again", c.receive, c, "*a")
      c, s = luasec.open(side)
      s:send "abc"
      cut(s)
      settle(c)
      try("a cut", c.receive, c, 10)
    end)
    local c, s = luasec.open(luasec.ours, { options = { "all", "ignore_unexpected_eof" } })
    s:send "abc"
    cut(s)
    settle(c)
    assert.equal("abc", c:receive "*a")
    assert.equal("closed", select(2, c:receive "*a"))
  end)

  it("fails where LuaSec's fails", function()
    local verify_failed = "^false | certificate verify failed: .* | false | the client ended the session with the "
      .. "alert "
    local server_ended = "the server ended the session with the alert "
    agree(function(side, try)
      local function shake(label, client, server)
        local c, s = luasec.pair(side, client, server)
        local said = { luasec.shake(c, s) }
        try(label, function()
          return said[1], said[2], said[3], said[4]
        end)
        if said[1] and not said[3] then -- the client finds out later
          settle(c)
        end
        try(label .. ", then", c.receive, c)
      end
      local verify = { verify = "peer", cafile = trust }
      local demand = { verify = { "peer", "fail_if_no_peer_cert" }, cafile = trust }
      shake("trusted", verify)
      shake("untrusted", { verify = "peer", cafile = pki.path "other_root.pem" })
      shake("expired", verify, { identity = "server_expired" })
      shake("nobody trusted", { verify = "peer" })
      shake("no client certificate", nil, demand)
      shake("a client certificate", { identity = "client_rsa" }, demand)
      shake("an untrusted one", { identity = "client_untrusted" }, demand)
      shake("no common version", { protocol = "tlsv1_2" }, { protocol = "tlsv1_3" })
      shake("no common suite", { protocol = "tlsv1_2", ciphers = "AES128-GCM-SHA256" },
        { ciphers = "AES256-SHA256" })
      local a, b = loopback.connected()
      local c = side.ssl.wrap(a, luasec.client())
      c:settimeout(0)
      c:dohandshake()
      b:send "HTTP/1.0 400 Bad Request\r\n\r\n"
      settle(c)
      try("no TLS", c.dohandshake, c)
      a, b = loopback.connected()
      c = side.ssl.wrap(a, luasec.client())
      b:close()
      c:settimeout(1)
      try("nobody", c.dohandshake, c)
      a, b = loopback.connected()
      c = side.ssl.wrap(a, luasec.server())
      c:settimeout(0.02)
      try("silence", c.dohandshake, c)
      b:close()
    end, {
      untrusted = verify_failed .. "unknown_ca", expired = verify_failed .. "certificate_expired",
      ["nobody trusted"] = verify_failed,
      ["no client certificate, then"] = "nil | " .. server_ended .. "certificate_required (116) | ",
      ["an untrusted one"] = "^true | nil | false | certificate verify failed: ",
      ["an untrusted one, then"] = "nil | " .. server_ended .. "unknown_ca (48) | ",
      ["no common version"] = "^false | " .. server_ended .. "protocol_version %(70%) | false | the client speaks",
      ["no common suite"] = "^false | " .. server_ended .. "handshake_failure %(40%) | false | the client offers",
      nobody = "false | closed", ["no TLS"] = 'false | the server does not speak TLS: it begins with "HTTP/"',
    })
  end)

  it("says what was wrong with a peer that it was told to go on with", function()
    agree(function(side, try)
      for _, name in ipairs { "server_rsa", "server_expired", "server_not_yet", "server_self_signed",
        "server_other_host", "server_client_eku", "server_chain_rsa", "server_critical_unknown",
        "server_no_intermediate" } do
        for how, given in pairs { continue = { verify = "peer", verifyext = "lsec_continue" }, none = {} } do
          given.cafile = trust
          local c, s = luasec.pair(side, given, { identity = name })
          try(("%s, %s"):format(name, how), luasec.shake, c, s)
          try(("%s, %s, verdict"):format(name, how), c.getpeerverification, c)
        end
      end
    end, { ["server_no_intermediate, continue, verdict"] =
        "false | {1={1=unable to get local issuer certificate}}",
      ["server_no_intermediate, none, verdict"] = "false | unable to get local issuer certificate" })
  end)

  it("serves names and protocols as LuaSec does", function()
    agree(function(side, try)
      local other = side.ssl.newcontext(luasec.server { identity = "other_site_rsa" })
      for _, strict in ipairs { false, true } do
        for _, name in ipairs { "other.example.test", "unknown.example.test", false } do
          local label = ("%s %s"):format(tostring(name), strict and "strict" or "")
          local c, s = luasec.pair(side)
          if name then
            c:sni(name)
          end
          s:sni({ ["other.example.test"] = other }, strict)
          try(label, luasec.shake, c, s)
          try(label .. " name", s.getsniname, s)
          local shown = c:getpeercertificate()
          try(label .. " shown", shown and shown.digest or tostring, shown)
        end
      end
      for label, case in pairs {
        same = { "h2", { "h2" } }, order = { { "a", "b" }, { "b", "a" } }, none = { { "a" }, { "b" } },
        server = { nil, { "a" } }, client = { { "a" }, nil },
        asked = { { "a", "b" }, function(list)
          return list[2]
        end },
        refused = { { "a" }, function() end },
        list = { { "a", "b" }, function()
          return { "x", "a" }
        end },
      } do
        local c, s = luasec.open(side, { alpn = case[1] }, { alpn = case[2] })
        try("alpn " .. label, function()
          return c:getalpn(), s:getalpn()
        end)
      end
    end, { ["unknown.example.test strict"] =
      "false | the server ended the session with the alert "
      .. "unrecognized_name (112) | false | the client wants unknown.example.test, which is not served here" })
  end)

  it("understands LuaSec at the other end", function()
    if not luasec.real then
      pending "needs LuaSec"
      return
    end
    for _, sides in ipairs { { luasec.real, luasec.ours }, { luasec.ours, luasec.real } } do
      for _, protocol in ipairs { "tlsv1_2", "tlsv1_3" } do
        local a, b = loopback.connected()
        local c = sides[1].ssl.wrap(a, luasec.client { protocol = protocol, alpn = { "x", "h2" }, verify = "peer",
          cafile = trust, identity = "client_rsa" })
        local s = sides[2].ssl.wrap(b, luasec.server { alpn = { "h2" }, cafile = trust,
          verify = { "peer", "fail_if_no_peer_cert" } })
        c:settimeout(0)
        s:settimeout(0)
        c:sni "localhost"
        assert.is_true((select(3, luasec.shake(c, s))))
        assert.equal(c:getfinished(), s:getpeerfinished())
        assert.equal(s:getfinished(), c:getpeerfinished())
        assert.equal(c:exportkeyingmaterial("EXPORTER-x", 20), s:exportkeyingmaterial("EXPORTER-x", 20))
        assert.same({ "h2", "h2", "localhost" }, { c:getalpn(), s:getalpn(), s:getsniname() })
        assert.is_true(c:getpeerverification())
        assert.is_true(s:getpeerverification())
        assert.same(c:info "cipher", s:info "cipher")
        s:send "there"
        c:send "back"
        c:settimeout(5)
        s:settimeout(5)
        assert.equal("there", c:receive(5))
        assert.equal("back", s:receive(4))
        c:close()
        assert.equal("closed", select(2, s:receive(1)))
        s:close()
      end
    end
  end)

  it("has what programs look for without asking", function()
    agree(function(side, try)
      local a = loopback.connected()
      local c = side.ssl.wrap(a, luasec.client())
      try("the socket it was", a.getfd, a)
      try("type", type, c)
      try("tostring", tostring, c)
      for name in pairs(getmetatable(c).__index) do
        try(name, type, c[name])
      end
      c:close()
    end)
    if luasec.real then
      local function methods(side)
        return getmetatable(side.ssl.wrap(loopback.connected(), luasec.client())).__index
      end
      for name in pairs(methods(luasec.real)) do
        assert.is_function(methods(luasec.ours)[name], name)
      end
    end
  end)
end)
