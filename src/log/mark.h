/*
 * mark.h: what is known to be on disk, told a second time: the end of the log, and what there should be.
 *
 * Private to log/. A block says that it is sound, and by the one behind it that it was durable; of the last one nothing says that. A mark
 * does: it is written when the sync of a block has returned (of a stream of blocks, every 50 ms), and is durable with the next block or half
 * a second later. A bad block
 * before the mark is damage; one behind it was torn by a crash.
 *
 * A mark has no hash of its block, because taking entries out changes that; a position is never given twice, so it says which block.
 */
#ifndef ATTUNE_LOG_MARK_H
#define ATTUNE_LOG_MARK_H

#include "log/segment.h"

struct mark {
	uint64_t magic;
	uint64_t counter;  /* Within the segment: says which of the two places is its own. */
	uint64_t first;    /* Position of the first entry of the last durable block. */
	uint64_t last;     /* Position of its last entry. */
	uint64_t end;      /* Offset in the log behind it. */
	uint64_t gaps;     /* How often something was given up (log_repair), and fillers took its place. */
	uint64_t reserved;
	uint64_t hash;
};

/* Write @mark to the next place in @segment. Errors: as segment_write. */
int segment_mark_write(struct segment *segment, const struct mark *mark) MUST_CHECK;

/*
 * The newest sound mark in @segment; all zero without one. *@bad_at: the offset of a place whose mark is damaged or gone, 0 when there is
 * none. Sets the counter of the next mark.
 */
struct mark segment_mark_read(struct segment *segment, size_t *bad_at);

/*
 * The file "epoch": the greatest epoch that was ever in use, and how many segments there should be. Two copies, written in turn.
 */
struct kept {
	uint64_t magic, counter;
	uint64_t epoch;
	uint64_t segments; /* There are at least so many. */
	uint64_t reserved[3];
	uint64_t hash;
};

/* Open it: -1 when it is not there (and @make is not set) or cannot be opened. */
int kept_open(int folder, bool make);

/* What @file says; all zero when nothing in it is sound. Errors: ERROR_IO: it may say more than could be read. */
int kept_read(int file, struct kept *kept) MUST_CHECK;

/* Write it to the other place, and sync. Errors: ERROR_FULL, ERROR_IO. */
int kept_write(int file, struct kept *kept, bool sync) MUST_CHECK;

#endif
