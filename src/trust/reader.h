/*
 * reader.h: the wall: the only way for a feature to read what is known about a customer.
 *
 * A reader is opened for one purpose. What was learned about a customer (a fold with purposes) is there only when it may be used for
 * that purpose and the customer has said yes to it; otherwise it reads as absent, not as zero, and is listed as
 * withheld. So does a trait that is bound to purposes (trait_use.h). What the customer stated otherwise, and what the service runs on, is
 * always there. While the customer restricts the use of the data, nothing was agreed to.
 *
 * Nothing outside trust/ and engine/ takes a state from the engine itself; script/check-layers looks. Whoever walks many
 * customers asks reader_service and reader_learned, which copy nothing.
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
	uint64_t purpose;               /* The mask it acts for, or PURPOSE_OWN. */
	uint64_t consents;              /* What the customer agreed to, as of now_ms. */
	int64_t now_ms;
	bool restricted;                /* The customer lets the data serve the running of the service alone. */
	const char *withheld[READER_WITHHELD_MAX];
	size_t withheld_n;
};

/*
 * Open a reader on a locked customer for @purpose at @now_ms (a yes may run out); the states are folded again first where needed (see customer_refresh).
 * Errors: ERROR_NOT_FOUND (the customer was joined to another meanwhile: look it up again), ERROR_MEMORY, ERROR_CORRUPT.
 */
int reader_open(struct reader *reader, struct engine *engine, struct customer *customer, struct arena *arena, uint64_t purpose,
                int64_t now_ms) MUST_CHECK;

/* The same on a customer folded as of another time (past_fold), under the configuration of that time. */
int reader_open_then(struct reader *reader, struct engine *engine, struct customer *then, const struct config *config,
                     struct arena *arena, uint64_t purpose, int64_t now_ms) MUST_CHECK;

/* The state of @fold, or empty when there is none or it is withheld. */
struct text reader_state(struct reader *reader, const struct fold *fold);

/* May what was learned be read for the reader's purpose? */
bool reader_may(const struct reader *reader);

/* ---- without copying: @customer is locked and fresh, and what is returned is borrowed until it is unlocked ---- */

/* What @customer agreed to at @now_ms: for the header of an event that arrives. */
uint64_t reader_consents(struct engine *engine, const struct customer *customer, int64_t now_ms);

/* Has @customer said yes to @purpose (NULL: no), and does that hold at @now_ms? */
bool reader_agrees(struct engine *engine, const struct customer *customer, const struct purpose *purpose, int64_t now_ms);

/*
 * The state of a fold without purposes: what the customer stated or the service runs on. Asking for another is our own bug. Traits
 * are whole here: whoever takes more of them than what customers are called by asks trait_use_may.
 */
struct text reader_service(struct engine *engine, const struct customer *customer, const struct fold *fold);

/* The state of a fold with purposes, when all of @purpose is among them and the customer agreed to it; empty otherwise. */
/* reader_is_withheld: is there one that the customer did not agree to have read? */
struct text reader_learned(struct engine *engine, const struct customer *customer, const struct fold *fold, uint64_t purpose, int64_t now_ms);
bool reader_is_withheld(struct engine *engine, const struct customer *customer, const struct fold *fold, uint64_t purpose, int64_t now_ms);

#endif
