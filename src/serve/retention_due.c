/* retention_due.c: counting what may not be kept any longer. */
#include "serve/retention_due.h"

#include "base/memory.h"
#include "trust/retention.h"

#include <string.h>

enum { WATCH_EVERY = 256 };

struct counting {
	struct engine *engine;
	const struct config *config;
	const struct retention *retention;
	struct retention_due *due;
	int64_t now_ms;
	uint64_t looked_max;
};

/* The number of the rule that lets @event go; -1: it may be kept. */
static long rule_of(const struct counting *counting, const struct event *event)
{
	const struct retention_rule *rule = retention_rule_for(counting->retention, event, 0);
	return rule && event->header.time_ms < counting->now_ms - rule->keep_ms ? rule - counting->retention->rules : -1;
}

static void event_count(struct counting *counting, const struct event *event)
{
	struct retention_due *due = counting->due;
	long rule = event->header.flags & EVENT_TRIMMED ? -1 : rule_of(counting, event);
	due->looked++;
	if (rule < 0)
		return;
	bool has_row = engine_counts(counting->engine, event);
	due->counts[rule].events++;
	due->counts[rule].rows += has_row;
	due->events++;
	due->rows += has_row;
}

static int chain_count(struct counting *counting, uint64_t head)
{
	struct log *log = engine_log(counting->engine);
	uint64_t durable = log_durable(log);
	char local[LOG_ENTRY_BYTES_MAX];
	while (head && counting->due->looked < counting->looked_max) {
		struct event event;
		struct text entry;
		int error = log_read(log, head, local, &entry);
		if (!error)
			error = event_view(&event, entry);
		if (!error && event.header.previous >= head)
			error = ERROR_CORRUPT;
		if (error)
			return error;
		event.name = dictionary_name(engine_dictionary(counting->engine), event.header.name);
		if (head <= durable)
			event_count(counting, &event);
		head = event.header.previous;
	}
	return 0;
}

static int customer_count(struct counting *counting, struct customer *customer)
{
	struct engine *engine = counting->engine;
	uint64_t heads[2 * CUSTOMER_ORIGINS_MAX];
	size_t heads_n = 0;
	for (uint32_t number = customer->origin_first; number; number = engine_origin(engine, number)->next) {
		heads[heads_n++] = engine_origin(engine, number)->head;
		heads[heads_n++] = engine_origin(engine, number)->decision_head;
	}
	customer_unlock(engine, customer);
	int error = 0;
	for (size_t i = 0; i < heads_n && !error; i++)
		error = chain_count(counting, heads[i]);
	return error;
}

static int all_count(struct counting *counting, const struct retention_watch *watch)
{
	uint32_t last = engine_origins(counting->engine);
	int error = 0;
	for (uint32_t number = 1; number <= last && !error && counting->due->looked < counting->looked_max; number++) {
		if (number % WATCH_EVERY == 1 && !watch->go_on(watch->arg, number - 1, last))
			return ERROR_CLOSED;
		if (engine_config(counting->engine) != counting->config)
			return ERROR_CONFLICT;
		struct customer *customer = customer_lock(counting->engine, number);
		if (customer)
			error = customer_count(counting, customer);
	}
	counting->due->whole = counting->due->looked < counting->looked_max;
	return error;
}

int retention_due_count(struct retention_due *out, struct engine *engine, int64_t now_ms, uint64_t looked_max, const struct retention_watch *watch)
{
	const struct config *config = engine_config(engine);
	const struct retention *retention = retention_of(config);
	struct retention_due due = {.n = retention->n, .whole = true, .time_ms = now_ms};
	struct counting counting = {engine, config, retention, &due, now_ms, looked_max};
	due.counts = memory_zero_alloc(due.n + 1, sizeof *due.counts);
	if (!due.counts)
		return ERROR_MEMORY;
	for (size_t i = 0; i < due.n; i++) {
		struct text name = text_first(retention->rules[i].name, RETENTION_NAME_BYTES);
		memcpy(due.counts[i].name, name.p, name.n);
	}
	int error = due.n ? all_count(&counting, watch) : 0;
	if (error)
		retention_due_free(&due);
	else
		*out = due;
	return error;
}

void retention_due_free(struct retention_due *due)
{
	memory_free(due->counts);
	*due = (struct retention_due){0};
}

const struct retention_count *retention_due_of(const struct retention_due *due, struct text name)
{
	for (size_t i = 0; i < due->n; i++)
		if (text_equal(text_of(due->counts[i].name), text_first(name, RETENTION_NAME_BYTES)))
			return &due->counts[i];
	return NULL;
}
