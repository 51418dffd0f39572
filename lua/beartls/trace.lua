-- trace.lua -- the events of a session as text for people: a line each, JSON for programs, or a
-- ladder.
local decode = require "beartls.decode"
local detail = require "beartls.trace.detail"
local json = require "beartls.json"
local ladder = require "beartls.trace.ladder"
local summary = require "beartls.trace.summary"

local trace = {}

local RESET, DIM, BOLD, RED, GREEN = "\27[0m", "\27[2m", "\27[1m", "\27[31m", "\27[32m"
local LINE = "%7.1f ms %s %-18s%s%6d B  "
local INDENT = (" "):rep(14)

local function color_of(event)
  if event.type == "alert" then
    return event.fields.description == "close_notify" and DIM or RED
  elseif event.encrypted then
    return GREEN
  end
  return BOLD
end

local function painter(options)
  if not options.color then
    return function(_, s) return s end
  end
  return function(event, s) return color_of(event) .. s .. RESET end
end

-- Events that come from a session have their fields already; those from elsewhere get them here, in
-- their order.
local function prepare(events)
  local list, context = {}, {}
  local function take(event)
    list[#list + 1] = event.fields and event or decode.attach(event, context)
  end
  if type(events) == "function" then
    for event in events do
      take(event)
    end
  else
    for _, event in ipairs(events) do
      take(event)
    end
  end
  return list
end

---One event as one line: when, which way, what, how long, "*" when it was encrypted, and what it
---says.
---@param event table
---@param options? table { color = false, width = 110 }
---@return string line without a newline
function trace.line(event, options)
  options = options or {}
  if not event.fields then
    decode.attach(event)
  end
  local head = LINE:format((event.time or 0) * 1000, event.direction == "sent" and "->" or "<-",
    summary.name(event), event.encrypted and "*" or " ", event.length or 0)
  local words = summary.of(event, math.max((options.width or 110) - #head, 20))
  if options.color then
    local start = head:find(event.direction == "sent" and "->" or "<-", 1, true)
    head = DIM .. head:sub(1, start - 1) .. RESET .. color_of(event) .. head:sub(start) .. RESET
  end
  return ((head .. words):gsub("%s+$", ""))
end

-- The event's line, and the lists that had no room on it when options.detail asks for them.
local function with_detail(event, options)
  local lines = { trace.line(event, options) }
  if options and options.detail then
    for _, line in ipairs(detail.lines(event, (options.width or 110) - #INDENT)) do
      lines[#lines + 1] = INDENT .. line
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

---All events as lines in one string.
---@param events table[]|function a list, or an iterator such as session:events()
---@param options? table as for trace.line, and detail = true for all that is offered, in more lines
---@return string
function trace.format(events, options)
  local lines = {}
  for i, event in ipairs(prepare(events)) do
    lines[i] = with_detail(event, options)
  end
  return table.concat(lines)
end

---Writes all events to a file, a line each.
---@param events table[]|function a list, or an iterator such as session:events()
---@param file? file* standard output when it is left out
---@param options? table as for trace.format, and json = true for a JSON object a line
function trace.print(events, file, options)
  file = file or io.stdout
  local as_json = options and options.json
  for _, event in ipairs(prepare(events)) do
    file:write(as_json and trace.json(event) .. "\n" or with_detail(event, options))
  end
end

---One event as a JSON object on one line; bytes are in hex.
---@param event table
---@return string
function trace.json(event)
  local out = { fields = event.fields or decode.attach(event).fields }
  for key, value in pairs(event) do
    out[key] = value
  end
  return json.encode(out)
end

---A session as a ladder diagram, the client on the left.
---@param events table[]|function a list, or an iterator such as session:events()
---@param options? table { us = "client"|"server", color = false, width = 100, detail = false };
--- without `us` whoever sent a ClientHello is the client
---@return string
function trace.ladder(events, options)
  options = options or {}
  local lines = ladder.lines(prepare(events), {
    us = options.us, width = options.width, detail = options.detail, paint = painter(options),
  })
  return table.concat(lines, "\n") .. "\n"
end

return trace
