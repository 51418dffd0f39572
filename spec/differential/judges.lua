-- judges.lua: what others say about the cases of chains.lua: `openssl verify` and `certtool --verify`, each with the
-- policy that a TLS program has: this purpose, this name, no SHA-1, RSA of 2048 bits.

local process = require "support.process"
local tls = require "beartls"

local judges = {}

local function is_address(host)
  return host:find(":", 1, true) or host:find "^[%d.]+$"
end

local function openssl(case, path)
  local name = case.host and ("-verify_%s %s"):format(is_address(case.host) and "ip" or "hostname", case.host) or ""
  return ("openssl verify -auth_level 2 -attime %d -purpose ssl%s %s -CAfile root.pem -untrusted %s.pem %s.leaf")
    :format(case.time, case.usage, name, path, path)
end

-- certtool knows only the time that it is.
local function gnutls(case, path)
  if case.moved then
    return nil
  end
  return ("certtool --verify --verify-profile=medium --verify-purpose=1.3.6.1.5.5.7.3.%d %s "
    .. "--load-ca-certificate root.pem --infile %s.pem"):format(case.usage == "server" and 1 or 2,
    case.host and "--verify-hostname=" .. case.host or "", path)
end

local programs = { openssl = openssl, gnutls = gnutls }
judges.programs = { "openssl", "gnutls" }

-- One shell runs all: a program a case is slow enough.
local function script_of(command, cases)
  local lines = {}
  for _, case in ipairs(cases) do
    local line = command(case, tostring(case.id))
    if line then
      lines[#lines + 1] = line .. (' 2>&1; echo "<%d> $?"'):format(case.id)
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

---Asks the other programs about all cases, two at a time: { openssl = { [id] = { accepts =, text = } }, gnutls = ... }.
---A case is missing where a program cannot be asked.
---@param cases table[]
---@param seconds integer how long that may take
---@return table
function judges.others(cases, seconds)
  local dir = process.tmpdir()
  process.write_file(dir .. "/root.pem", cases[1].root)
  for _, case in ipairs(cases) do
    process.write_file(("%s/%d.pem"):format(dir, case.id), case.pem)
    process.write_file(("%s/%d.leaf"):format(dir, case.id), case.leaf_pem)
  end
  local running, verdicts = {}, {}
  for _, program in ipairs(judges.programs) do
    process.write_file(("%s/%s.sh"):format(dir, program),
      ("cd %s\n"):format(dir) .. script_of(programs[program], cases))
    running[program] = process.start(("sh %s/%s.sh"):format(dir, program), { seconds = seconds })
  end
  for program, p in pairs(running) do
    verdicts[program] = {}
    local code, output = p:wait(seconds)
    assert(code == 0, ("%s took too long"):format(program))
    for text, id, status in output:gmatch "(.-)<(%d+)> (%d+)\n" do
      verdicts[program][tonumber(id)] = { accepts = status == "0", text = text }
    end
  end
  return verdicts
end

---Our verdict.
---@param cases table[]
---@return table<integer, { accepts: boolean, text: string|nil, code: string|nil }>
function judges.ours(cases)
  local trust, verdicts = assert(tls.trust.parse(cases[1].root)), {}
  for _, case in ipairs(cases) do
    local path, message, code = trust:verify(assert(tls.certificate.parse(case.pem)),
      { name = case.host, usage = case.usage, time = case.time })
    verdicts[case.id] = { accepts = path ~= nil, text = message, code = code }
  end
  return verdicts
end

return judges
