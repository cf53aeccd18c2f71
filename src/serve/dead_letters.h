/*
 * dead_letters.h: events that were refused, with the reason: never lost in silence.
 *
 * A file of JSON lines, DEAD_LETTERS_BYTES_MAX at most (then the older half goes). A letter is the time, the source, the
 * code and message, and the event as it came, cut at 32 KB.
 */
#ifndef ATTUNE_SERVE_DEAD_LETTERS_H
#define ATTUNE_SERVE_DEAD_LETTERS_H

#include "base/json.h"

enum { DEAD_LETTERS_BYTES_MAX = 64 * 1024 * 1024 };

struct dead_letters;

int dead_letters_open(struct dead_letters **out, const char *folder) MUST_CHECK;
void dead_letters_close(struct dead_letters *letters);

/* Threads: safe. A letter that cannot be written is counted. */
void dead_letters_add(struct dead_letters *letters, int64_t now_ms, struct text source, const char *code, struct text message,
                      struct text event);

uint64_t dead_letters_count(struct dead_letters *letters);

/* Write the newest @n letters as a JSON array, newest first. Errors: ERROR_IO, ERROR_MEMORY. */
int dead_letters_write(struct dead_letters *letters, struct json_writer *writer, size_t n) MUST_CHECK;

/* Append the letters whose event has one of @values as a text, one a line, newest first. Errors: ERROR_IO, ERROR_MEMORY. */
int dead_letters_about(struct dead_letters *letters, const struct text *values, size_t n, struct buffer *out) MUST_CHECK;

/*
 * Take out, durably, the letters whose event has a text that @is_about says yes to; *@n is how many went. Letters that arrive meanwhile
 * wait. Errors: ERROR_IO, ERROR_FULL, ERROR_MEMORY (then all are still there).
 */
int dead_letters_forget(struct dead_letters *letters, bool (*is_about)(void *arg, struct text value), void *arg, size_t *n) MUST_CHECK;

#endif
