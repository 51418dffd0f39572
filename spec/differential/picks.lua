-- picks.lua: of a chain that is being planned, what faults and variations ask and choose.

local picks = {}

function picks.is_server(c)
  return c.usage == "server"
end

function picks.has_above(c)
  return #c.above > 0
end

---One of the intermediates.
function picks.some(c)
  return c.above[c.random(#c.above)]
end

---The certificate has these names, and that host is asked for.
function picks.names(given, host)
  return function(c)
    c.leaf.dns, c.leaf.ip, c.host = given.dns, given.ip, host
  end
end

return picks
