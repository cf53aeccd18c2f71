/* event_ndjson.c: one JSON object a line; members of objects inside are joined with dots. */
#include "event/import/event_reader.h"

#include "base/json.h"

#include <string.h>

struct ndjson {
	struct event_file *file;
	const char *refused;
};

static struct text number_text(struct event_file *file, struct json value)
{
	char digits[64];
	struct buffer out = {.p = digits, .capacity = sizeof digits, .bytes_max = sizeof digits};
	struct json_writer writer = JSON_WRITER(&out);
	int64_t whole;
	double real;
	if (json_int(value, &whole))
		json_write_int(&writer, whole);
	else if (json_double(value, &real))
		json_write_double(&writer, real);
	return text_copy(&file->arena, buffer_view(&out));
}

static struct text value_text(struct event_file *file, struct json value)
{
	switch (json_type_of(value)) {
	case JSON_TEXT:
		return json_text(value);
	case JSON_BOOL:
		return json_bool(value, false) ? TEXT("true") : TEXT("false");
	case JSON_INT:
	case JSON_DOUBLE:
		return number_text(file, value);
	default:
		return (struct text){0};
	}
}

static struct text joined(struct event_file *file, struct text before, struct text key)
{
	if (!before.n)
		return key;
	char *p = arena_alloc(&file->arena, before.n + 1 + key.n);
	if (!p)
		return (struct text){0};
	memcpy(p, before.p, before.n);
	p[before.n] = '.';
	if (key.n)
		memcpy(p + before.n + 1, key.p, key.n);
	return (struct text){p, before.n + 1 + key.n};
}

/* Depth is bounded by the parser. */
static void flatten(struct ndjson *ndjson, struct json object, struct text before)
{
	struct event_file *file = ndjson->file;
	struct json_cursor cursor = {0};
	struct text key;
	struct json value;
	while (!ndjson->refused && json_next_member(&cursor, object, &key, &value)) {
		enum json_type type = json_type_of(value);
		if (type == JSON_ARRAY || type == JSON_NULL)
			continue;
		struct text name = joined(file, before, key);
		if (!name.p) {
			ndjson->refused = "the event is longer than one event may be";
			return;
		}
		if (type == JSON_OBJECT) {
			flatten(ndjson, value, name);
			continue;
		}
		bool of_case;
		name = event_column_name(name, &of_case);
		if (!event_wants(file, name, of_case))
			continue;
		struct text text = value_text(file, value);
		if (!text.p || file->attributes_n == EVENT_ATTRIBUTES_MAX) {
			ndjson->refused = text.p ? "the event has too many attributes" : "the event is longer than one event may be";
			return;
		}
		file->attributes[file->attributes_n++] = (struct event_attribute){name, text, of_case, EVENT_OTHER};
	}
}

static int take_line(struct event_file *file, struct json_parser *parser, struct text line)
{
	struct ndjson ndjson = {.file = file};
	struct json root;
	if (text_trim(line).n == 0)
		return 0;
	int error = json_parse(parser, line, &root);
	if (error == ERROR_MEMORY)
		return error;
	if (error) {
		event_reject(file, "this is not JSON: %s", json_parser_error(parser));
		return 0;
	}
	if (json_type_of(root) != JSON_OBJECT) {
		event_reject(file, "an event is an object, this is %s", json_type_name(json_type_of(root)));
		return 0;
	}
	arena_reset(&file->arena);
	file->attributes_n = 0;
	flatten(&ndjson, root, (struct text){0});
	if (ndjson.refused) {
		event_reject(file, "%s", ndjson.refused);
		return 0;
	}
	return event_offer(file, file->attributes, file->attributes_n, NULL);
}

int event_ndjson_read(struct event_file *file)
{
	struct line_window window;
	struct text line;
	struct json_parser *parser = json_parser_new(EVENT_RECORD_BYTES_MAX, EVENT_JSON_DEPTH_MAX);
	if (!parser)
		return ERROR_MEMORY;
	int error = line_window_open(&window, file);
	if (error) {
		json_parser_free(parser);
		return error;
	}
	while (!error) {
		error = line_window_line(&window, &line);
		if (error == ERROR_LIMIT) {
			event_reject(file, "the line is longer than %d bytes", EVENT_RECORD_BYTES_MAX);
			error = 0;
		} else if (!error) {
			error = take_line(file, parser, line);
		}
	}
	line_window_close(&window);
	json_parser_free(parser);
	return error == ERROR_NOT_FOUND ? 0 : error;
}
