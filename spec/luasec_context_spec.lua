-- The drop-in for LuaSec beside LuaSec: contexts, their parameters, and what is wrong with them.

local luasec = require "support.luasec"
local pki = require "support.pki"

local function agree(scenario, differs)
  assert.same({}, luasec.compare(scenario, differs))
end

local missing = "nil | error loading %s (No such file or directory)"

describe("the drop-in for LuaSec", function()
  it("judges parameters as LuaSec does", function()
    local cases = {
      { "no protocol", { protocol = false } }, { "bad protocol", { protocol = "foo" } },
      { "no mode", { mode = false } },
      { "bad mode", { mode = "bogus" }, "nil | invalid mode (bogus)" },
      { "no such key", { key = "/nowhere" }, missing:format "private key" },
      { "no such certificate", { certificate = "/nowhere" }, missing:format "certificate" },
      { "no such authorities", { cafile = "/nowhere" }, missing:format "CA locations" },
      { "no such directory, nothing to verify", { capath = "/nowhere" } },
      { "no such directory", { capath = "/nowhere", verify = "peer" }, missing:format "CA locations" },
      { "a key that is none", { key = "/etc/passwd" }, "nil | error loading private key (no start line)" },
      { "a certificate that is none", { certificate = "/etc/passwd" } },
      { "authorities that are none", { cafile = "/etc/passwd" }, "nil | error loading CA locations (no start line)" },
      { "another's key", { key = pki.path "client_rsa.key", certificate = pki.path "server_rsa.pem" } },
      { "a wrong password", { key = pki.path "key_pbes2.pem", password = "wrong" },
        "nil | error loading private key (bad decrypt)" },
      { "no password", { key = pki.path "key_pbes2.pem", password = function() end } },
      { "a password of the wrong type", { key = pki.path "key_pbes2.pem", password = 5 } },
      { "certificates", { certificates = {
        { certificate = pki.path "server_rsa.pem", key = pki.path "server_rsa.key" },
        { certificate = pki.path "server_ec.pem", key = pki.path "server_ec.key" } } } },
      { "no suite", { ciphers = "FOO" }, "nil | error setting cipher list (no cipher match)" },
      { "one unknown suite", { ciphers = "FOO:AES128-SHA" } },
      { "no suite of TLS 1.3", { ciphersuites = "FOO" }, "nil | error setting cipher list (no cipher match)" },
      { "an empty list of suites", { ciphersuites = "" } },
      { "verify", { verify = { "peer", "client_once", "fail_if_no_peer_cert" } } }, { "verify none", { verify = {} } },
      { "bad verify", { verify = { "peer", "foo" } } }, { "verify 5", { verify = 5 } },
      { "bad option", { options = { "all", "foo" } } }, { "option 5", { options = 5 } },
      { "no option", { options = {} } },
      { "depth", { depth = 3 } }, { "bad depth", { depth = "x" } },
      { "dhparam", { dhparam = function() end } }, { "bad dhparam", { dhparam = "x" } },
      { "curve", { curve = "P-256" } }, { "bad curve", { curve = "foo" } },
      { "a curve that is not here", { curve = "secp256k1" }, "nil | elliptic curve 'secp256k1' not supported" },
      { "curves", { curveslist = "X25519:P-384:prime256v1:secp521r1" } }, { "bad curves", { curveslist = "foo" } },
      { "curves, some unknown", { curveslist = "X25519:X448:foo" }, "SSL context: ..." },
      { "bad verifyext", { verifyext = "foo" } },
      { "verifyext", { verifyext = { "lsec_continue", "lsec_ignore_purpose", "crl_check", "crl_check_chain" } } },
      { "alpn of a server", { alpn = "foo" } }, { "a list of a server", { alpn = { "foo" } } },
      { "a function of a server", { alpn = function() end } },
      { "alpn of a client", { mode = "client", alpn = "foo" } }, { "bad alpn", { mode = "client", alpn = 5 } },
      { "empty alpn", { mode = "client", alpn = {} } }, { "an empty name", { mode = "client", alpn = "" } },
      { "no name", { mode = "client", alpn = { 5 } }, "nil | invalid ALPN name (no string)" },
      { "a long name", { mode = "client", alpn = ("x"):rep(256) } },
      { "a function of a client", { mode = "client", alpn = function() end } },
      { "something else", { foo = 1, url = "x" } },
    }
    local differs = {}
    agree(function(side, try)
      for _, case in ipairs(cases) do
        local given = { mode = "server", protocol = "any" }
        for name, value in pairs(case[2]) do
          given[name] = value or nil
        end
        try(case[1], side.ssl.newcontext, given)
        differs[case[1]] = case[3]
      end
      try("nil", side.ssl.newcontext, nil)
    end, differs)
  end)

  it("takes each of OpenSSL's option names, and knows which there are", function()
    local options = luasec.ours.ssl.config.options
    for name in pairs(options) do
      assert(luasec.ours.ssl.newcontext { mode = "client", protocol = "any", options = name })
    end
    agree(function(side, try)
      try("options", function()
        return side.ssl.config.options
      end)
      try("algorithms", function()
        return side.ssl.config.algorithms, side.ssl.config.protocols
      end)
    end)
  end)

  it("sets contexts by its functions as LuaSec does", function()
    agree(function(side, try)
      local context = side.context
      local ctx = assert(context.create "any")
      local function set(name, ...)
        try(table.concat({ name, tostring((...)) }, " "), context[name], ctx, ...)
      end
      try("create", context.create, "x")
      try("create nothing", context.create)
      set("setmode", "server")
      set("setcipher", "FOO")
      set("setcipher", "HIGH")
      set("setciphersuites", "TLS_AES_128_GCM_SHA256")
      set("setdepth", 3)
      set("setverify", "peer")
      set("setverify")
      set("setoptions", "all")
      set("setoptions", 5)
      set("setoptions")
      set("locations", pki.path "trust.pem")
      set("loadcert", pki.path "server_rsa.pem")
      set("checkkey")
      set("loadkey", pki.path "server_rsa.key", nil)
      try("checkkey again", context.checkkey, ctx)
      set("setdhparam", print)
      set("setcurve", "P-256")
      set("setcurveslist", "P-256")
      set("setalpn", "\2h2")
      set("setalpncb", print)
      set("setdane")
      try("setverifyext", ctx.setverifyext, ctx, "lsec_continue")
      try("setverifyext foo", ctx.setverifyext, ctx, "foo")
      try("no context", context.setmode, 5, "client")
      try("of another kind", context.setmode, io.stdout, "client")
    end, { ["setcipher FOO"] = "false | error setting cipher list (no cipher match)",
      ["setdane nil"] = "false | DANE is not supported" })
  end)

  it("has LuaSec's names, and a version that programs take for one", function()
    local ssl = luasec.ours.ssl
    assert.matches("^%d+%.%d+", ssl._VERSION)
    for name in pairs(luasec.real and luasec.real.ssl or {}) do
      assert.not_nil(ssl[name], name)
    end
    for _, part in ipairs { "context", "core", "x509" } do
      for name, value in pairs(luasec.real and luasec.real[part] or {}) do
        assert.equal(type(value), type(luasec.ours[part][name]), part .. "." .. name)
      end
    end
    assert.equal("userdata", type(ssl.newcontext { mode = "client", protocol = "any" }))
  end)

  it("refuses what would be overlooked otherwise", function()
    for name, value in pairs { dane = true, psk = function() end } do
      local ctx, message = luasec.ours.ssl.newcontext { mode = "client", protocol = "any", [name] = value }
      assert.is_nil(ctx)
      assert.equal(name:upper() .. " is not supported", message)
    end
  end)
end)

