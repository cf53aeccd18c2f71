/*
 * generation.h: which tokens of a customer have ended.
 *
 * A customer has a generation, 0 at first. Raising it ends every token of before at once: those that name a lower generation, and those
 * that name none and were issued before the moment it was raised. It is a record of the customer's history, {"generation": n}, so it
 * survives what the customer survives, moves with the copy, and is erased with the rest. Of merged customers the higher one counts.
 */
#ifndef ATTUNE_TRUST_GENERATION_H
#define ATTUNE_TRUST_GENERATION_H

#include "engine/fold.h"

extern const struct fold generation_fold;

struct generation {
	int64_t number;
	int64_t raised_ms; /* 0: never. */
};

/* That of a state of generation_fold. */
struct generation generation_of(struct text state);

/* Does a token hold that names @number (below 0: none) and was issued at @issued_s? Of the second in which it was raised none does. */
bool generation_allows(struct generation generation, int64_t number, int64_t issued_s);

#endif
