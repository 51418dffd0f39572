-- over_pipes: TLS over pipes, to a child process that speaks TLS on its standard input and output.
-- usage: lua over_pipes.lua CA-FILE CERTIFICATE-FILE KEY-FILE    (a certificate for localhost, for the child)
local stream, tls = require "beartls.stream", require "beartls"

-- What a stream needs of two files. read(n) waits for n bytes: the head of a record says how many follow.
local function pipes(from, to)
  return {
    send = function(_, bytes, first)
      local ok, err = to:write(bytes:sub(first))
      return ok and to:flush() and #bytes or nil, err
    end,
    receive = function()
      local head = from:read(5) or ""
      local high, low = head:byte(4, 5)
      return low and head .. (from:read(high * 256 + low) or ""), "closed"
    end,
    close = function()
      to:close()
    end,
  }
end

if arg[1] == "child" then
  local config = assert(tls.config { certificate = arg[2], key = arg[3] })
  local server = stream.new(config:server(), pipes(io.stdin, io.stdout))
  for line in server:lines() do
    server:send(line .. " from a child\n")
  end
  return server:close()
end

local back = os.tmpname()
os.execute(("rm %s && mkfifo -m 600 %s"):format(back, back))
local to = io.popen(("%s %s child %s %s >%s"):format(arg[-1], arg[0], arg[2], arg[3], back), "w")
local client = stream.new(assert(tls.config { trust = arg[1] }):client "localhost", pipes(assert(io.open(back)), to))
os.remove(back)
assert(client:send "hello\n")
print(client:version(), client:receive "*l")
client:close()
