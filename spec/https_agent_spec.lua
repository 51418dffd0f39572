local https = require "beartls.https"
local ltn12 = require "ltn12"
local peer = require "support.peer"
local pki = require "support.pki"
local process = require "support.process"
local web = require "support.web"

local config = peer.config { alpn = { "http/1.1" } }
local server, agent

local function new_agent(given)
  given = given or {}
  given.config = given.config or not given.trust and config or nil
  given.proxy = false
  given.timeout = 10
  return assert(https.agent(given))
end

local function ask(given)
  local request = { url = server.url .. "/" }
  for name, value in pairs(given or {}) do
    request[name] = value
  end
  return agent:request(request)
end

-- Which connection the server has been asked on, and the how manieth request it was there.
local function asked(given)
  local text, status, _, _, about = ask(given)
  assert.equal(200, status, status)
  local seen = web.read(text)
  assert.equal(about.reused, seen.count > 1)
  return seen.connection, seen.count, seen
end

-- Lets the server answer so.
local function answered(text, ending, given)
  given = given or {}
  given.headers = web.answers(text, ending)
  return ask(given)
end

describe("an agent", function()
  setup(function()
    server = web.start "request"
  end)
  before_each(function()
    agent = new_agent()
  end)
  after_each(function()
    agent:close()
  end)
  teardown(process.cleanup)

  it("asks again on the same connection, whatever was sent and received on it", function()
    local first, count, seen = asked()
    assert.equal("keep-alive", seen.headers.connection)
    for i, given in ipairs {
      {}, { method = "HEAD" }, { body = "x" }, { source = ltn12.source.string(("x"):rep(100000)) }, { body = "" },
    } do
      assert.equal(200, select(2, ask(given)))
      local connection, now = asked()
      assert.same({ first, count + 2 * i }, { connection, now })
    end
  end)

  it("knows what its requests have in common, and they know better", function()
    agent = new_agent { headers = { a = "1", b = "1" }, max_body = 10 }
    local seen = web.read(agent:request { url = server.url, headers = { B = "2", c = "3" }, max_body = 1000 })
    assert.same({ "1", "2", "3" }, { seen.headers.a, seen.headers.b, seen.headers.c })
    assert.equal("peer_http_too_large", select(3, ask()))
  end)

  local fine = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

  describe("keeps a connection after", function()
    for name, text in pairs {
      ["an answer with a length"] = fine,
      ["an answer in chunks"] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
      ["an answer in chunks with trailers"] =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: b\r\n\r\n",
      ["an answer without a body"] = "HTTP/1.1 204 No Content\r\n\r\n",
      ["an answer of HTTP/1.0 that says so"] =
        "HTTP/1.0 200 OK\r\nConnection: x, Keep-Alive\r\nContent-Length: 2\r\n\r\nok",
      ["an error"] = "HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nok",
    } do
      it(name, function()
        local first = asked()
        assert.is_string((answered(text, "keep")))
        local second, count = asked()
        assert.same({ first, 3 }, { second, count })
      end)
    end

    it("a redirect", function()
      local _, count = asked { url = server.url .. web.redirect(302, "/there") }
      assert.equal(2, count)
    end)
  end)

  describe("does not keep a connection after", function()
    for name, case in pairs {
      ["an answer that says so"] = { "HTTP/1.1 200 OK\r\nConnection: x,Close\r\nContent-Length: 2\r\n\r\nok", "keep" },
      ["an answer of HTTP/1.0"] = { "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "keep" },
      ["an answer that the end ends"] = { "HTTP/1.1 200 OK\r\n\r\nok", "close" },
      ["an answer with two kinds of length"] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "keep",
      },
      ["an answer that cannot be read"] = { "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nok", "keep" },
      ["more than it was asked for"] = { fine .. fine, "keep" },
      ["it was closed"] = { fine, "close" },
      ["it was cut"] = { fine, "cut" },
    } do
      it(name, function()
        local first = asked()
        answered(case[1], case[2])
        local second, count = asked()
        assert.is_true(second > first)
        assert.equal(1, count)
      end)
    end

    it("a sink that did not want all, or failed", function()
      for _, err in ipairs { false, "no" } do
        local first = asked()
        answered(fine, "keep", { sink = function()
          return nil, err or nil
        end })
        assert.is_true(asked() > first)
      end
      local first = asked()
      pcall(answered, fine, "keep", { sink = error })
      assert.is_true(asked() > first)
    end)

    it("a redirect that says more than is worth reading", function()
      local first = asked()
      local headers = web.answers("HTTP/1.1 302 X\r\nLocation: /\r\nContent-Length: 100000\r\n\r\n", "keep")
      local body, _, code = ask { headers = headers }
      assert.same({ nil, "peer_redirect_limit" }, { body, code })
      assert.is_true(asked() > first)
    end)
  end)

  describe("asks again when a connection has gone while it waited:", function()
    it("once, for what may be asked twice", function()
      for method, body in pairs { GET = false, HEAD = false, PUT = "x", DELETE = false, OPTIONS = false } do
        answered(fine, "mute")
        local _, status, _, _, about = ask { method = method, body = body or nil }
        assert.same({ 200, false }, { status, about.reused })
      end
    end)

    it("but not for what may not", function()
      for _, given in ipairs {
        { method = "POST", body = "x" }, { method = "PATCH" }, { method = "PUT", source = ltn12.source.string "x" },
      } do
        answered(fine, "mute")
        local body, message, code = ask(given)
        assert.same({ nil, "closed" }, { body, code })
        assert.matches("ended the connection before it answered", message)
      end
    end)

    it("and not when a new connection goes, too", function()
      answered(fine, "mute")
      assert.equal("closed", select(3, answered("", "close")))
    end)

    it("and not when something has been answered", function()
      asked()
      assert.equal("truncated", select(3, answered("H", "close")))
    end)
  end)

  it("does not give a connection to another identity, nor to another host", function()
    agent = new_agent { trust = pki.path "trust.pem" }
    local given = { certificate = pki.path "client_ec.pem", key = pki.path "client_ec.key" }
    local nobody, _, seen = asked()
    assert.is_nil(seen.client)
    local me
    me, _, seen = asked(given)
    assert.matches("CN=client EC", seen.client)
    assert.is_true(me > nobody)
    assert.same({ nobody, me }, { (asked()), (asked(given)) })
    assert.is_true(asked { url = "https://127.0.0.1:" .. server.port } > me)
    local tunnelled = asked { proxy = server.proxy }
    assert.is_true(tunnelled > me)
    assert.equal(tunnelled, (asked { proxy = server.proxy }))
    assert.is_true(asked { proxy = "http://other@" .. server.proxy } > tunnelled)
  end)

  it("resumes sessions on new connections, each of its own identity", function()
    local alone = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
    local function resumed(given)
      return (select(5, answered(alone, "close", given or {}))).resumed
    end
    for _, version in ipairs { "TLSv1.3", "TLSv1.2" } do
      agent = new_agent { trust = pki.path "trust.pem", max_version = version }
      assert.same({ false, true, true }, { resumed(), resumed(), resumed() })
      assert.is_false(resumed { certificate = pki.path "client_ec.pem", key = pki.path "client_ec.key" })
      assert.is_true(resumed())
      assert.is_false(resumed { url = "https://127.0.0.1:" .. server.port })
    end
    agent = new_agent { trust = pki.path "trust.pem", tickets = false }
    assert.same({ false, false }, { resumed(), resumed() })
    agent = new_agent { config = config }
    assert.same({ false, false }, { resumed(), resumed() })
    agent = new_agent { config = peer.config { tickets = require("beartls.store.memory").new() } }
    assert.same({ false, true }, { resumed(), resumed() })
  end)

  it("keeps no more than it may, the last ones", function()
    agent = new_agent { max_idle = 2, max_idle_per_host = 1 }
    local function try(host)
      return (asked { url = ("https://%s:%d"):format(host, server.port) })
    end
    local a, b = try "localhost", try "127.0.0.1"
    assert.same({ a, b }, { try "localhost", try "127.0.0.1" })
    local elsewhere = web.start()
    assert.equal(200, select(2, agent:request(elsewhere.url)))
    assert.equal(2, #agent.pool.idle)
    assert.is_true(try "localhost" > b)
    agent = new_agent { max_idle_per_host = 0 }
    assert.is_true(try "localhost" < try "localhost")
    agent = new_agent { max_idle = 0 }
    assert.is_true(try "localhost" < try "localhost")
  end)

  it("keeps two connections of one host when two are used at once", function()
    local inner
    local first = asked { source = function()
      if not inner then
        inner = asked()
        return "x"
      end
    end, method = "PUT" }
    assert.is_true(inner ~= first)
    assert.equal(2, #agent.pool.idle)
    agent.pool.max_idle_per_host = 1
    asked()
    assert.equal(1, #agent.pool.idle)
  end)

  it("keeps none for longer than it may", function()
    agent = new_agent { idle_timeout = 0 }
    assert.is_true(asked() < asked())
  end)

  it("closes all of them", function()
    asked()
    agent:close()
    assert.equal(0, #agent.pool.idle)
    assert.equal(200, select(2, ask()))
  end)

  it("does not come to be without what it needs", function()
    local none, message, code = https.agent { trust = "nowhere.pem" }
    assert.same({ nil, "io_file" }, { none, code }, message)
    local ok, err = pcall(function()
      agent:request { url = server.url, trust = "x" }
    end)
    assert.is_false(ok)
    assert.matches("https_agent_spec.lua:%d+: agent:request: the agent has a config", err)
  end)
end)
