-- differences.lua: where a verdict is another one than it should be, and why. `about` names the variation or the fault
-- that makes the difference; with several, all have to be there. `who` is "ours", "openssl" or "gnutls", `does` its
-- verdict.
return {
  { who = "openssl", does = "accepts", about = { "cn_only" },
    why = "without a DNS name in the subjectAltName it takes the common name, which RFC 9525, 2 has given up" },
  { who = "gnutls", does = "accepts", about = { "cn_only" }, why = "as OpenSSL" },
  { who = "openssl", does = "accepts", about = { "partial_wildcard" },
    why = "w*.example.test is a wildcard to it, unless it is told otherwise; RFC 9525, 6.3 wants a whole label" },
  { who = "openssl", does = "accepts", about = { "no_digital_signature" },
    why = "keyAgreement will do for a purpose of TLS, as for the suites with fixed keys that nobody has any more" },
  { who = "gnutls", does = "accepts", about = { "no_digital_signature" },
    why = "it asks for the key usage in the handshake, not in the verdict" },
  { who = "openssl", does = "refuses", about = { "the last second" },
    why = "notAfter itself is too late for it; RFC 5280, 4.1.2.5 counts that second in" },
  { who = "gnutls", does = "accepts", about = { "an IPv6 address where IPv4 is permitted" },
    why = "a constraint on IPv4 addresses is none on IPv6 ones to it; to RFC 5280, 4.2.1.10 all are iPAddress" },
  { who = "gnutls", does = "accepts", about = { "an IPv6 address", "name_not_permitted" },
    why = "the same: what is permitted is an IPv4 range" },
  { who = "gnutls", does = "refuses", about = { "no name but the common name", "names that are permitted" },
    why = "it holds constraints on hosts' names against the common name of a leaf that may be a server's" },
  { who = "gnutls", does = "refuses", about = { "an issuer's name in other letters" },
    why = "it compares names byte by byte, not as RFC 5280, 7.1 has it" },
  { who = "openssl", does = "refuses", about = { "an intermediate of an unknown root, too" },
    why = "it takes the first issuer that fits and does not come back when that leads nowhere" },
  { who = "openssl", does = "refuses", about = { "no authority key identifier", "a new key of the root" },
    why = "it takes the trusted root of that name for the issuer, and does not look for another key" },
  { who = "gnutls", does = "refuses", about = { "an intermediate of an unknown root, too" }, why = "as OpenSSL" },
}
