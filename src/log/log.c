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
	ZERO_AHEAD = 16 * 1024 * 1024, ZERO_STEP = 1024 * 1024, RETRY_MS = 500,
	LAZY_BYTES = 1024 * 1024, LAZY_MS = 10 /* What nobody waits for is written when it is so much, or so old. */
};

/* The table is allocated once, so readers need no lock. */
static void segment_enter(struct log *log, uint64_t index, struct segment segment)
{
	log->segments[index] = segment;
	if (log->segments_n <= index)
		log->segments_n = index + 1;
}

/* Open or create segment @index and enter it in the table. */
static int segment_add(struct log *log, uint64_t index, bool create)
{
	if (index >= SEGMENTS_MAX)
		return ERROR_LIMIT;
	if (log->segments[index].map)
		return 0;
	struct segment segment;
	int error = segment_open(&segment, log->folder, index, log->options.segment_bytes, create, log->options.read_only);
	if (error)
		return error;
	segment_enter(log, index, segment);
	return 0;
}

/* ---- appending ---- */

/* The offset at which a block may start after @offset, so that a block of any size fits into its segment. */
static uint64_t block_start(const struct log *log, uint64_t offset)
{
	uint64_t segment = log->options.segment_bytes, room = BLOCK_HEAD_BYTES + log->options.pending_bytes_max;
	uint64_t index = offset / segment;
	if (offset % segment == 0)
		return offset + SEGMENT_HEAD_BYTES;
	return (index + 1) * segment - offset >= room ? offset : (index + 1) * segment + SEGMENT_HEAD_BYTES;
}

static void block_begin(struct block *block, uint64_t offset)
{
	block->used = 0;
	block->entries = 0;
	block->last = 0;
	block->offset = offset;
	block->waiters = NULL;
}

/* So much is written though nobody waits: long before the block is full. */
static size_t lazy_bytes(const struct log *log)
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
	if (!log->writing && (block->entries == 1 || block->used >= lazy_bytes(log)))
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
		else if (!log->writing || position > log->writing->last)
			want(log);
		if (!error && position > log_durable(log) && pthread_cond_timedwait(&log->done, &log->lock, &until) == ETIMEDOUT)
			error = position > log_durable(log) ? ERROR_BUSY : 0;
	}
	pthread_mutex_unlock(&log->lock);
	return error;
}

/* ---- the writer ---- */

/* Open or create the segment of @block. Lock held, but not while the file is made: appending goes on. */
static int segment_make(struct log *log, const struct block *block)
{
	uint64_t index = block->offset / log->options.segment_bytes;
	struct segment segment;
	if (index >= SEGMENTS_MAX)
		return ERROR_LIMIT;
	if (log->segments[index].map)
		return 0;
	pthread_mutex_unlock(&log->lock);
	int error = segment_open(&segment, log->folder, index, log->options.segment_bytes, true, false);
	pthread_mutex_lock(&log->lock);
	if (!error)
		segment_enter(log, index, segment);
	return error;
}

/* Make sure that the segment and the zeros for @block are there. Waits for the zero filler where it is at work. */
static int room_make(struct log *log, const struct block *block)
{
	int error = segment_make(log, block);
	if (error)
		return error;
	uint64_t end = block->offset + BLOCK_HEAD_BYTES + block->used;
	while (log->zeroing && end > log->zeroing_from) {
		pthread_cond_wait(&log->done, &log->lock);
		end = block->offset + BLOCK_HEAD_BYTES + block->used;
	}
	if (log->zeroed < end)
		log->zeroed = end; /* Ahead of the filler: the block itself takes its place. */
	log->figures.segments = log->segments_n;
	return 0;
}

static void block_seal(struct log *log, struct block *block)
{
	struct block_head head = {
		.magic = BLOCK_MAGIC, .first = log->epoch << 48 | (block->offset + BLOCK_HEAD_BYTES), .previous = log->previous_first,
		.length = (uint32_t)block->used, .entries = block->entries, .last = block->last,
	};
	head.hash = block_hash(&head, block->bytes + BLOCK_HEAD_BYTES);
	memcpy(block->bytes, &head, sizeof head);
	log->previous_first = head.first;
}

