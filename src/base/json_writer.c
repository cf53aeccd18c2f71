/* json_writer.c: JSON out. */
#include "base/json.h"

#include "base/clock.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* The place of the first byte that must be escaped, or the length. */
static size_t plain_length(struct text text)
{
	size_t i = 0;
	for (; i + 8 <= text.n; i += 8) { /* Eight bytes at a time: is any below 0x20, a quote or a backslash? */
		uint64_t word, ones = 0x0101010101010101u, high = 0x8080808080808080u;
		memcpy(&word, text.p + i, sizeof word);
		uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
		uint64_t hit = ((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash);
		if (hit & high)
			break;
	}
	while (i < text.n && (unsigned char)text.p[i] >= 0x20 && text.p[i] != '"' && text.p[i] != '\\')
		i++;
	return i;
}

static void escaped(struct buffer *out, unsigned char c)
{
	if (c == '"' || c == '\\')
		buffer_append(out, (char[]){'\\', (char)c}, 2);
	else if (c == '\n')
		buffer_string(out, "\\n");
	else if (c == '\t')
		buffer_string(out, "\\t");
	else
		buffer_format(out, "\\u%04x", c);
}

static void quoted(struct buffer *out, struct text text)
{
	if (!buffer_reserve(out, text.n + 2))
		return;
	out->p[out->n++] = '"';
	size_t plain = plain_length(text);
	while (plain < text.n) {
		buffer_append(out, text.p, plain);
		escaped(out, (unsigned char)text.p[plain]);
		text = text_from(text, plain + 1);
		plain = plain_length(text);
	}
	if (!buffer_reserve(out, text.n + 1))
		return;
	if (text.n)
		memcpy(out->p + out->n, text.p, text.n);
	out->n += text.n;
	out->p[out->n++] = '"';
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
