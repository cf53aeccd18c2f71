/* refold.c: folding the states of a customer again from its records: as they are, as they were, as they might have
 * been. */
#include "base/clock.h"
#include "engine/fold_base.h"
#include "engine/internal.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum {
	HISTORY_ARENA_BYTES = 64 * 1024 * 1024, /* What lasts through a walk; a record at a time comes to it. */
	PAYLOADS_BYTES_MAX = 64 * 1024 * 1024,  /* Of a history, kept from gathering to folding; what is beyond is read twice. */
	REFRESH_TRIES = 4,
	CATCH_UP_MAX = 512, /* Records that came while a history was folded, applied under the lock at its end. */
};

/*
 * The records of a customer, gathered from the newest to the oldest, to be folded in the order of time. Payloads are kept as
 * long as there is room, and read again for folding beyond it: a history of any size can be folded.
 */
struct gathering {
	struct event *events; /* Those that are due (marked EVENT_TRIMMED) are for the folds that sum up alone. */
	size_t n, capacity;
	struct arena payloads;
	bool again;           /* Some events have no payload here: it has to be read again. */
	const struct event_source *source; /* Who reads it; NULL: event_again. */
	uint64_t *undone;
	size_t undone_n, undone_capacity;
	struct event *bases; /* Of each origin, its newest trim record with a base. */
	size_t bases_n, bases_capacity;
};

static void gathering_init(struct gathering *gathering)
{
	*gathering = (struct gathering){0};
	arena_init(&gathering->payloads, PAYLOADS_BYTES_MAX);
}

static void gathering_free(struct gathering *gathering)
{
	arena_free(&gathering->payloads);
	memory_free(gathering->events);
	memory_free(gathering->undone);
	memory_free(gathering->bases);
}

static uint32_t kinds_of(const struct fold_table *table)
{
	uint32_t kinds = EVENT_KIND_BIT(EVENT_UNDO);
	for (size_t i = 0; i < table->n; i++)
		kinds |= table->folds[i]->kinds;
	return kinds | EVENT_KIND_BIT(EVENT_TRIM);
}

static uint32_t kinds_summed(const struct fold_table *table)
{
	uint32_t kinds = 0;
	for (size_t i = 0; i < table->n; i++)
		kinds |= table->folds[i]->summarises ? table->folds[i]->kinds : 0;
	return kinds;
}

/* By time, for a copy may bring an older one later. */
static int base_note(struct gathering *gathering, const struct event *event)
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
static int event_whole(struct engine *engine, const struct gathering *gathering, const struct event *event, struct arena *arena, struct event *whole)
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

static int undone_note(struct gathering *gathering, uint64_t position)
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

static bool is_undone(const struct gathering *gathering, uint64_t position)
{
	size_t at = undone_place(gathering, position);
	return at < gathering->undone_n && gathering->undone[at] == position;
}

