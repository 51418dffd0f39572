-- https_site.lua: nginx on loopback as an https server of files, for programs that fetch some.

local peer = require "support.peer"
local pki = require "support.pki"
local process = require "support.process"

local https_site = {}

-- Words in capitals are filled in.
local CONF = [[
daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  default_type text/plain;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_certificate PKI/IDENTITY.pem; ssl_certificate_key PKI/IDENTITY.key;
  ssl_client_certificate PKI/trust.pem;
  root html;
  server {
    listen 127.0.0.1:SECURE ssl;
    ssl_verify_client optional;
    location = /facts { return 200 "$ssl_protocol $ssl_server_name $ssl_client_verify"; }
    location = /again { return 302 https://$http_host/facts; }
    location = /down { return 302 http://127.0.0.1:PLAIN/plain; }
    location = /echo { proxy_pass http://127.0.0.1:PLAIN; }
  }
  server {
    listen 127.0.0.1:PLAIN;
    location = /plain { return 200 plaintext; }
    location = /up { return 302 https://127.0.0.1:SECURE/facts; }
    location = /echo { return 200 "$request_method $content_length"; }
  }
}
]]

---Starts it. Its files are in the directory `html`.
---@param given table|nil { identity = the name of a certificate of spec/pki }
---@return { port: integer, plain: integer, html: string, process: table }
function https_site.start(given)
  local dir = process.tmpdir()
  local here = io.popen("pwd"):read "*l"
  local site = { port = process.free_port(), plain = process.free_port(), html = dir .. "/html" }
  os.execute("mkdir " .. site.html)
  local conf = CONF:gsub("%u%u%u%u?%u?%u?%u?%u?", { SECURE = site.port, PLAIN = site.plain,
    IDENTITY = given and given.identity or "server_rsa" }):gsub("PKI", here .. "/" .. pki.path "")
  process.write_file(dir .. "/nginx.conf", conf)
  site.process = peer.serve(site.port, peer.words("nginx", "-p", dir, "-e", "stderr", "-c", "nginx.conf"),
    { dir = dir })
  site.process:wait_for_port(site.plain)
  return site
end

return https_site
