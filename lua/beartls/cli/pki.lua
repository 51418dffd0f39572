-- pki.lua: `beartls pki`: certificates from the command line. An authority is a directory with a certificate and a key.

local pki = {}

pki.group = {
  name = "beartls pki", about = "beartls pki: certificates for those who make their own", modules = "beartls.cli.pki.",
  commands = {
    { "new", "an authority, a server and a client, ready for mutual TLS" },
    { "ca", "an authority alone, a root or one below another" },
    { "issue", "a certificate and its key from an authority" },
    { "request", "a key, and the request that goes to an authority" },
    { "sign", "a certificate for a request" },
    { "crl", "the list of certificates that an authority takes back" },
  },
  notes = [[
An authority is a directory with ca.pem, its certificate, and ca.key. Private keys are written for
their owner alone (mode 0600), and nothing that is there already is overwritten without --force.]],
}

return pki
