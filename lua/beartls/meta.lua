---@meta beartls
-- meta.lua: what the C core gives to Lua, in the annotations that editors read (LuaCATS). Never loaded; a spec
-- compares it with what is really there. The modules in Lua have their annotations where they are defined.
--
-- "failure" below stands for nil, a sentence, and a stable code: nil, message, code.

---A config: immutable settings of any number of sessions, in either role. Made by tls.config.
---@class beartls.config
local config = {}

---Starts a client: its ClientHello is there to be drained. It asks no store: the connect and wrap of adapters do.
---@param server_name string|nil host name or address that the certificate must be for; a name is asked for, too (SNI)
---@param options { ticket: beartls.ticket|nil }|nil
---@return beartls.session|nil session
---@return string|nil message
---@return string|nil code "config_server_name", "config_no_trust", "io_no_random"
function config:client(server_name, options) end

---Starts a server.
---@param options table|nil none yet
---@return beartls.session|nil session
---@return string|nil message
---@return string|nil code "config_no_certificate", "io_no_random"
function config:server(options) end

---Who we are and whom we believe, as one word: the same for configs made from equal options, in every process.
---@return string|nil identity 64 hexadecimal digits
---@return string|nil message
---@return string|nil code those of tls.trust.system
function config:identity() end

---The store that was given as the option tickets.
---@return beartls.store|nil
function config:store() end

---Whether the config has a certificate to show.
---@return boolean
function config:has_certificate() end

---Replaces the ticket keys, for programs that rotate them.
---@param keys string[] 1 to 8 strings of 32 bytes: the first one seals, all of them open
---@return true|nil
---@return string|nil message
---@return string|nil code "config_no_tickets"
function config:set_ticket_keys(keys) end

---A session: one TLS connection without I/O. Made by config:client and config:server; wiped when it is collected.
---@class beartls.session
local session = {}

---Takes ciphertext from the wire, all of it, in any split. nil says that the transport has ended.
---@param bytes string|nil
---@return true|nil ok
---@return string|nil message
---@return string|nil code certificate_*, alert_*, peer_*, "truncated"; the alert is there to be drained
function session:feed(bytes) end

---Gives the ciphertext that is pending for the wire, all of it.
---@return string|nil bytes nil when there is none
function session:drain() end

---Encrypts application data, all of it, for drain.
---@param bytes string
---@param first integer|nil where to begin in them, 1 unless given
---@param last integer|nil where to end, the last byte unless given
---@return true|nil ok
---@return string|nil message
---@return string|nil code "want_read" before the handshake is finished, "closed", or the failure's
function session:write(bytes, first, last) end

---Gives application data that has arrived; also after the end and after a failure, until it is used up.
---@param max number|nil at most so many bytes
---@param least number|nil nothing while there are fewer and more may come, 1 unless given
---@return string|nil bytes
---@return string|nil message
---@return string|nil code "want_read", "closed", "truncated", or the failure's
function session:read(max, least) end

---Queues close_notify (RFC 5246, 7.2.1). What has arrived can still be read. Harmless in every state.
---@return true
function session:close() end

---"hello": a server that was made with pause, or that wants something from its store (resumption_key), has the
---ClientHello.
---@return "hello"|"handshake"|"open"|"closing"|"closed"|"failed"
function session:state() end

---The version that was negotiated, nil before. The same holds for those that follow.
---@return "TLSv1"|"TLSv1.1"|"TLSv1.2"|nil
function session:version() end

---The cipher suite, by its IANA name.
---@return string|nil
function session:cipher() end

---The group of the key exchange; nil with RSA key transport and in a resumed session.
---@return "x25519"|"secp256r1"|"secp384r1"|"secp521r1"|nil
function session:group() end

---How the server signed its key exchange; nil without a signature and below TLS 1.2.
---@return string|nil
function session:signature_scheme() end

---The protocol that was agreed on (RFC 7301).
---@return string|nil
function session:alpn() end

---Whom the client wants: what it was started with, or what a server was asked for.
---@return string|nil
function session:server_name() end

---@return boolean
function session:resumed() end

---Whether the peer's certificate chain was verified, or its key pinned.
---@return boolean
function session:verified() end

---@return boolean
function session:is_client() end

---The peer's own certificate; in a resumed session that of the session it goes on with.
---@return beartls.certificate|nil
function session:peer_certificate() end

