-- redirect.lua: where an answer sends us on to (RFC 9110, section 15.4), and what may go there. Secrets that were meant
-- for one server are not shown to another one, and nothing leads from https to http.

local address = require "beartls.https.address"

local redirect = {}

local followed = { [301] = true, [302] = true, [303] = true, [307] = true, [308] = true }

-- Headers that are for one server only, and those that go with a body.
local for_origin = { "authorization", "cookie", "host" }
local for_body = { "content-length", "content-type", "content-encoding", "content-language", "content-location" }

local function without(headers, names)
  local rest = {}
  for name, value in pairs(headers) do
    rest[name] = value
  end
  for _, name in ipairs(names) do
    rest[name] = nil
  end
  return rest
end

local function refusal(job, code, why, hint)
  return nil, { message = ("%s redirects %s"):format(job.address.authority, why), code = code, hint = hint }
end

-- As browsers do: 303 asks for another page, 301 and 302 turn a POST into a GET, 307 and 308 repeat what was asked.
local function repeats(job, status)
  if job.method == "GET" or job.method == "HEAD" then
    return true
  end
  return status > 303 or (status < 303 and job.method ~= "POST")
end

-- Not with a certificate that was meant for another server.
local function change_config(to, job)
  if not job.config:has_certificate() then
    return true
  elseif not job.bare then
    return refusal(job, "peer_redirect_identity", "to " .. to.address.authority
      .. ", which the client certificate of the config is not for",
      "ask that server with a config of its own, or give the options in place: then the certificate is left out")
  end
  local message, code
  to.config, message, code = job.bare()
  if not to.config then
    return nil, { message = message, code = code }
  end
  return true
end

---What an answer makes of a job: the next job, or nil when there is none; nil, failure when it must not be done.
---@param job beartls.https.job
---@param answer beartls.https.answer
---@return beartls.https.job|nil
---@return table|nil failure
function redirect.next(job, answer)
  local location = answer.headers.location
  if not job.redirect or not followed[answer.status] or not location or location == "" then
    return nil
  end
  local target, message = address.follow(job.address, location)
  if not target then
    return refusal(job, "peer_redirect_insecure", "to where we do not follow: " .. message)
  elseif job.redirects >= job.max_redirects then
    return refusal(job, "peer_redirect_limit", ("again: that is more than %d times"):format(job.max_redirects),
      "does it want a cookie that it does not get? max_redirects allows more")
  end
  local to = {}
  for name, value in pairs(job) do
    to[name] = value
  end
  to.address, to.redirects = target, job.redirects + 1
  if not repeats(job, answer.status) then
    to.method, to.body, to.source = "GET", nil, nil
    to.headers = without(to.headers, for_body)
  elseif job.source_used then
    return refusal(job, "peer_redirect_body", "what was sent, and its source cannot be read again",
      "give the body as a string, or ask that address: " .. target.authority)
  end
  if address.same_origin(target, job.address) then
    target.user, target.password = job.address.user, job.address.password
    return to
  end
  to.headers = without(to.headers, for_origin)
  local ok, failure = change_config(to, job)
  return ok and to, failure
end

return redirect
