-- ciphers.lua: OpenSSL's language of cipher lists ("HIGH+kEECDH:!aNULL:@STRENGTH"), on the suites of TLS 1.2 and below
-- that beartls has. What it names that we do not have names nothing.

local suites = require "beartls.luasec.suites"

local ciphers = {}

-- The words that a suite answers to, each with true. 3DES wants to be called by its name.
local function words_of(suite)
  local words = { [suite.openssl] = true }
  local function add(...)
    for _, word in ipairs { ... } do
      words[word] = true
    end
  end
  local kind, bits = suite.encryption:match "^(.-)%((%d+)%)$"
  if kind == "3DES" then
    add "3DES"
    return words
  end
  add("ALL", "HIGH", "a" .. suite.authentication, suite.mac)
  if suite.key == "RSA" then
    add("kRSA", "RSA")
  else
    add("kECDHE", "kEECDH", "ECDHE", "EECDH", suite.authentication == "ECDSA" and "ECDSA" or nil)
  end
  if kind == "CHACHA20/POLY1305" then
    add "CHACHA20"
  else
    add("AES", "AES" .. bits, suite.mac == "AEAD" and kind or "CBC")
    add(kind:find "^AESCCM" and "AESCCM" or "FIPS", kind:find "^AESCCM" and "COMPLEMENTOFDEFAULT" or nil)
  end
  if suite.mac == "SHA1" then
    add("SHA", suite.key == "RSA" and "SSLv3" or "TLSv1", suite.key == "RSA" and "SSLv3" or "TLSv1.0")
  else
    add "TLSv1.2"
  end
  return words
end

local known, entries = {}, {}
for _, suite in ipairs(suites.list) do
  if not suite.is_13 then
    local entry = { suite = suite, words = words_of(suite) }
    entries[#entries + 1] = entry
    for word in pairs(entry.words) do
      known[word] = true
    end
  end
end

-- Splits the list in two: those that answer to all the words and pass `test`, and the others.
local function split(list, words, test)
  local those, others = {}, {}
  for _, item in ipairs(list) do
    local fits = test(item)
    for _, word in ipairs(words) do
      fits = fits and item.words[word]
    end
    local to = fits and those or others
    to[#to + 1] = item
  end
  return those, others
end

local function join(first, second)
  for _, item in ipairs(second) do
    first[#first + 1] = item
  end
  return first
end

local function is_active(item)
  return item.active
end

local function is_idle(item)
  return not item.active
end

local function any()
  return true
end

local function set_active(list, active)
  for _, item in ipairs(list) do
    item.active = active
  end
end

-- What each sign does: the list afterwards.
local operations = {
  -- Chosen, behind what has been chosen before.
  [""] = function(list, words)
    local those, others = split(list, words, is_idle)
    set_active(those, true)
    return join(others, those)
  end,
  -- No longer chosen, but may be again.
  ["-"] = function(list, words)
    local those, others = split(list, words, is_active)
    set_active(those, false)
    return join(those, others)
  end,
  -- Out for good.
  ["!"] = function(list, words)
    local _, others = split(list, words, any)
    return others
  end,
  -- Behind the others.
  ["+"] = function(list, words)
    local those, others = split(list, words, is_active)
    return join(others, those)
  end,
}

local function by_strength(list)
  for _, bits in ipairs { 256, 128, 112 } do
    local those, others = split(list, {}, function(item)
      return item.active and item.suite.bits == bits
    end)
    list = join(others, those)
  end
  return list
end

local function apply(list, element)
  local sign, rest = element:match "^([!+-]?)(.*)$"
  local words = {}
  for word in rest:gmatch "[^+]+" do
    if not known[word] then
      return list
    end
    words[#words + 1] = word
  end
  return #words > 0 and operations[sign](list, words) or list
end

---Reads a list.
---@param text string
---@return string[]|nil names IANA names, in order of preference; nil when it chooses nothing
---@return integer|nil level of @SECLEVEL
function ciphers.read(text)
  local list, level = {}, nil
  for i, entry in ipairs(entries) do
    list[i] = { suite = entry.suite, words = entry.words, active = false }
  end
  text = text:gsub("^DEFAULT", "ALL:!COMPLEMENTOFDEFAULT:")
  for element in text:gmatch "[^:, ;]+" do
    if element == "@STRENGTH" then
      list = by_strength(list)
    elseif element:find "^@SECLEVEL=%d$" then
      level = tonumber(element:sub(-1))
    else
      list = apply(list, element)
    end
  end
  local names = {}
  for _, item in ipairs(list) do
    if item.active then
      names[#names + 1] = item.suite.iana
    end
  end
  return #names > 0 and names or nil, level
end

---Reads a list of suites of TLS 1.3: their names, with colons between them. Those that we do not have do not matter.
---@param text string
---@return string[]|nil names nil when there are names, but none that we know
function ciphers.read13(text)
  local names, some = {}, false
  for name in text:gmatch "[^:, ]+" do
    local suite = suites.by_name[name]
    some = true
    if suite and suite.is_13 then
      names[#names + 1] = name
    end
  end
  if some and #names == 0 then
    return nil
  end
  return names
end

return ciphers
