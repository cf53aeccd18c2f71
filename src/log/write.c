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
	LAZY_MS = 10,   /* What nobody waits for is written when it is so old. */
	FILE_WAIT_MS = 50, CLOSING_TRIES_MAX = 100,
	MARKS_APART_MS = 50, MARK_SOON_MS = 5, /* A stream of blocks is marked every so often, and its last one at once. */
	MARK_MS = 500   /* The mark of the last block is made durable when nothing has followed for so long. */
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

/* What a failed write or sync left on disk nobody knows: end at once, and let recovery find out. */
static _Noreturn void fail(const char *what)
{
	report(REPORT_ERROR, "log_sync_failed", "%s (%s): stopping at once; start again to recover.", what, strerror(errno));
	_exit(70);
}

/* The epoch stands in its file before a block carries it, so that it is never given again: not even when that block is torn and cut. So
 * does the number of files, so that one that goes missing is missed. */
static int kept_make(struct log *log, uint64_t index)
{
	struct kept kept = log->kept;
	if (kept.epoch == log->epoch && kept.segments > index)
		return 0;
	kept.epoch = log->epoch;
	kept.segments = index + 1;
	if (log->kept_file < 0)
		log->kept_file = kept_open(log->folder, true);
	int error = log->kept_file < 0 ? error_of_file(errno) : kept_write(log->kept_file, &kept, !log->sync_off);
	if (error)
		return error;
	if (!log->folder_synced && !log->sync_off && fsync(log->folder) != 0)
		return ERROR_IO;
	log->folder_synced = true;
	log->kept = kept;
	return 0;
}

/* Have the segment of @block to write to, made when it is new. Lock held, but not while the file is made: appending goes on. */
static int segment_make(struct log *log, const struct block *block)
{
	uint64_t index = block->offset / log->options.segment_bytes;
	struct segment segment = log->segments[index < SEGMENTS_MAX ? index : 0];
	if (index >= SEGMENTS_MAX)
		return ERROR_LIMIT;
	if (segment.map && segment.file >= 0 && log->kept.epoch == log->epoch && log->kept.segments > index)
		return 0;
	enum segment_mode mode = log->spent ? SEGMENT_SPARSE : SEGMENT_WHOLE; /* The reserve is less than a segment: blocks find room one by one. */
	bool is_new = !segment.map;
	pthread_mutex_unlock(&log->lock);
	int error = is_new ? segment_open(&segment, log->folder, index, log->options.segment_bytes, mode, &log->mark) : 0;
	if (!error && is_new) {
		size_t bad_at;
		(void)segment_mark_read(&segment, &bad_at);
	}
	if (!error)
		error = segment_writable(&segment, log->folder, index);
	if (!error)
		error = kept_make(log, index);
	pthread_mutex_lock(&log->lock);
	if (segment.map && (is_new || segment.file != log->segments[index].file)) /* The zero filler reads it without the lock. */
		segment_enter(log, index, segment);
	return error;
}

/* The file before the one of @block is finished: its map needs no descriptor. Lock held. */
static void segments_finish(struct log *log, const struct block *block)
{
	uint64_t index = block->offset / log->options.segment_bytes;
	if (index > 0 && log->segments[index - 1].file >= 0 && !log->zeroing)
		segment_finish(&log->segments[index - 1]);
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
	segments_finish(log, block);
	log->figures.segments = log->segments_n;
	return 0;
}

/* Each entry gets its check here, where nobody waits for a lock. */
static void entries_check(struct block *block)
{
	uint8_t *p = block->bytes + BLOCK_HEAD_BYTES;
	for (size_t at = 0; at < block->used;) {
		struct entry_head head;
		memcpy(&head, p + at, sizeof head);
		head.check = entry_check(p + at + sizeof head, head.length, head.position);
		memcpy(p + at + offsetof(struct entry_head, check), &head.check, sizeof head.check);
		at += (ENTRY_HEAD_BYTES + head.length + 7) & ~(size_t)7;
	}
}

