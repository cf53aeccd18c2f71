/*
 * row_seal.h: the rows of a day file, sealed.
 *
 * A sealed file is a sequence of runs, one a flush: a head of the size of a row, in the clear (how many rows follow, and a random
 * nonce), and these rows under a stream of ChaCha20 (RFC 8439) of the key, the nonce and the day. So a row is opened where it lies, a file that
 * is written on after it came back from a backup never meets the same stream twice, and a row is blanked by zeros, which say nothing
 * of the stream. Whether rows are what was written is not the seal's to say: they follow from the log.
 *
 * Private to event/: columns.h is for everybody else.
 */
#ifndef ATTUNE_EVENT_ROW_SEAL_H
#define ATTUNE_EVENT_ROW_SEAL_H

#include "event/columns.h"

enum { ROW_WALK_MAX = 4096 };

struct row_run {
	uint32_t none;   /* 0, as of a blank row. */
	uint32_t n;
	uint64_t nonce;
};

/* Put the head of a run of @n rows into @rows[0], and seal the @n rows behind it in place. @key: COLUMNS_KEY_BYTES. */
void row_run_seal(struct column_row *rows, uint32_t n, const uint8_t *key, int32_t day);

/* Where in a sealed file one is: begin with {key, day}. */
struct row_walk {
	const uint8_t *key;
	int32_t day;
	struct row_run run;
	uint32_t at;     /* Rows of the run that were met. */
};

/* Open in place the next @n rows (ROW_WALK_MAX at most) of the file. Heads and blanked rows become blank ones. False: it is no sealed file. */
bool row_walk_open(struct row_walk *walk, struct column_row *rows, size_t n) MUST_CHECK;

#endif
