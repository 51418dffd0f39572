-- ladder.lua -- a session as a picture: the client on the left, the server on the right, one rung a
-- message.
local detail = require "beartls.trace.detail"
local summary = require "beartls.trace.summary"
local text = require "beartls.decode.text"

local ladder = {}

local MARGIN = "%7.1f ms  "
local BLANK = (" "):rep(#MARGIN:format(0))

-- Without a word from the caller: whoever sends a ClientHello is the client.
local function client_sends(list, us)
  if us then
    return us == "client" and "sent" or "received"
  end
  for _, event in ipairs(list) do
    if event.type == "client_hello" then
      return event.direction
    end
  end
  return "sent"
end

-- Application data in a row is one rung.
local function rungs(list)
  local out = {}
  for _, event in ipairs(list) do
    local last = out[#out]
    if last and event.type == "application_data" and last.event.type == "application_data"
      and last.event.direction == event.direction then
      last.count, last.length = last.count + 1, last.length + (event.length or 0)
    else
      out[#out + 1] = { event = event, count = 1, length = event.length or 0 }
    end
  end
  return out
end

local function arrow(label, line, inner, rightwards)
  local fill = line:rep(math.max(inner - #label - 5, 1))
  if rightwards then
    return line:rep(2) .. " " .. label .. " " .. fill .. ">"
  end
  return "<" .. fill .. " " .. label .. " " .. line:rep(2)
end

-- A line of text between the two sides, towards the one that said it.
local function between(words, inner, leftmost)
  local gap = (" "):rep(math.max(inner - text.width(words) - 3, 0))
  return BLANK .. "|" .. (leftmost and "   " .. words .. gap or gap .. words .. "   ") .. "|"
end

---@param list table[] events with `fields`
---@param options table { us = "client"|"server", width = columns, detail = boolean,
--- paint = function(event, rope) that may colour it }
---@return string[] lines
function ladder.lines(list, options)
  local inner = math.max((options.width or 100) - #BLANK - 2, 40)
  local from_client = client_sends(list, options.us)
  local bar = BLANK .. "|" .. (" "):rep(inner) .. "|"
  local client, server = "client", "server"
  if options.us then
    client = options.us == "client" and "client (we)" or client
    server = options.us == "server" and "server (we)" or server
  end
  local lines = { BLANK .. client .. (" "):rep(inner + 2 - #client - #server) .. server, bar }
  for _, rung in ipairs(rungs(list)) do
    local event = rung.event
    local rightwards = event.direction == from_client
    local label = ("%s%s, %d byte%s"):format(summary.name(event),
      rung.count > 1 and " x" .. rung.count or "", rung.length, rung.length == 1 and "" or "s")
    local rope = arrow(label, event.encrypted and "=" or "-", inner, rightwards)
    lines[#lines + 1] = MARGIN:format((event.time or 0) * 1000)
      .. "|" .. options.paint(event, rope) .. "|"
    local words = summary.of(event, inner - 6)
    if words ~= "" then
      lines[#lines + 1] = between(words, inner, rightwards)
    end
    for _, line in ipairs(options.detail and detail.lines(event, inner - 6) or {}) do
      lines[#lines + 1] = between(line, inner, true)
    end
  end
  lines[#lines + 1] = bar
  lines[#lines + 1] = BLANK .. "--- in clear   === encrypted"
  return lines
end

return ladder
