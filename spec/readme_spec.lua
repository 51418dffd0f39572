-- Every code block of the README is run, in a directory that has the files that it names.
local process = require "support.process"
local pki = require "support.pki"

local LUA = os.getenv "BEARTLS_LUA" or "lua5.4"

local function blocks()
  local list, block = {}, nil
  for line in io.lines "README.md" do
    local kind = line:match "^```(%w*)"
    if block and kind then
      list[#list + 1], block = block, nil
    elseif kind then
      assert(kind ~= "", "a code block without a kind")
      block = { kind = kind }
    elseif block then
      block[#block + 1] = line
    end
  end
  return list
end

local here = io.popen("pwd"):read "*l"
local dir, env

local function read(name)
  return pki.read(name)
end

local function peer(kind, client_ca)
  local port = process.free_port()
  process.start(("%s spec/support/example_peer.lua %s %d %s %s %s"):format(LUA, kind, port, pki.path "server_rsa.pem",
    pki.path "server_rsa.key", client_ca and pki.path "trust.pem" or "")):wait_for_port(port)
  return port
end

-- What has to be there for a block, by its first line; and what it must print.
local lua_blocks = {
  ["get.lua"] = function(text)
    text = text:gsub("example%.com\", 443", 'localhost", ' .. peer "http")
    return text, "you asked: GET / HTTP/1.0"
  end,
  ["fetch.lua"] = function(text)
    return text:gsub("example%.com/", ("localhost:%d/"):format(peer "http")), "you asked: GET / HTTP/1.1\n\t200"
  end,
  ["mutual.lua"] = function(text)
    return text:gsub("8443", tostring(peer("echo", true))), "CN=localhost,O=beartls specs\nhello\n"
  end,
  ["memory.lua"] = function(text)
    return text, "hello\tTLS_AES_128_GCM_SHA256\ttrue\n"
  end,
  ["pause.lua"] = function(text)
    return text, "hello\tlocalhost\n"
  end,
  ["device.lua"] = function(text)
    return text:gsub("8443", tostring(peer "echo")) .. 'io.write(io.open("known_hosts"):read "*a")\n', "localhost:"
  end,
  ["pkcs12.lua"] = function(text)
    local output, code = process.run(("openssl pkcs12 -export -in %s -inkey %s -passout pass:secret -out %s/me.p12")
      :format(pki.path "client_ec.pem", pki.path "client_ec.key", dir))
    assert.equal(0, code, output)
    return "io.read = function() return 'secret' end\n" .. text .. "print(config)\n", "password: beartls.config"
  end,
  ["failure.lua"] = function(text)
    -- The name that is wrong has to be reachable: 127.0.0.1 stands for it, with a certificate that lacks it.
    local port = process.free_port()
    process.start(("%s spec/support/example_peer.lua echo %d %s %s"):format(LUA, port,
      pki.path "server_other_host.pem", pki.path "server_other_host.key")):wait_for_port(port)
    return (text:gsub("127%.0%.0%.2\", 8443", '127.0.0.1", ' .. port)),
      "nil\tcertificate_name_mismatch\nthe server's certificate is for elsewhere.example.test, not for 127.0.0.1\n"
      .. "bad_certificate\tus\nconnect by a name of the certificate, or give that as the server name\n"
  end,
}

local function run_lua(block)
  local name = block[1]:match "^%-%- ([%w_]+%.lua)$"
  local prepare = assert(lua_blocks[name], "no spec runs the block " .. tostring(name))
  local text, wanted = prepare(table.concat(block, "\n") .. "\n")
  process.write_file(dir .. "/" .. name, text)
  local output, code = process.run(("cd %s && %s %s"):format(dir, LUA, name), { env = env })
  assert.equal(0, code, output)
  assert.matches(wanted, output, 1, true)
end

local function run_command(line)
  line = line:gsub("^beartls", LUA .. " " .. here .. "/lua/beartls/command")
  if line:find " connect " then
    line = line:gsub("8443", tostring(peer("echo", line:find "%-%-cert"))) .. " </dev/null"
  elseif line:find " serve " then
    line = line .. " --once"
    local server = process.start("sh -c " .. process.quote("cd " .. dir .. " && exec " .. line), { env = env })
    local port = server:wait_for "127%.0%.0%.1:(%d+)"
    local page = process.run(("curl -sS --cacert %s https://localhost:%s/"):format(pki.path "trust.pem", port))
    assert.matches("TLS_AES_128_GCM_SHA256", page)
    return
  end
  local output, code = process.run(("cd %s && %s"):format(dir, line), { env = env })
  assert.equal(0, code, line .. "\n" .. output)
end

local function run_sh(block)
  for _, line in ipairs(block) do
    if line:find "^make " then
      -- Running it here would run these specs again: it must be what make knows.
      local _, code = process.run((line:gsub("^make", "make -n")))
      assert.equal(0, code)
    else
      run_command(line)
    end
  end
end

-- The messages of the trace in their order are those of the real one.
local function run_trace(block)
  local output = process.run(("%s examples/handshake_trace.lua localhost %d %s"):format(LUA, peer "echo",
    pki.path "trust.pem"))
  local lines = {}
  for line in output:gmatch "[^\n]+" do
    lines[#lines + 1] = line
  end
  -- Times, random values and lengths of certificates differ; arrows, names and what is said do not.
  local function essence(line)
    return line:gsub("^%s*[%d.]+ ms", ""):gsub("%s+%d+ B", " B"):gsub("verify_data %x+", "verify_data")
  end
  for i, line in ipairs(block) do
    local real = essence(lines[i])
    assert.equal(real, (essence(line)))
  end
end

describe("the README", function()
  setup(function()
    dir = process.tmpdir()
    for to, from in pairs { ["ca.pem"] = "trust.pem", ["client.pem"] = "client_ec.pem",
      ["client.key"] = "client_ec.key", ["server.pem"] = "server_rsa.pem", ["server.key"] = "server_rsa.key" } do
      process.write_file(dir .. "/" .. to, read(from))
    end
    env = {
      SSL_CERT_FILE = here .. "/" .. pki.path "trust.pem",
      LUA_PATH = ("%s/lua/?.lua;%s/lua/?/init.lua;;"):format(here, here),
      LUA_CPATH = os.getenv "LUA_CPATH",
    }
  end)
  teardown(process.cleanup)

  local runners = { lua = run_lua, sh = run_sh, trace = run_trace }
  for i, block in ipairs(blocks()) do
    it(("block %d (%s) does what it says: %s"):format(i, block.kind, block[1]), function()
      runners[block.kind](block)
    end)
  end

  it("has the verified GET in eight lines and mutual TLS in about fifteen", function()
    for _, block in ipairs(blocks()) do
      local code = 0
      for _, line in ipairs(block) do
        code = code + (line:find "%S" and not line:find "^%s*%-%-" and 1 or 0)
      end
      if block[1] == "-- get.lua" then
        assert.is_true(code <= 8)
      elseif block[1] == "-- mutual.lua" then
        assert.is_true(code <= 17)
      end
    end
  end)
end)
