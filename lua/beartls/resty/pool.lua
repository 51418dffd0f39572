-- pool.lua: sessions of connections that are idle, until somebody wants to go to the same place as the same one.
--
-- nginx keeps idle connections, but what it keeps is the raw socket, under a name; the session is a value of Lua and
-- lives in this table, in the worker that made it. Each connection has a name that no other one has, so that nginx can
-- only give back the socket that the session belongs to, or a new one, with which the session is forgotten.

local pool = {}

-- How many sessions a worker keeps, of all places together. One takes 5 to 7 kB.
local MOST = 1024

-- key -> a stack of { id, session, expires }.
local idle = {}
local count, made, swept = 0, 0, 0

---A name for nginx's pool that no other connection has.
---@return string
function pool.new_id()
  made = made + 1
  return "beartls " .. made
end

---The key of a place: whoever is somebody else, or believes somebody else, has another one.
---@param host string
---@param port integer|string
---@param server_name string
---@param identity string what config:identity() gave
---@param name string|nil what the program tells its pools apart by besides
---@return string
function pool.key(host, port, server_name, identity, name)
  port, name = tostring(port), name or ""
  return ("%d %d %d %d "):format(#host, #port, #server_name, #name) .. host .. port .. server_name .. name .. identity
end

-- nginx closes what has been idle for too long by itself; those sessions will never be asked for.
local function sweep(now)
  if now < swept + 1 then
    return
  end
  swept = now
  for key, list in pairs(idle) do
    local kept = {}
    for _, entry in ipairs(list) do
      if entry.expires > now then
        kept[#kept + 1] = entry
      end
    end
    count = count - #list + #kept
    idle[key] = kept[1] and kept
  end
end

---Whether there is room for one more.
---@param key string
---@param size integer how many of that key there may be
---@return boolean
function pool.has_room(key, size)
  sweep(ngx.now())
  return count < MOST and #(idle[key] or "") < size
end

---Keeps a session.
---@param key string
---@param entry table { id = of new_id, session =, expires = seconds, of nginx's clock }
function pool.put(key, entry)
  local list = idle[key] or {}
  idle[key] = list
  list[#list + 1] = entry
  count = count + 1
end

---Takes out the session that was kept last.
---@param key string
---@return table|nil entry
function pool.take(key)
  local list = idle[key]
  local entry = list and table.remove(list)
  if not entry then
    return nil
  end
  count = count - 1
  if not list[1] then
    idle[key] = nil
  end
  if entry.expires <= ngx.now() then
    return pool.take(key)
  end
  return entry
end

---How many sessions this worker keeps.
---@return integer
function pool.size()
  sweep(ngx.now())
  return count
end

return pool
