-- nginx in both roles: our client against its server, its proxy's client against our server.

local luasocket = require "socket"
local peer = require "support.peer"
local process = require "support.process"

local it = peer.needs("nginx", it, pending)

-- PKI is the directory of the certificates, SUITES those of TLS 1.3; the other words in capitals become ports.
local CONF = [[
daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  default_type text/plain;
  ssl_session_cache shared:sessions:1m;
  ssl_session_tickets off;
  ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
  ssl_ciphers ALL:@SECLEVEL=0;
  ssl_certificate PKI/server_rsa.pem; ssl_certificate_key PKI/server_rsa.key;
  ssl_certificate PKI/server_ec.pem; ssl_certificate_key PKI/server_ec.key;
  ssl_client_certificate PKI/trust.pem;
  ssl_conf_command Ciphersuites SUITES;
  root html;

  map $host $facts {
    default "protocol=$ssl_protocol
cipher=$ssl_cipher
name=$ssl_server_name
alpn=$ssl_alpn_protocol
reused=$ssl_session_reused
verify=$ssl_client_verify
client=$ssl_client_s_dn
";
  }
  server {
    listen 127.0.0.1:ONE_WAY ssl http2;
    server_name localhost;
    location = / { return 200 $facts; }
  }
  server {
    listen 127.0.0.1:ONE_WAY ssl;
    server_name other.example.test;
    ssl_certificate PKI/other_site_ec.pem; ssl_certificate_key PKI/other_site_ec.key;
    ssl_certificate PKI/other_site_rsa.pem; ssl_certificate_key PKI/other_site_rsa.key;
    location = / { return 200 $facts; }
  }
  server {
    listen 127.0.0.1:ONE_WAY ssl;
    server_name refused.example.test;
    ssl_reject_handshake on;
  }
  server {
    listen 127.0.0.1:MUTUAL ssl;
    ssl_verify_client on;
    location = / { return 200 $facts; }
  }
  server {
    listen 127.0.0.1:TICKETS ssl;
    ssl_protocols TLSv1.3;
    ssl_ecdh_curve secp384r1;
    ssl_session_cache off;
    ssl_session_tickets on;
    ssl_verify_client optional;
    location = / { return 200 $facts; }
  }
  server {
    listen 127.0.0.1:EXPIRED ssl;
    ssl_certificate PKI/server_expired.pem; ssl_certificate_key PKI/server_expired.key;
  }
  server {
    listen 127.0.0.1:UNTRUSTED ssl;
    ssl_certificate PKI/server_untrusted.pem; ssl_certificate_key PKI/server_untrusted.key;
  }
  server {
    listen 127.0.0.1:PROXY;
    proxy_ssl_verify on;
    proxy_ssl_trusted_certificate PKI/trust.pem;
    proxy_ssl_name localhost;
    proxy_ssl_server_name on;
    proxy_ssl_certificate PKI/client_ec.pem;
    proxy_ssl_certificate_key PKI/client_ec.key;
    location / {
      proxy_pass https://127.0.0.1:BACKEND;
      proxy_ssl_protocols TLSv1.2;
    }
    location /newest {
      proxy_pass https://127.0.0.1:BACKEND;
      proxy_ssl_protocols TLSv1.2 TLSv1.3;
    }
  }
}
]]

local ports = {}
local backend, nginx

-- A megabyte that nginx serves as /file.
local function file_text()
  local lines = {}
  for i = 1, 2 ^ 16 do
    lines[i] = ("%015d\n"):format(i)
  end
  return table.concat(lines)
end

