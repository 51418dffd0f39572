/* identity.c -- which of the config's certificates speaks for us. */
#include "tls/identity.h"

#include "pki/name.h"

static int
speaks_for(const btls_identity *id, const char *server_name)
{
    btls_certificate leaf;
    btls_error e;
    return btls_certificate_parse(&leaf, btls_chain_at(id->chain, 0), &e) == 0 &&
           btls_name_matches(&leaf, server_name);
}

unsigned
btls_identities_for(const btls_config *config, const char *server_name)
{
    unsigned all = (1u << config->identity_count) - 1, matching = 0;
    for (size_t i = 0; i < config->identity_count && server_name[0] != '\0'; i++) {
        if (speaks_for(&config->identities[i], server_name))
            matching |= 1u << i;
    }
    return matching != 0 ? matching : all;
}

int
btls_identity_issued_by(const btls_identity *id, btls_span name)
{
    for (size_t i = 0; i < id->chain->count; i++) {
        btls_certificate c;
        btls_error e;
        if (btls_certificate_parse(&c, btls_chain_at(id->chain, i), &e) == 0 &&
            btls_span_equal(c.issuer, name))
            return 1;
    }
    return 0;
}