/* What a failed write or sync left on disk nobody knows: end at once, and let recovery find out. */
static _Noreturn void fail(const char *what)
{
	report(REPORT_ERROR, "log_sync_failed", "%s (%s): stopping at once; start again to recover.", what, strerror(errno));
	_exit(70);
}

/* Sleep a little while the disk is full, and say so to whoever appends. Lock held. */
static void full_wait(struct log *log)
{
	struct timespec until = clock_deadline(RETRY_MS);
	if (!log->full)
		report(REPORT_ERROR, "disk_full", "The disk is full: new events are refused until there is room again.");
	log->full = true;
	pthread_cond_timedwait(&log->work, &log->lock, &until);
}

/*
 * Write and sync @block, which the writer owns. A full disk is waited for: the same bytes go to the same place again.
 * False when the log is closed and the disk is still full.
 */
static bool block_write(struct log *log, struct block *block)
{
	struct segment *segment = segment_at(log, block->offset);
	size_t at = (size_t)(block->offset % log->options.segment_bytes);
	assert(segment && at + BLOCK_HEAD_BYTES + block->used <= segment->bytes);
	int error;
	for (;;) {
		/* The epoch stands in its file before a block carries it, so that it is never given again: not even when that
		 * block is torn and cut. */
		error = log->epoch_kept ? 0 : epoch_write(log->folder, log->epoch, !log->sync_off);
		log->epoch_kept = !error;
		if (!error)
			error = segment_write(segment, block->bytes, BLOCK_HEAD_BYTES + block->used, at);
		if (error != ERROR_FULL)
			break;
		pthread_mutex_lock(&log->lock);
		bool stop = log->stopping;
		if (!stop)
			full_wait(log);
		pthread_mutex_unlock(&log->lock);
		if (stop)
			return false;
	}
	uint64_t begun = clock_monotonic_ns();
	if (!error)
		atomic_store_explicit(&log->written, block->offset + BLOCK_HEAD_BYTES + block->used, memory_order_release);
	if (error || (!log->sync_off && fdatasync(segment->file) != 0))
		fail("Writing the log failed");
	uint64_t ns = clock_monotonic_ns() - begun;
	pthread_mutex_lock(&log->lock);
	log->figures.sync_ns_total += ns;
	if (ns > log->figures.sync_ns_max)
		log->figures.sync_ns_max = ns;
	pthread_mutex_unlock(&log->lock);
	return true;
}

static struct log_waiter *waiters_take(struct block *block)
{
	struct log_waiter *waiters = block->waiters;
	block->waiters = NULL;
	return waiters;
}

static void waiters_call(struct log_waiter *waiter, int error)
{
	while (waiter) {
		struct log_waiter *next = waiter->next;
		waiter->call(waiter, error);
		waiter = next;
	}
}

/* Hand the filling block to the writer and begin the next one behind it. Lock held. */
static struct block *block_hand_over(struct log *log)
{
	struct block *block = log->filling;
	log->filling = block == &log->blocks[0] ? &log->blocks[1] : &log->blocks[0];
	block_begin(log->filling, block_start(log, block->offset + BLOCK_HEAD_BYTES + block->used));
	log->writing = block;
	log->wanted = false;
	return block;
}

/* Wait until there is something to write, and a reason to write it now. Lock held. */
static void work_wait(struct log *log)
{
	struct timespec until;
	while (log->filling->entries == 0 && !log->stopping)
		pthread_cond_wait(&log->work, &log->lock);
	until = clock_deadline(LAZY_MS);
	while (!log->wanted && !log->stopping && log->filling->used < lazy_bytes(log))
		if (pthread_cond_timedwait(&log->work, &log->lock, &until) == ETIMEDOUT)
			break;
}

static void *writer_run(void *arg)
{
	struct log *log = arg;
	pthread_mutex_lock(&log->lock);
	for (;;) {
		work_wait(log);
		if (log->filling->entries == 0)
			break;
		int error = room_make(log, log->filling);
		if (error == ERROR_FULL && !log->stopping) {
			full_wait(log);
			continue;
		}
		if (error == ERROR_FULL)
			break; /* Closed while the disk is full: what was not written was not acknowledged. */
		if (error)
			fail("No new segment of the log");
		struct block *block = block_hand_over(log);
		pthread_mutex_unlock(&log->lock);
		block_seal(log, block);
		bool is_written = block_write(log, block);
		pthread_mutex_lock(&log->lock);
		if (!is_written)
			break;
		log->full = false;
		atomic_store_explicit(&log->durable, block->last, memory_order_release);
		log->figures.commits++;
		log->figures.bytes += BLOCK_HEAD_BYTES + block->used;
		log->writing = NULL;
		struct log_waiter *waiters = waiters_take(block);
		pthread_cond_broadcast(&log->done);
		pthread_mutex_unlock(&log->lock);
		waiters_call(waiters, 0);
		pthread_mutex_lock(&log->lock);
	}
	pthread_mutex_unlock(&log->lock);
	return NULL;
}

