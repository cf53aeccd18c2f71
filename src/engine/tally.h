/*
 * tally.h: pairs of counts of the whole base, each under a name, that survive a restart.
 *
 * Counting is an addition in memory. About once a second what changed is written to the log as running totals, in a
 * record of no customer, and every snapshot keeps all of them; recovery takes the largest of what it finds, which is the
 * newest, for totals only grow. So a stop loses nothing, and a crash at most the last second or two.
 */
#ifndef ATTUNE_ENGINE_TALLY_H
#define ATTUNE_ENGINE_TALLY_H

#include "engine/engine.h"

enum { TALLIES_MAX = 64, TALLY_NAME_BYTES_MAX = 63, TALLY_EVERY_MS = 1000 };

struct tally {
	char name[TALLY_NAME_BYTES_MAX + 1];
	uint64_t n[2];       /* Ever. */
	uint64_t before[2];  /* Of these, before this start. */
	bool changed;        /* Since the last record. */
};

/* Add to the counts of @name; those without a place, and names that are too long, share the name "other". Allocates
 * nothing and waits for nothing but a short lock. Threads: safe. */
void engine_tally(struct engine *engine, struct text name, uint64_t first, uint64_t second);

/* Copy the tallies to @out (TALLIES_MAX of them), "other" first; the answer is how many there are. Threads: safe. */
size_t engine_tallies(struct engine *engine, struct tally *out);

#endif
