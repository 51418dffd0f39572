/* extension.h -- reads the extensions of a certificate (RFC 5280, 4.2; RFC 7633). */
#ifndef BTLS_PKI_EXTENSION_H
#define BTLS_PKI_EXTENSION_H

#include "pki/certificate.h"

/* Reads what is left in r, the contents of Extensions, into the fields of c that
 * extensions have. The reader is bad when an extension is malformed or there twice. */
void btls_extensions_read(btls_certificate *c, btls_reader *r);

#endif
