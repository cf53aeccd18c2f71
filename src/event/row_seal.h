/*
 * row_seal.h: runs: how the rows of a day file lie on disk, checked, and sealed or not.
 *
 * A file is a sequence of runs, one a flush: a head of two rows' size, in the clear, and its rows behind it. The head says how many rows
 * follow and carries two checks (XXH3): of the rows as they lie in the file, and of itself, seeded with the day and the place, so that a
 * changed byte, and a file under another day's name, are found. In a sealed file the rows are under a stream of ChaCha20 (RFC 8439) of the
 * key, a random nonce and the day. So a row is opened where it lies, a file that is written on after it came back from a backup never
 * meets the same stream twice, and a row is blanked by zeros, which say nothing of the stream.
 *
 * Private to event/: columns.h is for everybody else.
 */
#ifndef ATTUNE_EVENT_ROW_SEAL_H
#define ATTUNE_EVENT_ROW_SEAL_H

#include "event/columns.h"

/* For the size of its state. */
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

enum { ROW_WALK_MAX = 4096, RUN_HEAD_ROWS = 2 };

struct row_run {
	uint32_t none;   /* 0, as of a blank row. */
	uint32_t n;
	uint64_t nonce;
	uint64_t rows_check, head_check;
};

/* Where a file's rows come from, and how they are opened: @key NULL: they are not sealed. */
struct row_file {
	const uint8_t *key; /* COLUMNS_KEY_BYTES. */
	int32_t day;
};

/* Put the head of a run of @n rows into @rows[0] and [1], and seal the @n rows behind it in place. @at: the place of the head, in rows. */
void row_run_make(const struct row_file *file, uint64_t at, struct column_row *rows, uint32_t n);

/* Say in @run, whose head is at @at, what the rows' check is now. */
void row_run_finish(const struct row_file *file, uint64_t at, struct row_run *run, uint64_t rows_check);
bool row_run_is_whole(const struct row_file *file, uint64_t at, const struct row_run *run);

/* Open in place the @n rows of @run from its row @at on. Blanked ones stay blank. At most ROW_WALK_MAX. */
void row_run_open(const struct row_file *file, const struct row_run *run, uint32_t at, struct column_row *rows, size_t n);

/* Where in a file one is: begin with row_walk_start. */
struct row_walk {
	struct row_file file;
	struct row_run run;
	uint64_t place;         /* In the file, in rows. */
	uint64_t run_place;     /* Of the head of the run: what is wrong with a run is told by it. */
	uint32_t at;            /* Rows of the run that were met. */
	uint32_t head;          /* Rows of the head that were met; RUN_HEAD_ROWS: all. */
	XXH3_state_t state;     /* Of a run that is met in parts. */
};

void row_walk_start(struct row_walk *walk, struct row_file file);

/* Open in place the next @n rows (ROW_WALK_MAX at most) of the file. Heads and blanked rows become blank ones. False: the run at
 * walk->run_place is not what was written; rows that were opened before belong to it, too. */
bool row_walk_open(struct row_walk *walk, struct column_row *rows, size_t n) MUST_CHECK;

/* All was met: does the file end with its last run? */
bool row_walk_end(const struct row_walk *walk);

#endif
