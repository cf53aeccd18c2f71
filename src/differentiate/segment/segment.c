/* segment.c: segments of a configuration, and the fold that keeps the times they ask for. */
#include "differentiate/segment/segment.h"

#include "trust/purpose.h"
#include "trust/trait_use.h"

#include <string.h>

/* ---- configuration ---- */

static const struct config_key segment_keys[] = {
	{.name = "title", .type = CONFIG_TEXT, .required = true}, {.name = "rule", .type = CONFIG_TEXT, .required = true},
	{.name = "purpose", .type = CONFIG_TEXT, .required = true}, {.name = NULL}};

struct build {
	struct config_build *build;
	struct config *config;
	struct segment *items;
	const struct config_document **documents;
	size_t n;
	struct segment_track *tracks;
	size_t tracks_n;
	uint64_t masks;
};

static struct text copied(struct build *build, const struct rule *rule, void (*write)(struct buffer *, const struct rule *))
{
	struct buffer words = BUFFER_INIT(4 * RULE_BYTES_MAX);
	write(&words, rule);
	struct text copy = words.failed ? (struct text){0} : text_copy(build->config->arena, buffer_view(&words));
	buffer_free(&words);
	return copy;
}

static struct text nearest(const struct build *build, struct text name)
{
	struct text best = {0};
	size_t distance = 4;
	for (size_t i = 0; i < build->n; i++) {
		size_t d = text_distance(build->items[i].name, name);
		if (d < distance) {
			distance = d;
			best = build->items[i].name;
		}
	}
	return best;
}

static int track_add(struct build *build, const struct config_document *document, struct rule *rule, uint64_t mask)
{
	uint32_t keep = rule->times_n + (rule->times != TIMES_AT_LEAST);
	struct text text = copied(build, rule, rule_format_event);
	size_t i = 0;
	if (!text.p)
		return ERROR_MEMORY;
	while (i < build->tracks_n && !(build->tracks[i].mask == mask && text_equal(build->tracks[i].text, text)))
		i++;
	if (i == SEGMENT_TRACKS_MAX)
		return config_problem(build->build, document, "rule", "All segments together watch more than %d kinds of events.", SEGMENT_TRACKS_MAX);
	if (i == build->tracks_n)
		build->tracks[build->tracks_n++] = (struct segment_track){.rule = rule, .text = text, .mask = mask};
	if (keep > build->tracks[i].keep)
		build->tracks[i].keep = keep;
	rule->track = (uint32_t)i;
	return 0;
}

struct text segment_trait_of(struct text path)
{
	const struct text prefix = TEXT("trait.");
	return text_starts(path, prefix) ? text_from(path, prefix.n) : (struct text){0};
}

/* A segment may not rest on what was stated for something else. */
static int trait_check(struct build *build, const struct rule *rule, size_t of)
{
	const struct segment *segment = &build->items[of];
	struct text trait = segment_trait_of(rule->kind == RULE_COMPARE ? rule->conditions[0].path : rule->kind == RULE_HAS ? rule->name : (struct text){0});
	const struct trait_use *use = trait.n ? trait_use_find(build->config, trait) : NULL;
	if (!use || trait_use_has(use, segment->mask))
		return 0;
	return config_problem(build->build, build->documents[of], "rule", "The trait \"%.*s\" may not be used for \"%.*s\": see its document of kind trait.",
	                      TEXT_ARGS(text_first(trait, 60)), TEXT_ARGS(text_first(segment->purpose, 60)));
}

/* Bind the names in @rule, which is of segment @of. */
static int bind(struct build *build, struct rule *rule, size_t of)
{
	const struct config_document *document = build->documents[of];
	int error = 0;
	for (struct rule *part = rule->first; part && !error; part = part->next)
		error = bind(build, part, of);
	if (error)
		return error;
	if (rule->kind == RULE_DID || rule->kind == RULE_SAW)
		return track_add(build, document, rule, build->items[of].mask);
	if (rule->kind == RULE_CONSENTED && !purpose_find(build->config, rule->name))
		return config_problem(build->build, document, "rule", "There is no purpose \"%.*s\".", TEXT_ARGS(text_first(rule->name, 60)));
	if (rule->kind != RULE_IN)
		return trait_check(build, rule, of);
	for (size_t i = 0; i < build->n; i++)
		if (text_equal(build->items[i].name, rule->name)) {
			rule->track = (uint32_t)i;
			return 0;
		}
	struct text best = nearest(build, rule->name);
	return config_problem(build->build, document, "rule", "There is no segment \"%.*s\"%s%.*s%s", TEXT_ARGS(text_first(rule->name, 60)),
	                      best.n ? "; did you mean \"" : ".", TEXT_ARGS(best), best.n ? "\"?" : "");
}

