/*
 * identifier.h: identifiers of a customer: which count, how many, and in what order they are believed.
 *
 * Defaults are those of Segment's deterministic matching: blocked values are never used; a customer has one user_id and
 * at most five of every other type; user_id is believed before email, email before the rest, which come by name.
 */
#ifndef ATTUNE_IDENTIFY_IDENTIFIER_H
#define ATTUNE_IDENTIFY_IDENTIFIER_H

#include "engine/latest.h"

enum { IDENTIFIERS_AN_EVENT_MAX = 16, IDENTIFIER_BYTES_MAX = 180, IDENTIFIER_TYPE_BYTES_MAX = 40 };

#define IDENTIFIER_USER TEXT("user")
#define IDENTIFIER_ANONYMOUS TEXT("anonymous")
#define IDENTIFIER_EMAIL TEXT("email")
/* A userId that only a public key has said, without an anonymousId: a customer of its own until somebody vouches for it. */
#define IDENTIFIER_CLAIMED TEXT("claimed-user")

struct identifier {
	struct text type, value;
};

extern const struct fold identifier_fold; /* From link records: which identifiers a customer has. */

/* Is @identifier one that may tell customers apart? Placeholders ("null", "anonymous", "0000", "-1" ...) are not. */
bool identifier_is_usable(struct identifier identifier);

/* How many of @type a customer may have. */
unsigned identifier_limit(struct text type);

/* Order of belief: <0 when @a is believed before @b. */
int identifier_compare(const struct identifier *a, const struct identifier *b);

/* Bring to the form that is compared: e-mail in lower case, trimmed. @copy holds at least IDENTIFIER_BYTES_MAX. */
struct identifier identifier_normalise(struct identifier identifier, char *copy);

/* "user:ana" → type and value; an unknown or missing type is false. */
bool identifier_parse(struct text text, struct identifier *identifier);

/* Walk the identifiers in a state of identifier_fold: start with *@at = 0. */
struct identifier_known {
	struct identifier identifier;
	int64_t since_ms;
	uint32_t source;
	uint64_t position;
};
bool identifier_next(struct text state, size_t *at, struct identifier_known *known);
unsigned identifier_count(struct text state, struct text type);
bool identifier_has(struct text state, struct identifier identifier);

#endif
