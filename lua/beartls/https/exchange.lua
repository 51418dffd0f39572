-- exchange.lua: one request and its answer on a connection, with the pieces of LuaSocket's http: open, sendrequestline,
-- sendheaders, sendbody, receivestatusline, receiveheaders. All of it is to be called under protect: what fails is
-- thrown as a table of message and code.

local body = require "beartls.https.body"
local http = require "socket.http"
local ltn12 = require "ltn12"
local luasocket = require "socket"
local mime = require "mime"
local protect = require "beartls.https.protect"

local exchange = {}

-- RFC 9110, section 5.6.2.
local TOKEN = "^[%w!#$%%&'*+%-.^_`|~]+$"

local function fail(failure)
  return luasocket.try(nil, failure)
end

-- ---- headers of the request ----

-- What would contradict what this module says about the connection and the body.
local reserved = {
  ["transfer-encoding"] = "the body is framed here: give a source without content-length",
  ["proxy-authorization"] = "give the proxy's user and password in the option proxy",
  connection = "whether a connection is kept is for an agent to say", upgrade = "nothing else than HTTP is spoken here",
}

---Checks a program's headers and takes their names down to lower case.
---@param given table<string, string|number>
---@return table<string, string>|nil
---@return string|nil message
---@return string|nil code "config_header"
function exchange.check_headers(given)
  local headers = {}
  for name, value in pairs(given) do
    local kind = type(value)
    if type(name) ~= "string" or not name:find(TOKEN) then
      return nil, ("%q cannot be the name of a header"):format(tostring(name)), "config_header"
    elseif kind ~= "string" and kind ~= "number" or tostring(value):find "[%z\r\n]" then
      return nil, ("the header %s must be one line of text"):format(name), "config_header"
    elseif reserved[name:lower()] then
      return nil, ("the header %s cannot be given: %s"):format(name, reserved[name:lower()]), "config_header"
    end
    headers[name:lower()] = tostring(value)
  end
  if headers["content-length"] and not headers["content-length"]:find "^%d+$" then
    return nil, "the header content-length must be a number", "config_header"
  end
  return headers
end

local function headers_of(job)
  local to = job.address
  local headers = {
    ["user-agent"] = "beartls", host = to.authority, ["accept-encoding"] = "identity",
    connection = job.pool and "keep-alive" or "close",
  }
  if to.user then
    headers.authorization = "Basic " .. mime.b64(to.user .. ":" .. to.password)
  end
  for name, value in pairs(job.headers) do
    headers[name] = value
  end
  if job.body then
    headers["content-length"] = ("%d"):format(#job.body)
  elseif job.source then
    headers["transfer-encoding"] = not headers["content-length"] and "chunked" or nil
  elseif headers["content-length"] ~= "0" then
    headers["content-length"] = nil -- the server would take the next request for the body that it promises
  end
  return headers
end

-- ---- the request ----

local function once(bytes)
  local source = bytes
  return function()
    local chunk = source
    source = nil
    return chunk
  end
end

-- A server may answer and go before it has taken all of a body: then its answer counts, if it is there.
local function send_body(job, h, headers)
  local source = job.source or once(job.body)
  local failed
  job.source_used = job.source ~= nil
  local upload = body.upload(source, tonumber(headers["content-length"]), function(failure)
    failed = failure
    fail(failure)
  end)
  local ok, failure = protect(function()
    return h:sendbody(headers, upload, job.step)
  end)()
  if ok then
    return
  elseif failed or type(failure) ~= "table" or not failure.ended then
    fail(type(failure) == "table" and failure or { message = tostring(failure), code = "io_source" })
  end
  return failure
end

-- ---- the answer ----

local function malformed(wire, what)
  fail { message = wire.peer .. " " .. what, code = "peer_http_malformed" }
end

-- A status line and headers; LuaSocket throws a sentence of its own about what it cannot read.
local function receive_head(h, wire)
  local code, line, headers
  local ok, failure = protect(function()
    code, line = h:receivestatusline()
    if code and line:find "^HTTP/1%.[01] %d%d%d" then
      headers = h:receiveheaders()
    end
    return true
  end)()
  if not ok and type(failure) == "table" then
    fail(failure)
  elseif not ok and line then
    malformed(wire, "sends a malformed header")
  elseif not headers then
    malformed(wire, "does not answer in HTTP/1.1")
  end
  for name, value in pairs(headers) do
    if not name:find(TOKEN) or value:find "%z" then
      malformed(wire, "sends a malformed header")
    end
    headers[name] = value:match "^.*[^ \t]" or "" -- in one pass, however many blanks there are
  end
  return code, line, headers
end

local function keeps(line, headers)
  local connection = "," .. (headers.connection or ""):lower():gsub("%s", "") .. ","
  return not connection:find(",close,", 1, true)
    and (line:find "^HTTP/1%.1" or connection:find(",keep-alive,", 1, true)) and true or false
end

---@class beartls.https.answer
---@field status integer
---@field line string
---@field headers table<string, string>
---@field framing beartls.https.framing
---@field reusable boolean whether another request may follow on the connection when the body has been read

---Sends the request and receives the head of its answer.
---@param job table see fetch.lua
---@param wire beartls.https.wire
---@return beartls.https.answer
function exchange.ask(job, wire)
  local h = http.open(job.address.host, job.address.port, function()
    return wire
  end)
  local headers = headers_of(job)
  h:sendrequestline(job.method, job.address.target)
  h:sendheaders(headers)
  local unsent = (job.body or job.source) and send_body(job, h, headers)
  local status, line, answer
  local ok, failure = protect(function()
    repeat
      status, line, answer = receive_head(h, wire)
    until status < 100 or status >= 200 or status == 101
    return true
  end)()
  if not ok then
    fail(unsent or failure)
  elseif status < 200 then
    malformed(wire, ("answers with a status that nobody asked for, %d"):format(status))
  end
  local framing
  framing, failure = body.framing(wire, job.method, status, answer)
  return {
    status = status, line = line, headers = answer, framing = framing or fail(failure),
    reusable = not unsent and keeps(line, answer) and framing.kind ~= "close" and not framing.strange,
  }
end

---Receives the body of an answer.
---@param wire beartls.https.wire
---@param answer beartls.https.answer
---@param sink function where it goes
---@param step function|nil as ltn12.pump.all takes it
---@param most number how many bytes are taken
function exchange.receive_body(wire, answer, sink, step, most)
  local source, state = body.source(wire, answer.framing, most)
  local ok, err = ltn12.pump.all(source, sink, step)
  if not ok then
    fail(state.failure or { message = "the sink of the answer: " .. tostring(err), code = "io_sink" })
  end
  answer.reusable = answer.reusable and state.done or false -- a sink may have had enough
end

return exchange