/* Does @rule come back to segment @target? @open has the segments on the way. */
static bool comes_back(const struct build *build, const struct rule *rule, size_t target, uint8_t open[SEGMENTS_MAX])
{
	for (const struct rule *part = rule->first; part; part = part->next)
		if (comes_back(build, part, target, open))
			return true;
	if (rule->kind != RULE_IN)
		return false;
	if (rule->track == target)
		return true;
	if (open[rule->track])
		return false; /* Looked at already. */
	open[rule->track] = 1;
	return comes_back(build, build->items[rule->track].rule, target, open);
}

static int segment_read(struct build *build, const struct config_document *document)
{
	struct segment *segment = &build->items[build->n];
	struct text text = value_text(value_get(document->body, TEXT("rule"))), purpose = value_text(value_get(document->body, TEXT("purpose")));
	const struct purpose *known = purpose_find(build->config, purpose);
	struct rule_error said;
	struct rule *rule = NULL;
	int error = rule_parse(&rule, build->config->arena, text, &said);
	if (error == ERROR_INVALID)
		return config_problem(build->build, document, "rule", "%s At the caret: %.*s^%.*s", said.message,
		                      TEXT_ARGS(text_from(text_first(text, said.at), said.at > 30 ? said.at - 30 : 0)), TEXT_ARGS(text_first(text_from(text, said.at), 20)));
	if (error)
		return error;
	if (!known)
		return config_problem(build->build, document, "purpose", "There is no purpose \"%.*s\": a segment says what it is for.", TEXT_ARGS(text_first(purpose, 60)));
	*segment = (struct segment){.name = document->name, .title = value_text(value_get(document->body, TEXT("title"))), .purpose = purpose,
	                            .mask = known->mask, .rule = rule, .text = copied(build, rule, rule_format)};
	build->documents[build->n++] = document;
	build->masks |= known->mask;
	return segment->text.p ? 0 : ERROR_MEMORY;
}

static int segments_bind(struct build *build)
{
	uint8_t open[SEGMENTS_MAX];
	int error = 0;
	for (size_t i = 0; i < build->n && !error; i++)
		error = bind(build, (struct rule *)(uintptr_t)build->items[i].rule, i);
	for (size_t i = 0; i < build->n && !error; i++) {
		memset(open, 0, sizeof open);
		if (comes_back(build, build->items[i].rule, i, open))
			error = config_problem(build->build, build->documents[i], "rule", "The rule comes back to \"%.*s\" itself.", TEXT_ARGS(text_first(build->items[i].name, 60)));
	}
	return error;
}

static int compile(struct config_build *build, struct config *config, const void **section)
{
	struct segments *segments = arena_zero_alloc(config->arena, 1, sizeof *segments);
	struct build making = {.build = build, .config = config};
	const struct config_document *document;
	size_t at = 0;
	int error = 0, failed;
	making.items = arena_zero_alloc(config->arena, SEGMENTS_MAX, sizeof *making.items);
	making.documents = arena_zero_alloc(config->arena, SEGMENTS_MAX, sizeof *making.documents);
	making.tracks = arena_zero_alloc(config->arena, SEGMENT_TRACKS_MAX, sizeof *making.tracks);
	if (!segments || !making.items || !making.documents || !making.tracks)
		return ERROR_MEMORY;
	while ((document = config_next(config, TEXT("segment"), &at))) {
		if (making.n == SEGMENTS_MAX)
			return config_problem(build, document, NULL, "There are more than %d segments.", SEGMENTS_MAX);
		failed = segment_read(&making, document);
		error = failed ? failed : error;
	}
	if (!error)
		error = segments_bind(&making);
	*segments = (struct segments){making.items, making.n, making.tracks, making.tracks_n, making.masks};
	*section = segments;
	return error;
}

const struct config_kind segment_kind = {
	.name = "segment", .keys = segment_keys, .shapes_states = true, .section = CONFIG_SEGMENTS, .compile = compile};

const struct segments *segments_of(const struct config *config)
{
	static const struct segments none;
	const struct segments *segments = config ? config->sections[CONFIG_SEGMENTS] : NULL;
	return segments ? segments : &none;
}

