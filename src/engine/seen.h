/*
 * seen.h: the hashes of messageIds on disk, so that a start need not read the log of a day to know which messages were seen.
 *
 * A file an hour of receipt (receipt.h), FOLDER/HOUR.hashes, 8 bytes a message, in no order. Each pass of snapshots appends what came into
 * the log since the pass before; how many in each file count is kept by the caller's store, with the position up to which they
 * cover the log. What is behind that is read from the log itself. All of it can be derived from the log again.
 */
#ifndef ATTUNE_ENGINE_SEEN_H
#define ATTUNE_ENGINE_SEEN_H

#include "engine/dedupe.h"
#include "log/log.h"

struct seen;

/* How many hashes of an hour count, and the sum of them, each stirred: a changed one changes it. */
struct seen_length {
	uint64_t n, sum;
};

/* Open @folder, creating it. Errors: ERROR_IO, ERROR_MEMORY. */
int seen_open(struct seen **out, const char *folder) MUST_CHECK;
void seen_close(struct seen *seen);

/* At opening: hashes of @hour (of received_ms) count. Errors: ERROR_CORRUPT (there is no such hour), ERROR_MEMORY. */
int seen_restore(struct seen *seen, int64_t hour, struct seen_length length) MUST_CHECK;

/* At opening: note all that count and were received at @since_ms or later in @dedupe. Errors: ERROR_CORRUPT (other than count: entered in damage.h),
 * ERROR_IO, ERROR_MEMORY. */
int seen_load(const struct seen *seen, struct dedupe *dedupe, int64_t since_ms) MUST_CHECK;

/* Nothing counts any more: the next flush, from the start of the log, writes all anew. */
void seen_reset(struct seen *seen);

/*
 * Append the hashes of the records of @log behind @after (a position that is covered; 0: from the start) up to @until, durably, and call
 * @hour_is with the new length of each hour that grew; those received before @since_ms are dropped, and called with 0. They count once
 * seen_flushed says that the lengths are durable. Errors: ERROR_IO, ERROR_FULL, ERROR_MEMORY, ERROR_CORRUPT, those of @hour_is.
 */
int seen_flush(struct seen *seen, struct log *log, uint64_t after, uint64_t until, int64_t since_ms,
               int (*hour_is)(void *arg, int64_t hour, struct seen_length length), void *arg) MUST_CHECK;
void seen_flushed(struct seen *seen);

#endif
