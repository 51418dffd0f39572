-- output.lua: where the command writes: results to standard output, everything about them to
-- standard error. It knows colour, width and JSON.

local codes = require "beartls.cli.codes"
local json = require "beartls.json"
local text = require "beartls.decode.text"
local trace = require "beartls.trace"

local styles = {
  bold = "\27[1m", dim = "\27[2m", red = "\27[31m", green = "\27[32m", yellow = "\27[33m",
  cyan = "\27[36m",
}
local RESET = "\27[0m"
local WIDTH = 110

local show = "beartls show FILE says what is in a file"

-- What to do about a file or an option, by the failure's code.
local hints = {
  io_file = "is the path right, and may this user read (or write) it?",
  config_no_certificate = show, config_no_key = show, config_key_ambiguous = show,
  config_key_mismatch = show .. ": the pins of a certificate and of its key are the same",
  config_key_encrypted = "openssl pkey -in FILE -out PLAIN takes the encryption off",
  config_unknown_name = "names are IANA's, such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
}

---@class beartls.cli.output
local methods = {}

local output_mt = { __index = methods }

-- What os.execute says about success differs between the versions of Lua.
local function succeeds(command)
  local result = os.execute(command)
  return result == true or result == 0
end

-- Whether the descriptor is a terminal that shows colours. Only a shell can tell, without C.
local function shows_color(self, fd)
  local term = self.getenv "TERM"
  if self.getenv "NO_COLOR" or term == nil or term == "dumb" then
    return false
  end
  return succeeds(("test -t %d 2>/dev/null"):format(fd))
end

-- How many columns there are; of a terminal, those that it has.
local function find_width(self)
  local columns = tonumber(self.getenv "COLUMNS")
  if not columns and self.color then
    local pipe = io.popen("{ stty size </dev/tty; } 2>/dev/null")
    local answer = pipe and pipe:read "*a" or ""
    columns = tonumber(answer:match "%d+%s+(%d+)")
    if pipe then
      pipe:close()
    end
  end
  return math.min(math.max(columns or WIDTH, 60), 160)
end

---@param io_given table|nil { stdin, stdout, stderr, getenv } for those that are not the process's
---@return beartls.cli.output
local function new(io_given)
  io_given = io_given or {}
  local self = setmetatable({
    stdin = io_given.stdin or io.stdin,
    stdout = io_given.stdout or io.stdout,
    stderr = io_given.stderr or io.stderr,
    getenv = io_given.getenv or os.getenv,
    captured = io_given.stdout ~= nil,
    color = false, json = false, width = WIDTH,
  }, output_mt)
  return self
end

---Takes what the command line says about the output: color, no_color, json.
---@param values table
---@param fd integer the descriptor that colours would go to: 1 or 2
function methods:configure(values, fd)
  self.json, self.trace, self.quiet = values.json or false, values.trace, values.quiet
  if values.color or values.no_color or self.json or self.captured then
    self.color = (values.color and not values.no_color and not self.json) or false
  else
    self.color = shows_color(self, fd)
  end
  self.width = find_width(self)
end

---The text in a style, where there are colours.
---@param style string "bold", "dim", "red", "green", "yellow", "cyan"
---@param s string
---@return string
function methods:paint(style, s)
  return self.color and styles[style] .. s .. RESET or s
end

---Writes to standard output. A failure is kept: see `written`.
---@return boolean
function methods:put(...)
  local ok, why = self.stdout:write(...)
  self.write_error = self.write_error or (not ok and tostring(why) or nil)
  return ok and true or false
end

---Has everything leave for standard output.
---@return boolean
function methods:flush()
  local ok, why = self.stdout:flush()
  self.write_error = self.write_error or (not ok and tostring(why) or nil)
  return self.write_error == nil
end

---Whether standard output has taken everything. That its reader has had enough (head, a pager) is in order.
---@return boolean
---@return table|nil failure
function methods:written()
  if self:flush() or self.write_error:find "[Bb]roken pipe" then
    return true
  end
  return false, {
    message = "could not write standard output: " .. self.write_error, code = "io_output",
    hint = "what it says is incomplete: is there room where it goes?",
  }
end

---Writes a line to standard output.
function methods:print(line)
  self:put(line or "", "\n")
end

---Writes a line to standard error.
function methods:note(line)
  self.stderr:write(line, "\n")
end

---Writes a fact as a JSON object on one line: { "fact": name, ... }.
---@param file file* self.stdout or self.stderr
---@param name string
---@param fields table
function methods:fact(file, name, fields)
  fields.fact = name
  if file == self.stdout then
    self:print(json.encode(fields))
  else
    file:write(json.encode(fields), "\n")
  end
end

---Shows a message on standard error, if anybody has asked for them.
---@param event table
---@param from string|nil whose session it belongs to, where there are several
function methods:event(event, from)
  if self.json then
    event.from = from
    self.stderr:write(trace.json(event), "\n")
  elseif self.trace then
    local line = trace.line(event, { color = self.color, width = self.width })
    self:note(from and from .. line or line)
  end
end

---Shows the messages that a session has exchanged since the last time, or drops them.
---@param session beartls.session|beartls.stream
---@param from string|nil
function methods:events(session, from)
  for event in session:events() do
    self:event(event, from)
  end
end

---Says what is wrong with the command line, or with a file that it names.
---@param command table
---@param message string
---@param code string|nil
---@return integer exit code
function methods:misused(command, message, code)
  code = code or "usage"
  local hint = hints[code] or code == "usage" and ("beartls %s --help"):format(command.name) or nil
  self:failure({ message = message, code = code, hint = hint }, codes.usage,
    ("beartls %s: "):format(command.name))
  return codes.usage
end

---Warns on standard error.
function methods:warn(sentence)
  if self.json then
    self:fact(self.stderr, "warning", { message = sentence })
  else
    self:note(self:paint("yellow", "warning: ") .. sentence)
  end
end

local function about_alert(failure)
  if not failure.alert then
    return nil
  end
  local who = failure.sent_by == "peer" and "the peer sent" or "we sent"
  return ("  alert: %s (%s it)"):format(failure.alert, who)
end

local function about_certificate(failure)
  local certificate = failure.certificate
  if not certificate then
    return nil
  end
  return ("  certificate: %s, issued by %s"):format(text.printable(certificate:subject()),
    text.printable(certificate:issuer()))
end

---Writes a failure to standard error: the sentence, the code, the hint.
---@param failure table { message, code, hint, alert, sent_by, certificate }
---@param exit integer|nil the exit code that goes with it, for JSON
---@param where string|nil what failed, in front of the sentence
function methods:failure(failure, exit, where)
  local message = text.printable(tostring(failure.message))
  local hint = failure.hint and text.printable(failure.hint)
  if self.json then
    self:fact(self.stderr, "failure", {
      message = message, code = failure.code, hint = hint, alert = failure.alert,
      sent_by = failure.sent_by, exit = exit,
      subject = failure.certificate and failure.certificate:subject() or nil,
    })
    return
  end
  self:note(("%s%s (%s)"):format(self:paint("red", where or "error: "), message,
    tostring(failure.code or "unknown")))
  for _, line in ipairs { about_certificate(failure) or false, about_alert(failure) or false,
    hint and "  hint: " .. hint or false } do
    if line then
      self:note(line)
    end
  end
end

---Names the options that may help after a failure.
---@param advice string|nil
function methods:advise(advice)
  if advice and not self.json then
    self:note("  here: " .. advice)
  end
end

return { new = new }
