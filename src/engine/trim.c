/*
 * trim.c: taking out of histories what may not be kept any longer.
 *
 * In this order, so that a crash between any two steps leaves nothing half done: a record says to each customer that
 * something goes, from which on the states are folded without it, and what the folds that sum up keep of it
 * (fold_base.h); the rows of columns are blanked; the entries of the log are blanked; the states are folded again.
 * Until the entries are blanked the next round finds them again, and whoever folds meanwhile passes over what may not
 * be kept.
 */
#include "base/clock.h"
#include "engine/internal.h"

#include <stdlib.h>
#include <string.h>

enum { ROUND_EVENTS = 64 * 1024, DURABLE_WAIT_MS = 60000, CUSTOMER_BYTES_MAX = 512 * 1024 * 1024 };

struct found {
	uint64_t position;
	struct column_place row;
	bool decision;
};

/* A record to be written to the history of an origin. */
struct announcement {
	uint32_t origin;
	struct text payload; /* Ours. Empty: that something goes, no more. */
};

struct trimming {
	struct engine *engine;
	struct found *found;
	size_t n, capacity;
	struct announcement *announcements;
	size_t announcements_n, announcements_capacity;
	size_t customers; /* Who loses something. */
	size_t befores;   /* Of what was found: trim records with a base that is no longer the newest. */
	int64_t now_ms, since_ms;
	uint64_t durable; /* What is not on disk yet waits for the next round. */
	uint32_t kinds;   /* Of what was found of the customer who is looked at: EVENT_KIND_BITs. */
	bool lapsed;      /* Of the customer who is looked at: some purpose may not use an event any more, since since_ms. */
};

static int found_add(struct trimming *trimming, const struct event *event)
{
	int error = memory_grow(&trimming->found, &trimming->capacity, trimming->n + 1, sizeof *trimming->found);
	if (!error)
		trimming->found[trimming->n++] =
			(struct found){event->position,
										 {event->header.time_ms, event->header.origin_number, (uint16_t)event->header.name},
										 event->header.kind == EVENT_DECISION};
	return error;
}

/* May this record not be kept? Its header says it: nothing is unsealed. */
static int record_look(void *arg, const struct event *event)
{
	struct trimming *trimming = arg;
	bool there = !(event->header.flags & EVENT_TRIMMED);
	uint64_t serves = there ? event_serves(trimming->engine, event, trimming->now_ms) : 0,
					 ended = event->header.purposes & ~serves;
	if (there && !serves && event->position <= trimming->durable) {
		trimming->kinds |= EVENT_KIND_BIT(event->header.kind);
		return found_add(trimming, event);
	}
	if (serves && ended && !trimming->lapsed)
		trimming->lapsed = (ended & event_serves(trimming->engine, event, trimming->since_ms)) != 0;
	return 0;
}

/* Fold the customer of @origin again. */
static int fold_one(struct engine *engine, uint32_t origin)
{
	struct customer *customer = customer_lock_of(engine, origin);
	int error = 0;
	if (!customer)
		return 0;
	customer->stale = customer->dirty = true;
	error = customer_refresh(engine, customer);
	customer_unlock(engine, customer);
	return error;
}

static int announcement_add(struct trimming *trimming, uint32_t origin, struct text payload)
{
	int error = memory_grow(&trimming->announcements, &trimming->announcements_capacity, trimming->announcements_n + 1,
													sizeof *trimming->announcements);
	char *copy = !error && payload.n ? memory_alloc(payload.n) : NULL;
	if (error || (payload.n && !copy))
		return ERROR_MEMORY;
	if (copy)
		memcpy(copy, payload.p, payload.n);
	trimming->announcements[trimming->announcements_n++] = (struct announcement){origin, {copy, payload.n}};
	return 0;
}

/* Of what was found from @first on, leave for the next round what the base has no room for. */
static void found_restrict(struct trimming *trimming, size_t first, const struct base_made *made)
{
	size_t kept = first;
	for (size_t i = first; i < trimming->n; i++) {
		bool goes = trimming->found[i].row.origin != made->origin;
		for (size_t c = 0; c < made->covers_n && !goes; c++)
			goes = made->covers[c] == trimming->found[i].position;
		if (goes)
			trimming->found[kept++] = trimming->found[i];
	}
	trimming->n = kept;
}