---The peer's certificates as it has sent them, each an object of its own, leaf first.
---@return beartls.certificate[]|nil
function session:peer_chain() end

---The path that was believed: from the peer's certificate to the trusted one.
---@return beartls.certificate[]|nil chain nil when nothing was verified, or when the session was resumed
function session:verified_chain() end

---The chain that we have shown.
---@return beartls.certificate|nil
function session:local_certificate() end

---Keying material that both sides can derive (RFC 5705); while the session is open.
---@param label string
---@param length number of bytes, 1 to 65535
---@param context string|nil at most 65535 bytes; nil is not the same as ""
---@return string|nil bytes
---@return string|nil message
---@return string|nil code "closed"
function session:export(label, length, context) end

---Whether the peer is who it has to be, for authorisation: of each kind that is asked for, the certificate has to have
---one of the names that are given (or one that the function says yes to), and somebody whom we trust has to vouch for
---the certificate. False before the handshake is done, and when only a pin or nothing was verified. A misspelt or empty
---condition raises an error. docs/certificates.md says how each kind is compared.
---@param wanted table<"dns"|"ip"|"email"|"uri"|"subject"|"pin", string|string[]|fun(name: string): boolean>
---@return boolean
---@return string|nil why_not
function session:peer_matches(wanted) end

---For beartls itself: whether the handshake is done and the peer's chain leads to somebody whom we trust.
---@return boolean
function session:is_vouched() end

---The OCSP response that the server has stapled to its certificate, as it was sent; it was judged in the handshake.
---tls.ocsp.decode takes it apart.
---@return string|nil bytes
function session:ocsp_response() end

---What ties another authentication to this session. tls-unique and tls-exporter are refused while there is no extended
---master secret (RFC 7627; RFC 9266, 3).
---@param type "tls-server-end-point"|"tls-unique"|"tls-exporter"
---@return string|nil bytes
---@return string|nil message
---@return string|nil code "channel_binding_unavailable", "want_read"
function session:channel_binding(type) end

---The verify_data of a Finished message (RFC 8446, 4.4.4; RFC 5246, 7.4.9). Of TLS 1.2 without extended master secret
---there is none: it need not be unique.
---@param side "client"|"server"
---@return string|nil bytes 32 or 48, in TLS 1.2 12
---@return string|nil message
---@return string|nil code "want_read", "channel_binding_unavailable"
function session:finished(side) end

---What resumes this session later: config:client(name, { ticket = ticket }). Clients only. One of TLS 1.3 arrives
---behind the handshake, with the server's first data at the latest, and is offered once: after that it is spent, and
---costs a full handshake (RFC 8446, appendix C.4).
---@return beartls.ticket|nil ticket
---@return string|nil message
---@return string|nil code "want_read", "peer_no_ticket", "config_not_a_client"
function session:ticket() end

---The trace events that nobody has taken yet (config option trace), each once; see beartls.trace.
---@return fun(): table|nil
function session:events() end

---@class beartls.failure
---@field message string a sentence: who did what
---@field code string
---@field hint string|nil what to do about it
---@field alert string|nil name of the alert that ended it
---@field alert_number number|nil
---@field sent_by "us"|"peer"|nil who sent the alert
---@field position number|nil of the certificate that it is about on the path, 0 the peer's
---@field certificate beartls.certificate|nil that certificate
---@field trace table[] the events that nobody has taken

---Why the session failed.
---@return beartls.failure|nil
function session:failure() end

---What the client asks for, of a server that was made with { pause = true } and is in the state "hello": decoded as
---the trace decodes it. nil in any other state.
---@return table|nil
function session:client_hello() end

---Goes on from the state "hello".
---@param config beartls.config
---@return true|nil
---@return string|nil message
---@return string|nil code
function session:select(config) end

---Ends a session in the state "hello": the client gets the alert unrecognized_name, which is there to be drained.
---@param why string|nil a sentence for our side
---@return nil
---@return string message
---@return string code "config_refused"; "config_not_paused" in another state
function session:refuse(why) end

---The config that the session goes by.
---@return beartls.config
function session:config() end

---The store of that config: what was given as its option tickets.
---@return beartls.store|nil
function session:store() end

