/* general_name.h -- GeneralName (RFC 5280, 4.2.1.6): the names of a subjectAltName, of
 * name constraints and of the places where CRLs are. */
#ifndef BTLS_PKI_GENERAL_NAME_H
#define BTLS_PKI_GENERAL_NAME_H

#include "core/bytes.h"

/* The numbers are the tags. */
enum btls_general_name_type {
    BTLS_NAME_OTHER = 0,
    BTLS_NAME_EMAIL = 1, /* rfc822Name */
    BTLS_NAME_DNS = 2,
    BTLS_NAME_X400 = 3,
    BTLS_NAME_DIRECTORY = 4,
    BTLS_NAME_EDI_PARTY = 5,
    BTLS_NAME_URI = 6,
    BTLS_NAME_IP = 7,
    BTLS_NAME_REGISTERED_ID = 8
};

typedef struct {
    enum btls_general_name_type type;
    /* EMAIL, DNS, URI: ASCII text; IP: its bytes; DIRECTORY: a whole Name, tag included;
     * OTHER: type-id and value, one behind the other; the rest: contents. */
    btls_span value;
} btls_general_name;

/* Reads the next GeneralName; the reader is bad when it is none or when text is not ASCII
 * (IA5String). */
btls_general_name btls_general_name_read(btls_reader *r);

/* Reads GeneralNames with that tag, which has to hold at least one, of a subjectAltName
 * when `is_san`: then addresses have 4 or 16 bytes. Returns its contents. */
btls_span btls_general_names_read(btls_reader *r, unsigned tag, int is_san);

#endif
