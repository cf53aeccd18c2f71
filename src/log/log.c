/*
 * log.c: appending, waiting, closing.
 *
 * Two pending blocks: one fills under the lock, the other is with the writer. What follows a block is known the moment
 * it is handed over, so entries get their final positions while the block before them is still being synced.
 */
#include "log/internal.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LAZY_BYTES = 1024 * 1024 /* What nobody waits for is written when it is so much. */ };

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

/* ---- closing ---- */

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