/* The record that had the base until now says nothing any more. */
static int before_add(struct trimming *trimming, uint64_t position)
{
	char local[LOG_ENTRY_BYTES_MAX];
	struct text entry = {0};
	struct event event;
	int error = position ? log_read(trimming->engine->log, position, local, &entry) : 0;
	if (!error && position)
		error = event_view(&event, entry);
	if (error || !position || position > trimming->durable)
		return error;
	event.position = position;
	trimming->befores++;
	return found_add(trimming, &event);
}

/* What the folds that sum up keep of what was found from @first on; *@full: it is more than one record holds. */
static int bases_look(struct trimming *trimming, struct history *history, uint32_t origin, size_t first, bool *full)
{
	struct base_made made[CUSTOMER_ORIGINS_MAX];
	size_t made_n, before = trimming->announcements_n;
	int error = bases_make(history, trimming->kinds, made, &made_n);
	*full = false;
	for (size_t i = 0; i < made_n && !error; i++) {
		*full |= made[i].full;
		if (made[i].full)
			found_restrict(trimming, first, &made[i]);
		if (!made[i].payload.n)
			continue;
		error = announcement_add(trimming, made[i].origin, made[i].payload);
		if (!error)
			error = before_add(trimming, made[i].before);
	}
	if (!error && trimming->announcements_n == before)
		error = announcement_add(trimming, origin, TEXT(""));
	return error;
}

/* What one customer loses. *@full: there is more, for the next round. */
static int customer_look(struct trimming *trimming, struct customer *customer, struct trimmed *trimmed, bool *full)
{
	struct engine *engine = trimming->engine;
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	struct history history;
	size_t before = trimming->n;
	uint32_t origin = customer->origin_first;
	arena_init(&arena, CUSTOMER_BYTES_MAX);
	int error = history_start(&history, engine, customer, &arena, HISTORY_EVENTS);
	trimming->lapsed = *full = false;
	trimming->kinds = 0;
	trimming->durable = log_durable(engine->log);
	if (error)
		customer_unlock(engine, customer);
	else
		error = history_headers(engine, customer, record_look, trimming);
	if (!error && trimming->n == before && trimming->lapsed) {
		trimmed->folded++;
		return fold_one(engine, origin);
	}
	if (error || trimming->n == before)
		return error;
	error = bases_look(trimming, &history, origin, before, full);
	trimming->customers += !*full;
	return error;
}

static int look(struct trimming *trimming, struct trimmed *trimmed)
{
	uint32_t last = engine_origins(trimming->engine);
	int error = 0;
	bool full = false;
	while (trimmed->after < last && trimming->n < ROUND_EVENTS && !error && !full) {
		struct customer *customer = customer_lock(trimming->engine, ++trimmed->after);
		if (customer)
			error = customer_look(trimming, customer, trimmed, &full);
	}
	trimmed->after -= full;
	trimmed->more = trimmed->after < last;
	return error;
}

/* Say to each customer that something goes, durably. */
static int announce(struct trimming *trimming)
{
	static const char nothing[] = {VALUE_OBJECT, 0, 0, 0, 0};
	struct engine *engine = trimming->engine;
	uint64_t position = 0;
	int error = 0;
	for (size_t i = 0; i < trimming->announcements_n && !error;) {
		const struct announcement *one = &trimming->announcements[i];
		int64_t now = clock_now_ms();
		struct engine_write write = {.header = {.kind = EVENT_TRIM, .time_ms = now, .received_ms = now, .purposes = 1},
																 .payload = one->payload.n ? one->payload : (struct text){nothing, sizeof nothing}};
		struct customer *customer = customer_lock_of(engine, one->origin);
		if (customer) {
			error = engine_append(engine, customer, one->origin, &write, &position);
			customer_unlock(engine, customer);
		}
		if (error == ERROR_BUSY)
			error = log_wait(engine->log, log_end(engine->log),
											 DURABLE_WAIT_MS); /* The pending block is full: the same once more. */
		else
			i++;
	}
	return error ? error : log_wait(engine->log, position, DURABLE_WAIT_MS);
}

