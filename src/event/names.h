/*
 * names.h: the dictionary of names: a text becomes a dense number, and the number a text again.
 *
 * Numbers count from 0 in the order in which names were first seen, so that columns can hold them and arrays can be
 * indexed by them. Limits: the table refuses a new name beyond n_max names or bytes_max bytes of text; names that are
 * there stay usable. Threads: one at a time.
 */
#ifndef ATTUNE_EVENT_NAMES_H
#define ATTUNE_EVENT_NAMES_H

#include "base/text.h"

enum { NAMES_MAX = 1 << 30 };

struct names {
	uint32_t *slots;      /* Number plus one, 0 when free; open addressing, at most half full. */
	uint32_t *hashes;     /* Per number: saves most comparisons. */
	uint64_t *starts;     /* Per number: where its text begins in bytes; starts[n] is the end. */
	char *bytes;
	size_t slots_n, hashes_capacity, starts_capacity, bytes_capacity;
	uint64_t bytes_max;
	uint32_t n, n_max;
};

/* Make @names empty. Allocates nothing yet. @n_max is at most NAMES_MAX. */
void names_init(struct names *names, uint32_t n_max, uint64_t bytes_max);
void names_free(struct names *names);

/*
 * The number of @name, which is added when it is new.
 * Errors: ERROR_LIMIT (a new name beyond the limits), ERROR_MEMORY.
 */
int names_add(struct names *names, struct text name, uint32_t *number) MUST_CHECK;

/* The number of @name if it is there. */
bool names_find(const struct names *names, struct text name, uint32_t *number);

/* The text of @number, which must be below names->n. Valid until the next names_add. */
struct text names_text(const struct names *names, uint32_t number);

#endif
