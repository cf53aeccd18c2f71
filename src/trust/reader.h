/*
 * reader.h: the wall: the only way for a feature to read what is known about a customer.
 *
 * A reader is opened for one purpose. What was learned about a customer (a fold that is personal) is there only when the
 * customer has said yes to that purpose, and only for that; otherwise it reads as absent, not as zero, and is listed as
 * withheld. What the customer stated, and what the service runs on, is always there.
 */
#ifndef ATTUNE_TRUST_READER_H
#define ATTUNE_TRUST_READER_H

#include "engine/engine.h"
#include "trust/purpose.h"

enum { READER_WITHHELD_MAX = 8 };

struct reader {
	struct engine *engine;
	const struct config *config;
	struct customer *customer;      /* Locked and fresh while the reader is used. */
	struct arena *arena;            /* States are copied here. */
	uint64_t purpose;               /* The mask it acts for. */
	uint64_t consents;              /* What the customer agreed to. */
	const char *withheld[READER_WITHHELD_MAX];
	size_t withheld_n;
};

/*
 * Open a reader on a locked customer for @purpose; the states are folded again first where needed (see customer_refresh).
 * Errors: ERROR_NOT_FOUND (the customer was joined to another meanwhile: look it up again), ERROR_MEMORY, ERROR_CORRUPT.
 */
int reader_open(struct reader *reader, struct engine *engine, struct customer *customer, struct arena *arena, uint64_t purpose)
	MUST_CHECK;

/* The state of @fold, or empty when there is none or it is withheld. */
struct text reader_state(struct reader *reader, const struct fold *fold);

/* May what was learned be read for the reader's purpose? */
bool reader_may(const struct reader *reader);

/* What @customer (locked and fresh) agreed to, without copying: for the header of an event that arrives. */
uint64_t reader_consents(struct engine *engine, const struct customer *customer);

#endif
