/*
 * journey.h: roads to one goal, as configured (kind journey): where they begin, where they end, and what shows that one is broken.
 *
 *   kind: journey
 *   name: card-activation
 *   title: Get a card that works
 *   start: Card Ordered
 *   goal: Card Activated
 *   gap: 30d                            # a road without an end for so long was left
 *   fails: [Card Activation Failed]     # errors on the road; who then goes to our staff was forced to
 *   asks: [Address Asked]               # what was known is asked again
 *   stars: Rating Given                 # what customers said of it, 1 to 5
 */
#ifndef ATTUNE_INTERACT_JOURNEY_H
#define ATTUNE_INTERACT_JOURNEY_H

#include "engine/config_build.h"

enum { JOURNEY_EVENTS_MAX = 8, JOURNEY_GAP_DAYS = 30 };

extern const struct config_kind journey_kind;

struct journey_rule {
	struct text name, title, owner;
	struct text start, goal, stars;      /* Names of events; start and stars may be empty. */
	struct text fails[JOURNEY_EVENTS_MAX], asks[JOURNEY_EVENTS_MAX];
	size_t fails_n, asks_n;
	int64_t gap_ms;
};

struct journey_rules {
	const struct journey_rule *items;
	size_t n;
};

const struct journey_rules *journey_rules(const struct config *config); /* Never NULL. */

#endif
