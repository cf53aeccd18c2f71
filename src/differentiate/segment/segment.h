/*
 * segment.h: segments: customers who fit a rule, kept up event by event and true at the moment of asking.
 *
 *   kind: segment
 *   name: coffee-again
 *   title: Buys coffee regularly
 *   rule: did "Order Completed" at least 3 times in the last 90 days
 *   purpose: marketing
 *
 * What is kept of a customer is little: for each track (an event with its conditions, for one purpose) the newest times that
 * any rule asks for, in seconds, and nothing at all for tracks that were never touched. Whether the customer is a member is
 * worked out on reading, so time passing needs no nightly job. An event counts for a segment only if the customer had
 * agreed to its purpose when it came (that stands in the event's header); who does not agree now is no member of it.
 * Moments are cut to whole seconds: an event is in the last W at now when now - W < time <= now.
 */
#ifndef ATTUNE_DIFFERENTIATE_SEGMENT_SEGMENT_H
#define ATTUNE_DIFFERENTIATE_SEGMENT_SEGMENT_H

#include "base/json.h"
#include "differentiate/segment/rule.h"
#include "engine/config_build.h"
#include "engine/fold.h"

enum { SEGMENTS_MAX = 200, SEGMENT_TRACKS_MAX = 64 };

extern const struct fold segment_fold;
extern const struct config_kind segment_kind;

struct segment {
	struct text name, title, purpose;
	uint64_t mask;              /* Of the purpose. */
	const struct rule *rule;
	struct text text;           /* Canonical. */
};

/* Events that are kept: those of @rule (did or saw) that may be used for @mask. */
struct segment_track {
	const struct rule *rule;
	struct text text;           /* Canonical words of the event. */
	uint64_t mask;
	uint32_t keep;              /* The newest so many times. */
};

struct segments {
	const struct segment *items;
	size_t n;
	const struct segment_track *tracks;
	size_t tracks_n;
	uint64_t masks;             /* Of all purposes together. */
};

const struct segments *segments_of(const struct config *config); /* Never NULL. */
const struct segment *segment_find(const struct segments *segments, struct text name);

/* The name of the trait that a path in a rule leads to; empty for other paths. */
struct text segment_trait_of(struct text path);

/* What is known of one customer at a moment. */
struct segment_facts {
	struct text times;          /* The state of segment_fold; empty when nothing may be read. */
	struct text traits, preferences; /* States of latest.h, traits whole: which may be used for a segment's purpose is looked at here. */
	uint64_t consents;
	int64_t now_ms;
	const struct config *config;
};

enum segment_member { SEGMENT_OUT, SEGMENT_IN, SEGMENT_WITHHELD };

/* Is the customer a member? WITHHELD: did not agree to the segment's purpose. Bounded by the atoms of the rules. Threads: pure. */
enum segment_member segment_member(const struct segments *segments, const struct segment *segment, const struct segment_facts *facts);

/* The reasons: an array with an object for each atom: its words, whether it holds, and the customer's own numbers. */
void segment_write_reasons(struct json_writer *out, const struct segments *segments, const struct segment *segment, const struct segment_facts *facts);

/* For pages that say it in prose: calls @say for each atom. */
void segment_each_reason(const struct segments *segments, const struct segment *segment, const struct segment_facts *facts,
                         void (*say)(void *arg, const struct rule *atom, enum truth truth, struct text says), void *arg);

/* How many kept times of @track lie in the window of @rule at @now_ms; *@nth_s is the time of the @nth newest of them, 0 without. */
uint32_t segment_count(struct text times, const struct rule *rule, int64_t now_ms, uint32_t nth, int64_t *nth_s);

#endif
