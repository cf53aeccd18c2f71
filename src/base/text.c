/* text.c: borrowed texts and growing buffers. */
#include "base/text.h"

#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_NUMBER_MAX = 64, TEXT_DISTANCE_MAX = 64 };

struct text text_of(const char *terminated)
{
	return (struct text){terminated, terminated ? strlen(terminated) : 0};
}

bool text_equal(struct text a, struct text b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static unsigned char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : (unsigned char)c;
}

bool text_equal_fold(struct text a, struct text b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool text_starts(struct text text, struct text prefix)
{
	return text_equal(text_first(text, prefix.n), prefix);
}

bool text_ends(struct text text, struct text suffix)
{
	return text.n >= suffix.n && text_equal(text_from(text, text.n - suffix.n), suffix);
}

int text_compare(struct text a, struct text b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;
	return order ? order : (a.n > b.n) - (a.n < b.n);
}

bool text_find(struct text haystack, struct text needle, size_t *at)
{
	if (needle.n == 0 || haystack.n < needle.n)
		return false;
	const char *hit = memmem(haystack.p, haystack.n, needle.p, needle.n);
	if (hit && at)
		*at = (size_t)(hit - haystack.p);
	return hit != NULL;
}

struct text text_from(struct text text, size_t at)
{
	if (at >= text.n)
		return (struct text){text.p ? text.p + text.n : NULL, 0};
	return (struct text){text.p + at, text.n - at};
}

struct text text_first(struct text text, size_t n)
{
	return (struct text){text.p, text.n < n ? text.n : n};
}

struct text text_cut(struct text text, size_t n)
{
	return text.n <= n ? text : text_whole(text_first(text, n));
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct text text_trim(struct text text)
{
	while (text.n && is_space(text.p[0]))
		text = text_from(text, 1);
	while (text.n && is_space(text.p[text.n - 1]))
		text.n--;
	return text;
}

bool text_next(struct text *rest, char separator, struct text *part)
{
	if (!rest->p) {
		*part = (struct text){0};
		return false;
	}
	const char *end = rest->n ? memchr(rest->p, separator, rest->n) : NULL;
	if (!end) {
		*part = *rest;
		*rest = (struct text){0};
		return true;
	}
	size_t n = (size_t)(end - rest->p);
	*part = (struct text){rest->p, n};
	*rest = (struct text){rest->p + n + 1, rest->n - n - 1};
	return true;
}

int text_to_int64(struct text text, int64_t *value)
{
	size_t i = 0;
	bool negative = text.n && text.p[0] == '-';
	int64_t sum = 0;
	if (negative || (text.n && text.p[0] == '+'))
		i = 1;
	if (i == text.n)
		return ERROR_INVALID;
	for (; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return ERROR_INVALID;
		int digit = text.p[i] - '0';
		if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_sub_overflow(sum, digit, &sum))
			return ERROR_INVALID;
	}
	if (!negative && __builtin_sub_overflow(0, sum, &sum))
		return ERROR_INVALID;
	*value = sum;
	return 0;
}

int text_to_double(struct text text, double *value)
{
	char copy[TEXT_NUMBER_MAX + 1], *end;
	if (text.n == 0 || text.n > TEXT_NUMBER_MAX || is_space(text.p[0]))
		return ERROR_INVALID;
	memcpy(copy, text.p, text.n);
	copy[text.n] = 0;
	errno = 0;
	double parsed = strtod(copy, &end);
	if (*end || end == copy || !isfinite(parsed))
		return ERROR_INVALID;
	*value = parsed;
	return 0;
}

/* The length of the well-formed sequence at @s (RFC 3629: no surrogates, no overlong forms), or 0. */
static size_t utf8_sequence(const unsigned char *s, size_t n)
{
	if (s[0] < 0x80)
		return 1;
	size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || n < length)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return length;
}

