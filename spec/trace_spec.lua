-- trace_spec.lua -- events as text: lines, JSON, the ladder.
local decode = require "beartls.decode"
local json = require "beartls.json"
local recorded = require "support.recorded"
local text = require "beartls.decode.text"
local trace = require "beartls.trace"

local function events(flow)
  local list = {}
  for i, event in ipairs(recorded.flows[flow]) do
    local copy = {}
    for key, value in pairs(event) do
      copy[key] = value
    end
    list[i] = copy
  end
  return list
end

local function lines_of(s)
  local list = {}
  for line in s:gmatch("([^\n]*)\n") do
    list[#list + 1] = line
  end
  return list
end

local function hello_event(name)
  local raw = recorded.hellos[name]:sub(6)
  return { direction = "received", time = 0.0125, content_type = "handshake", version = "TLSv1",
    encrypted = false, length = #raw, raw = raw }
end

local function alert(raw, more)
  local event = { direction = "received", time = 1.5, content_type = "alert", version = "TLSv1.2",
    encrypted = false, length = #raw, raw = raw }
  for key, value in pairs(more or {}) do
    event[key] = value
  end
  return event
end

describe("trace lines", function()
  it("show a mutual handshake, message by message", function()
    assert.same({
      "    0.0 ms -> ClientHello           179 B  TLSv1.2, localhost, alpn echo/1 http/1.1, "
        .. "x25519 +4, 3 suites",
      "    1.0 ms <- ServerHello            78 B  TLSv1.2 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "
        .. "alpn echo/1",
      "    2.0 ms <- Certificate          1095 B  CN=localhost <- CN=Recorded CA,O=beartls,C=DE",
      "    3.0 ms <- ServerKeyExchange     333 B  secp256r1, signed with rsa_pss_rsae_sha256",
      "    4.0 ms <- CertificateRequest     58 B  rsa_sign dss_sign ecdsa_sign, from any CA",
      "    5.0 ms <- ServerHelloDone         4 B",
      "    6.0 ms -> Certificate           491 B  CN=alice,OU=Reading+UID=7,O=B\195\188cher\\, "
        .. "S\195\182hne <- CN=Recorded CA,O=b...",
      "    7.0 ms -> ClientKeyExchange      70 B  ECDHE public key of 65 bytes",
      "    8.0 ms -> CertificateVerify      78 B  signed with ecdsa_secp256r1_sha256",
      "    9.0 ms -> ChangeCipherSpec        1 B  encrypted from here on",
      "   10.0 ms -> Finished          *    16 B  verify_data "
        .. text.hex(recorded.flows.ecdhe_rsa_mutual[11].raw:sub(5)),
      "   11.0 ms <- NewSessionTicket      682 B  ticket of 672 bytes, for 7200 s",
      "   12.0 ms <- ChangeCipherSpec        1 B  encrypted from here on",
      "   13.0 ms <- Finished          *    16 B  verify_data "
        .. text.hex(recorded.flows.ecdhe_rsa_mutual[14].raw:sub(5)),
      "   14.0 ms -> Alert             *     2 B  warning close_notify",
    }, lines_of(trace.format(events("ecdhe_rsa_mutual"))))
  end)

  local cases = {
    { "rsa_key_transport", 1, "TLSv1.2, localhost, 2 suites: TLS_RSA_WITH_AES_128_GCM_SHA256 +1" },
    { "rsa_key_transport", 5, "the secret, encrypted to the server's RSA key: 256 bytes" },
    { "dhe_rsa", 4, "1024-bit prime, signed with rsa_pss_rsae_sha256" },
    { "tls10_mutual", 2, "TLSv1 TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA" },
    { "tls10_mutual", 4, "secp256r1, signature of 256 bytes" },
    { "no_client_certificate", 7, "no certificate" },
    { "no_client_certificate", 11, "fatal handshake_failure" },
    { "resumed", 2, "TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, resumed" },
    { "tls13_retry", 1, "TLSv1.3 TLSv1.2, localhost, x25519 secp256r1 x448 +7, 5 suites" },
    { "tls13_retry", 2, "once more, with a key share on secp384r1" },
    { "tls13_retry", 4, "TLSv1.3 TLS_AES_256_GCM_SHA384, secp384r1" },
    { "tls13_resumed", 2, "TLSv1.3 TLS_AES_256_GCM_SHA384, x25519, pre-shared key taken" },
    { "tls13_resumed", 3, "for the sake of old middleboxes" },
  }
  for _, case in ipairs(cases) do
    it(("say %q"):format(case[3]), function()
      local line = lines_of(trace.format(events(case[1])))[case[2]]
      assert.equal(case[3], line:sub(44))
    end)
  end

  it("stay within their width", function()
    for flow in pairs(recorded.flows) do
      for _, width in ipairs { 70, 90, 110, 200 } do
        local out = trace.format(events(flow), { width = width, detail = true })
        for _, line in ipairs(lines_of(out)) do
          assert.is_true(text.width(line) <= width, line)
        end
      end
    end
  end)

  it("name the authorities that a server asks for", function()
    local der = recorded.bytes "3010 310e 300c 0603550403 0c05 526f6f7431"
    local body = "\1\64\0\2\4\3\0\20\0\18" .. der
    local line = trace.line({ direction = "received", content_type = "handshake",
      raw = "\13\0\0" .. string.char(#body) .. body })
    assert.equal("ecdsa_sign, from CN=Root1", line:sub(44))
  end)

  it("show all that was offered when asked for detail", function()
    local out = trace.format({ hello_event("gnutls") }, { detail = true })
    local hello = decode.client_hello(recorded.hellos.gnutls)
    local shown = lines_of(out)
    assert.equal("   12.5 ms <- ClientHello           397 B  TLSv1.3 to TLSv1, example.com, "
      .. "alpn h2, secp256r1 +9, 29 suites", shown[1])
    assert.matches("^%s+suites:      TLS_AES_256_GCM_SHA384, ", shown[2])
    for _, list in ipairs { hello.cipher_suites, hello.groups, hello.signature_schemes,
      hello.extension_order } do
      for _, name in ipairs(list) do
        assert.is_truthy(out:find(name, 1, true), name)
      end
    end
    assert.is_truthy(out:find("secp256r1 (65 bytes), x25519 (32 bytes)", 1, true))
    assert.is_truthy(trace.format(events("ecdhe_rsa_mutual"), { detail = true }):find(
      "certificate 2: CN=Recorded CA,O=beartls,C=DE, issued by CN=Recorded CA", 1, true))
  end)

  it("bound what a peer can fill the screen with", function()
    local function vector24(s)
      return "\0" .. string.char(math.floor(#s / 256), #s % 256) .. s
    end
    local chain = { direction = "received", content_type = "handshake",
      raw = "\11" .. vector24(vector24(vector24("x"):rep(3000))) }
    assert.equal(17, #lines_of(trace.format({ chain }, { detail = true })))
    assert.is_true(#trace.line(chain) <= 110)
    local types = ("\64"):rep(200)
    local schemes = ("\4\3"):rep(1500)
    local body = "\200" .. types .. "\11\184" .. schemes .. "\0\0"
    local out = lines_of(trace.format({ { direction = "received", content_type = "handshake",
      raw = "\13" .. vector24(body) } }, { detail = true }))
    assert.equal(42, #out)
    assert.matches("^ +and %d+ more$", out[42])
    assert.equal("ecdsa_sign ecdsa_sign +198, from any CA", out[1]:sub(44))
  end)

  it("show names that cannot be read, and chains out of order, for what they are", function()
    local function vector24(s)
      return "\0" .. string.char(math.floor(#s / 256), #s % 256) .. s
    end
    local der = decode.attach(events("ecdhe_rsa_mutual")[3]).fields.certificates
    local cases_of_chain = {
      { { der[1] }, "CN=localhost <- CN=Recorded CA,O=beartls,C=DE" },
      { { der[2] }, "CN=Recorded CA,O=beartls,C=DE (issued by itself)" },
      { { der[1], der[1] },
        "CN=localhost <- CN=Recorded CA,O=beartls,C=DE; "
          .. "CN=localhost <- CN=Recorded CA,O=beartls,C=DE" },
      { { "x" }, "(not readable)" },
    }
    for _, case in ipairs(cases_of_chain) do
      local list = ""
      for _, one in ipairs(case[1]) do
        list = list .. vector24(one)
      end
      local line = trace.line({ direction = "received", content_type = "handshake",
        raw = "\11" .. vector24(vector24(list)) }, { width = 200 })
      assert.equal(case[2], line:sub(44))
    end
    local line = trace.line({ direction = "received", content_type = "handshake",
      raw = "\13\0\0\11\1\64\0\0\0\5\0\3abc" })
    assert.equal("ecdsa_sign, from (not readable)", line:sub(44))
  end)

  it("say what is malformed", function()
    assert.equal(" 1500.0 ms <- Alert                   1 B  malformed: alert: 2 bytes wanted, "
      .. "1 there (at byte 1)", trace.line(alert("\2")))
    local cut = events("ecdhe_ecdsa")[2]
    cut.raw = cut.raw:sub(1, 41)
    assert.matches("malformed: compression method: 1 byte wanted, 0 left %(at byte 42%); TLSv1.2",
      trace.line(cut, { width = 150 }))
  end)

  it("let no control character of a peer through", function()
    local name = "a\27[31mb\0\194\133\226\128\174c\255"
    local list = "\0" .. "\0" .. string.char(#name) .. name
    local body = "\3\3" .. ("r"):rep(32) .. "\0\0\2\19\1\1\0\0" .. string.char(#list + 6)
      .. "\0\0\0" .. string.char(#list + 2) .. "\0" .. string.char(#list) .. list
    local event = { direction = "received", content_type = "handshake",
      raw = "\1\0\0" .. string.char(#body) .. body }
    local line = trace.line(event)
    assert.equal(name, event.fields.server_name)
    assert.is_truthy(line:find("a\\x1b[31mb\\x00\\xc2\\x85\\xe2\\x80\\xaec\\xff", 1, true), line)
  end)

  it("take a name with a per cent sign as it is", function()
    local raw = recorded.hellos.openssl:sub(6):gsub("example%.com", "ex%%d%%sc.com")
    assert.matches("ex%%d%%sc%.com", trace.line({ content_type = "handshake", raw = raw }))
  end)

  it("are plain unless colour is asked for", function()
    assert.is_nil(trace.format(events("ecdhe_ecdsa")):find("\27", 1, true))
    assert.is_nil(trace.ladder(events("ecdhe_ecdsa")):find("\27", 1, true))
    local plain = trace.line(alert("\2\40"))
    local coloured = trace.line(alert("\2\40"), { color = true })
    assert.is_truthy(coloured:find("\27[31m<- Alert", 1, true))
    assert.equal(plain, (coloured:gsub("\27%[%d*m", "")))
  end)

  it("come from an iterator as well and go to a file", function()
    local list, i, written = events("ecdhe_ecdsa"), 0, {}
    trace.print(function()
      i = i + 1
      return list[i]
    end, { write = function(_, ...) written[#written + 1] = table.concat({ ... }) end })
    assert.equal(#list, #written)
    assert.equal(trace.format(events("ecdhe_ecdsa")), table.concat(written))
  end)

  it("never raise, whatever the bytes are", function()
    for _, flow in ipairs { "ecdhe_rsa_mutual", "tls13_resumed" } do
      local context = {}
      for _, original in ipairs(events(flow)) do
        decode.attach(original, context)
        for i = 1, #original.raw, 3 do
          for _, raw in ipairs { original.raw:sub(1, i),
            original.raw:sub(1, i - 1) .. "\255" .. original.raw:sub(i + 1) } do
            local event = decode.attach({ direction = "sent", time = 0, encrypted = false,
              length = #raw, content_type = original.content_type, raw = raw },
              { version = context.version, cipher_suite = context.cipher_suite })
            assert.is_string(trace.line(event))
            assert.is_string(trace.format({ event }, { detail = true }))
            assert.is_string(trace.ladder({ event }))
            assert.is_nil(trace.json(event):find("%c"))
          end
        end
      end
    end
  end)
end)

describe("trace JSON", function()
  it("is one object with its keys in order and its bytes in hex", function()
    assert.equal('{"time":1.500000,"direction":"received","content_type":"alert","type":"alert",'
      .. '"version":"TLSv1.2","encrypted":true,"length":2,"fields":{"code":40,"description":'
      .. '"handshake_failure","level":"fatal"},"raw":"0228"}', trace.json(alert("\2\40",
      { encrypted = true })))
  end)

  it("keeps empty lists, empty maps and lists of bytes apart", function()
    local request = events("ecdhe_rsa_mutual")[5]
    assert.is_truthy(trace.json(request):find('"authorities":[]', 1, true))
    local done = trace.json({ direction = "sent", content_type = "handshake", raw = "\14\0\0\0" })
    assert.is_truthy(done:find('"fields":{}', 1, true))
    local asked = trace.json({ direction = "sent", content_type = "handshake",
      raw = "\13\0\0\10\1\64\0\0\0\4\0\2\48\0" })
    assert.is_truthy(asked:find('"authorities":[{"der":"3000","text":""}]', 1, true))
    local hello = { content_type = "handshake", raw = "\1\0\0\52\3\3" .. ("r"):rep(32)
      .. "\0\0\2\19\1\1\0\0\9\0\35\0\5\0abc\255" }
    assert.is_truthy(trace.json(hello):find('"session_ticket":{"length":5,"data":"00616263ff"}', 1,
      true))
    local seen = decode.attach(events("ecdhe_ecdsa")[3])
    local before = trace.json(seen)
    assert.is_table(seen.fields.chain)
    assert.equal(before, trace.json(seen))
    local exchange = { content_type = "handshake", raw = "\16\0\0\4\0\2me" }
    decode.attach(exchange, { cipher_suite = "TLS_PSK_WITH_AES_128_CCM" })
    assert.is_truthy(trace.json(exchange):find('"identity":"6d65"', 1, true))
    local certificate = trace.json(events("ecdhe_ecdsa")[3])
    assert.is_truthy(certificate:find('"certificates":["308201', 1, true))
    assert.is_truthy(certificate:find('"subjects":["CN=localhost"]', 1, true))
  end)

  it("escapes quotes, controls and what is no UTF-8", function()
    assert.equal('{"alpn":["a\\"b\\\\\\u0000\\u000a\\u00ff\195\188"],"n":-1,"x":0.500000,"y":null}',
      json.encode({ alpn = { "a\"b\\\0\n\255\195\188" }, n = -1, x = 0.5, y = 1 / 0 }))
  end)

  it("is what trace.print writes when asked", function()
    local written = {}
    trace.print({ alert("\1\0") }, { write = function(_, s) written[#written + 1] = s end },
      { json = true })
    assert.equal(trace.json(alert("\1\0")) .. "\n", table.concat(written))
  end)
end)

describe("trace ladder", function()
  it("draws the client left and the server right", function()
    local list = {
      alert("\1\90", { direction = "sent", time = 0.001 }),
      alert("\2\40", { time = 0.0025, encrypted = true }),
    }
    assert.same({
      "            client                                      server",
      "            |                                                |",
      "    1.0 ms  |-- Alert, 2 bytes ----------------------------->|",
      "            |   warning user_canceled                        |",
      "    2.5 ms  |<============================= Alert, 2 bytes ==|",
      "            |                      fatal handshake_failure   |",
      "            |                                                |",
      "            --- in clear   === encrypted",
    }, lines_of(trace.ladder(list, { width = 62 })))
  end)

  it("turns around for a server and knows one by its events", function()
    local list = events("ecdhe_ecdsa")
    for _, event in ipairs(list) do
      event.direction = event.direction == "sent" and "received" or "sent"
    end
    local drawn = trace.ladder(list)
    assert.equal(trace.ladder(events("ecdhe_ecdsa")), drawn)
    local told = trace.ladder(list, { us = "server" })
    assert.matches("^%s+client%s+server %(we%)\n", told)
    assert.equal(drawn:gsub("^[^\n]*", ""), (told:gsub("^[^\n]*", "")))
    assert.matches("|<%-+ Alert", trace.ladder({ alert("\2\40", { direction = "sent" }) },
      { us = "server" }))
  end)

  it("makes one rung of application data in a row", function()
    local function data(direction, n)
      return { direction = direction, content_type = "application_data", encrypted = true,
        length = n }
    end
    local drawn = trace.ladder({ data("sent", 10), data("sent", 20), data("received", 1) })
    assert.is_truthy(drawn:find("== ApplicationData x2, 30 bytes ==", 1, true))
    assert.is_truthy(drawn:find("== ApplicationData, 1 byte ==", 1, true))
  end)

  it("stays within its width, and as wide as it is", function()
    for _, width in ipairs { 80, 100 } do
      local out = trace.ladder(events("ecdhe_rsa_mutual"), { width = width, detail = true })
      local list = lines_of(out)
      for i = 1, #list - 1 do
        assert.equal(width, text.width(list[i]), list[i])
      end
    end
  end)
end)