local function start()
  if not process.has "nginx" then
    return
  end
  local dir = process.tmpdir()
  backend, ports.BACKEND = peer.listen()
  for _, name in ipairs { "ONE_WAY", "MUTUAL", "TICKETS", "EXPIRED", "UNTRUSTED", "PROXY" } do
    ports[name] = process.free_port()
  end
  local here = process.run "pwd":match "^(.-)\n"
  process.write_file(dir .. "/nginx.conf", (CONF:gsub("PKI", function()
    return here .. "/spec/pki"
  end):gsub("SUITES", table.concat(peer.suites13, ":")):gsub("127%.0%.0%.1:([A-Z_]+)", function(name)
    return "127.0.0.1:" .. ports[name]
  end)))
  process.run("mkdir " .. dir .. "/html")
  process.write_file(dir .. "/html/file", file_text())
  nginx = process.start(peer.words("nginx", "-e", "stderr", "-p", dir, "-c", dir .. "/nginx.conf",
    "-g", "error_log stderr info;"))
  nginx:wait_for_port(ports.PROXY)
end

local function connect(port, given, how)
  local options = { max_version = "TLSv1.2" }
  if type(given) == "table" then
    for name, value in pairs(given) do
      options[name] = value
    end
    given = options
  end
  return peer.connect(port, given, how)
end

-- The body of the answer to GET; the stream is closed.
local function get(stream, host, path)
  assert(stream, host)
  assert(stream:send(("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"):format(path or "/",
    host or "localhost")))
  local text = assert(stream:receive "*a")
  stream:close()
  local status, body = text:match "^HTTP/1.1 (%d+) .-\r\n\r\n(.*)$"
  return body, tonumber(status)
end

local function fact(body, name)
  return body:match(name .. "=(.-)\n")
end