---Says that whoever calls serves that store: fetches what resumption_key() asks for, gives it to resume_with(), and keeps
---what to_store() gives. Without that, a session of a config with a store neither gives tickets nor takes them. To be
---called before anything is fed. Streams do all this by themselves.
---@param where string|nil of a client: tells servers of one name apart ("host:port")
---@return beartls.store|nil store nil when the config has none
---@return string|nil message
---@return string|nil code
function session:use_store(where) end

---What a server in the state "hello" wants from the store: it goes on when all is answered with resume_with().
---@return string|nil key nil when it wants nothing
---@return "take"|"get"|nil how the method of the store that gives it: TLS 1.3 uses a ticket once
function session:resumption_key() end

---What the store has under that key. Whatever does not fit, or nil, costs a full handshake.
---@param value string|nil
---@return true|nil
---@return string|nil message
---@return string|nil code "config_nothing_wanted", or the failure's
function session:resume_with(value) end

---What the store is to do: keep a value under a key for so many seconds, or, without a value, forget the key. Each is
---given once; there are at most two at a time.
---@return fun(session: beartls.session): string|nil, string|nil, number|nil next
---@return beartls.session
function session:to_store() end

---For beartls itself: the next of to_store().
---@return string|nil key
---@return string|nil value
---@return number|nil seconds
function session:take_to_store() end

---For beartls itself: use_store() without its answer.
---@param where string|nil
---@return true|nil
---@return string|nil message
---@return string|nil code
function session:raw_use_store(where) end

---For beartls itself: the ClientHello message in the state "hello".
---@return string|nil
function session:raw_client_hello() end

---For beartls itself: select() without its checks.
---@param config beartls.config
---@return true|nil
---@return string|nil message
---@return string|nil code
function session:raw_select(config) end

---For beartls itself: failure() without the trace.
---@return table|nil
function session:raw_failure() end

---For beartls itself: the next event, not decoded, which is then forgotten.
---@return table|nil
function session:take_event() end

---For beartls itself: all events that are there, not decoded, which stay.
---@return table[]
function session:peek_events() end

---A certificate chain, leaf first; what is asked is asked of the leaf. #certificate is the number of certificates.
---@class beartls.certificate
local certificate = {}

---The subject in words (RFC 4514): "CN=localhost,O=Example".
---@return string
function certificate:subject() end

---@return string
function certificate:issuer() end

---@class beartls.attribute
---@field type string|nil its short name: "CN"; nil when it has none
---@field oid string "2.5.4.3"
---@field value string UTF-8; what is no string is "#" and its DER in hexadecimal digits
---@field set number of the set that it is in: attributes that belong together have the same

---The attributes of the subject in the order in which they stand there.
---@return beartls.attribute[]
function certificate:subject_attributes() end

---@return beartls.attribute[]
function certificate:issuer_attributes() end

---@return string|nil
function certificate:common_name() end

---@return string hex
function certificate:serial() end

---@return number 1, 2 or 3
function certificate:version() end

---Seconds since the epoch.
---@return number
function certificate:not_before() end

---@return number
function certificate:not_after() end

---Whether the moment t (seconds since the epoch) is inside its validity.
---@param t number|nil now
---@return boolean
function certificate:validat(t) end

---@class beartls.names
---@field dns string[]
---@field ip string[] addresses; in name constraints "192.0.2.0/24"
---@field email string[]
---@field uri string[]
---@field directory string[] in words (RFC 4514)
---@field other { oid: string, value: string, der: string }[] otherName, such as Microsoft's user principal name
---@field registered_id string[] OIDs
---@field x400 string[] bytes
---@field edi_party string[] bytes

---All names of the subjectAltName, by kind. A kind that there is none of is an empty list.
---@return beartls.names
function certificate:names() end

---@return string[]
function certificate:dns_names() end

---@return string[]
function certificate:ip_addresses() end

---@return string[]
function certificate:emails() end

---@return string[]
function certificate:uris() end

---The names that certificates below this authority may have.
---@return { permitted: beartls.names, excluded: beartls.names }|nil
function certificate:name_constraints() end

---@return "RSA"|"RSA-PSS"|"EC"|"Ed25519"|nil nil for what cannot be used here
function certificate:key_type() end

---@return number|nil
function certificate:key_bits() end

---@return "secp256r1"|"secp384r1"|"secp521r1"|nil
function certificate:curve() end

---@return string|nil such as "sha256WithRSAEncryption"
function certificate:signature_algorithm() end

