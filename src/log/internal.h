/*
 * internal.h: what the files of log/ share: the state of an open log. Nobody else includes it.
 */
#ifndef ATTUNE_LOG_INTERNAL_H
#define ATTUNE_LOG_INTERNAL_H

#include "log/log.h"
#include "log/mark.h"

#include "base/damage.h"

#include <pthread.h>
#include <stdatomic.h>

enum { SEGMENTS_MAX = 1 << 20 };

#define OFFSET_MASK (((uint64_t)1 << 48) - 1)

struct block {
	uint8_t *bytes;             /* A block head and the entries. */
	size_t used;                /* Of the entries. */
	uint64_t offset;            /* Where the head will lie in the log. */
	uint64_t last;
	uint32_t entries;
	struct log_waiter *waiters;
};

struct log {
	struct log_options options; /* Its folder only while it is being opened: the text is the caller's. */
	char name[64];              /* Of its folder in the data folder: "log", "configuration". */
	int folder, lock_file;
	int kept_file;              /* "epoch"; the writer's once there is one. */
	struct kept kept;
	bool folder_synced;         /* The writer's: the name of that file is durable. */
	int reading_lock;           /* Of read_only: nothing is rewritten meanwhile; negative: nothing ever was. */
	uint64_t epoch;
	struct mark mark;           /* Of the last block that is known to be on disk; while open, the writer's. */
	uint64_t gaps;              /* As in the mark. */
	uint64_t marked_end;        /* What the marks said when it was opened. */
	bool mark_is_bad;           /* Found damaged when it was opened. */
	bool mark_unwritten;        /* The writer's: the newest mark is in memory alone. */
	uint64_t marked_ns;         /* The writer's: when one was written last. */
	bool mark_due;              /* The writer's: it is written, but no sync has followed. */

	pthread_mutex_t lock;       /* Protects everything below but segments' content and durable. */
	pthread_cond_t work, done;  /* For the writer; for log_wait and the zero filler. */
	struct block blocks[2];
	struct block *filling, *writing; /* writing is NULL while the writer is idle. */
	uint64_t previous_first;    /* Of the last block handed to the writer. */
	uint64_t end;               /* Position of the newest entry. */
	struct segment *segments;   /* segments[i] is segment number i; no map: not open. */
	size_t segments_n;
	uint64_t zeroed;            /* Offset up to which the current segment is filled with zeros, or is being filled ... */
	uint64_t zeroing_from;      /* ... from here on, while zeroing. */
	bool wanted;                /* Somebody waits for an entry of the filling block. */
	bool zeroing, full, stopping;
	bool reserved, spent;       /* The file of the reserve is there; was given up for what is pending. */
	unsigned closing_tries;     /* The writer's: for a file, since the log was told to close. */
	bool waiting_for_file;      /* The writer's: it was said that no descriptor is free. */
	bool checks_all;            /* Opening checks every block, also those that are taken as sound otherwise. */
	_Atomic bool sync_off;
	_Atomic uint64_t rewrites;  /* Odd while images of blocks are being written over them. */
	struct log_figures figures;

	_Atomic uint64_t durable;
	_Atomic uint64_t written;   /* Offset up to which the mapped files hold entries. */
	pthread_t writer, zeroer;
	bool threads_run;
};

/* The open segment that holds @offset, NULL without. */
static inline struct segment *segment_at(struct log *log, uint64_t offset)
{
	uint64_t index = offset / log->options.segment_bytes;
	return index < SEGMENTS_MAX && log->segments[index].map ? &log->segments[index] : NULL;
}

/*
 * Walk blocks from offset @at. Calls @each (may be NULL) and leaves in @last the head of the last sound block and in
 * *@end the offset behind it. Returns 0 where blocks end properly, ERROR_CORRUPT where one is bad before the last segment.
 */
int blocks_walk(struct log *log, uint64_t at, uint64_t until, uint64_t from, int (*each)(void *, uint64_t, struct text), void *arg,
                struct block_head *last, uint64_t *end) MUST_CHECK;

/* The sound block at @at that goes on from @last; NULL without. */
const struct block_head *block_next(struct log *log, uint64_t at, const struct block_head *last);

/* The offset of the block that holds the entry at @position: walks the blocks of its segment. */
int block_find(struct log *log, uint64_t position, uint64_t *at) MUST_CHECK;

/* ---- log.c ---- */

uint64_t block_start(const struct log *log, uint64_t offset); /* Where a block may start behind @offset. */
void block_begin(struct block *block, uint64_t offset);
size_t block_lazy_bytes(const struct log *log);               /* So much is written though nobody waits. */
struct log_waiter *waiters_take(struct block *block);
void waiters_call(struct log_waiter *waiter, int error);

/* ---- open.c ---- */

/* Open or create segment @index, and enter it in the table. Errors: those of segment_open, ERROR_LIMIT. */
int segment_add(struct log *log, uint64_t index, enum segment_mode mode) MUST_CHECK;
void segment_enter(struct log *log, uint64_t index, struct segment segment);
/* A log without threads, its segments open and its mark known; @repair: what is missing is made. Free it in any case. */
int log_prepare(struct log **out, const struct log_options *options, bool repair) MUST_CHECK;
void log_free(struct log *log);

/* ---- rot.c ---- */

/* Damage to the log: from @at to @next_at nothing is sound. */
struct gap {
	uint64_t at, next_at;
	struct block_head last;   /* The last sound block before it; all zero without. */
	uint64_t previous;        /* What the block behind it names as the one before it. */
	uint64_t last_position;   /* When nothing sound follows: that of the last entry by the mark; else 0. */
	bool is_followed;         /* There is a sound block at next_at. */
};

/* Walk the log from offset @at and call @each for each gap; what a crash tore at the end is none. Errors: those of @each. */
int gaps_walk(struct log *log, uint64_t at, int (*each)(void *arg, const struct gap *gap), void *arg) MUST_CHECK;
void gaps_name(struct log *log, uint64_t at); /* Enter each in the list of damage. */
/* Enter damage at offset @at of file @index of the log in the list. */
void log_damage(const struct log *log, uint64_t index, uint64_t at, enum damage_effect effect, const char *remedy, const char *format, ...)
	__attribute__((format(printf, 6, 7)));
void log_file_damage(const struct log *log, const char *file, enum damage_effect effect, const char *remedy, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
const char *log_remedy(const struct log *log); /* What to do about events that are lost. */

/* ---- rewrite.c ---- */

/* Finish what a crash cut short; the segments are open. Errors: ERROR_CONFLICT (there is something to finish, and this is read_only), those
 * of log_rewrite. */
int rewrite_finish(struct log *log) MUST_CHECK;
/* Lock @folder against rewriting, or for it alone: a file to close. Errors: ERROR_BUSY (@alone: somebody reads), ERROR_IO. */
int rewrite_lock(int folder, bool alone);

/* ---- write.c ---- */

int log_threads_start(struct log *log) MUST_CHECK;

#endif
