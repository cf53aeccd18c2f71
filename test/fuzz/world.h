/*
 * world.h: a server on a data folder of its own, for requests that try to break it.
 *
 * It has the demo's configuration, a write key, a secret key and a customer's token. Nothing is synced: what a power cut
 * does is another test's question.
 */
#ifndef ATTUNE_TEST_FUZZ_WORLD_H
#define ATTUNE_TEST_FUZZ_WORLD_H

#include "serve/server.h"

#include <stdlib.h>

struct world {
	struct server *server;
	struct arena arena;                 /* Of the token. */
	char folder[64];
	char write_key[KEY_TEXT_BYTES], secret_key[KEY_TEXT_BYTES];
	struct text token;                  /* Of user:ana. */
	bool harbour;                       /* With the demo's routes. Set before world_open. */
};

/* What must hold and does not is a bug: say where, and end. */
#define MUST(holds) ((holds) ? (void)0 : must_failed(#holds, __FILE__, __LINE__))
_Noreturn void must_failed(const char *what, const char *file, int line);

/* A fresh folder in memory; and remove one. */
void world_folder_new(char folder[64]);
void world_folder_remove(const char *path);

/* Make a folder and start the server on it. */
void world_open(struct world *world);

/* Stop the server; and start it on the same folder. */
void world_stop(struct world *world);
void world_start(struct world *world);

/* Stop the server and remove the folder. */
void world_close(struct world *world);

#endif
