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
	uint64_t looked_max, durable;
};

/* The number of the rule that lets @event go; -1: it may be kept. */
static long rule_of(const struct counting *counting, const struct event *event)
{
	const struct retention_rule *rule = retention_rule_for(counting->retention, event, 0);
	return rule && event->header.time_ms < counting->now_ms - rule->keep_ms ? rule - counting->retention->rules : -1;
}

/* ERROR_LIMIT: enough was looked at. */
static int event_count(void *arg, const struct event *event)
{
	struct counting *counting = arg;
	struct retention_due *due = counting->due;
	long rule = event->header.flags & EVENT_TRIMMED || event->position > counting->durable ? -1 : rule_of(counting, event);
	if (due->looked == counting->looked_max)
		return ERROR_LIMIT;
	due->looked++;
	if (rule < 0)
		return 0;
	bool has_row = engine_counts(counting->engine, event);
	due->counts[rule].events++;
	due->counts[rule].rows += has_row;
	due->events++;
	due->rows += has_row;
	return 0;
}

static int all_count(struct counting *counting, const struct retention_watch *watch)
{
	uint32_t last = engine_origins(counting->engine);
	int error = 0;
	for (uint32_t number = 1; number <= last && !error; number++) {
		if (number % WATCH_EVERY == 1 && !watch->go_on(watch->arg, number - 1, last))
			return ERROR_CLOSED;
		if (engine_config(counting->engine) != counting->config)
			return ERROR_CONFLICT;
		struct customer *customer = customer_lock(counting->engine, number);
		counting->durable = log_durable(engine_log(counting->engine));
		if (customer)
			error = history_headers(counting->engine, customer, event_count, counting);
	}
	counting->due->whole = error != ERROR_LIMIT;
	return error == ERROR_LIMIT ? 0 : error;
}

int retention_due_count(struct retention_due *out, struct engine *engine, int64_t now_ms, uint64_t looked_max, const struct retention_watch *watch)
{
	const struct config *config = engine_config(engine);
	const struct retention *retention = retention_of(config);
	struct retention_due due = {.n = retention->n, .whole = true, .time_ms = now_ms};
	struct counting counting = {engine, config, retention, &due, now_ms, looked_max, 0};
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
