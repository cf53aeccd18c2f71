/*
 * deciding.h: a decision on its way to the answer: what the files that decide, and decide again, share.
 *
 * Private to serve/.
 */
#ifndef ATTUNE_SERVE_DECIDING_H
#define ATTUNE_SERVE_DECIDING_H

#include "serve/server.h"

#include "customize/decision.h"

struct deciding {
	struct decision decision;
	struct history history;      /* For the events behind it; without heads: none are looked for. */
	struct text preferences;
	uint64_t position;
	struct origin_id cid;
};

/* decide_api.c: the answer, one object; with @explain, also the events behind it. */
void deciding_write(struct request *request, struct deciding *deciding, bool explain);

/*
 * otherwise.c: what would have changed a decision: the least that had to be otherwise in the customer's past for the answer to be another,
 * found by deciding again on such pasts. First a yes, where something was not read for want of it; then events that had not been, the newest of one name; where none of that changes anything,
 * the newest of one name come some more times.
 */
struct otherwise {
	bool found;
	bool agreed;                 /* The customer had said yes to the surface's purpose: all below is of no event then. */
	bool more;                   /* It had come more often; else it had not been. */
	size_t n;                    /* So many times. */
	const struct event *newest;  /* The newest of them, or the one that had come again. */
	struct text would, was;      /* What would have stood there, and what did; empty: nothing. */
	size_t place;                /* Where, from 1. */
	size_t tried;                /* Pasts that were looked at. */
	char sentence[500];
};

/* The decision of @record, made again on @past. */
struct again {
	struct request *request;
	const struct event *record;
	const struct config *config; /* Of then. */
	struct customer customer;    /* A copy. */
	struct past *past;
	bool agreed;                 /* Imagine a yes to the surface's purpose. */
};
/* Errors: ERROR_NOT_FOUND (the record cannot be decided again), ERROR_MEMORY. @imagined may be NULL. */
int again_decide(struct again *again, const struct imagined *imagined, struct arena *arena, struct decision *decision, struct text *preferences) MUST_CHECK;
int otherwise_find(struct otherwise *out, struct again *again) MUST_CHECK;

/* decision_again.c: the same for the decision @record of the customer of @origin. Errors: ERROR_NOT_FOUND (its configuration cannot be read),
 * ERROR_MEMORY, ERROR_CORRUPT. */
int decision_otherwise(struct request *request, uint32_t origin, const struct event *record, struct otherwise *out) MUST_CHECK;

#endif
