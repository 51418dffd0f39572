-- manifest.lua: the certificates that the specs use. build.lua makes them with openssl (`make pki`); they are
-- committed, and the specs' clock stands still at NOW, so nothing ever expires.

local site = "DNS:localhost,DNS:www.example.test,DNS:*.wild.example.test,IP:127.0.0.1,IP:::1"
local other_site = "DNS:other.example.test"
local client = "email:client@example.test,URI:spiffe://example.test/client"
local server_auth, client_auth = "extendedKeyUsage=serverAuth", "extendedKeyUsage=clientAuth"

-- One of each: what a certificate can say.
local everything = [[
basicConstraints=critical,CA:TRUE,pathlen:3
keyUsage=critical,digitalSignature,keyCertSign,cRLSign,decipherOnly,keyAgreement
extendedKeyUsage=serverAuth,clientAuth,emailProtection,OCSPSigning,1.3.6.1.4.1.311.20.2.2
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
subjectAltName=@names
nameConstraints=critical,@constraints
certificatePolicies=2.23.140.1.2.1,1.3.6.1.4.1.99999.1
authorityInfoAccess=OCSP;URI:http://ocsp.example.test,caIssuers;URI:http://ca.example.test/ca.cer
crlDistributionPoints=URI:http://ca.example.test/ca.crl,URI:ldap://ca.example.test/cn=ca
tlsfeature=status_request
2.25.329800735698586629295641978511506172918=ASN1:UTF8String:a UUID
[names]
DNS.1=one.example.test
DNS.2=*.two.example.test
IP.1=192.0.2.1
IP.2=2001:db8::1
email.1=someone@example.test
URI.1=spiffe://example.test/everything
RID.1=1.2.3.4
dirName.1=directory
otherName.1=1.3.6.1.4.1.311.20.2.3;UTF8:someone@corp.example.test
otherName.2=1.3.6.1.4.1.99999.2;INT:7
[directory]
C=DE
O=Some, "quoted" org
CN=Directory Name
[constraints]
permitted;DNS.1=example.test
permitted;IP.1=192.0.2.0/255.255.255.0
permitted;IP.2=2001:db8::/ffff:ffff::
permitted;email.1=example.test
excluded;DNS.1=secret.example.test
excluded;URI.1=.bad.example.test
excluded;IP.1=10.0.0.0/255.0.255.0
excluded;dirName.1=excluded
[excluded]
O=Excluded
]]

local manifest = {
  NOW = 1780272000, -- 2026-06-01T00:00:00Z
  from = "20260101000000Z",
  to = "20360101000000Z",

  -- { name, key kind, common name, issuer (none: self-signed) }
  authorities = {
    { "root_rsa", "rsa2048", "beartls test root RSA" },
    { "root_ec", "p256", "beartls test root EC" },
    { "other_root", "p256", "beartls other root" },
    { "intermediate_rsa", "rsa2048", "beartls test intermediate RSA", "root_rsa" },
    { "intermediate_ec", "p256", "beartls test intermediate EC", "root_ec" },
  },

  -- name, key kind, common name, issuer, and what is special
  leaves = {
    { "server_rsa", "rsa2048", "localhost", "root_rsa", san = site, ext = server_auth },
    { "server_ec", "p256", "localhost", "root_ec", san = site, ext = server_auth },
    { "server_p384", "p384", "localhost", "root_ec", san = site, ext = server_auth },
    { "server_p521", "p521", "localhost", "root_ec", san = site, ext = server_auth },
    { "server_ed25519", "ed25519", "localhost", "root_ec", san = site, ext = server_auth },
    { "server_rsa_pss", "rsa-pss2048", "localhost", "root_rsa", san = site, ext = server_auth },
    { "server_rsa4096", "rsa4096", "localhost", "root_rsa", san = site, ext = server_auth },
    { "server_chain_rsa", "rsa2048", "localhost", "intermediate_rsa", san = site, ext = server_auth, chain = true },
    { "server_chain_ec", "p256", "localhost", "intermediate_ec", san = site, ext = server_auth, chain = true },
    { "server_no_intermediate", "p256", "localhost", "intermediate_ec", san = site, ext = server_auth },
    { "other_site_rsa", "rsa2048", "other.example.test", "root_rsa", san = other_site, ext = server_auth },
    { "other_site_ec", "p256", "other.example.test", "root_ec", san = other_site, ext = server_auth },
    { "client_rsa", "rsa2048", "client RSA", "root_rsa", san = client, ext = client_auth },
    { "client_ec", "p256", "client EC", "root_ec", san = client, ext = client_auth },
    { "client_p384", "p384", "client P-384", "root_ec", san = client, ext = client_auth },
    { "client_p521", "p521", "client P-521", "root_ec", san = client, ext = client_auth },
    { "client_ed25519", "ed25519", "client Ed25519", "root_ec", san = client, ext = client_auth },
    { "client_rsa_pss", "rsa-pss2048", "client RSA-PSS", "root_rsa", san = client, ext = client_auth },
    { "client_untrusted", "p256", "client untrusted", "other_root", san = client, ext = client_auth },
    { "client_expired", "p256", "client expired", "root_ec", san = client, ext = client_auth,
      to = "20260301000000Z" },
    { "server_expired", "p256", "localhost", "root_ec", san = site, ext = server_auth, to = "20260301000000Z" },
    { "server_not_yet", "p256", "localhost", "root_ec", san = site, ext = server_auth, from = "20350801000000Z" },
    { "server_other_host", "p256", "elsewhere.example.test", "root_ec", san = "DNS:elsewhere.example.test",
      ext = server_auth },
    { "server_untrusted", "p256", "localhost", "other_root", san = site, ext = server_auth },
    { "server_self_signed", "p256", "localhost", nil, san = site, ext = server_auth },
    { "server_self_signed_ca", "p256", "localhost", nil, san = site, ext = "basicConstraints=critical,CA:TRUE" },
    { "server_cn_only", "p256", "localhost", "root_ec", ext = server_auth },
    { "server_client_eku", "p256", "localhost", "root_ec", san = site, ext = client_auth },
    { "server_critical_eku", "p256", "localhost", "root_ec", san = site,
      ext = "extendedKeyUsage=critical,serverAuth" },
    { "server_critical_unknown", "p256", "localhost", "root_ec", san = site,
      ext = "1.3.6.1.4.1.99999.1=critical,ASN1:NULL" },
    { "server_rsa1024", "rsa1024", "localhost", "root_rsa", san = site, ext = server_auth },
    { "server_sha1", "rsa2048", "localhost", "root_rsa", san = site, ext = server_auth, digest = "sha1" },
    { "server_md5", "rsa2048", "localhost", "root_rsa", san = site, ext = server_auth, digest = "md5" },
    { "server_not_from_ca", "p256", "localhost", "server_ec", san = site, ext = server_auth, chain = true },
    { "server_nul_name", "p256", "localhost", "root_ec",
      ext = "2.5.29.17=DER:30:10:82:0e:6c:6f:63:61:6c:68:6f:73:74:00:65:76:69:6c" },
    { "everything", "p384", "Everything", "root_ec", ext = everything },
    { "server_wild_com", "p256", "wild", "root_ec", san = "DNS:*.com,DNS:*,DNS:f*.example.test,DNS:a.*.test" },
  },
}

return manifest
