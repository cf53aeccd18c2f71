/*
 * contact.h: contacts: one customer doing something once, on one channel, without a long silence.
 *
 * Kept: how many contacts and when last, a channel; and the latest CONTACTS_KEPT contacts with touchpoint, times and
 * number of events. A contact ends after CONTACT_GAP_MS without an event on its channel.
 */
#ifndef ATTUNE_INTERACT_CONTACT_H
#define ATTUNE_INTERACT_CONTACT_H

#include "engine/fold.h"

enum { CONTACT_GAP_MS = 30 * 60 * 1000, CONTACTS_KEPT = 6, CONTACT_REASON_BYTES = 60 };

extern const struct fold contact_fold;

struct contact {
	int64_t start_ms, last_ms;
	uint32_t touchpoint;      /* Number in the dictionary of the newest one; 0: none. */
	uint32_t events;
	uint64_t reason_by;       /* Position of the event that gave the reason; 0: nobody asked. */
	uint8_t channel;
	uint8_t reason_n;
	char reason[CONTACT_REASON_BYTES + 2]; /* As the customer said it (property "reason"). */
};

struct contact_channel {
	uint32_t contacts, events;
	int64_t last_ms;          /* 0: never. */
};

/* A plain value; the state is exactly this, as long as its contacts_n says. */
struct contacts {
	struct contact_channel channels[CHANNEL_COUNT];
	int64_t first_ms, last_ms;
	uint32_t contacts_n, reserved;
	struct contact contacts[CONTACTS_KEPT]; /* Newest first. */
};

void contacts_read(struct contacts *contacts, struct text state); /* Empty state: all zero. */

/* The contact that goes on at @now_ms, NULL when there is none. */
const struct contact *contacts_present(const struct contacts *contacts, int64_t now_ms);

#endif
