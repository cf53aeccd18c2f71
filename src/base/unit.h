/*
 * unit.h: quantities as people write and read them: "15m", "95%", "12.50 EUR".
 */
#ifndef ATTUNE_BASE_UNIT_H
#define ATTUNE_BASE_UNIT_H

#include "base/text.h"

/* A length of time in ms: a whole number and ms, s, m, h, d or w. Errors: ERROR_INVALID. */
int duration_parse(struct text text, int64_t *ms) MUST_CHECK;

/* The same for a person: "15 minutes", "800 ms", "1 day", "2 hours 30 minutes". At most 63 bytes. */
void duration_say(struct buffer *out, int64_t ms);

/* A number as sentences have it: "7", "24,719". Returns @out. */
enum { COUNT_TEXT_BYTES = 28 };
const char *count_text(char out[COUNT_TEXT_BYTES], uint64_t n);

/* A share of one: "95%", "99.5%" or ".95". Errors: ERROR_INVALID (not from 0 to 1). */
int share_parse(struct text text, double *share) MUST_CHECK;

/* An amount of money in minor units (hundredths) with its ISO code: "-5.12 EUR". */
void money_say(struct buffer *out, int64_t minor, struct text currency);

#endif
