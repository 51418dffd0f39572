-- build.lua: makes the certificates and keys that manifest.lua names, with the openssl tool, in spec/pki. Run by
-- `make pki` when the manifest changes; what it makes is committed.

local manifest = dofile "spec/pki/manifest.lua"

local here = "spec/pki/"
local work = os.tmpname()
os.remove(work)

local function run(command, ...)
  command = command:format(...)
  local ok, _, code = os.execute(command .. " >>" .. work .. "/log 2>&1")
  if ok ~= true and ok ~= 0 then
    error(("failed (%s): %s, see %s/log"):format(tostring(code), command, work))
  end
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

-- Whether a file still has to be made.
local function missing(name)
  local file = io.open(here .. name, "rb")
  if file then
    file:close()
    return false
  end
  print(name)
  return true
end

local curves = { p256 = "P-256", p384 = "P-384", p521 = "P-521" }

local function make_key(name, kind)
  if not missing(name .. ".key") then
    return
  end
  local algorithm, bits = kind:match "^(rsa%D*)(%d+)$"
  if bits then
    run("openssl genpkey -algorithm %s -pkeyopt rsa_keygen_bits:%s -out %s%s.key", algorithm, bits, here, name)
  elseif kind == "ed25519" then
    run("openssl genpkey -algorithm ED25519 -out %s%s.key", here, name)
  else
    run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:%s -out %s%s.key", curves[kind], here, name)
  end
end

-- `openssl ca` is the command that takes both ends of the validity.
local function sign(name, common_name, issuer, extensions, given)
  if not missing(name .. ".pem") then
    return
  end
  write(work .. "/ext", "[x]\n" .. extensions .. "\n")
  run("openssl req -new -key %s%s.key -subj '/O=beartls specs/CN=%s' -out %s/csr", here, name, common_name, work)
  local by = issuer and ("-cert %s%s.pem -keyfile %s%s.key"):format(here, issuer, here, issuer)
    or ("-selfsign -keyfile %s%s.key"):format(here, name)
  run("openssl ca -batch -config %s/ca.cnf %s -in %s/csr -out %s%s.pem -notext -md %s -startdate %s -enddate %s "
    .. "-extfile %s/ext -extensions x", work, by, work, here, name, given.digest or "sha256",
    given.from or manifest.from, given.to or manifest.to, work)
  if given.chain then
    write(here .. name .. ".pem", read(here .. name .. ".pem") .. read(here .. issuer .. ".pem"))
  end
end

local function make_authorities()
  for _, a in ipairs(manifest.authorities) do
    make_key(a[1], a[2])
    sign(a[1], a[3], a[4], "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
      .. "subjectKeyIdentifier=hash", {})
  end
  if missing "trust.pem" then
    write(here .. "trust.pem", read(here .. "root_rsa.pem") .. read(here .. "root_ec.pem"))
  end
end

local function make_leaves()
  for _, l in ipairs(manifest.leaves) do
    make_key(l[1], l[2])
    local extensions = { l.ext }
    extensions[#extensions + 1] = l.san and "subjectAltName=" .. l.san
    sign(l[1], l[3], l[4], table.concat(extensions, "\n"), l)
  end
end

local function der(tag, body)
  local n = #body
  if n < 128 then
    return string.char(tag, n) .. body
  elseif n < 256 then
    return string.char(tag, 0x81, n) .. body
  end
  return string.char(tag, 0x82, math.floor(n / 256), n % 256) .. body
end

-- An RSAPrivateKey whose integers together are longer than BearSSL 0.6's decoder has room for.
local function oversized_key()
  local function integer(bytes)
    return der(2, "\1" .. ("\5"):rep(bytes - 1))
  end
  local parts = { der(2, "\0"), integer(512), der(2, "\1\0\1"), integer(512) }
  for _ = 1, 5 do
    parts[#parts + 1] = integer(312)
  end
  return der(0x30, table.concat(parts))
end

local function crlf(name)
  return (read(here .. name):gsub("\n", "\r\n"))
end

-- What openssl makes, FROM and TO being files of spec/pki.
local key_forms = {
  { "key_pkcs1.pem", "server_rsa.key", "openssl rsa -in FROM -traditional -out TO" },
  { "key_pkcs1.der", "server_rsa.key", "openssl rsa -in FROM -traditional -outform DER -out TO" },
  { "key_pkcs8.der", "server_rsa.key", "openssl pkcs8 -topk8 -nocrypt -in FROM -outform DER -out TO" },
  { "key_sec1.pem", "server_ec.key", "(openssl ecparam -name prime256v1 && openssl ec -in FROM) >TO" },
  { "key_sec1.der", "server_ec.key", "openssl ec -in FROM -outform DER -out TO" },
  { "key_pbes2.pem", "server_ec.key", "openssl pkcs8 -topk8 -v2 aes-256-cbc -passout pass:secret -in FROM -out TO" },
  { "key_proc_type.pem", "server_rsa.key",
    "openssl rsa -in FROM -traditional -aes128 -passout pass:secret -out TO" },
  { "key_ed25519.pem", nil, "openssl genpkey -algorithm ED25519 -out TO" },
  { "key_secp256k1.pem", nil, "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out TO" },
}

-- What is made without it.
local other_forms = {
  ["key_crlf.pem"] = function() return crlf "server_ec.key" end,
  ["server_ec_crlf.pem"] = function() return crlf "server_ec.pem" end,
  ["key_two.pem"] = function() return read(here .. "server_ec.key") .. read(here .. "client_ec.key") end,
  ["key_oversized.der"] = oversized_key,
}

local function make_forms()
  for _, form in ipairs(key_forms) do
    if missing(form[1]) then
      run("%s", (form[3]:gsub("FROM", here .. (form[2] or "")):gsub("TO", here .. form[1])))
    end
  end
  for name, make in pairs(other_forms) do
    if missing(name) then
      write(here .. name, make())
    end
  end
end

os.execute("mkdir -p " .. work .. "/certs")
write(work .. "/index", "")
write(work .. "/serial", "1000\n")
write(work .. "/ca.cnf", ([[
[ca]
default_ca = d
[d]
database = WORK/index
serial = WORK/serial
new_certs_dir = WORK/certs
policy = p
unique_subject = no
[p]
organizationName = supplied
commonName = supplied
]]):gsub("WORK", work))
make_authorities()
make_leaves()
make_forms()
os.execute("rm -rf " .. work)