/* Keeps ZERO_AHEAD bytes of zeros before the writer, and the next segment ready. */
static void *zeroer_run(void *arg)
{
	struct log *log = arg;
	pthread_mutex_lock(&log->lock);
	while (!log->stopping) {
		uint64_t segment_bytes = log->options.segment_bytes, written = log->filling->offset;
		uint64_t index = log->zeroed / segment_bytes, segment_end = (index + 1) * segment_bytes;
		if (log->zeroed > written + ZERO_AHEAD || log->zeroed == segment_end || !segment_at(log, log->zeroed)) {
			pthread_cond_wait(&log->done, &log->lock);
			continue;
		}
		uint64_t from = log->zeroed, to = from + ZERO_STEP < segment_end ? from + ZERO_STEP : segment_end;
		struct segment *segment = segment_at(log, from);
		log->zeroing = true;
		log->zeroed = to;
		log->zeroing_from = from;
		pthread_mutex_unlock(&log->lock);
		int error = segment_zero(segment, (size_t)(from % segment_bytes), (size_t)(from % segment_bytes + (to - from)));
		pthread_mutex_lock(&log->lock);
		log->zeroing = false;
		pthread_cond_broadcast(&log->done);
		if (error == ERROR_FULL) { /* Blocks take the place of the zeros; the next commit wakes us for another try. */
			report(REPORT_WARNING, "log_zero_failed", "Filling the log ahead failed: %s", error_sentence(error));
			pthread_cond_wait(&log->done, &log->lock);
		} else if (error) {
			fail("Filling the log ahead failed"); /* The sync that failed may have been that of an event. */
		}
	}
	pthread_mutex_unlock(&log->lock);
	return NULL;
}

/* ---- opening and closing ---- */

/* Open the segments, which must be there without a gap. */
static int segments_open(struct log *log)
{
	int error = 0;
	for (uint64_t index = 0; !error; index++)
		error = segment_add(log, index, false);
	if (error != ERROR_NOT_FOUND)
		return error;
	size_t n;
	error = segments_count(log->folder, &n);
	return error ? error : n == log->segments_n ? 0 : ERROR_CORRUPT;
}

/* Find the end of the log from @checked_from on, and begin a new epoch behind it. */
static int recover(struct log *log, uint64_t checked_from)
{
	struct block_head last = {0};
	uint64_t at = SEGMENT_HEAD_BYTES, end = 0, kept = epoch_read(log->folder);
	int error = segments_open(log);
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
	if (log->options.read_only)
		return 0;
	log->lock_file = openat(log->folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (log->lock_file < 0)
		return ERROR_IO;
	return flock(log->lock_file, LOCK_EX | LOCK_NB) == 0 ? 0 : ERROR_BUSY;
}

static void options_complete(struct log_options *options)
{
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

static int threads_start(struct log *log)
{
	if (pthread_create(&log->writer, NULL, writer_run, log) != 0)
		return ERROR_MEMORY;
	if (pthread_create(&log->zeroer, NULL, zeroer_run, log) != 0) {
		pthread_mutex_lock(&log->lock);
		log->stopping = true;
		pthread_cond_broadcast(&log->work);
		pthread_mutex_unlock(&log->lock);
		pthread_join(log->writer, NULL);
		return ERROR_MEMORY;
	}
	log->threads_run = true;
	return 0;
}

static void log_free(struct log *log)
{
	for (size_t i = 0; i < log->segments_n; i++)
		segment_close(&log->segments[i]);
	if (log->lock_file >= 0)
		close(log->lock_file);
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
	log->folder = log->lock_file = -1;
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
		error = segment_add(log, log->filling->offset / log->options.segment_bytes, true);
	if (!error && !log->options.read_only)
		error = threads_start(log);
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
