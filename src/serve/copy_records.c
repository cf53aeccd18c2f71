/* copy_records.c: the lines of events.ndjson and decisions.ndjson, decoded into records as the log has them. */
#include "serve/copy_read.h"

#include "base/clock.h"
#include "identify/identifier.h"
#include "serve/export.h"
#include "serve/export_record.h"
#include "trust/purpose.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES_MAX = 1024 * 1024, LINE_DEPTH = VALUE_DEPTH_MAX + 4 };

/* One file while it is read. */
struct reading {
	struct copy_read *copy;
	enum copy_file file;
	size_t line, n_max;
	struct json_parser *parser;
	struct buffer payload;
	bool has_events[CUSTOMER_ORIGINS_MAX];
};

static bool refuse(const struct reading *reading, const char *code, const char *what)
{
	reply_error(reading->copy->request, 422, code, "%s, line %zu: %s", copy_names[reading->file], reading->line, what);
	return false;
}

/* ---- the members of a line ---- */

static bool kind_read(const struct reading *reading, struct json line, uint16_t *kind)
{
	static const enum event_kind known[] = {
#define X(symbol, number, name) symbol,
		EVENT_KINDS(X)
#undef X
	};
	struct text name = json_text(json_get(line, TEXT("kind")));
	*kind = 0;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (text_equal(name, text_of(event_kind_name(known[i]))))
			*kind = (uint16_t)known[i];
	const bool of_customer = *kind && *kind != EVENT_NAME && *kind != EVENT_TALLY && *kind != EVENT_CONFIGURED;
	if (of_customer && (*kind == EVENT_DECISION) == (reading->file == COPY_DECISIONS))
		return true;
	return refuse(reading, "invalid_record", "\"kind\" is none that this file has.");
}

static bool times_read(const struct reading *reading, struct json line, struct event_header *header)
{
	const int64_t latest = reading->copy->request->now_ms + MS_A_DAY; /* The other server's clock may be ahead a little. */
	if (clock_parse(json_text(json_get(line, TEXT("time"))), &header->time_ms) != 0 ||
	    clock_parse(json_text(json_get(line, TEXT("received"))), &header->received_ms) != 0 || header->time_ms < 0 ||
	    header->received_ms < 0 || header->received_ms > latest)
		return refuse(reading, "invalid_record", "\"time\" and \"received\" must be ISO 8601 times that are not in the future.");
	return true;
}

static bool marks_read(const struct reading *reading, struct json line, struct event_header *header)
{
	const struct config *config = engine_config(reading->copy->request->server->engine);
	struct json_cursor cursor = {0};
	struct json item;
	while (json_next_item(&cursor, json_get(line, TEXT("flags")), &item)) {
		unsigned flag = export_flag_of(json_text(item));
		if (!flag)
			return refuse(reading, "invalid_record", "a flag of it is not known.");
		header->flags |= (uint8_t)flag;
	}
	cursor = (struct json_cursor){0};
	while (json_next_item(&cursor, json_get(line, TEXT("purposes")), &item)) {
		struct text name = json_text(item);
		const struct purpose *purpose = purpose_find(config, name);
		if (!purpose && !text_equal(name, TEXT("service")) && !text_starts(name, TEXT("removed-")))
			return refuse(reading, "unknown_purpose", "a purpose of it is not configured here: put the same configuration in force first.");
		header->purposes |= purpose ? purpose->mask : text_equal(name, TEXT("service")) ? PURPOSE_SERVICE : 0;
	}
	return true;
}

/* A hash of a message id: 16 hex digits, or nothing. */
static bool message_read(struct text hex, uint64_t *hash)
{
	*hash = 0;
	for (size_t i = 0; i < hex.n; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = memchr(digits, hex.p[i], 16);
		if (!digit)
			return false;
		*hash = *hash << 4 | (uint64_t)(digit - digits);
	}
	return hex.n == 0 || hex.n == 16;
}

static bool names_read(const struct reading *reading, struct json line, struct event_header *header)
{
	static const char *const members[] = {"name", "touchpoint", "source"};
	uint32_t *const numbers[] = {&header->name, &header->touchpoint, &header->source};
	for (size_t i = 0; i < 3; i++) {
		struct text name = json_text(json_get(line, text_of(members[i])));
		if (name.n > DICTIONARY_NAME_BYTES_MAX)
			return refuse(reading, "invalid_record", "a name of it is too long.");
		int error = name.n ? engine_name(reading->copy->request->server->engine, name, numbers[i]) : 0;
		if (error == ERROR_LIMIT)
			return refuse(reading, "too_many_names", "there is no room for more names of events here.");
		if (error) {
			reply_failure(reading->copy->request, error);
			return false;
		}
	}
	return true;
}

/* A link leads to the customer from now on: it says a type and a value as one that was resolved here does. */
static bool link_check(const struct reading *reading, struct value payload)
{
	struct identifier identifier = {value_text(value_get(payload, TEXT("type"))), value_text(value_get(payload, TEXT("value")))};
	if (identifier.type.n && identifier.type.n <= IDENTIFIER_TYPE_BYTES_MAX && identifier.value.n <= IDENTIFIER_BYTES_MAX && identifier_is_usable(identifier))
		return true;
	return refuse(reading, "invalid_record", "it links an identifier that may not be used.");
}

