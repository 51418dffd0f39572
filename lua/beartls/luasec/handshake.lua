-- handshake.lua: how a connection of LuaSec's kind comes to be: the session is made at the first dohandshake, when the
-- program has said whom it connects to, and a server picks its context when it has seen whom the client wants.

local adopt = require "beartls.luasec.adopt"
local context = require "beartls.luasec.context"
local core = require "beartls.core"
local settings = require "beartls.luasec.settings"
local stream = require "beartls.stream"
local verdict = require "beartls.luasec.verdict"

local handshake = {}

-- A server's context for the name that a client wants (SNI).
local function context_for(self, name)
  local ctx = self.contexts and name and self.contexts[name:lower()]
  ctx = ctx and context.kind:state(ctx)
  if ctx then
    return ctx
  elseif self.contexts and name and self.strict then
    return nil, ("the client wants %s, which is not served here"):format(name)
  end
  return self.context
end

-- The first of the protocols that the server likes which the client has offered.
local function choose_protocol(ctx, offered)
  if ctx.choose_alpn and offered then
    local known = {}
    for _, name in ipairs(offered) do
      known[name] = true
    end
    for _, name in ipairs(ctx.choose_alpn(offered)) do
      if known[name] then
        return name
      end
    end
  end
end

local function chooser(self)
  return function(hello)
    self.wanted_name = hello.server_name
    local ctx, message = context_for(self, hello.server_name)
    if not ctx then
      return nil, message
    end
    self.context = ctx
    return settings.config(ctx, false, choose_protocol(ctx, hello.alpn))
  end
end

local function start_client(self)
  local named = self.server_name ~= nil
  local config, message = settings.config(self.context, named)
  if not config then
    return nil, message
  end
  local session, code
  session, message, code = config:client(self.server_name)
  if code == "config_server_name" and not settings.compares_names(self.context) then
    session, message = config:client() -- no name that could be asked for, and nobody compares it
  end
  return session, message
end

local function start(self)
  local session, message
  if not self.transport then
    return nil, "closed"
  elseif self.context.mode == "client" then
    session, message = start_client(self)
    self.stream = session and stream.new(session, self.transport)
  elseif self.context.mode == "server" then
    local config
    config, message = settings.config(self.context, false)
    if config then
      session = config:server { pause = true }
      self.stream = stream.new(session, self.transport, { choose = chooser(self) })
    end
  else
    message = "the context has no mode"
  end
  return session, message
end

-- What beartls has not judged itself, though the program wants it to be.
local function judge(self)
  local ctx, session = self.context, self.stream:session()
  if not settings.verifies(ctx) or settings.continues(ctx) or not session:peer_certificate() then
    return true
  end
  if settings.judged_later(ctx) or ctx.depth then
    return verdict.of_peer(ctx, session)
  end
  return true
end

-- The reason in words that begin as OpenSSL's do.
local function reason(self, message, code)
  local failure = self.stream:failure()
  if code == "closed" or code == "truncated" then
    return "closed"
  elseif code == "certificate_missing" then
    return "peer did not return a certificate"
  elseif failure and failure.sent_by ~= "peer" and code and code:find "^certificate_" then
    return "certificate verify failed: " .. message
  end
  return message
end

-- The descriptor stays open: event loops have to let go of it first.
local function fail(self, message)
  self.failed = message
  return false, message
end

---What a stream says when a call may be tried again.
handshake.passes = { want_read = true, want_write = true, timeout = true }

---What LuaSec calls what is missing, or nil when it is something else. It has no "timeout": a wait that took too long
---ends with what was waited for.
---@param self table
---@param code string
---@return "wantread"|"wantwrite"|nil
function handshake.want(self, code)
  if not handshake.passes[code] then
    return nil
  end
  local writes = code == "want_write" or code == "timeout" and self.stream.pending ~= nil
  self.want = writes and "write" or "read"
  return writes and "wantwrite" or "wantread"
end

-- A connection that nobody has closed says goodbye when it is collected. What does that is made last, behind the
-- session and the socket, since what was made last is finalized first.
local farewell = {
  __gc = function(self)
    local connection = core.handle_state(self, getmetatable(self))
    if not connection.closed then
      connection.transport:settimeout(0)
      pcall(connection.stream.close, connection.stream) -- when all ends, there may be nothing left to say it with
    end
  end,
}

---Goes on with the handshake.
---@param self table the state of a connection
---@return boolean done
---@return string|nil err "wantread", "wantwrite", or why it failed, the same for ever after
function handshake.run(self)
  if self.failed or self.closed then
    return false, self.failed or "closed"
  elseif self.open then
    return true
  end
  if not self.stream then
    local session, message = start(self)
    if not session then
      return fail(self, message)
    end
  end
  local ok, message, code = self.stream:handshake()
  if ok then
    local fine, text = judge(self)
    if not fine then
      return fail(self, "certificate verify failed: " .. text)
    end
    self.open = true
    adopt.read_ahead(self.transport)
    self.farewell = core.handle(farewell, self)
    return true
  end
  local want = handshake.want(self, code)
  if want then
    return false, want
  end
  return fail(self, reason(self, message, code))
end

return handshake
