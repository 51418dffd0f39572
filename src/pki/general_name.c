/* general_name.c -- reads GeneralName. */
#include "pki/general_name.h"

#include "pki/der.h"
#include "pki/dn.h"

#define CONSTRUCTED 0x20
#define LAST_TYPE BTLS_NAME_REGISTERED_ID

static void
check_text(btls_reader *r, btls_span text)
{
    for (size_t i = 0; i < text.n; i++)
        r->bad |= text.p[i] >= 0x80;
}

/* OtherName: type-id OBJECT IDENTIFIER, value [0] EXPLICIT ANY. */
static void
check_other(btls_reader *r, btls_span contents)
{
    unsigned tag;
    btls_reader other = btls_reader_of(contents);
    btls_der_read_oid(&other);
    btls_reader value = btls_der_enter(&other, BTLS_DER_CONTEXT(0));
    btls_der_read_any(&value, &tag);
    r->bad |= !btls_read_end(&value) || !btls_read_end(&other);
}

btls_general_name
btls_general_name_read(btls_reader *r)
{
    /* Types that are constructed: OTHER, X400, DIRECTORY, EDI_PARTY. */
    static const unsigned constructed = 1 << 0 | 1 << 3 | 1 << 4 | 1 << 5;
    unsigned tag;
    btls_span contents = btls_der_read_any(r, &tag);
    unsigned type = tag & 0x1F;
    int is_constructed = (tag & CONSTRUCTED) != 0;
    if ((tag & 0xC0) != 0x80 || type > LAST_TYPE ||
        is_constructed != (int)(constructed >> type & 1))
        r->bad = 1;
    btls_general_name name = { r->bad ? BTLS_NAME_OTHER
                                      : (enum btls_general_name_type)type,
                               contents };
    if (r->bad)
        return name;
    if (type == BTLS_NAME_EMAIL || type == BTLS_NAME_DNS || type == BTLS_NAME_URI)
        check_text(r, contents);
    if (type == BTLS_NAME_OTHER)
        check_other(r, contents);
    if (type == BTLS_NAME_DIRECTORY) { /* EXPLICIT, since Name is a CHOICE */
        btls_reader inner = btls_reader_of(contents);
        name.value = btls_dn_read(&inner);
        r->bad |= !btls_read_end(&inner);
    }
    return name;
}

btls_span
btls_general_names_read(btls_reader *r, unsigned tag, int is_san)
{
    btls_span contents = btls_der_read(r, tag);
    btls_reader names = btls_reader_of(contents);
    r->bad |= contents.n == 0;
    while (btls_read_more(&names)) {
        btls_general_name name = btls_general_name_read(&names);
        if (is_san && name.type == BTLS_NAME_IP && name.value.n != 4 &&
            name.value.n != 16)
            names.bad = 1;
    }
    r->bad |= names.bad;
    return contents;
}
