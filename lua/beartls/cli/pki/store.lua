-- store.lua: the files of `beartls pki`: authorities as directories, and writing all files of a command or none.

local codes = require "beartls.cli.codes"
local core = require "beartls.core"
local files = require "beartls.files"
local issuing = require "beartls.pki"
local text = require "beartls.decode.text"

local store = {}

-- Options that several commands share.
store.options = {
  server = { "server", "NAMES", "for a server: its host names and addresses, commas between them", kind = "list" },
  client = { "client", "NAMES", "for a client: its name, mail address, URI, commas between them", kind = "list" },
  days = { "days", "N", "how long it is valid", kind = "number" },
  key_kind = { "key-kind", "KIND", "p256 (as it is without), p384, p521, ed25519, rsa2048, rsa3072, rsa4096" },
  name = { "name", "NAME", "what the authority is called" },
  password = { "password-file", "FILE", "ca.key is encrypted with the password in this file's first line" },
  force = { "force", nil, "overwrite what is there already" },
  json = { "json", nil, "what was made as JSON, an object a line" },
}

---Whether the command line has a kind of key that there is: true, or nil, message.
---@param values table
---@return true|nil
---@return string|nil message
function store.check_values(values)
  if values.key_kind and not issuing.is_key_kind(values.key_kind) then
    return nil, ("--key-kind %s is no kind of key: p256, p384, p521, ed25519, rsa2048, rsa3072 or rsa4096 is wanted")
      :format(values.key_kind)
  elseif values.days and (values.days <= 0 or values.days > 36500) then
    return nil, "--days wants a number from 1 to 36500"
  end
  return true
end

-- What kind of name it is, by how it is written.
local function kind_of(name, is_client)
  if core.ip_address(name) then
    return "ip"
  elseif name:find "^%a[%w+.-]*:" then
    return "uri"
  elseif name:find("@", 1, true) then
    return "email"
  elseif is_client and not name:find(".", 1, true) then
    return "name"
  end
  return "dns"
end

---The options of ca:issue for the names of --server or --client: nil, message when there is more than one that only
---the subject has room for.
---@param list string[]
---@param is_client boolean
---@return table|nil
---@return string|nil message
function store.names(list, is_client)
  local out = { server = not is_client, client = is_client }
  for _, name in ipairs(list) do
    local kind = kind_of(name, is_client)
    if kind ~= "name" then
      out[kind] = out[kind] or {}
      table.insert(out[kind], name)
    elseif out.name then
      return nil, ("%q and %q are both names of a person: one is enough"):format(out.name, name)
    else
      out.name = name
    end
  end
  return out
end

---The names that --server or --client give, of which exactly one has to be there.
---@param values table
---@return table|nil options of ca:issue
---@return string|nil message
function store.one_of(values)
  if (values.server ~= nil) == (values.client ~= nil) then
    return nil, values.server and "--server and --client exclude each other: issue two certificates"
      or "it wants --server NAMES or --client NAMES: whom is it for?"
  end
  return store.names(values.server or values.client, values.client ~= nil)
end

---A file name for a certificate that is called so.
---@param name string
---@return string
function store.base(name)
  return (name:gsub("^%*", "wildcard"):gsub("[^%w._@-]", "_"):gsub("^[.-]", "_"))
end

---The password of --password-file: nil without it, or nil, message, code. A command line is no place for a password:
---everybody on the machine can read it.
---@param values table
---@return string|nil
---@return string|nil message
---@return string|nil code
function store.password(values)
  if not values.password_file then
    return nil
  end
  local bytes, message, code = files.read(values.password_file, "password file", 65536)
  local password = bytes and bytes:match "^[^\r\n]+"
  if bytes and not password then
    message, code = ("the first line of %s is empty"):format(values.password_file), "io_file"
  end
  return password, message, code
end

---The authority of a directory.
---@param directory string
---@param values table with password_file
---@return beartls.authority|nil
---@return string|nil message
---@return string|nil code
function store.load(directory, values)
  local root = directory .. "/root.pem"
  local password, message, code = store.password(values)
  if message then
    return nil, message, code
  end
  local ca
  ca, message, code = issuing.load_ca(directory .. "/ca.pem", directory .. "/ca.key",
    { root = files.exists(root) and root or nil, password = password })
  if not ca and code == "io_file" then
    message = message .. ": no authority is there; beartls pki ca makes one"
  elseif not ca and code == "config_key_encrypted" and not password then
    message = message .. ": --password-file has the password"
  end
  return ca, message, code
end

---The files of an authority, for store.write.
---@param directory string
---@param ca beartls.authority
---@param password string|nil
---@return table[]
function store.files_of(directory, ca, password)
  local list = {
    { path = directory .. "/ca.pem", bytes = ca.certificate:pem(), certificate = ca.certificate },
    { path = directory .. "/ca.key", bytes = ca.key:pem(password), private = true,
      about = password and "private key, encrypted" },
  }
  if not ca.is_root and ca.root then
    list[3] = { path = directory .. "/root.pem", bytes = ca.root:pem(), certificate = ca.root }
  end
  return list
end

---The files of a certificate and its key, for store.write.
---@param base string path without its ending
---@param identity table { certificate =, key = }
---@return table[]
function store.files_of_identity(base, identity)
  local list = { { path = base .. ".pem", bytes = identity.certificate:pem(), certificate = identity.certificate } }
  if identity.key then
    list[2] = { path = base .. ".key", bytes = identity.key:pem(), private = true }
  end
  return list
end

---Whether none of these files is there, or all may be overwritten: true, or nil, message, code. Asked before keys are
---made, which may take seconds.
---@param paths string[]
---@param force boolean|nil
---@return true|nil
---@return string|nil message
---@return string|nil code
function store.may_write(paths, force)
  for _, path in ipairs(paths) do
    if files.exists(path) and not force then
      return nil, path .. " is there already: --force overwrites it", "io_exists"
    end
  end
  return true
end

-- Takes back what was made, so that there is all or nothing.
local function remove(list, count)
  for i = 1, count do
    os.remove(list[i].path)
  end
end

local function report(list, out)
  for _, file in ipairs(list) do
    local certificate = file.certificate
    if out.json then
      out:fact(out.stdout, "file", {
        path = file.path, private = file.private or false, subject = certificate and certificate:subject(),
        fingerprint = certificate and certificate:fingerprint(),
      })
    else
      local about = file.about or file.private and "private key"
        or ("%s, until %s"):format(certificate:subject(), os.date("!%Y-%m-%d", certificate:not_after()))
      out:print(("%s  %s"):format(file.path, out:paint("dim", text.printable(about))))
    end
  end
end

---Writes the files, all or none, and says so.
---@param command table for what goes wrong
---@param list table[] { path =, bytes =, private = boolean|nil, certificate =, about = string|nil }
---@param force boolean|nil
---@param out beartls.cli.output
---@return integer exit code
function store.write(command, list, force, out)
  local paths = {}
  for i, file in ipairs(list) do
    paths[i] = file.path
  end
  local ok, message, code = store.may_write(paths, force)
  for i, file in ipairs(ok and list or {}) do
    ok, message, code = files.create(file.path, file.bytes, { private = file.private, replace = force })
    if not ok then
      remove(list, force and 0 or i - 1)
      break
    end
  end
  if not ok then
    return out:misused(command, message, code)
  end
  report(list, out)
  return codes.fine
end

return store
