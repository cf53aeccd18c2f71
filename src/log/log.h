/*
 * log.h: the ordered, durable log: what was appended is the truth, and everything else is derived from it.
 *
 * An entry is bytes. Appending copies it to the pending block and gives it a position; one thread writes pending blocks
 * to segment files, a block a write and a sync, and while it syncs the next block fills: group commit without a timer for
 * whoever waits. What nobody waits for is written within a hundredth of a second.
 * An entry is durable once log_durable has reached its position; nobody may be told "done" before that.
 *
 * Positions are 16 bits of epoch and 48 of byte offset. An epoch begins at each opening, and stands in a file before its
 * first block; so a position is never reused, even when a crash cut off entries whose offset comes again. They grow: a later entry has a greater position.
 *
 * Files: FOLDER/<16 hex digits>.segment of one size, allocated whole and filled with zeros ahead of the writer. A block
 * carries magic, epoch, first position, length, the block before it and an XXH3 of all; an entry, a check of its own. What is known to be
 * on disk is told a second time (mark.h): opening cuts the log at its first bad block only behind that, and only if nothing sound follows.
 * Any other bad block, or a missing file, is ERROR_CORRUPT, and the list of damage (base/damage.h) says where and what to do.
 *
 * A failing sync ends the process at once (what is on disk is then unknown, and only recovery can tell). When no file descriptor is free
 * for the next file, what is pending waits; a file that is finished needs none. A full disk
 * keeps the pending block and refuses new entries with ERROR_FULL until there is room again, for a reserve as well.
 */
#ifndef ATTUNE_LOG_LOG_H
#define ATTUNE_LOG_LOG_H

#include "base/text.h"

enum { LOG_ENTRY_BYTES_MAX = 128 * 1024 };

struct log;

struct log_options {
	const char *folder;
	size_t segment_bytes;     /* Of a new log: 0: 256 MiB. At least 1 MiB. One that is there keeps its own. */
	size_t pending_bytes_max; /* Of a block that fills: 0: 8 MiB, at most a quarter of a segment. */
	size_t reserve_bytes;     /* Of the disk, kept free for what must be written when it is full; 0: none. */
	bool read_only;           /* For verify: nothing is created, cut or written. */
	uint64_t *damaged_at;     /* May be NULL; on ERROR_CORRUPT the offset behind the last sound block. */
};

/*
 * Open the log in @options->folder, creating it when it is not there, and recover its end. Blocks before
 * @checked_from (a position, 0: from the start) are taken as sound. Entries can be read and appended afterwards.
 * A full disk does not keep it from being opened, unless it is new: entries are refused with ERROR_FULL until there is room.
 * Errors: ERROR_IO, ERROR_FULL, ERROR_CORRUPT (damage_found says what), ERROR_MEMORY, ERROR_BUSY (another process has it open, or no
 * descriptor is free).
 */
int log_open(struct log **out, const struct log_options *options, uint64_t checked_from) MUST_CHECK;

/* Write what is pending, stop the writer and close. Waiters that cannot be served are called with ERROR_CLOSED. */
void log_close(struct log *log);

/*
 * Append one entry made of @n parts and write its position to *@position.
 * Errors: ERROR_BUSY (the pending block is full: try again shortly), ERROR_FULL (disk), ERROR_LIMIT (too large),
 * ERROR_CLOSED. Threads: safe; it never waits for the disk.
 */
int log_append(struct log *log, const struct text *parts, size_t n, uint64_t *position) MUST_CHECK;

uint64_t log_durable(const struct log *log); /* Every entry at or before this position is on disk. */
uint64_t log_end(struct log *log);           /* The position of the newest entry, durable or not; 0 when there is none. */

/* Wait until @position is durable. Errors: ERROR_BUSY (not within @timeout_ms), ERROR_FULL (the disk is: it will be, but
 * nobody knows when), ERROR_CLOSED. */
int log_wait(struct log *log, uint64_t position, int timeout_ms) MUST_CHECK;

/* To be called once @position is durable: by the writer thread (keep it short), or at once when it is already; with an
 * error as of log_wait otherwise. */
struct log_waiter {
	uint64_t position;
	void (*call)(struct log_waiter *waiter, int error);
	struct log_waiter *next; /* The log's. */
};
void log_when_durable(struct log *log, struct log_waiter *waiter);

