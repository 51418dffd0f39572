-- summary.lua -- what one message says, in a few words that fit a line.
local names = require "beartls.decode.names"
local text = require "beartls.decode.text"

local summary = {}

-- More than any line shows.
local LONG = 512
-- What stands for a name that cannot be read.
local UNREADABLE = "(not readable)"

-- Text from the peer, made safe before it meets a terminal.
local function safe(s)
  return text.printable(s:sub(1, LONG))
end

---As many items as fit the width, and the number of those that did not.
local function some(items, width, separator)
  local out, used, shown = {}, 0, 0
  for i, item in ipairs(items) do
    item = safe(item)
    local rest = i < #items and #(" +" .. (#items - i)) or 0
    used = used + text.width(item) + (i > 1 and #separator or 0)
    if i > 1 and used + rest > width then
      break
    end
    out[i], shown = item, i
  end
  local left = #items - shown
  return table.concat(out, separator) .. (left > 0 and " +" .. left or "")
end

-- A server that does not speak GREASE overlooks it, and so does the reader of a trace.
local function without_grease(items)
  local out = {}
  for _, item in ipairs(items) do
    if item ~= "GREASE" then
      out[#out + 1] = item
    end
  end
  return out
end

local function add(parts, ...)
  local part = (...)
  if part then
    parts[#parts + 1] = select("#", ...) > 1 and part:format(select(2, ...)) or part
  end
end

local version_rank = {
  ["SSLv3"] = 0, ["TLSv1"] = 1, ["TLSv1.1"] = 2, ["TLSv1.2"] = 3, ["TLSv1.3"] = 4,
}

-- "TLSv1.3 to TLSv1" for a list that leaves none out.
local function versions_offered(list)
  list = without_grease(list)
  for i = 2, #list do
    local high, low = version_rank[list[i - 1]], version_rank[list[i]]
    if not high or not low or high - low ~= 1 then
      return some(list, 32, " ")
    end
  end
  return #list > 2 and list[1] .. " to " .. list[#list] or table.concat(list, " ")
end

local function client_hello(fields, width)
  if not fields.cipher_suites then
    return fields.version or ""
  end
  local parts, versions = {}, fields.supported_versions
  add(parts, versions and versions_offered(versions) or fields.version)
  add(parts, fields.server_name and safe(fields.server_name))
  if fields.alpn then
    add(parts, "alpn %s", some(fields.alpn, 24, " "))
  end
  if type(fields.extensions) == "table" and fields.extensions.pre_shared_key then
    add(parts, "pre-shared key")
  end
  local suites = without_grease(fields.cipher_suites)
  local count = ("%d suite%s"):format(#suites, #suites == 1 and "" or "s")
  local line = table.concat(parts, ", ")
  if fields.groups then
    local left = width - text.width(line) - #count - 4
    local groups = some(without_grease(fields.groups), math.min(left, 36), " ")
    line = #groups <= left and line .. ", " .. groups or line
  end
  line = line .. ", " .. count
  local left = width - text.width(line) - 2
  if suites[1] and left >= #suites[1] + 4 then
    line = line .. ": " .. some(suites, left, " ")
  end
  return line
end

local function server_hello(fields)
  if not fields.cipher_suite then
    return fields.version or ""
  end
  local parts = { fields.selected_version .. " " .. fields.cipher_suite }
  if fields.key_share then
    add(parts, fields.key_share.group)
  end
  if fields.alpn then
    add(parts, "alpn %s", safe(fields.alpn))
  end
  if fields.resumed then
    add(parts, "resumed")
  elseif type(fields.extensions) == "table" and fields.extensions.pre_shared_key then
    add(parts, "pre-shared key taken")
  end
  return table.concat(parts, ", ")
end

local function hello_retry_request(fields)
  local share = fields.key_share
  return share and ("once more, with a key share on %s"):format(share.group) or "once more"
end

-- Leaf first; each certificate's issuer is the next one's subject, unless the chain is out of
-- order.
local function certificate(fields)
  local subjects, issuers = fields.subjects or {}, fields.issuers or {}
  local line, above = "", nil
  for i, subject in ipairs(subjects) do
    local shown = subject ~= "" and subject or "(no name)"
    if i == 1 then
      line = shown
    elseif subject == above then
      line = line .. " <- " .. shown
    else
      line = line .. " <- " .. above .. "; " .. shown
    end
    above = issuers[i]
    if #line > LONG then
      return line
    end
  end
  if #subjects == 0 then
    return fields.malformed and "" or "no certificate"
  elseif above ~= subjects[#subjects] then
    return line .. " <- " .. above
  end
  return #subjects == 1 and above ~= UNREADABLE and line .. " (issued by itself)" or line
end

local function signed(fields)
  if fields.signature_scheme then
    return "signed with " .. fields.signature_scheme
  end
  return fields.signature_length and ("signature of %d bytes"):format(fields.signature_length)
end

local function server_key_exchange(fields)
  local parts = {}
  add(parts, fields.group or (fields.prime_bits and ("%d-bit prime"):format(fields.prime_bits)))
  add(parts, signed(fields))
  return table.concat(parts, ", ")
end

local function certificate_request(fields, width)
  local cas = {}
  for i, authority in ipairs(fields.authorities or {}) do
    cas[i] = authority.text or UNREADABLE
  end
  local line = some(fields.certificate_types or fields.signature_schemes or {}, 30, " ")
  if #cas == 0 then
    return line .. ", from any CA"
  end
  return line .. ", from " .. some(cas, width - #line - 7, "; ")
end

local function client_key_exchange(fields)
  if fields.encrypted_premaster_length then
    return ("the secret, encrypted to the server's RSA key: %d bytes"):format(
      fields.encrypted_premaster_length)
  elseif fields.public then
    return ("%s public key of %d bytes"):format(fields.kind:upper(), #fields.public)
  end
  return fields.kind == "psk" and "pre-shared key" or ""
end

local function finished(fields)
  return fields.verify_data and "verify_data " .. text.hex(fields.verify_data:sub(1, 12)) or ""
end

local function new_session_ticket(fields)
  if not fields.ticket_length then
    return ""
  end
  return ("ticket of %d bytes, for %d s"):format(fields.ticket_length, fields.lifetime or fields.lifetime_hint)
end

local function certificate_status(fields)
  return fields.response_length
    and ("%s response of %d bytes"):format(fields.status_type, fields.response_length) or ""
end

local function alert(fields)
  return fields.description and ("%s %s"):format(fields.level, fields.description) or ""
end

local function keys(what)
  return function()
    return what
  end
end

local summaries = {
  handshake_keys = keys "protect the handshake in this direction from here on",
  application_keys = keys "protect data in this direction from here on",
  updated_keys = keys "take over in this direction",
  client_hello = client_hello,
  server_hello = server_hello,
  hello_retry_request = hello_retry_request,
  certificate = certificate,
  server_key_exchange = server_key_exchange,
  certificate_request = certificate_request,
  certificate_verify = function(fields) return signed(fields) or "" end,
  client_key_exchange = client_key_exchange,
  finished = finished,
  new_session_ticket = new_session_ticket,
  encrypted_extensions = function(fields) return table.concat(fields.extension_order or {}, " ") end,
  key_update = function(fields) return fields.request or "" end,
  certificate_status = certificate_status,
  change_cipher_spec = function(fields)
    return fields.ignored and "for the sake of old middleboxes" or "encrypted from here on"
  end,
  alert = alert,
}

---The name of an event's message as the RFCs print it; safe whatever the event's type.
---@param event table
---@return string
function summary.name(event)
  return names.rfc(tostring(event.type or event.content_type or "unknown"))
end

---@param event table with `fields`
---@param width integer characters that there is room for
---@return string
function summary.of(event, width)
  local fields = event.fields
  local describe = summaries[event.type]
  local line = describe and describe(fields, width) or ""
  if fields.malformed then
    line = "malformed: " .. fields.malformed .. (line ~= "" and "; " .. line or "")
  end
  return text.cut(line, width)
end

return summary
