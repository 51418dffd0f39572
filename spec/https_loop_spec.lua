local https = require "beartls.https"
local peer = require "support.peer"
local process = require "support.process"
local web = require "support.web"

local there, cqueues = pcall(require, "cqueues")

-- Whether a coroutine can yield out of a pcall: not on Lua 5.1 itself, where LuaSocket's http cannot wait in a loop.
local yields = coroutine.wrap(function()
  return pcall(coroutine.yield, "yes")
end)() == "yes"
if not yields then
  return
end

describe("requests in coroutines of an event loop", function()
  if not there then
    return pending "need lua-cqueues"
  end
  local server, agent
  setup(function()
    server = web.start()
  end)
  before_each(function()
    agent = assert(https.agent {
      config = peer.config { alpn = { "http/1.1" } }, connect = require("beartls.cqueues").connect, proxy = false,
      timeout = 10,
    })
  end)
  teardown(process.cleanup)

  local function run(...)
    local loop = cqueues.new()
    for _, f in ipairs { ... } do
      loop:wrap(f)
    end
    assert(loop:loop(20))
    assert(loop:empty(), "the coroutines do not come to an end")
  end

  it("do not wait for each other", function()
    local answered = {}
    local function ask()
      local body, status = agent:request(server.url .. "/together/3")
      assert(body, status)
      answered[#answered + 1] = web.read(body).connection
    end
    run(ask, ask, ask)
    assert.equal(3, #answered)
    run(function()
      local _, _, _, _, about = agent:request(server.url)
      assert.is_true(about.reused)
      local _, message, code = agent:request { url = server.url, headers = web.answers("", "keep"), timeout = 0.1 }
      assert.equal("timeout", code, message)
      agent:close()
    end)
  end)

  it("do not go through a proxy in another way than they go themselves", function()
    run(function()
      local body, message, code, failure = agent:request { url = server.url, proxy = server.proxy }
      assert.same({ nil, "config_proxy" }, { body, code }, message)
      assert.is_string(failure.hint)
    end)
  end)
end)
