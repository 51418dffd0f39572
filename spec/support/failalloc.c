/* failalloc.c -- runs a Lua file again and again in a state whose allocator fails at the
 * n-th call, for every n, until it gets through: no failure may crash or leak. Built and
 * run by `make test`.
 *
 * usage: failalloc script.lua [first [step]] */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bounds the search for an n at which the script gets through. */
#define MOST_CALLS 2000000

int luaopen_beartls_core(lua_State *L);

struct heap {
    long calls;   /* since arming */
    long fail_at; /* 0: never */
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
    if (grows && h->fail_at > 0 && ++h->calls >= h->fail_at) {
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
    lua_call(L, 0, 1);
    return 1;
}

/* 1 when the script got through with nothing failing, 0 or 2 when something failed, -1
 * for a crash-to-be: a leak, or an error that no missing memory explains. */
static int
run(const char *script, long fail_at)
{
    struct heap h = { 0, 0, 0, 0, 0 };
    lua_State *L = lua_newstate(allocate, &h);
    int result = 0;
    if (L != NULL) {
        lua_pushcfunction(L, prepare);
        lua_pushlightuserdata(L, (void *)script);
        int bad = lua_pcall(L, 1, 1, 0);
        if (!bad) {
            h.fail_at = fail_at;
            bad = lua_pcall(L, 0, 0, 0);
        }
        result = bad ? 0 : h.failed ? 2 : 1;
        if (bad && h.failed == 0) {
            fprintf(stderr, "failalloc: %s\n", lua_tostring(L, -1));
            result = -1;
        }
        h.fail_at = 0;
        lua_close(L);
    }
    if (h.blocks != 0 || h.bytes != 0) {
        fprintf(stderr,
                "failalloc: with failure at call %ld, %ld blocks of %zu bytes leaked\n",
                fail_at, h.blocks, h.bytes);
        return -1;
    }
    return result;
}

int
main(int argc, char **argv)
{
    long first = argc > 2 ? atol(argv[2]) : 1, step = argc > 3 ? atol(argv[3]) : 1,
         runs = 0;
    if (argc < 2) {
        fprintf(stderr, "usage: %s script.lua [first [step]]\n", argv[0]);
        return 2;
    }
    for (long n = first; n < MOST_CALLS; n += step) {
        int r = run(argv[1], n);
        if (r < 0)
            return 1;
        runs++;
        if (r == 1) {
            printf(
                "%ld runs, each with one more allocation that works: no crash, no leak\n",
                runs);
            return 0;
        }
    }
    fprintf(stderr, "failalloc: the script never got through\n");
    return 1;
}
