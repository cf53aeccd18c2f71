/*
 * ranking.h: whom a customer would choose among the options that were open, and why: the newest answer of each.
 *
 * Folded from "Preference Ranked" {question, open: [...], order: [...], motive, freedom}: the options that were open to the
 * customer, those that the customer put in order, best first, the motive, and how free the customer is to choose (1: no
 * contract, no lock-in; absent is 1). What was open and not put in order ties for last. Nothing is kept for who never answered, and nothing of what a public key alone says.
 */
#ifndef ATTUNE_INTERACT_VOICE_RANKING_H
#define ATTUNE_INTERACT_VOICE_RANKING_H

#include "interact/voice/question.h"

extern const struct fold ranking_fold; /* Personal: read only where the customer agreed to the question's purpose. */

struct ranking {
	int64_t time_ms;
	uint32_t question, motive;      /* Marks; 0: none. */
	double freedom;                 /* 0 to 1. */
	size_t open_n, ranked_n;
	uint32_t open[QUESTION_OPTIONS_MAX]; /* Marks: those in order first, best first. */
};

/* False when there is no answer. */
bool ranking_of(struct text state, struct ranking *ranking);

/* The rank of option @mark, 1 is best, ties in the middle; 0 when it was not open. */
double ranking_rank(const struct ranking *ranking, uint32_t mark);

/*
 * Is @answer, an object such as {open, order, motive, freedom}, an answer to @question? "open" may be absent: all options.
 * Writes the members of the event's properties to @out, which is an open object. Errors: ERROR_INVALID.
 */
int ranking_encode(struct buffer *out, const struct question *question, struct value answer) MUST_CHECK;

#endif
