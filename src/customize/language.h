/*
 * language.h: in which language a customer wants to be spoken to.
 *
 * What was stated comes first: the preference "language", then the trait "language" or "locale". Where nothing was stated a
 * page may go by what its browser says; a decision does not, for it is asked by machines and counters, too.
 */
#ifndef ATTUNE_CUSTOMIZE_LANGUAGE_H
#define ATTUNE_CUSTOMIZE_LANGUAGE_H

#include "trust/purpose.h"

/* The language that was stated, a tag such as cs-CZ; empty without. @preferences and @traits are states. */
struct text language_stated(struct text preferences, struct text traits);

enum { LANGUAGES_MAX = 8 };
struct languages {
	struct text wanted[LANGUAGES_MAX]; /* The best first. */
	size_t n;
};

/* What was stated; where nothing was, what the header Accept-Language says (RFC 9110, 12.5.4), the best first. */
void languages_read(struct languages *languages, struct text stated, struct text header);

/* Title and text of @purpose in the first of @languages that it has, else its own. */
struct purpose_words languages_words(const struct languages *languages, const struct purpose *purpose);

#endif
