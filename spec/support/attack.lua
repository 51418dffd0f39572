-- attack.lua: the module of attacker.c, or what to say where it was not built.

local ok, attacker = pcall(require, "attacker")

local attack = { missing = not ok and "needs attacker.so, which make builds beside the core" or nil }

---Declares a spec that needs attacker.so.
function attack.it(it, pending, name, body)
  if attack.missing then
    pending(("%s (%s)"):format(name, attack.missing))
    return
  end
  it(name, function()
    body(attacker)
  end)
end

return attack
