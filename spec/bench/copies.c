/* copies.c -- preloaded into an interpreter, counts the bytes that memcpy and memmove
 * copy there; loaded as a Lua module besides, tells how many (see copies.lua). A compiler
 * copies what is short and of a fixed size by itself: that is not counted. */
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

static uint64_t copied;

/* Byte by byte, so that the compiler makes no call of memcpy out of it (-fno-builtin). */
static void *
copy(void *to, const void *from, size_t n)
{
    volatile unsigned char *t = to;
    const unsigned char *f = from;
    copied += n;
    if ((uintptr_t)to < (uintptr_t)from) {
        for (size_t i = 0; i < n; i++)
            t[i] = f[i];
    } else {
        for (size_t i = n; i > 0; i--)
            t[i - 1] = f[i - 1];
    }
    return to;
}

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *__memcpy_chk(void *to, const void *from, size_t n, size_t room);
void *__memmove_chk(void *to, const void *from, size_t n, size_t room);
int luaopen_copies(lua_State *L);

void *
memcpy(void *to, const void *from, size_t n)
{
    return copy(to, from, n);
}

void *
memmove(void *to, const void *from, size_t n)
{
    return copy(to, from, n);
}

/* What memcpy and memmove become under _FORTIFY_SOURCE. */
void *
__memcpy_chk(void *to, const void *from, size_t n, size_t room)
{
    (void)room;
    return copy(to, from, n);
}

void *
__memmove_chk(void *to, const void *from, size_t n, size_t room)
{
    (void)room;
    return copy(to, from, n);
}

/* copied() -> the bytes that were copied so far. */
static int
push_copied(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)copied);
    return 1;
}

int
luaopen_copies(lua_State *L)
{
    lua_pushcfunction(L, push_copied);
    return 1;
}
