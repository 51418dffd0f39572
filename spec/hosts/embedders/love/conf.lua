-- conf.lua: LÖVE without a display.
-- luacheck: globals love

function love.conf(t)
  for _, name in ipairs { "audio", "font", "graphics", "image", "joystick", "keyboard", "mouse", "physics", "sound",
    "touch", "video", "window" } do
    t.modules[name] = false
  end
end
