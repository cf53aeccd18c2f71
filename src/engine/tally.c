/* tally.c: a table of names, and its way to the log and back: {"name": [first, second], ...}. */
#include "engine/tally.h"

#include "base/clock.h"
#include "engine/internal.h"

#include <string.h>

/* The place of @name, made when it is new and there is room; that of "other" otherwise. Lock held. */
static struct tally *tally_of(struct tallies *tallies, struct text name)
{
	if (tallies->n == 0)
		memcpy(tallies->items[tallies->n++].name, "other", sizeof "other");
	for (size_t i = 0; i < tallies->n; i++)
		if (text_equal(text_of(tallies->items[i].name), name))
			return &tallies->items[i];
	if (tallies->n == TALLIES_MAX || name.n == 0 || name.n > TALLY_NAME_BYTES_MAX)
		return &tallies->items[0];
	struct tally *fresh = &tallies->items[tallies->n++];
	memcpy(fresh->name, name.p, name.n);
	return fresh;
}

void engine_tally(struct engine *engine, struct text name, uint64_t first, uint64_t second)
{
	struct tallies *tallies = &engine->tallies;
	pthread_mutex_lock(&tallies->lock);
	struct tally *tally = tally_of(tallies, name);
	tally->n[0] += first;
	tally->n[1] += second;
	tally->changed = tallies->changed = true;
	pthread_mutex_unlock(&tallies->lock);
}

size_t engine_tallies(struct engine *engine, struct tally *out)
{
	struct tallies *tallies = &engine->tallies;
	pthread_mutex_lock(&tallies->lock);
	size_t n = tallies->n;
	memcpy(out, tallies->items, n * sizeof *out);
	pthread_mutex_unlock(&tallies->lock);
	return n;
}

static void encode(struct buffer *out, const struct tally *tallies, size_t n, bool all)
{
	size_t object = value_open(out, VALUE_OBJECT);
	for (size_t i = 0; i < n; i++) {
		if (!all && !tallies[i].changed)
			continue;
		value_put_key(out, text_of(tallies[i].name));
		size_t pair = value_open(out, VALUE_ARRAY);
		value_put_int(out, (int64_t)tallies[i].n[0]);
		value_put_int(out, (int64_t)tallies[i].n[1]);
		value_close(out, pair);
	}
	value_close(out, object);
}

/* Take what changed out for a record; false when there is nothing. */
static bool changed_take(struct tallies *tallies, struct buffer *out)
{
	pthread_mutex_lock(&tallies->lock);
	bool any = tallies->changed;
	if (any)
		encode(out, tallies->items, tallies->n, false);
	for (size_t i = 0; any && i < tallies->n; i++)
		tallies->items[i].changed = false;
	tallies->changed = false;
	pthread_mutex_unlock(&tallies->lock);
	return any;
}

/* The record was not written: the next one has them all. */
static void changed_again(struct tallies *tallies)
{
	pthread_mutex_lock(&tallies->lock);
	for (size_t i = 0; i < tallies->n; i++)
		tallies->items[i].changed = true;
	tallies->changed = tallies->n > 0;
	pthread_mutex_unlock(&tallies->lock);
}

void tallies_record(struct engine *engine)
{
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	if (!changed_take(&engine->tallies, &payload))
		return;
	struct event_header header = {.kind = EVENT_TALLY, .time_ms = clock_now_ms(), .payload_length = (uint32_t)payload.n, .purposes = 1};
	header.received_ms = header.time_ms;
	struct text parts[] = {{(const char *)&header, sizeof header}, buffer_view(&payload)};
	uint64_t position;
	if (payload.failed || log_append(engine->log, parts, 2, &position) != 0)
		changed_again(&engine->tallies);
	buffer_free(&payload);
}

void tallies_restore(struct engine *engine, struct value payload)
{
	struct tallies *tallies = &engine->tallies;
	struct value_cursor cursor = {0};
	struct value pair, count;
	struct text name;
	pthread_mutex_lock(&tallies->lock);
	while (value_next_member(&cursor, payload, &name, &pair)) {
		struct tally *tally = tally_of(tallies, name);
		struct value_cursor inner = {0};
		int64_t n;
		for (size_t i = 0; i < 2 && value_next_item(&inner, pair, &count); i++) {
			if (value_int(count, &n) && n >= 0 && (uint64_t)n > tally->n[i])
				tally->n[i] = (uint64_t)n;
			tally->before[i] = tally->n[i];
		}
	}
	pthread_mutex_unlock(&tallies->lock);
}

int tallies_write(struct engine *engine)
{
	struct tally items[TALLIES_MAX];
	struct buffer value = BUFFER_INIT(EVENT_BYTES_MAX);
	size_t n = engine_tallies(engine, items);
	if (n == 0)
		return 0;
	encode(&value, items, n, true);
	int error = value.failed ? ERROR_MEMORY : store_put(engine->store, STORE_META, TEXT("tallies"), buffer_view(&value));
	buffer_free(&value);
	return error;
}

int tallies_load(struct engine *engine)
{
	struct buffer value = BUFFER_INIT(EVENT_BYTES_MAX);
	int error = store_get(engine->store, STORE_META, TEXT("tallies"), &value);
	if (!error && value.n)
		error = value_check(buffer_view(&value)) ? 0 : ERROR_CORRUPT;
	if (!error && value.n)
		tallies_restore(engine, (struct value){(const uint8_t *)value.p, value.n});
	buffer_free(&value);
	return error;
}
