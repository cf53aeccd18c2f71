/*
 * pace.h: how fast somebody may ask: token buckets, and growing pauses after wrong passwords.
 *
 * Both tables have a fixed size. Who is counted is named by a hash with a key of this process, so that nobody can choose whom
 * to push out of the table; when a set of places is full, the one that says least gives way.
 */
#ifndef ATTUNE_SERVE_PACE_H
#define ATTUNE_SERVE_PACE_H

#include "base/text.h"

enum {
	PACE_PLACES = 16384,
	TRIES_FREE = 4,             /* Wrong passwords before the first pause: the fifth brings it. */
	TRIES_PAUSE_MS = 1000,      /* The first pause; each further one is twice as long. */
	TRIES_PAUSE_MS_MAX = 15 * 60 * 1000,
	TRIES_FORGET_MS = 5 * 60 * 1000, /* Without a try for so long, one of them is forgotten. */
};

struct pace;

int pace_open(struct pace **out) MUST_CHECK; /* Errors: ERROR_MEMORY. */
void pace_close(struct pace *pace);

/* A number for @who (of a sort named @kind) that nobody outside can foresee; never 0. */
uint64_t pace_mark(const struct pace *pace, struct text kind, struct text who);

/*
 * Take @n of the @a_minute that @who (of a sort named @kind) may have in any minute, all at once if they like; more than
 * @a_minute at once counts as @a_minute. 0 when there were so many; else how many ms from now there will be, and nothing is
 * taken. @now_ms goes by the monotonic clock, as everywhere here: a clock that is set must not shut anybody out.
 * Threads: safe, as all here.
 */
int64_t pace_take(struct pace *pace, struct text kind, struct text who, int64_t n, int64_t a_minute, int64_t now_ms) MUST_CHECK;

/* The same without taking anything. */
int64_t pace_look(struct pace *pace, struct text kind, struct text who, int64_t n, int64_t a_minute, int64_t now_ms) MUST_CHECK;

/*
 * Count a try of a password for @who, before it is known whether it is right: 0 when it may be made, else how many ms it has
 * to wait, and then nothing is counted. No pause is longer than @pause_ms_max.
 */
int64_t pace_try(struct pace *pace, struct text kind, struct text who, int64_t pause_ms_max, int64_t now_ms) MUST_CHECK;

/* The last try was wrong, as it turned out at @now_ms: the pause, if there is one, begins now. */
void pace_wrong(struct pace *pace, struct text kind, struct text who, int64_t pause_ms_max, int64_t now_ms);

/* The last try was right: @all forgets every one before it, else only this one is taken back. */
void pace_right(struct pace *pace, struct text kind, struct text who, bool all);

#endif
