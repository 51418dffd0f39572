-- keylog_for_wireshark: write the keys of a session, so that Wireshark can read a capture of it: set its preference
-- "(Pre)-Master-Secret log filename" for TLS to the file. Whoever has the file can read the session.
-- usage: lua keylog_for_wireshark.lua HOST PORT KEYLOG-FILE [CA-FILE]
local tls, socket = require "beartls", require "beartls.socket"

local config = assert(tls.config {
  keylog = arg[3], -- or true, for the file that SSLKEYLOGFILE names
  trust = arg[4],
})

local stream = assert(socket.connect(arg[1], tonumber(arg[2]), config, { timeout = 10 }))
assert(stream:send "hello\n")
print((stream:receive "*l"))
stream:close()

for line in io.lines(arg[3]) do
  print(line:sub(1, 30) .. "...")
end
