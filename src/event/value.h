/*
 * value.h: a tree of values as one run of bytes: what an event carries, in the log and in a state.
 *
 * Relocatable, little-endian, read in place without a parser. One value is a tag and its content:
 *   null, false, true   nothing more
 *   int, double         8 bytes
 *   text                length (varint) and UTF-8 bytes
 *   array, object       length of the content (u32) and the content: values; in an object, each after its key (varint, bytes)
 * Bytes from a file pass value_check once; all other functions trust their input.
 */
#ifndef ATTUNE_EVENT_VALUE_H
#define ATTUNE_EVENT_VALUE_H

#include "base/json.h"
#include "base/text.h"

enum { VALUE_DEPTH_MAX = 24 };

enum value_type {
	VALUE_ABSENT, VALUE_NULL, VALUE_FALSE, VALUE_TRUE, VALUE_INT, VALUE_DOUBLE, VALUE_TEXT, VALUE_ARRAY, VALUE_OBJECT
};

/* One encoded value, borrowed. n 0 is absent; every getter may be given an absent value. */
struct value {
	const uint8_t *p;
	size_t n;
};

/* Is @bytes exactly one well-formed value of at most VALUE_DEPTH_MAX levels, with UTF-8 texts? */
bool value_check(struct text bytes);

enum value_type value_type_of(struct value value);
struct value value_get(struct value object, struct text key);
/* Follow a path such as "properties.amount" through objects. */
struct value value_at(struct value object, struct text path);
struct text value_text(struct value value);                /* Empty when it is no text. */
bool value_int(struct value value, int64_t *number);       /* An int, or a double that is whole. */
bool value_double(struct value value, double *number);     /* An int or a double. */
bool value_is_true(struct value value);
bool value_equal(struct value a, struct value b);          /* Same bytes. */

/*
 * Walk the items of an array, or the members of an object: start with {0}; false at the end. A value of another type has
 * none. All outputs are set by every call: at the end they are absent and empty.
 */
struct value_cursor {
	size_t at;
};
bool value_next_item(struct value_cursor *cursor, struct value array, struct value *item);
bool value_next_member(struct value_cursor *cursor, struct value object, struct text *key, struct value *value);

/* Append one value to @out. Objects and arrays are opened and closed in pairs: open returns what close wants. */
void value_put_null(struct buffer *out);
void value_put_bool(struct buffer *out, bool value);
void value_put_int(struct buffer *out, int64_t number);
void value_put_double(struct buffer *out, double number);
void value_put_text(struct buffer *out, struct text text);
void value_put(struct buffer *out, struct value value);
void value_put_key(struct buffer *out, struct text key);
size_t value_open(struct buffer *out, enum value_type type);
void value_close(struct buffer *out, size_t opened);

/* Append a JSON value. Errors: ERROR_LIMIT (deeper than @depth_max levels, or the buffer is full). */
int value_put_json(struct buffer *out, struct json json, unsigned depth_max) MUST_CHECK;

/* Write a value as JSON. */
void value_write_json(struct json_writer *writer, struct value value);
/* The same so that value_put_json makes the same bytes of it again: whole doubles keep their point. */
void value_write_exact(struct json_writer *writer, struct value value);

#endif
