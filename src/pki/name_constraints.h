/* name_constraints.h -- may this CA stand above these names? (RFC 5280, 4.2.1.10) */
#ifndef BTLS_PKI_NAME_CONSTRAINTS_H
#define BTLS_PKI_NAME_CONSTRAINTS_H

#include "pki/certificate.h"
#include "pki/general_name.h"

enum btls_constraint {
    BTLS_CONSTRAINT_KEPT,
    BTLS_CONSTRAINT_NOT_PERMITTED, /* a name lies outside of what is permitted */
    BTLS_CONSTRAINT_EXCLUDED,      /* a name lies, or with its wildcard may lie, inside of
                                    * what is excluded */
    BTLS_CONSTRAINT_UNKNOWN_FORM,  /* constraints and names of a form that is not
                                    * understood */
    BTLS_CONSTRAINT_MALFORMED,     /* the constraints cannot be understood */
    BTLS_CONSTRAINT_TOO_MANY       /* *work was used up */
};

/* Compares all names of c, those of its subjectAltName, its subject and the e-mail
 * addresses in that, with the constraints of ca. Each comparison takes something off
 * *work, which bounds what many names and many constraints can cost. *offender gets the
 * name (or, when it is malformed, the constraint) that is not kept. */
enum btls_constraint btls_name_constraints_check(const btls_certificate *ca,
                                                 const btls_certificate *c, long *work,
                                                 btls_general_name *offender);

#endif
