-- codes.lua: the exit codes of the command, and which failure gets which.

local codes = {
  fine = 0,
  bug = 1,
  usage = 2,
  connect = 3,
  trust = 4,
  handshake = 5,
  broken = 6,
  interrupted = 130,
}

codes.help = [[
exit codes:
  0    fine
  1    an error in beartls itself, a missing module, or no room for what it says
  2    usage: the command line, or a file that it names
  3    could not connect (or listen)
  4    the peer is not trusted
  5    the handshake failed for another reason
  6    the connection broke after the handshake]]

---The exit code for a session that failed.
---@param code string|nil of the failure
---@param opened boolean whether the handshake was done before
---@return integer
function codes.of_session(code, opened)
  if opened then
    return codes.broken
  elseif code and code:find "^certificate_" then
    return codes.trust
  end
  return codes.handshake
end

return codes
