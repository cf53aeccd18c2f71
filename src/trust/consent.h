/*
 * consent.h: a customer's yes or no to each purpose, as a ledger of events.
 *
 * No row means no. What counts is the order of receipt, never a stamped clock: a withdrawal acts at once. A yes holds
 * for the version of the text that was shown. A yes from a control that was ticked beforehand is refused. Every act
 * stays in the customer's history; the state holds the last one a purpose.
 */
#ifndef ATTUNE_TRUST_CONSENT_H
#define ATTUNE_TRUST_CONSENT_H

#include "engine/latest.h"
#include "trust/purpose.h"

extern const struct fold consent_fold;

struct consent_act {
	struct text purpose;      /* Its name. */
	bool yes;
	bool preset;              /* The control was ticked before the customer touched it. */
	struct text text, version; /* What was shown. Empty version: the one in force. */
	struct text evidence;     /* Of staff acting for a customer; may be empty. */
};

/*
 * Encode the payload of a consent record into @out.
 * Errors: ERROR_NOT_FOUND (no such purpose), ERROR_DENIED (a yes from a preset control), ERROR_LIMIT (@out is full, or
 * a version of more than 200 bytes).
 */
int consent_encode(struct buffer *out, const struct config *config, const struct consent_act *act) MUST_CHECK;

/* The purposes with a yes that holds, as a mask, PURPOSE_SERVICE always among them. @state is that of consent_fold. */
uint64_t consent_mask(struct text state, const struct config *config);

/* The last act about a purpose. */
struct consent_state {
	int64_t time_ms;          /* When the customer said so. */
	uint64_t position;        /* Of the record. */
	struct text version;      /* Of the text that was shown. */
	enum channel channel;
	bool said_yes, yes;       /* yes: it holds, for the text in force is the one that was shown. */
};

/* False when there was none. */
bool consent_last(struct text state, const struct purpose *purpose, struct consent_state *last);

#endif
