/*
 * reference.h: where a record names another by its position: an undo what it undoes, a response its decision, a request what it answers.
 *
 * A position is of one log. Whoever puts records into another log, or compares two, writes these anew.
 */
#ifndef ATTUNE_EVENT_REFERENCE_H
#define ATTUNE_EVENT_REFERENCE_H

#include "event/event.h"

/*
 * Append @payload of a record of @kind to @out with every reference replaced by what @number gives for it: 0 when it is not known, which is
 * no record's position. Without references the bytes are the same. A sender's own property that happens to be called so is left alone
 * unless @number knows it. Errors: ERROR_LIMIT (@out is full).
 */
int reference_renumber(struct buffer *out, enum event_kind kind, struct value payload, uint64_t (*number)(void *arg, uint64_t position), void *arg)
	MUST_CHECK;

#endif