static bool content_read(struct reading *reading, struct json line, struct adopt_record *record)
{
	struct json content = json_get(line, TEXT("content"));
	buffer_reset(&reading->payload);
	if (json_type_of(content) != JSON_OBJECT || value_put_json(&reading->payload, content, VALUE_DEPTH_MAX - 1) != 0 || reading->payload.n > EVENT_BYTES_MAX)
		return refuse(reading, "invalid_record", "\"content\" must be an object that fits into a record.");
	record->payload = text_copy(&reading->copy->arena, buffer_view(&reading->payload));
	if (record->header.kind == EVENT_LINK && !link_check(reading, (struct value){(const uint8_t *)record->payload.p, record->payload.n}))
		return false;
	if (!record->payload.p)
		reply_failure(reading->copy->request, ERROR_MEMORY);
	return record->payload.p != NULL;
}

static bool history_read(struct reading *reading, struct json line, struct adopt_record *record)
{
	const struct adoption *adoption = &reading->copy->adoption;
	struct origin_id id;
	if (!origin_parse(json_text(json_get(line, TEXT("origin"))), &id))
		return refuse(reading, "invalid_record", "\"origin\" must be the id of a history.");
	for (size_t i = 0; i < adoption->histories_n; i++)
		if (memcmp(&adoption->names[i], &id, sizeof id) == 0) {
			record->history = (uint32_t)i;
			reading->has_events[i] |= reading->file == COPY_EVENTS;
			return true;
		}
	return refuse(reading, "invalid_record", "its history is not one of the manifest.");
}

/* ---- lines ---- */

static bool record_read(struct reading *reading, struct json line, struct adopt_record *record)
{
	enum channel channel = CHANNEL_NONE;
	struct text named = json_text(json_get(line, TEXT("channel")));
	*record = (struct adopt_record){0};
	if (!record_parse(json_text(json_get(line, TEXT("event"))), 'e', &record->position))
		return refuse(reading, "invalid_record", "\"event\" must be the id of a record.");
	if (!kind_read(reading, line, &record->header.kind) || !times_read(reading, line, &record->header) || !history_read(reading, line, record) ||
	    !marks_read(reading, line, &record->header))
		return false;
	if (!channel_parse(named, &channel) && !text_equal(named, TEXT("none")))
		return refuse(reading, "invalid_record", "\"channel\" is not known.");
	record->header.channel = (uint8_t)channel;
	if (!message_read(json_text(json_get(line, TEXT("message"))), &record->header.message_hash))
		return refuse(reading, "invalid_record", "\"message\" must be 16 hex digits or nothing.");
	return content_read(reading, line, record) && names_read(reading, line, &record->header);
}

static bool line_read(struct reading *reading, struct text text)
{
	struct adoption *adoption = &reading->copy->adoption;
	struct adopt_record record;
	struct json line;
	if (reading->line > reading->n_max)
		return refuse(reading, "too_many_records", "a customer has at most 100,000 events and as many decisions.");
	if (json_parse(reading->parser, text, &line) != 0 || json_type_of(line) != JSON_OBJECT)
		return refuse(reading, "invalid_record", "it is not JSON.");
	if (!record_read(reading, line, &record))
		return false;
	if (memory_grow(&adoption->records, &reading->copy->records_capacity, adoption->records_n + 1, sizeof record) != 0) {
		reply_failure(reading->copy->request, ERROR_MEMORY);
		return false;
	}
	adoption->records[adoption->records_n++] = record;
	return true;
}

static bool file_read(struct reading *reading, enum copy_file file, size_t n_max)
{
	struct text rest, text;
	reading->file = file;
	reading->line = 0;
	reading->n_max = n_max;
	if (!unpacked_find(&reading->copy->files, text_of(copy_names[file]), &rest)) {
		reply_error(reading->copy->request, 422, "file_missing", "The copy is not whole: it has no %s.", copy_names[file]);
		return false;
	}
	while (rest.n && text_next(&rest, '\n', &text)) {
		reading->line++;
		if (text.n && !line_read(reading, text))
			return false;
	}
	return true;
}

/* ---- together ---- */

static int compare(const void *a, const void *b)
{
	const struct adopt_record *left = a, *right = b;
	return left->position < right->position ? -1 : left->position > right->position;
}

static bool all_check(struct reading *reading)
{
	const struct adoption *adoption = &reading->copy->adoption;
	for (size_t i = 0; i < adoption->histories_n; i++)
		if (!reading->has_events[i]) {
			reply_error(reading->copy->request, 422, "invalid_copy", "A history of the manifest has no events.");
			return false;
		}
	for (size_t i = 1; i < adoption->records_n; i++)
		if (adoption->records[i].position == adoption->records[i - 1].position) {
			reply_error(reading->copy->request, 422, "invalid_copy", "A record is in the copy twice.");
			return false;
		}
	return true;
}

bool copy_records_read(struct copy_read *copy)
{
	struct reading *reading = arena_zero_alloc(copy->request->arena, 1, sizeof *reading);
	struct json_parser *parser = reading ? json_parser_new(LINE_BYTES_MAX, LINE_DEPTH) : NULL;
	if (!parser) {
		reply_failure(copy->request, ERROR_MEMORY);
		return false;
	}
	reading->copy = copy;
	reading->parser = parser;
	reading->payload = BUFFER_INIT(2 * EVENT_BYTES_MAX);
	bool good = file_read(reading, COPY_EVENTS, CUSTOMER_EVENTS_MAX) && file_read(reading, COPY_DECISIONS, COPY_DECISIONS_MAX);
	if (good && copy->adoption.records_n)
		qsort(copy->adoption.records, copy->adoption.records_n, sizeof *copy->adoption.records, compare);
	good = good && all_check(reading);
	buffer_free(&reading->payload);
	json_parser_free(parser);
	return good;
}
