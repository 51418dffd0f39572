-- errors.lua: the errors of cqueues' sockets: numbers that stay until they are cleared, one for each direction, and a
-- handler that the program sets.

local errno = require "cqueues.errno"

local errors = {}

local function both(values, directions)
  return values[(directions or "rw"):sub(1, 1)], values[(directions or "rw"):sub(2, 2)]
end

---The values of the directions that are named.
---@param values table { r =, w = }
---@param directions string|nil "r", "w", "rw" (unless given) or "wr"
errors.both = both

-- What cqueues says of an error: what the program's handler makes of it, which can be several values.
function errors.oops(self, operation, why)
  self.errors[operation == "flush" and "w" or "r"] = why
  if self.handler then
    return self.handler(self, operation, why, 2)
  end
  return errno.strerror(why), why
end

---A table with the methods that have to do with errors, for a class of objects that have a table `errors`.
---@return table
function errors.methods()
  local methods = {}

  ---Sets what is called with (socket, operation, number, level) when something fails: what it returns is returned.
  ---@param handler function|nil
  ---@return function|nil the one before
  function methods:onerror(handler)
    local before = self.handler
    self.handler = handler
    return before
  end

  function methods:seterror(direction, why)
    self.errors[direction] = why
  end

  function methods:error(directions)
    return both(self.errors, directions)
  end

  function methods:clearerr(directions)
    local r, w = both(self.errors, directions)
    for direction in (directions or "rw"):gmatch "." do
      self.errors[direction] = nil
    end
    return r, w
  end

  return methods
end

return errors
