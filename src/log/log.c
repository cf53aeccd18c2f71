/*
 * log.c: appending, the writer, reading.
 *
 * Two pending blocks: one fills under the lock, the other is with the writer. What follows a block is known the moment
 * it is handed over, so entries get their final positions while the block before them is still being synced.
 */
#include "log/internal.h"

#include "base/clock.h"
#include "base/folder.h"
#include "base/memory.h"
#include "base/report.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SEGMENT_BYTES = 256 * 1024 * 1024, SEGMENT_BYTES_MIN = 1024 * 1024, PENDING_BYTES = 8 * 1024 * 1024,
	LAZY_BYTES = 1024 * 1024 /* What nobody waits for is written when it is so much. */
};

/* The table is allocated once, so readers need no lock. */
void segment_enter(struct log *log, uint64_t index, struct segment segment)
{
	log->segments[index] = segment;
	if (log->segments_n <= index)
		log->segments_n = index + 1;
}

/* Open or create segment @index and enter it in the table. */
int segment_add(struct log *log, uint64_t index, enum segment_mode mode)
{
	if (index >= SEGMENTS_MAX)
		return ERROR_LIMIT;
	if (log->segments[index].map)
		return 0;
	struct segment segment;
	int error = segment_open(&segment, log->folder, index, log->options.segment_bytes, mode);
	if (error)
		return error;
	segment_enter(log, index, segment);
	return 0;
}

/* ---- appending ---- */

/* The offset at which a block may start after @offset, so that a block of any size fits into its segment. */
uint64_t block_start(const struct log *log, uint64_t offset)
{
	uint64_t segment = log->options.segment_bytes, room = BLOCK_HEAD_BYTES + log->options.pending_bytes_max;
	uint64_t index = offset / segment;
	if (offset % segment == 0)
		return offset + SEGMENT_HEAD_BYTES;
	return (index + 1) * segment - offset >= room ? offset : (index + 1) * segment + SEGMENT_HEAD_BYTES;
}

void block_begin(struct block *block, uint64_t offset)
{
	block->used = 0;
	block->entries = 0;
	block->last = 0;
	block->offset = offset;
	block->waiters = NULL;
}

/* So much is written though nobody waits: long before the block is full. */
size_t block_lazy_bytes(const struct log *log)
{
	size_t quarter = log->options.pending_bytes_max / 4;
	return quarter < LAZY_BYTES ? quarter : LAZY_BYTES;
}

int log_append(struct log *log, const struct text *parts, size_t n, uint64_t *position)
{
	size_t bytes = 0;
	for (size_t i = 0; i < n; i++)
		bytes += parts[i].n;
	if (bytes == 0 || bytes > LOG_ENTRY_BYTES_MAX)
		return ERROR_LIMIT;
	size_t whole = (ENTRY_HEAD_BYTES + bytes + 7) & ~(size_t)7;
	pthread_mutex_lock(&log->lock);
	struct block *block = log->filling;
	int error = log->stopping ? ERROR_CLOSED : log->full ? ERROR_FULL :
	            block->used + whole > log->options.pending_bytes_max ? ERROR_BUSY : 0;
	if (error) {
		pthread_mutex_unlock(&log->lock);
		return error;
	}
	struct entry_head head = {.length = (uint32_t)bytes,
	                          .position = log->epoch << 48 | (block->offset + BLOCK_HEAD_BYTES + block->used)};
	uint8_t *p = block->bytes + BLOCK_HEAD_BYTES + block->used, *start = p;
	memcpy(p, &head, sizeof head);
	p += sizeof head;
	for (size_t i = 0; i < n; i++) {
		if (parts[i].n)
			memcpy(p, parts[i].p, parts[i].n);
		p += parts[i].n;
	}
	memset(p, 0, whole - (size_t)(p - start));
	block->used += whole;
	block->entries++;
	block->last = log->end = head.position;
	log->figures.entries++;
	if (!log->writing && (block->entries == 1 || block->used >= block_lazy_bytes(log)))
		pthread_cond_signal(&log->work);
	pthread_mutex_unlock(&log->lock);
	*position = head.position;
	return 0;
}

uint64_t log_durable(const struct log *log)
{
	return atomic_load_explicit(&log->durable, memory_order_acquire);
}

uint64_t log_end(struct log *log)
{
	pthread_mutex_lock(&log->lock);
	uint64_t end = log->end;
	pthread_mutex_unlock(&log->lock);
	return end;
}

/* Somebody waits for the filling block: it is written as soon as the one before it is. Lock held. */
static void want(struct log *log)
{
	if (log->wanted)
		return;
	log->wanted = true;
	if (!log->writing)
		pthread_cond_signal(&log->work);
}

