/*
 * write.c: the two threads behind an open log: one writes blocks, one fills files with zeros ahead of it.
 *
 * A full disk is waited for, and while it lasts nothing new is taken. So that stopping and erasing can write even then, a
 * file of reserve_bytes keeps room for them: it is given up by log_reserve_spend, and made again before anything new is
 * taken.
 */
#include "log/internal.h"

#include "base/clock.h"
#include "base/report.h"
#include "base/thread.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	ZERO_AHEAD = 16 * 1024 * 1024, ZERO_STEP = 1024 * 1024, RETRY_MS = 500,
	LAZY_MS = 10 /* What nobody waits for is written when it is so old. */
};

/* ---- the reserve ---- */

/* Is there room again? Then the reserve is there, too. Lock held, but not while the file is made. */
static bool reserve_ready(struct log *log)
{
	if (log->reserved || log->options.reserve_bytes == 0)
		return true;
	pthread_mutex_unlock(&log->lock);
	int error = reserve_make(log->folder, log->options.reserve_bytes);
	pthread_mutex_lock(&log->lock);
	log->reserved = !error;
	return log->reserved;
}

void log_reserve_spend(struct log *log)
{
	pthread_mutex_lock(&log->lock);
	if (log->full && log->reserved) {
		reserve_drop(log->folder);
		log->reserved = false;
		report(REPORT_WARNING, "reserve_spent", "The disk is full: the reserve is given up so that what is pending can be written.");
		pthread_cond_signal(&log->work);
	}
	log->spent = log->full;
	pthread_mutex_unlock(&log->lock);
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
	bool sparse = log->spent; /* The reserve is less than a segment: its blocks find room one by one. */
	pthread_mutex_unlock(&log->lock);
	int error = segment_open(&segment, log->folder, index, log->options.segment_bytes, sparse ? SEGMENT_SPARSE : SEGMENT_WHOLE);
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

/* Who waits for what is pending is told that it may take long: it will be written, but nobody knows when. Lock held. */
static void waiters_refuse(struct log *log)
{
	struct log_waiter *waiting = waiters_take(log->filling), *writing = log->writing ? waiters_take(log->writing) : NULL;
	pthread_cond_broadcast(&log->done);
	pthread_mutex_unlock(&log->lock);
	waiters_call(writing, ERROR_FULL);
	waiters_call(waiting, ERROR_FULL);
	pthread_mutex_lock(&log->lock);
}

/* Sleep a little while the disk is full, and say so to whoever appends or waits. Lock held. */
static void full_wait(struct log *log)
{
	if (!log->full)
		report(REPORT_ERROR, "disk_full", "The disk is full: new events are refused until there is room again.");
	log->full = true;
	if (!log->spent)
		waiters_refuse(log);
	struct timespec until = clock_deadline(RETRY_MS);
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
		if (!log->full)
			pthread_cond_wait(&log->work, &log->lock);
		else if (reserve_ready(log))
			log->full = false;
		else
			full_wait(log);
	until = clock_deadline(LAZY_MS);
	while (!log->wanted && !log->stopping && log->filling->used < block_lazy_bytes(log))
		if (pthread_cond_timedwait(&log->work, &log->lock, &until) == ETIMEDOUT)
			break;
}

static void *writer_run(void *arg)
{
	struct log *log = arg;
	thread_name("log writer");
	thread_prompt();
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
		if (log->full)
			log->full = !reserve_ready(log);
		log->spent = log->spent && log->full;
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
	thread_name("log zeros");
	pthread_mutex_lock(&log->lock);
	while (!log->stopping) {
		uint64_t segment_bytes = log->options.segment_bytes, written = log->filling->offset;
		uint64_t index = log->zeroed / segment_bytes, segment_end = (index + 1) * segment_bytes;
		if (log->zeroed > written + ZERO_AHEAD || log->zeroed == segment_end || !segment_at(log, log->zeroed)) {
			pthread_cond_wait(&log->done, &log->lock);
			continue;
		}
		uint64_t head_end = index * segment_bytes + SEGMENT_HEAD_BYTES; /* The head of a new segment stays. */
		uint64_t from = log->zeroed > head_end ? log->zeroed : head_end, to = from + ZERO_STEP < segment_end ? from + ZERO_STEP : segment_end;
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

int log_threads_start(struct log *log)
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
