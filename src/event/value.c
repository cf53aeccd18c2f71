/* value.c: the flat tree of values. */
#include "event/value.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CONTAINER_HEAD = 5, NUMBER_BYTES = 9 };

static const struct value absent = {0};

/* Read a varint at *@at; false when it runs over @n or is longer than 32 bits. */
static bool varint_take(const uint8_t *p, size_t n, size_t *at, size_t *number)
{
	uint64_t sum = 0;
	for (unsigned shift = 0; shift < 35 && *at < n; shift += 7) {
		uint8_t byte = p[(*at)++];
		sum |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*number = (size_t)sum;
			return sum <= UINT32_MAX;
		}
	}
	return false;
}

static void varint_put(struct buffer *out, size_t number)
{
	uint8_t bytes[5];
	size_t n = 0;
	assert(number <= UINT32_MAX);
	do {
		bytes[n] = (uint8_t)(number & 0x7f);
		number >>= 7;
		bytes[n++] |= number ? 0x80 : 0;
	} while (number);
	buffer_append(out, bytes, n);
}

static size_t container_length(const uint8_t *p)
{
	uint32_t length;
	memcpy(&length, p + 1, sizeof length);
	return length;
}

/* Bytes of the value at @p with @n bytes left, 0 when they do not hold one (content of containers not looked at). */
static size_t value_bytes(const uint8_t *p, size_t n)
{
	size_t at = 1, length;
	if (n == 0)
		return 0;
	switch (p[0]) {
	case VALUE_NULL:
	case VALUE_FALSE:
	case VALUE_TRUE:
		return 1;
	case VALUE_INT:
	case VALUE_DOUBLE:
		return n >= NUMBER_BYTES ? NUMBER_BYTES : 0;
	case VALUE_TEXT:
		if (!varint_take(p, n, &at, &length) || length > n - at)
			return 0;
		return at + length;
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		if (n < CONTAINER_HEAD || (length = container_length(p)) > n - CONTAINER_HEAD)
			return 0;
		return CONTAINER_HEAD + length;
	default:
		return 0;
	}
}

static bool text_take(const uint8_t *p, size_t n, size_t *at, struct text *text)
{
	size_t length;
	if (!varint_take(p, n, at, &length) || length > n - *at)
		return false;
	*text = (struct text){(const char *)p + *at, length};
	*at += length;
	return true;
}

static bool check(const uint8_t *p, size_t n, unsigned depth)
{
	size_t bytes = value_bytes(p, n), at;
	struct text text;
	if (bytes != n || depth > VALUE_DEPTH_MAX)
		return false;
	if (p[0] == VALUE_TEXT) {
		at = 1;
		return text_take(p, n, &at, &text) && text_is_utf8(text);
	}
	if (p[0] != VALUE_ARRAY && p[0] != VALUE_OBJECT)
		return true;
	for (at = CONTAINER_HEAD; at < n;) {
		if (p[0] == VALUE_OBJECT && (!text_take(p, n, &at, &text) || !text_is_utf8(text)))
			return false;
		bytes = value_bytes(p + at, n - at);
		if (bytes == 0 || !check(p + at, bytes, depth + 1))
			return false;
		at += bytes;
	}
	return true;
}

bool value_check(struct text bytes)
{
	return bytes.n > 0 && check((const uint8_t *)bytes.p, bytes.n, 1);
}

enum value_type value_type_of(struct value value)
{
	return value.n ? (enum value_type)value.p[0] : VALUE_ABSENT;
}

/* The value at @at of @container, and on behind it; false at the end. */
static bool value_step(struct value_cursor *cursor, struct value container, size_t at, struct value *value)
{
	size_t bytes = at < container.n ? value_bytes(container.p + at, container.n - at) : 0;
	if (bytes == 0)
		return false;
	*value = (struct value){container.p + at, bytes};
	cursor->at = at + bytes;
	return true;
}

bool value_next_item(struct value_cursor *cursor, struct value array, struct value *item)
{
	*item = absent;
	if (value_type_of(array) != VALUE_ARRAY)
		return false;
	return value_step(cursor, array, cursor->at ? cursor->at : CONTAINER_HEAD, item);
}

bool value_next_member(struct value_cursor *cursor, struct value object, struct text *key, struct value *value)
{
	size_t at = cursor->at ? cursor->at : CONTAINER_HEAD;
	*key = (struct text){"", 0};
	*value = absent;
	if (value_type_of(object) != VALUE_OBJECT || at >= object.n || !text_take(object.p, object.n, &at, key))
		return false;
	return value_step(cursor, object, at, value);
}

struct value value_get(struct value object, struct text key)
{
	struct value_cursor cursor = {0};
	struct value found;
	struct text name;
	if (value_type_of(object) != VALUE_OBJECT)
		return absent;
	while (value_next_member(&cursor, object, &name, &found))
		if (text_equal(name, key))
			return found;
	return absent;
}

struct value value_at(struct value object, struct text path)
{
	struct text part;
	while (text_next(&path, '.', &part))
		object = value_get(object, part);
	return object;
}

struct text value_text(struct value value)
{
	struct text text = {"", 0};
	size_t at = 1;
	if (value_type_of(value) == VALUE_TEXT)
		text_take(value.p, value.n, &at, &text);
	return text;
}

bool value_int(struct value value, int64_t *number)
{
	double real;
	if (value_type_of(value) == VALUE_INT) {
		memcpy(number, value.p + 1, sizeof *number);
		return true;
	}
	if (value_type_of(value) != VALUE_DOUBLE)
		return false;
	memcpy(&real, value.p + 1, sizeof real);
	if (real != floor(real) || fabs(real) > 9e15)
		return false;
	*number = (int64_t)real;
	return true;
}