describe("nginx and", function()
  setup(start)
  after_each(peer.hang_up)
  teardown(function()
    process.cleanup()
    if backend then
      backend:close()
    end
  end)

  describe("our client agree on", function()
    for _, suite in ipairs(peer.suites) do
      if not suite:find "3DES" then -- OpenSSL has dropped it
        it(suite, function()
          local body = get(connect(ports.ONE_WAY, { cipher_suites = { suite } }))
          assert.equal("TLSv1.2", fact(body, "protocol"))
          assert.equal(peer.openssl_name(suite), fact(body, "cipher"))
        end)
      end
    end

    for _, version in ipairs { "TLSv1", "TLSv1.1" } do
      it(version, function()
        local stream = assert(connect(ports.MUTUAL, { min_version = "TLSv1", max_version = version,
          cipher_suites = { "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA" }, identity = "client_rsa" }))
        assert.equal(version, stream:version())
        local body = get(stream)
        assert.equal(version, fact(body, "protocol"))
        assert.equal("SUCCESS", fact(body, "verify"))
      end)
    end

    it("the protocol", function()
      for _, case in ipairs { { "http/1.1" }, { "h2", "http/1.1" } } do
        local stream = assert(connect(ports.ONE_WAY, { alpn = case }))
        assert.equal(case[1], stream:alpn())
        stream:close()
      end
      local stream = assert(connect(ports.ONE_WAY, { alpn = { "http/1.1" } }))
      assert.equal("http/1.1", fact(get(stream), "alpn"))
    end)

    it("the certificate for the name", function()
      for name, subject in pairs { localhost = "CN=localhost", ["other.example.test"] = "CN=other.example.test" } do
        local stream = assert(connect(ports.ONE_WAY, {}, { server_name = name }))
        assert.matches(subject, stream:peer_certificate():subject(), 1, true)
        assert.equal(name, fact(get(stream, name), "name"))
      end
    end)

    for _, name in ipairs { "client_rsa", "client_ec", "client_p384" } do
      it("the certificate of " .. name, function()
        local stream = assert(connect(ports.MUTUAL, { identity = name }))
        local common_name = stream:local_certificate():subject():match "CN=([^,]+)"
        local body = get(stream)
        assert.equal("SUCCESS", fact(body, "verify"))
        assert.matches("CN=" .. common_name, fact(body, "client"), 1, true)
      end)
    end

    it("a session to resume, with its client's certificate", function()
      for port, options in pairs { [ports.ONE_WAY] = {}, [ports.MUTUAL] = { identity = "client_ec" } } do
        options.max_version = "TLSv1.2"
        local config, ticket = peer.config(options), nil
        for i = 1, 3 do
          local stream = assert(connect(port, config, { ticket = ticket }))
          assert.equal(i > 1, stream:resumed())
          assert.is_true(stream:verified())
          ticket = assert(stream:ticket())
          local body = get(stream)
          assert.equal(i > 1 and "r" or ".", fact(body, "reused"))
          assert.equal(options.identity and "SUCCESS" or "NONE", fact(body, "verify"))
        end
      end
    end)

    it("a megabyte", function()
      assert.is_true(file_text() == get(assert(connect(ports.ONE_WAY, {})), "localhost", "/file"))
    end)

    it("several requests on one connection", function()
      local stream = assert(connect(ports.ONE_WAY, {}))
      for _ = 1, 3 do
        assert(stream:send "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert.equal("HTTP/1.1 200 OK", stream:receive "*l")
        local length
        for line in stream:lines() do
          length = tonumber(line:match "^Content%-Length: (%d+)") or length
          if line == "" then
            break
          end
        end
        assert.matches("^protocol=TLSv1.2", stream:receive(length))
      end
    end)
  end)

  describe("our client agree, in TLS 1.3, on", function()
    for _, suite in ipairs(peer.suites13) do
      it(suite .. " with every group and kind of key", function()
        for _, group in ipairs(peer.groups) do
          for _, scheme in ipairs { "ecdsa_secp256r1_sha256", "rsa_pss_rsae_sha256" } do
            local stream = assert(peer.connect(ports.ONE_WAY, { cipher_suites = { suite }, groups = { group },
              signature_schemes = { scheme, "rsa_pkcs1_sha256", "ecdsa_secp256r1_sha256" } }))
            assert.equal(group, stream:group())
            assert.equal(scheme, stream:signature_scheme())
            local body = get(stream)
            assert.equal("TLSv1.3", fact(body, "protocol"))
            assert.equal(suite, fact(body, "cipher"))
          end
        end
      end)
    end

    for _, kind in ipairs(peer.kinds) do
      it("a client's certificate whose key is " .. kind[1], function()
        local stream = assert(peer.connect(ports.MUTUAL, { identity = "client_" .. kind[1] }))
        local common_name = stream:local_certificate():subject():match "CN=([^,]+)"
        local body = get(stream)
        assert.equal("SUCCESS", fact(body, "verify"))
        assert.matches("CN=" .. common_name, fact(body, "client"), 1, true)
      end)
    end

    it("a session to resume from the server's memory, and one from a ticket after a HelloRetryRequest", function()
      for port, retries in pairs { [ports.MUTUAL] = 0, [ports.TICKETS] = 1 } do
        local config, ticket = peer.config { identity = "client_ec", trace = 100 }, nil
        for i = 1, 3 do
          local stream = assert(peer.connect(port, config, { ticket = ticket }))
          assert.equal(i > 1, stream:resumed())
          assert.is_true(stream:verified())
          assert.equal(retries, peer.count_events(stream, "hello_retry_request", "received"))
          local body = get(stream)
          assert.equal(i > 1 and "r" or ".", fact(body, "reused"))
          assert.equal("SUCCESS", fact(body, "verify"))
          ticket = assert(stream:ticket())
        end
      end
    end)

    it("a megabyte, the protocol and the name", function()
      local stream = assert(peer.connect(ports.ONE_WAY, { alpn = { "http/1.1" } }))
      assert.equal("http/1.1", stream:alpn())
      assert.is_true(file_text() == get(stream, "localhost", "/file"))
    end)
  end)

  describe("our client both say why:", function()
    -- What, the port, our options, the name that we want, our code, the alert, who sent it, what nginx
    -- logs.
    for _, case in ipairs {
      { "the server's certificate has expired", "EXPIRED", {}, "localhost",
        "certificate_expired", "certificate_expired", "us", "SSL alert number 45" },
      { "we do not trust the server", "UNTRUSTED", {}, "localhost",
        "certificate_untrusted", "unknown_ca", "us", "SSL alert number 48" },
      { "the server's certificate is for another host", "ONE_WAY", {}, "elsewhere.example.test",
        "certificate_name_mismatch", "bad_certificate", "us", "SSL alert number 42" },
      { "a name that the server refuses", "ONE_WAY", {}, "refused.example.test",
        "alert_unrecognized_name", "unrecognized_name", "peer", "handshake rejected" },
      { "no protocol in common", "ONE_WAY", { alpn = { "x" } }, "localhost",
        "alert_no_application_protocol", "no_application_protocol", "peer", "no application protocol" },
      { "no suite in common", "UNTRUSTED", { cipher_suites = { "TLS_RSA_WITH_AES_128_GCM_SHA256" } }, "localhost",
        "alert_handshake_failure", "handshake_failure", "peer", "no shared cipher" },
    } do
      it(case[1], function()
        local stream, message, code, failure = connect(ports[case[2]], case[3], { server_name = case[4] })
        assert.is_nil(stream)
        assert.equal(case[5], code, message)
        assert.equal(case[6], failure.alert)
        assert.equal(case[7], failure.sent_by)
        assert.is_string(failure.hint)
        nginx:wait_for(case[8])
      end)
    end

    it("our certificate, or that there is none, which nginx answers with a page", function()
      for identity, words in pairs {
        none = "No required SSL certificate was sent", client_untrusted = "The SSL certificate error",
        client_expired = "The SSL certificate error",
      } do
        local body, status = get(connect(ports.MUTUAL, { identity = identity ~= "none" and identity or nil }))
        assert.equal(400, status)
        assert.matches(words, body, 1, true)
      end
    end)
  end)

  describe("our server, nginx being a proxy, agree on", function()
    -- Asks the proxy; what we say is answered by `serve`.
    local function ask(config, serve, path)
      local browser = assert(luasocket.connect("127.0.0.1", ports.PROXY))
      browser:settimeout(10)
      browser:send(("GET %s HTTP/1.0\r\n\r\n"):format(path or "/"))
      local stream, message = peer.accept(backend, config)
      assert(stream, message)
      assert.equal(("GET %s HTTP/1.0"):format(path or "/"), stream:receive "*l")
      serve(stream)
      stream:send "HTTP/1.0 200 OK\r\n\r\nfrom behind"
      stream:close()
      assert.matches("\r\n\r\nfrom behind$", browser:receive "*a")
      browser:close()
    end

    for _, kind in ipairs(peer.kinds) do
      it("mutual TLS 1.3, our key being " .. kind[1] .. ", and a session to resume", function()
        local config = peer.config { identity = "server_" .. kind[1], verify_client = "require" }
        for i = 1, 3 do
          ask(config, function(stream)
            assert.equal("TLSv1.3", stream:version())
            assert.equal(i > 1, stream:resumed())
            assert.equal("localhost", stream:server_name())
            assert.is_true(stream:verified())
            assert.matches("CN=client EC", stream:peer_certificate():subject(), 1, true)
          end, "/newest")
        end
      end)
    end

    for _, name in ipairs { "server_rsa", "server_ec" } do
      it("mutual TLS with the certificate of " .. name .. ", and a session to resume", function()
        local config = peer.config { identity = name, verify_client = "require", max_version = "TLSv1.2" }
        for i = 1, 3 do
          ask(config, function(stream)
            assert.equal(i > 1, stream:resumed())
            assert.equal("localhost", stream:server_name())
            assert.is_true(stream:verified())
            assert.matches("CN=client EC", stream:peer_certificate():subject(), 1, true)
          end)
        end
      end)
    end
  end)
end)
