-- body.lua: where a message's body ends (RFC 9112, section 6), as ltn12 sources.
--
-- LuaSocket has sources for this, too; they take a chunk in one piece, whatever its size, do not look at what stands
-- behind it, and believe a size of -1. Here what the server says about lengths is checked, data is handed on as it
-- arrives, and a body that is cut is a failure.

local text = require "beartls.decode.text"

local body = {}

-- How much is handed on at a time, in bytes.
local BLOCK = 65536
-- Sizes of more digits than these are no numbers of LuaJIT's any more.
local DECIMALS, HEXADECIMALS = 15, 12

local function malformed(wire, what)
  return { message = ("%s %s"):format(wire.peer, what), code = "peer_http_malformed" }
end

-- "10", or "10, 10": the same length said twice. A peer that says nothing but blanks must not make this slow.
local function parse_length(value)
  local length
  for listed in (value .. ","):gmatch "([^,]*)," do
    local item = listed:match "^%s*(%d+)%s*$"
    if not item or #item > DECIMALS or (length and length ~= item) then
      return nil
    end
    length = item
  end
  return tonumber(length)
end

---@class beartls.https.framing
---@field kind "none"|"length"|"chunked"|"close"
---@field length integer|nil
---@field strange boolean|nil both kinds of length are there: the connection is not to be used again

---How the body of an answer ends.
---@param wire beartls.https.wire
---@param method string of the request
---@param status integer
---@param headers table<string, string>
---@return beartls.https.framing|nil
---@return table|nil failure
function body.framing(wire, method, status, headers)
  local encoding, length = headers["transfer-encoding"], headers["content-length"]
  if method == "HEAD" or status == 204 or status == 304 then
    return { kind = "none" }
  elseif encoding and encoding:lower() ~= "chunked" then
    return nil, malformed(wire, ("sends its answer in a transfer encoding that is not known: %s"):format(
      text.cut(text.printable(encoding), 60)))
  elseif encoding then
    return { kind = "chunked", strange = length ~= nil }
  elseif not length then
    return { kind = "close" }
  end
  local bytes = parse_length(length)
  if not bytes then
    return nil, malformed(wire, ("sends a Content-Length that is none: %s"):format(
      text.cut(text.printable(length), 60)))
  end
  return { kind = "length", length = bytes }
end

-- ---- sources of what arrives ----

-- A reader gives the next piece; nil at the end; or nil, failure.
local readers = {}

function readers.none()
  return function()
    return nil
  end
end

local function incomplete(wire, failure, how)
  if failure.ended then
    failure = { message = ("%s ended the connection %s"):format(wire.peer, how), code = "truncated" }
  end
  return nil, failure
end

function readers.length(wire, length)
  local left = length
  return function()
    if left == 0 then
      return nil
    end
    local piece, failure = wire:piece(math.min(left, BLOCK))
    if not piece then
      return incomplete(wire, failure, ("after %.0f of %.0f bytes of its answer"):format(length - left, length))
    end
    left = left - #piece
    return piece
  end
end

function readers.close(wire)
  return function()
    local piece, failure = wire:piece(BLOCK)
    if piece then
      return piece
    elseif failure.ended == "closed" then
      return nil
    end
    return incomplete(wire, failure, "without saying that its answer is complete (no close_notify)")
  end
end

local IN_CHUNKS = "before the last chunk of its answer"

-- The size of the next chunk, or nil, failure. Behind the last one there may be trailers; nobody needs them.
local function next_size(wire)
  wire:begin_head()
  local line, failure = wire:line()
  if not line then
    return incomplete(wire, failure, IN_CHUNKS)
  end
  local digits = line:match "^(%x+)[ \t]*$" or line:match "^(%x+)[ \t]*;"
  if not digits or #digits > HEXADECIMALS then
    return nil, malformed(wire, "sends a chunk whose size is no number")
  end
  local size = tonumber(digits, 16)
  while size == 0 and line ~= "" do
    line, failure = wire:line()
    if not line then
      return incomplete(wire, failure, "in the middle of its trailers")
    end
  end
  return size
end

function readers.chunked(wire)
  local left, done = 0, false
  return function()
    local failure, piece
    if left == 0 and not done then
      left, failure = next_size(wire)
      if not left then
        return nil, failure
      end
      done = left == 0
    end
    if done then
      return nil
    end
    piece, failure = wire:piece(math.min(left, BLOCK))
    if not piece then
      return incomplete(wire, failure, IN_CHUNKS)
    end
    left = left - #piece
    if left == 0 then
      local line
      line, failure = wire:line()
      if not line then
        return incomplete(wire, failure, IN_CHUNKS)
      elseif line ~= "" then
        return nil, malformed(wire, "sends more in a chunk than it says")
      end
    end
    return piece
  end
end

local function too_large(wire, most)
  return {
    message = ("%s sends more than %.0f bytes"):format(wire.peer, most), code = "peer_http_too_large",
    hint = "take more with max_body, or give the answer to a sink as it comes",
  }
end

---The ltn12 source of an answer's body. How it went, its fields say afterwards: `done` (it came whole), `failure`.
---@param wire beartls.https.wire
---@param framing beartls.https.framing
---@param most number how many bytes are taken
---@return fun(): string|nil, string|nil
---@return { done: boolean|nil, failure: table|nil }
function body.source(wire, framing, most)
  local read, size, state = readers[framing.kind](wire, framing.length), 0, {}
  if framing.length and framing.length > most then
    state.failure = too_large(wire, most)
  end
  return function()
    if state.failure or state.done then
      return nil, state.failure and state.failure.message
    end
    local piece, failure = read()
    size = size + #(piece or "")
    if not piece then
      state.done, state.failure = not failure, failure
    elseif size > most then
      piece, state.failure = nil, too_large(wire, most)
    end
    return piece, state.failure and state.failure.message
  end, state
end

-- ---- sources of what is sent ----

local function source_failure(why)
  return { message = "the source of the request's body: " .. why, code = "io_source" }
end

---The ltn12 source of a request's body, safe to be sent: it does not end before its time or go on after it, has no
---empty chunk (which would be the last one), and when the program's source fails, `fail` is called and does not return.
---@param source fun(): string|nil, any
---@param length integer|nil what Content-Length promises
---@param fail fun(failure: table)
---@return fun(): string|nil
function body.upload(source, length, fail)
  local size = 0
  return function()
    local chunk, err
    repeat
      chunk, err = source()
    until chunk ~= ""
    size = size + #(chunk or "")
    if not chunk and err then
      fail(source_failure(tostring(err)))
    elseif length and (size > length or not chunk and size < length) then
      fail(source_failure(("Content-Length promises %.0f bytes, and it has %s"):format(length,
        size > length and "more" or ("%.0f"):format(size))))
    end
    return chunk
  end
end

return body