bool text_is_utf8(struct text text)
{
	for (size_t i = 0; i < text.n;) {
		uint64_t eight;
		if (text.n - i >= sizeof eight) { /* Most text is ASCII. */
			memcpy(&eight, text.p + i, sizeof eight);
			if ((eight & 0x8080808080808080u) == 0) {
				i += sizeof eight;
				continue;
			}
		}
		size_t length = utf8_sequence((const unsigned char *)text.p + i, text.n - i);
		if (length == 0)
			return false;
		i += length;
	}
	return true;
}

struct text text_whole(struct text text)
{
	enum { CONTINUED_MAX = 3 };
	size_t lead = text.n;
	while (lead > 0 && text.n - lead < CONTINUED_MAX && ((unsigned char)text.p[lead - 1] & 0xc0) == 0x80)
		lead--;
	if (lead == 0 || (unsigned char)text.p[lead - 1] < 0xc0)
		return text; /* The last character is one byte, or this is no UTF-8 anyway. */
	return utf8_sequence((const unsigned char *)text.p + lead - 1, text.n - lead + 1) ? text : text_first(text, lead - 1);
}

char *text_terminated(struct arena *arena, struct text text)
{
	char *copy = arena_alloc(arena, text.n + 1);
	if (!copy)
		return NULL;
	if (text.n)
		memcpy(copy, text.p, text.n);
	copy[text.n] = 0;
	return copy;
}

struct text text_copy(struct arena *arena, struct text text)
{
	return (struct text){text_terminated(arena, text), text.n};
}

size_t text_distance(struct text a, struct text b)
{
	size_t row[TEXT_DISTANCE_MAX + 1];
	if (a.n > TEXT_DISTANCE_MAX || b.n > TEXT_DISTANCE_MAX)
		return TEXT_DISTANCE_MAX;
	for (size_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t above = row[j], best = diagonal + (a.p[i - 1] != b.p[j - 1]);
			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			diagonal = above;
		}
	}
	return row[b.n];
}

void buffer_reset(struct buffer *buffer)
{
	buffer->n = 0;
	buffer->failed = buffer->starved = false;
}

void buffer_free(struct buffer *buffer)
{
	memory_free(buffer->p);
	*buffer = (struct buffer){.bytes_max = buffer->bytes_max};
}

bool buffer_reserve(struct buffer *buffer, size_t n)
{
	if (buffer->failed)
		return false;
	if (n > buffer->bytes_max || buffer->n > buffer->bytes_max - n) {
		buffer->failed = true;
		return false;
	}
	if (n <= buffer->capacity - buffer->n)
		return true;
	if (memory_grow(&buffer->p, &buffer->capacity, buffer->n + n, 1) != 0) {
		buffer->failed = buffer->starved = true;
		return false;
	}
	return true;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t n)
{
	if (n == 0 || !buffer_reserve(buffer, n))
		return;
	memcpy(buffer->p + buffer->n, bytes, n);
	buffer->n += n;
}

void buffer_text(struct buffer *buffer, struct text text)
{
	buffer_append(buffer, text.p, text.n);
}

void buffer_string(struct buffer *buffer, const char *terminated)
{
	buffer_append(buffer, terminated, strlen(terminated));
}

void buffer_char(struct buffer *buffer, char c)
{
	buffer_append(buffer, &c, 1);
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
	char local[256];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(local, sizeof local, format, args);
	va_end(args);
	if (n < (int)sizeof local) {
		buffer_append(buffer, local, n > 0 ? (size_t)n : 0);
		return;
	}
	if (!buffer_reserve(buffer, (size_t)n + 1))
		return;
	va_start(args, format);
	vsnprintf(buffer->p + buffer->n, (size_t)n + 1, format, args);
	va_end(args);
	buffer->n += (size_t)n;
}

void buffer_int(struct buffer *buffer, int64_t value)
{
	char digits[24];
	size_t at = sizeof digits;
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (value < 0)
		digits[--at] = '-';
	buffer_append(buffer, digits + at, sizeof digits - at);
}

struct text buffer_view(const struct buffer *buffer)
{
	return (struct text){buffer->p, buffer->n};
}

char *buffer_terminated(struct buffer *buffer)
{
	if (!buffer_reserve(buffer, 1))
		return NULL;
	buffer->p[buffer->n] = 0;
	return buffer->p;
}
