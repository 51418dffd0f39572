-- formats.lua: what cqueues' sockets can be asked to read, as functions of a buffer: how many bytes of it are used up,
-- and what has been read (nil: nothing that fits). Without a result, more has to come first.

local formats = {}

-- A line with its end; at the end of everything, or when it is too long, what there is.
local function line(buffer, ended, most)
  local stop = buffer:find("\n", 1, true)
  if stop and stop <= most then
    return stop, buffer:sub(1, stop)
  elseif #buffer >= most then
    return most, buffer:sub(1, most)
  elseif ended and buffer ~= "" then
    return #buffer, buffer
  end
end

function formats.L(buffer, ended, most)
  return line(buffer, ended, most)
end

function formats.l(buffer, ended, most)
  local used, text = line(buffer, ended, most)
  return used, text and text:gsub("\r?\n$", "")
end

-- A header of MIME, unfolded, without its end. What does not look like one stays where it is.
function formats.h(buffer, ended, most)
  local used, text = line(buffer, ended, most)
  if not used then
    return nil
  elseif not text:find "^[^%s:]+[ \t]*:" then
    return 0, nil
  end
  text = text:gsub("\r?\n$", "")
  while true do
    local rest = buffer:sub(used + 1)
    if rest == "" and not ended then
      return nil -- the next line may go on with this one
    elseif not rest:find "^[ \t]" then
      return used, text
    end
    local more, folded = line(rest, ended, most)
    if not more then
      return nil
    end
    used, text = used + more, text .. " " .. folded:gsub("^[ \t]+", ""):gsub("\r?\n$", "")
    if #text > most then
      return 0, nil
    end
  end
end

function formats.a(buffer, ended)
  if ended then
    return #buffer, buffer
  end
end

-- n bytes, fewer only at the end; -n: at most n, as soon as there is one.
local function number(buffer, ended, _, n)
  local least = n < 0 and 1 or n
  if #buffer >= least or ended and buffer ~= "" then
    local used = math.min(math.abs(n), #buffer)
    return used, buffer:sub(1, used)
  end
end

---What reads in a format.
---@param what string|integer
---@return fun(buffer: string, ended: boolean, most: integer, what: string|integer): integer|nil, string|nil
---@return number least how many bytes it needs, unless all has come
function formats.find(what)
  if type(what) == "number" then
    return number, what
  end
  local format = formats[(tostring(what):gsub("^%*", ""))]
  if not format or format == formats.find then
    error("a socket in disguise reads \"*l\", \"*L\", \"*h\", \"*a\" or a number of bytes, not " .. tostring(what), 3)
  end
  return format, format == formats.a and math.huge or 0
end

return formats
