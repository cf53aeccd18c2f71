/*
 * matches.h: sets of identifiers that do not fit together, and the origin their events belong to all the same.
 *
 * Two people who use one browser send an identifier of the other with every event. Which of the identifiers is not
 * believed is decided once, under the structure lock, and recorded; here it is remembered, so that the same set is known
 * again without that lock and without another record. What is remembered holds as long as each identifier belongs to the
 * customer it belonged to, which is part of the key, and nobody was parted: customers who only grow cannot come to fit.
 * So a split empties the table. It is a memory, not a fact: after a start, or when it is full, the decision is taken again.
 */
#ifndef ATTUNE_ENGINE_MATCHES_H
#define ATTUNE_ENGINE_MATCHES_H

#include "engine/directory.h"

enum { MATCHES_MAX = 16 * 1024 }; /* 384 KiB. Beyond it, some of the older ones give way. */

struct matches;

/* One identifier of an event, and the number of the customer who has it, 0: nobody. */
struct match_part {
	struct identifier_hash hash;
	uint32_t customer, reserved; /* reserved is 0: the bytes are hashed. */
};

struct match_key {
	uint64_t low, high;
};

struct matches *matches_new(void); /* NULL without memory. */
void matches_free(struct matches *matches);

struct match_key match_key_of(const struct match_part *parts, size_t n);

/* Threads: safe; locks a shard for a moment, and nothing within. matches_note and matches_clear: structure lock held. */
bool matches_find(struct matches *matches, struct match_key key, uint32_t *origin);
void matches_note(struct matches *matches, struct match_key key, uint32_t origin);
void matches_clear(struct matches *matches);

#endif