static int rows_blank(struct trimming *trimming)
{
	struct engine *engine = trimming->engine;
	struct column_place *places = memory_alloc((trimming->n + 1) * sizeof *places);
	if (!places)
		return ERROR_MEMORY;
	for (size_t i = 0; i < trimming->n; i++)
		places[i] = trimming->found[i].row;
	pthread_mutex_lock(&engine->pass_lock);
	engine->trimmed = places;
	engine->trimmed_n = trimming->n;
	pthread_mutex_unlock(&engine->pass_lock);
	int error = engine_snapshot(engine);
	pthread_mutex_lock(&engine->pass_lock);
	engine->trimmed = NULL;
	engine->trimmed_n = 0;
	pthread_mutex_unlock(&engine->pass_lock);
	memory_free(places);
	return error;
}

static void entry_blank(void *arg, uint64_t position, uint8_t *entry, size_t n)
{
	(void)arg;
	(void)position;
	event_blank(entry, n);
}

static int compare_found(const void *a, const void *b)
{
	uint64_t left = ((const struct found *)a)->position, right = ((const struct found *)b)->position;
	return (left > right) - (left < right);
}

/* They are not counted any more. */
static void counts_lower(struct trimming *trimming)
{
	struct engine *engine = trimming->engine;
	for (size_t i = 0; i < trimming->n; i++) {
		struct customer *customer = customer_lock_of(engine, trimming->found[i].row.origin);
		if (!customer)
			continue;
		struct origin *origin = engine_origin(engine, trimming->found[i].row.origin);
		if (trimming->found[i].decision) {
			origin->decisions -= origin->decisions > 0;
		} else {
			origin->events -= origin->events > 0;
			customer->events -= customer->events > 0;
		}
		origin->dirty = customer->dirty = true;
		customer_unlock(engine, customer);
		atomic_fetch_sub_explicit(trimming->found[i].decision ? &engine->decisions_n : &engine->events_n, 1,
															memory_order_relaxed);
	}
}

static int entries_blank(struct trimming *trimming)
{
	uint64_t *positions = memory_alloc((trimming->n + 1) * sizeof *positions);
	if (!positions)
		return ERROR_MEMORY;
	qsort(trimming->found, trimming->n, sizeof *trimming->found, compare_found);
	for (size_t i = 0; i < trimming->n; i++)
		positions[i] = trimming->found[i].position;
	int error = log_rewrite(trimming->engine->log, positions, trimming->n, entry_blank, NULL);
	memory_free(positions);
	if (!error)
		counts_lower(trimming);
	return error;
}

static int fold_again(struct trimming *trimming)
{
	int error = 0;
	for (size_t i = 0; i < trimming->announcements_n && !error; i++)
		error = fold_one(trimming->engine, trimming->announcements[i].origin);
	return error;
}

static void trimming_free(struct trimming *trimming)
{
	for (size_t i = 0; i < trimming->announcements_n; i++)
		memory_free((void *)(uintptr_t)trimming->announcements[i].payload.p);
	memory_free(trimming->announcements);
	memory_free(trimming->found);
}

int engine_trim(struct engine *engine, struct trimmed *trimmed)
{
	struct trimming trimming = {.engine = engine, .now_ms = clock_now_ms(), .since_ms = trimmed->since_ms};
	trimmed->more = false;
	int error = engine->options.serves ? look(&trimming, trimmed) : 0;
	if (!error && trimming.n) {
		error = announce(&trimming);
		if (!error)
			error = rows_blank(&trimming);
		if (!error)
			error = entries_blank(&trimming);
		if (!error)
			error = fold_again(&trimming);
	}
	if (!error) {
		trimmed->events += trimming.n - trimming.befores;
		trimmed->customers += trimming.customers;
	}
	trimming_free(&trimming);
	return error;
}
