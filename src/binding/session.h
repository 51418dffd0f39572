/* session.h -- the session type, for the two files that bind it. */
#ifndef BTLS_BINDING_SESSION_H
#define BTLS_BINDING_SESSION_H

#include "binding/object.h"
#include "tls/session.h"

typedef struct {
    btls_session session;
    int busy; /* its bytes are being made into Lua values: a finalizer must not change
                 them */
} btls_session_object;

/* The session at index 1. Raises when it is none, was wiped, or is busy. */
btls_session_object *btls_check_session(lua_State *L);

/* Calls push(light userdata `what`), which turns things of the session into so many Lua
 * values: whatever is raised on the way, or done by a finalizer that the collector runs,
 * the session stays as it is. Until push has been called it does not: push itself has to
 * look at what there is. */
void btls_push_undisturbed(lua_State *L, btls_session_object *o, lua_CFunction push,
                           void *what, int values);

/* Pushes nil; returns 1. */
int btls_push_nil(lua_State *L);
/* Pushes the config of the session at index 1. */
void btls_push_config(lua_State *L);
/* Gives away the key log lines of the session at index 1. */
void btls_session_flush_keylog(lua_State *L, btls_session_object *o);

/* session_query.c: adds its methods to the type. */
void btls_open_session_queries(lua_State *L);
const char *btls_session_state_name(const btls_session *s);

/* session_store.c: likewise. */
void btls_open_session_store(lua_State *L);

/* session_report.c: the methods that tell what happened. */
int btls_session_raw_failure(lua_State *L);
int btls_session_take_event(lua_State *L);
int btls_session_peek_events(lua_State *L);

#endif