void log_when_durable(struct log *log, struct log_waiter *waiter)
{
	int error = 0;
	pthread_mutex_lock(&log->lock);
	bool now = waiter->position <= log_durable(log);
	if (!now && log->stopping && !log->threads_run) {
		now = true;
		error = ERROR_CLOSED;
	} else if (!now && log->full && !log->spent) {
		now = true;
		error = ERROR_FULL;
	}
	if (!now) {
		struct block *block = log->writing && waiter->position <= log->writing->last ? log->writing : log->filling;
		if (block == log->filling)
			want(log);
		waiter->next = block->waiters;
		block->waiters = waiter;
	}
	pthread_mutex_unlock(&log->lock);
	if (now)
		waiter->call(waiter, error);
}

int log_wait(struct log *log, uint64_t position, int timeout_ms)
{
	struct timespec until;
	int error = 0;
	if (position <= log_durable(log))
		return 0;
	until = clock_deadline(timeout_ms);
	pthread_mutex_lock(&log->lock);
	while (position > log_durable(log) && !error) {
		if (log->stopping && !log->threads_run)
			error = ERROR_CLOSED;
		else if (log->full && !log->spent)
			error = ERROR_FULL;
		else if (!log->writing || position > log->writing->last)
			want(log);
		if (!error && position > log_durable(log) && pthread_cond_timedwait(&log->done, &log->lock, &until) == ETIMEDOUT)
			error = position > log_durable(log) ? ERROR_BUSY : 0;
	}
	pthread_mutex_unlock(&log->lock);
	return error;
}

/* ---- waiters ---- */

struct log_waiter *waiters_take(struct block *block)
{
	struct log_waiter *waiters = block->waiters;
	block->waiters = NULL;
	return waiters;
}

void waiters_call(struct log_waiter *waiter, int error)
{
	while (waiter) {
		struct log_waiter *next = waiter->next;
		waiter->call(waiter, error);
		waiter = next;
	}
}

/* ---- opening and closing ---- */

/* Open the segments, which must be there without a gap. Beside a writer, one may appear meanwhile: then once more. */
static int segments_open(struct log *log)
{
	size_t n = 0;
	for (int tries = 0; tries < 2; tries++) {
		int error = 0;
		for (uint64_t index = log->segments_n; !error; index++)
			error = segment_add(log, index, log->options.read_only ? SEGMENT_READ : SEGMENT_OPEN);
		if (error == ERROR_NOT_FOUND)
			error = segments_count(log->folder, &n);
		if (error || n == log->segments_n)
			return error;
	}
	return ERROR_CORRUPT;
}

/* Find the end of the log from @checked_from on, and begin a new epoch behind it. */
static int recover(struct log *log, uint64_t checked_from)
{
	struct block_head last = {0};
	uint64_t at = SEGMENT_HEAD_BYTES, end = 0, kept = epoch_read(log->folder);
	int error = segments_open(log);
	if (!error)
		error = rewrite_finish(log);
	if (error)
		return error;
	if (checked_from)
		error = block_find(log, checked_from, &at);
	if (error)
		return error == ERROR_NOT_FOUND ? ERROR_CORRUPT : error;
	error = blocks_walk(log, at, UINT64_MAX, 0, NULL, NULL, &last, &end);
	if (log->options.damaged_at)
		*log->options.damaged_at = end;
	if (error)
		return error;
	if (checked_from && last.last < checked_from)
		return ERROR_CORRUPT; /* A snapshot that is ahead of the log. */
	log->epoch = (last.first >> 48 > kept ? last.first >> 48 : kept) + 1;
	if (log->epoch > UINT16_MAX)
		return ERROR_LIMIT;
	log->previous_first = last.first;
	log->end = last.last;
	atomic_store(&log->durable, last.last);
	atomic_store(&log->written, end > SEGMENT_HEAD_BYTES ? end : 0);
	block_begin(log->filling, end > SEGMENT_HEAD_BYTES ? block_start(log, end) : SEGMENT_HEAD_BYTES);
	log->zeroed = log->filling->offset;
	log->figures.epoch = (uint32_t)log->epoch;
	log->figures.segments = log->segments_n;
	return 0;
}

