-- detail.lua -- the lists of a message that do not fit its line: all suites, groups, schemes,
-- extensions, names.
local text = require "beartls.decode.text"

local detail = {}

local function shares(list)
  local out = {}
  for i, share in ipairs(list or {}) do
    out[i] = ("%s (%d bytes)"):format(share.group, share.length)
  end
  return out
end

local function client_hello(fields)
  return {
    { "suites", fields.cipher_suites },
    { "groups", fields.groups },
    { "key shares", shares(fields.key_shares) },
    { "signatures", fields.signature_schemes },
    { "alpn", fields.alpn },
    { "extensions", fields.extension_order },
  }
end

local function server_hello(fields)
  return {
    { "session id", fields.session_id and { text.hex(fields.session_id) } },
    { "extensions", fields.extension_order },
  }
end

-- More than a chain has that anybody could verify.
local CERTIFICATES_MAX = 16

local function certificate(fields)
  local rows = {}
  for i, der in ipairs(fields.certificates or {}) do
    rows[i] = { #fields.certificates == 1 and "certificate" or "certificate " .. i, {
      fields.subjects[i], "issued by " .. fields.issuers[i], ("%d bytes"):format(#der),
    } }
    if i == CERTIFICATES_MAX then
      break
    end
  end
  return rows
end

local function certificate_request(fields)
  local cas = {}
  for i, authority in ipairs(fields.authorities or {}) do
    cas[i] = authority.text or "(not readable)"
  end
  return { { "signatures", fields.signature_schemes }, { "authorities", cas } }
end

local rows_of = {
  client_hello = client_hello,
  server_hello = server_hello,
  hello_retry_request = server_hello,
  certificate = certificate,
  certificate_request = certificate_request,
}

-- More lines than this of one list say nothing more to a reader.
local MOST = 40

local function wrap(lines, label, items, width)
  local head = ("%-12s"):format(label .. ":") .. " "
  local indent = (" "):rep(#head)
  local line, first = head, #lines
  for i, item in ipairs(items) do
    item = text.cut(text.printable(item:sub(1, 512)), width - #head - 1)
    item = i < #items and item .. "," or item
    if line ~= head and line ~= indent then
      if text.width(line) + 1 + text.width(item) <= width then
        item = " " .. item
      else
        lines[#lines + 1], line = line, indent
        if #lines - first >= MOST then
          lines[#lines + 1] = indent .. ("and %d more"):format(#items - i + 1)
          return
        end
      end
    end
    line = line .. item
  end
  lines[#lines + 1] = line
end

---@param event table with `fields`
---@param width integer columns that a line may take
---@return string[] lines
function detail.lines(event, width)
  local lines = {}
  local rows = rows_of[event.type]
  for _, row in ipairs(rows and rows(event.fields) or {}) do
    if row[2] and row[2][1] and row[2][1] ~= "" then
      wrap(lines, row[1], row[2], width)
    end
  end
  return lines
end

return detail
