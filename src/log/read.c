/* read.c: finding entries, pending or written, and walking the log. */
#include "log/internal.h"

#include <assert.h>
#include <sched.h>
#include <string.h>

static int pending_read(struct log *log, uint64_t position, char *copy, struct text *entry)
{
	uint64_t offset = position & OFFSET_MASK;
	int error = ERROR_NOT_FOUND;
	pthread_mutex_lock(&log->lock);
	const struct block *candidates[] = {log->filling, log->writing};
	for (size_t i = 0; i < 2; i++) {
		const struct block *block = candidates[i];
		if (!block || offset < block->offset + BLOCK_HEAD_BYTES || offset >= block->offset + BLOCK_HEAD_BYTES + block->used)
			continue;
		struct entry_head head;
		const uint8_t *p = block->bytes + (offset - block->offset);
		memcpy(&head.position, p + offsetof(struct entry_head, position), sizeof head.position);
		memcpy(&head.length, p, sizeof head.length); /* The check is just being made by the writer. */
		if (head.position != position)
			break;
		memcpy(copy, p + sizeof head, head.length);
		*entry = (struct text){copy, head.length};
		error = 0;
	}
	pthread_mutex_unlock(&log->lock);
	return error;
}

/* Is the entry as it was written? While its block is being written over (log_rewrite) it may be neither: then wait for that. */
static bool entry_is_sound(struct log *log, const uint8_t *place, uint64_t position)
{
	for (;;) {
		struct entry_head head;
		uint64_t rewrites = atomic_load_explicit(&log->rewrites, memory_order_acquire);
		memcpy(&head, place, sizeof head);
		if (entry_check(place + sizeof head, head.length, position) == head.check)
			return true;
		if (rewrites % 2 == 0 && atomic_load_explicit(&log->rewrites, memory_order_acquire) == rewrites)
			return false;
		sched_yield();
	}
}

static int entry_damaged(struct log *log, uint64_t offset)
{
	log_damage(log, offset / log->options.segment_bytes, offset % log->options.segment_bytes, DAMAGE_LOST, log_remedy(log),
	           "An entry is damaged that was sound when it was written; whoever needs it gets an error.");
	return ERROR_CORRUPT;
}

static int mapped_read(struct log *log, uint64_t position, struct text *entry)
{
	uint64_t offset = position & OFFSET_MASK;
	if (offset >= atomic_load_explicit(&log->written, memory_order_acquire))
		return ERROR_NOT_FOUND; /* What a crash cut off may still lie there. */
	struct segment *segment = segment_at(log, offset);
	size_t at = (size_t)(offset % log->options.segment_bytes);
	if (!segment || at + ENTRY_HEAD_BYTES > segment->bytes || at % 8)
		return ERROR_NOT_FOUND;
	struct entry_head head;
	memcpy(&head, segment->map + at, sizeof head);
	bool fits = head.length <= segment->bytes - at - ENTRY_HEAD_BYTES;
	if (head.position != position) /* Unless that alone is damaged, it is another entry, or none. */
		return fits && head.length && head.check == entry_check(segment->map + at + sizeof head, head.length, position)
		           ? entry_damaged(log, offset) : ERROR_NOT_FOUND;
	if (!fits || !entry_is_sound(log, segment->map + at, position))
		return entry_damaged(log, offset);
	*entry = (struct text){(const char *)segment->map + at + ENTRY_HEAD_BYTES, head.length};
	return 0;
}

int log_read(struct log *log, uint64_t position, char *copy, struct text *entry)
{
	uint64_t written = atomic_load_explicit(&log->written, memory_order_acquire);
	if (copy && (position & OFFSET_MASK) >= written && pending_read(log, position, copy, entry) == 0)
		return 0;
	return mapped_read(log, position, entry);
}

/* Call @each for the entries of one block at offset @at, from @from on. */
static int block_replay(struct log *log, uint64_t at, const struct block_head *block, uint64_t from,
                        int (*each)(void *, uint64_t, struct text), void *arg)
{
	uint64_t offset = at + BLOCK_HEAD_BYTES, end = offset + block->length;
	while (offset < end) {
		struct entry_head head;
		const struct segment *segment = segment_at(log, offset);
		memcpy(&head, segment->map + offset % log->options.segment_bytes, sizeof head);
		if (head.length > end - offset - ENTRY_HEAD_BYTES || (head.position & OFFSET_MASK) != offset)
			return ERROR_CORRUPT;
		if (head.position >= from) {
			const char *bytes = (const char *)segment->map + offset % log->options.segment_bytes + ENTRY_HEAD_BYTES;
			int error = each(arg, head.position, (struct text){bytes, head.length});
			if (error)
				return error;
		}
		offset += (ENTRY_HEAD_BYTES + head.length + 7) & ~(uint64_t)7;
	}
	return 0;
}

/*
 * Is what follows the last sound block damaged, rather than torn by a crash or not written yet? It is before the mark. Behind that, a
 * block is written only when the one before it is on disk. So a sound block behind the bad place @at says that the bad one was once
 * durable. (No block is longer than a quarter of a segment.)
 */
static bool is_damaged(struct log *log, uint64_t at, const struct block_head *last)
{
	uint64_t bytes = log->options.segment_bytes, index = at / bytes, epoch = last->first >> 48;
	size_t from = (size_t)(at % bytes) + 8;
	if (at < log->marked_end)
		return true;
	for (; index < log->segments_n; index++, from = SEGMENT_HEAD_BYTES) {
		const struct segment *segment = segment_at(log, index * bytes);
		if (segment && segment_block_search(segment, &from, from + BLOCK_HEAD_BYTES + bytes / 4, index * bytes, epoch))
			return true;
	}
	return false;
}

