/* refold.c: folding the states of a customer again from its records: as they are, as they were, as they might have
 * been. */
#include "base/clock.h"
#include "engine/fold_base.h"
#include "engine/internal.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { HISTORY_ARENA_BYTES = 512 * 1024 * 1024, REFRESH_TRIES = 3 };

struct gathering {
	struct event *events; /* Those that are due (marked EVENT_TRIMMED) are for the folds that sum up alone. */
	size_t n, capacity;
	uint64_t *undone;
	size_t undone_n, undone_capacity;
	struct event *bases; /* Of each origin, its newest trim record with a base. */
	size_t bases_n, bases_capacity;
};

static void gathering_free(struct gathering *gathering)
{
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
	for (size_t i = 0; i < gathering->bases_n; i++) {
		struct event *base = &gathering->bases[i];
		if (base->header.origin_number != event->header.origin_number)
			continue;
		if (event_compare(event, base) > 0)
			*base = *event;
		return 0;
	}
	int error = memory_grow(&gathering->bases, &gathering->bases_capacity, gathering->bases_n + 1, sizeof *event);
	if (!error)
		gathering->bases[gathering->bases_n++] = *event;
	return error;
}

static bool is_undone(const struct gathering *gathering, uint64_t position)
{
	for (size_t i = 0; i < gathering->undone_n; i++)
		if (gathering->undone[i] == position)
			return true;
	return false;
}

