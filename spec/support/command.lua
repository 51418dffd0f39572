-- command.lua: the command beartls, run in this process.

local cli = require "beartls.cli"

local command = {}

---Something to write to; text() is what was written.
function command.sink()
  local parts = {}
  return {
    write = function(self, ...)
      for _, part in ipairs { ... } do
        parts[#parts + 1] = tostring(part)
      end
      return self
    end,
    flush = function()
      return true
    end,
    text = function()
      return table.concat(parts)
    end,
  }
end

---Standard input that has this text.
function command.source(text)
  return {
    read = function()
      local rest = text
      text = nil
      return rest ~= "" and rest or nil
    end,
  }
end

---Runs the command: exit code, standard output, standard error.
function command.run(argv, input, env)
  local stdout, stderr = command.sink(), command.sink()
  local exit = cli.main(argv, {
    stdin = command.source(input or ""), stdout = stdout, stderr = stderr,
    getenv = function(name)
      return (env or {})[name]
    end,
  })
  return exit, stdout.text(), stderr.text()
end

---The lines of a text that are not empty.
function command.lines_of(text)
  local lines = {}
  for line in text:gmatch "[^\n]+" do
    lines[#lines + 1] = line
  end
  return lines
end

---Fails unless the texts come in this order.
function command.assert_in_order(text, wanted)
  local at = 1
  for i, part in ipairs(wanted) do
    local start, stop = text:find(part, at, true)
    assert(start, ("%q does not come after %q in:\n%s"):format(part,
      wanted[i - 1] or "the beginning", text))
    at = stop + 1
  end
end

return command
