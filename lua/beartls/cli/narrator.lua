-- narrator.lua: prints what happens in `beartls demo`, as the client sees it: for people, or as
-- JSON.

local facts = require "beartls.cli.facts"
local story = require "beartls.cli.story"
local summary = require "beartls.trace.summary"
local trace = require "beartls.trace"

local MARGIN, LABEL = "      ", 11
local WIDEST = 100

---@class beartls.cli.narrator
local methods = {}

local narrator_mt = { __index = methods }

---@param out beartls.cli.output
---@param streams table { client, server }
---@param mutual boolean whether the client shows a certificate, too
local function new(out, streams, mutual)
  return setmetatable({
    out = out, streams = streams, mutual = mutual, told = {}, chapters = 0,
    width = math.min(out.width, WIDEST),
  }, narrator_mt)
end

-- Words in lines: the first after `first`, the others after as many blanks.
local function print_wrapped(self, first, words, style)
  local out, room = self.out, self.width - #first
  local line, head = "", first
  local function flush()
    out:print(head .. (style and out:paint(style, line) or line))
    line, head = "", (" "):rep(#first)
  end
  for word in words:gmatch "%S+" do
    if line ~= "" and #line + 1 + #word > room then
      flush()
    end
    line = line == "" and word or line .. " " .. word
  end
  if line ~= "" then
    flush()
  end
end

---The first lines.
---@param port integer
function methods:begin(port)
  local out = self.out
  if out.json then
    return
  end
  out:print(out:paint("bold", ("A client and a server shake hands on 127.0.0.1, port %d."):
    format(port)))
  print_wrapped(self, "", self.mutual
    and "Both show certificates: mutual TLS. Both trust one authority, 'demo authority'."
    or "Only the server shows a certificate, as on the web. The client trusts 'demo authority'.")
  out:print(out:paint("dim", "----> in clear   ====> encrypted"))
end

local function print_chapter(self, title)
  self.chapters = self.chapters + 1
  self.out:print()
  self.out:print(self.out:paint("bold", ("%d. %s"):format(self.chapters, title)))
end

-- "client ---- ClientHello, 126 bytes ----> server"
local function arrow(self, event, sender)
  local rope = event.encrypted and "=" or "-"
  local name = summary.name(event)
  if event.type == "alert" then
    name = ("%s (%s)"):format(name, tostring(event.fields.description))
  end
  local label = (" %s, %d byte%s "):format(name, event.length, event.length == 1 and "" or "s")
  local room = self.width - #"   client   server" - #label - 1
  local left = sender == "client" and 4 or math.max(room - 4, 1)
  local right = math.max(room - left, 1)
  local style = event.encrypted and "green" or "cyan"
  if sender == "client" then
    label = rope:rep(left) .. label .. rope:rep(right) .. ">"
  else
    label = "<" .. rope:rep(left) .. label .. rope:rep(right)
  end
  return "   client " .. self.out:paint(style, label) .. " server"
end

local function print_verdict(self, sender)
  if sender == "server" then
    print_wrapped(self, MARGIN, "The client has verified it: issued by an authority that it trusts, "
      .. "valid today, and for the name localhost.", "green")
  else
    print_wrapped(self, MARGIN, "The server has verified it: issued by an authority that it trusts, "
      .. "and valid today. So both know whom they talk to.", "green")
  end
end

local function print_message(self, event, verified)
  local sender = event.direction == "sent" and "client" or "server"
  local title = story.chapter(event, sender, self.told)
  if title then
    print_chapter(self, title)
  end
  if event.content_type == "keys" then
    print_wrapped(self, "   ", story.keys(event, sender), "green")
    return
  end
  self.out:print(arrow(self, event, sender))
  local rows, words = story.of(event, sender)
  for _, row in ipairs(rows) do
    print_wrapped(self, ("%s%-" .. LABEL .. "s "):format(MARGIN, row[1]), row[2])
  end
  print_wrapped(self, MARGIN, words, "dim")
  if event.type == "certificate" and verified then
    print_verdict(self, sender)
  end
end

---Tells the messages since the last time.
---@param verified boolean whether the two have accepted each other
function methods:messages(verified)
  for event in self.streams.client:events() do
    if event.type == "alert" and event.direction == "received" then
      self.heard = true
    end
    if self.out.json then
      event.side = "client"
      self.out:print(trace.json(event))
    else
      print_message(self, event, verified)
    end
  end
  self.out:flush()
end

---Tells how the server answered the client's close_notify. Up to TLS 1.2 the client does not wait for that
---(RFC 5246, 7.2.1): what it has not heard, the server must be asked.
function methods:goodbye()
  self:messages(true)
  if self.heard then
    return
  end
  for event in self.streams.server:events() do
    if event.type == "alert" and event.direction == "sent" then
      if self.out.json then
        event.side = "server"
        self.out:print(trace.json(event))
      else
        event.direction = "received"
        print_message(self, event, true)
      end
    end
  end
end

---Tells what one side has said, which the other has received.
---@param who string
---@param line string
function methods:said(who, line)
  self:messages(true)
  if self.out.json then
    self.out:fact(self.out.stdout, "said", { by = who, text = line })
  else
    print_wrapped(self, MARGIN .. "the other side reads: ", '"' .. line .. '"')
  end
end

---Notes what was negotiated, while the sessions are there to be asked.
function methods:remember()
  self.rows = facts.rows(self.streams.client)
  self.facts = { client = facts.of(self.streams.client), server = facts.of(self.streams.server) }
end

---The last lines: what was negotiated.
function methods:finish()
  local out = self.out
  if out.json then
    for _, side in ipairs { "client", "server" } do
      self.facts[side].side = side
      out:fact(out.stdout, "session", self.facts[side])
    end
    return
  end
  out:print()
  out:print(out:paint("bold", "What the client knows now"))
  for _, line in ipairs(facts.lines(self.rows, "   ")) do
    out:print(line)
  end
  local peer = self.facts.server.peer
  out:print(out:paint("bold", "What the server knows now"))
  out:print("   client        " .. (peer and peer.subject .. ", verified"
    or "nothing: it has not asked for a certificate"))
end

return { new = new }
