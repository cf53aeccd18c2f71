/* member.c: is a customer a member now, and why: each atom in the customer's own numbers. */
#include "differentiate/segment/segment.h"

#include "base/clock.h"
#include "engine/latest.h"
#include "trust/purpose.h"
#include "trust/trait_use.h"

#include <inttypes.h>
#include <string.h>

/* The value behind a path; absent when nobody stated it, or not for @segment's purpose. */
static struct value stated(const struct segment_facts *facts, const struct segment *segment, struct text path)
{
	struct latest entry;
	struct text trait = segment_trait_of(path);
	if (trait.n && latest_find(facts->traits, trait, &entry) && trait_use_may(facts->config, &entry, segment->mask))
		return entry.value;
	if (!trait.n && latest_find(facts->preferences, text_from(path, sizeof "preference." - 1), &entry))
		return entry.value;
	return (struct value){0};
}

static enum truth count_truth(const struct rule *rule, uint32_t n)
{
	bool holds = rule->times == TIMES_AT_LEAST ? n >= rule->times_n : rule->times == TIMES_AT_MOST ? n <= rule->times_n : n == rule->times_n;
	return holds ? TRUTH_YES : TRUTH_NO;
}

static enum truth truth_of(const struct segments *segments, const struct segment *segment, const struct rule *rule, const struct segment_facts *facts)
{
	enum truth truth = TRUTH_YES, part_truth;
	const struct purpose *purpose;
	int64_t nth;
	switch (rule->kind) {
	case RULE_AND:
		for (const struct rule *part = rule->first; part; part = part->next)
			if ((part_truth = truth_of(segments, segment, part, facts)) < truth)
				truth = part_truth;
		return truth;
	case RULE_OR:
		truth = TRUTH_NO;
		for (const struct rule *part = rule->first; part; part = part->next)
			if ((part_truth = truth_of(segments, segment, part, facts)) > truth)
				truth = part_truth;
		return truth;
	case RULE_NOT:
		return (enum truth)(TRUTH_YES - truth_of(segments, segment, rule->first, facts));
	case RULE_DID:
	case RULE_SAW:
		return count_truth(rule, segment_count(facts->times, rule, facts->now_ms, rule->times_n, &nth));
	case RULE_COMPARE:
		return rule_compare(&rule->conditions[0], stated(facts, segment, rule->conditions[0].path));
	case RULE_HAS:
		return value_type_of(stated(facts, segment, rule->name)) > VALUE_NULL ? TRUTH_YES : TRUTH_NO;
	case RULE_CONSENTED:
		purpose = purpose_find(facts->config, rule->name);
		return purpose && (facts->consents & purpose->mask) ? TRUTH_YES : TRUTH_NO;
	case RULE_IN:
		switch (segment_member(segments, &segments->items[rule->track], facts)) {
		case SEGMENT_IN:
			return TRUTH_YES;
		case SEGMENT_OUT:
			return TRUTH_NO;
		case SEGMENT_WITHHELD:
			return TRUTH_UNKNOWN;
		}
	}
	return TRUTH_UNKNOWN;
}

enum segment_member segment_member(const struct segments *segments, const struct segment *segment, const struct segment_facts *facts)
{
	if ((facts->consents & segment->mask) != segment->mask)
		return SEGMENT_WITHHELD;
	return truth_of(segments, segment, segment->rule, facts) == TRUTH_YES ? SEGMENT_IN : SEGMENT_OUT;
}

/* ---- reasons ---- */

static void day_say(struct buffer *out, int64_t ms)
{
	static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"};
	struct clock_parts parts = clock_parts_of(ms);
	buffer_format(out, "%d %s %d", parts.day, months[parts.month - 1], parts.year);
}

