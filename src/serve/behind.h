/*
 * behind.h: the customers behind a figure.
 *
 * A figure shows many; opening it shows single ones, which needs their yes to the purpose "analytics". Who has not said it
 * is counted as withheld and not named. A figure too small to be shown is not opened either.
 */
#ifndef ATTUNE_SERVE_BEHIND_H
#define ATTUNE_SERVE_BEHIND_H

#include "serve/server.h"

struct purpose;

struct behind {
	uint8_t *customers;     /* By number: not 0 is in. */
	uint32_t customers_n, total;
};

/* May a figure of so many customers be shown? */
bool behind_may_show(const struct request *request, uint64_t customers); /* None may: that says nothing of anybody. */

/* Has the locked @customer said yes to @purpose (NULL: no), and does it hold at @now_ms? Counted once the states are fresh. */
bool behind_may_name(struct engine *engine, struct customer *customer, const struct purpose *purpose, int64_t now_ms);

/* Members of an answer that is begun: "hidden", "customers", "total", "agreed", "withheld", "purpose". */
void behind_write(struct request *request, const struct behind *behind);

/* The same as an answer of its own, with what it is about. */
void behind_reply(struct request *request, const struct behind *behind, const char *sentence);

#endif
