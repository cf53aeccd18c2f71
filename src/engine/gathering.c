/* gathering.c: the records of a customer, gathered from the newest to the oldest and folded in the order of time. */
#include "engine/gathering.h"

#include "engine/fold_base.h"

#include <stdlib.h>
#include <string.h>

enum { PAYLOADS_BYTES_MAX = 64 * 1024 * 1024 }; /* Of a history, kept from gathering to folding; what is beyond is read twice. */

void gathering_init(struct gathering *gathering)
{
	*gathering = (struct gathering){0};
	arena_init(&gathering->payloads, PAYLOADS_BYTES_MAX);
}

void gathering_free(struct gathering *gathering)
{
	arena_free(&gathering->payloads);
	memory_free(gathering->events);
	memory_free(gathering->undone);
	memory_free(gathering->bases);
}

uint32_t fold_table_kinds(const struct fold_table *table)
{
	uint32_t kinds = EVENT_KIND_BIT(EVENT_UNDO);
	for (size_t i = 0; i < table->n; i++)
		kinds |= table->folds[i]->kinds;
	return kinds | EVENT_KIND_BIT(EVENT_TRIM);
}

uint32_t fold_table_kinds_summed(const struct fold_table *table)
{
	uint32_t kinds = 0;
	for (size_t i = 0; i < table->n; i++)
		kinds |= table->folds[i]->summarises ? table->folds[i]->kinds : 0;
	return kinds;
}

/* By time, for a copy may bring an older one later. */
int gathering_base(struct gathering *gathering, const struct event *event)
{
	if (!fold_bases_are_in(event->payload))
		return 0;
	struct event *base = NULL;
	for (size_t i = 0; i < gathering->bases_n; i++)
		if (gathering->bases[i].header.origin_number == event->header.origin_number)
			base = &gathering->bases[i];
	if (base && event_compare(event, base) <= 0)
		return 0;
	struct text payload = text_copy(&gathering->payloads, (struct text){(const char *)event->payload.p, event->payload.n});
	int error = payload.p ? 0 : ERROR_MEMORY;
	if (!error && !base) {
		error = memory_grow(&gathering->bases, &gathering->bases_capacity, gathering->bases_n + 1, sizeof *event);
		base = error ? NULL : &gathering->bases[gathering->bases_n++];
	}
	if (error)
		return error;
	*base = *event;
	base->payload = (struct value){(const uint8_t *)payload.p, payload.n};
	return 0;
}

static int event_keep(struct gathering *gathering, const struct event *event)
{
	int error = memory_grow(&gathering->events, &gathering->capacity, gathering->n + 1, sizeof *event);
	if (error)
		return error;
	struct text payload = text_copy(&gathering->payloads, (struct text){(const char *)event->payload.p, event->payload.n});
	struct event *kept = &gathering->events[gathering->n++];
	*kept = *event;
	kept->payload = (struct value){(const uint8_t *)payload.p, payload.p ? payload.n : 0};
	kept->sealed = (struct text){0};
	gathering->again |= !payload.p && event->payload.n;
	return 0;
}

/* @event with its payload, which is in the gathering or in @arena. */
int gathering_whole(struct engine *engine, const struct gathering *gathering, const struct event *event, struct arena *arena, struct event *whole)
{
	*whole = *event;
	if (event->payload.n || !gathering->again)
		return 0;
	if (gathering->source)
		return gathering->source->whole(gathering->source->arg, event, arena, whole);
	return event_again(engine, event, arena, whole);
}

