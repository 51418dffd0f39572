/* game.c -- a program with Lua and beartls inside, whose frames go on while TLS shakes
 * hands: see game.lua. make build/lua5.4/game (or game-static) builds it.
 * usage: game SCRIPT ADDRESS PORT [ARGUMENT ...] */
#include "beartls.h"
#include <arpa/inet.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define FRAME_MS 16
#define BUDGET_MS 4
/* How many bytes TLS gets at a time: the fewer, the finer its work can be divided. */
#define SLICE 256

static double
now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1000.0 * (double)t.tv_sec + (double)t.tv_nsec / 1e6;
}

/* Calls the script's function step(slice), sends what it returns, and so on until nothing
 * has arrived or the budget is spent. Whether the script wants another frame. */
static int
play_frame(lua_State *L, int tcp, double deadline)
{
    char in[SLICE];
    ssize_t n;
    do {
        n = recv(tcp, in, sizeof in, MSG_DONTWAIT);
        lua_getglobal(L, "step");
        if (n > 0)
            lua_pushlstring(L, in, (size_t)n);
        else if (n == 0)
            lua_pushboolean(L, 0); /* the connection has ended */
        else
            lua_pushnil(L); /* nothing now */
        lua_call(L, 1, 1);
        size_t size;
        const char *out = lua_tolstring(L, -1, &size);
        if (out == NULL || send(tcp, out, size, MSG_NOSIGNAL) != (ssize_t)size)
            return 0;
        lua_pop(L, 1);
    } while (n > 0 && now_ms() < deadline);
    return 1;
}

static void
play(lua_State *L, int tcp)
{
    double start, took, longest = 0;
    int frames = 0, goes_on;
    do {
        struct timespec rest = { 0, 1000000 * FRAME_MS };
        nanosleep(&rest, NULL); /* here a game would draw */
        start = now_ms();
        goes_on = play_frame(L, tcp, start + BUDGET_MS);
        took = now_ms() - start;
        longest = took > longest ? took : longest;
        frames++;
    } while (goes_on);
    printf("%d frames, TLS took at most %.1f ms of one\n", frames, longest);
}

int
main(int argc, char **argv)
{
    int tcp = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = { .sin_family = AF_INET };
    if (argc < 4 || inet_pton(AF_INET, argv[2], &to.sin_addr) != 1) {
        fprintf(stderr, "usage: %s SCRIPT ADDRESS PORT [ARGUMENT ...]\n", argv[0]);
        return 2;
    }
    to.sin_port = htons((uint16_t)atoi(argv[3]));
    if (connect(tcp, (struct sockaddr *)&to, sizeof to) != 0) {
        perror(argv[2]);
        return 1;
    }
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    beartls_open(L); /* that is all */
    if (luaL_loadfile(L, argv[1]) != 0)
        lua_error(L);
    luaL_checkstack(L, argc, "so many arguments");
    for (int i = 4; i < argc; i++)
        lua_pushstring(L, argv[i]);
    lua_call(L, argc - 4, 0);
    play(L, tcp);
    lua_close(L);
    return 0;
}
