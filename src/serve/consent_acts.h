/*
 * consent_acts.h: a customer's acts of consent, gathered from the history: the ledger, with undone acts marked.
 *
 * Walk the history with consent_acts_take, newest first, then call consent_acts_done. Limit: CONSENT_ACTS_MAX, then cut is set.
 */
#ifndef ATTUNE_SERVE_CONSENT_ACTS_H
#define ATTUNE_SERVE_CONSENT_ACTS_H

#include "base/memory.h"
#include "event/event.h"
#include "trust/consent.h"

enum { CONSENT_ACTS_MAX = 5000 };

struct consent_taken {
	struct event event;           /* EVENT_CONSENT or EVENT_RESTRICT. */
	bool undone, after_yes;       /* after_yes: a no that takes a yes back. */
};

struct consent_acts {
	struct arena *arena;          /* For what the items hold. */
	struct consent_taken *items;  /* Newest first. */
	size_t n;
	uint64_t undone[CONSENT_ACTS_MAX];
	size_t undone_n;
	bool cut;                     /* There are more. */
};

struct consent_acts *consent_acts_new(struct arena *arena) MUST_CHECK; /* NULL without memory. */
bool consent_acts_take(void *acts, const struct event *event);         /* False when it wants no more. */
void consent_acts_done(struct consent_acts *acts);

struct text consent_act_purpose(const struct consent_taken *act);
enum consent_decision consent_act_decision(const struct consent_taken *act);
/* The SHA-256 of the text that was shown, in hex. */
struct text consent_act_hash(const struct event *event, char hex[CONSENT_SHA256_HEX + 1]);

#endif