/* The place of @position among those that are undone, or where it belongs. */
static size_t undone_place(const struct gathering *gathering, uint64_t position)
{
	size_t low = 0, high = gathering->undone_n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (gathering->undone[middle] < position)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int gathering_undone(struct gathering *gathering, uint64_t position)
{
	size_t at = undone_place(gathering, position);
	int error = memory_grow(&gathering->undone, &gathering->undone_capacity, gathering->undone_n + 1, sizeof(uint64_t));
	if (error)
		return error;
	memmove(gathering->undone + at + 1, gathering->undone + at, (gathering->undone_n - at) * sizeof(uint64_t));
	gathering->undone[at] = position;
	gathering->undone_n++;
	return 0;
}

bool gathering_is_undone(const struct gathering *gathering, uint64_t position)
{
	size_t at = undone_place(gathering, position);
	return at < gathering->undone_n && gathering->undone[at] == position;
}

int gather(struct gathering *gathering, struct history *history, uint32_t kinds, size_t n_max, uint64_t after, uint32_t *met)
{
	struct event event;
	bool more = true;
	int streams = history_stream(history);
	if (streams)
		return streams;
	for (size_t n = 0;; n += !(event.header.flags & EVENT_TRIMMED)) {
		int error = n < n_max ? history_record(history, &event, &more) : 0;
		if (error || !more || n == n_max || event.position <= after)
			return error;
		if (met)
			*met |= EVENT_KIND_BIT(event.header.kind);
		if (!(kinds & EVENT_KIND_BIT(event.header.kind)))
			continue;
		if ((event.header.flags & EVENT_TRIMMED) && !event.payload.n)
			continue;
		if (event.header.kind == EVENT_TRIM) {
			error = gathering_base(gathering, &event);
		} else if (event.header.kind == EVENT_UNDO) {
			int64_t position;
			if (gathering_is_undone(gathering, event.position))
				continue; /* Newest first: what undoes this undo has been seen. */
			if (!value_int(value_get(event.payload, TEXT("position")), &position))
				continue;
			error = gathering_undone(gathering, (uint64_t)position);
		} else {
			error = event_keep(gathering, &event);
		}
		if (error)
			return error;
	}
}

static int order(const void *a, const void *b)
{
	return event_compare(a, b);
}

void gathering_sort(struct gathering *gathering)
{
	if (gathering->n)
		qsort(gathering->events, gathering->n, sizeof *gathering->events, order);
}

bool fold_wants(const struct fold *fold, const struct event *event)
{
	return (fold->kinds & EVENT_KIND_BIT(event->header.kind)) &&
				 (fold->summarises || !(event->header.flags & EVENT_TRIMMED)) && (fold->takes_held || !event_is_held(event));
}

/* For each fold, the first of the ordered events it may see: its window holds the newest it wants. */
static void windows_find(const struct fold_table *table, const struct gathering *gathering, size_t *first)
{
	for (size_t f = 0; f < table->n; f++) {
		const struct fold *fold = table->folds[f];
		size_t left = fold->window_events_max;
		first[f] = 0;
		if (!fold->ordered || left == 0)
			continue;
		size_t i = gathering->n;
		while (i > 0 && left > 0)
			if (fold_wants(fold, &gathering->events[--i]))
				left--;
		first[f] = i;
	}
}

/* Errors: those of event_again. */
int gathering_fold(struct engine *engine, const struct gathering *gathering, const struct config *config,
										struct fold_scratch *scratch, int64_t *ordered_until)
{
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	const struct fold_table *table = engine->options.folds;
	struct fold_context context = {.config = config};
	size_t first[FOLDS_MAX];
	int error = 0;
	arena_init(&arena, 4 * LOG_ENTRY_BYTES_MAX);
	windows_find(table, gathering, first);
	*ordered_until = 0;
	for (size_t f = 0; f < table->n; f++)
		scratch->states[f].n = 0;
	for (size_t i = 0; i < gathering->bases_n; i++)
		fold_bases_merge(gathering->bases[i].payload, table, scratch);
	for (size_t i = 0; i < gathering->n && !error; i++) {
		struct event event;
		if (gathering->undone_n && gathering_is_undone(gathering, gathering->events[i].position))
			continue;
		error = gathering_whole(engine, gathering, &gathering->events[i], &arena, &event);
		for (size_t f = 0; f < table->n && !error; f++) {
			if (i < first[f] || !fold_wants(table->folds[f], &event))
				continue;
			table->folds[f]->apply(&scratch->states[f], &event, &context);
			if (table->folds[f]->ordered)
				*ordered_until = event.header.time_ms;
		}
	}
	return error;
}
