/* configured.c: versions and lasting names, and their way to the log and back: {"version": 3, "lasting": ["service-quality", ...]}. */
#include "engine/configured.h"

#include "base/clock.h"
#include "engine/internal.h"

#include <string.h>

enum { DURABLE_WAIT_MS = 30000 };

static const size_t NAMES_BYTES_MAX = (size_t)1024 * 1024;

void configured_init(struct known_configuration *known)
{
	pthread_mutex_init(&known->lock, NULL);
	arena_init(&known->arena, NAMES_BYTES_MAX);
}

void configured_free(struct known_configuration *known)
{
	pthread_mutex_destroy(&known->lock);
	arena_free(&known->arena);
}

struct configured engine_configured(struct engine *engine)
{
	struct known_configuration *known = &engine->configured;
	pthread_mutex_lock(&known->lock);
	struct configured copy = {known->version, known->lasting};
	pthread_mutex_unlock(&known->lock);
	return copy;
}

/* ---- as a value ---- */

static void encode(struct buffer *out, const struct known_configuration *known)
{
	size_t object = value_open(out, VALUE_OBJECT);
	value_put_key(out, TEXT("version"));
	value_put_int(out, known->version);
	value_put_key(out, TEXT("lasting"));
	size_t names = value_open(out, VALUE_ARRAY);
	for (size_t i = 0; i < known->lasting.n; i++)
		value_put_text(out, known->lasting.names[i]);
	value_close(out, names);
	value_close(out, object);
}

/* Append a record of what is known. Lock held. */
static int record(struct engine *engine, uint64_t *position)
{
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	encode(&payload, &engine->configured);
	struct event_header header = {.kind = EVENT_CONFIGURED, .time_ms = clock_now_ms(), .payload_length = (uint32_t)payload.n, .purposes = 1};
	header.received_ms = header.time_ms;
	struct text parts[] = {{(const char *)&header, sizeof header}, buffer_view(&payload)};
	int error = payload.failed ? ERROR_MEMORY : log_append(engine->log, parts, 2, position);
	buffer_free(&payload);
	return error;
}

/* ---- keeping ---- */

/* Names of @lasting that are new go behind those that are known. Lock held. */
static int names_take(struct known_configuration *known, const struct config_lasting *lasting)
{
	for (size_t i = 0; i < lasting->n && i < known->lasting.n; i++)
		if (!text_equal(lasting->names[i], known->lasting.names[i]))
			return ERROR_CONFLICT;
	while (known->lasting.n < lasting->n) {
		struct text copy = text_copy(&known->arena, lasting->names[known->lasting.n]);
		if (!copy.p)
			return ERROR_MEMORY;
		known->lasting.names[known->lasting.n++] = copy;
	}
	return 0;
}

int engine_lasting_keep(struct engine *engine, const struct config_lasting *lasting)
{
	struct known_configuration *known = &engine->configured;
	pthread_mutex_lock(&known->lock);
	size_t before = known->lasting.n;
	int error = names_take(known, lasting);
	/* The record and what is known change together: a snapshot has both or neither. */
	if (!error && known->lasting.n > before)
		error = record(engine, &known->position);
	if (error)
		known->lasting.n = before;
	uint64_t position = known->position;
	pthread_mutex_unlock(&known->lock);
	return error || !position ? error : log_wait(engine->log, position, DURABLE_WAIT_MS);
}

void engine_version_note(struct engine *engine, uint32_t number)
{
	struct known_configuration *known = &engine->configured;
	uint64_t position;
	pthread_mutex_lock(&known->lock);
	uint32_t before = known->version;
	if (number > before) {
		known->version = number;
		if (record(engine, &position) != 0)
			known->version = before; /* On a full disk: the next start does it. */
	}
	pthread_mutex_unlock(&known->lock);
}

/* ---- coming back ---- */

int configured_restore(struct engine *engine, struct value payload)
{
	struct known_configuration *known = &engine->configured;
	struct config_lasting lasting = {0};
	struct value_cursor cursor = {0};
	struct value item;
	int64_t version;
	while (value_next_item(&cursor, value_get(payload, TEXT("lasting")), &item)) {
		if (lasting.n == CONFIG_LASTING_MAX)
			return ERROR_CORRUPT;
		lasting.names[lasting.n++] = value_text(item);
	}
	pthread_mutex_lock(&known->lock);
	int error = names_take(known, &lasting);
	if (value_int(value_get(payload, TEXT("version")), &version) && version > known->version && version <= UINT32_MAX)
		known->version = (uint32_t)version;
	pthread_mutex_unlock(&known->lock);
	return error == ERROR_CONFLICT ? ERROR_CORRUPT : error;
}

int configured_write(struct engine *engine)
{
	struct buffer value = BUFFER_INIT(EVENT_BYTES_MAX);
	pthread_mutex_lock(&engine->configured.lock);
	encode(&value, &engine->configured);
	pthread_mutex_unlock(&engine->configured.lock);
	int error = value.failed ? ERROR_MEMORY : store_put(engine->store, STORE_META, TEXT("configured"), buffer_view(&value));
	buffer_free(&value);
	return error;
}

int configured_load(struct engine *engine)
{
	struct buffer value = BUFFER_INIT(EVENT_BYTES_MAX);
	int error = store_get(engine->store, STORE_META, TEXT("configured"), &value);
	if (!error && value.n)
		error = value_check(buffer_view(&value)) ? configured_restore(engine, (struct value){(const uint8_t *)value.p, value.n}) : ERROR_CORRUPT;
	buffer_free(&value);
	return error;
}
