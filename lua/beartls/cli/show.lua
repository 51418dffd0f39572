-- show.lua: `beartls show`: a certificate, a chain or a key in words. Nothing private of a key is
-- shown.

local certificates = require "beartls.cli.certificate"
local codes = require "beartls.cli.codes"
local facts = require "beartls.cli.facts"
local files = require "beartls.files"
local text = require "beartls.decode.text"
local tls = require "beartls"

local show = {}

show.command = {
  name = "show",
  takes = "FILE",
  count = { 1, 1 },
  shows_on_stdout = true,
  about = "Says what is in a file: the certificates of a chain, a private key (its kind, never its "
    .. "secret), revocation lists; PEM or DER.",
  options = {
    { "json", nil, "a JSON object a line" },
    { "color", nil, "colours, even where there is no terminal" },
    { "no-color", nil, "no colours" },
  },
  notes = codes.help,
}

local function print_rows(out, heading, rows)
  if out.blank_before then
    out:print()
  end
  out.blank_before = true
  out:print(out:paint("bold", heading))
  for _, line in ipairs(facts.lines(rows, "  ")) do
    out:print(line)
  end
end

-- Whether each certificate of a chain was issued by the next, as far as the names say.
local function chain_remark(list)
  for i = 1, #list - 1 do
    if list[i]:issuer() ~= list[i + 1]:subject() then
      return ("certificate %d was not issued by certificate %d: the chain is out of order or has "
        .. "a gap"):format(i, i + 1)
    end
  end
end

local function show_chain(chain, out)
  local list = chain:list()
  for i, certificate in ipairs(list) do
    if out.json then
      local fact = certificates.fact(certificate)
      fact.position = i
      out:fact(out.stdout, "certificate", fact)
    else
      local heading = #list > 1 and ("certificate %d of %d"):format(i, #list) or "certificate"
      print_rows(out, heading, certificates.rows(certificate, function(style, words)
        return out:paint(style, words)
      end))
    end
  end
  local remark = chain_remark(list)
  if remark then
    out:warn(remark)
  end
end

local function show_key(key, chain, out)
  local belongs = chain and key:matches(chain)
  local pin = key:pin()
  if out.json then
    out:fact(out.stdout, "key", {
      key_type = key:type(), key_bits = key:bits(), curve = key:curve(), pin = pin,
      belongs = chain and belongs or nil,
    })
    return
  end
  local rows = { { "key", facts.key(key:type(), key:bits(), key:curve()) }, { "pin", pin } }
  if chain then
    rows[#rows + 1] = { "belongs", belongs and "to the certificate above"
      or out:paint("red", "NOT to the certificate above") }
  end
  print_rows(out, "private key", rows)
end

-- More than these are of use to programs, which have --json.
local MOST_ENTRIES = 20

local function rows_of_list(list, entries)
  local rows = {
    { "issuer", text.printable(list.issuer) }, { "from", facts.date(list.this_update) },
    { "next", list.next_update and facts.date(list.next_update) or "it does not say when" },
    { "number", list.number or "none" }, { "takes back", list.count == 1 and "1 certificate"
      or ("%d certificates"):format(list.count) },
  }
  for i = 1, math.min(#entries, MOST_ENTRIES) do
    local entry = entries[i]
    rows[#rows + 1] = { "", ("%s on %s%s"):format(entry.serial, facts.date(entry.date),
      entry.reason and ": " .. entry.reason or "") }
  end
  if list.count > MOST_ENTRIES then
    rows[#rows + 1] = { "", "and others" }
  end
  return rows
end

local function show_crls(crls, out)
  for i, list in ipairs(crls:list()) do
    if out.json then
      list.entries = crls:entries(i)
      out:fact(out.stdout, "crl", list)
    else
      print_rows(out, "revocation list", rows_of_list(list, crls:entries(i, MOST_ENTRIES)))
    end
  end
end

-- What may be in the bytes: chain or nil, key or nil, and message and code if it is neither.
local function parse(bytes)
  local chain, message, code = tls.certificate.parse(bytes)
  local key, key_message, key_code = tls.key.parse(bytes)
  if chain and key_code ~= "config_no_key" and bytes:find("PRIVATE KEY-----", 1, true) then
    return chain, key, key_message, key_code
  elseif chain or key then
    return chain, key
  elseif bytes:find("PRIVATE KEY-----", 1, true) then
    return nil, nil, key_message, key_code
  elseif bytes:find("-----BEGIN", 1, true) or code ~= "config_no_certificate" then
    return nil, nil, message, code
  end
  return nil, nil, "there is neither a certificate nor a key nor a revocation list in it", "config_no_certificate"
end

---Runs the command.
---@param values table what the command line said
---@param out beartls.cli.output
---@return integer exit code
function show.run(values, out)
  local path = values[1]
  local bytes, message, code = files.read(path, "file")
  if not bytes then
    return out:misused(show.command, message, code)
  end
  local chain, key
  chain, key, message, code = parse(bytes)
  local crls = tls.crls.parse(bytes)
  if chain then
    show_chain(chain, out)
  end
  if crls then
    show_crls(crls, out)
    message = key == nil and bytes:find("PRIVATE KEY-----", 1, true) and message or nil
  end
  if key then
    show_key(key, chain, out)
  end
  if message then
    return out:misused(show.command, path .. ": " .. message, code)
  end
  return codes.fine
end

return show
