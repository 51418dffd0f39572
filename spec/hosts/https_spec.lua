-- beartls.https against nginx, directly and through tinyproxy.

local https = require "beartls.https"
local ltn12 = require "ltn12"
local peer = require "support.peer"
local pki = require "support.pki"
local process = require "support.process"

-- PKI is the directory of the certificates, PORT and MUTUAL are ports.
local NGINX = [[
daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  client_max_body_size 4m;
  default_type text/plain;
  ssl_certificate PKI/server_rsa.pem; ssl_certificate_key PKI/server_rsa.key;
  ssl_client_certificate PKI/trust.pem;
  ssl_session_cache shared:sessions:1m;
  ssl_protocols TLSv1.2 TLSv1.3;
  root html;
  server {
    listen 127.0.0.1:PORT ssl;
    keepalive_requests 5;
    location = / { return 200 "$connection $connection_requests $ssl_session_reused $ssl_protocol\n"; }
    location = /moved { return 302 /; }
    location = /elsewhere { return 301 https://127.0.0.1:MUTUAL/; }
    location /list/ { autoindex on; }
    location /put/ { dav_methods PUT; create_full_put_path on; }
  }
  server {
    listen 127.0.0.1:MUTUAL ssl;
    ssl_verify_client optional;
    location = / { return 200 "$ssl_client_verify $ssl_client_s_dn"; }
    location = /moved { return 307 https://localhost:MUTUAL/; }
    location = /elsewhere { return 307 https://127.0.0.1:MUTUAL/; }
  }
}
]]

local TINYPROXY = [[
Port %d
Listen 127.0.0.1
Timeout 10
MaxClients 10
BasicAuth me secret
ConnectPort %d
]]

local data = {}
for i = 1, 60000 do
  data[i] = ("line %d\n"):format(i)
end
data = table.concat(data)

local url, mutual, through, agent

local function start()
  if not process.has "nginx" then
    return
  end
  local dir = process.tmpdir()
  local port, mutual_port = process.free_port(), process.free_port()
  url, mutual = "https://localhost:" .. port, "https://localhost:" .. mutual_port
  local here = process.run "pwd":match "^(.-)\n"
  process.write_file(dir .. "/nginx.conf", (NGINX:gsub("PKI", here .. "/spec/pki"):gsub("PORT", port)
    :gsub("MUTUAL", mutual_port)))
  process.run("mkdir -p " .. dir .. "/html/list")
  process.write_file(dir .. "/html/file", data)
  for i = 1, 300 do
    process.write_file(("%s/html/list/file-%03d"):format(dir, i), "")
  end
  process.start(peer.words("nginx", "-e", "stderr", "-p", dir, "-c", dir .. "/nginx.conf")):wait_for_port(mutual_port)
  if process.has "tinyproxy" then
    local proxy_port = process.free_port()
    process.write_file(dir .. "/tinyproxy.conf", TINYPROXY:format(proxy_port, port))
    process.start("tinyproxy -d -c " .. dir .. "/tinyproxy.conf"):wait_for_port(proxy_port)
    through = "localhost:" .. proxy_port
  end
end

-- The body of an answer that has to be 200.
local function get(target, given)
  given = given or {}
  given.url = target
  local body, status = agent:request(given)
  assert.equal(200, status, status)
  return body
end

describe("HTTPS requests and", function()
  setup(start)
  before_each(function()
    agent = assert(https.agent { trust = pki.path "trust.pem", time = pki.now, proxy = false, timeout = 10 })
  end)
  after_each(function()
    agent:close()
  end)
  teardown(process.cleanup)

  describe("nginx agree on", function()
    local it = peer.needs("nginx", it, pending)

    it("connections that are kept until it says close, and sessions that are resumed then", function()
      local seen = {}
      for i = 1, 12 do
        seen[i] = get(url .. "/"):match "^%d+ (%d+ .) TLSv1.3\n$"
      end
      assert.same({ "1 .", "2 .", "5 .", "1 r", "5 r", "1 r" },
        { seen[1], seen[2], seen[5], seen[6], seen[10], seen[11] })
    end)

    it("a large answer, and one in chunks", function()
      assert.is_true(data == get(url .. "/file"))
      local parts = {}
      assert.equal(1, get(url .. "/file", { sink = ltn12.sink.table(parts) }))
      assert.is_true(data == table.concat(parts))
      local page, _, headers = agent:request(url .. "/list/")
      assert.equal("chunked", headers["transfer-encoding"])
      assert.matches("file%-001.*file%-300", page)
      assert.matches("^4 ", (get(url .. "/"):gsub("^%d+ ", "")))
    end)

    it("a body in chunks and one with a length", function()
      for path, given in pairs {
        ["/put/chunked"] = { source = ltn12.source.string(data) }, ["/put/string"] = { body = data },
        ["/put/nothing"] = { body = "" },
      } do
        given.url, given.method = url .. path, "PUT"
        assert.equal(201, select(2, agent:request(given)))
        assert.is_true((given.body or data) == get(url .. path))
      end
    end)

    it("the answer to a body that it does not want", function()
      local large = ("x"):rep(5 * 1024 * 1024)
      local body, status = agent:request { url = url .. "/put/large", method = "PUT", body = large }
      assert.equal(413, status, status)
      assert.matches("413", body)
    end)

    it("redirects, and who goes with them", function()
      assert.matches("TLSv1.3", get(url .. "/moved"))
      local mine = { certificate = pki.path "client_rsa.pem", key = pki.path "client_rsa.key" }
      assert.matches("SUCCESS .*CN=client RSA", get(mutual .. "/", mine))
      assert.matches("SUCCESS .*CN=client RSA", get(mutual .. "/moved", mine))
      assert.equal("NONE ", get(mutual .. "/elsewhere", mine))
      assert.equal("NONE ", get(url .. "/elsewhere", mine))
    end)

    it("methods without a body", function()
      assert.equal("", get(url .. "/file", { method = "HEAD" }))
      assert.matches("^2 ", (get(url .. "/"):gsub("^%d+ ", "")))
      assert.equal(405, select(2, agent:request { url = url .. "/", method = "TRACE" }))
    end)
  end)

  describe("tinyproxy agree on", function()
    local it = peer.needs("tinyproxy", it, pending)

    it("a tunnel, which is kept", function()
      local given = { proxy = "http://me:secret@" .. through }
      local first = get(url .. "/", given)
      assert.matches("^%d+ 1 ", first)
      assert.equal(first:gsub(" 1 ", " 2 "), get(url .. "/", given))
      assert.is_true(data == get(url .. "/file", given))
    end)

    it("who may not use it, and for what", function()
      for user, code in pairs { ["me:guess@"] = "io_proxy_refused", [""] = "io_proxy_authentication" } do
        local body, message, got = agent:request { url = url .. "/", proxy = "http://" .. user .. through }
        assert.same({ nil, code }, { body, got }, message)
      end
      local body, message, code = agent:request { url = mutual .. "/", proxy = "http://me:secret@" .. through }
      assert.same({ nil, "io_proxy_refused" }, { body, code }, message)
    end)
  end)
end)
