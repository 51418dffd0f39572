-- LuaSocket's socket.http, and ssl.https, on the drop-in for LuaSec: unchanged programs in a process of their own.

local https_site = require "support.https_site"
local peer = require "support.peer"
local pki = require "support.pki"
local process = require "support.process"

local it = peer.needs("nginx", it, pending)

local LUA = os.getenv "BEARTLS_LUA" or "lua5.4"
local site, dir

-- What a script prints that runs as lua -l beartls.as_ssl; it sees PORT and PLAIN, and a function get, which prints
-- what a request gives.
local function run(script, env)
  env = env or {}
  env.LUA_PATH, env.LUA_CPATH = package.path, package.cpath
  process.write_file(dir .. "/script.lua", ([[
    local PORT, PLAIN, TRUST = %d, %d, %q
    local http, ltn12 = require "socket.http", require "ltn12"
    local function show(body, code, headers, status)
      print(body, code, status, headers and headers["content-length"])
    end
    %s]]):format(site.port, site.plain, pki.path "trust.pem", script))
  local output, code = process.run(("%s -l beartls.as_ssl %s/script.lua"):format(LUA, dir), { env = env })
  assert.equal(0, code, output)
  return output
end

describe("on the drop-in for LuaSec", function()
  setup(function()
    dir = process.tmpdir()
    site = https_site.start()
    process.write_file(site.html .. "/file", ("0123456789abcdef"):rep(65536))
  end)
  teardown(process.cleanup)

  it("socket.http fetches an https URL", function()
    assert.equal("TLSv1.3  NONE\t200\tHTTP/1.1 200 OK\t13\n",
      run [[show(http.request("https://127.0.0.1:" .. PORT .. "/facts"))]])
    assert.equal("true\t200\t1048576\n", run [[
      local parts, n = {}, 0
      local _, code = http.request { url = "https://127.0.0.1:" .. PORT .. "/file", sink = ltn12.sink.table(parts) }
      local body = table.concat(parts)
      print(body == ("0123456789abcdef"):rep(65536), code, #body)]])
  end)

  it("socket.http follows from http to https, within https, and not back", function()
    assert.matches("^TLSv1.3 ", run [[show(http.request("http://127.0.0.1:" .. PLAIN .. "/up"))]])
    assert.matches("^TLSv1.3 ", run [[show(http.request("https://127.0.0.1:" .. PORT .. "/again"))]])
    assert.matches("\t302\t", run [[show(http.request("https://127.0.0.1:" .. PORT .. "/down"))]])
  end)

  it("ssl.https requests what it is given: a URL, a body, a table with LuaSec's parameters", function()
    local output = run [[
      local https = require "ssl.https"
      local url = "https://localhost:" .. PORT
      show(https.request(url .. "/facts"))
      show(https.request(url .. "/echo", "hello"))
      local parts = {}
      local request = { url = url .. "/facts", sink = ltn12.sink.table(parts), protocol = "tlsv1_2", cafile = TRUST,
        verify = "peer", certificate = "spec/pki/client_rsa.pem", key = "spec/pki/client_rsa.key" }
      show(https.request(request))
      show(https.request(request)) -- the same table again
      print(table.concat(parts, ";"))]]
    assert.equal("TLSv1.3 localhost NONE\t200\tHTTP/1.1 200 OK\t22\nPOST 5\t200\tHTTP/1.1 200 OK\t6\n"
      .. ("1\t200\tHTTP/1.1 200 OK\t25\n"):rep(2) .. "TLSv1.2 localhost SUCCESS;TLSv1.2 localhost SUCCESS\n", output)
  end)

  it("ssl.https compares the name with whom it verifies, and nobody else's", function()
    local output = run [[
      local https = require "ssl.https"
      show(https.request { url = "https://127.0.0.1:" .. PORT .. "/facts", verify = "peer", cafile = TRUST })
      show(https.request { url = "https://127.0.0.1:" .. PORT .. "/facts", verify = "peer" })
      show(https.request { url = "https://127.0.0.1:" .. PORT .. "/facts", cafile = "/nowhere" })
      show(https.request { url = "https://127.0.0.1:" .. PORT .. "/facts", protocol = "foo" })]]
    assert.matches("^1\t200\t[^\n]*\nnil\tcertificate verify failed: [^\n]* is not trusted\t", output)
    assert.matches("nil\terror loading CA locations %(No such file or directory%)\t", output)
    assert.matches("nil\tinvalid protocol %(foo%)\t", output)
  end)

  it("ssl.https says what it does not do", function()
    assert.equal("nil\tproxy not supported\nnil\tredirect not supported\nnil\tcreate function not permitted\n", run [[
      local https = require "ssl.https"
      for _, name in ipairs { "proxy", "redirect", "create" } do
        print(https.request { url = "https://localhost/", [name] = "x" })
      end]])
  end)

  it("ssl.https waits as long as the program says", function()
    assert.equal("nil\twantread\tnil\tnil\n", run [[
      local https, socket = require "ssl.https", require "socket"
      local silent = socket.bind("127.0.0.1", 0)
      local _, port = silent:getsockname()
      https.TIMEOUT = 0.05
      print(https.request(("https://127.0.0.1:%d/"):format(port)))]])
  end)

  it("with BEARTLS_STRICT nobody is fetched from who is not believed", function()
    local script = [[
      local https = require "ssl.https"
      show(https.request("https://localhost:" .. PORT .. "/facts"))
      show(https.request { url = "https://localhost:" .. PORT .. "/facts", verify = "none",
        verifyext = { "lsec_continue" } })
      show(http.request("https://localhost:" .. PORT .. "/facts"))
      show(https.request { url = "https://localhost:" .. PORT .. "/facts", cafile = TRUST })]]
    local refused = "nil\tcertificate verify failed: the server's certificate [^\n]-is not trusted\tnil\tnil\n"
    assert.matches("^" .. refused:rep(3) .. "1\t200\t", run(script, { BEARTLS_STRICT = "1" }))
    -- The system's roots are where it says, and the name counts.
    local env = { BEARTLS_STRICT = "1", SSL_CERT_FILE = pki.path "trust.pem" }
    local fetched = "\t200\tHTTP/1.1 200 OK\t22\n"
    assert.equal(("TLSv1.3 localhost NONE" .. fetched .. "1" .. fetched):rep(2), run(script, env))
  end)

  it("ssl.https.tcp makes connections for other protocols", function()
    assert.equal("HTTP/1.1 200 OK\ntrue\n", run [[
      local connection = require "ssl.https".tcp { verify = "peer", cafile = TRUST } ()
      assert(connection:settimeout(5))
      assert(connection:connect("127.0.0.1", PORT))
      assert(connection:send "GET /facts HTTP/1.0\r\nHost: localhost\r\n\r\n")
      print((connection:receive()))
      print(connection:getpeerverification())
      connection:close()]])
  end)
end)

describe("a server with somebody else's name", function()
  teardown(process.cleanup)

  it("is not fetched from when it is to be verified", function()
    dir = process.tmpdir()
    site = https_site.start { identity = "server_other_host" }
    local output = run [[
      local https = require "ssl.https"
      show(https.request { url = "https://localhost:" .. PORT .. "/facts", cafile = TRUST, verify = "peer" })
      show(https.request { url = "https://localhost:" .. PORT .. "/facts", cafile = TRUST })]]
    assert.matches("^nil\tcertificate verify failed: the server's certificate is for [^\n]*, not for localhost\t"
      .. "nil\tnil\n1\t200\t", output)
  end)
end)
