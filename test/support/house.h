/*
 * house.h: an engine with the real folds for tests, and what they must give: the events seen, folded from scratch.
 */
#ifndef ATTUNE_TEST_HOUSE_H
#define ATTUNE_TEST_HOUSE_H

#include "engine/engine.h"
#include "engine/keyring.h"
#include "engine/config_build.h"

/* One record as it was written. */
struct seen {
	struct event event;       /* Its payload and name are owned here. */
	uint32_t customer;        /* While comparing. */
};

/* Everything a listener saw, from any thread, in the order of positions. */
struct witness {
	struct seen *items;
	size_t n, capacity;
};

extern const struct fold_table house_folds;   /* The real ones, and last an ordered one that hashes what it sees. */
extern const struct fold order_fold;

struct config *house_config(void);            /* With a matter, a purpose and a touchpoint. Aborts on a problem. */

int  house_open(struct engine **engine, const char *folder, const struct config *config);
extern const uint8_t house_node_key[KEYRING_KEY_BYTES];
void house_options(struct engine_options *options, const char *folder, const struct config *config);

void witness_listen(struct witness *witness, struct engine *engine);
void witness_note(struct witness *witness, const struct event *event);
void witness_free(struct witness *witness);
void witness_sort(struct witness *witness);

/*
 * Compare every customer of @engine with what @witness says: states byte for byte, number of events, the walk of the
 * history, the way from each origin's id. Returns the number of customers; on a difference says it and returns -1.
 */
int house_compare(struct engine *engine, const struct witness *witness);

/* The same where part of the log was given up: there may be customers of whom no record is left. */
int house_compare_left(struct engine *engine, const struct witness *witness);

#endif