---What TLS calls the algorithm that the certificate is signed with (RFC 8446, 4.2.3).
---@return string|nil such as "rsa_pkcs1_sha256"
function certificate:signature_scheme() end

---Whether it issued the other one: the name and the signature are its own. Whether it may is another question.
---@param other beartls.certificate
---@return boolean
function certificate:issued(other) end

---@param kind "sha256"|"sha1"|nil
---@return string hex
function certificate:fingerprint(kind) end

---What the option pins takes (RFC 7469, 2.4).
---@return string "sha256//BASE64"
function certificate:pin() end

---Its SubjectPublicKeyInfo (RFC 5280, 4.1.2.7).
---@param form "pem"|"der"|nil nil is "pem"
---@return string
function certificate:public_key(form) end

---@return string of the leaf
function certificate:der() end

---@return string of the whole chain
function certificate:pem() end

---@return boolean
function certificate:is_ca() end

---@return { ca: boolean, path_length: number|nil }|nil
function certificate:basic_constraints() end

---@return string[] such as { "digitalSignature" }
function certificate:key_usage() end

---@return string[] such as { "serverAuth" }; OIDs of usages without a name
function certificate:extended_key_usage() end

---@return string|nil hex
function certificate:subject_key_id() end

---@return string|nil hex
function certificate:authority_key_id() end

---Where its issuer answers whether it was revoked.
---@return string[]
function certificate:ocsp_urls() end

---Where its issuer's certificate is.
---@return string[]
function certificate:issuer_urls() end

---Where its issuer's revocation lists are.
---@return string[]
function certificate:crl_urls() end

---@return string[] OIDs
function certificate:policies() end

---Whether its server has to send an OCSP response with it (RFC 7633).
---@return boolean
function certificate:must_staple() end

---All extensions as they are.
---@return { oid: string, name: string|nil, critical: boolean, value: string }[]
function certificate:extensions() end

---Whether it speaks for a host name or address (RFC 9525).
---@param host string
---@return boolean
function certificate:matches_name(host) end

---@return beartls.certificate[] each certificate of the chain as an object of its own
function certificate:list() end

---A private key. Made by tls.key.load, .parse and .generate; wiped when it is collected.
---@class beartls.key
local key = {}

---@return "RSA"|"RSA-PSS"|"EC"|"Ed25519"
function key:type() end

---@return number
function key:bits() end

---@return "secp256r1"|"secp384r1"|"secp521r1"|nil
function key:curve() end

---Whether it is the key of the chain's leaf.
---@param certificate beartls.certificate
---@return boolean
function key:matches(certificate) end

---What the option pins takes for certificates of this key.
---@return string "sha256//BASE64"
function key:pin() end

---Its public part as a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7).
---@param form "pem"|"der"|nil nil is "pem"
---@return string
function key:public(form) end

---Signs a message.
---@param scheme string IANA name: "ecdsa_secp256r1_sha256", "ed25519", "rsa_pss_rsae_sha256", "rsa_pkcs1_sha256" ...; one
---that does not exist raises an error
---@param message string
---@return string|nil signature ECDSA in DER; RSA as long as the modulus; Ed25519 64 bytes
---@return string|nil message
---@return string|nil code "config_key_scheme": it does not fit the key
function key:sign(scheme, message) end

---PKCS#8. Without a password it is not encrypted, and whoever gets it has the key. With one it is encrypted (PBES2:
---PBKDF2 with HMAC-SHA-256 and 600000 rounds, AES-256-CBC), which takes some tenths of a second, as reading it will.
---@param password string|nil not empty, at most 1024 bytes
---@return string
function key:pem(password) end

---Whom we believe. Made by tls.trust.load, .parse and .system. #trust is the number of anchors.
---@class beartls.trust
local trust = {}

---Adds anchors; raises once a config uses the store.
---@param pem_or_der string
---@return number|nil added
---@return number|string|nil skipped those that cannot be used; or a message
---@return string|nil code "config_no_certificate"
function trust:add(pem_or_der) end

---@return beartls.certificate[] the anchors' certificates, each an object of its own
function trust:list() end

---@return number bytes of memory that the store holds
function trust:memory() end

