/* contact.c: contacts. The state is kept short: channels without contacts and empty places take nothing. */
#include "interact/contact.h"

#include <stddef.h>
#include <string.h>

struct packed_head {
	int64_t first_ms, last_ms;
	uint16_t channels; /* A bit a channel that follows. */
	uint8_t contacts_n, reserved[5];
};

struct packed_contact {
	int64_t start_ms;
	uint32_t length_ms, touchpoint;
	uint16_t events;
	uint8_t channel, reason_n;
	uint64_t reason_by; /* Only with a reason: behind this, then the reason. */
} __attribute__((packed));

enum { BARE = offsetof(struct packed_contact, reason_by) };

void contacts_read(struct contacts *contacts, struct text state)
{
	struct packed_head head;
	const char *p = state.p;
	memset(contacts, 0, sizeof *contacts);
	if (state.n < sizeof head)
		return;
	memcpy(&head, p, sizeof head);
	p += sizeof head;
	contacts->first_ms = head.first_ms;
	contacts->last_ms = head.last_ms;
	for (unsigned i = 0; i < CHANNEL_COUNT; i++)
		if (head.channels & 1u << i) {
			memcpy(&contacts->channels[i], p, sizeof contacts->channels[i]);
			p += sizeof contacts->channels[i];
		}
	contacts->contacts_n = head.contacts_n;
	for (unsigned i = 0; i < head.contacts_n; i++) {
		struct packed_contact packed = {0};
		struct contact *contact = &contacts->contacts[i];
		memcpy(&packed, p, BARE);
		if (packed.reason_n) {
			memcpy(&packed, p, sizeof packed);
			memcpy(contact->reason, p + sizeof packed, packed.reason_n);
		}
		p += packed.reason_n ? sizeof packed + packed.reason_n : BARE;
		contact->start_ms = packed.start_ms;
		contact->last_ms = packed.start_ms + packed.length_ms;
		contact->touchpoint = packed.touchpoint;
		contact->events = packed.events;
		contact->channel = packed.channel;
		contact->reason_n = packed.reason_n;
		contact->reason_by = packed.reason_by;
	}
}

static void contacts_pack(struct fold_state *state, const struct contacts *contacts)
{
	struct packed_head head = {.first_ms = contacts->first_ms, .last_ms = contacts->last_ms,
	                           .contacts_n = (uint8_t)contacts->contacts_n};
	uint8_t *p = state->p + sizeof head;
	for (unsigned i = 0; i < CHANNEL_COUNT; i++)
		if (contacts->channels[i].events) {
			head.channels |= (uint16_t)(1u << i);
			memcpy(p, &contacts->channels[i], sizeof contacts->channels[i]);
			p += sizeof contacts->channels[i];
		}
	for (unsigned i = 0; i < contacts->contacts_n; i++) {
		const struct contact *contact = &contacts->contacts[i];
		int64_t length = contact->last_ms - contact->start_ms;
		struct packed_contact packed = {
			.start_ms = contact->start_ms, .length_ms = length > UINT32_MAX ? UINT32_MAX : (uint32_t)length,
			.touchpoint = contact->touchpoint, .events = contact->events > UINT16_MAX ? UINT16_MAX : (uint16_t)contact->events,
			.channel = contact->channel, .reason_n = contact->reason_n, .reason_by = contact->reason_by};
		size_t n = contact->reason_n ? sizeof packed : BARE;
		memcpy(p, &packed, n);
		memcpy(p + n, contact->reason, contact->reason_n);
		p += n + contact->reason_n;
	}
	memcpy(state->p, &head, sizeof head);
	state->n = (uint32_t)(p - state->p);
}

static void reason_note(struct contact *contact, const struct event *event)
{
	struct text reason = text_cut(value_text(event_value(event, TEXT("properties.reason"))), CONTACT_REASON_BYTES);
	if (reason.n == 0)
		return;
	memcpy(contact->reason, reason.p, reason.n);
	contact->reason_n = (uint8_t)reason.n;
	contact->reason_by = event->position;
}

static struct contact *contact_of(struct contacts *contacts, const struct event *event)
{
	for (unsigned i = 0; i < contacts->contacts_n; i++) {
		struct contact *contact = &contacts->contacts[i];
		if (contact->channel == event->header.channel && event->header.time_ms - contact->last_ms <= CONTACT_GAP_MS)
			return contact;
	}
	unsigned kept = contacts->contacts_n < CONTACTS_KEPT ? contacts->contacts_n : CONTACTS_KEPT - 1;
	memmove(&contacts->contacts[1], &contacts->contacts[0], kept * sizeof *contacts->contacts);
	contacts->contacts_n = kept + 1;
	contacts->channels[event->header.channel].contacts++;
	contacts->contacts[0] = (struct contact){.start_ms = event->header.time_ms, .channel = event->header.channel};
	return &contacts->contacts[0];
}

static void apply(struct fold_state *state, const struct event *event, const struct fold_context *context)
{
	struct contacts contacts;
	(void)context;
	contacts_read(&contacts, (struct text){(const char *)state->p, state->n});
	if (contacts.first_ms == 0 || event->header.time_ms < contacts.first_ms)
		contacts.first_ms = event->header.time_ms;
	if (event->header.time_ms > contacts.last_ms)
		contacts.last_ms = event->header.time_ms;
	if (event->header.channel != CHANNEL_NONE && event->header.channel < CHANNEL_COUNT) {
		struct contact *contact = contact_of(&contacts, event);
		struct contact_channel *channel = &contacts.channels[event->header.channel];
		contact->last_ms = event->header.time_ms;
		contact->events++;
		if (event->header.touchpoint)
			contact->touchpoint = event->header.touchpoint;
		reason_note(contact, event);
		channel->events++;
		channel->last_ms = event->header.time_ms;
	}
	contacts_pack(state, &contacts);
}

const struct fold contact_fold = {
	.name = "contacts", .version = 1, .bytes_max = sizeof(struct contacts),
	.kinds = EVENT_KIND_BIT(EVENT_TRACK) | EVENT_KIND_BIT(EVENT_PAGE) | EVENT_KIND_BIT(EVENT_SCREEN) |
	         EVENT_KIND_BIT(EVENT_IDENTIFY),
	.ordered = true, .window_events_max = FOLD_WINDOW_EVENTS, .apply = apply};

const struct contact *contacts_present(const struct contacts *contacts, int64_t now_ms)
{
	const struct contact *newest = NULL;
	for (unsigned i = 0; i < contacts->contacts_n; i++) {
		const struct contact *contact = &contacts->contacts[i];
		if (now_ms - contact->last_ms <= CONTACT_GAP_MS && (!newest || contact->last_ms > newest->last_ms))
			newest = contact;
	}
	return newest;
}
