/*
 * claim.h: who may say what of somebody who is known: the one rule for all statements.
 *
 * A secret key, staff and the customer's own token vouch for what they say. A public key stands in every web page, so anybody can send
 * by it. What it says of somebody of whom only anonymousIds are known counts as that visitor's word. Of a customer who is known, what
 * it states (traits, preferences, consents) is held: kept, and neither read nor answered until a secret key or the customer's token
 * confirms that the anonymousId is this customer's. A no is not held, whoever says it (docs/decisions/015). What merely happened
 * (track, page, screen) is no statement, and counts.
 *
 * The answer is in the record (EVENT_HELD), so replay does not ask again; EVENT_CONFIRM, {"anonymousId"}, confirms what came before it.
 */
#ifndef ATTUNE_IDENTIFY_CLAIM_H
#define ATTUNE_IDENTIFY_CLAIM_H

#include "engine/latest.h"

struct claim {
	bool is_vouched;      /* By a secret key, staff, or the customer's token. */
	bool is_of_known;     /* The customer is known, see claim_is_of_known. */
	bool is_no;           /* It takes something back or forbids it. */
	enum event_kind kind; /* Of the record. */
};

/* The flags that the record of @claim gets: none, EVENT_UNVERIFIED, and with that EVENT_OF_KNOWN and EVENT_HELD. */
uint8_t claim_flags(const struct claim *claim);

/* Is a customer with the identifiers in a state of identifier_fold known by more than what public keys said? */
bool claim_is_of_known(struct text identifiers);

/* Which anonymousIds have something held, and which purposes a held yes is for. */
extern const struct fold claim_fold;

/* Is there something held of @anonymous that nobody has confirmed yet? @state is that of claim_fold. */
bool claim_is_open(struct text state, struct text anonymous);

/* Is a yes to @purpose by @anonymous held or confirmed, with no newer no from there? Then saying it again adds nothing. */
bool claim_has_yes(struct text state, struct text anonymous, struct text purpose);

#endif
