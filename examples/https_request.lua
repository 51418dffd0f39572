-- https_request: fetch a page, verified, redirects followed. With CERTIFICATE (a file with its key) we say who we are.
-- usage: lua https_request.lua URL [CA-FILE [CERTIFICATE]]
local https, ltn12 = require "beartls.https", require "ltn12"

local ok, status, headers, line, about = https.request {
  url = arg[1],
  trust = arg[2], -- nil: the system's roots
  certificate = arg[3],
  timeout = 20,
  sink = ltn12.sink.file(io.stdout),
}
if not ok then
  local message, code, failure = status, headers, line
  io.stderr:write(message, " (", code, ")\n", failure.hint or "", "\n")
  os.exit(1)
end
io.stderr:write(about.url, ": ", line, ", ", about.version, ", ", headers["content-type"] or "?", "\n")
