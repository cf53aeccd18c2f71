/* customer_rows.c: rows of columns, put together by customer: counted, placed, and each customer's put in the order of time. */
#include "engine/customer_rows.h"

#include "base/clock.h"
#include "base/memory.h"
#include "event/columns.h"

#include <stdatomic.h>
#include <stdlib.h>

/* The customer of @origin now; 0: none (it came after the rows were taken, is gone, or is set aside). */
static uint32_t customer_of(struct engine *engine, uint32_t origin, uint32_t customers_n)
{
	struct origin *found = origin < customers_n ? engine_origin(engine, origin) : NULL;
	uint32_t customer = found ? atomic_load_explicit(&found->customer, memory_order_relaxed) : 0;
	return customer < customers_n && !customer_is_set_aside(engine, customer) ? customer : 0;
}

/* Events of the same moment stand in the order of their names, whatever order they came in. */
static int compare_times(const void *a, const void *b)
{
	const struct customer_row *left = a, *right = b;
	int by_time = (left->time_ms > right->time_ms) - (left->time_ms < right->time_ms);
	int by_name = (left->name > right->name) - (left->name < right->name);
	return by_time ? by_time : by_name ? by_name : (left->touchpoint > right->touchpoint) - (left->touchpoint < right->touchpoint);
}

/* Where each customer's rows begin, in @begins; the origin in each event becomes the customer. Returns how many rows there are. */
static size_t rows_count(struct engine *engine, struct column_event *events, size_t n, size_t *begins, uint32_t customers_n)
{
	size_t total = 0;
	for (size_t i = 0; i < n; i++) {
		events[i].origin = customer_of(engine, events[i].origin, customers_n);
		begins[events[i].origin]++;
	}
	begins[0] = 0;
	for (uint32_t i = 0; i < customers_n; i++) {
		size_t count = begins[i];
		begins[i] = total;
		total += count;
	}
	return total;
}

static int rows_place(struct customer_rows *out, struct engine *engine, struct column_event *events, size_t n)
{
	size_t *begins = memory_zero_alloc(out->customers_n, sizeof *begins);
	if (!begins)
		return ERROR_MEMORY;
	out->n = rows_count(engine, events, n, begins, out->customers_n);
	out->items = memory_alloc((out->n + 1) * sizeof *out->items);
	for (size_t i = 0; out->items && i < n; i++) {
		const struct column_event *event = &events[i];
		if (event->origin)
			out->items[begins[event->origin]++] = (struct customer_row){
				event->time_ms, event->origin, event->name, event->touchpoint, event->value, event->channel};
	}
	memory_free(begins);
	return out->items ? 0 : ERROR_MEMORY;
}

int customer_rows_take(struct customer_rows *out, struct engine *engine, int64_t from_ms, int64_t to_ms, size_t n_max)
{
	struct column_event *events = NULL;
	size_t n = 0;
	*out = (struct customer_rows){.customers_n = engine_origins(engine) + 1};
	int error = columns_select(engine_columns(engine), from_ms, to_ms, n_max, &events, &n);
	if (!error) {
		error = rows_place(out, engine, events, n);
		memory_free(events);
	}
	for (size_t at = 0, end; !error && at < out->n; at = end) {
		end = customer_rows_end(out, at);
		qsort(&out->items[at], end - at, sizeof *out->items, compare_times);
	}
	return error;
}

static int history_take(struct customer_rows *out, struct engine *engine, struct history *history, int64_t from_ms, size_t n_max)
{
	size_t capacity = 0;
	struct event event;
	bool more = true;
	for (;;) {
		struct customer_row row;
		int error = history_next(history, &event, &more);
		if (error || !more || event.header.received_ms < from_ms - MS_A_DAY) /* An event is never later than its receipt; a day for clocks set back. */
			return error;
		if (event.header.time_ms < from_ms || !engine_value(engine, &event, &row.value))
			continue;
		if (out->n == n_max)
			return ERROR_LIMIT;
		error = memory_grow(&out->items, &capacity, out->n + 1, sizeof *out->items);
		if (error)
			return error;
		row.time_ms = event.header.time_ms;
		row.customer = 1;
		row.name = (uint16_t)event.header.name;
		row.touchpoint = (uint16_t)event.header.touchpoint;
		row.channel = (uint8_t)event.header.channel;
		out->items[out->n++] = row;
	}
}

int customer_rows_of(struct customer_rows *out, struct engine *engine, uint32_t origin, int64_t from_ms, size_t n_max, struct arena *arena)
{
	struct history history;
	struct customer *customer = customer_lock_of(engine, origin);
	*out = (struct customer_rows){.customers_n = 2};
	if (!customer)
		return ERROR_NOT_FOUND;
	int error = history_start(&history, engine, customer, arena, HISTORY_EVENTS);
	customer_unlock(engine, customer);
	if (!error)
		error = history_take(out, engine, &history, from_ms, n_max);
	if (!error && out->n)
		qsort(out->items, out->n, sizeof *out->items, compare_times);
	return error;
}

void customer_rows_free(struct customer_rows *rows)
{
	memory_free(rows->items);
	*rows = (struct customer_rows){0};
}

size_t customer_rows_end(const struct customer_rows *rows, size_t at)
{
	uint32_t customer = rows->items[at].customer;
	while (at < rows->n && rows->items[at].customer == customer)
		at++;
	return at;
}
