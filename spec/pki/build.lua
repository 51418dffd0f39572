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

local curves = { p256 = "P-256", p384 = "P-384", p521 = "P-521" }

local function make_key(name, kind)
  local bits = kind:match "^rsa(%d+)$"
  if bits then
    run("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:%s -out %s%s.key", bits, here, name)
  else
    run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:%s -out %s%s.key", curves[kind], here, name)
  end
end

-- `openssl ca` is the command that takes both ends of the validity.
local function sign(name, common_name, issuer, extensions, given)
  write(work .. "/ext", "[x]\n" .. extensions .. "\n")
  run("openssl req -new -key %s%s.key -subj '/O=beartls specs/CN=%s' -out %s/csr", here, name, common_name, work)
  local by = issuer and ("-cert %s%s.pem -keyfile %s%s.key"):format(here, issuer, here, issuer)
    or ("-selfsign -keyfile %s%s.key"):format(here, name)
  run("openssl ca -batch -config %s/ca.cnf %s -in %s/csr -out %s%s.pem -notext -md %s -startdate %s -enddate %s "
    .. "-extfile %s/ext -extensions x", work, by, work, here, name, given.digest or "sha256",
    given.from or manifest.from, given.to or manifest.to, work)
end

local function make_authorities()
  for _, a in ipairs(manifest.authorities) do
    make_key(a[1], a[2])
    sign(a[1], a[3], a[4], "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
      .. "subjectKeyIdentifier=hash", {})
  end
  write(here .. "trust.pem", read(here .. "root_rsa.pem") .. read(here .. "root_ec.pem"))
end

local function make_leaves()
  for _, l in ipairs(manifest.leaves) do
    make_key(l[1], l[2])
    local extensions = { l.ext }
    extensions[#extensions + 1] = l.san and "subjectAltName=" .. l.san
    sign(l[1], l[3], l[4], table.concat(extensions, "\n"), l)
    if l.chain then
      write(here .. l[1] .. ".pem", read(here .. l[1] .. ".pem") .. read(here .. l[4] .. ".pem"))
    end
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
local function make_oversized_key()
  local function integer(bytes)
    return der(2, "\1" .. ("\5"):rep(bytes - 1))
  end
  local parts = { der(2, "\0"), integer(512), der(2, "\1\0\1"), integer(512) }
  for _ = 1, 5 do
    parts[#parts + 1] = integer(312)
  end
  write(here .. "key_oversized.der", der(0x30, table.concat(parts)))
end

local function crlf(text)
  return (text:gsub("\n", "\r\n"))
end

local function make_key_forms()
  run("openssl rsa -in %sserver_rsa.key -traditional -out %skey_pkcs1.pem", here, here)
  run("openssl rsa -in %sserver_rsa.key -traditional -outform DER -out %skey_pkcs1.der", here, here)
  run("openssl pkcs8 -topk8 -nocrypt -in %sserver_rsa.key -outform DER -out %skey_pkcs8.der", here, here)
  run("openssl ec -in %sserver_ec.key -out %s/sec1", here, work)
  run("openssl ecparam -name prime256v1 -out %s/params", work)
  write(here .. "key_sec1.pem", read(work .. "/params") .. read(work .. "/sec1"))
  write(here .. "key_crlf.pem", crlf(read(here .. "server_ec.key")))
  write(here .. "server_ec_crlf.pem", crlf(read(here .. "server_ec.pem")))
  run("openssl pkcs8 -topk8 -v2 aes-256-cbc -passout pass:secret -in %sserver_ec.key -out %skey_pbes2.pem", here, here)
  run("openssl rsa -in %sserver_rsa.key -traditional -aes128 -passout pass:secret -out %skey_proc_type.pem", here, here)
  run("openssl genpkey -algorithm ED25519 -out %skey_ed25519.pem", here)
  run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out %skey_secp256k1.pem", here)
  write(here .. "key_two.pem", read(here .. "server_ec.key") .. read(here .. "client_ec.key"))
  make_oversized_key()
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
make_key_forms()
os.execute("rm -rf " .. work)
