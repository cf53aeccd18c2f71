/*
 * text.h: borrowed bytes, and a buffer that grows.
 *
 * A text points at bytes somebody else owns; it is not terminated. Outside text is checked to be UTF-8 once, where it
 * enters. A buffer collects output; it remembers a failed allocation, so that a caller checks once at the end.
 */
#ifndef ATTUNE_BASE_TEXT_H
#define ATTUNE_BASE_TEXT_H

#include "base/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct text {
	const char *p;
	size_t n;
};

/* A text of a string literal. */
#define TEXT(literal) ((struct text){"" literal, sizeof(literal) - 1})
/* For printf's "%.*s". */
#define TEXT_ARGS(text) (int)(text).n, (text).p ? (text).p : ""

struct text text_of(const char *terminated);       /* NULL gives the empty text. */
bool text_equal(struct text a, struct text b);
bool text_equal_fold(struct text a, struct text b); /* ASCII letters compared without case. */
bool text_starts(struct text text, struct text prefix);
bool text_ends(struct text text, struct text suffix);
int  text_compare(struct text a, struct text b);    /* By bytes; <0, 0, >0. */
bool text_find(struct text haystack, struct text needle, size_t *at);
struct text text_from(struct text text, size_t at); /* The rest from @at; empty beyond the end. */
struct text text_first(struct text text, size_t n); /* At most the first @n bytes. */
struct text text_cut(struct text text, size_t n);   /* The same of UTF-8, without half a character at the end. */
struct text text_trim(struct text text);            /* Without ASCII white space around it. */

/* Take the part before @separator off the front of *@rest into *@part; false, and an empty part, when *@rest was used up. */
bool text_next(struct text *rest, char separator, struct text *part);

/* Whole text as a decimal number. Errors: ERROR_INVALID (not a number, out of range). */
int text_to_int64(struct text text, int64_t *value) MUST_CHECK;
int text_to_double(struct text text, double *value) MUST_CHECK;

bool text_is_utf8(struct text text);
struct text text_whole(struct text text); /* Without the part of a character that a cut left at the end. */

/* A terminated copy in @arena, NULL without memory. */
char *text_terminated(struct arena *arena, struct text text) MUST_CHECK;
/* A copy in @arena; p is NULL without memory. */
struct text text_copy(struct arena *arena, struct text text) MUST_CHECK;

/* How many single-character edits lie between two texts; texts over 64 bytes count as 64. For "did you mean". */
size_t text_distance(struct text a, struct text b);

/* Output that grows up to bytes_max. After a failure it stays empty-handed and failed is true. */
struct buffer {
	char *p;
	size_t n, capacity, bytes_max;
	bool failed;
	bool starved; /* It failed because there was no memory, not because it was full. */
};

#define BUFFER_INIT(max) ((struct buffer){.bytes_max = (max)})

void buffer_reset(struct buffer *buffer);              /* Empty, memory kept. */
void buffer_free(struct buffer *buffer);               /* Also for cleanup(...). */
bool buffer_reserve(struct buffer *buffer, size_t n);  /* Room for @n more; false (and failed) when not. */
void buffer_append(struct buffer *buffer, const void *bytes, size_t n);
void buffer_text(struct buffer *buffer, struct text text);
void buffer_string(struct buffer *buffer, const char *terminated);
void buffer_char(struct buffer *buffer, char c);
void buffer_format(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_int(struct buffer *buffer, int64_t value);
struct text buffer_view(const struct buffer *buffer);
/* The bytes with a 0 behind them (not counted), or NULL when failed. */
char *buffer_terminated(struct buffer *buffer);

#endif
