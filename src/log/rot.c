/* rot.c: where a log is damaged, and how that is said. */
#include "log/internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- saying it ---- */

static bool is_of_events(const struct log *log)
{
	return strcmp(log->name, "configuration") != 0;
}

const char *log_remedy(const struct log *log)
{
	return is_of_events(log) ? "Restore a backup, or give up what is damaged and keep the rest: attune repair DATA --drop-damaged-log."
	                         : "Restore the folder configuration from a backup, or move it away and apply the configuration again: purposes "
	                           "keep their numbers.";
}

static void damage_enter(const char *file, uint64_t at, enum damage_effect effect, const char *remedy, const char *format, va_list args)
{
	char what[DAMAGE_TEXT_BYTES];
	vsnprintf(what, sizeof what, format, args);
	damage_found(file, at, effect, remedy, "%s", what);
}

void log_damage(const struct log *log, uint64_t index, uint64_t at, enum damage_effect effect, const char *remedy, const char *format, ...)
{
	char file[DAMAGE_FILE_BYTES];
	va_list args;
	snprintf(file, sizeof file, "%s/%016" PRIx64 ".segment", log->name, index);
	va_start(args, format);
	damage_enter(file, at, effect, remedy, format, args);
	va_end(args);
}

void log_file_damage(const struct log *log, const char *name, enum damage_effect effect, const char *remedy, const char *format, ...)
{
	char file[DAMAGE_FILE_BYTES];
	va_list args;
	snprintf(file, sizeof file, "%s%s%s", log->name, *name ? "/" : "", name);
	va_start(args, format);
	damage_enter(file, 0, effect, remedy, format, args);
	va_end(args);
}

/* ---- finding it ---- */

/* The first sound block at offset *@at or behind it. */
static const struct block_head *block_search(struct log *log, uint64_t *at, uint64_t epoch_min)
{
	uint64_t bytes = log->options.segment_bytes;
	for (uint64_t index = *at / bytes; index < log->segments_n; index++) {
		size_t inside = index == *at / bytes ? (size_t)(*at % bytes) : SEGMENT_HEAD_BYTES;
		const struct segment *segment = segment_at(log, index * bytes);
		const struct block_head *block = segment ? segment_block_search(segment, &inside, SIZE_MAX, index * bytes, epoch_min) : NULL;
		if (block) {
			*at = index * bytes + inside;
			return block;
		}
	}
	return NULL;
}

int gaps_walk(struct log *log, uint64_t at, int (*each)(void *, const struct gap *), void *arg)
{
	struct block_head last = {0};
	for (;;) {
		uint64_t end;
		int error = blocks_walk(log, at, UINT64_MAX, 0, NULL, NULL, &last, &end);
		if (!error && end >= log->marked_end)
			return 0;
		if (error && error != ERROR_CORRUPT)
			return error;
		struct gap gap = {.at = end, .next_at = end + 8, .last = last};
		const struct block_head *next = block_search(log, &gap.next_at, last.first >> 48);
		gap.is_followed = next != NULL;
		gap.previous = next ? next->previous : log->mark.first;
		gap.last_position = next ? 0 : log->mark.last;
		if (!next)
			gap.next_at = log->marked_end > end ? log->marked_end : end;
		last = (struct block_head){.first = gap.previous};
		error = each(arg, &gap);
		if (error || !next)
			return error;
		at = gap.next_at;
	}
}

/* How many events the one damaged block of @gap held, by its own head; 0 when that does not say. */
static uint32_t events_of(struct log *log, const struct gap *gap)
{
	struct block_head head;
	const struct segment *segment = segment_at(log, gap->at);
	if (!segment || gap->at % log->options.segment_bytes + sizeof head > segment->bytes)
		return 0;
	memcpy(&head, segment->map + gap->at % log->options.segment_bytes, sizeof head);
	bool fits = head.magic == BLOCK_MAGIC && (head.first & OFFSET_MASK) == gap->at + BLOCK_HEAD_BYTES && head.first == gap->previous &&
	            gap->at + BLOCK_HEAD_BYTES + head.length == gap->next_at;
	return fits ? head.entries : 0;
}

static int gap_name(void *arg, const struct gap *gap)
{
	struct log *log = arg;
	uint64_t bytes = log->options.segment_bytes, at = gap->at;
	uint64_t of_block = (gap->previous & OFFSET_MASK) - BLOCK_HEAD_BYTES;
	if (of_block / bytes > at / bytes && block_start(log, at) == of_block)
		at = of_block; /* The end of a segment stays unused. */
	uint32_t events = events_of(log, gap);
	char how_many[64] = "an unknown number of entries";
	if (events)
		snprintf(how_many, sizeof how_many, "%" PRIu32 " entries", events);
	log_damage(log, at / bytes, at % bytes, DAMAGE_REFUSED, log_remedy(log), "A block is damaged that was on disk: %" PRIu64 " bytes with %s, %s.",
	           gap->next_at - at, how_many, gap->is_followed ? "and sound blocks follow" : "the last of the log");
	return 0;
}

void gaps_name(struct log *log, uint64_t at)
{
	int error = gaps_walk(log, at, gap_name, log);
	if (error)
		log_file_damage(log, "", DAMAGE_REFUSED, log_remedy(log), "It could not be read whole: %s", error_sentence(error));
}
