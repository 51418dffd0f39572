local address = require "beartls.https.address"
local https = require "beartls.https"
local ltn12 = require "ltn12"
local peer = require "support.peer"
local pki = require "support.pki"
local process = require "support.process"
local web = require "support.web"

local config = peer.config { alpn = { "http/1.1" } }
local server

-- Asks for a redirect, or what `given` says besides.
local function ask(status, location, given)
  local request = { url = server.url .. web.redirect(status, location), config = config, proxy = false, timeout = 10 }
  for name, value in pairs(given or {}) do
    request[name] = value
  end
  return https.request(request)
end

-- What the server has understood in the end.
local function asked(...)
  local text, status, headers, _, about = ask(...)
  assert.equal(200, status, status)
  return web.read(text), about, headers
end

describe("a redirect", function()
  setup(function()
    server = web.start "request"
  end)
  teardown(process.cleanup)

  it("leads to a path, a page beside it, another host or another server", function()
    for location, case in pairs {
      ["/there?x"] = { "/there?x", "localhost" },
      ["page"] = { "/redirect/page", "localhost" },
      ["../page"] = { "/page", "localhost" },
      ["//127.0.0.1:" .. server.port .. "/x"] = { "/x" },
      ["https://127.0.0.1:" .. server.port] = { "/" },
      ["HTTPS://LocalHost:" .. server.port .. "/a b"] = { "/a%20b", "localhost" },
    } do
      local seen, about, headers = asked(302, location)
      assert.same(case, { seen.target, seen.name }, location)
      assert.equal(1, about.redirects)
      assert.equal("https://" .. seen.headers.host .. seen.target, about.url)
      assert.is_nil(headers.location)
    end
  end)

  -- RFC 3986, section 5.4, as far as it is about paths and queries.
  for reference, target in pairs {
    ["g"] = "/b/c/g", ["./g"] = "/b/c/g", ["g/"] = "/b/c/g/", ["/g"] = "/g", ["?y"] = "/b/c/d;p?y",
    ["g?y"] = "/b/c/g?y", ["#s"] = "/b/c/d;p?q", ["g#s"] = "/b/c/g", [";x"] = "/b/c/;x", ["g;x?y#s"] = "/b/c/g;x?y",
    ["."] = "/b/c/", [".."] = "/b/", ["../g"] = "/b/g", ["../.."] = "/", ["../../g"] = "/g", ["//h"] = "/",
    ["g?y/../x"] = "/b/c/g?y/../x", ["?u=https://h/"] = "/b/c/d;p?u=https://h/", ["/g?u=//h"] = "/g?u=//h",
  } do
    it(("from /b/c/d;p?q to %s is one to %s"):format(reference, target), function()
      local from = assert(address.parse "https://a/b/c/d;p?q")
      local to = assert(address.follow(from, reference))
      assert.same({ target, reference == "//h" and "h" or "a" }, { to.target, to.host })
    end)
  end

  it("asks in its own way, as browsers do", function()
    local body = { "POST", "hello", "text/x" }
    local none = { "GET" }
    for status, cases in pairs {
      [301] = { POST = none, PUT = { "PUT", "hello", "text/x" }, GET = none },
      [302] = { POST = none, PUT = { "PUT", "hello", "text/x" }, GET = none },
      [303] = { POST = none, PUT = none, GET = none },
      [307] = { POST = body, GET = none },
      [308] = { POST = body, GET = none },
    } do
      for method, wanted in pairs(cases) do
        local seen = asked(status, "/there", method == "GET" and {} or {
          method = method, body = "hello", headers = { ["Content-Type"] = "text/x" },
        })
        assert.same(wanted, { seen.method, seen.body, seen.headers["content-type"] }, status .. method)
      end
      assert.equal(200, select(2, ask(status, "/there", { method = "HEAD" })))
    end
  end)

  it("keeps secrets for the server that they are for", function()
    local headers = { Authorization = "Basic x", Cookie = "a=b", ["X-Other"] = "c" }
    local seen = asked(302, "/there", { headers = headers })
    assert.same({ "Basic x", "a=b", "c" }, { seen.headers.authorization, seen.headers.cookie, seen.headers["x-other"] })
    seen = asked(302, "/there", { url = server.url:gsub("//", "//me:secret@") .. web.redirect(302, "/there") })
    assert.equal("Basic bWU6c2VjcmV0", seen.headers.authorization)

    for _, location in ipairs { "https://127.0.0.1:%d/", "https://you:too@127.0.0.1:%d/" } do
      headers.Host = "elsewhere.example"
      seen = asked(302, location:format(server.port), { headers = headers })
      assert.same({ nil, nil, "c" }, { seen.headers.authorization, seen.headers.cookie, seen.headers["x-other"] })
      assert.equal("127.0.0.1:" .. server.port, seen.headers.host)
    end
    seen = asked(302, "/", { url = server.url:gsub("//", "//me:secret@")
      .. web.redirect(302, ("https://127.0.0.1:%d/"):format(server.port)) })
    assert.is_nil(seen.headers.authorization)
    local other = web.start()
    seen = asked(302, other.url, { headers = { cookie = "a=b" } })
    assert.is_nil(seen.headers.cookie)
  end)

  it("does not show a client certificate to another server", function()
    local elsewhere = ("https://127.0.0.1:%d/"):format(server.port)
    local given = { trust = pki.path "trust.pem", time = pki.now, certificate = pki.path "client_ec.pem",
      key = pki.path "client_ec.key", proxy = false }
    for location, client in pairs { ["/there"] = "CN=client EC", [elsewhere] = "none" } do
      given.url = server.url .. web.redirect(302, location)
      local seen = web.read(https.request(given))
      assert.matches(client, seen.client or "none", 1, true)
    end

    local mine = peer.config { identity = "client_ec" }
    assert.matches("CN=client EC", asked(302, "/there", { config = mine }).client)
    local body, message, code, failure = ask(302, elsewhere, { config = mine })
    assert.same({ nil, "peer_redirect_identity" }, { body, code })
    assert.matches("to 127.0.0.1:%d+, which the client certificate", message)
    assert.is_string(failure.hint)
  end)

  it("is not what a sink gets", function()
    local parts = {}
    asked(302, "/there")
    assert.equal(1, (ask(302, "/there", { sink = ltn12.sink.table(parts) })))
    assert.equal("/there", web.read(table.concat(parts)).target)
  end)

  it("is an answer like any other when it is not to be followed, or leads nowhere", function()
    local body, status, headers = ask(302, "/there", { redirect = false })
    assert.same({ "go away", 302, "/there" }, { body, status, headers.location })
    assert.equal(302, select(2, ask(302, "")))
    assert.equal(300, select(2, ask(300, "/there")))
  end)

  it("is not followed to where nobody is safe", function()
    for location, words in pairs {
      ["http://localhost/"] = "everybody on the way can read and change",
      ["ftp://localhost/"] = "its scheme is not https",
      ["javascript:x"] = "does not begin with https://",
      ["//"] = "its host",
      ["https://a b/"] = "its host",
    } do
      local body, message, code = ask(302, location)
      assert.same({ nil, "peer_redirect_insecure" }, { body, code })
      assert.matches("^localhost:%d+ redirects to where we do not follow: ", message)
      assert.matches(words, message, 1, true)
    end
  end)

  it("is not followed for ever", function()
    -- Each leads to the next, and the last one to a page.
    local function chain(n)
      return n == 0 and "/there" or web.redirect(302, chain(n - 1))
    end
    local function try(n, most)
      return https.request { url = server.url .. chain(n), config = config, proxy = false, max_redirects = most }
    end
    assert.equal(5, select(5, try(5)).redirects)
    for _, case in ipairs { { 6, nil, 5 }, { 3, 2, 2 }, { 1, 0, 0 } } do
      local body, message, code, failure = try(case[1], case[2])
      assert.same({ nil, "peer_redirect_limit" }, { body, code })
      assert.matches(("more than %d times"):format(case[3]), message)
      assert.is_string(failure.hint)
    end
  end)

  it("cannot repeat a source that has been read", function()
    local body, message, code = ask(307, "/there", { source = ltn12.source.string "hello" })
    assert.same({ nil, "peer_redirect_body" }, { body, code })
    assert.matches("its source cannot be read again", message)
    assert.equal("GET", asked(303, "/there", { source = ltn12.source.string "hello" }).method)
  end)
end)