describe("the drop-in's certificates", function()
  it("say what LuaSec's say", function()
    agree(function(side, try)
      for _, name in ipairs { "server_rsa", "server_ec", "server_ed25519", "server_rsa_pss", "server_p521",
        "server_sha1", "root_ec", "client_rsa", "server_chain_rsa", "everything" } do
        local c = assert(side.ssl.loadcertificate(pki.read(name .. ".pem")))
        for _, method in ipairs { "subject", "issuer", "notbefore", "notafter", "serial", "digest", "pem", "pubkey",
          "getsignaturename", "extensions" } do
          try(name .. " " .. method, c[method], c)
        end
        for _, digest in ipairs { "sha1", "sha256", "sha512", "foo" } do
          try(name .. " " .. digest, c.digest, c, digest)
        end
      end
    end, { ["everything extensions"] = "^{2.5.29.17={1.3.6.1.4.1.311.20.2.3={1=someone@corp.example.test,.*"
      .. "spiffe://example.test/everything" })
  end)

  it("know when they are valid, and whom they have issued", function()
    agree(function(side, try)
      local function load(name)
        return assert(side.ssl.loadcertificate(pki.read(name .. ".pem")))
      end
      local root, leaf, between, below = load "root_rsa", load "server_rsa", load "intermediate_rsa",
        load "server_chain_rsa"
      try("validat", leaf.validat, leaf, pki.NOW)
      try("not yet", leaf.validat, leaf, 0)
      try("no time", leaf.validat, leaf)
      try("tostring", tostring, leaf)
      try("its own", root.issued, root, leaf)
      try("the other way round", leaf.issued, leaf, root)
      try("not this one", leaf.issued, leaf, between)
      try("nobody between", root.issued, root, below)
      try("somebody between", root.issued, root, below, between)
      try("itself", root.issued, root, root)
      try("no certificate", root.issued, root)
      try("setencode", leaf.setencode, leaf, "utf8")
      try("setencode foo", leaf.setencode, leaf, "foo")
      try("no PEM", side.ssl.loadcertificate, "x")
      try("nothing", side.ssl.loadcertificate)
      try("x509", side.x509.load, pki.read "server_rsa.pem")
    end)
  end)
end)
