/*
 * collect_world.h: a server on a data folder of its own, for events that try to break it.
 *
 * It has the demo's configuration, a write key, a secret key and a customer's token. Nothing is synced: what a power cut
 * does is another test's question. It is checked as a whole now and then, and then made afresh, so that it stays small.
 */
#ifndef ATTUNE_TEST_FUZZ_COLLECT_WORLD_H
#define ATTUNE_TEST_FUZZ_COLLECT_WORLD_H

#include "exchange.h"
#include "serve/server.h"

#include <stdlib.h>

struct world {
	struct server *server;
	struct arena arena;                 /* Of the token. */
	char folder[64];
	char write_key[KEY_TEXT_BYTES], secret_key[KEY_TEXT_BYTES];
	struct text token;                  /* Of user:ana. */
};

/* What must hold and does not is a bug: say where, and end. */
#define MUST(holds) ((holds) ? (void)0 : must_failed(#holds, __FILE__, __LINE__))
_Noreturn void must_failed(const char *what, const char *file, int line);

/* Make a folder and start the server on it. */
void world_open(struct world *world);

/*
 * Every customer can be read in every way, and the answers are JSON and whole pages; the log is sound; every name is UTF-8;
 * and a server that starts from the snapshot, or reads the log from its start, knows of every customer, byte for byte, what
 * this one knows.
 */
void world_check(struct world *world);

/* Stop the server and remove the folder. */
void world_close(struct world *world);

/* Is @exchange's reply JSON? Its root, valid until the next call. */
struct json reply_json(const struct http_exchange *exchange);

#endif
