/*
 * trait.h: what is stated about a customer (name, address, birthday ...): the latest value of each, and where from.
 */
#ifndef ATTUNE_IDENTIFY_TRAIT_H
#define ATTUNE_IDENTIFY_TRAIT_H

#include "base/memory.h"
#include "engine/latest.h"

extern const struct fold trait_fold; /* From identify events; a trait set to null is forgotten. Walk it with latest_next. */

/* In the tag of an entry that was corrected: by an identify event that carries a "correction". The other bits are trust/trait_use.h's. */
enum { TRAIT_CORRECTED = 1 };

/* The name a person goes by: name, or first and last name, or the e-mail address; empty without. */
struct text trait_display_name(struct text state, struct arena *arena);

#endif
