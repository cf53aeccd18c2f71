/*
 * flips.h: a small data folder with something of every kind in it, and what a server says of it.
 *
 * Both are done by the server itself, started in this process. It has threads, so each start belongs in a process of its own.
 */
#ifndef ATTUNE_TEST_FLIPS_H
#define ATTUNE_TEST_FLIPS_H

#include "serve/server.h"

#include <stddef.h>
#include <stdint.h>

enum { ANSWERS_MAX = 40, ANSWER_NAME_BYTES = 40, ANSWER_BYTES_MAX = 32 * 1024, PEOPLE_N = 3, PATH_BYTES = 256 };

/* What only whoever made the folder knows. */
struct made {
	char secret[KEY_TEXT_BYTES], write[KEY_TEXT_BYTES];
	char token[1024], ended[1024]; /* Of the first customer: one that holds, and one that was ended. */
	char cids[PEOPLE_N][40];
	char certificate[64];          /* The id of the erasure. */
};

struct answers {
	size_t n;
	struct {
		char name[ANSWER_NAME_BYTES];
		uint32_t bytes;
		char text[ANSWER_BYTES_MAX];
	} items[ANSWERS_MAX];
};

/* Make the data folder @folder. A server that has it open is left running: the process is to end as in a crash. */
void flips_make(const char *folder, struct made *made);

/*
 * Start a server on @folder with its own settings. Errors: those of server_start, ERROR_INVALID (its settings); @problem (200 bytes) says
 * what is wrong with these.
 */
int flips_start(struct server **server, const char *folder, char problem[200]) MUST_CHECK;

/* Ask @server for everything. @about: the file whose damage is looked for; what takes long is asked only for it. */
void flips_ask(struct server *server, const struct made *made, const char *about, struct answers *answers);

#endif