static int gather(struct gathering *gathering, struct history *history, uint32_t kinds, size_t n_max)
{
	struct event event;
	bool more = true;
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
			error = memory_grow(&gathering->undone, &gathering->undone_capacity, gathering->undone_n + 1, sizeof(uint64_t));
			if (!error)
				gathering->undone[gathering->undone_n++] = (uint64_t)position;
		} else {
			error = memory_grow(&gathering->events, &gathering->capacity, gathering->n + 1, sizeof event);
			if (!error)
				gathering->events[gathering->n++] = event;
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

static void fold_all(struct engine *engine, const struct gathering *gathering, const struct config *config,
										 struct fold_scratch *scratch, int64_t *ordered_until)
{
	const struct fold_table *table = engine->options.folds;
	struct fold_context context = {.config = config};
	size_t first[FOLDS_MAX];
	windows_find(table, gathering, first);
	*ordered_until = 0;
	for (size_t f = 0; f < table->n; f++)
		scratch->states[f].n = 0;
	for (size_t i = 0; i < gathering->bases_n; i++)
		fold_bases_merge(gathering->bases[i].payload, table, scratch);
	for (size_t i = 0; i < gathering->n; i++) {
		const struct event *event = &gathering->events[i];
		if (gathering->undone_n && is_undone(gathering, event->position))
			continue;
		for (size_t f = 0; f < table->n; f++) {
			if (i < first[f] || !fold_wants(table->folds[f], event))
				continue;
			table->folds[f]->apply(&scratch->states[f], event, &context);
			if (table->folds[f]->ordered)
				*ordered_until = event->header.time_ms;
		}
	}
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
		struct text entry;
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
		const struct event *event = &gathering->events[i];
		if (event->header.origin_number != origin || !(event->header.flags & EVENT_TRIMMED) ||
				is_undone(gathering, event->position))
			continue;
		uint64_t mark = summed_mark(table, scratch);
		made->full = n == FOLD_BASE_COVERS_MAX;
		for (size_t f = 0; f < table->n && !made->full; f++)
			if (fold_wants(table->folds[f], event) && table->folds[f]->summarises)
				table->folds[f]->apply(&scratch->states[f], event, &context);
		if (summed_mark(table, scratch) != mark)
			covers[n++] = event->position;
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
	struct gathering gathering __attribute__((cleanup(gathering_free))) = {0};
	const struct fold_table *table = history->engine->options.folds;
	struct fold_scratch scratch;
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

/* ---- a list of records, a customer as it is ---- */

/* What an undo that is itself undone undoes counts again: the newest undo goes first. */
static int undone_find(struct gathering *gathering, const struct event *events, size_t n)
{
	int64_t position;
	for (size_t i = n; i-- > 0;) {
		if (events[i].header.kind != EVENT_UNDO || is_undone(gathering, events[i].position) ||
				!value_int(value_get(events[i].payload, TEXT("position")), &position))
			continue;
		int error = memory_grow(&gathering->undone, &gathering->undone_capacity, gathering->undone_n + 1, sizeof(uint64_t));
		if (error)
			return error;
		gathering->undone[gathering->undone_n++] = (uint64_t)position;
	}
	return 0;
}

int fold_events(struct engine *engine, const struct event *events, size_t n, struct fold_scratch *scratch)
{
	struct gathering gathering __attribute__((cleanup(gathering_free))) = {0};
	const uint32_t kinds = kinds_of(engine->options.folds) & ~EVENT_KIND_BIT(EVENT_UNDO);
	struct confirms confirms = {.n = 0};
	int64_t ordered_until;
	int error = undone_find(&gathering, events, n);
	for (size_t i = n; i-- > 0 && !error;) { /* Newest first, for what confirms others. */
		struct event event = events[i];
		confirms_take(&confirms, &event);
		if (!(kinds & EVENT_KIND_BIT(event.header.kind)))
			continue;
		if (event.header.kind == EVENT_TRIM) {
			error = base_note(&gathering, &event);
			continue;
		}
		error = memory_grow(&gathering.events, &gathering.capacity, gathering.n + 1, sizeof event);
		if (!error)
			gathering.events[gathering.n++] = event;
	}
	if (error)
		return error;
	if (gathering.n)
		qsort(gathering.events, gathering.n, sizeof *gathering.events, order);
	fold_all(engine, &gathering, engine_config(engine), scratch, &ordered_until);
	return 0;
}

/* One try: gather without the lock, then swap the states in if nothing changed meanwhile. Locked on entry and return.
 */
static int refresh_once(struct engine *engine, struct customer *customer, struct fold_scratch *scratch, bool locked,
												bool *done)
{
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	struct history events, decisions;
	struct gathering gathering __attribute__((cleanup(gathering_free))) = {0};
	uint64_t applied = customer->applied;
	const struct config *config = engine_config(engine);
	int64_t ordered_until = 0;
	arena_init(&arena, HISTORY_ARENA_BYTES);
	int error = history_start(&events, engine, customer, &arena, HISTORY_EVENTS);
	events.due = kinds_summed(engine->options.folds);
	if (!error)
		error = history_start(&decisions, engine, customer, &arena, HISTORY_DECISIONS);
	if (error)
		return error;
	if (!locked)
		customer_unlock(engine, customer);
	/* Only folds with a window want decisions, so the newest of them are enough. */
	uint32_t kinds = kinds_of(engine->options.folds);
	error = gather(&gathering, &events, kinds, CUSTOMER_EVENTS_MAX);
	if (!error && (kinds & EVENT_KIND_BIT(EVENT_DECISION)))
		error = gather(&gathering, &decisions, kinds, FOLD_WINDOW_EVENTS);
	if (!error) {
		qsort(gathering.events, gathering.n, sizeof *gathering.events, order);
		fold_all(engine, &gathering, config, scratch, &ordered_until);
	}
	if (!locked)
		pthread_mutex_lock(&partition_of(engine, customer->number)->lock);
	if (error)
		return error;
	*done = customer->origin_first == 0;
	if (customer->applied != applied || *done)
		return 0;
	if (!partition_spare(engine, partition_of(engine, customer->number)))
		return ERROR_MEMORY;
	customer_states_store(engine, partition_of(engine, customer->number), customer, scratch);
	customer->ordered_until = ordered_until;
	customer->config_mark = config_mark_of(config);
	customer->stale = customer->ordered_stale = false;
	customer->dirty = true;
	customer->due = states_due(engine->options.folds, scratch);
	customer_set_aside_find(engine, customer);
	*done = true;
	return 0;
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
	out->undone_n = from->undone_n + imagined->without_n;
	out->bases_n = from->bases_n;
	out->events = memory_alloc((out->n + 1) * sizeof *out->events);
	out->undone = memory_alloc((out->undone_n + 1) * sizeof *out->undone);
	out->bases = memory_alloc((out->bases_n + 1) * sizeof *out->bases);
	if (!out->events || !out->undone || !out->bases)
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
	if (from->undone_n)
		memcpy(out->undone, from->undone, from->undone_n * sizeof *out->undone);
	if (imagined->without_n)
		memcpy(out->undone + from->undone_n, imagined->without, imagined->without_n * sizeof *out->undone);
	qsort(out->events, out->n, sizeof *out->events, order);
	return 0;
}

int past_fold(struct past *past, const struct customer *customer, const struct imagined *imagined,
							const struct config *config, struct arena *arena, struct customer *then)
{
	struct gathering otherwise __attribute__((cleanup(gathering_free))) = {0};
	const struct fold_table *table = past->engine->options.folds;
	int error = imagined ? imagine(past, imagined, &otherwise) : 0;
	if (error)
		return error;
	*then = *customer;
	fold_all(past->engine, imagined ? &otherwise : &past->gathering, config, &past->scratch, &then->ordered_until);
	then->states_bytes = (uint32_t)fold_scratch_bytes(&past->scratch, table);
	then->states = arena_alloc(arena, then->states_bytes);
	if (!then->states)
		return ERROR_MEMORY;
	fold_scratch_store(&past->scratch, table, then->states);
	then->stale = then->ordered_stale = false;
	then->config_mark = config_mark_of(engine_config(past->engine));
	return 0;
}

int customer_refresh(struct engine *engine, struct customer *customer)
{
	struct fold_scratch scratch;
	bool done = false;
	if (customer_is_shut(engine, customer))
		return ERROR_DAMAGED;
	if (!customer->stale && !customer->ordered_stale && customer->config_mark == config_mark_of(engine_config(engine)))
		return 0;
	int error = fold_scratch_init(&scratch, engine->options.folds);
	if (error)
		return error;
	/* A customer who changes all the time is folded under the lock at last. */
	for (int i = 0; i <= REFRESH_TRIES && !done && !error; i++)
		error = refresh_once(engine, customer, &scratch, i == REFRESH_TRIES, &done);
	atomic_fetch_add_explicit(&engine->refolds_n, 1, memory_order_relaxed);
	fold_scratch_free(&scratch);
	return error;
}
