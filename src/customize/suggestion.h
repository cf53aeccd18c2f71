/*
 * suggestion.h: what Attune has asked a customer, and what the customer said: so that nobody is asked too often.
 *
 * A no is respected: the same question rests SUGGESTION_REST_DAYS, twice as long after each further no, and is never
 * asked again after SUGGESTION_NO_MAX or a "never". After any answer about a surface the next question waits a week.
 */
#ifndef ATTUNE_CUSTOMIZE_SUGGESTION_H
#define ATTUNE_CUSTOMIZE_SUGGESTION_H

#include "engine/fold.h"

enum { SUGGESTION_REST_DAYS = 90, SUGGESTION_NO_MAX = 3, SUGGESTION_WEEK_DAYS = 7 };

enum suggestion_kind { SUGGESTION_CONSENT = 1, SUGGESTION_PROMOTE, SUGGESTION_DEMOTE, SUGGESTION_QUESTION };

extern const struct fold suggestion_fold; /* From responses. */

/* May the question be asked about the surface with @mark at @now_ms? */
bool suggestion_may_ask(struct text state, uint32_t mark, enum suggestion_kind kind, int64_t now_ms);

#endif
