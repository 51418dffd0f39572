/* failalloc.c -- calls the function that a Lua file gives again and again in a state
 * whose allocator fails at the n-th call (once, or from then on), for every n, until it
 * gets through: no failure may crash, leak, or spoil what is done afterwards.
 *
 * usage: failalloc script.lua [step [first]] */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "newstate.h"

/* Bounds the search for an n at which the script gets through. */
#define MOST_CALLS 2000000
/* So many failures a state: loading the modules takes longer than what is tried. */
#define RUNS_A_STATE 25

int luaopen_beartls_core(lua_State *L);

struct heap {
    long calls;   /* since arming */
    long fail_at; /* 0: never */
    int once;     /* what is asked for afterwards is given */
    long failed;
    long blocks;
    size_t bytes;
};

/* Sizes stand before the blocks, so that a wrong old_size is found out. */
static void *
allocate(void *ud, void *p, size_t old_size, size_t new_size)
{
    struct heap *h = ud;
    char *block = p == NULL ? NULL : (char *)p - 16;
    size_t had = 0;
    if (block != NULL) {
        memcpy(&had, block, sizeof had);
        if (had != old_size) {
            fprintf(stderr, "failalloc: block of %zu bytes given back as %zu\n", had,
                    old_size);
            abort();
        }
    }
    if (new_size == 0) {
        if (block != NULL) {
            h->blocks--;
            h->bytes -= had;
            free(block);
        }
        return NULL;
    }
    /* Shrinking may not fail: Lua counts on it. */
    int grows = block == NULL || new_size > had;
    if (grows && h->fail_at > 0 && ++h->calls >= h->fail_at &&
        !(h->once && h->failed > 0)) {
        h->failed++;
        return NULL;
    }
    char *now = realloc(block, new_size + 16);
    if (now == NULL)
        return NULL;
    if (block == NULL)
        h->blocks++;
    h->bytes += new_size - had;
    memcpy(now, &new_size, sizeof new_size);
    return now + 16;
}

static int
prepare(lua_State *L)
{
    const char *script = lua_touserdata(L, 1);
    luaL_openlibs(L);
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "preload");
    lua_pushcfunction(L, luaopen_beartls_core);
    lua_setfield(L, -2, "beartls.core");
    lua_pop(L, 2);
    /* The script gives a function: what is loaded before it is called is not tried. */
    if (luaL_loadfile(L, script) != 0)
        lua_error(L);
    /* Lua 5.4 never gets over a failure while it makes its first large buffer. */
    lua_pushliteral(L, "x");
    lua_getfield(L, -1, "rep");
    lua_insert(L, -2);
    lua_pushinteger(L, 100000);
    lua_call(L, 2, 0);
    lua_call(L, 0, 1);
    return 1;
}

/* Calls the function on top of the stack with a failure at call n. 1 when it got through
 * with nothing failing, 0 when something failed, -1 for an error that no missing memory
 * explains. */
static int
call(lua_State *L, struct heap *h, long n)
{
    lua_pushvalue(L, -1);
    h->calls = 0;
    h->failed = 0;
    h->fail_at = n;
    int bad = lua_pcall(L, 0, 0, 0);
    h->fail_at = 0;
    if (bad && h->failed == 0) {
        fprintf(stderr, "failalloc: %s\n", lua_tostring(L, -1));
        return -1;
    }
    if (bad)
        lua_pop(L, 1);
    return h->failed == 0;
}

/* Failures at *n, *n + step ... in one state; *n goes on. As call(), and -1 for a leak.
 */
static int
run(const char *script, int once, long *n, long step)
{
    struct heap h = { 0, 0, once, 0, 0, 0 };
    long first = *n;
    lua_State *L = btls_newstate(allocate, &h);
    if (L == NULL)
        return -1;
    lua_pushcfunction(L, prepare);
    lua_pushlightuserdata(L, (void *)script);
    if (lua_pcall(L, 1, 1, 0)) {
        fprintf(stderr, "failalloc: %s\n", lua_tostring(L, -1));
        return -1;
    }
    int result = 0;
    for (int i = 0; i < RUNS_A_STATE && result == 0; i++, *n += step)
        result = call(L, &h, *n);
    if (result == 0 && call(L, &h, 0) != 1) {
        fprintf(stderr, "failalloc: spoilt by a failure at call %ld to %ld\n", first, *n);
        return -1;
    }
    lua_close(L);
    if (h.blocks != 0 || h.bytes != 0) {
        fprintf(stderr, "failalloc: failures at call %ld to %ld leak %ld blocks\n", first,
                *n, h.blocks);
        return -1;
    }
    return result;
}

int
main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s script.lua [step [first]]\n", argv[0]);
        return 2;
    }
    long step = argc > 2 ? atol(argv[2]) : 1, first = argc > 3 ? atol(argv[3]) : 1;
    for (int once = 0; once <= 1; once++) {
        long n = first;
        int result = 0;
        while (result == 0 && n < MOST_CALLS)
            result = run(argv[1], once, &n, step);
        if (result != 1) {
            fprintf(stderr, "failalloc: %s did not get through\n", argv[1]);
            return 1;
        }
        printf("%s: %ld allocations, each failing %s: no crash, no leak\n", argv[1], n,
               once ? "alone" : "with all that follow");
    }
    return 0;
}