const struct block_head *block_next(struct log *log, uint64_t at, const struct block_head *last)
{
	uint64_t bytes = log->options.segment_bytes, base = at / bytes * bytes;
	const struct segment *segment = segment_at(log, at);
	const struct block_head *block =
		segment ? segment_block(segment, (size_t)(at - base), base, last->first >> 48) : NULL;
	return block && last->first && block->previous != last->first ? NULL : block;
}

/* The sound block at *@at that goes on from @last; or in the next segment, which *@at is then: the rest of one stays unused when the next block
 * might not fit. NULL without. */
static const struct block_head *block_onward(struct log *log, uint64_t *at, const struct block_head *last)
{
	uint64_t bytes = log->options.segment_bytes, start = (*at / bytes + 1) * bytes + SEGMENT_HEAD_BYTES;
	const struct block_head *block = block_next(log, *at, last);
	if (block || *at % bytes == SEGMENT_HEAD_BYTES || !last->first)
		return block;
	block = block_next(log, start, last);
	*at = block ? start : *at;
	return block;
}

/*
 * Walk blocks from offset @at. Calls @each (may be NULL) and leaves in @last the head of the last sound block and in
 * *@end the offset behind it. Returns 0 where blocks end properly, ERROR_CORRUPT where a block is missing or bad.
 */
int blocks_walk(struct log *log, uint64_t at, uint64_t until, uint64_t from,
                       int (*each)(void *, uint64_t, struct text), void *arg, struct block_head *last, uint64_t *end)
{
	*end = at;
	while (at < until && segment_at(log, at)) {
		const struct block_head *block = block_onward(log, &at, last);
		if (!block)
			return is_damaged(log, at, last) ? ERROR_CORRUPT : 0;
		int error = each && block->entries ? block_replay(log, at, block, from, each, arg) : 0; /* A filler has none. */
		if (error)
			return error;
		*last = *block;
		at += BLOCK_HEAD_BYTES + block->length;
		*end = at;
	}
	return 0;
}

void log_gaps_each(struct log *log, void (*each)(void *arg, uint64_t position), void *arg)
{
	struct block_head last = {0};
	const struct block_head *block;
	for (uint64_t at = SEGMENT_HEAD_BYTES; log->gaps && segment_at(log, at) && (block = block_onward(log, &at, &last)); at += BLOCK_HEAD_BYTES + block->length) {
		if (block->entries == 0)
			each(arg, block->last);
		last = *block;
	}
}

/* The offset of the block that holds the entry at @position: walks the blocks of its segment. */
int block_find(struct log *log, uint64_t position, uint64_t *at)
{
	uint64_t offset = position & OFFSET_MASK, bytes = log->options.segment_bytes;
	uint64_t here = offset / bytes * bytes + SEGMENT_HEAD_BYTES;
	while (here < offset) {
		struct segment *segment = segment_at(log, here);
		uint64_t base = here / bytes * bytes;
		const struct block_head *head = segment ? (const void *)(segment->map + (here - base)) : NULL;
		if (!head || head->magic != BLOCK_MAGIC || (head->first & OFFSET_MASK) != here + BLOCK_HEAD_BYTES)
			return ERROR_CORRUPT;
		if (offset < here + BLOCK_HEAD_BYTES + head->length) {
			*at = here;
			return 0;
		}
		here += BLOCK_HEAD_BYTES + head->length;
	}
	return ERROR_NOT_FOUND;
}

uint64_t log_gaps(const struct log *log)
{
	return log->gaps;
}

/* The filler that holds @position, where there is no entry any more; NULL without. */
static const struct block_head *filler_of(struct log *log, uint64_t position)
{
	uint64_t at, offset = position & OFFSET_MASK, bytes = log->options.segment_bytes, there;
	if (!log->gaps || offset >= atomic_load(&log->written) || !segment_at(log, offset) || offset % bytes + ENTRY_HEAD_BYTES > bytes)
		return NULL;
	memcpy(&there, segment_at(log, offset)->map + offset % bytes + offsetof(struct entry_head, position), sizeof there);
	if (there == position || block_find(log, position, &at) != 0)
		return NULL;
	const struct block_head *head = (const void *)(segment_at(log, at)->map + at % bytes);
	return head->entries == 0 ? head : NULL;
}

bool log_is_gap(struct log *log, uint64_t position)
{
	return filler_of(log, position) != NULL;
}

uint64_t log_bridged(struct log *log, uint64_t position)
{
	const struct block_head *filler = filler_of(log, position);
	if (!filler)
		return position;
	const struct log_bridge *bridges = (const void *)(filler + 1);
	size_t low = 0, high = filler->length / sizeof *bridges;
	while (high && !bridges[high - 1].gone)
		high--; /* What is not used is zeros. */
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (bridges[middle].gone == position)
			return bridges[middle].before;
		if (bridges[middle].gone < position)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

int log_replay(struct log *log, uint64_t from, int (*each)(void *, uint64_t, struct text), void *arg)
{
	struct block_head last = {0};
	uint64_t end, until = atomic_load(&log->written), at = SEGMENT_HEAD_BYTES;
	if (from) {
		int error = block_find(log, from, &at);
		if (error)
			return error;
	}
	int error = blocks_walk(log, at, until, from, each, arg, &last, &end);
	return error ? error : end < until ? ERROR_CORRUPT : 0;
}
