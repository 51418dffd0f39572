-- attributes.lua: how OpenSSL spells out what stands in certificates: attributes of names, signature algorithms, kinds
-- of keys.

return {
  -- Of a distinguished name, by their object identifiers.
  names = {
    ["2.5.4.3"] = "commonName", ["2.5.4.4"] = "surname", ["2.5.4.5"] = "serialNumber", ["2.5.4.6"] = "countryName",
    ["2.5.4.7"] = "localityName", ["2.5.4.8"] = "stateOrProvinceName", ["2.5.4.9"] = "streetAddress",
    ["2.5.4.10"] = "organizationName", ["2.5.4.11"] = "organizationalUnitName", ["2.5.4.12"] = "title",
    ["2.5.4.13"] = "description", ["2.5.4.15"] = "businessCategory", ["2.5.4.17"] = "postalCode",
    ["2.5.4.41"] = "name", ["2.5.4.42"] = "givenName", ["2.5.4.43"] = "initials", ["2.5.4.44"] = "generationQualifier",
    ["2.5.4.46"] = "dnQualifier", ["2.5.4.65"] = "pseudonym", ["2.5.4.97"] = "organizationIdentifier",
    ["0.9.2342.19200300.100.1.1"] = "userId", ["0.9.2342.19200300.100.1.25"] = "domainComponent",
    ["1.2.840.113549.1.9.1"] = "emailAddress",
    ["1.3.6.1.4.1.311.60.2.1.1"] = "jurisdictionLocalityName",
    ["1.3.6.1.4.1.311.60.2.1.2"] = "jurisdictionStateOrProvinceName",
    ["1.3.6.1.4.1.311.60.2.1.3"] = "jurisdictionCountryName",
  },
  -- Of an otherName.
  others = {
    ["1.3.6.1.5.5.7.8.5"] = "XmppAddr", ["1.3.6.1.5.5.7.8.7"] = "SRVName",
    ["1.3.6.1.4.1.311.20.2.3"] = "Microsoft User Principal Name",
  },
  -- Of a signature, by the names that beartls has for them.
  signatures = {
    md5WithRSAEncryption = "RSA-MD5", sha1WithRSAEncryption = "RSA-SHA1", sha224WithRSAEncryption = "RSA-SHA224",
    sha256WithRSAEncryption = "RSA-SHA256", sha384WithRSAEncryption = "RSA-SHA384",
    sha512WithRSAEncryption = "RSA-SHA512", ["id-RSASSA-PSS"] = "RSASSA-PSS", Ed25519 = "ED25519",
  },
  keys = { RSA = "RSA", EC = "EC" },
}
