/*
 * journeys_property.c: events by a property they share, such as an order: read from the customers' histories.
 *
 * Every customer with a row in the time asked is read newest first, until records were received a day before the time
 * begins: an event is never later than its receipt, so nothing older belongs to the question. The day is for clocks set back.
 */
#include "serve/journeys.h"

#include "base/clock.h"
#include "event/columns.h"
#include "event/names.h"

#include <stdio.h>
#include <string.h>

enum { HISTORY_BYTES_MAX = 64 * 1024 * 1024, VALUES_MAX = 100 * 1000 * 1000, VALUES_BYTES_MAX = 256 * 1024 * 1024, NUMBER_BYTES = 40 };

struct found {
	uint32_t customer, activity, value;
	int64_t time_ms;
};

struct reading {
	struct engine *engine;
	const struct journeys_question *question;
	struct arena arena;     /* Of one customer's history. */
	struct names values;
	struct found *found;
	size_t n, capacity, read, read_max;
	uint64_t without;
	uint32_t without_customers;
};

/* A value as a text that names it, in @copy where it is none; empty for what names nothing. 17 and "17" are the same order. */
static struct text value_naming(struct value value, char copy[NUMBER_BYTES])
{
	int64_t whole;
	double number;
	int n = 0;
	if (value_type_of(value) == VALUE_TEXT)
		return value_text(value);
	if (value_int(value, &whole))
		n = snprintf(copy, NUMBER_BYTES, "%lld", (long long)whole);
	else if (value_double(value, &number))
		n = snprintf(copy, NUMBER_BYTES, "%.17g", number);
	else if (value_type_of(value) == VALUE_TRUE || value_type_of(value) == VALUE_FALSE)
		n = snprintf(copy, NUMBER_BYTES, "%s", value_is_true(value) ? "true" : "false");
	return (struct text){copy, (size_t)n};
}

/* Take one event of @customer if it is asked about. */
static int event_take(struct reading *reading, uint32_t customer, const struct event *event, bool *without)
{
	const struct journeys_question *question = reading->question;
	const struct event_header *header = &event->header;
	char copy[NUMBER_BYTES];
	uint32_t activity = question->by_touchpoint && header->touchpoint ? header->touchpoint : header->name, value;
	if (header->time_ms < question->from_ms || header->time_ms >= question->to_ms || !activity || !engine_counts(reading->engine, event) ||
	    (question->by_channel && header->channel != question->channel))
		return 0;
	struct text name = value_naming(value_at(value_get(event->payload, TEXT("properties")), question->property), copy);
	if (!name.n) {
		reading->without++;
		*without = true;
		return 0;
	}
	int error = names_add(&reading->values, name, &value);
	if (!error)
		error = memory_grow(&reading->found, &reading->capacity, reading->n + 1, sizeof *reading->found);
	if (!error)
		reading->found[reading->n++] = (struct found){customer, activity, value, header->time_ms};
	return error;
}

static void reverse(struct found *found, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct found swap = found[i];
		found[i] = found[n - 1 - i];
		found[n - 1 - i] = swap;
	}
}

static int customer_read(struct reading *reading, uint32_t number)
{
	struct history history;
	struct event event;
	size_t first = reading->n;
	bool more = true, without = false;
	struct customer *customer = customer_lock_of(reading->engine, number);
	if (!customer)
		return 0; /* Erased, or joined to another, who is read too. */
	int error = history_start(&history, reading->engine, customer, &reading->arena, HISTORY_EVENTS);
	customer_unlock(reading->engine, customer);
	if (!error)
		error = history_stream(&history);
	while (!error && more) {
		error = reading->read++ < reading->read_max ? history_next(&history, &event, &more) : ERROR_LIMIT;
		if (error || !more || event.header.received_ms < reading->question->from_ms - MS_A_DAY)
			break;
		error = event_take(reading, number, &event, &without);
	}
	reading->without_customers += without;
	reverse(reading->found + first, reading->n - first); /* Where times are equal, the order of arrival decides. */
	arena_reset(&reading->arena);
	return error;
}

/* Read every customer who has one of @events, once. */
static int customers_read(struct reading *reading, const struct column_event *events, size_t n)
{
	uint32_t origins = engine_origins(reading->engine);
	uint8_t *seen = memory_zero_alloc((size_t)origins + 1, 1);
	int error = seen ? 0 : ERROR_MEMORY;
	for (size_t i = 0; !error && i < n; i++) {
		uint32_t customer = journeys_customer_of(reading->engine, events[i].origin);
		if (!customer || customer > origins || seen[customer])
			continue;
		seen[customer] = 1;
		error = customer_read(reading, customer);
	}
	memory_free(seen);
	return error;
}

/* What was found, as rows: events of one customer with the same value form a case. */
static int rows_fill(struct reading *reading, struct journeys_rows *rows)
{
	size_t n = reading->n;
	uint32_t *customers = memory_alloc(n * sizeof *customers), *values = memory_alloc(n * sizeof *values);
	int error = customers && values ? journeys_rows_reserve(rows, n) : ERROR_MEMORY;
	for (size_t i = 0; !error && i < n; i++) {
		customers[i] = reading->found[i].customer;
		values[i] = reading->found[i].value;
		rows->activities[i] = reading->found[i].activity;
		rows->times[i] = reading->found[i].time_ms;
	}
	if (!error)
		error = journeys_split_cases(rows->cases, &rows->cases_n, customers, values, n);
	if (!error) {
		rows->customers = memory_alloc(rows->cases_n * sizeof *rows->customers);
		error = rows->customers ? journeys_order_parts(rows->cases, rows->customers, rows->cases_n, customers,
		                                               engine_origins(reading->engine) + 1, n)
		                        : ERROR_MEMORY;
	}
	rows->n = error ? 0 : n;
	memory_free(customers);
	memory_free(values);
	return error;
}

int journeys_rows_by_property(struct request *request, const struct journeys_question *question, const struct column_event *events,
                              size_t n, struct journeys_rows *rows)
{
	struct reading reading = {.engine = request->server->engine, .question = question,
	                          .read_max = (size_t)request->server->settings.journeys_read_max};
	if (n > reading.read_max)
		return ERROR_LIMIT; /* Each row is an event to be read, so it is known before the first. */
	arena_init(&reading.arena, HISTORY_BYTES_MAX);
	names_init(&reading.values, VALUES_MAX, VALUES_BYTES_MAX);
	int error = customers_read(&reading, events, n);
	if (!error)
		error = rows_fill(&reading, rows);
	rows->without = reading.without;
	rows->without_customers = reading.without_customers;
	names_free(&reading.values);
	memory_free(reading.found);
	arena_free(&reading.arena);
	return error;
}
