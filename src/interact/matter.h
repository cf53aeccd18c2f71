/*
 * matter.h: open matters: what is between the customer and the company right now: a bill due, a card ordered.
 *
 * Which events open and close a matter is configuration (kind matter). A matter that was closed on any channel is closed
 * on all of them with the next answer; opening and closing may arrive in any order.
 */
#ifndef ATTUNE_INTERACT_MATTER_H
#define ATTUNE_INTERACT_MATTER_H

#include "engine/config_build.h"
#include "engine/fold.h"

extern const struct fold matter_fold;
extern const struct config_kind matter_kind;

enum { MATTER_TEXT_BYTES_MAX = 80, MATTERS_MAX = 64 };

/* One matter of a customer, borrowed from the state. */
struct matter {
	struct text id, kind, title, currency;
	int64_t amount_minor;       /* Minor units. */
	int64_t due_ms;             /* 0: none. */
	int64_t opened_ms, closed_ms; /* 0: not (yet) seen. */
	uint64_t opened_by, closed_by; /* Positions of the events. */
	enum channel closed_on;
};

static inline bool matter_is_open(const struct matter *matter)
{
	return matter->opened_by && !matter->closed_by;
}

/* Walk the matters of a state: start with *@at = 0. Newest first. */
bool matter_next(struct text state, size_t *at, struct matter *matter);

/* What staff or a page should do about a matter of this kind, from the configuration; empty without. */
struct text matter_next_step(const struct config *config, struct text kind);

void matter_write(struct json_writer *writer, const struct matter *matter);

#endif