---The verdict that a session would give, offline.
---@param chain beartls.certificate
---@param options { name: string|nil, usage: "server"|"client"|nil, time: number|nil, crls: beartls.crls|nil,
---crl_required: true|"leaf"|nil, ocsp: string|nil }|nil ocsp: a response for the leaf
---@return beartls.certificate[]|nil path from the chain's first certificate to the trusted one
---@return string|nil message
---@return string|nil code certificate_*
---@return { message: string, code: string, hint: string|nil, position: number|nil,
---certificate: beartls.certificate|nil }|nil failure
function trust:verify(chain, options) end

---Certificate revocation lists. Made by tls.crls.load and .parse. #crls is the number of lists.
---@class beartls.crls
local crls = {}

---Adds lists; raises once a config uses the set.
---@param pem_or_der string
---@return true|nil
---@return string|nil message
---@return string|nil code "config_no_crl", "crl_malformed", "crl_unsupported", "crl_too_large"
function crls:add(pem_or_der) end

---What each list says about itself; times are seconds since the epoch.
---@return { issuer: string, this_update: number, next_update: number|nil, number: string|nil, count: number }[]
function crls:list() end

---What one of the lists takes back, in its own order.
---@param n number|nil which list: 1
---@param most number|nil at most so many entries
---@return { serial: string, date: number, reason: string|nil }[]
function crls:entries(n, most) end

---What the lists that bear the name of its issuer say about a certificate. Whether the issuer has signed them is a
---question for the verdict.
---@param certificate beartls.certificate
---@return { date: number, reason: string|nil }|nil
function crls:find(certificate) end

---What resumes a session. It is a secret: it holds the session's keys.
---@class beartls.ticket
local ticket = {}

---For keeping it elsewhere; tls.ticket.decode reads it again.
---@return string bytes
function ticket:encode() end

---What the parts of beartls that are written in Lua ask of C; programs never name it. The nouns are made by its tables
---certificate, key, trust, ticket, config and session.
---@class beartls.core
local core = {}

---@param name "sha256"|"sha1"|"sha512"
---@param bytes string
---@return string 32, 20 or 64 bytes
function core.hash(name, bytes) end

---What an OCSP response says (RFC 6960); its signature is not checked. Times are seconds since the epoch.
---@param bytes string DER
---@return { status: string, responder: string|nil, responder_key: string|nil, produced_at: number|nil,
---answers: { serial: string, state: "good"|"revoked"|"unknown", this_update: number, next_update: number|nil,
---revoked: { date: number, reason: string|nil }|nil }[]|nil }|nil
---@return string|nil message
---@return string|nil code "certificate_ocsp_malformed"
function core.ocsp_decode(bytes) end

---An object that is no table, for programs that tell objects from settings by their type.
---@param metatable table
---@param state table what the object is about
---@return userdata
function core.handle(metatable, state) end

---The state of such an object.
---@param value any
---@param metatable table
---@return table|nil state nil when it is no object with that metatable
function core.handle_state(value, metatable) end

---Bytes from the system's generator; raises when it gives none.
---@param n number 0 to 64
---@return string
function core.random(n) end

---HKDF with SHA-256 (RFC 5869): from one secret a key for each label.
---@param secret string
---@param label string
---@return string 32 bytes
function core.derive(secret, label) end

---Seals bytes for whoever has the key: AES-256-GCM with a random nonce. Raises when there are no random bytes.
---@param key string 32 bytes
---@param about string authenticated besides
---@param bytes string
---@return string 28 bytes longer
function core.seal(key, about, bytes) end

---What was sealed with that key and that `about`.
---@param key string 32 bytes
---@param about string
---@param sealed string
---@return string|nil bytes nil for anything else
function core.unseal(key, about, sealed) end

---Whether a signature is a key's over a message.
---@param public_key string SubjectPublicKeyInfo in DER
---@param algorithm string AlgorithmIdentifier in DER
---@param message string
---@param signature string
---@return boolean
function core.is_signed(public_key, algorithm, message, signature) end

---@param label string "CERTIFICATE"
---@param bytes string
---@return string
function core.pem_encode(label, bytes) end

---All blocks of a text; DER is one block without a label.
---@param text string
---@return { label: string|nil, bytes: string }[]|nil
---@return string|nil message
---@return string|nil code "config_pem_malformed"
function core.pem_decode(text) end

---@param text string
---@return string|nil bytes 4 or 16; nil when it is no address
function core.ip_address(text) end

---@param bytes string
---@return string|nil text (RFC 5952)
function core.ip_text(bytes) end

---@param text string
---@return boolean
function core.is_dns_name(text) end