static int folder_open(struct log *log)
{
	const char *path = log->options.folder;
	int error = log->options.read_only ? 0 : folder_make(path);
	if (error)
		return error;
	log->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (log->folder < 0)
		return errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO;
	log->reading_lock = log->options.read_only ? rewrite_lock(log->folder, false) : -1;
	if (log->options.read_only)
		return 0;
	log->lock_file = openat(log->folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (log->lock_file < 0)
		return ERROR_IO;
	if (flock(log->lock_file, LOCK_EX | LOCK_NB) != 0)
		return ERROR_BUSY;
	int rewriting = rewrite_lock(log->folder, true); /* So that the file is there for whoever reads. */
	if (rewriting >= 0)
		close(rewriting);
	return rewriting == ERROR_IO ? ERROR_IO : 0;
}

/* All files have the size of the first; 0 when there is none. */
static size_t segment_bytes_of(const char *folder)
{
	char first[4200];
	struct stat status;
	snprintf(first, sizeof first, "%s/%016x.segment", folder, 0);
	return stat(first, &status) == 0 ? (size_t)status.st_size : 0;
}

static void options_complete(struct log_options *options)
{
	if (options->segment_bytes == 0 && options->read_only)
		options->segment_bytes = segment_bytes_of(options->folder);
	if (options->segment_bytes == 0)
		options->segment_bytes = SEGMENT_BYTES;
	if (options->segment_bytes < SEGMENT_BYTES_MIN)
		options->segment_bytes = SEGMENT_BYTES_MIN;
	options->segment_bytes &= ~(size_t)4095;
	if (options->pending_bytes_max == 0)
		options->pending_bytes_max = PENDING_BYTES;
	if (options->pending_bytes_max > options->segment_bytes / 4)
		options->pending_bytes_max = options->segment_bytes / 4;
	assert(options->pending_bytes_max >= LOG_ENTRY_BYTES_MAX + ENTRY_HEAD_BYTES + 8);
}

/* A disk with no room for the reserve is full already: nothing is taken until there is room. */
static int reserve_first(struct log *log)
{
	int error = log->options.reserve_bytes ? reserve_make(log->folder, log->options.reserve_bytes) : 0;
	log->reserved = !error && log->options.reserve_bytes;
	log->full = error == ERROR_FULL;
	if (log->full)
		report(REPORT_ERROR, "disk_full", "There is no room for the reserve of %zu MiB: new events are refused until there is.",
		       log->options.reserve_bytes >> 20);
	return log->full ? 0 : error;
}

static void log_free(struct log *log)
{
	for (size_t i = 0; i < log->segments_n; i++)
		segment_close(&log->segments[i]);
	if (log->lock_file >= 0)
		close(log->lock_file);
	if (log->reading_lock >= 0)
		close(log->reading_lock);
	if (log->folder >= 0)
		close(log->folder);
	memory_free(log->segments);
	memory_free(log->blocks[0].bytes);
	memory_free(log->blocks[1].bytes);
	pthread_mutex_destroy(&log->lock);
	pthread_cond_destroy(&log->work);
	pthread_cond_destroy(&log->done);
	memory_free(log);
}

int log_open(struct log **out, const struct log_options *options, uint64_t checked_from)
{
	struct log *log = memory_zero_alloc(1, sizeof *log);
	if (!log)
		return ERROR_MEMORY;
	log->options = *options;
	options_complete(&log->options);
	log->folder = log->lock_file = log->reading_lock = -1;
	pthread_mutex_init(&log->lock, NULL);
	pthread_cond_init(&log->work, NULL);
	pthread_cond_init(&log->done, NULL);
	log->filling = &log->blocks[0];
	log->segments = memory_zero_alloc(SEGMENTS_MAX, sizeof *log->segments);
	int error = log->segments ? 0 : ERROR_MEMORY;
	for (size_t i = 0; i < 2 && !error; i++) {
		log->blocks[i].bytes = memory_alloc(BLOCK_HEAD_BYTES + log->options.pending_bytes_max);
		if (!log->blocks[i].bytes)
			error = ERROR_MEMORY;
	}
	if (!error)
		error = folder_open(log);
	if (!error)
		error = recover(log, checked_from);
	if (!error && !log->options.read_only)
		error = segment_add(log, log->filling->offset / log->options.segment_bytes, SEGMENT_WHOLE);
	if (!error && !log->options.read_only)
		error = reserve_first(log);
	if (!error && !log->options.read_only)
		error = log_threads_start(log);
	if (error) {
		log_free(log);
		return error;
	}
	*out = log;
	return 0;
}

void log_close(struct log *log)
{
	if (!log)
		return;
	if (log->threads_run) {
		pthread_mutex_lock(&log->lock);
		log->stopping = true;
		pthread_cond_broadcast(&log->work);
		pthread_cond_broadcast(&log->done);
		pthread_mutex_unlock(&log->lock);
		pthread_join(log->writer, NULL);
		pthread_join(log->zeroer, NULL);
		pthread_mutex_lock(&log->lock);
		log->threads_run = false;
		struct log_waiter *left = waiters_take(log->filling), *unwritten = log->writing ? waiters_take(log->writing) : NULL;
		pthread_cond_broadcast(&log->done);
		pthread_mutex_unlock(&log->lock);
		waiters_call(unwritten, ERROR_CLOSED);
		waiters_call(left, ERROR_CLOSED);
	}
	log_free(log);
}

struct log_figures log_figures(struct log *log)
{
	pthread_mutex_lock(&log->lock);
	struct log_figures figures = log->figures;
	figures.pending_bytes = log->filling->used;
	figures.full = log->full;
	pthread_mutex_unlock(&log->lock);
	return figures;
}

void log_sync_disable(struct log *log)
{
	log->sync_off = true;
}
