/*
 * promise.h: what the company said would happen, and whether it did: for every customer, from events.
 *
 * A promise (kind promise) is begun by one event and kept by another with the same id within a time. Whether it is still
 * pending, kept or broken depends on now and is said on reading; the moment at which it breaks is a timer, so that it is a
 * fact in the customer's history at that moment and not only when somebody looks.
 *
 * The state keeps the newest PROMISES_MAX of a customer. Begin and end may arrive in any order.
 */
#ifndef ATTUNE_INTERACT_PROMISE_H
#define ATTUNE_INTERACT_PROMISE_H

#include "base/json.h"
#include "engine/config_build.h"
#include "engine/fold.h"

enum { PROMISES_MAX = 24 };

extern const struct fold promise_fold;
extern const struct config_kind promise_kind;

struct promise_rule {
	struct text name, says, starts, ends, id, owner;
	uint64_t hash;       /* Of the name: what states know it by. */
	int64_t within_ms;   /* -1: no time was promised. */
	double kept;         /* The share that is aimed at; NAN: none. */
	bool inward;
};

struct promise_rules {
	const struct promise_rule *items;
	size_t n;
};

const struct promise_rules *promise_rules(const struct config *config); /* Never NULL. */

/* One promise made to a customer. */
struct promise {
	uint64_t rule, id;               /* Hashes. */
	int64_t started_ms, ended_ms;    /* 0: not (yet) seen. */
	int64_t due_ms;                  /* When it has to be kept; 0: not begun. */
};

enum promise_state { PROMISE_PENDING, PROMISE_KEPT, PROMISE_BROKEN };

/* Walk the promises of a state, newest first: start with *@at = 0. Those that were not begun are left out. */
bool promise_next(struct text state, size_t *at, struct promise *promise);
enum promise_state promise_state(const struct promise *promise, int64_t now_ms);
const char *promise_state_name(enum promise_state state);

/* The rule of @promise, NULL when it is no longer configured. */
const struct promise_rule *promise_rule_of(const struct config *config, const struct promise *promise);

void promise_write(struct json_writer *writer, const struct config *config, const struct promise *promise, int64_t now_ms);

#endif
