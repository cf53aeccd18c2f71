/*
 * verify.h: is everything in a data folder's log whole? Reads only, and may run beside a server that writes.
 *
 * Checked: every block's hash and that each goes on from the one before; every record's form; that names have dense
 * numbers; that an origin number keeps its id; that each record of a customer names the record before it in its origin's
 * chain; that merges and splits speak of origins that are there.
 */
#ifndef ATTUNE_ENGINE_VERIFY_H
#define ATTUNE_ENGINE_VERIFY_H

#include "event/event.h"

struct verify {
	uint64_t records, events, decisions, names, origins, merges, splits, payload_bytes;
	uint64_t last;       /* Position of the newest record, 0: none. */
	uint64_t bad;        /* On ERROR_CORRUPT: position of the bad record; or the offset of the bad block, when bad_is_block. */
	bool bad_is_block;
	char problem[160];   /* One sentence; empty when all is well. */
};

/*
 * Verify the log of the data folder @folder; @out is filled as far as it came, also on errors. @each (may be NULL) is
 * called for every sound record, names left empty; its errors end the walk.
 * Errors: ERROR_CORRUPT, ERROR_NOT_FOUND (no log), ERROR_IO, ERROR_MEMORY, those of @each.
 */
int engine_verify(const char *folder, struct verify *out, int (*each)(void *arg, const struct event *event), void *arg) MUST_CHECK;

#endif
