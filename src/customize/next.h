/*
 * next.h: what this customer will probably choose next on one menu.
 *
 * Counts of what followed what: after the last two choices, after the last one, and at all, each fading by its own
 * half-life in events, blended from the rarest context down (prediction by partial matching). Feeds the suggestions
 * beside a menu; it never moves anything.
 *
 * The state is one flat block without pointers: a header and 8 bytes an entry. It may be copied, stored and compared
 * byte for byte. A customer with some thirty uses of a ten-option menu takes 200 to 400 bytes. At its limit the least
 * used pairs of the longest context go first.
 *
 * Source: Cleary and Witten 1984 (the idea of blending context lengths); the weight of a context is Witten and Bell's
 * T / (T + d * distinct), 1991. Constants: docs/decide.md.
 */
#ifndef ATTUNE_CUSTOMIZE_NEXT_H
#define ATTUNE_CUSTOMIZE_NEXT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NEXT_NONE = 0xffff,       /* No option. */
	NEXT_ORDERS = 3,          /* Contexts of no, one and two earlier choices. */
	NEXT_BYTES_MAX = 1904,    /* On the server, so that a menu and this stay in 4 KiB. An evaluation may allow more. */
	NEXT_BYTES_LEAST = 256,   /* A smaller limit is a mistake of ours. */
	NEXT_GROWTH_BYTES = 24,   /* One learned use adds at most so much. */
};

/* Half-lives in events for the three contexts, and the share of doubt a new successor adds to a context. */
struct next_pace {
	uint32_t half_life[NEXT_ORDERS];
	double doubt[NEXT_ORDERS]; /* Index 0 is not used: there is no shorter context than none. */
};
extern const struct next_pace next_pace_default;

struct next_entry {
	uint16_t before2, before1, option; /* NEXT_NONE where the context is shorter. */
	uint16_t count;                    /* See decay.h; stays at 65535 when it would overflow. */
};

/* Entries are ordered by (before2, before1, option). */
struct next {
	uint32_t events;
	uint32_t origin[NEXT_ORDERS];
	uint16_t last1, last2;
	uint32_t n;
	struct next_entry entries[];
};

/* An empty state. @state has room for at least sizeof(struct next). */
void next_init(struct next *state);

size_t next_bytes(const struct next *state);

/*
 * The customer chose @option. The block behind @state holds at least min(@bytes_max, next_bytes + NEXT_GROWTH_BYTES);
 * it is never grown over @bytes_max. Pure.
 */
void next_learn(struct next *state, const struct next_pace *pace, uint16_t option, size_t bytes_max);

/*
 * The share of belief in each of the options 0 to @n - 1, into @scores (zero for those never chosen). The sum is at
 * most 1, and 0 for a customer never seen.
 */
void next_score(const struct next *state, const struct next_pace *pace, double *scores, size_t n);

/*
 * The @k best of @n scores above zero, best first, equal ones by index, without those for which @skip is set (@skip
 * may be NULL). Returns how many were written to @best.
 */
size_t next_best(const double *scores, size_t n, const bool *skip, uint16_t *best, size_t k);

#endif
