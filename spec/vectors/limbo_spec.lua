-- x509-limbo's core cases against trust:verify, each a spec, and two figures: valid chains accepted, invalid ones
-- rejected. Where we differ, the table says why; a difference that is not in it fails, and one that is gone as well.
local json = require "dkjson"
local tls = require "beartls"
local vectors = require "support.vectors"

-- What OpenSSL, Go and the browsers accept as well.
local IDENTIFIERS = "key identifiers help to find a path; no client demands them, and private CAs leave them out"
local COMMON_NAME = "the common name has not counted for years, so that it says something else harms nobody"
local CA_BROWSER = "the CA/Browser Forum binds public CAs with this rule; RFC 5280 lets it be"
local DEPTH = "the bound is 10 certificates; there is no option for another one"
local CRL = "what a list says counts, whatever its number is"
local SUFFIX = "only suffixes of one label are known without a list of public suffixes"

local differences = {
  ["rfc5280::aki::leaf-missing-aki"] = IDENTIFIERS,
  ["rfc5280::aki::intermediate-missing-aki"] = IDENTIFIERS,
  ["rfc5280::aki::cross-signed-root-missing-aki"] = IDENTIFIERS,
  ["rfc5280::ski::root-missing-ski"] = IDENTIFIERS,
  ["rfc5280::ski::intermediate-missing-ski"] = IDENTIFIERS,
  ["webpki::aki::root-with-aki-all-fields"] = "Easy-RSA's roots, and several of the system's, are written so",
  ["webpki::cn::ipv4-hex-mismatch"] = COMMON_NAME,
  ["webpki::cn::ipv4-leading-zeros-mismatch"] = COMMON_NAME,
  ["webpki::cn::ipv6-uppercase-mismatch"] = COMMON_NAME,
  ["webpki::cn::ipv6-uncompressed-mismatch"] = COMMON_NAME,
  ["webpki::cn::ipv6-non-rfc5952-mismatch"] = COMMON_NAME,
  ["webpki::cn::punycode-not-in-san"] = COMMON_NAME,
  ["webpki::cn::utf8-vs-punycode-mismatch"] = COMMON_NAME,
  ["webpki::cn::not-in-san"] = COMMON_NAME,
  ["webpki::cn::case-mismatch"] = COMMON_NAME,
  ["rfc5280::root-non-critical-basic-constraints"] = "three of the system's roots, and OpenSSL's old default, do that",
  ["rfc5280::nc::invalid-dnsname-leading-period"] = "read as all clients read it: what is below the name",
  ["rfc5280::san::underscore-dns"] = "hosts of private networks have underscores",
  ["webpki::san::san-critical-with-nonempty-subject"] = CA_BROWSER,
  ["webpki::ca-as-leaf"] = "contradicts rfc5280::ca-as-leaf, whose side we take",
  ["rfc5280::serial::zero"] = "RFC 5280, 4.1.2.2 asks for grace; five of the system's roots have it",
  ["rfc5280::nc::permitted-dns-match-noncritical"] = "contradicts webpki::nc::permitted-dns-match-noncritical",
  ["webpki::eku::ee-anyeku"] = CA_BROWSER,
  ["webpki::eku::ee-critical-eku"] = CA_BROWSER,
  ["webpki::eku::ee-without-eku"] = CA_BROWSER,
  ["webpki::eku::root-has-eku"] = CA_BROWSER,
  ["webpki::san::public-suffix-multi-label-wildcard-san"] = SUFFIX,
  ["webpki::san::public-suffix-private-namespace-wildcard-san"] = SUFFIX,
  ["pathlen::max-chain-depth-0-exhausted"] = DEPTH,
  ["pathlen::max-chain-depth-1-exhausted"] = DEPTH,
  ["crl::crlnumber-missing"] = CRL,
  ["crl::crlnumber-critical"] = CRL,
}

-- Seconds since the epoch; cases that name no time are valid for centuries.
local function time_of(text)
  if text == json.null or text == nil then
    return 1780272000
  end
  local y, m, d, hours, minutes, seconds = text:match "^(%d+)-(%d+)-(%d+)T(%d+):(%d+):([%d.]+)%+00:00$"
  y, m = tonumber(y), tonumber(m)
  if m <= 2 then
    y, m = y - 1, m + 12
  end
  local days = 365 * y + math.floor(y / 4) - math.floor(y / 100) + math.floor(y / 400)
    + math.floor((153 * (m - 3) + 2) / 5) + d - 719469
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
end

-- A chain, a trusted certificate or a revocation list that cannot even be read is a rejection too.
local function verdict(case)
  local trust, message, code = tls.trust.parse(table.concat(case.trusted_certs, "\n"))
  if not trust then
    return nil, message, code
  end
  local chain
  chain, message, code = tls.certificate.parse(case.peer_certificate .. table.concat(case.untrusted_intermediates))
  if not chain then
    return nil, message, code
  end
  local crls
  if #case.crls > 0 then
    crls, message, code = tls.crls.parse(table.concat(case.crls, "\n"))
    if not crls then
      return nil, message, code
    end
  end
  local name = case.expected_peer_name
  return trust:verify(chain, {
    name = name ~= json.null and name and name.value or nil,
    usage = case.validation_kind:lower(),
    time = time_of(case.validation_time),
    crls = crls,
  })
end

describe("x509-limbo", function()
  local document, why = vectors.load "limbo-core.json.gz"
  if not document then
    it("runs", function() pending(why) end)
    return
  end

  local right = { SUCCESS = 0, FAILURE = 0 }
  local all = { SUCCESS = 0, FAILURE = 0 }

  for _, case in ipairs(document.testcases) do
    local want = case.expected_result
    local reason = differences[case.id]
    it(("%s: %s%s"):format(case.id, want, reason and ", but not for us: " .. reason or ""), function()
      local path, message, code = verdict(case)
      local agree = (path ~= nil) == (want == "SUCCESS")
      if #case.features == 0 then
        all[want] = all[want] + 1
        right[want] = right[want] + (agree and 1 or 0)
      end
      assert.equal(reason == nil, agree, message)
      if not path then
        assert.matches("^certificate_", code)
        assert.is_true(#message > 20)
      end
    end)
  end

  it("is told right in all of the 55 valid and 92 of the 111 invalid cases without a tag", function()
    assert.same({ SUCCESS = 55, FAILURE = 111 }, all)
    assert.same({ SUCCESS = 55, FAILURE = 92 }, right)
  end)
end)
