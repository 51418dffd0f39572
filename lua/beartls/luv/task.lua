-- task.lua: coroutines on luv's loop: begun here, suspended until a callback comes, and resumed by it.

local uv = require "luv"

local task = {}

---The coroutine that runs, or nil outside of any. coxpcall, which Lua 5.1 needs for a pcall around what waits, runs
---what it protects in a coroutine of its own: the outer one is what has to be resumed.
---@return thread|nil
function task.running()
  local coxpcall = package.loaded.coxpcall
  local co, main = (coxpcall and coxpcall.running or coroutine.running)()
  return not main and co or nil
end

---Resumes a coroutine; what it raises is raised with its traceback, to where luv hears of it.
---@param co thread
function task.resume(co, ...)
  local ok, err = coroutine.resume(co, ...)
  if not ok then
    error(type(err) == "string" and debug.traceback(co, err) or err, 0)
  end
end

---Begins a coroutine: streams wait in it without holding up the loop.
---@param f function
---@param ... any its arguments
---@return thread
function task.go(f, ...)
  local co = coroutine.create(f)
  task.resume(co, ...)
  return co
end

---Begins something that ends with a callback, and waits for that.
---@param start fun(callback: function) gives luv the callback
---@param seconds number|nil for how long at most
---@return any ... what the callback was called with; "ETIMEDOUT" when it was not called in time
function task.await(start, seconds)
  local co, done, timer = task.running(), false, nil
  if not co then
    error("beartls.luv: this has to wait: call it in a coroutine (luv.go), or with a callback", 0)
  end
  local function finish(...)
    if not done then
      done = true
      if timer then
        timer:close()
      end
      task.resume(co, ...)
    end
  end
  if seconds then
    timer = uv.new_timer()
    timer:start(math.ceil(seconds * 1000), 0, function()
      finish "ETIMEDOUT"
    end)
  end
  start(finish)
  return coroutine.yield()
end

return task
