/*
 * trim.c: taking out of histories what may not be kept any longer.
 *
 * In this order, so that a crash between any two steps leaves nothing half done: a record says to each customer that something goes, from
 * which on the states are folded without it; the rows of columns are blanked; the entries of the log are blanked; the states are folded
 * again. Until the entries are blanked the next round finds them again, and whoever folds meanwhile passes over what may not be kept.
 */
#include "base/clock.h"
#include "engine/internal.h"

#include <stdlib.h>
#include <string.h>

enum { ROUND_EVENTS = 64 * 1024, DURABLE_WAIT_MS = 60000 };

struct found {
	uint64_t position;
	struct column_place row;
	bool decision;
};

struct trimming {
	struct engine *engine;
	struct found *found;
	size_t n, capacity;
	uint32_t *origins;      /* One of each customer who loses something. */
	size_t origins_n, origins_capacity;
	int64_t now_ms, since_ms;
	bool lapsed;            /* Of the customer who is looked at: some purpose may not use an event any more, since since_ms. */
};

static int found_add(struct trimming *trimming, const struct event *event)
{
	int error = memory_grow(&trimming->found, &trimming->capacity, trimming->n + 1, sizeof *trimming->found);
	if (!error)
		trimming->found[trimming->n++] = (struct found){
			event->position, {event->header.time_ms, event->header.origin_number, (uint16_t)event->header.name}, event->header.kind == EVENT_DECISION};
	return error;
}

/* What in the chain at @head may not be kept. Headers say it: nothing is unsealed. */
static int chain_look(struct trimming *trimming, uint64_t head)
{
	struct engine *engine = trimming->engine;
	uint64_t durable = log_durable(engine->log);
	char local[LOG_ENTRY_BYTES_MAX];
	int error = 0;
	while (head && !error) {
		struct event event;
		struct text entry;
		error = log_read(engine->log, head, local, &entry);
		if (!error)
			error = event_view(&event, entry);
		if (!error && event.header.previous >= head)
			error = ERROR_CORRUPT;
		if (error)
			break;
		event.position = head;
		event_names(engine, &event);
		bool there = !(event.header.flags & EVENT_TRIMMED);
		uint64_t serves = there ? event_serves(engine, &event, trimming->now_ms) : 0, ended = event.header.purposes & ~serves;
		if (there && !serves && head <= durable)
			error = found_add(trimming, &event);
		else if (serves && ended && !trimming->lapsed)
			trimming->lapsed = (ended & event_serves(engine, &event, trimming->since_ms)) != 0;
		head = event.header.previous;
	}
	return error;
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

static int customer_look(struct trimming *trimming, struct customer *customer, struct trimmed *trimmed)
{
	struct engine *engine = trimming->engine;
	uint64_t heads[2 * CUSTOMER_ORIGINS_MAX];
	size_t heads_n = 0, before = trimming->n;
	uint32_t origin = customer->origin_first;
	for (uint32_t number = origin; number; number = engine_origin(engine, number)->next) {
		heads[heads_n++] = engine_origin(engine, number)->head;
		heads[heads_n++] = engine_origin(engine, number)->decision_head;
	}
	customer_unlock(engine, customer);
	int error = 0;
	trimming->lapsed = false;
	for (size_t i = 0; i < heads_n && !error; i++)
		error = chain_look(trimming, heads[i]);
	if (!error && trimming->n == before && trimming->lapsed) {
		trimmed->folded++;
		return fold_one(engine, origin);
	}
	if (error || trimming->n == before)
		return error;
	error = memory_grow(&trimming->origins, &trimming->origins_capacity, trimming->origins_n + 1, sizeof *trimming->origins);
	if (!error)
		trimming->origins[trimming->origins_n++] = origin;
	return error;
}

static int look(struct trimming *trimming, struct trimmed *trimmed)
{
	uint32_t last = engine_origins(trimming->engine);
	int error = 0;
	while (trimmed->after < last && trimming->n < ROUND_EVENTS && !error) {
		struct customer *customer = customer_lock(trimming->engine, ++trimmed->after);
		if (customer)
			error = customer_look(trimming, customer, trimmed);
	}
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
	for (size_t i = 0; i < trimming->origins_n && !error;) {
		int64_t now = clock_now_ms();
		struct engine_write write = {.header = {.kind = EVENT_TRIM, .time_ms = now, .received_ms = now, .purposes = 1},
		                             .payload = {nothing, sizeof nothing}};
		struct customer *customer = customer_lock_of(engine, trimming->origins[i]);
		if (customer) {
			error = engine_append(engine, customer, trimming->origins[i], &write, &position);
			customer_unlock(engine, customer);
		}
		if (error == ERROR_BUSY)
			error = log_wait(engine->log, log_end(engine->log), DURABLE_WAIT_MS); /* The pending block is full: the same once more. */
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
		atomic_fetch_sub_explicit(trimming->found[i].decision ? &engine->decisions_n : &engine->events_n, 1, memory_order_relaxed);
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
	for (size_t i = 0; i < trimming->origins_n && !error; i++)
		error = fold_one(trimming->engine, trimming->origins[i]);
	return error;
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
		trimmed->events += trimming.n;
		trimmed->customers += trimming.origins_n;
	}
	memory_free(trimming.found);
	memory_free(trimming.origins);
	return error;
}
