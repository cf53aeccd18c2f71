/* history.c: walking a customer's records, and folding the states again from them. */
#include "base/clock.h"
#include "engine/internal.h"
#include "engine/seal.h"

#include <stdlib.h>
#include <string.h>

enum { HISTORY_ARENA_BYTES = 512 * 1024 * 1024, REFRESH_TRIES = 3 };

int event_unseal(struct engine *engine, struct event *event, uint8_t *room)
{
	const struct text header = {(const char *)&event->header, sizeof event->header};
	if (!engine->keyring)
		return ERROR_DENIED;
	if (event->sealed.n != (size_t)event->header.sealed_length + SEAL_BYTES)
		return ERROR_CORRUPT;
	int error = seal_open(engine->keyring, event->header.origin_number, event->header.key_version, header, event->sealed, room);
	if (!error && room[0] != VALUE_OBJECT)
		error = ERROR_CORRUPT;
	if (!error)
		event->payload = (struct value){room, event->header.sealed_length};
	return error;
}

uint64_t event_serves(struct engine *engine, const struct event *event, int64_t now_ms)
{
	if (event->header.flags & EVENT_TRIMMED)
		return 0;
	return engine->options.serves ? engine->options.serves(engine_config(engine), event, now_ms) : ~(uint64_t)0;
}

/* The same as engine_event, but what may not be kept is there, with its header alone. */
static int event_read(struct engine *engine, uint64_t position, struct arena *arena, struct event *event)
{
	char local[LOG_ENTRY_BYTES_MAX];
	struct text entry;
	*event = (struct event){0};
	int error = log_read(engine->log, position, local, &entry);
	if (error)
		return error;
	if (entry.p == local) { /* Still pending: keep a copy as long as the arena lives. */
		entry = text_copy(arena, entry);
		if (!entry.p)
			return ERROR_MEMORY;
	}
	error = event_decode(event, entry);
	if (!error) {
		event->position = position;
		event_names(engine, event);
	}
	uint64_t serves = error ? 0 : event_serves(engine, event, clock_now_ms());
	if (!error && !serves) {
		event->payload = (struct value){0};
		event->header.flags |= EVENT_TRIMMED;
	} else if (!error && event->header.key_version) {
		uint8_t *room = arena_alloc(arena, event->header.sealed_length);
		error = room ? event_unseal(engine, event, room) : ERROR_MEMORY;
	}
	event->header.purposes &= serves;
	if (error == ERROR_CORRUPT && event_view(event, entry) == 0 && (event->header.flags & EVENT_TRIMMED)) {
		event->position = position; /* It was taken out under our eyes. */
		error = 0;
	}
	return error;
}

int engine_event(struct engine *engine, uint64_t position, struct arena *arena, struct event *event)
{
	int error = event_read(engine, position, arena, event);
	return error ? error : event->header.flags & EVENT_TRIMMED ? ERROR_NOT_FOUND : 0;
}

int history_start(struct history *history, struct engine *engine, const struct customer *customer, struct arena *arena,
                  unsigned what)
{
	*history = (struct history){.engine = engine, .arena = arena};
	history->heads = arena_alloc(arena, 2 * (size_t)customer->origins_n * sizeof *history->heads);
	if (!history->heads)
		return ERROR_MEMORY;
	for (uint32_t number = customer->origin_first; number; number = engine_origin(engine, number)->next) {
		const struct origin *origin = engine_origin(engine, number);
		if ((what & HISTORY_EVENTS) && origin->head)
			history->heads[history->heads_n++] = origin->head;
		if ((what & HISTORY_DECISIONS) && origin->decision_head)
			history->heads[history->heads_n++] = origin->decision_head;
	}
	return 0;
}

