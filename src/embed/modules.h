/* modules.h -- the Lua modules as bytes: bundle.lua writes the C file that defines them.
 */
#ifndef BTLS_EMBED_MODULES_H
#define BTLS_EMBED_MODULES_H

#include <stddef.h>

typedef struct {
    const char *name;       /* as required: "beartls.socket" */
    const char *chunk_name; /* for messages: "@beartls/socket.lua" */
    const unsigned char *text;
    size_t size;
} btls_module;

/* Ends with one whose name is NULL. */
extern const btls_module btls_modules[];

#endif
