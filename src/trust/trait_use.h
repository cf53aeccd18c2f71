/*
 * trait_use.h: what a trait may be used for.
 *
 *   kind: trait
 *   name: income                    # the key in "traits"
 *   title: What you earn
 *   purposes: [marketing]           # seven at most
 *
 * A trait without a document is what a customer stated so as to be served: every feature reads it. One with a document is read for its
 * purposes alone, and for each of them only if the customer agreed to it both now and when the trait was sent; for all else it reads
 * as absent. The customer sees it anyway, and may correct it. What customers are called by (TRAIT_USE_NAMES) cannot be kept
 * from the service.
 *
 * Which of its purposes a trait was agreed to for stands in the tag of its entry (engine/latest.h), as bits in the order of the document.
 */
#ifndef ATTUNE_TRUST_TRAIT_USE_H
#define ATTUNE_TRUST_TRAIT_USE_H

#include "engine/config_build.h"
#include "engine/latest.h"

enum { TRAIT_USE_PURPOSES_MAX = 7, TRAIT_USES_MAX = 100, TRAIT_USE_TAG_SHIFT = 1 /* The lowest bit is identify/trait.h's. */ };

#define TRAIT_USE_NAMES "name firstName lastName first_name last_name email"

struct trait_use {
	struct text name, title;
	uint64_t purposes[TRAIT_USE_PURPOSES_MAX]; /* Masks of one bit. */
	size_t purposes_n;
};

struct trait_uses {
	const struct trait_use *items;
	size_t n;
};

extern const struct config_kind trait_use_kind;

const struct trait_uses *trait_uses_of(const struct config *config); /* Never NULL. */
const struct trait_use *trait_use_find(const struct config *config, struct text name); /* NULL: it may be used for everything. */

bool trait_use_has(const struct trait_use *use, uint64_t purpose); /* May it ever be used for @purpose? */

/* The bits for the tag of a trait that comes with an event that serves @purposes. */
uint8_t trait_use_tag(const struct config *config, struct text name, uint64_t purposes);

/* Was @trait agreed to for @purpose (one bit, or PURPOSE_OWN) when it was sent? Whether the customer agrees now is the reader's to ask. */
bool trait_use_may(const struct config *config, const struct latest *trait, uint64_t purpose);

/* For fold.limit: leave in @copy what may be used for @purpose. */
bool trait_use_limit(struct fold_state *copy, const struct config *config, uint64_t purpose);

#endif
