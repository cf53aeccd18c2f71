/* history.c: walking a customer's records. */
#include "base/clock.h"
#include "engine/internal.h"
#include "engine/seal.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* What a base counts already: positions, ascending. */
struct history_cover {
	struct history_cover *next;
	size_t n;
	uint64_t positions[];
};

int event_unseal(struct engine *engine, struct event *event, uint8_t *room)
{
	const struct text header = {(const char *)&event->header, sizeof event->header};
	if (!engine->keyring)
		return ERROR_DENIED;
	if (event->sealed.n != (size_t)event->header.sealed_length + SEAL_BYTES)
		return ERROR_CORRUPT;
	int error =
		seal_open(engine->keyring, event->header.origin_number, event->header.key_version, header, event->sealed, room);
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

/* Where what is read of a record is kept: in an arena as long as that lives, or always in the same place. */
struct room {
	struct arena *arena;
	uint8_t *fixed; /* ROOM_BYTES; NULL: the arena. */
};
enum { ENTRY_ROOM = 0, PAYLOAD_ROOM = LOG_ENTRY_BYTES_MAX, ROOM_BYTES = 2 * LOG_ENTRY_BYTES_MAX };

static void *room_take(const struct room *room, size_t at, size_t bytes)
{
	if (!room->fixed)
		return arena_alloc(room->arena, bytes);
	return bytes <= LOG_ENTRY_BYTES_MAX ? room->fixed + at : NULL;
}

/* The same as engine_event, but what may not be kept is there, marked as taken out: with its header alone, or (when its
 * kind is in @due, and it is not blanked yet) with its payload. */
static int event_read(struct engine *engine, uint64_t position, const struct room *room, struct event *event, uint32_t due)
{
	char local[LOG_ENTRY_BYTES_MAX];
	struct text entry;
	*event = (struct event){0};
	int error = log_read(engine->log, position, local, &entry);
	if (error)
		return error;
	if (entry.p == local) { /* Still pending: keep a copy as long as the record is wanted. */
		char *copy = room_take(room, ENTRY_ROOM, entry.n);
		if (!copy)
			return ERROR_MEMORY;
		memcpy(copy, entry.p, entry.n);
		entry.p = copy;
	}
	error = event_decode(event, entry);
	if (!error) {
		event->position = position;
		event_names(engine, event);
	}
	uint64_t serves = error ? 0 : event_serves(engine, event, clock_now_ms());
	bool wanted = serves || ((due & EVENT_KIND_BIT(event->header.kind)) && !(event->header.flags & EVENT_TRIMMED));
	if (!error && wanted && event->header.key_version) {
		uint8_t *payload = room_take(room, PAYLOAD_ROOM, event->header.sealed_length);
		error = payload ? event_unseal(engine, event, payload) : ERROR_MEMORY;
	}
	if (!error && !wanted)
		event->payload = (struct value){0};
	if (!error && !serves)
		event->header.flags |= EVENT_TRIMMED;
	event->header.purposes &= serves;
	if (error == ERROR_CORRUPT && event_view(event, entry) == 0 && (event->header.flags & EVENT_TRIMMED)) {
		event->position = position; /* It was taken out under our eyes. */
		error = 0;
	}
	event->header.previous = log_bridged(engine->log, event->header.previous); /* The seal was of what is written. */
	return error;
}

int engine_event(struct engine *engine, uint64_t position, struct arena *arena, struct event *event)
{
	int error = event_read(engine, position, &(struct room){.arena = arena}, event, 0);
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

int history_stream(struct history *history)
{
	history->room = arena_alloc(history->arena, ROOM_BYTES);
	return history->room ? 0 : ERROR_MEMORY;
}

int event_copy(struct event *copy, const struct event *event, struct arena *arena)
{
	struct text payload = text_copy(arena, (struct text){(const char *)event->payload.p, event->payload.n});
	if (!payload.p)
		return ERROR_MEMORY;
	*copy = *event;
	copy->payload.p = (const uint8_t *)payload.p;
	copy->sealed = (struct text){0};
	return 0;
}

int history_skip(struct history *history, uint64_t before)
{
	for (size_t i = 0; i < history->heads_n;) {
		char local[LOG_ENTRY_BYTES_MAX];
		struct text entry;
		struct event event;
		uint64_t head = history->heads[i];
		if (head < before) {
			i++;
			continue;
		}
		int error = log_read(history->engine->log, head, local, &entry);
		if (!error)
			error = event_view(&event, entry);
		if (error || event.header.previous >= head)
			return ERROR_CORRUPT;
		history->heads[i] = event.header.previous ? event.header.previous : history->heads[--history->heads_n];
	}
	return 0;
}

static int compare_positions(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
	return (left > right) - (left < right);
}

/* From here on, what the trim record @event covers is passed over. */
static int cover_note(struct history *history, const struct event *event)
{
	const struct value covers = value_get(event->payload, TEXT("covers"));
	struct value_cursor cursor = {0}, again = {0};
	struct value one;
	size_t n = 0;
	while (value_next_item(&cursor, covers, &one))
		n++;
	if (n == 0)
		return 0;
	struct history_cover *cover = arena_alloc(history->arena, sizeof *cover + n * sizeof cover->positions[0]);
	if (!cover)
		return ERROR_MEMORY;
	*cover = (struct history_cover){.next = history->covers};
	for (int64_t position; value_next_item(&again, covers, &one);)
		if (value_int(one, &position))
			cover->positions[cover->n++] = (uint64_t)position;
	qsort(cover->positions, cover->n, sizeof cover->positions[0], compare_positions);
	history->covers = cover;
	return 0;
}

void confirms_take(struct confirms *confirms, struct event *event)
{
	if (event->header.kind != EVENT_CONFIRM && !(event->header.flags & EVENT_HELD))
		return;
	const struct text speaker = value_text(value_get(event->payload, TEXT("anonymousId")));
	const uint64_t hash = XXH3_64bits(speaker.p, speaker.n);
	bool known = false;
	for (size_t i = 0; i < confirms->n && !known; i++)
		known = confirms->speakers[i] == hash;
	event->confirmed = known && speaker.n;
	if (event->header.kind == EVENT_CONFIRM && !known && confirms->n < CONFIRMS_MAX)
		confirms->speakers[confirms->n++] = hash;
}

static bool is_covered(const struct history *history, uint64_t position)
{
	for (const struct history_cover *cover = history->covers; cover; cover = cover->next)
		if (bsearch(&position, cover->positions, cover->n, sizeof position, compare_positions))
			return true;
	return false;
}

int history_record(struct history *history, struct event *event, bool *more)
{
	size_t newest = 0;
	if (history->heads_n == 0) {
		*more = false;
		return 0;
	}
	for (size_t i = 1; i < history->heads_n; i++)
		if (history->heads[i] > history->heads[newest])
			newest = i;
	int error = event_read(history->engine, history->heads[newest], &(struct room){history->arena, history->room}, event, history->due);
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
	if (event->payload.n && is_covered(history, event->position)) {
		event->header.flags |= EVENT_TRIMMED;
		event->payload = (struct value){0};
	}
	confirms_take(&history->confirms, event);
	return event->header.kind == EVENT_TRIM ? cover_note(history, event) : 0;
}

int event_again(struct engine *engine, const struct event *seen, struct arena *arena, struct event *event)
{
	struct event read;
	arena_reset(arena);
	int error = event_read(engine, seen->position, &(struct room){.arena = arena}, &read, ~(uint32_t)0);
	*event = *seen;
	event->payload = read.payload;
	return error;
}

int history_head(struct history *history, size_t i, struct event *event)
{
	return event_read(history->engine, history->heads[i], &(struct room){history->arena, history->room}, event, 0);
}

int history_next(struct history *history, struct event *event, bool *more)
{
	int error;
	do
		error = history_record(history, event, more);
	while (!error && *more && (event->header.flags & EVENT_TRIMMED));
	return error;
}

static int chain_headers(struct engine *engine, uint64_t head, int (*each)(void *, const struct event *), void *arg)
{
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
		head = log_bridged(engine->log, event.header.previous);
		error = each(arg, &event);
	}
	return error;
}

int history_headers(struct engine *engine, struct customer *customer, int (*each)(void *, const struct event *),
										void *arg)
{
	uint64_t heads[2 * CUSTOMER_ORIGINS_MAX];
	size_t heads_n = 0;
	for (uint32_t number = customer->origin_first; number; number = engine_origin(engine, number)->next) {
		heads[heads_n++] = engine_origin(engine, number)->head;
		heads[heads_n++] = engine_origin(engine, number)->decision_head;
	}
	customer_unlock(engine, customer);
	int error = 0;
	for (size_t i = 0; i < heads_n && !error; i++)
		error = chain_headers(engine, heads[i], each, arg);
	return error;
}
