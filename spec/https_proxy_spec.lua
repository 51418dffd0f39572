local https = require "beartls.https"
local peer = require "support.peer"
local pki = require "support.pki"
local process = require "support.process"
local proxy = require "beartls.https.proxy"
local web = require "support.web"

local LUA = os.getenv "BEARTLS_LUA" or "lua5.4"

local config = peer.config { alpn = { "http/1.1" } }
local server

local function ask(user, given)
  local request = { url = server.url .. "/", config = config, timeout = 10,
    proxy = user and ("http://%s@%s"):format(user, server.proxy) or "http://" .. server.proxy }
  for name, value in pairs(given or {}) do
    request[name] = value
  end
  return https.request(request)
end

describe("a proxy", function()
  setup(function()
    server = web.start()
  end)
  teardown(process.cleanup)

  it("is told the server's name, and nothing else", function()
    for i, given in ipairs { {}, { proxy = server.proxy }, { proxy = "http://" .. server.proxy .. "/" } } do
      given.url = ("https://www.example.test:%d/page"):format(server.port)
      local body, status = ask(nil, given)
      assert.equal(200, status, status)
      local seen = web.read(body)
      assert.same({ "www.example.test", "/page", i, "" }, { seen.name, seen.target, seen.tunnels, seen.proxy_user })
      assert.is_nil(seen.headers["proxy-authorization"])
      assert.equal("www.example.test:" .. server.port, seen.headers.host)
    end
  end)

  it("gets the user and the password of its URL", function()
    assert.equal("wants:a secret", web.read(ask "wants:a%20secret").proxy_user)
  end)

  it("does not keep what comes right behind its answer, and may take its time", function()
    assert.equal("split:x", web.read(ask "split:x").proxy_user)
  end)

  -- The user, who says how the proxy behaves; our code, what we say.
  for _, case in ipairs {
    { "wants:nothing", "io_proxy_authentication", "wants a user and a password" },
    { "refuse", "io_proxy_refused", [[refuses: 403 Forbidden\x1b[31m]] },
    { "garbage", "io_proxy_malformed", "does not answer in HTTP" },
    { "long", "io_proxy_malformed", "does not answer in HTTP" },
    { "hangup", "io_proxy_closed", "ended the connection instead of answering" },
    { "half", "io_proxy_closed", "ended the connection instead of answering" },
  } do
    it(("that does so has its own words: %s"):format(case[1]), function()
      local body, message, code, failure = ask(case[1])
      assert.same({ nil, case[2] }, { body, code })
      assert.matches(("the proxy localhost:%d %s"):format(server.proxy_port, case[3]), message, 1, true)
      assert.equal(code, failure.code)
    end)
  end

  it("that never answers is not waited for, and one that is not there is missed", function()
    assert.equal("timeout", select(3, ask("silent", { timeout = 0.2 })))
    assert.equal("timeout", select(3, ask("silent", { total_timeout = 0.2 })))
    local body, message, code, failure = ask(nil, { proxy = "http://127.0.0.1:" .. process.free_port() })
    assert.same({ nil, "io_proxy_unreachable" }, { body, code })
    assert.matches("the proxy cannot be reached: could not connect to 127.0.0.1:%d+: connection refused", message)
    assert.is_string(failure.hint)
  end)

  describe("that is spoken to in TLS", function()
    local agent
    before_each(function()
      agent = assert(https.agent { config = config, proxy_config = config, timeout = 10 })
    end)
    after_each(function()
      agent:close()
    end)

    local function through(user, given)
      given = given or {}
      given.url, given.proxy = given.url or server.url, ("https://%s:@%s"):format(user, server.secure_proxy)
      return agent:request(given)
    end

    it("passes on TLS within TLS", function()
      local long = ("x"):rep(1000000)
      for i, user in ipairs { "me", "me", "split" } do
        local seen = web.read(through(user, { body = long, method = "PUT" }))
        assert.same({ user .. ":", i == 2 and 2 or 1 }, { seen.proxy_user, seen.count })
        assert.is_true(seen.body == long)
      end
      local body, status = through("me", { headers = web.answers(("HTTP/1.1 200 OK\r\n\r\n") .. long, "close") })
      assert.equal(200, status)
      assert.is_true(body == long)
      assert.equal("truncated", select(3, through("me", { headers = web.answers("HTTP/1.1 200 OK\r\n\r\nx", "cut") })))
    end)

    it("is verified itself", function()
      local body, message, code = through("me", { proxy_config = peer.config { trust = pki.path "other_root.pem" } })
      assert.same({ nil, "io_proxy_tls" }, { body, code })
      assert.matches("the proxy cannot be reached: the server's certificate .* is not trusted", message)
      code = select(3, https.request { url = server.url, config = config, proxy = "https://" .. server.secure_proxy })
      assert.equal("io_proxy_tls", code) -- the system's roots do not vouch for it
      code = select(3, through("me", { config = peer.config { trust = pki.path "other_root.pem" } }))
      assert.equal("certificate_untrusted", code)
    end)

    it("has its own words, too", function()
      assert.equal("io_proxy_refused", select(3, through "refuse"))
      assert.equal("io_proxy_closed", select(3, through "hangup"))
      assert.equal("timeout", select(3, through("silent", { timeout = 0.2 })))
      local listener, port = require("support.loopback").listen()
      local _, message, code = agent:request { url = server.url, proxy = "https://localhost:" .. port, timeout = 0.2 }
      listener:close()
      assert.equal("timeout", code, message)
    end)
  end)

  it("makes no difference to what is verified", function()
    assert.equal("certificate_untrusted",
      select(3, ask(nil, { config = peer.config { trust = pki.path "other_root.pem" } })))
    local other = "https://other.example.test:" .. server.port
    assert.equal("certificate_name_mismatch", select(3, ask(nil, { url = other })))
  end)

  it("has a URL that we understand, or a sentence", function()
    for url, words in pairs {
      ["socks5://localhost:1080"] = "proxy: proxies that speak socks5 are not supported",
      ["http://"] = "proxy: that is not the URL of a proxy",
      ["http://a b:1"] = "proxy: that is not the URL of a proxy",
      ["localhost:99999"] = "proxy: that is not the URL of a proxy",
      ["localhost:8080/path"] = "proxy: that is not the URL of a proxy",
    } do
      local body, message, code = ask(nil, { proxy = url })
      assert.same({ nil, "config_proxy" }, { body, code })
      assert.matches(words, message, 1, true)
    end
    assert.same({ host = "::1", port = 3128, tls = false }, (proxy.parse("http://[::1]", "proxy")))
    assert.same({ host = "::1", port = 443, tls = true }, (proxy.parse("HTTPS://[::1]/", "proxy")))
    assert.same({ host = "p.example", port = 8080, tls = false, authorization = "Basic YTpiQGM=" },
      (proxy.parse("a:b@c@p.example:8080", "proxy")))
  end)

  it("is the environment's, unless the program says otherwise", function()
    local all = "https_proxy=http://p:1"
    for i, case in ipairs {
      { "", "a.example", "none" },
      { all, "a.example", "p:1" },
      { "HTTPS_PROXY=q:2 " .. all, "a.example", "p:1" },
      { "HTTPS_PROXY=q:2", "a.example", "q:2" },
      { "ALL_PROXY=q:2", "a.example", "q:2" },
      { "https_proxy= all_proxy=q:2", "a.example", "q:2" },
      { "http_proxy=q:2", "a.example", "none" },
      { "https_proxy=socks4://x", "a.example", "https_proxy: proxies that speak socks4 are not supported, only "
        .. "http:// and https:// ones" },
      { all .. " no_proxy=a.example", "a.example", "none" },
      { all .. " no_proxy=a.example", "b.a.example", "none" },
      { all .. " no_proxy=a.example", "ba.example", "p:1" },
      { all .. " no_proxy=.a.example", "a.example", "none" },
      { all .. " no_proxy=*.a.example", "b.a.example", "none" },
      { all .. " no_proxy='x, A.Example'", "a.example", "none" },
      { all .. " NO_PROXY='*'", "a.example", "none" },
      { all .. " no_proxy=a.example:443", "a.example", "none" },
      { all .. " no_proxy=a.example:8443", "a.example", "p:1" },
      { all .. " no_proxy=127.0.0.1", "127.0.0.1", "none" },
      { all .. " no_proxy=0.0.1,.0.1", "127.0.0.1", "p:1" },
      { all .. " no_proxy=::1", "::1", "none" },
      { all .. " no_proxy='[::1]:443'", "::1", "none" },
      { all .. " no_proxy=,", "a.example", "p:1" },
      { all .. " no_proxy=.", "a.example", "p:1" },
    } do
      local text = ('local p, m = require "beartls.https.proxy".choose(nil, %q, 443) '
        .. 'print(p and p.host .. ":" .. p.port or p == false and "none" or m)'):format(case[2])
      local output = process.run(("env -u http_proxy -u https_proxy -u HTTPS_PROXY -u all_proxy -u ALL_PROXY "
        .. "-u no_proxy -u NO_PROXY %s %s -e %s"):format(case[1], LUA, process.quote(text)),
        { env = { LUA_PATH = package.path, LUA_CPATH = package.cpath } })
      assert.equal(case[3], (output:gsub("\n$", "")), i .. ": " .. case[1])
    end
    assert.is_false(proxy.choose(false, "a.example", 443))
  end)
end)
