-- vectors.lua: test vectors: hexadecimal, and the files of Wycheproof, which lie outside the repository.
local json = require "dkjson"

local vectors = {}

---The bytes of a hexadecimal text; spaces and newlines do not matter.
---@param text string
function vectors.bytes(text)
  return (text:gsub("%s+", ""):gsub("%x%x", function(two)
    return string.char(tonumber(two, 16))
  end))
end

---Lower-case hexadecimal.
---@param bytes string
function vectors.hex(bytes)
  return (bytes:gsub(".", function(c)
    return ("%02x"):format(c:byte())
  end))
end

local directory = "../shared/data/"

---The JSON document of a gzip file under ../shared/data, or nil and why there is none.
---@param name string "wycheproof/ed25519_test.json.gz"
function vectors.load(name)
  local path = directory .. name
  local file = io.open(path, "rb")
  if not file then
    return nil, path .. " is not there"
  end
  file:close()
  local pipe = io.popen("gzip -dc " .. path)
  local text = pipe:read "*a"
  pipe:close()
  local document, _, why = json.decode(text)
  return document, why
end

---What an implementation does otherwise than a file of Wycheproof says, one line a test; "" when they agree. nil and
---why when the file is not there: then the spec is pending. A result "acceptable" has to be decided: `accepts` says
---what we do with it, by its first flag or as a function of the test. `is_ours` leaves groups out that ask for what
---there is no way to ask us for (a nonce of another size); there has to be one left.
---@param name string "ed25519_test"
---@param check fun(group: table, test: table): boolean|nil whether the implementation accepts
---@param accepts table<string, boolean>|nil|fun(test: table): boolean
---@param is_ours nil|fun(group: table): boolean
function vectors.differences(name, check, accepts, is_ours)
  local document, why = vectors.load("wycheproof/" .. name .. ".json.gz")
  if not document then
    return nil, why
  end
  local differ, count, left_out = {}, 0, 0
  local function run(group, test)
    local want = test.result == "valid"
    if test.result == "acceptable" then
      if type(accepts) == "function" then
        want = accepts(test)
      else
        want = (accepts or {})[test.flags[1]]
      end
      assert(want ~= nil, ("%s: nobody has decided what to do with %s"):format(name, tostring(test.flags[1])))
    end
    if (check(group, test) or false) ~= want then
      differ[#differ + 1] = ("%d %s (%s)"):format(test.tcId, test.comment, test.result)
    end
  end
  for _, group in ipairs(document.testGroups) do
    if is_ours and not is_ours(group) then
      left_out = left_out + #group.tests
    else
      for _, test in ipairs(group.tests) do
        run(group, test)
        count = count + 1
      end
    end
  end
  assert(count + left_out == document.numberOfTests and count > 0, "some tests were not run")
  return table.concat(differ, "\n")
end

---Declares a spec that compares an implementation with a file of Wycheproof (see `differences`), pending without it.
function vectors.agrees_with(name, check, accepts, is_ours)
  local busted = require "busted"
  busted.it("agrees with Wycheproof's " .. name, function()
    local differences, why = vectors.differences(name, check, accepts, is_ours)
    if not differences then
      busted.pending(why)
      return
    end
    busted.assert.equal("", differences)
  end)
end

return vectors
