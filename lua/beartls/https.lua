-- https.lua: HTTPS requests, verified, on LuaSocket's http and ltn12 and in the shape of its http.request.

local fetch = require "beartls.https.fetch"
local memory = require "beartls.store.memory"
local new_pool = require "beartls.https.pool"
local settings = require "beartls.https.settings"

local https = {}

-- How many sessions an agent can resume.
local TICKETS = 256
-- How many small pieces of an answer are kept apart, and from how many bytes on one is large.
local PIECES, LARGE = 512, 4096

-- As LuaSocket's request(url, body) does it.
local function simple_form(url, body)
  return {
    url = url, body = body, headers = body and { ["content-type"] = "application/x-www-form-urlencoded" } or nil,
  }
end

-- A sink, and what gives all that it has got. A server that sends a byte at a time shall not cost a table's slot for
-- each: small pieces are joined now and then.
local function collector()
  local done, small = {}, {}
  return function(piece)
    small[#small + 1] = piece
    if #small == PIECES or piece and #piece >= LARGE then
      done[#done + 1], small = table.concat(small), {}
    end
    return 1
  end, function()
    done[#done + 1] = table.concat(small)
    return table.concat(done)
  end
end

local function run(given, agent)
  local sink, collected = collector()
  local job, failure = settings.job(given, agent)
  local answer
  if job then
    job.sink = job.sink or sink
    answer, failure = fetch(job)
  end
  if not answer then
    failure.partial = not given.sink and collected() or nil
    return nil, failure.message, failure.code, failure
  end
  return given.sink and 1 or collected(), answer.status, answer.headers, answer.line, answer.about
end

---Asks an https server, in the shape of LuaSocket's http.request. The server is verified; redirects are followed, to
---https URLs only; without an agent each request has a connection of its own.
---@param given string|table a URL, or a table: url, method ("GET", or "POST" with a body), headers, body (a string) or
---source (ltn12; sent in chunks unless there is a content-length), sink (ltn12), step, timeout (seconds that each step
---may take: 60), total_timeout (seconds for all of it: none), redirect (true), max_redirects (5), proxy (a URL; false:
---none; else what https_proxy and no_proxy say), proxy_config (of an https:// proxy), connect (of another adapter than
---beartls.socket), max_body (bytes; 64 MiB, any number with a sink), config, or instead of that the options of
---tls.config that clients use: trust, certificate (with its key, if key is not given) ...
---@param body string|nil with a URL: it is posted as a form (application/x-www-form-urlencoded)
---@return string|integer|nil body 1 when there is a sink
---@return integer|string status or, of what fails, a message
---@return table<string, string>|string headers in lower case, or a code: "timeout", "closed", "truncated",
---"certificate_*", "io_*" ("io_proxy_*", "io_source", "io_sink" ...), "peer_http_*", "peer_redirect_*", "config_*" ...
---@return string|table line the status line, or the failure: message, code, hint, partial (what came of the body)
---@return table|nil about url (that answered), redirects, reused (the connection), resumed, version, cipher,
---peer_certificate
function https.request(given, body)
  given = type(given) == "string" and simple_form(given, body) or given
  settings.check(given, "https.request")
  return run(given)
end

-- ---- agents ----

---@class beartls.https.agent
local agent_methods = {}

---As https.request, on a connection that an earlier request has left, if there is one.
---@param given string|table
---@param body string|nil
---@return string|integer|nil body
---@return integer|string status
---@return table<string, string>|string headers
---@return string|table line
---@return table|nil about
function agent_methods:request(given, body)
  given = type(given) == "string" and simple_form(given, body) or given
  settings.check(given, "agent:request", self.identity)
  return run(given, self)
end

---Closes the connections that wait for their next request.
function agent_methods:close()
  self.pool:close()
end

local agent_mt = { __index = agent_methods, __name = "beartls.https.agent", __close = agent_methods.close }

---Makes an agent: it keeps connections for further requests, resumes the sessions of those that are gone, and knows
---what its requests have in common.
---@param given table|nil what a request takes besides url, method, body, source, sink and step; and max_idle (how many
---connections may wait: 16), max_idle_per_host (4), idle_timeout (for how many seconds: 30)
---@return beartls.https.agent|nil
---@return string|nil message
---@return string|nil code those of tls.config
function https.agent(given)
  given = given or {}
  settings.check(given, "https.agent")
  local identity, message, code = settings.identity(given, nil, memory.new { entries = TICKETS })
  if not identity then
    return nil, message, code
  end
  return setmetatable({ defaults = given, identity = identity, pool = new_pool(given) }, agent_mt)
end

return https
