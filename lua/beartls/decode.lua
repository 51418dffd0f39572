-- decode.lua -- what TLS messages say, from their bytes alone: for the trace of a session, for
-- tls.peek, and for bytes from elsewhere. Nothing that a peer could write makes it raise.
local first_flight = require "beartls.decode.first_flight"
local messages = require "beartls.decode.messages"
local names = require "beartls.decode.names"
local reader = require "beartls.decode.reader"

local decode = {}

local alert_level_name = names.of("alert_levels")
local alert_name = names.of("alerts")

local function read_handshake(r, fields, type_name, context)
  messages.layout(type_name, context.version)(r, fields, context)
  r:finish(names.rfc(type_name))
end

local function handshake(raw, context)
  if #raw < 4 then
    local type_name = #raw > 0 and messages.type_of(raw) or "unknown"
    return type_name, { malformed = ("header: 4 bytes wanted, %d left (at byte 1)"):format(#raw) }
  end
  local type_name, fields = messages.type_of(raw), {}
  local length = reader.new(raw, 2):u24("length")
  local body = reader.new(raw, 5, math.min(#raw, 4 + length))
  local ok, problem = reader.try(read_handshake, body, fields, type_name, context)
  if not ok then
    fields.malformed = fields.malformed or problem
  elseif #raw ~= 4 + length then
    fields.malformed = fields.malformed
      or ("header: it announces %d bytes, %d follow (at byte 2)"):format(length, #raw - 4)
  end
  return type_name, fields
end

local function alert(raw)
  local fields, level, code = {}, raw:byte(1, 2)
  fields.level = level and alert_level_name(level)
  fields.code = code
  fields.description = code and alert_name(code)
  if #raw ~= 2 then
    fields.malformed = ("alert: 2 bytes wanted, %d there (at byte 1)"):format(#raw)
  end
  return "alert", fields
end

-- TLS 1.3 sends it for the sake of middleboxes and drops it unread (RFC 8446, D.4).
local function change_cipher_spec(raw, context)
  local fields = { ignored = context.version == "TLSv1.3" or nil }
  if raw ~= "\1" then
    fields.malformed = "change_cipher_spec: one byte 1 wanted (at byte 1)"
  end
  return "change_cipher_spec", fields
end

---Decodes one message.
---@param content_type string|integer "handshake" ... or the number in a record's first byte
---@param raw string the message, a handshake message with its header of 4 bytes
---@param context? table { version = "TLSv1.2", cipher_suite = "TLS_..." }, what was negotiated, if
--- that is known: the layout of key exchange messages, and of some below TLS 1.2, depends on it
---@return string type_name "client_hello" ... or "0x63" for an unknown one
---@return table fields `malformed` in it says what is wrong and where; the rest could be read
function decode.message(content_type, raw, context)
  local kind = names.content_types[content_type] or content_type
  if kind == "application_data" then
    return kind, {}
  elseif type(raw) ~= "string" then
    error("decode.message: the message must be a string, not " .. type(raw), 2)
  elseif kind == "handshake" then
    return handshake(raw, context or {})
  elseif kind == "alert" then
    return alert(raw)
  elseif kind == "change_cipher_spec" then
    return change_cipher_spec(raw, context or {})
  end
  return tostring(kind), { malformed = "record: no content type that TLS knows" }
end

local function type_of(event)
  if event.content_type ~= "handshake" then
    return event.content_type
  end
  local raw = event.raw
  return type(raw) == "string" and raw ~= "" and messages.type_of(raw) or "unknown"
end

local function fields_of(event, context)
  if event.content_type == "keys" then
    return {}
  end
  if event.content_type ~= "application_data" and type(event.raw) ~= "string" then
    return { malformed = "message: its bytes were not kept" }
  end
  local known = {
    version = context.version or event.version,
    cipher_suite = context.cipher_suite,
    session_id = context.session_id,
  }
  local _, fields = decode.message(event.content_type, event.raw, known)
  return fields
end

local epochs = { handshake_keys = "handshake", application_keys = "application", updated_keys = "application" }

-- What later messages of the session depend on.
local function note(event, context)
  local raw = event.raw
  if event.content_type == "keys" then
    context[event.direction .. "_epoch"] = epochs[event.type]
    return
  end
  if event.content_type ~= "handshake" or type(raw) ~= "string" then
    return
  end
  local code = raw:byte(1)
  if code == 1 and #raw >= 39 then
    context.session_id = raw:sub(40, 39 + raw:byte(39))
  elseif code == 2 then
    context.version = event.fields.selected_version
    context.cipher_suite = event.fields.cipher_suite
  end
end

---Gives an event its `type` where that is missing, and its `fields`, decoded when they are first
---asked for; never raises on what a peer sent.
---@param event table
---@param context? table one for all events of a session, in their order: it learns what was chosen
---@return table event
function decode.attach(event, context)
  context = context or {}
  if event.type == nil then
    event.type = type_of(event)
  end
  -- With which keys: those whose installation was seen last in this direction.
  event.epoch = event.epoch or (event.encrypted and context[(event.direction or "") .. "_epoch"]) or nil
  setmetatable(event, {
    __index = function(self, key)
      if key ~= "fields" then
        return nil
      end
      local fields = fields_of(self, context)
      rawset(self, "fields", fields)
      return fields
    end,
  })
  note(event, context)
  return event
end

---Decodes a ClientHello as it is on the wire: from the first record's header on, in as many records
---as it takes.
---@param bytes string everything that has arrived so far
---@return table|nil hello the fields of the ClientHello
---@return string|nil message "more" when it is not complete yet, else what the bytes are instead
---@return string|nil code peer_not_tls, peer_unexpected_message, peer_record_length,
--- peer_message_too_long, peer_malformed_message
function decode.client_hello(bytes)
  if type(bytes) ~= "string" then
    error("the bytes of a ClientHello must be a string, not " .. type(bytes), 2)
  end
  local raw, message, code = first_flight.client_hello(bytes)
  if not raw then
    return nil, message, code
  end
  local _, fields = handshake(raw, {})
  if fields.malformed then
    return nil, "the peer sent a malformed ClientHello: " .. fields.malformed,
      "peer_malformed_message"
  end
  return fields
end

return decode
