local cases = require "support.loop_cases"

local there, cqueues = pcall(require, "cqueues")
if not there then
  describe("a stream on cqueues", function()
    pending "needs lua-cqueues"
  end)
  return
end

local cqueues_socket = require "cqueues.socket"

-- Bounds every run, in seconds.
local PATIENCE = 60

local host = { name = "cqueues", adapter = require "beartls.cqueues", sleep = cqueues.sleep }

local controller

function host.spawn(f)
  controller:wrap(f)
end

function host.run(...)
  controller = cqueues.new()
  for _, f in ipairs { ... } do
    controller:wrap(f)
  end
  local ok, err, _, thread = controller:loop(PATIENCE)
  if not ok then
    error(thread and type(err) == "string" and debug.traceback(thread, err) or err, 0)
  end
  assert(controller:empty(), "the coroutines do not come to an end")
end

function host.listen()
  local listener = assert(cqueues_socket.listen("127.0.0.1", 0))
  assert(listener:listen())
  local _, _, port = listener:localname()
  return listener, port
end

function host.accept(listener)
  return assert(listener:accept())
end

function host.close(x)
  x:close()
end

function host.reset(so)
  so:close()
end

describe("a stream on cqueues", function()
  for _, case in ipairs(cases) do
    it(case.name, function()
      case.run(host)
    end)
  end
end)
