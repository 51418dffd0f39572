-- facts.lua: what was negotiated, who the peer is and what a certificate says, in words and as
-- tables for JSON.

local text = require "beartls.decode.text"

local facts = {}

local printable = text.printable

---Seconds since the epoch as a date and a time in UTC.
---@param seconds number
---@return string
function facts.date(seconds)
  local ok, date = pcall(os.date, "!%Y-%m-%d %H:%M:%S UTC", seconds)
  return ok and date or ("%.0f seconds after 1970"):format(seconds)
end

local function prefixed(list, prefix, out)
  for _, item in ipairs(list or {}) do
    out[#out + 1] = prefix .. printable(item)
  end
  return out
end

---The names that a certificate is for.
---@param certificate beartls.certificate
---@return string[]
function facts.names(certificate)
  local out = prefixed(certificate:dns_names(), "", {})
  prefixed(certificate:ip_addresses(), "", out)
  prefixed(certificate:emails(), "", out)
  return prefixed(certificate:uris(), "", out)
end

---"RSA, 2048 bits" or "EC, secp256r1".
---@param kind string|nil
---@param bits integer|nil
---@param curve string|nil
---@return string
function facts.key(kind, bits, curve)
  if not kind then
    return "of a kind that beartls does not know"
  elseif curve then
    return ("%s on %s"):format(kind, curve)
  end
  return ("%s, %d bits"):format(kind, bits or 0)
end

---How the two sides agreed on a secret, in words.
---@param cipher string|nil IANA name of the suite
---@param group string|nil
---@return string|nil
function facts.key_exchange(cipher, group)
  if not cipher then
    return nil
  elseif cipher:find "^TLS_RSA_" then
    return "RSA key transport: the client encrypted the secret to the server's key"
  elseif cipher:find "^TLS_ECDHE_" then
    return "ECDHE" .. (group and " on " .. group or "") .. ", fresh keys for this connection alone"
  elseif cipher:find "^TLS_ECDH_" then
    return "ECDH with the key of the server's certificate"
  end
  return group
end

---What a session has negotiated, as a table for JSON.
---@param session beartls.session|beartls.stream
---@return table
function facts.of(session)
  local peer, ours = session:peer_certificate(), session:local_certificate()
  return {
    version = session:version(), cipher = session:cipher(), group = session:group(),
    signature_scheme = session:signature_scheme(), alpn = session:alpn(),
    server_name = session:server_name(), resumed = session:resumed() or false,
    verified = session:verified() or false,
    key_exchange = facts.key_exchange(session:cipher(), session:group()),
    peer = peer and facts.of_certificate(peer),
    ours = ours and { subject = ours:subject(), issuer = ours:issuer() },
  }
end

---What a certificate says, as a table for JSON.
---@param certificate beartls.certificate
---@return table
function facts.of_certificate(certificate)
  return {
    subject = certificate:subject(), issuer = certificate:issuer(),
    serial = certificate:serial(), names = facts.names(certificate),
    not_before = facts.date(certificate:not_before()),
    not_after = facts.date(certificate:not_after()),
    key_type = certificate:key_type(), key_bits = certificate:key_bits(),
    curve = certificate:curve(), signature_algorithm = certificate:signature_algorithm(),
    is_ca = certificate:is_ca(), key_usage = certificate:key_usage(),
    extended_key_usage = certificate:extended_key_usage(),
    fingerprint = certificate:fingerprint(), pin = certificate:pin(),
  }
end

-- What we know of the peer's right to its name.
local function trusted(session, fact)
  local peer = session:is_client() and "server" or "client"
  if not fact.peer then
    return ("the %s showed no certificate"):format(peer)
  elseif fact.verified then
    return ("yes: we have verified the %s's certificate"):format(peer)
  end
  return ("NO: nobody has verified the %s's certificate"):format(peer)
end

---What a session has negotiated, as rows { label, text } for people.
---@param session beartls.session|beartls.stream
---@return string[][]
function facts.rows(session)
  local fact, rows = facts.of(session), {}
  local function add(label, value)
    if value then
      rows[#rows + 1] = { label, printable(value) }
    end
  end
  add("version", fact.version)
  add("cipher suite", fact.cipher)
  add("key exchange", fact.resumed and "none: an earlier session was resumed" or fact.key_exchange)
  add("signature", fact.signature_scheme)
  add("protocol", fact.alpn and fact.alpn .. " (ALPN)")
  add("server name", fact.server_name)
  add("trusted", trusted(session, fact))
  if fact.peer then
    add("peer", fact.peer.subject)
    add("issued by", fact.peer.issuer)
    add("valid", "until " .. fact.peer.not_after)
  end
  add("we are", fact.ours and fact.ours.subject)
  return rows
end

---Rows as lines, their labels in one column.
---@param rows string[][]
---@param indent string|nil
---@return string[]
function facts.lines(rows, indent)
  local width, lines = 0, {}
  for _, row in ipairs(rows) do
    width = math.max(width, #row[1])
  end
  for i, row in ipairs(rows) do
    lines[i] = ("%s%s%s  %s"):format(indent or "", row[1], (" "):rep(width - #row[1]), row[2])
  end
  return lines
end

return facts
