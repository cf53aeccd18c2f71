/* rebuild.c: rows for figures whose file was damaged, made again from the log. */
#include "base/clock.h"
#include "base/report.h"
#include "engine/internal.h"
#include "engine/keyring.h"

#include <string.h>

struct healing {
	struct engine *engine;
	uint64_t until;
	int64_t now_ms;
	uint8_t *room; /* For a payload that was sealed. */
};

/* What stands sealed in @event, opened. False: nobody can open it any more. */
static bool is_open(struct healing *healing, struct event *event, int *error)
{
	*error = 0;
	if (!event->header.key_version)
		return true;
	*error = event->header.sealed_length > EVENT_BYTES_MAX ? ERROR_CORRUPT : event_unseal(healing->engine, event, healing->room);
	bool gone = *error == ERROR_NOT_FOUND || *error == ERROR_DAMAGED;
	*error = gone ? 0 : *error;
	return !gone && !*error;
}

static int heal_record(void *arg, uint64_t position, struct text entry)
{
	struct healing *healing = arg;
	struct engine *engine = healing->engine;
	struct event event;
	int32_t value = 0;
	if (position > healing->until)
		return ERROR_CLOSED; /* Enough: what follows is gathered. */
	int error = event_view(&event, entry);
	if (error)
		return error;
	if (event.header.origin_number == 0 || event.header.flags & EVENT_TRIMMED || !columns_rebuild_wants(engine->columns, event.header.time_ms) ||
	    keyring_is_destroyed(engine->keyring, event.header.origin_number) || !is_open(healing, &event, &error))
		return error;
	event.position = position;
	event_names(engine, &event);
	if (event_serves(engine, &event, healing->now_ms) == 0 || !engine->options.column(&event, &value))
		return 0;
	return columns_rebuild_add(engine->columns, &event.header, value);
}

/* The length of a day in the store, durable before this returns. */
static int day_commit(void *arg, int32_t day, uint64_t rows)
{
	struct engine *engine = arg;
	int error = snapshot_day_write(engine, day, rows);
	if (!error)
		error = store_commit(engine->store);
	return error ? error : store_sync(engine->store);
}

int columns_heal(struct engine *engine)
{
	struct healing healing = {.engine = engine, .until = engine->columns_until, .now_ms = clock_now_ms()};
	size_t days = columns_damaged(engine->columns);
	if (days == 0)
		return 0;
	healing.room = memory_alloc(EVENT_BYTES_MAX);
	int error = healing.room ? columns_rebuild_begin(engine->columns) : ERROR_MEMORY;
	if (!error && engine->options.column && healing.until)
		error = log_replay(engine->log, 0, heal_record, &healing);
	if (error == ERROR_CLOSED)
		error = 0;
	if (!error)
		error = columns_rebuild_end(engine->columns, day_commit, engine);
	columns_rebuild_stop(engine->columns);
	if (error)
		store_abort(engine->store);
	memory_free(healing.room);
	if (error)
		report(REPORT_ERROR, "rebuild_failed", "Rows for figures could not be made again: %s It will be tried again.", error_sentence(error));
	else
		report(REPORT_INFO, "rebuilt", "Rows for figures of %zu days were made again from the log.", days);
	return error;
}