/*
 * The entry at @position: *@entry points into the mapped file, or into @copy (at least LOG_ENTRY_BYTES_MAX, may be NULL
 * when the position is known to be written) when it is still pending. Valid until log_close, the copy until reused.
 * Errors: ERROR_NOT_FOUND (no such position), ERROR_CORRUPT.
 */
int log_read(struct log *log, uint64_t position, char *copy, struct text *entry) MUST_CHECK;

/*
 * Call @each for every entry from position @from on (0: the first; else an entry's own position), in order, up to the
 * end as it was when called. Stops at the first error of @each and returns it.
 * Errors: ERROR_CORRUPT, those of @each.
 */
int log_replay(struct log *log, uint64_t from, int (*each)(void *arg, uint64_t position, struct text entry), void *arg)
	MUST_CHECK;

/*
 * Change entries that are durable, in place and for good: @change may alter the bytes of each of the @n at @positions, which ascend, but
 * not their length. What was there is gone from the files when this returns, also from copies that share them. Cut short by a crash,
 * it is finished by the next log_open. Who reads such an entry meanwhile may see some of both. Threads: one at a time.
 * Errors: ERROR_BUSY (the files are being copied or verified: try later), ERROR_NOT_FOUND (no such entry), ERROR_CORRUPT, ERROR_FULL,
 * ERROR_IO, ERROR_MEMORY; those before the one in question may be changed then.
 */
int log_rewrite(struct log *log, const uint64_t *positions, size_t n, void (*change)(void *arg, uint64_t position, uint8_t *entry, size_t n),
                void *arg) MUST_CHECK;

/*
 * Give up the reserve when the disk is full: what is pending can then be written, before a stop. New entries stay refused
 * until there is room for a reserve again. Does nothing while there is room. Threads: safe.
 */
void log_reserve_spend(struct log *log);

struct log_figures {
	uint64_t commits, bytes, entries, segments;
	uint64_t sync_ns_total, sync_ns_max;
	size_t pending_bytes;
	bool full;
	uint32_t epoch;
};
struct log_figures log_figures(struct log *log);

struct log_copied {
	uint64_t segments, linked, bytes;
	uint64_t last; /* Position of the newest entry, 0: none. */
};

/*
 * Copy the log in folder @from, checked block by block, to the new folder @to, up to where it is sound now. May run beside
 * the process that writes it. Finished files are hard-linked where possible.
 * Errors: ERROR_NOT_FOUND (no log), ERROR_CORRUPT, ERROR_FULL, ERROR_IO, ERROR_MEMORY.
 */
int log_copy(const char *from, const char *to, struct log_copied *out) MUST_CHECK;

/* How often something was given up in this log by log_repair; 0: never. And does @position lie in such a place? */
uint64_t log_gaps(const struct log *log);
bool log_is_gap(struct log *log, uint64_t position);
/* Call @each for every such place, in order: all that was there came before the entries with greater positions. */
void log_gaps_each(struct log *log, void (*each)(void *arg, uint64_t position), void *arg);

/*
 * Entries may lead to earlier ones, and some of these may be gone. A bridge says for the position of one that is gone where to go on: an
 * earlier position, 0: nowhere. Bridges lie in the fillers.
 */
struct log_bridge {
	uint64_t gone, before;
};
/* @position itself, unless it is gone: then what its bridge says, 0 without one. */
uint64_t log_bridged(struct log *log, uint64_t position);
/* Write @n bridges, in the order of gone, in place of those there are. The log in @folder is open nowhere. Errors: ERROR_LIMIT (more than
 * could have been lost), those of log_repair. */
int log_bridges_write(const char *folder, const struct log_bridge *bridges, size_t n) MUST_CHECK;

struct log_repaired {
	uint64_t gaps, bytes; /* Given up. */
};

/*
 * Give up what is damaged in the log in @folder, which nobody may have open, so that it can be opened again: what lies there is copied to
 * files "damaged-OFFSET" in @folder, and fillers take its place. All other entries keep their positions. Sound entries between damaged
 * ones stay. A log without damage is not changed; cut short, it can be done again.
 * Errors: ERROR_NOT_FOUND, ERROR_BUSY, ERROR_CORRUPT (it cannot be told what belongs together), ERROR_FULL, ERROR_IO, ERROR_MEMORY.
 */
int log_repair(const char *folder, struct log_repaired *out) MUST_CHECK;

/* For tests of the durability proof: blocks are written but never synced. */
void log_sync_disable(struct log *log);

#endif