/* The next record, also of those that may not be kept any longer. */
static int record_next(struct history *history, struct event *event, bool *more)
{
	size_t newest = 0;
	if (history->heads_n == 0) {
		*more = false;
		return 0;
	}
	for (size_t i = 1; i < history->heads_n; i++)
		if (history->heads[i] > history->heads[newest])
			newest = i;
	int error = event_read(history->engine, history->heads[newest], history->arena, event);
	if (error == ERROR_NOT_FOUND && keyring_is_destroyed(history->engine->keyring, event->header.origin_number)) {
		*more = false; /* Erased while it was walked. */
		return 0;
	}
	if (error)
		return error == ERROR_NOT_FOUND ? ERROR_CORRUPT : error;
	if (event->header.previous >= history->heads[newest])
		return ERROR_CORRUPT;
	if (event->header.previous)
		history->heads[newest] = event->header.previous;
	else
		history->heads[newest] = history->heads[--history->heads_n];
	*more = true;
	return 0;
}

int history_next(struct history *history, struct event *event, bool *more)
{
	int error;
	do
		error = record_next(history, event, more);
	while (!error && *more && (event->header.flags & EVENT_TRIMMED));
	return error;
}

/* ---- folding again ---- */

struct gathering {
	struct event *events;
	size_t n, capacity;
	uint64_t *undone;
	size_t undone_n, undone_capacity;
};

static void gathering_free(struct gathering *gathering)
{
	memory_free(gathering->events);
	memory_free(gathering->undone);
}

static uint32_t kinds_of(const struct fold_table *table)
{
	uint32_t kinds = EVENT_KIND_BIT(EVENT_UNDO);
	for (size_t i = 0; i < table->n; i++)
		kinds |= table->folds[i]->kinds;
	return kinds;
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
	for (size_t n = 0;; n++) {
		int error = n < n_max ? history_next(history, &event, &more) : 0;
		if (error || !more || n == n_max)
			return error;
		if (!(kinds & EVENT_KIND_BIT(event.header.kind)))
			continue;
		if (event.header.kind == EVENT_UNDO) {
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
			if (fold->kinds & EVENT_KIND_BIT(gathering->events[--i].header.kind))
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
	for (size_t i = 0; i < gathering->n; i++) {
		const struct event *event = &gathering->events[i];
		if (gathering->undone_n && is_undone(gathering, event->position))
			continue;
		for (size_t f = 0; f < table->n; f++) {
			if (i < first[f] || !(table->folds[f]->kinds & EVENT_KIND_BIT(event->header.kind)))
				continue;
			table->folds[f]->apply(&scratch->states[f], event, &context);
			if (table->folds[f]->ordered)
				*ordered_until = event->header.time_ms;
		}
	}
}

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
	int64_t ordered_until;
	int error = undone_find(&gathering, events, n);
	for (size_t i = 0; i < n && !error; i++) {
		if (!(kinds & EVENT_KIND_BIT(events[i].header.kind)))
			continue;
		error = memory_grow(&gathering.events, &gathering.capacity, gathering.n + 1, sizeof *events);
		if (!error)
			gathering.events[gathering.n++] = events[i];
	}
	if (error)
		return error;
	if (gathering.n)
		qsort(gathering.events, gathering.n, sizeof *gathering.events, order);
	fold_all(engine, &gathering, engine_config(engine), scratch, &ordered_until);
	return 0;
}

/* One try: gather without the lock, then swap the states in if nothing changed meanwhile. Locked on entry and return. */
static int refresh_once(struct engine *engine, struct customer *customer, struct fold_scratch *scratch, bool locked, bool *done)
{
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	struct history events, decisions;
	struct gathering gathering __attribute__((cleanup(gathering_free))) = {0};
	uint64_t applied = customer->applied;
	const struct config *config = engine_config(engine);
	int64_t ordered_until = 0;
	arena_init(&arena, HISTORY_ARENA_BYTES);
	int error = history_start(&events, engine, customer, &arena, HISTORY_EVENTS);
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
			int error = event_read(history->engine, history->heads[i], history->arena, &event);
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
	out->events = memory_alloc((out->n + 1) * sizeof *out->events);
	out->undone = memory_alloc((out->undone_n + 1) * sizeof *out->undone);
	if (!out->events || !out->undone)
		return ERROR_MEMORY;
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

int past_fold(struct past *past, const struct customer *customer, const struct imagined *imagined, const struct config *config,
              struct arena *arena, struct customer *then)
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
