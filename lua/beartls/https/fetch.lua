-- fetch.lua: does a job: finds or opens a connection, asks, follows redirects.

local exchange = require "beartls.https.exchange"
local ltn12 = require "ltn12"
local luasocket = require "socket"
local new_wire = require "beartls.https.wire"
local protect = require "beartls.https.protect"
local proxy = require "beartls.https.proxy"
local redirect = require "beartls.https.redirect"
local socket = require "beartls.socket"
local tunnel = require "beartls.https.tunnel"

---@class beartls.https.job what one request is, when its options have been checked
---@field address beartls.https.address
---@field method string
---@field headers table<string, string> the program's, in lower case
---@field body string|nil
---@field source function|nil ltn12; or this, when there is no body
---@field source_used boolean|nil
---@field sink function ltn12
---@field step function|nil
---@field config beartls.config
---@field bare (fun(): beartls.config|nil, string|nil, string|nil)|nil makes the same config without a certificate
---@field connect function|nil an adapter's, if it is not beartls.socket's
---@field timeout number
---@field deadline number|nil
---@field proxy string|false|nil
---@field proxy_config beartls.config|nil for a proxy that one speaks TLS to
---@field redirect boolean
---@field redirects integer how many there have been
---@field max_redirects integer
---@field max_body number
---@field pool beartls.https.pool|nil

-- These may be asked twice (RFC 9110, section 9.2.2).
local idempotent = { GET = true, HEAD = true, OPTIONS = true, TRACE = true, PUT = true, DELETE = true }

-- How much of the body of a redirect is read, so that its connection can be used again, in bytes.
local LEFTOVERS = 65536

local function connector(job, through)
  return function(host, port, seconds)
    local stream, message, code, failure = (job.connect or socket.connect)(host, port, job.config, {
      timeout = seconds, dial = through and tunnel(through) or nil,
    })
    local protocol = stream and stream:alpn()
    if protocol and protocol ~= "http/1.1" and protocol ~= "http/1.0" then
      stream:close()
      return nil, ("the server wants to speak %s, and we do not"):format(protocol), "config_alpn"
    end
    return stream, message, code, failure
  end
end

-- A connection for the job: a wire, and the key under which it may be kept; or nil, nil, failure.
local function get_wire(job, fresh)
  local to = job.address
  local through, message, code = proxy.choose(job.proxy, to.host, to.port)
  local key
  if through and job.connect then
    return nil, nil, {
      message = "there is a proxy, and only beartls.socket can connect through it", code = "config_proxy",
      hint = "with a connect of another adapter, proxy = false goes without",
    }
  elseif through then
    through.config = job.proxy_config
  end
  if through ~= nil and job.pool then
    key, message, code = job.pool:key(to, through, job.config, job.connect)
  end
  if through == nil or job.pool and not key then
    return nil, nil, { message = message, code = code }
  end
  local wire = key and not fresh and job.pool:take(key)
  if wire then
    wire.reused = true
  else
    wire = new_wire("the server " .. to.authority, connector(job, through))
  end
  wire:begin(job.timeout, job.deadline)
  return wire, key
end

-- So that the connection of a redirect can be used for what comes next.
local function discard(job, wire, answer)
  answer.reusable = answer.reusable and job.pool and protect(function()
    exchange.receive_body(wire, answer, ltn12.sink.null(), nil, LEFTOVERS)
    return answer.reusable
  end)() or false
end

local function about(job, wire)
  local stream = wire.stream
  return {
    url = job.address.url, redirects = job.redirects, reused = wire.reused or false, resumed = stream:resumed(),
    version = stream:version(), cipher = stream:cipher(), peer_certificate = stream:peer_certificate(),
  }
end

local function converse(job, wire)
  local answer = exchange.ask(job, wire)
  local failure
  answer.about = about(job, wire)
  answer.next, failure = redirect.next(job, answer)
  if failure then
    luasocket.try(nil, failure)
  elseif answer.next then
    discard(job, wire, answer)
  else
    exchange.receive_body(wire, answer, job.sink, job.step, job.max_body)
  end
  return answer
end

local function attempt(job, fresh)
  local wire, key, failure = get_wire(job, fresh)
  if not wire then
    return nil, failure
  end
  local ok, answer
  ok, answer, failure = pcall(protect(converse), job, wire)
  if ok and answer and answer.reusable and key then
    job.pool:put(key, wire)
    return answer
  end
  wire:close()
  if not ok then
    error(answer, 0) -- of the program's source or sink
  elseif answer then
    return answer
  elseif wire.reused and wire.received == 0 and failure.ended and idempotent[job.method] and not job.source_used then
    return attempt(job, true) -- the server had closed it while it waited
  end
  return nil, failure
end

---Does a job.
---@param job beartls.https.job
---@return beartls.https.answer|nil the last one
---@return table|nil failure message, code, hint
return function(job)
  while true do
    local answer, failure = attempt(job)
    if not answer or not answer.next then
      return answer, failure
    end
    job = answer.next
  end
end