static int gather(struct gathering *gathering, struct history *history, uint32_t kinds, size_t n_max)
{
	struct event event;
	bool more = true;
	int streams = history_stream(history);
	if (streams)
		return streams;
	for (size_t n = 0;; n += !(event.header.flags & EVENT_TRIMMED)) {
		int error = n < n_max ? history_record(history, &event, &more) : 0;
		if (error || !more || n == n_max)
			return error;
		if (!(kinds & EVENT_KIND_BIT(event.header.kind)))
			continue;
		if ((event.header.flags & EVENT_TRIMMED) && !event.payload.n)
			continue;
		if (event.header.kind == EVENT_TRIM) {
			error = base_note(gathering, &event);
		} else if (event.header.kind == EVENT_UNDO) {
			int64_t position;
			if (is_undone(gathering, event.position))
				continue; /* Newest first: what undoes this undo has been seen. */
			if (!value_int(value_get(event.payload, TEXT("position")), &position))
				continue;
			error = undone_note(gathering, (uint64_t)position);
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

static bool fold_wants(const struct fold *fold, const struct event *event)
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
static int fold_all(struct engine *engine, const struct gathering *gathering, const struct config *config,
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
		if (gathering->undone_n && is_undone(gathering, gathering->events[i].position))
			continue;
		error = event_whole(engine, gathering, &gathering->events[i], &arena, &event);
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

/* ---- what stays of what is taken out ---- */

/* The bytes of all states that sum up, for telling whether one has changed. */
static uint64_t summed_mark(const struct fold_table *table, const struct fold_scratch *scratch)
{
	uint64_t mark = 0;
	for (size_t f = 0; f < table->n; f++)
		if (table->folds[f]->summarises)
			mark = XXH3_64bits_withSeed(scratch->states[f].p, scratch->states[f].n, mark);
	return mark;
}

/* What @before covers and has not been blanked yet, as a run was cut short, has to be covered further. */
static int covers_keep(struct engine *engine, const struct event *before, uint64_t *covers, size_t *n)
{
	struct value_cursor cursor = {0};
	struct value one;
	int64_t position;
	while (*n < FOLD_BASE_COVERS_MAX && value_next_item(&cursor, value_get(before->payload, TEXT("covers")), &one)) {
		char local[LOG_ENTRY_BYTES_MAX];
		struct text entry = {0};
		struct event event;
		int error = value_int(one, &position) ? log_read(engine->log, (uint64_t)position, local, &entry) : ERROR_CORRUPT;
		if (!error)
			error = event_view(&event, entry);
		if (error)
			return error;
		if (!(event.header.flags & EVENT_TRIMMED))
			covers[(*n)++] = (uint64_t)position;
	}
	return 0;
}

static int base_put(struct history *history, const struct fold_scratch *scratch, struct base_made *made)
{
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	fold_bases_put(&payload, history->engine->options.folds, scratch, made->covers, made->covers_n);
	int error = payload.failed ? ERROR_LIMIT : 0;
	if (!error)
		made->payload = text_copy(history->arena, buffer_view(&payload));
	buffer_free(&payload);
	return error || made->payload.p ? error : ERROR_MEMORY;
}

/* One base: that of before, and the due events of @origin. */
static int base_make(struct history *history, const struct gathering *gathering, uint32_t origin,
										 struct fold_scratch *scratch, struct base_made *made)
{
	struct engine *engine = history->engine;
	const struct fold_table *table = engine->options.folds;
	struct fold_context context = {.config = engine_config(engine)};
	struct arena again __attribute__((cleanup(arena_cleanup)));
	arena_init(&again, 4 * LOG_ENTRY_BYTES_MAX);
	uint64_t *covers = arena_alloc(history->arena, FOLD_BASE_COVERS_MAX * sizeof *covers);
	size_t n = 0, kept;
	int error = covers ? 0 : ERROR_MEMORY;
	*made = (struct base_made){.origin = origin, .covers = covers};
	for (size_t f = 0; f < table->n; f++)
		scratch->states[f].n = 0;
	for (size_t i = 0; i < gathering->bases_n && !error; i++) {
		const struct event *before = &gathering->bases[i];
		if (before->header.origin_number != origin)
			continue;
		made->before = before->position;
		fold_bases_merge(before->payload, table, scratch);
		error = covers_keep(engine, before, covers, &n);
	}
	kept = n;
	for (size_t i = 0; i < gathering->n && !error && !made->full; i++) {
		struct event event = gathering->events[i];
		if (event.header.origin_number != origin || !(event.header.flags & EVENT_TRIMMED) || is_undone(gathering, event.position))
			continue;
		uint64_t mark = summed_mark(table, scratch);
		made->full = n == FOLD_BASE_COVERS_MAX;
		error = event_whole(engine, gathering, &gathering->events[i], &again, &event);
		for (size_t f = 0; f < table->n && !made->full && !error; f++)
			if (fold_wants(table->folds[f], &event) && table->folds[f]->summarises)
				table->folds[f]->apply(&scratch->states[f], &event, &context);
		if (!error && summed_mark(table, scratch) != mark)
			covers[n++] = event.position;
	}
	made->covers_n = n;
	return error || n == kept ? error : base_put(history, scratch, made);
}

static bool is_made(const struct base_made *made, size_t n, uint32_t origin)
{
	for (size_t i = 0; i < n; i++)
		if (made[i].origin == origin)
			return true;
	return false;
}

int bases_make(struct history *history, uint32_t kinds, struct base_made *made, size_t *n)
{
	struct gathering gathering __attribute__((cleanup(gathering_free)));
	const struct fold_table *table = history->engine->options.folds;
	struct fold_scratch scratch;
	gathering_init(&gathering);
	*n = 0;
	history->due = kinds_summed(table);
	if (!(history->due & kinds))
		return 0;
	int error = fold_scratch_init(&scratch, table);
	if (error)
		return error;
	error = gather(&gathering, history, kinds_of(table), CUSTOMER_EVENTS_MAX);
	if (!error)
		qsort(gathering.events, gathering.n, sizeof *gathering.events, order);
	for (size_t i = 0; i < gathering.n && !error; i++) {
		const struct event *event = &gathering.events[i];
		if (!(event->header.flags & EVENT_TRIMMED) || is_made(made, *n, event->header.origin_number))
			continue;
		error = base_make(history, &gathering, event->header.origin_number, &scratch, &made[*n]);
		*n += !error;
	}
	fold_scratch_free(&scratch);
	return error;
}

/* ---- a list of records ---- */

/* Records whose payload says something of others. */
static bool speaks_of_others(const struct event *event)
{
	static const uint32_t kinds = EVENT_KIND_BIT(EVENT_UNDO) | EVENT_KIND_BIT(EVENT_CONFIRM) | EVENT_KIND_BIT(EVENT_TRIM);
	return (kinds & EVENT_KIND_BIT(event->header.kind)) || (event->header.flags & EVENT_HELD);
}

/* What an undo that is itself undone undoes counts again: the newest undo goes first. */
static int undone_find(struct engine *engine, struct gathering *gathering, const struct event *events, size_t n, struct arena *arena)
{
	int64_t position;
	for (size_t i = n; i-- > 0;) {
		struct event undo;
		if (events[i].header.kind != EVENT_UNDO || is_undone(gathering, events[i].position))
			continue;
		int error = event_whole(engine, gathering, &events[i], arena, &undo);
		if (!error && value_int(value_get(undo.payload, TEXT("position")), &position))
			error = undone_note(gathering, (uint64_t)position);
		if (error)
			return error;
	}
	return 0;
}

int fold_events(struct engine *engine, const struct event *events, size_t n, const struct event_source *source, struct fold_scratch *scratch)
{
	struct gathering gathering __attribute__((cleanup(gathering_free)));
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	const uint32_t kinds = kinds_of(engine->options.folds) & ~EVENT_KIND_BIT(EVENT_UNDO);
	struct confirms confirms = {.n = 0};
	int64_t ordered_until;
	gathering_init(&gathering);
	arena_init(&arena, 4 * LOG_ENTRY_BYTES_MAX);
	gathering.source = source;
	gathering.again = source != NULL;
	int error = undone_find(engine, &gathering, events, n, &arena);
	for (size_t i = n; i-- > 0 && !error;) { /* Newest first, for what confirms others. */
		struct event event = events[i];
		if (speaks_of_others(&event)) {
			error = event_whole(engine, &gathering, &events[i], &arena, &event);
			if (error)
				break;
			confirms_take(&confirms, &event);
		}
		if (!(kinds & EVENT_KIND_BIT(event.header.kind)))
			continue;
		if (event.header.kind == EVENT_TRIM) {
			error = base_note(&gathering, &event);
			continue;
		}
		event.payload = events[i].payload; /* What is in the arena does not last. */
		error = memory_grow(&gathering.events, &gathering.capacity, gathering.n + 1, sizeof event);
		if (!error)
			gathering.events[gathering.n++] = event;
	}
	if (error)
		return error;
	if (gathering.n)
		qsort(gathering.events, gathering.n, sizeof *gathering.events, order);
	return fold_all(engine, &gathering, engine_config(engine), scratch, &ordered_until);
}

/* ---- a customer as it is now ---- */

/* What was applied to a customer while it was folded. */
struct meanwhile {
	struct event events[CATCH_UP_MAX]; /* The newest first. */
	size_t n;
	bool fits; /* These are all, and each goes on from what was there before. */
};

/*
 * Find the records of @customer, who is locked, behind position @after. What joins, parts, undoes, confirms or takes out
 * changes what came before it: then there is no going on.
 */
static int meanwhile_find(struct engine *engine, struct customer *customer, uint64_t after, struct arena *arena, struct meanwhile *found)
{
	static const uint32_t changing =
		EVENT_KIND_BIT(EVENT_UNDO) | EVENT_KIND_BIT(EVENT_TRIM) | EVENT_KIND_BIT(EVENT_MERGE) | EVENT_KIND_BIT(EVENT_SPLIT) |
		EVENT_KIND_BIT(EVENT_CONFIRM);
	struct history history;
	bool more = true;
	int error = history_start(&history, engine, customer, arena, HISTORY_EVENTS | HISTORY_DECISIONS);
	found->fits = true;
	for (found->n = 0; !error && found->fits; found->n++) {
		struct event event;
		error = history_record(&history, &event, &more);
		if (error || !more || event.position <= after)
			break;
		found->fits = found->n < CATCH_UP_MAX && !(changing & EVENT_KIND_BIT(event.header.kind));
		if (found->fits)
			found->events[found->n] = event;
	}
	return error;
}

/* Put the states in @scratch, folded up to position @until, in their place, and apply what came meanwhile. False: it cannot be. */
static int states_take(struct engine *engine, struct customer *customer, const struct fold_scratch *scratch, const struct config *config,
											 int64_t ordered_until, uint64_t until, bool *taken)
{
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	struct meanwhile *meanwhile = NULL;
	int error = 0;
	arena_init(&arena, HISTORY_ARENA_BYTES);
	*taken = false;
	if (customer->applied != until) {
		meanwhile = arena_alloc(&arena, sizeof *meanwhile);
		error = meanwhile ? meanwhile_find(engine, customer, until, &arena, meanwhile) : ERROR_MEMORY;
		if (error || !meanwhile->fits)
			return error;
	}
	if (!partition_spare(engine, partition_of(engine, customer->number)))
		return ERROR_MEMORY;
	customer_states_store(engine, partition_of(engine, customer->number), customer, scratch);
	customer->ordered_until = ordered_until;
	customer->config_mark = config_mark_of(config);
	customer->stale = customer->ordered_stale = false;
	customer->dirty = true;
	customer->due = states_due(engine->options.folds, scratch);
	customer_set_aside_find(engine, customer);
	*taken = true;
	for (size_t i = meanwhile ? meanwhile->n : 0; i-- > 0;) {
		if (!partition_spare(engine, partition_of(engine, customer->number)))
			customer->stale = true; /* It is folded again when there is memory. */
		customer_apply(engine, customer, &meanwhile->events[i]);
	}
	return 0;
}

/* Gather and fold without the lock, and put the states in their place unless something changed what was gathered. Locked on
 * entry and return. */
static int refresh_once(struct engine *engine, struct customer *customer, struct fold_scratch *scratch, bool *done)
{
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	struct history events, decisions;
	struct gathering gathering __attribute__((cleanup(gathering_free)));
	const uint64_t applied = customer->applied;
	const uint32_t origins_n = customer->origins_n;
	const struct config *config = engine_config(engine);
	int64_t ordered_until = 0;
	gathering_init(&gathering);
	arena_init(&arena, HISTORY_ARENA_BYTES);
	int error = history_start(&events, engine, customer, &arena, HISTORY_EVENTS);
	events.due = kinds_summed(engine->options.folds);
	if (!error)
		error = history_start(&decisions, engine, customer, &arena, HISTORY_DECISIONS);
	if (error)
		return error;
	customer_unlock(engine, customer);
	/* Only folds with a window want decisions, so the newest of them are enough. */
	uint32_t kinds = kinds_of(engine->options.folds);
	error = gather(&gathering, &events, kinds, CUSTOMER_EVENTS_MAX);
	if (!error && (kinds & EVENT_KIND_BIT(EVENT_DECISION)))
		error = gather(&gathering, &decisions, kinds, FOLD_WINDOW_EVENTS);
	if (!error) {
		qsort(gathering.events, gathering.n, sizeof *gathering.events, order);
		error = fold_all(engine, &gathering, config, scratch, &ordered_until);
	}
	pthread_mutex_lock(&partition_of(engine, customer->number)->lock);
	if (error)
		return error;
	*done = customer->origin_first == 0;
	if (*done || customer->origins_n != origins_n)
		return 0;
	return states_take(engine, customer, scratch, config, ordered_until, applied, done);
}

/* Leave out what came at or after @until. */
static void gathering_cut(struct gathering *gathering, uint64_t until)
{
	size_t kept = 0;
	for (size_t i = 0; i < gathering->n; i++)
		if (gathering->events[i].position < until)
			gathering->events[kept++] = gathering->events[i];
	gathering->n = kept;
}

/* Undo records after @until had not been made yet: pass over them before gathering. */
static int gather_before(struct gathering *gathering, struct history *history, uint32_t kinds, uint64_t until)
{
	for (size_t i = 0; i < history->heads_n; i++)
		while (history->heads[i] >= until) {
			struct event event;
			int error = history_head(history, i, &event);
			if (error)
				return error;
			history->heads[i] = event.header.previous;
			if (event.header.previous == 0) {
				history->heads[i] = history->heads[--history->heads_n];
				if (i == history->heads_n)
					break;
			}
		}
	return gather(gathering, history, kinds, CUSTOMER_EVENTS_MAX);
}

struct past {
	struct engine *engine;
	struct gathering gathering; /* In the order of time. */
	struct fold_scratch scratch;
	uint64_t until;
};

void past_free(struct past *past)
{
	if (!past)
		return;
	gathering_free(&past->gathering);
	fold_scratch_free(&past->scratch);
	memory_free(past);
}

int past_gather(struct past **out, struct history *events, struct history *decisions, uint64_t until)
{
	struct past *past = memory_zero_alloc(1, sizeof *past);
	if (!past)
		return ERROR_MEMORY;
	gathering_init(&past->gathering);
	past->engine = events->engine;
	past->until = until;
	uint32_t kinds = kinds_of(past->engine->options.folds);
	int error = fold_scratch_init(&past->scratch, past->engine->options.folds);
	if (!error)
		error = gather_before(&past->gathering, events, kinds, until);
	if (!error)
		error = gather_before(&past->gathering, decisions, kinds, until);
	if (error) {
		past_free(past);
		return error;
	}
	gathering_cut(&past->gathering, until);
	qsort(past->gathering.events, past->gathering.n, sizeof *past->gathering.events, order);
	*out = past;
	return 0;
}

const struct event *past_event(const struct past *past, size_t i)
{
	return i < past->gathering.n ? &past->gathering.events[past->gathering.n - 1 - i] : NULL;
}

/* A copy of what was gathered, with what is imagined. */
static int imagine(const struct past *past, const struct imagined *imagined, struct gathering *out)
{
	const struct gathering *from = &past->gathering;
	out->n = from->n + imagined->again_n;
	out->bases_n = from->bases_n;
	out->events = memory_alloc((out->n + 1) * sizeof *out->events);
	out->bases = memory_alloc((out->bases_n + 1) * sizeof *out->bases);
	if (!out->events || !out->bases)
		return ERROR_MEMORY;
	if (from->bases_n)
		memcpy(out->bases, from->bases, from->bases_n * sizeof *out->bases);
	if (from->n)
		memcpy(out->events, from->events, from->n * sizeof *out->events);
	for (size_t i = 0; i < imagined->again_n; i++) {
		struct event *event = &out->events[from->n + i];
		*event = *imagined->again;
		event->position = past->until - 1 - i;
		event->header.time_ms = event->header.received_ms = imagined->again_ms - (int64_t)(i + 1) * 7 * MS_A_DAY;
	}
	out->again = from->again;
	for (size_t i = 0; i < from->undone_n + imagined->without_n; i++) {
		int error = undone_note(out, i < from->undone_n ? from->undone[i] : imagined->without[i - from->undone_n]);
		if (error)
			return error;
	}
	qsort(out->events, out->n, sizeof *out->events, order);
	return 0;
}

int past_fold(struct past *past, const struct customer *customer, const struct imagined *imagined,
							const struct config *config, struct arena *arena, struct customer *then)
{
	struct gathering otherwise __attribute__((cleanup(gathering_free)));
	const struct fold_table *table = past->engine->options.folds;
	gathering_init(&otherwise);
	int error = imagined ? imagine(past, imagined, &otherwise) : 0;
	if (error)
		return error;
	*then = *customer;
	error = fold_all(past->engine, imagined ? &otherwise : &past->gathering, config, &past->scratch, &then->ordered_until);
	if (error)
		return error;
	then->states_bytes = (uint32_t)fold_scratch_bytes(&past->scratch, table);
	then->states = arena_alloc(arena, then->states_bytes);
	if (!then->states)
		return ERROR_MEMORY;
	fold_scratch_store(&past->scratch, table, then->states);
	then->stale = then->ordered_stale = false;
	then->config_mark = config_mark_of(engine_config(past->engine));
	return 0;
}

/* ---- threads that must not fold a long history ---- */

static _Thread_local struct {
	bool prompt;
	uint32_t put_off;
} calling;

void engine_prompt_begin(void)
{
	calling.prompt = true;
	calling.put_off = 0;
}

uint32_t engine_prompt_end(void)
{
	calling.prompt = false;
	return calling.put_off;
}

int engine_prompt_check(const struct customer *customer)
{
	if (!calling.prompt || customer->events <= ENGINE_PROMPT_EVENTS)
		return 0;
	calling.put_off = customer->number;
	return ERROR_LATER;
}

int customer_refresh(struct engine *engine, struct customer *customer)
{
	struct fold_scratch scratch;
	bool done = false;
	if (customer_is_shut(engine, customer))
		return ERROR_DAMAGED;
	if (!customer->stale && !customer->ordered_stale && customer->config_mark == config_mark_of(engine_config(engine)))
		return 0;
	int error = engine_prompt_check(customer);
	if (!error)
		error = fold_scratch_init(&scratch, engine->options.folds);
	if (error)
		return error;
	for (int i = 0; i < REFRESH_TRIES && !done && !error; i++)
		error = refresh_once(engine, customer, &scratch, &done);
	atomic_fetch_add_explicit(&engine->refolds_n, 1, memory_order_relaxed);
	fold_scratch_free(&scratch);
	return error || done ? error : ERROR_BUSY;
}