bool value_double(struct value value, double *number)
{
	int64_t whole;
	if (value_type_of(value) == VALUE_DOUBLE) {
		memcpy(number, value.p + 1, sizeof *number);
		return true;
	}
	if (value_type_of(value) != VALUE_INT)
		return false;
	memcpy(&whole, value.p + 1, sizeof whole);
	*number = (double)whole;
	return true;
}

bool value_is_true(struct value value)
{
	return value_type_of(value) == VALUE_TRUE;
}

bool value_equal(struct value a, struct value b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static void put_tag(struct buffer *out, enum value_type type)
{
	buffer_char(out, (char)type);
}

void value_put_null(struct buffer *out)
{
	put_tag(out, VALUE_NULL);
}

void value_put_bool(struct buffer *out, bool value)
{
	put_tag(out, value ? VALUE_TRUE : VALUE_FALSE);
}

void value_put_int(struct buffer *out, int64_t number)
{
	put_tag(out, VALUE_INT);
	buffer_append(out, &number, sizeof number);
}

void value_put_double(struct buffer *out, double number)
{
	put_tag(out, VALUE_DOUBLE);
	buffer_append(out, &number, sizeof number);
}

void value_put_text(struct buffer *out, struct text text)
{
	if (!buffer_reserve(out, text.n + 6))
		return;
	put_tag(out, VALUE_TEXT);
	varint_put(out, text.n);
	buffer_text(out, text);
}

void value_put(struct buffer *out, struct value value)
{
	if (value.n)
		buffer_append(out, value.p, value.n);
	else
		value_put_null(out);
}

void value_put_key(struct buffer *out, struct text key)
{
	varint_put(out, key.n);
	buffer_text(out, key);
}

size_t value_open(struct buffer *out, enum value_type type)
{
	static const uint32_t length_later = 0;
	assert(type == VALUE_ARRAY || type == VALUE_OBJECT);
	size_t at = out->n;
	put_tag(out, type);
	buffer_append(out, &length_later, sizeof length_later);
	return at;
}

void value_close(struct buffer *out, size_t opened)
{
	if (out->failed)
		return;
	uint32_t length = (uint32_t)(out->n - opened - CONTAINER_HEAD);
	memcpy(out->p + opened + 1, &length, sizeof length);
}

static int container_put_json(struct buffer *out, struct json json, enum json_type type, unsigned depth_max)
{
	struct json_cursor cursor = {0};
	struct json item;
	struct text key;
	int error = depth_max == 0 ? ERROR_LIMIT : 0;
	size_t opened = value_open(out, type == JSON_ARRAY ? VALUE_ARRAY : VALUE_OBJECT);
	if (type == JSON_ARRAY)
		while (!error && json_next_item(&cursor, json, &item))
			error = value_put_json(out, item, depth_max - 1);
	else
		while (!error && json_next_member(&cursor, json, &key, &item)) {
			value_put_key(out, key);
			error = value_put_json(out, item, depth_max - 1);
		}
	value_close(out, opened);
	return error ? error : out->failed ? ERROR_LIMIT : 0;
}

int value_put_json(struct buffer *out, struct json json, unsigned depth_max)
{
	int64_t whole;
	double real;
	enum json_type type = json_type_of(json);
	switch (type) {
	case JSON_ABSENT:
	case JSON_NULL:
		value_put_null(out);
		break;
	case JSON_BOOL:
		value_put_bool(out, json_bool(json, false));
		break;
	case JSON_INT:
		if (json_int(json, &whole))
			value_put_int(out, whole);
		break;
	case JSON_DOUBLE:
		if (json_double(json, &real))
			value_put_double(out, real);
		break;
	case JSON_TEXT:
		value_put_text(out, json_text(json));
		break;
	case JSON_ARRAY:
	case JSON_OBJECT:
		return container_put_json(out, json, type, depth_max);
	}
	return out->failed ? ERROR_LIMIT : 0;
}

/* A double that is whole keeps its point: without one it would be read back as an int. */
static void double_write(struct json_writer *writer, double real, bool exact)
{
	char digits[40];
	if (!exact || !isfinite(real) || real != floor(real))
		return json_write_double(writer, real);
	int n = snprintf(digits, sizeof digits, fabs(real) < 1e15 ? "%.1f" : "%.17e", real);
	json_write_raw(writer, (struct text){digits, (size_t)n});
}

static void json_of(struct json_writer *writer, struct value value, bool exact)
{
	struct value_cursor cursor = {0};
	struct value item;
	struct text key;
	int64_t whole = 0;
	double real = 0;
	switch (value_type_of(value)) {
	case VALUE_ABSENT:
	case VALUE_NULL:
		json_write_null(writer);
		break;
	case VALUE_FALSE:
	case VALUE_TRUE:
		json_write_bool(writer, value_is_true(value));
		break;
	case VALUE_INT:
		value_int(value, &whole);
		json_write_int(writer, whole);
		break;
	case VALUE_DOUBLE:
		value_double(value, &real);
		double_write(writer, real, exact);
		break;
	case VALUE_TEXT:
		json_write_text(writer, value_text(value));
		break;
	case VALUE_ARRAY:
		json_array_begin(writer);
		while (value_next_item(&cursor, value, &item))
			json_of(writer, item, exact);
		json_array_end(writer);
		break;
	case VALUE_OBJECT:
		json_object_begin(writer);
		while (value_next_member(&cursor, value, &key, &item)) {
			json_key(writer, key);
			json_of(writer, item, exact);
		}
		json_object_end(writer);
		break;
	}
}

void value_write_json(struct json_writer *writer, struct value value)
{
	json_of(writer, value, false);
}

void value_write_exact(struct json_writer *writer, struct value value)
{
	json_of(writer, value, true);
}
