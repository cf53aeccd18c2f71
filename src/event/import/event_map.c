/* event_map.c: the map of columns, read from YAML. */
#include "event/import/event_map.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

enum { KEY_ATTRIBUTES = EVENT_ROLES, KEYS, DISTANCE_MAX = 3 };

static const char *const key_names[KEYS] = {"case", "activity", "time", "lifecycle", "attributes"};

struct map_reader {
	yaml_parser_t parser;
	yaml_event_t event;
	struct event_map map;
	bool seen[KEYS];
	struct arena *arena;
	char *problem;
};

const char *event_role_name(enum event_role role)
{
	assert((int)role < EVENT_ROLES);
	return key_names[role];
}

static int fail(const struct map_reader *reader, yaml_mark_t at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(const struct map_reader *reader, yaml_mark_t at, const char *format, ...)
{
	va_list args;
	int n = snprintf(reader->problem, EVENT_MAP_ERROR_BYTES, "line %zu, column %zu: ", at.line + 1, at.column + 1);
	va_start(args, format);
	vsnprintf(reader->problem + n, EVENT_MAP_ERROR_BYTES - (size_t)n, format, args);
	va_end(args);
	return ERROR_INVALID;
}

static int next(struct map_reader *reader)
{
	yaml_event_delete(&reader->event);
	memset(&reader->event, 0, sizeof reader->event);
	if (yaml_parser_parse(&reader->parser, &reader->event))
		return 0;
	if (reader->parser.error == YAML_MEMORY_ERROR)
		return ERROR_MEMORY;
	return fail(reader, reader->parser.problem_mark, "%s",
	            reader->parser.problem ? reader->parser.problem : "this is not YAML");
}

static struct text scalar(const struct map_reader *reader)
{
	return (struct text){(const char *)reader->event.data.scalar.value, reader->event.data.scalar.length};
}

static int take_name(struct map_reader *reader, const char *what, struct text *name)
{
	yaml_mark_t at = reader->event.start_mark;
	if (reader->event.type != YAML_SCALAR_EVENT)
		return fail(reader, at, "%s wants the name of a column", what);
	if (scalar(reader).n == 0)
		return fail(reader, at, "%s has no name of a column", what);
	struct text copy = text_copy(reader->arena, scalar(reader));
	if (!copy.p)
		return ERROR_MEMORY;
	*name = copy;
	return 0;
}

static int take_attributes(struct map_reader *reader)
{
	if (reader->event.type != YAML_SEQUENCE_START_EVENT)
		return fail(reader, reader->event.start_mark, "attributes wants a list of columns");
	reader->map.keep_listed = true;
	for (;;) {
		int error = next(reader);
		if (error)
			return error;
		if (reader->event.type == YAML_SEQUENCE_END_EVENT)
			return 0;
		if (reader->map.keep_n == EVENT_MAP_KEEP_MAX) {
			fail(reader, reader->event.start_mark, "at most %d attributes can be kept", EVENT_MAP_KEEP_MAX);
			return ERROR_LIMIT;
		}
		error = take_name(reader, "attributes", &reader->map.keep[reader->map.keep_n]);
		if (error)
			return error;
		reader->map.keep_n++;
	}
}

static int unknown_key(const struct map_reader *reader, struct text key)
{
	size_t best = 0, best_distance = SIZE_MAX;
	for (size_t i = 0; i < KEYS; i++) {
		size_t distance = text_distance(key, text_of(key_names[i]));
		if (distance < best_distance) {
			best = i;
			best_distance = distance;
		}
	}
	key = text_first(key, 60);
	if (best_distance <= DISTANCE_MAX)
		return fail(reader, reader->event.start_mark, "there is no key \"%.*s\"; did you mean \"%s\"?", TEXT_ARGS(key),
		            key_names[best]);
	return fail(reader, reader->event.start_mark,
	            "there is no key \"%.*s\"; there are case, activity, time, lifecycle and attributes", TEXT_ARGS(key));
}

static int take_member(struct map_reader *reader)
{
	size_t key = 0;
	if (reader->event.type != YAML_SCALAR_EVENT)
		return fail(reader, reader->event.start_mark, "a key is a plain name");
	while (key < KEYS && !text_equal(scalar(reader), text_of(key_names[key])))
		key++;
	if (key == KEYS)
		return unknown_key(reader, scalar(reader));
	if (reader->seen[key])
		return fail(reader, reader->event.start_mark, "\"%s\" stands here twice", key_names[key]);
	reader->seen[key] = true;
	int error = next(reader);
	if (error)
		return error;
	return key == KEY_ATTRIBUTES ? take_attributes(reader)
	                             : take_name(reader, key_names[key], &reader->map.columns[key]);
}

static int take_document(struct map_reader *reader)
{
	int error;
	do {
		error = next(reader);
	} while (!error && (reader->event.type == YAML_STREAM_START_EVENT || reader->event.type == YAML_DOCUMENT_START_EVENT));
	if (error || reader->event.type == YAML_STREAM_END_EVENT)
		return error;
	if (reader->event.type != YAML_MAPPING_START_EVENT)
		return fail(reader, reader->event.start_mark, "a map is keys with columns, such as \"activity: concept:name\"");
	for (;;) {
		error = next(reader);
		if (error || reader->event.type == YAML_MAPPING_END_EVENT)
			break;
		error = take_member(reader);
		if (error)
			break;
	}
	while (!error && reader->event.type != YAML_STREAM_END_EVENT) {
		error = next(reader);
		if (!error && reader->event.type == YAML_DOCUMENT_START_EVENT)
			error = fail(reader, reader->event.start_mark, "a map is one document");
	}
	return error;
}

int event_map_parse(struct event_map *map, struct arena *arena, struct text yaml, char problem[EVENT_MAP_ERROR_BYTES])
{
	struct map_reader reader = {.arena = arena, .problem = problem};
	problem[0] = 0;
	if (yaml.n > EVENT_MAP_BYTES_MAX) {
		snprintf(problem, EVENT_MAP_ERROR_BYTES, "a map has at most %d bytes", EVENT_MAP_BYTES_MAX);
		return ERROR_LIMIT;
	}
	if (!yaml_parser_initialize(&reader.parser))
		return ERROR_MEMORY;
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)(yaml.n ? yaml.p : ""), yaml.n);
	int error = take_document(&reader);
	yaml_event_delete(&reader.event);
	yaml_parser_delete(&reader.parser);
	if (!error)
		*map = reader.map;
	return error;
}

int event_map_read(struct event_map *map, struct arena *arena, const char *path, char problem[EVENT_MAP_ERROR_BYTES])
{
	problem[0] = 0;
	FILE *file = fopen(path, "rb");
	if (!file) {
		int code = errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO;
		snprintf(problem, EVENT_MAP_ERROR_BYTES, "%s", strerror(errno));
		return code;
	}
	char *yaml = memory_alloc(EVENT_MAP_BYTES_MAX + 1);
	int error = yaml ? 0 : ERROR_MEMORY;
	if (!error) {
		size_t n = fread(yaml, 1, EVENT_MAP_BYTES_MAX + 1, file);
		error = ferror(file) ? ERROR_IO : event_map_parse(map, arena, (struct text){yaml, n}, problem);
	}
	memory_free(yaml);
	fclose(file);
	return error;
}
