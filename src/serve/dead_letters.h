/*
 * dead_letters.h: events that were refused, with the reason: never lost in silence.
 *
 * A file of JSON lines, DEAD_LETTERS_BYTES_MAX at most (then the older half goes). A letter is the time, the source, the
 * code and message, the event as it came, cut at 32 KB, and the identifiers that the event names. A letter is about a customer who
 * has one of them, type and value, and about nobody else, whatever else stands in the event.
 */
#ifndef ATTUNE_SERVE_DEAD_LETTERS_H
#define ATTUNE_SERVE_DEAD_LETTERS_H

#include "base/json.h"
#include "identify/identifier.h"

enum { DEAD_LETTERS_BYTES_MAX = 64 * 1024 * 1024 };

struct dead_letters;

int dead_letters_open(struct dead_letters **out, const char *folder) MUST_CHECK;
/* For verify: enter what is damaged in damage.h and change nothing. Errors: ERROR_IO, ERROR_MEMORY. */
int dead_letters_check(const char *folder) MUST_CHECK;

void dead_letters_close(struct dead_letters *letters);

struct dead_letter {
	int64_t time_ms;
	struct text source, message;
	const char *code;
	struct text event;               /* Its JSON. */
	const struct identifier *named;  /* The identifiers it names, normalised: of whom it is. None: of nobody. */
	size_t named_n;
};

/* Threads: safe. A letter that cannot be written is counted. */
void dead_letters_add(struct dead_letters *letters, const struct dead_letter *letter);

uint64_t dead_letters_count(struct dead_letters *letters);

/* Write the newest @n letters as a JSON array, newest first. Errors: ERROR_IO, ERROR_MEMORY. */
int dead_letters_write(struct dead_letters *letters, struct json_writer *writer, size_t n) MUST_CHECK;

/*
 * Append the letters that name somebody to whom @is_about says yes, one a line, newest first, for the customer's own copy: without the
 * source and the identifiers beside the event. @written is called after each, and may empty @out. Errors: ERROR_IO, ERROR_BUSY, ERROR_MEMORY.
 */
int dead_letters_about(struct dead_letters *letters, bool (*is_about)(void *arg, struct identifier named), void *arg, struct buffer *out,
                       void (*written)(void *arg)) MUST_CHECK;

/*
 * Take out, durably, the letters that name somebody to whom @is_about says yes; *@n is how many went. Letters that arrive meanwhile wait.
 * Errors: ERROR_IO, ERROR_FULL, ERROR_MEMORY (then all are still there).
 */
int dead_letters_forget(struct dead_letters *letters, bool (*is_about)(void *arg, struct identifier named), void *arg, size_t *n) MUST_CHECK;

#endif
