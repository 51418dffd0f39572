-- certificate.lua: all that a certificate says, as rows for people and as a table for JSON.

local facts = require "beartls.cli.facts"
local text = require "beartls.decode.text"

local certificate = {}

local printable = text.printable

local DAY = 86400

-- "expired 3 days ago", "ends in 20 days", "begins in 2 days"
local function validity(c)
  local now, from, to = os.time(), c:not_before(), c:not_after()
  local function days(seconds)
    local n = math.floor(seconds / DAY)
    return n == 1 and "1 day" or ("%d days"):format(n)
  end
  if now < from then
    return "not yet valid: begins in " .. days(from - now), "red"
  elseif now > to then
    return ("expired %s ago"):format(days(now - to)), "red"
  end
  return "ends in " .. days(to - now), to - now < 30 * DAY and "yellow" or "green"
end

-- Hex in pairs, as other programs print fingerprints.
local function pairs_of(hex)
  return hex and (hex:upper():gsub("%x%x", "%0:"):gsub(":$", ""))
end

local function kind_of(c)
  local issued_itself = c:subject() == c:issuer()
  if not c:is_ca() then
    return issued_itself and "issued itself" or nil
  end
  local length = c:basic_constraints().path_length
  local below = length == 0 and ", but no authorities" or length and (", with %d authorit%s below at most"):format(
    length, length == 1 and "y" or "ies") or ""
  return (issued_itself and "a root: an authority that issued itself" or "an authority: it may issue certificates")
    .. below
end

-- How names are told apart in one line: whole names mostly speak for themselves, parts of names do not.
local kinds = { { "dns", "", "DNS " }, { "ip", "", "IP " }, { "email", "", "email " }, { "uri", "", "URI " },
  { "directory", "directory ", "directory " }, { "registered_id", "id ", "id " } }

local function words_of(names, are_parts)
  local out = {}
  for _, kind in ipairs(kinds) do
    for _, name in ipairs(names[kind[1]]) do
      out[#out + 1] = kind[are_parts and 3 or 2] .. printable(name)
    end
  end
  for _, other in ipairs(names.other) do
    out[#out + 1] = ("%s %s"):format(other.oid, printable(other.value))
  end
  for _, kind in ipairs { "x400", "edi_party" } do
    for _, name in ipairs(names[kind]) do
      out[#out + 1] = kind .. " " .. text.hex(name)
    end
  end
  return out
end

local function joined(list)
  return #list > 0 and printable(table.concat(list, ", ")) or nil
end

local function usages(c)
  local list = c:key_usage()
  for _, name in ipairs(c:extended_key_usage()) do
    list[#list + 1] = name
  end
  return joined(list) or "any"
end

-- Extensions by name, or by OID, with a star where they are critical.
local function extensions(c)
  local out = {}
  for i, extension in ipairs(c:extensions()) do
    out[i] = (extension.name or extension.oid) .. (extension.critical and "*" or "")
  end
  return joined(out)
end

---Rows { label, text } for people.
---@param c beartls.certificate
---@param paint fun(style: string, words: string): string
---@return string[][]
function certificate.rows(c, paint)
  local remark, style = validity(c)
  local constraints = c:name_constraints()
  local rows = {}
  local function add(label, value)
    if value then
      rows[#rows + 1] = { label, value }
    end
  end
  add("subject", printable(c:subject()))
  add("issuer", printable(c:issuer()))
  add("it is", kind_of(c))
  add("names", joined(words_of(c:names())) or "none")
  add("may issue for", constraints and (joined(words_of(constraints.permitted, true)) or "all names"))
  add("but not for", constraints and joined(words_of(constraints.excluded, true)))
  add("valid from", facts.date(c:not_before()))
  add("valid until", facts.date(c:not_after()) .. ", " .. paint(style, remark))
  add("key", facts.key(c:key_type(), c:key_bits(), c:curve()))
  add("usages", usages(c))
  add("policies", joined(c:policies()))
  add("needs", c:must_staple() and "an OCSP response with it" or nil)
  add("signed with", c:signature_algorithm() or "an algorithm that beartls does not know")
  add("serial", c:serial())
  add("key id", pairs_of(c:subject_key_id()))
  add("issuer's key id", pairs_of(c:authority_key_id()))
  add("OCSP", joined(c:ocsp_urls()))
  add("issuer is at", joined(c:issuer_urls()))
  add("CRL is at", joined(c:crl_urls()))
  add("extensions", extensions(c))
  add("sha256", pairs_of(c:fingerprint()))
  add("sha1", pairs_of(c:fingerprint "sha1"))
  add("pin", c:pin())
  if c:version() ~= 3 then
    add("version", tostring(c:version()))
  end
  return rows
end

-- Names whose bytes are no text, in hex.
local function json_names(names)
  if names then
    for _, kind in ipairs { "x400", "edi_party" } do
      for i, name in ipairs(names[kind]) do
        names[kind][i] = text.hex(name)
      end
    end
  end
  return names
end

---All of it as a table for JSON.
---@param c beartls.certificate
---@return table
function certificate.fact(c)
  local fact, constraints = facts.of_certificate(c), c:name_constraints()
  fact.version = c:version()
  fact.subject_attributes, fact.issuer_attributes = c:subject_attributes(), c:issuer_attributes()
  fact.alternative_names = json_names(c:names())
  fact.basic_constraints = c:basic_constraints()
  if constraints then
    fact.name_constraints = {
      permitted = json_names(constraints.permitted), excluded = json_names(constraints.excluded),
    }
  end
  fact.policies, fact.must_staple = c:policies(), c:must_staple()
  fact.signature_scheme = c:signature_scheme()
  fact.subject_key_id, fact.authority_key_id = c:subject_key_id(), c:authority_key_id()
  fact.ocsp_urls, fact.issuer_urls, fact.crl_urls = c:ocsp_urls(), c:issuer_urls(), c:crl_urls()
  fact.sha1 = c:fingerprint "sha1"
  fact.extensions = c:extensions()
  for _, extension in ipairs(fact.extensions) do
    extension.value = text.hex(extension.value)
  end
  return fact
end

return certificate