static void block_seal(struct log *log, struct block *block)
{
	entries_check(block);
	struct block_head head = {
		.magic = BLOCK_MAGIC, .first = log->epoch << 48 | (block->offset + BLOCK_HEAD_BYTES), .previous = log->previous_first,
		.length = (uint32_t)block->used, .entries = block->entries, .last = block->last,
	};
	head.hash = block_hash(&head, block->bytes + BLOCK_HEAD_BYTES);
	memcpy(block->bytes, &head, sizeof head);
	log->previous_first = head.first;
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

/* Write the newest mark. What the operating system has survives the end of the process. Without room for it, the one before stands. */
static void mark_write(struct log *log)
{
	int error = segment_mark_write(segment_at(log, log->mark.first & OFFSET_MASK), &log->mark);
	if (error && error != ERROR_FULL)
		fail("Marking the end of the log failed");
	log->mark_unwritten = false;
	log->mark_due = !error;
	log->marked_ns = clock_monotonic_ns();
}

/*
 * Say that @block is on disk. That needs no sync of its own while blocks follow, for the next one is of the same file; and as a block that
 * follows says it as well, a stream of blocks is marked only now and then.
 */
static void mark_make(struct log *log, const struct block *block)
{
	struct block_head head;
	memcpy(&head, block->bytes, sizeof head);
	log->mark = (struct mark){.first = head.first, .last = head.last, .end = block->offset + BLOCK_HEAD_BYTES + head.length,
	                          .gaps = log->gaps};
	log->mark_unwritten = true;
	if (clock_monotonic_ns() - log->marked_ns >= (uint64_t)MARKS_APART_MS * 1000000)
		mark_write(log);
}

/* Nothing has followed: the mark is written, and gets a sync of its own. Lock held, but not meanwhile. */
static void mark_sync(struct log *log)
{
	const struct segment *segment = segment_at(log, log->mark.first & OFFSET_MASK);
	if (!segment || segment->file < 0) {
		log->mark_due = log->mark_unwritten = false;
		return;
	}
	pthread_mutex_unlock(&log->lock);
	if (log->mark_unwritten)
		mark_write(log);
	log->mark_due = false;
	if (!log->sync_off && fdatasync(segment->file) != 0)
		fail("Marking the end of the log failed");
	pthread_mutex_lock(&log->lock);
}

/* Wait for work; meanwhile the mark of the last block is written soon, and synced when nothing follows. Lock held. */
static void mark_wait(struct log *log, const struct timespec *sync_at)
{
	if (!log->mark_due && !log->mark_unwritten) {
		pthread_cond_wait(&log->work, &log->lock);
		return;
	}
	struct timespec soon = clock_deadline(MARK_SOON_MS);
	const struct timespec *until = log->mark_unwritten ? &soon : sync_at;
	if (pthread_cond_timedwait(&log->work, &log->lock, until) != ETIMEDOUT)
		return;
	if (!log->mark_unwritten) {
		mark_sync(log);
		return;
	}
	pthread_mutex_unlock(&log->lock);
	mark_write(log);
	pthread_mutex_lock(&log->lock);
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

/* Is there room again, for the reserve and for what comes next? Lock held, but not while files are made. */
static bool room_ready(struct log *log)
{
	if (!reserve_ready(log))
		return false;
	int error = segment_make(log, log->filling);
	if (error && error != ERROR_FULL && error != ERROR_BUSY)
		fail("No new segment of the log");
	return !error;
}

/* Wait until there is something to write, and a reason to write it now. Lock held. */
static void work_wait(struct log *log)
{
	struct timespec until;
	until = clock_deadline(MARK_MS);
	while (log->filling->entries == 0 && !log->stopping) {
		if (log->full && room_ready(log))
			log->full = false;
		else if (log->full)
			full_wait(log);
		else
			mark_wait(log, &until);
	}
	until = clock_deadline(LAZY_MS);
	while (!log->wanted && !log->stopping && log->filling->used < block_lazy_bytes(log))
		if (pthread_cond_timedwait(&log->work, &log->lock, &until) == ETIMEDOUT)
			break;
}

/* No descriptor is free for the next file: what is pending waits, and nothing is lost. False when it has to end. Lock held. */
static bool file_wait(struct log *log)
{
	if (!log->waiting_for_file)
		report(REPORT_ERROR, "too_many_files", "The log needs a new file and no file descriptor is free: new events wait. Raise the limit of open files.");
	log->waiting_for_file = true;
	struct timespec until = clock_deadline(FILE_WAIT_MS);
	pthread_cond_timedwait(&log->done, &log->lock, &until);
	return !log->stopping || log->closing_tries++ < CLOSING_TRIES_MAX;
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
		if (error == ERROR_BUSY && file_wait(log))
			continue;
		if (error == ERROR_FULL || error == ERROR_BUSY)
			break; /* Closed while the disk is full: what was not written was not acknowledged. */
		if (error)
			fail("No new segment of the log");
		log->waiting_for_file = false;
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
		mark_make(log, block);
		pthread_mutex_lock(&log->lock);
	}
	if (log->mark_due || log->mark_unwritten)
		mark_sync(log);
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
		if (log->zeroed > written + ZERO_AHEAD || log->zeroed == segment_end || !segment_at(log, log->zeroed) ||
		    segment_at(log, log->zeroed)->file < 0) {
			pthread_cond_wait(&log->done, &log->lock);
			continue;
		}
		uint64_t head_end = index * segment_bytes + SEGMENT_HEAD_BYTES; /* The head of a new segment stays. */
		uint64_t from = log->zeroed > head_end ? log->zeroed : head_end, to = from + ZERO_STEP < segment_end ? from + ZERO_STEP : segment_end;
		const struct segment *segment = segment_at(log, from);
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
