/*
 * worth.h: what all customers are worth, computed once a minute and shared by whoever asks.
 *
 * A view rests on the rows of twelve months up to its moment, the price list and needs in force, and who agreed to the
 * purpose "analytics" at that time. One of the present moment is kept, and one for another moment that was asked for (?at=).
 */
#ifndef ATTUNE_SERVE_WORTH_H
#define ATTUNE_SERVE_WORTH_H

#include "differentiate/worth.h"
#include "serve/server.h"

enum { WORTH_KEPT_MS = 60 * 1000 };

struct worth_view {
	struct worth worth;
	const struct config *config;     /* In force when it was made; so is its version, should an address come back. */
	uint32_t version;
	const struct purpose *purpose;   /* "analytics"; NULL: not configured, so nobody may be looked at. */
	int64_t made_ms, at_ms;
	_Atomic uint32_t users;
};

/* The view of now, or of the query's "at". NULL with the error answered. Give it back with worth_view_give. */
struct worth_view *worth_view_take(struct request *request) MUST_CHECK;
void worth_view_give(struct worth_view *view);

/* When the server stops, or when somebody was erased: forget those that are kept. */
void worth_view_forget(struct server *server);

/* Hundredths of a minor unit as an amount. */
double worth_amount(int64_t hundredths);

#endif
