-- story.lua: a handshake told to people: each message with what it says, and in plain words what it
-- is for.

local facts = require "beartls.cli.facts"
local summary = require "beartls.trace.summary"
local text = require "beartls.decode.text"

local story = {}

local function list(items)
  return items and table.concat(items, ", ") or nil
end

-- Rows { label, text } of what a certificate says.
local function shown_certificate(fields)
  local rows = { { "shows", fields.subjects[1] or "no certificate" } }
  if fields.issuers[1] then
    rows[2] = { "issued by", fields.issuers[1] }
  end
  local leaf = fields.chain and fields.chain[1]
  if leaf then
    rows[#rows + 1] = { "names", list(facts.names(leaf)) }
    rows[#rows + 1] = { "valid", ("%s to %s"):format(facts.date(leaf:not_before()):sub(1, 10),
      facts.date(leaf:not_after()):sub(1, 10)) }
    rows[#rows + 1] = { "its key", facts.key(leaf:key_type(), leaf:key_bits(), leaf:curve()) }
  end
  return rows
end

-- What the parts of a suite's name are for.
local function suite_in_words(suite)
  local exchange, cipher, hash = suite:match "^TLS_(.+)_WITH_(.+)_(SHA%d*)$"
  if not exchange then
    exchange, cipher = suite:match "^TLS_(.+)_WITH_(.+)$"
  end
  if not exchange then
    return nil
  end
  local how = exchange == "RSA" and "the client encrypts the secret to the server's RSA key"
    or exchange:find "^ECDHE_" and ("fresh keys make the secret (ECDHE), the server signs its own "
      .. "with %s"):format(exchange:match "_(.+)$") or exchange
  return ("That is: %s; then %s encrypts%s."):format(how, (cipher:gsub("_", "-")),
    hash and (", %s is the hash"):format(hash) or "")
end

local chapters = {
  client_hello = "Agree on a version and a cipher suite",
  server_certificate = "Who is the server?",
  client_answer = "The client answers",
  change_cipher_spec = "From here on, everything is encrypted",
  application_data = "A line each way",
  close_notify = "The end",
}

-- type -> function(event, teller) -> rows, words. Messages that both sides send are told by the
-- sender: "certificate" is asked for under "client certificate" or "server certificate".
local tellers = {}

tellers["client client_hello"] = function(event)
  local f = event.fields
  return {
    { "looks for", f.server_name },
    { "speaks", list(f.supported_versions) or f.version },
    { "suites", list(f.cipher_suites) },
    { "groups", list(f.groups) },
    { "signatures", list(f.signature_schemes) },
    { "protocols", list(f.alpn) },
  }, "All that the client can do, best first, and a random number that was never used before."
end

local GROUP_ALONE = "Its key share makes, with the client's, a secret that has never crossed the wire; fresh keys "
  .. "for each connection (ECDHE). All that follows is encrypted with it."

tellers["server server_hello"] = function(event)
  local f = event.fields
  local share = type(f.key_share) == "table" and f.key_share.group or nil
  return {
    { "version", f.selected_version }, { "suite", f.cipher_suite }, { "group", share }, { "protocol", f.alpn },
  }, "Of what the client offers, the server picks. " .. (share and GROUP_ALONE
    or f.cipher_suite and suite_in_words(f.cipher_suite) or "")
end

tellers["server hello_retry_request"] = function(event)
  local f = event.fields
  return { { "group", type(f.key_share) == "table" and f.key_share.group or nil } },
    "The server wants a key share of another group: the client begins again."
end

tellers["server encrypted_extensions"] = function(event)
  return { { "protocol", event.fields.alpn } },
    "What else was agreed on. From here on nobody on the way can read who talks to whom."
end

tellers["server certificate_verify"] = function(event)
  return { { "signed with", event.fields.signature_scheme } },
    "The server signs all that was said so far: it has the private key of its certificate, and nobody on the way "
    .. "has put in a key of his own."
end

tellers["server new_session_ticket"] = function(event)
  local f = event.fields
  return { { "good for", ("%s seconds"):format(f.lifetime or f.lifetime_hint) } },
    "With this ticket the client can come back without certificates and signatures."
end

tellers["server certificate"] = function(event)
  return shown_certificate(event.fields), "A certificate says whose a public key is. Everybody can "
    .. "show a copy of it: what counts is who has the private key."
end

tellers["client certificate"] = function(event)
  return shown_certificate(event.fields), "The certificate that the server has asked for."
end

tellers["server server_key_exchange"] = function(event)
  local f = event.fields
  return { { "group", f.group }, { "signed with", f.signature_scheme } },
    "The server's half of the secret: a public key for this connection alone, signed with the key "
    .. "of the certificate. So the server is who it says, and nobody on the way can put in a key "
    .. "of his own."
end

tellers["server certificate_request"] = function(event)
  local f, authorities = event.fields, {}
  for i, authority in ipairs(f.authorities or {}) do
    authorities[i] = authority.text or "(not readable)"
  end
  return {
    { "accepts", list(f.certificate_types) or list(f.signature_schemes) },
    { "issued by", #authorities > 0 and table.concat(authorities, "; ") or "any authority" },
  }, "And who is the client? The server asks for its certificate: that makes it mutual."
end

tellers["server server_hello_done"] = function()
  return {}, "That is all from the server: it is the client's turn."
end

tellers["client client_key_exchange"] = function(event)
  local f = event.fields
  if f.kind == "rsa" then
    return { { "secret", ("%d bytes, encrypted"):format(f.encrypted_premaster_length) } },
      "The client makes up the secret and encrypts it to the RSA key of the certificate: only the "
      .. "server can read it, and by that proves who it is. But whoever gets hold of its key one "
      .. "day can read all that was ever recorded; therefore no config offers this unless told to."
  end
  return { { "half", ("public key of %d bytes"):format(#(f.public or "")) } },
    "The client's half. Each side joins its own private half with the other's public one: both get "
    .. "the same secret, and it has never crossed the wire."
end

tellers["client certificate_verify"] = function(event)
  return { { "signed with", event.fields.signature_scheme } },
    "The client signs all that was said so far: it has the private key of its certificate."
end

local IGNORED = "It says nothing any more: old middleboxes let a connection pass that looks like TLS 1.2."

tellers["client change_cipher_spec"] = function(event)
  if event.fields.ignored then
    return {}, IGNORED
  end
  return {}, "Both have the secret, and make the same keys from it. From now on the client encrypts "
    .. "with them: symmetric encryption, for which one key locks and opens, and which is fast."
end

tellers["server change_cipher_spec"] = function(event)
  if event.fields.ignored then
    return {}, IGNORED
  end
  return {}, "So does the server."
end

-- As much of it as a line takes.
local function checksum(event)
  return text.hex((event.fields.verify_data or ""):sub(1, 24))
end

tellers["client finished"] = function(event)
  return { { "checksum", checksum(event) } },
    "A checksum of the whole handshake, made with the secret. Had anybody changed a single message "
    .. "on the way, it would not match, and all would end here."
end

tellers["server finished"] = function(event)
  return { { "checksum", checksum(event) } },
    "A checksum of the whole handshake by the server, made with the secret: it matches, too."
end

tellers["client alert"] = function(event)
  local f = event.fields
  if f.description == "close_notify" then
    return {}, "\"I have said all.\" Without this, a connection that somebody cuts would look like a "
      .. "complete one."
  end
  return { { "says", ("%s %s"):format(f.level, f.description) } }, ""
end

tellers["server alert"] = function(event)
  local f = event.fields
  if f.description == "close_notify" then
    return {}, "\"So have I.\""
  end
  return { { "says", ("%s %s"):format(f.level, f.description) } }, ""
end

---The heading of the part of the handshake that a message begins, or nil.
---@param event table
---@param sender string "client" or "server"
---@param told table which headings there were
---@return string|nil
function story.chapter(event, sender, told)
  local key = event.type
  if key == "handshake_keys" or key == "change_cipher_spec" and event.fields.ignored then
    key = key == "handshake_keys" and "change_cipher_spec" or ""
  end
  if sender == "client" and (key == "certificate" or key == "client_key_exchange") then
    key = "client_answer"
  elseif key == "certificate" then
    key = "server_certificate"
  elseif key == "alert" then
    key = event.fields.description
  end
  if not chapters[key] or told[key] then
    return nil
  end
  told[key] = true
  return chapters[key]
end

local keys = {
  handshake_keys = "Keys are made from the secret; the %s encrypts the rest of the handshake with them.",
  application_keys = "New keys, for data: the %s encrypts with them from here on.",
  updated_keys = "The next keys: the %s encrypts with them from here on.",
}

---What the installation of keys is for.
---@param event table
---@param sender string "client" or "server"
---@return string
function story.keys(event, sender)
  return keys[event.type]:format(sender)
end

---What a message says: rows { label, text } and a sentence or two, what it is for.
---@param event table
---@param sender string "client" or "server"
---@return string[][] rows
---@return string words
function story.of(event, sender)
  local tell = tellers[sender .. " " .. tostring(event.type)]
  if not tell or event.fields.malformed then
    return { { "says", summary.of(event, 200) } }, ""
  end
  local kept, rows, words = {}, tell(event)
  -- Rows have holes where a message does not say something.
  for _, row in ipairs(rows) do
    if row[2] and row[2] ~= "" then
      kept[#kept + 1] = { row[1], text.printable(row[2]) }
    end
  end
  return kept, words
end

return story