/* "2 of 3 in the last 90 days; the next one enters" */
static void count_say(struct buffer *out, const struct rule *rule, const struct segment_facts *facts)
{
	int64_t nth_s;
	uint32_t n = segment_count(facts->times, rule, facts->now_ms, rule->times_n, &nth_s);
	uint32_t all = rule->times_n + (rule->times != TIMES_AT_LEAST);
	bool capped = rule->times != TIMES_AT_LEAST && n >= all;
	if (rule->times == TIMES_AT_LEAST && n < rule->times_n) {
		buffer_format(out, "%" PRIu32 " of %" PRIu32 "; ", n, rule->times_n);
		if (rule->times_n - n == 1)
			buffer_string(out, "the next one enters");
		else
			buffer_format(out, "%" PRIu32 " more enter", rule->times_n - n);
		return;
	}
	if (rule->times == TIMES_AT_LEAST) {
		buffer_format(out, "%" PRIu32 " of %" PRIu32, rule->times_n, rule->times_n);
		if (rule->window_s) {
			buffer_string(out, "; leaves on ");
			day_say(out, (nth_s + rule->window_s) * 1000);
			buffer_string(out, " unless it happens again");
		}
		return;
	}
	buffer_format(out, "%" PRIu32 "%s, %s %" PRIu32 " allowed", n, capped ? " or more" : "", rule->times == TIMES_AT_MOST ? "at most" : "exactly", rule->times_n);
}

static void value_say(struct buffer *out, struct value value)
{
	struct json_writer writer = JSON_WRITER(out);
	if (value_type_of(value) <= VALUE_NULL)
		buffer_string(out, "not stated");
	else if (value_type_of(value) == VALUE_TEXT)
		buffer_format(out, "stated: %.*s", TEXT_ARGS(text_first(value_text(value), 80)));
	else {
		buffer_string(out, "stated: ");
		value_write_json(&writer, value);
	}
}

static void atom_say(struct buffer *out, const struct segment *segment, const struct rule *rule, const struct segment_facts *facts, enum truth truth)
{
	if (rule->kind == RULE_DID || rule->kind == RULE_SAW)
		count_say(out, rule, facts);
	else if (rule->kind == RULE_COMPARE)
		value_say(out, stated(facts, segment, rule->conditions[0].path));
	else if (rule->kind == RULE_HAS)
		value_say(out, stated(facts, segment, rule->name));
	else if (rule->kind == RULE_CONSENTED)
		buffer_string(out, truth == TRUTH_YES ? "agreed" : "not agreed");
	else
		buffer_string(out, truth == TRUTH_YES ? "is in it" : truth == TRUTH_NO ? "is not in it" : "not known: its purpose was not agreed to");
}

struct saying {
	const struct segments *segments;
	const struct segment *segment;
	const struct segment_facts *facts;
	void (*say)(void *arg, const struct rule *atom, enum truth truth, struct text says);
	void *arg;
};

static void each_reason(const struct saying *saying, const struct rule *rule)
{
	char bytes[300];
	struct buffer says = {.p = bytes, .capacity = sizeof bytes, .bytes_max = sizeof bytes};
	for (const struct rule *part = rule->first; part; part = part->next)
		each_reason(saying, part);
	if (rule->first)
		return;
	enum truth truth = truth_of(saying->segments, saying->segment, rule, saying->facts);
	atom_say(&says, saying->segment, rule, saying->facts, truth);
	saying->say(saying->arg, rule, truth, says.failed ? TEXT("") : text_whole(buffer_view(&says)));
}

void segment_each_reason(const struct segments *segments, const struct segment *segment, const struct segment_facts *facts,
                         void (*say)(void *arg, const struct rule *atom, enum truth truth, struct text says), void *arg)
{
	if ((facts->consents & segment->mask) == segment->mask)
		each_reason(&(struct saying){segments, segment, facts, say, arg}, segment->rule);
}

static void reason_write(void *arg, const struct rule *atom, enum truth truth, struct text says)
{
	struct json_writer *out = arg;
	struct buffer words = BUFFER_INIT(4 * RULE_BYTES_MAX);
	rule_format(&words, atom);
	json_object_begin(out);
	json_put_text(out, "rule", buffer_view(&words));
	json_put_text(out, "holds", truth == TRUTH_YES ? TEXT("yes") : truth == TRUTH_NO ? TEXT("no") : TEXT("unknown"));
	json_put_text(out, "says", says);
	json_object_end(out);
	buffer_free(&words);
}

void segment_write_reasons(struct json_writer *out, const struct segments *segments, const struct segment *segment, const struct segment_facts *facts)
{
	json_array_begin(out);
	segment_each_reason(segments, segment, facts, reason_write, out);
	json_array_end(out);
}
