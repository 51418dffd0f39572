-- resumption.lua: serves the store of a config (its option tickets) for the session of a stream, and offers a
-- client's ticket from there. Whatever the store does, the worst that comes of it is a full handshake.

local core = require "beartls.core"

local resumption = {}

-- So many tickets are kept for a server: BTLS_STORE_ENTRIES of src/tls/store.h.
local SLOTS = 2

-- A ticket that the store has for that server. It is taken: nobody else will offer it.
local function find(store, config, server_name, where)
  for slot = 1, SLOTS do
    local key = core.ticket.store_key(config, server_name, where, slot)
    local value = store:take(key)
    local ticket = type(value) == "string" and core.ticket.from_store(config, key, value)
    if ticket then
      return ticket
    end
  end
end

---Starts a client's session. If the config has a store, and no ticket is given, it offers one that is kept there for
---that server; the stream that is made of the session will keep new ones there. May yield if the store does.
---@param config beartls.config
---@param server_name string|nil
---@param given table { ticket = ... }
---@param where string tells servers of one name apart: "host:port"
---@return beartls.session|nil
---@return string|nil message
---@return string|nil code
function resumption.client(config, server_name, given, where)
  local store, ticket = config:store(), given.ticket
  if store and not ticket then
    ticket = find(store, config, server_name, where)
  end
  local session, message, code = config:client(server_name, { ticket = ticket })
  if session and store then
    session:use_store(where)
  end
  return session, message, code
end

---Fetches what the session wants from its store, and keeps what it has for it. Called for all that arrives, and most
---sessions have no store.
---@param stream beartls.stream
function resumption.serve(stream)
  local session = stream.tls
  local store = session:store()
  if not store or stream.serving then
    return -- in the second case another coroutine is at it
  end
  stream.serving = true
  local key, how = session:resumption_key()
  while key do
    local value = store[how](store, key)
    session:resume_with(type(value) == "string" and value or nil)
    key, how = session:resumption_key()
  end
  for name, value, seconds in session:to_store() do
    if value then
      store:put(name, value, seconds)
    else
      store:take(name)
    end
  end
  stream.serving = false
end

return resumption
