local https = require "beartls.https"
local ltn12 = require "ltn12"
local peer = require "support.peer"
local pki = require "support.pki"
local process = require "support.process"
local web = require "support.web"

local config = peer.config { alpn = { "http/1.1" } }
local server

describe("https.request", function()
  setup(function()
    server = web.start()
  end)
  teardown(process.cleanup)

  -- Asks for a path of the server, or what `given` says besides.
  local function ask(given)
    local request = { url = server.url .. "/", config = config, proxy = false, timeout = 10 }
    for name, value in pairs(given or {}) do
      request[name] = value
    end
    return https.request(request)
  end

  -- What the server answers to that, word for word, and how it ends the connection.
  local function answered(text, ending, given)
    given = given or {}
    given.headers = web.answers(text, ending)
    return ask(given)
  end

  local function first_two(a, b)
    return { a, b }
  end

  -- What the server has understood.
  local function asked(given)
    local text, status = ask(given)
    assert.equal(200, status, status)
    return web.read(text)
  end

  describe("has LuaSocket's shape:", function()
    it("body, status, headers and status line; and who has answered", function()
      local body, status, headers, line, about = ask { url = server.url .. "/some/page?a=b;c#part" }
      local seen = web.read(body)
      assert.same({ 200, "HTTP/1.1 200 OK", "text/plain", "a=b" },
        { status, line, headers["content-type"], headers["set-cookie"] })
      assert.same({ "GET", "/some/page?a=b;c", "localhost" }, { seen.method, seen.target, seen.name })
      assert.same({ server.url .. "/some/page?a=b;c", 0, false, false, "TLSv1.3" },
        { about.url, about.redirects, about.reused, about.resumed, about.version })
      assert.matches("CN=localhost", about.peer_certificate:subject())
      assert.same({ host = server.host, connection = "close", ["accept-encoding"] = "identity",
        ["user-agent"] = "beartls" }, seen.headers)
    end)

    it("a URL and a body are a form that is posted", function()
      local agent = https.agent { config = config, proxy = false }
      local seen = web.read(agent:request(server.url .. "/form", "a=b"))
      assert.same({ "POST", "a=b", "application/x-www-form-urlencoded", "3" },
        { seen.method, seen.body, seen.headers["content-type"], seen.headers["content-length"] })
      agent:close()
    end)

    it("1 instead of a body when there is a sink", function()
      local parts = {}
      assert.same({ 1, 200 }, first_two(ask { sink = ltn12.sink.table(parts) }))
      assert.equal("/", web.read(table.concat(parts)).target)
    end)

    it("headers, a method, a user and a password", function()
      local seen = asked { url = server.url:gsub("//", "//me:a%%20secret@"), method = "DELETE",
        headers = { ["X-Y"] = 1 } }
      assert.same({ "DELETE", "1", "Basic bWU6YSBzZWNyZXQ=" },
        { seen.method, seen.headers["x-y"], seen.headers.authorization })
    end)

    it("an answer without a body", function()
      assert.same({ "", 200 }, first_two(ask { method = "HEAD" }))
      for _, line in ipairs { "204 No Content", "304 Not Modified" } do
        assert.same({ "", tonumber(line:match "%d+") },
          first_two(answered(("HTTP/1.1 %s\r\nContent-Length: 5\r\n\r\n"):format(line), "keep")))
      end
    end)
  end)

  describe("sends a body", function()
    local long = ("0123456789"):rep(30000)

    it("never because a header promises one", function()
      local agent = https.agent { config = config, proxy = false }
      for i = 1, 2 do
        local body, _, _, _, about = agent:request { url = server.url .. "/" .. i, timeout = 5,
          headers = { ["Content-Length"] = 5 } }
        local seen = web.read(assert(body))
        assert.same({ "/" .. i, nil, i == 2 }, { seen.target, seen.headers["content-length"], about.reused })
      end
      agent:close()
    end)

    it("that is a string", function()
      local seen = asked { method = "PUT", body = long }
      assert.same({ "PUT", tostring(#long) }, { seen.method, seen.headers["content-length"] })
      assert.is_true(seen.body == long)
      assert.equal("0", asked({ body = "" }).headers["content-length"])
    end)

    it("from a source, in chunks, of which an empty one is not the last", function()
      local seen = asked { source = ltn12.source.table { "some", "", "thing" } }
      assert.same({ "POST", "something", 3 }, { seen.method, seen.body, seen.chunks })
      assert.is_true(long == asked({ source = ltn12.source.string(long) }).body)
    end)

    it("from a source whose length is known", function()
      local seen = asked { source = ltn12.source.table { "some", "thing" }, headers = { ["Content-Length"] = 9 } }
      assert.same({ "something", "9" }, { seen.body, seen.headers["content-length"] })
    end)

    it("step by step", function()
      local steps = 0
      assert.equal("ab", asked({ source = ltn12.source.table { "a", "b" }, step = function(source, sink)
        steps = steps + 1
        return ltn12.pump.step(source, sink)
      end }).body)
      assert.is_true(steps > 3)
    end)

    it("not as if it were complete when its source fails", function()
      for words, given in pairs {
        ["no more"] = { source = ltn12.source.cat(ltn12.source.string "a", ltn12.source.error "no more") },
        ["promises 9 bytes, and it has 1"] = {
          source = ltn12.source.string "a", headers = { ["content-length"] = 9 },
        },
        ["promises 1 bytes, and it has more"] = {
          source = ltn12.source.string "abc", headers = { ["content-length"] = 1 },
        },
      } do
        local body, message, code = ask(given)
        assert.same({ nil, "io_source" }, { body, code })
        assert.matches(words, message, 1, true)
      end
    end)

    it("and gets the answer of a server that does not want all of it", function()
      local endless = function()
        return ("x"):rep(65536)
      end
      local headers = web.answers("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!", "close")
      headers["x-early"] = "yes"
      local body, status = ask { source = endless, headers = headers }
      assert.same({ "no!", 413 }, { body, status })
    end)
  end)

  describe("takes the body of an answer", function()
    for name, case in pairs {
      ["by its length"] = { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "keep" },
      ["by its length, said twice"] = { "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello", "keep" },
      ["by its length, without a close_notify"] = { "HTTP/1.1 200 OK\r\ncontent-length:5\r\n\r\nhello", "cut" },
      ["in chunks"] = {
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n002;x=y\r\nlo\r\n0\r\n\r\n", "keep",
      },
      ["in chunks, with trailers, without a close_notify"] = {
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5 \r\nhello\r\n0\r\nContent-Length: 7\r\n\r\n", "cut",
      },
      ["in chunks, whatever its length is said to be"] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "keep",
      },
      ["until the end"] = { "HTTP/1.1 200 OK\r\n\r\nhello", "close" },
      ["of HTTP/1.0"] = { "HTTP/1.0 200 OK\r\n\r\nhello", "close" },
      ["after folded headers"] = { "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 5\r\n\r\nhello", "keep" },
      ["after what comes before it"] = {
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhello", "close",
      },
    } do
      it(name, function()
        assert.same({ "hello", 200 }, first_two(answered(case[1], case[2])))
      end)
    end

    it("in chunks of a byte each", function()
      local chunks = ("1\r\nx\r\n"):rep(3000)
      local body = answered("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" .. chunks .. "0\r\n\r\n")
      assert.equal(("x"):rep(3000), body)
    end)

    it("piece by piece, as it comes", function()
      local pieces = 0
      local result, message, code = answered("HTTP/1.1 200 OK\r\n\r\n", "trickle", { sink = function(piece)
        pieces = pieces + (piece and 1 or 0)
        return pieces < 3 and 1 or nil, "enough"
      end })
      assert.same({ nil, "the sink of the answer: enough", "io_sink" }, { result, message, code })
    end)

    it("until its sink does not want any more", function()
      local text = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
      assert.equal(1, answered(text .. "hello", "keep", { sink = function()
        return nil
      end }))
    end)

    it("without closing its eyes to an error in a sink", function()
      local ok, err = pcall(answered, "HTTP/1.1 200 OK\r\n\r\nx", "close", { sink = function()
        error("a bug", 0)
      end })
      assert.same({ false, "a bug" }, { ok, err })
    end)
  end)

  describe("does not take", function()
    local chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    local head = "HTTP/1.1 200 OK\r\n"

    for name, case in pairs {
      ["half of what its length says for all"] = { head .. "Content-Length: 9\r\n\r\nhello", "close", "truncated",
        "ended the connection after 5 of 9 bytes", "hello" },
      ["half of it when the connection is cut"] = { head .. "Content-Length: 9\r\n\r\nhello", "cut", "truncated",
        "after 5 of 9 bytes", "hello" },
      ["chunks without a last one"] = { chunked .. "5\r\nhello\r\n", "close", "truncated", "last chunk", "hello" },
      ["half a chunk"] = { chunked .. "9\r\nhello", "cut", "truncated", "last chunk", "hello" },
      ["half a last chunk"] = { chunked .. "5\r\nhello\r\n0\r\n", "close", "truncated", "trailers", "hello" },
      ["an end without close_notify for the end"] = { head .. "\r\nhello", "cut", "truncated", "close_notify",
        "hello" },
      ["half a head"] = { head .. "Content-Le", "close", "truncated", "in the middle of its answer" },
      ["half a folded header"] = { head .. "X: a\r\n b\r\n c", "close", "truncated", "in the middle of its answer" },
      ["half a status line"] = { "HTTP/1.1 2", "cut", "truncated", "in the middle" },
      ["a part of a word"] = { "HT", "close", "truncated", "in the middle" },
      ["no answer"] = { "", "close", "closed", "before it answered" },
      ["no answer, cut"] = { "", "cut", "truncated", "before it answered" },
      ["a page of HTTP/0.9"] = { "<html>hello", "close", "peer_http_malformed", "does not answer in HTTP" },
      ["another protocol"] = { "HTTP/2 200 OK\r\n\r\n", "close", "peer_http_malformed", "does not answer in HTTP" },
      ["a status that is none"] = { "HTTP/1.1 ok\r\n\r\n", "close", "peer_http_malformed", "does not answer in HTTP" },
      ["a change of protocol"] = { "HTTP/1.1 101 Go\r\n\r\n", "keep", "peer_http_malformed", "101" },
      ["a line that is no header"] = { head .. "nothing\r\n\r\n", "close", "peer_http_malformed", "malformed header" },
      ["a blank in a name"] = { head .. "Content-Length : 5\r\n\r\nhello", "close", "peer_http_malformed", "header" },
      ["a header without a name"] = { head .. ": x\r\n\r\nhello", "close", "peer_http_malformed", "malformed header" },
      ["two lengths"] = { head .. "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "close",
        "peer_http_malformed", "Content-Length that is none: 5, 6" },
      ["a negative length"] = { head .. "Content-Length: -5\r\n\r\nhello", "close", "peer_http_malformed", "-5" },
      ["a hexadecimal length"] = { head .. "Content-Length: 0x5\r\n\r\nhello", "close", "peer_http_malformed", "0x5" },
      ["an enormous length"] = { head .. "Content-Length: " .. ("9"):rep(20) .. "\r\n\r\nx", "close",
        "peer_http_malformed", "Content-Length" },
      ["a compressed transfer"] = { head .. "Transfer-Encoding: gzip, chunked\r\n\r\n", "close", "peer_http_malformed",
        "gzip, chunked" },
      ["a negative chunk"] = { chunked .. "-1\r\nhello\r\n", "close", "peer_http_malformed", "size is no number" },
      ["an enormous chunk"] = { chunked .. "FFFFFFFFFFFFFFFF\r\nhello\r\n", "close", "peer_http_malformed", "size" },
      ["a chunk of no size"] = { chunked .. ";x\r\nhello\r\n", "close", "peer_http_malformed", "size is no number" },
      ["more in a chunk than it says"] = { chunked .. "5\r\nhello!\r\n0\r\n\r\n", "close", "peer_http_malformed",
        "more in a chunk", "" },
      ["an endless line"] = { "HTTP/1.1 200 " .. ("x"):rep(20000), "keep", "peer_too_long", "16384" },
      ["endless headers"] = { head .. ("a: b\r\n"):rep(300), "keep", "peer_too_long", "256 lines" },
      ["endless hints"] = { ("HTTP/1.1 100 Continue\r\n\r\n"):rep(200), "keep", "peer_too_long", "256 lines" },
      ["endless trailers"] = { chunked .. "0\r\n" .. ("a: b\r\n"):rep(300), "keep", "peer_too_long", "256 lines" },
    } do
      it(name, function()
        local body, message, code, failure = answered(case[1], case[2])
        assert.same({ nil, case[3] }, { body, code }, message)
        assert.matches(case[4], message, 1, true)
        assert.equal(case[5] or "", failure.partial)
      end)
    end

    it("more than max_body allows", function()
      for text, ending in pairs {
        [head .. "Content-Length: 101\r\n\r\n"] = "keep",
        [chunked .. "65\r\n" .. ("x"):rep(101) .. "\r\n0\r\n\r\n"] = "keep",
        [head .. "\r\n" .. ("x"):rep(101)] = "close",
      } do
        local body, message, code, failure = answered(text, ending, { max_body = 100 })
        assert.same({ nil, "peer_http_too_large" }, { body, code })
        assert.matches("more than 100 bytes", message)
        assert.matches("max_body", failure.hint)
        assert.is_true(#failure.partial <= 100)
      end
      assert.equal("hello", (answered(head .. "Content-Length: 5\r\n\r\nhello", "keep", { max_body = 5 })))
    end)
  end)

  describe("ends in time:", function()
    it("timeout bounds each wait", function()
      for _, text in ipairs { "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello" } do
        local body, message, code = answered(text, "keep", { timeout = 0.2 })
        assert.same({ nil, "timeout" }, { body, code })
        assert.matches("has not answered for 0.2 seconds", message, 1, true)
      end
    end)

    it("total_timeout bounds all of it, also when there is always a little more", function()
      local body, message, code, failure = answered("HTTP/1.1 200 OK\r\n\r\n", "trickle", { total_timeout = 0.6 })
      assert.same({ nil, "timeout" }, { body, code })
      assert.matches("the time for the request is over", message)
      assert.matches("^x*$", failure.partial)
    end)

    it("and no time is no time", function()
      assert.equal("timeout", select(3, ask { total_timeout = 0 }))
    end)

    it("nobody who listens but does not speak TLS is waited for", function()
      local listener, port = require("support.loopback").listen()
      local body, message, code = ask { url = "https://127.0.0.1:" .. port, timeout = 0.2 }
      listener:close()
      assert.same({ nil, "timeout" }, { body, code }, message)
    end)
  end)

  describe("verifies:", function()
    it("by default with the system's roots", function()
      local body, message, code, failure = https.request { url = server.url, proxy = false }
      assert.same({ nil, "certificate_untrusted" }, { body, code }, message)
      assert.equal("unknown_ca", failure.alert)
    end)

    it("the name, too", function()
      assert.equal(200, select(2, ask { url = "https://127.0.0.1:" .. server.port }))
      local body, message, code = ask { url = "https://other.example.test:" .. server.port, proxy = server.proxy }
      assert.same({ nil, "certificate_name_mismatch" }, { body, code }, message)
    end)

    it("with the options of tls.config in place", function()
      local trust = pki.path "trust.pem"
      local function try(given)
        given.url, given.proxy, given.time = server.url, false, pki.now
        local _, status, code = https.request(given)
        return status == 200 or code
      end
      assert.is_true(try { trust = trust })
      assert.equal("certificate_untrusted", try { trust = pki.path "other_root.pem" })
      local pin = require("beartls").certificate.load(pki.path "server_ec.pem"):pin()
      assert.is_true(try { insecure_no_verify = true, pins = { pin } })
      assert.equal("certificate_pin_mismatch", try { trust = trust, pins = { (pin:gsub("//....", "//AAAA")) } })
      assert.equal("io_file", try { trust = "nowhere.pem" })
    end)

    it("says http/1.1 to a server that asks, and speaks nothing else", function()
      local h2 = peer.config { alpn = { "h2" } }
      local other = peer.beartls_serve("--cert", pki.path "server_rsa.pem", "--key", pki.path "server_rsa.key",
        "--alpn", "h2")
      local body, message, code = ask { url = "https://localhost:" .. other.port, config = h2 }
      assert.same({ nil, "config_alpn" }, { body, code }, message)
    end)
  end)

  it("shows a client certificate, in one option", function()
    local mutual = web.start "require"
    local text = pki.read "client_ec.pem" .. pki.read "client_ec.key"
    local file = process.tmpdir() .. "/me.pem"
    process.write_file(file, text)
    local given = { url = mutual.url, proxy = false, trust = pki.path "trust.pem", time = pki.now }
    given.certificate = file
    local seen = web.read(https.request(given))
    assert.matches("CN=client EC", seen.client, 1, true)
    given.certificate, given.key = pki.path "client_rsa.pem", pki.path "client_rsa.key"
    assert.matches("CN=client RSA", web.read(https.request(given)).client, 1, true)
    given.certificate, given.key = nil, nil
    local body, message, code = https.request(given)
    assert.same({ nil, "alert_certificate_required" }, { body, code }, message)
  end)

  describe("refuses", function()
    for url, words in pairs {
      ["http://localhost/"] = "everybody on the way can read and change",
      ["localhost/page"] = "does not begin with https://",
      ["ftp://localhost"] = "its scheme is not https",
      ["https://"] = "its host is neither",
      ["https:///page"] = "its host is neither",
      ["https://a host/"] = "its host is neither",
      ["https://b\195\188cher.example/"] = "its host is neither",
      ["https://[::1/"] = "its host is neither",
      ["https://localhost:0/"] = "no such port",
      ["https://localhost:65536/"] = "no such port",
      ["https://localhost:x/"] = "its host is neither",
      ["https://localhost/a\r\nX: y"] = "control characters",
    } do
      it(("the URL %q"):format(url), function()
        local body, message, code = ask { url = url }
        assert.same({ nil, "config_url" }, { body, code })
        assert.matches(words, message, 1, true)
      end)
    end

    it("to repeat a password of a URL that it refuses", function()
      for _, url in ipairs {
        "http://me:secret@localhost/?also=secret", "https:/me:secret@localhost/", "me:secret@localhost",
        "https://me:sec/secret@localhost/", "https://me:sec?secret@localhost/", "https://me:a//secret@localhost/",
        "https://me:secret@localhost:0/", "https:me:secret@localhost",
      } do
        local _, message, code = ask { url = url }
        assert.equal("config_url", code)
        assert.is_nil(message:find "secret", message)
      end
    end)

    it("headers that are none, or would say what is not so", function()
      for name, value in pairs {
        ["a b"] = "x", [""] = "x", ["a:"] = "x", x = "a\r\nb", y = "a\0b", z = {}, ["Transfer-Encoding"] = "chunked",
        Connection = "keep-alive", ["Content-Length"] = "-1", ["Proxy-Authorization"] = "x", [1] = "x",
      } do
        local body, message, code = ask { headers = { [name] = value } }
        assert.same({ nil, "config_header" }, { body, code }, message)
      end
    end)

    it("methods that are none", function()
      for _, method in ipairs { "", "get", "GET /", "CONNECT", "GE\r\nT" } do
        assert.equal("config_method", select(3, ask { method = method }))
      end
    end)

    it("what makes no sense, and says whose mistake it is", function()
      for words, given in pairs {
        ['there is no option "sinc", did you mean "sink"?'] = { sinc = true },
        ['the option "timeout" must be a number of seconds, not "5"'] = { timeout = "5" },
        ['the option "source" must be a function of ltn12'] = { source = "x" },
        ["options of tls.config are given besides a config"] = { trust = "x" },
        ["body and source are given"] = { body = "x", source = ltn12.source.string "x" },
      } do
        given.url, given.config = server.url, config
        local ok, err = pcall(function()
          local result = https.request(given)
          return result
        end)
        assert.is_false(ok)
        assert.matches("https_spec.lua:%d+: https.request: ", err)
        assert.matches(words, err, 1, true)
      end
      assert.has_error(function() https.request {} end)
      assert.has_error(function() https.request(nil) end)
      assert.has_error(function() https.agent { url = "https://localhost" } end)
    end)
  end)

  it("asks for what cannot stand in a line as browsers do", function()
    assert.equal("/a%20b/%C3%BC?%C3%BC", asked({ url = server.url .. "/a b/\195\188?\195\188" }).target)
    assert.equal("/?x", asked({ url = server.url .. "?x" }).target)
    assert.equal("/", asked({ url = server.url:gsub("^https", "HTTPS") .. "#x" }).target)
  end)

  it("finds a server by an IPv6 address", function()
    local child = require("support.loopback").serve([[
      local s = assert(socket.accept(listener:accept(), config))
      repeat
        local line = s:receive()
        if line:find "^[Hh]ost: %[::1%]:%d+$" then
          s:send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nv6"
        end
      until line == ""
      s:close()
    ]], nil, "::1")
    local port = math.floor(tonumber(child:read "*l"))
    assert.equal("v6", (ask { url = ("https://[::1]:%d/"):format(port) }))
    require("support.loopback").finish(child)
  end)
end)
