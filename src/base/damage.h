/*
 * damage.h: what was found damaged on disk, in one list, so that an operator is told once and can act.
 *
 * Code that reads a file and finds other bytes than were written calls damage_found() at the place where it knows the
 * file, the offset and the consequence, then goes on without what is damaged, or returns ERROR_CORRUPT. The list feeds
 * the log line, /readyz, the console, `attune verify` and the message of a start that is refused. It belongs to the
 * process; a start begins with an empty one.
 */
#ifndef ATTUNE_BASE_DAMAGE_H
#define ATTUNE_BASE_DAMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DAMAGE_MAX = 64, DAMAGE_FILE_BYTES = 256, DAMAGE_TEXT_BYTES = 240 };

enum damage_effect {
	DAMAGE_REBUILT, /* Nothing is missing: it was made again from the log, or from a second copy. */
	DAMAGE_LOST,    /* What lay there is gone, and nothing else is. */
	DAMAGE_REFUSED, /* Attune does not start, or does not do what was asked, before somebody acts. */
};

struct damage {
	char     file[DAMAGE_FILE_BYTES]; /* As in the data folder: "sealing/slots". */
	uint64_t offset;                  /* Of the first damaged byte as far as known; the start of the checked piece. */
	enum damage_effect effect;
	char     what[DAMAGE_TEXT_BYTES];   /* One sentence: what is damaged and what that costs. Never personal data. */
	char     remedy[DAMAGE_TEXT_BYTES]; /* One sentence: what to do. "Nothing to do." is an answer. */
	uint64_t times;                     /* How often it was met. */
};

/*
 * Enter one piece of damage and write a log line. The same file and offset again is only counted. Beyond DAMAGE_MAX
 * pieces the list is full; damage_count() goes on counting. @remedy is a whole sentence; @format makes the sentence
 * about what is damaged.
 * Threads: safe.
 */
void damage_found(const char *file, uint64_t offset, enum damage_effect effect, const char *remedy, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Copy at most @max pieces to @out, oldest first, and return how many. Threads: safe. */
size_t damage_list(struct damage *out, size_t max);

/* How many different pieces were found, also those that the list had no room for. Threads: safe. */
size_t damage_count(void);

/* The newest piece with DAMAGE_REFUSED: why a start or an act was refused. False when there is none. */
bool damage_refusal(struct damage *out);

/*
 * What was refused for the sake of files whose names begin with @prefix is done without them after all: these pieces are lost,
 * and @remedy is what to do about it. Returns how many. Threads: safe.
 */
size_t damage_accept(const char *prefix, const char *remedy);

/* The name of an effect for answers: "rebuilt", "lost", "refused". */
const char *damage_effect_name(enum damage_effect effect);

/* Forget everything: at the begin of a start, and in tests. */
void damage_clear(void);

#endif
