/*
 * relationship.h: how strong the relationship with one customer is, its course, and what turned it.
 *
 * Moments add or take: a day with contact, a goal reached, stars given, and the signals of broken.h. What a moment did fades by half in
 * RELATIONSHIP_HALF_LIFE_DAYS. With x the sum of what is left:  strength = 50 + 50 tanh(x / RELATIONSHIP_SCALE), 0 to 100; 50 is
 * a stranger. The weights are ours, stated in relationship.c and in docs/broken.md, and the same for everybody.
 */
#ifndef ATTUNE_MEASURE_RELATIONSHIP_H
#define ATTUNE_MEASURE_RELATIONSHIP_H

#include "measure/broken.h"

enum { RELATIONSHIP_MONTHS = 12, RELATIONSHIP_TURNS_MAX = 5, RELATIONSHIP_HALF_LIFE_DAYS = 90, RELATIONSHIP_SCALE = 20 };

enum moment_kind { MOMENT_GOAL, MOMENT_STARS, MOMENT_BROKEN };

/* A moment that did more than a day's contact. */
struct moment {
	int64_t time_ms;
	double effect;
	enum moment_kind kind;
	uint32_t road;                       /* Of a goal, or of a signal. */
	enum broken_signal_kind signal;
	int32_t stars;
};

struct relationship {
	double strength;                     /* Now. */
	struct {
		int64_t time_ms;                 /* The end of the month. */
		double strength;
	} course[RELATIONSHIP_MONTHS];       /* Oldest first; the last is now. */
	struct moment turns[RELATIONSHIP_TURNS_MAX]; /* The moments that moved it most, the strongest first. */
	size_t turns_n;
	uint32_t contact_days;
};

/*
 * Of the customer whose rows of the last year are @rows, all of one customer; @question has the roads. @stars is the number of the
 * event that gives stars; 0: none. Pure. Errors: ERROR_MEMORY.
 */
int relationship_of(struct relationship *out, const struct customer_rows *rows, const struct broken_question *question, uint32_t stars) MUST_CHECK;

#endif