const struct segment *segment_find(const struct segments *segments, struct text name)
{
	for (size_t i = 0; i < segments->n; i++)
		if (text_equal(segments->items[i].name, name))
			return &segments->items[i];
	return NULL;
}

/* ---- the state: for each track that was touched its number, how many times, and the times, newest first ---- */

enum { HEAD_BYTES = 2 };

/* Where the part of @track begins, or where it would. */
static uint32_t part_find(const uint8_t *p, uint32_t n, uint32_t track)
{
	uint32_t at = 0;
	while (at < n && p[at] < track)
		at += HEAD_BYTES + p[at + 1] * (uint32_t)sizeof(uint32_t);
	return at;
}

static void time_put(struct fold_state *state, uint32_t track, uint32_t keep, uint32_t time_s)
{
	uint32_t at = part_find(state->p, state->n, track), stored;
	if (at == state->n || state->p[at] != track) {
		memmove(state->p + at + HEAD_BYTES, state->p + at, state->n - at);
		state->p[at] = (uint8_t)track;
		state->p[at + 1] = 0;
		state->n += HEAD_BYTES;
	}
	uint8_t *times = state->p + at + HEAD_BYTES, n = state->p[at + 1], i = 0;
	for (; i < n; i++) {
		memcpy(&stored, times + i * sizeof stored, sizeof stored);
		if (time_s >= stored)
			break;
	}
	if (i == keep)
		return; /* Older than all that are kept. */
	uint8_t *slot = times + i * sizeof stored;
	if (n == keep) { /* The oldest goes. */
		memmove(slot + sizeof stored, slot, (n - 1u - i) * sizeof stored);
	} else {
		memmove(slot + sizeof stored, slot, (size_t)(state->p + state->n - slot));
		state->p[at + 1]++;
		state->n += sizeof stored;
	}
	memcpy(slot, &time_s, sizeof time_s);
}

static bool fits(const struct segment_track *track, const struct event *event)
{
	struct value properties = value_get(event->payload, TEXT("properties"));
	bool did = event->header.kind == EVENT_TRACK;
	if (did != (track->rule->kind == RULE_DID) || !(event->header.purposes & track->mask) || !text_equal(event->name, track->rule->name))
		return false;
	for (size_t i = 0; i < track->rule->conditions_n; i++)
		if (rule_compare(&track->rule->conditions[i], value_at(properties, track->rule->conditions[i].path)) != TRUTH_YES)
			return false;
	return true;
}

static void apply(struct fold_state *state, const struct event *event, const struct fold_context *context)
{
	const struct segments *segments = segments_of(context->config);
	int64_t time_s = event->header.time_ms / 1000;
	if (time_s < 0 || time_s > UINT32_MAX)
		return; /* Before 1970 or after 2106. */
	for (size_t i = 0; i < segments->tracks_n; i++)
		if (segments->tracks[i].keep && fits(&segments->tracks[i], event))
			time_put(state, (uint32_t)i, segments->tracks[i].keep, (uint32_t)time_s);
}

static uint64_t purposes(const struct config *config)
{
	return segments_of(config)->masks;
}

const struct fold segment_fold = {
	.name = "segments", .version = 1,
	.bytes_max = SEGMENT_TRACKS_MAX * (HEAD_BYTES + (RULE_TIMES_MAX + 1) * sizeof(uint32_t)),
	.kinds = EVENT_KIND_BIT(EVENT_TRACK) | EVENT_KIND_BIT(EVENT_PAGE) | EVENT_KIND_BIT(EVENT_SCREEN), .purposes = purposes, .apply = apply};

uint32_t segment_count(struct text times, const struct rule *rule, int64_t now_ms, uint32_t nth, int64_t *nth_s)
{
	const uint8_t *p = (const uint8_t *)times.p;
	int64_t now_s = now_ms / 1000;
	uint32_t at = part_find(p, (uint32_t)times.n, rule->track), n = 0, time_s;
	*nth_s = 0;
	if (at >= times.n || p[at] != rule->track)
		return 0;
	for (uint32_t i = 0; i < p[at + 1]; i++) {
		memcpy(&time_s, p + at + HEAD_BYTES + i * sizeof time_s, sizeof time_s);
		if (time_s > now_s || (rule->window_s && time_s <= now_s - rule->window_s))
			continue;
		if (++n == nth)
			*nth_s = time_s;
	}
	return n;
}
