-- page.lua: what `beartls serve --http` answers: one page about the connection that asks for it.

local facts = require "beartls.cli.facts"
local text = require "beartls.decode.text"
local trace = require "beartls.trace"

local page = {}

local escapes = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

local function escaped(s)
  return (text.printable(s):gsub('[&<>"]', escapes))
end

local STYLE = "body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
  .. "th{text-align:left;padding-right:2em;vertical-align:top;font-weight:normal;color:#666}"
  .. "pre{background:#f4f4f4;padding:1em;overflow:auto}"

-- The page itself.
local function html(stream, messages)
  local lines = {
    "<!doctype html>", '<html lang="en"><head><meta charset="utf-8"><title>beartls</title>',
    "<style>" .. STYLE .. "</style></head><body>", "<h1>This connection</h1>", "<table>",
  }
  for _, row in ipairs(facts.rows(stream)) do
    lines[#lines + 1] = ("<tr><th>%s</th><td>%s</td></tr>"):format(escaped(row[1]), escaped(row[2]))
  end
  lines[#lines + 1] = "</table>"
  lines[#lines + 1] = "<h2>How it was agreed</h2>"
  lines[#lines + 1] = "<pre>"
  for _, event in ipairs(messages) do
    lines[#lines + 1] = escaped(trace.line(event, { width = 110 }))
  end
  lines[#lines + 1] = "</pre></body></html>"
  return table.concat(lines, "\n") .. "\n"
end

local function response(status, body, with_body)
  return table.concat({
    "HTTP/1.1 " .. status, "Content-Type: text/html; charset=utf-8",
    ("Content-Length: %d"):format(#body), "Cache-Control: no-store", "Connection: close", "",
    with_body and body or "",
  }, "\r\n")
end

---The whole answer to a request.
---@param request string what the client has sent
---@param stream beartls.stream
---@param messages table[] the events of the handshake
---@return string
function page.response(request, stream, messages)
  local method = request:match "^(%u+) %S+ HTTP/1%.[01]\r?\n"
  if not method then
    return response("400 Bad Request", "<!doctype html><title>400</title>this is not HTTP/1.1\n", true)
  end
  return response("200 OK", html(stream, messages), method ~= "HEAD")
end

return page
