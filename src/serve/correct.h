/*
 * correct.h: a stated trait put right: by the customer on the own page, or by staff for the customer.
 *
 * A correction is an identify event that carries, beside the trait, what stood there before and why: {"traits": {"street":
 * "New Road 1"}, "correction": {"trait", "old", "value", "because"}}. It counts by its time like every other statement, so what a
 * source states later with an older time does not overwrite it. It can be undone.
 */
#ifndef ATTUNE_SERVE_CORRECT_H
#define ATTUNE_SERVE_CORRECT_H

#include "serve/server.h"

enum { CORRECT_BECAUSE_BYTES = 600 };

struct correction {
	struct text trait, because;
	struct value old, value;     /* value null: the trait was taken away. */
};

/* Is @event a correction? Its parts are written to @correction unless that is NULL. */
bool correction_of(const struct event *event, struct correction *correction);

/*
 * Correct the stated trait @trait of the customer of @origin to @value, a text, a number, yes or no, or null to take it away.
 * Notes it in the audit log. Errors: ERROR_NOT_FOUND (nothing is stated under that name), ERROR_INVALID (a value that is none of
 * these, or no code for a trait that holds one, see base/code.h), ERROR_CONFLICT (it stands so already), ERROR_LIMIT (too long), those of request_append.
 */
int correction_append(struct request *request, uint32_t origin, const struct correction *correction, enum channel channel, uint64_t *position)
	MUST_CHECK;

#endif
