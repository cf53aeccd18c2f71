/*
 * json.h: JSON in (simdjson behind C) and JSON out.
 *
 * Reading is strict: RFC 8259, UTF-8 checked, whole numbers kept exact up to 64 bits, nesting bounded. A parser belongs
 * to one thread and holds one document at a time; values are two words and stay valid until the parser's next parse.
 * Writing goes to a buffer and cannot produce broken JSON: commas and escapes are the writer's business.
 */
#ifndef ATTUNE_BASE_JSON_H
#define ATTUNE_BASE_JSON_H

#include "base/text.h"

#ifdef __cplusplus
extern "C" {
#endif

enum json_type { JSON_ABSENT, JSON_NULL, JSON_BOOL, JSON_INT, JSON_DOUBLE, JSON_TEXT, JSON_ARRAY, JSON_OBJECT };

struct json_parser;
struct json {
	const void *document; /* NULL: absent. Every getter may be given an absent value. */
	size_t index;
};

/* A parser for documents of at most @bytes_max bytes and @depth_max levels, or NULL without memory. */
struct json_parser *json_parser_new(size_t bytes_max, size_t depth_max);
void json_parser_free(struct json_parser *parser);

/*
 * Parse @text, whole. The root is written to *@root; texts inside point into the parser.
 * Errors: ERROR_INVALID (not JSON; json_parser_error says what), ERROR_LIMIT (too large, too deep), ERROR_MEMORY.
 */
int json_parse(struct json_parser *parser, struct text text, struct json *root) MUST_CHECK;
/* One sentence on the last failed parse. Valid until the next parse. */
const char *json_parser_error(const struct json_parser *parser);

enum json_type json_type_of(struct json value);
struct json json_get(struct json object, struct text key); /* Absent when not an object or no such key; first of doubles. */
size_t json_count(struct json container);                  /* Items of an array, members of an object, else 0. */

/* Several members in one pass: @values[i] is that of @keys[i], or absent. At most 32 keys. */
void json_pick(struct json object, const struct text *keys, size_t n, struct json *values);

/* A text, or the empty text when the value is no text. json_is_text tells the two apart. */
struct text json_text(struct json value);
bool json_is_text(struct json value);
bool json_bool(struct json value, bool otherwise);
/* JSON_INT exactly, JSON_DOUBLE when it is whole; false for others. An unsigned value over INT64_MAX is JSON_DOUBLE. */
bool json_int(struct json value, int64_t *number);
bool json_double(struct json value, double *number);

/*
 * Walk the items of an array, or the members of an object: start with {0}; false at the end. A value of another type has
 * none, so whoever asks for members never meets the items of a list. All outputs are set by every call: at the end they
 * are absent and empty.
 */
struct json_cursor {
	struct json container;
	size_t next, end;
	bool started;
};
bool json_next_item(struct json_cursor *cursor, struct json array, struct json *item);
bool json_next_member(struct json_cursor *cursor, struct json object, struct text *key, struct json *value);

#ifdef __cplusplus
}
#endif

enum { JSON_WRITER_DEPTH_MAX = 64 };

struct json_writer {
	struct buffer *out;
	unsigned depth;
	uint64_t started; /* A bit a level: something was written there. */
	bool after_key;
};

#define JSON_WRITER(buffer) ((struct json_writer){.out = (buffer)})

void json_object_begin(struct json_writer *writer);
void json_object_end(struct json_writer *writer);
void json_array_begin(struct json_writer *writer);
void json_array_end(struct json_writer *writer);
void json_key(struct json_writer *writer, struct text key);
void json_write_text(struct json_writer *writer, struct text text);
void json_write_int(struct json_writer *writer, int64_t number);
void json_write_double(struct json_writer *writer, double number); /* Shortest form that reads back the same; null if not finite. */
void json_write_bool(struct json_writer *writer, bool value);
void json_write_null(struct json_writer *writer);
void json_write_time(struct json_writer *writer, int64_t ms); /* As ISO text. */
void json_write_raw(struct json_writer *writer, struct text json); /* Already valid JSON. */

/* Key and value in one call; the key is a literal. */
#define json_put_text(writer, key, value)   (json_key((writer), TEXT(key)), json_write_text((writer), (value)))
#define json_put_int(writer, key, value)    (json_key((writer), TEXT(key)), json_write_int((writer), (value)))
#define json_put_double(writer, key, value) (json_key((writer), TEXT(key)), json_write_double((writer), (value)))
#define json_put_bool(writer, key, value)   (json_key((writer), TEXT(key)), json_write_bool((writer), (value)))
#define json_put_null(writer, key)          (json_key((writer), TEXT(key)), json_write_null((writer)))
#define json_put_time(writer, key, value)   (json_key((writer), TEXT(key)), json_write_time((writer), (value)))

/* The name of a type, for messages: "a text", "an object". */
const char *json_type_name(enum json_type type);

#endif
