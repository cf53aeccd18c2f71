/*
 * retention.h: how long what may be kept.
 *
 *   kind: retention
 *   name: visits
 *   title: Which of our pages you looked at
 *   of: [page, screen]              # track, page, screen, identify, group, decision, response
 *   events: [Product Viewed]        # names of events, pages, screens or surfaces
 *   purposes: [analytics]           # what may be used for one of these
 *   keep: 400d
 *   basis: legitimate-interests     # consent | contract | legal-obligation | legitimate-interests
 *   law: Accounting Act, section 31
 *
 *   for: [personalisation]          # instead: for how long this purpose may use it; the event itself stays
 *
 * A rule is about what fits all it says of "of", "events" and "purposes", of which it says at least one. Where several rules fit, the
 * longest counts: what a law wants kept is not lost to a shorter wish; of rules with "for" the longest for each purpose. What no rule fits
 * is kept until it is erased, and used as long as it is kept. Consents, links
 * between identifiers, what joins and parts customers, requests and what was undone are no rule's business: they are kept, for they
 * prove who agreed to what and hold histories together. Time counts from when a thing happened, not from when it was told.
 */
#ifndef ATTUNE_TRUST_RETENTION_H
#define ATTUNE_TRUST_RETENTION_H

#include "engine/config_build.h"
#include "event/event.h"

struct retention_rule {
	struct text name, title, basis, law;
	uint32_t kinds;           /* EVENT_KIND_BITs; all that a rule may speak of when it says none. */
	struct value events;      /* A list of names; absent: all. */
	uint64_t purposes;        /* Any of these; 0: whatever they are. */
	uint64_t ends;            /* Only the use for these ends; 0: all of it. */
	int64_t keep_ms;
};

struct retention {
	const struct retention_rule *rules;
	size_t n;
	uint64_t ends;            /* Of all rules together. */
};

extern const struct config_kind retention_kind;

const struct retention *retention_of(const struct config *config); /* Never NULL. */

/* Is @rule about @event, of which header and names are looked at? */
bool retention_fits(const struct retention_rule *rule, const struct event *event);

/* Of the rules that fit @event and end its use for @purpose (0: that end all) the one with the longest time; NULL: there is none. */
const struct retention_rule *retention_rule_for(const struct retention *retention, const struct event *event, uint64_t purpose);

/* May @event be kept at @now_ms? */
bool retention_keeps(const struct config *config, const struct event *event, int64_t now_ms);

/* Of all purposes those that may still use @event at @now_ms; 0: it may not be kept. For engine_options.serves. */
uint64_t retention_serves(const struct config *config, const struct event *event, int64_t now_ms);

#endif
