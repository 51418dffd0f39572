/* config.h -- the config type, for the session binding. */
#ifndef BTLS_BINDING_CONFIG_H
#define BTLS_BINDING_CONFIG_H

#include "binding/object.h"
#include "tls/config.h"
#include "tls/resumption.h"

/* The settings of the config at index i, which live as long as the object. Raises when it
 * is none. */
const btls_config *btls_check_config(lua_State *L, int i);

/* The moment for a new session of the config at index i: what its `time` function
 * returns, or -1 for the system's clock. Calls Lua. */
int64_t btls_config_now(lua_State *L, int i);

/* Pops a piece of key log and hands it to the `keylog` function of the config at index i.
 * What that function raises is dropped: watching never breaks a session. */
void btls_config_keylog(lua_State *L, int i);

#endif
