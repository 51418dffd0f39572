/* ticket.h -- the ticket type, for the session binding. */
#ifndef BTLS_BINDING_TICKET_H
#define BTLS_BINDING_TICKET_H

#include "binding/object.h"
#include "tls/resumption.h"

int btls_open_ticket(lua_State *L);

/* Pushes a ticket object that holds a copy of r. */
void btls_push_ticket(lua_State *L, const btls_resumption *r);

/* A copy of the ticket at index i, made with a (release: btls_resumption_clear and
 * btls_free); NULL for one of TLS 1.3 that was copied before, since it is offered once.
 * Raises when the value is no ticket, and for want of memory. */
btls_resumption *btls_copy_ticket(lua_State *L, int i, const btls_alloc *a);

#endif
