/* json_writer.c: JSON out. */
#include "base/json.h"

#include "base/clock.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void separate(struct json_writer *writer)
{
	if (writer->after_key) {
		writer->after_key = false;
		return;
	}
	uint64_t bit = (uint64_t)1 << writer->depth;
	if (writer->started & bit)
		buffer_char(writer->out, ',');
	writer->started |= bit;
}

static void open_container(struct json_writer *writer, char bracket)
{
	separate(writer);
	assert(writer->depth + 1 < JSON_WRITER_DEPTH_MAX);
	writer->depth++;
	writer->started &= ~((uint64_t)1 << writer->depth);
	buffer_char(writer->out, bracket);
}

static void close_container(struct json_writer *writer, char bracket)
{
	assert(writer->depth > 0 && !writer->after_key);
	writer->depth--;
	buffer_char(writer->out, bracket);
}

void json_object_begin(struct json_writer *writer) { open_container(writer, '{'); }
void json_object_end(struct json_writer *writer) { close_container(writer, '}'); }
void json_array_begin(struct json_writer *writer) { open_container(writer, '['); }
void json_array_end(struct json_writer *writer) { close_container(writer, ']'); }

static bool needs_escape(unsigned char c)
{
	return c < 0x20 || c == '"' || c == '\\';
}

static void quoted(struct buffer *out, struct text text)
{
	size_t start = 0;
	if (!buffer_reserve(out, text.n + 2))
		return;
	buffer_char(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (!needs_escape(c))
			continue;
		buffer_append(out, text.p + start, i - start);
		start = i + 1;
		if (c == '"' || c == '\\')
			buffer_append(out, (char[]){'\\', (char)c}, 2);
		else if (c == '\n')
			buffer_string(out, "\\n");
		else if (c == '\t')
			buffer_string(out, "\\t");
		else
			buffer_format(out, "\\u%04x", c);
	}
	if (start < text.n)
		buffer_append(out, text.p + start, text.n - start);
	buffer_char(out, '"');
}

void json_key(struct json_writer *writer, struct text key)
{
	assert(!writer->after_key);
	separate(writer);
	quoted(writer->out, key);
	buffer_char(writer->out, ':');
	writer->after_key = true;
}

void json_write_text(struct json_writer *writer, struct text text)
{
	separate(writer);
	quoted(writer->out, text);
}

void json_write_int(struct json_writer *writer, int64_t number)
{
	separate(writer);
	buffer_int(writer->out, number);
}

void json_write_double(struct json_writer *writer, double number)
{
	char digits[40];
	separate(writer);
	if (!isfinite(number)) {
		buffer_string(writer->out, "null");
		return;
	}
	if (number == floor(number) && fabs(number) < 1e15) {
		buffer_int(writer->out, (int64_t)number);
		return;
	}
	for (int precision = 6; precision <= 17; precision++) {
		snprintf(digits, sizeof digits, "%.*g", precision, number);
		if (strtod(digits, NULL) == number)
			break;
	}
	buffer_string(writer->out, digits);
}

void json_write_bool(struct json_writer *writer, bool value)
{
	separate(writer);
	buffer_string(writer->out, value ? "true" : "false");
}

void json_write_null(struct json_writer *writer)
{
	separate(writer);
	buffer_string(writer->out, "null");
}

void json_write_time(struct json_writer *writer, int64_t ms)
{
	char out[CLOCK_TEXT_BYTES];
	json_write_text(writer, clock_format(out, ms));
}

void json_write_raw(struct json_writer *writer, struct text json)
{
	separate(writer);
	buffer_text(writer->out, json);
}

const char *json_type_name(enum json_type type)
{
	static const char *const names[] = {"nothing", "null", "true or false", "a whole number", "a number", "a text",
	                                    "a list", "an object"};
	return names[type];
}
