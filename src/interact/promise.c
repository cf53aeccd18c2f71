/* promise.c: promises begun, kept and broken. */
#include "interact/promise.h"

#include "base/unit.h"

#include <math.h>
#include <string.h>
#include <xxhash.h>

/* ---- configuration ---- */

static const struct config_key promise_keys[] = {
	{.name = "says", .type = CONFIG_TEXT, .required = true}, {.name = "within", .type = CONFIG_TEXT}, {.name = "kept", .type = CONFIG_TEXT},
	{.name = "starts", .type = CONFIG_TEXT}, {.name = "ends", .type = CONFIG_TEXT}, {.name = "id", .type = CONFIG_TEXT},
	{.name = "goal", .type = CONFIG_TEXT, .choices = "outward inward"}, {.name = "owner", .type = CONFIG_TEXT}, {.name = NULL}};

static struct text member(const struct config_document *document, const char *key)
{
	return value_text(value_get(document->body, text_of(key)));
}

static int rule_read(struct config_build *build, const struct config *config, const struct config_document *document, void *item)
{
	struct promise_rule *rule = item;
	struct text within = member(document, "within"), kept = member(document, "kept");
	(void)config;
	*rule = (struct promise_rule){
		.name = document->name, .says = member(document, "says"), .starts = member(document, "starts"), .ends = member(document, "ends"),
		.id = member(document, "id"), .owner = member(document, "owner"), .hash = XXH3_64bits(document->name.p, document->name.n),
		.within_ms = -1, .kept = NAN, .inward = text_equal(member(document, "goal"), TEXT("inward"))};
	if (within.n && duration_parse(within, &rule->within_ms) != 0)
		return config_problem(build, document, "within", "within is a time such as 15m or 2d.");
	if (kept.n && share_parse(kept, &rule->kept) != 0)
		return config_problem(build, document, "kept", "kept is a share such as 95%%.");
	if ((rule->starts.n > 0) != (rule->ends.n > 0) || (rule->starts.n && rule->within_ms < 0))
		return config_problem(build, document, NULL, "A promise that is measured needs starts, ends and within.");
	return 0;
}

static int compile(struct config_build *build, struct config *config, const void **section)
{
	struct promise_rules *rules = arena_zero_alloc(config->arena, 1, sizeof *rules);
	void *items;
	if (!rules)
		return ERROR_MEMORY;
	int error = config_read_all(build, config, TEXT("promise"), sizeof(struct promise_rule), rule_read, &items, &rules->n);
	if (error == ERROR_MEMORY)
		return error;
	rules->items = items;
	*section = rules;
	return error;
}

const struct config_kind promise_kind = {
	.name = "promise", .keys = promise_keys, .shapes_states = true, .section = CONFIG_PROMISES, .compile = compile};

const struct promise_rules *promise_rules(const struct config *config)
{
	static const struct promise_rules none;
	const struct promise_rules *rules = config ? config->sections[CONFIG_PROMISES] : NULL;
	return rules ? rules : &none;
}

const struct promise_rule *promise_rule_of(const struct config *config, const struct promise *promise)
{
	const struct promise_rules *rules = promise_rules(config);
	for (size_t i = 0; i < rules->n; i++)
		if (rules->items[i].hash == promise->rule)
			return &rules->items[i];
	return NULL;
}

/* ---- the state: the last timer, then promises, newest first ---- */

struct head {
	int64_t timer_ms; /* Moments up to here have been recorded. */
};

static int64_t moment(const struct promise *promise)
{
	return promise->started_ms ? promise->started_ms : promise->ended_ms;
}

/* An order that does not depend on arrival. */
static bool before(const struct promise *a, const struct promise *b)
{
	if (moment(a) != moment(b))
		return moment(a) > moment(b);
	return a->rule != b->rule ? a->rule < b->rule : a->id < b->id;
}

static size_t count_of(const struct fold_state *state)
{
	return state->n < sizeof(struct head) ? 0 : (state->n - sizeof(struct head)) / sizeof(struct promise);
}

static uint8_t *place(const struct fold_state *state, size_t i)
{
	return state->p + sizeof(struct head) + i * sizeof(struct promise);
}

static void put(struct fold_state *state, const struct promise *promise)
{
	size_t n = count_of(state), at = 0;
	struct promise other;
	for (; at < n; at++) {
		memcpy(&other, place(state, at), sizeof other);
		if (before(promise, &other))
			break;
	}
	if (at == PROMISES_MAX)
		return; /* Older than all that are kept. */
	size_t moved = (n < PROMISES_MAX ? n : PROMISES_MAX - 1) - at;
	memmove(place(state, at + 1), place(state, at), moved * sizeof *promise);
	memcpy(place(state, at), promise, sizeof *promise);
	n += n < PROMISES_MAX;
	state->n = (uint32_t)(sizeof(struct head) + n * sizeof *promise);
}

/* Take out the promise with these hashes; an empty one when it is not there. */
static struct promise take(struct fold_state *state, uint64_t rule, uint64_t id)
{
	size_t n = count_of(state);
	for (size_t i = 0; i < n; i++) {
		struct promise found;
		memcpy(&found, place(state, i), sizeof found);
		if (found.rule != rule || found.id != id)
			continue;
		memmove(place(state, i), place(state, i + 1), (n - i - 1) * sizeof found);
		state->n -= sizeof found;
		return found;
	}
	return (struct promise){.rule = rule, .id = id};
}

static uint64_t id_of(const struct event *event, struct text property)
{
	struct value value = value_at(value_get(event->payload, TEXT("properties")), property);
	return property.n && value.n ? XXH3_64bits(value.p, value.n) : 0; /* Without an id, one promise of a kind at a time. */
}

static void head_make(struct fold_state *state)
{
	if (state->n >= sizeof(struct head))
		return;
	memset(state->p, 0, sizeof(struct head));
	state->n = sizeof(struct head);
}

static void apply_rule(struct fold_state *state, const struct event *event, const struct promise_rule *rule, bool begins)
{
	head_make(state);
	struct promise promise = take(state, rule->hash, id_of(event, rule->id));
	int64_t at = event->header.time_ms, *field = begins ? &promise.started_ms : &promise.ended_ms;
	if (*field == 0 || at < *field) /* Of several that say the same, the earliest counts. */
		*field = at;
	if (promise.started_ms)
		promise.due_ms = promise.started_ms + rule->within_ms;
	put(state, &promise);
}

static void timer_note(struct fold_state *state, int64_t time_ms)
{
	struct head head;
	if (state->n < sizeof head)
		return;
	memcpy(&head, state->p, sizeof head);
	if (time_ms > head.timer_ms)
		head.timer_ms = time_ms;
	memcpy(state->p, &head, sizeof head);
}

static void apply(struct fold_state *state, const struct event *event, const struct fold_context *context)
{
	const struct promise_rules *rules = promise_rules(context->config);
	if (event->header.kind == EVENT_TIMER)
		timer_note(state, event->header.time_ms);
	for (size_t i = 0; i < rules->n && event->header.kind == EVENT_TRACK; i++) {
		if (rules->items[i].starts.n && text_equal(event->name, rules->items[i].starts))
			apply_rule(state, event, &rules->items[i], true);
		if (rules->items[i].ends.n && text_equal(event->name, rules->items[i].ends))
			apply_rule(state, event, &rules->items[i], false);
	}
}

/* The next moment at which a promise that is not kept breaks. */
static int64_t due(struct text state)
{
	struct head head;
	struct promise promise;
	int64_t earliest = 0;
	if (state.n < sizeof head)
		return 0;
	memcpy(&head, state.p, sizeof head);
	for (size_t at = 0; promise_next(state, &at, &promise);)
		if (!promise.ended_ms && promise.due_ms > head.timer_ms && (!earliest || promise.due_ms < earliest))
			earliest = promise.due_ms;
	return earliest;
}

const struct fold promise_fold = {
	.name = "promises", .version = 1, .bytes_max = sizeof(struct head) + (PROMISES_MAX + 1) * sizeof(struct promise),
	.kinds = EVENT_KIND_BIT(EVENT_TRACK) | EVENT_KIND_BIT(EVENT_TIMER), .apply = apply, .due = due};

/* ---- reading ---- */

bool promise_next(struct text state, size_t *at, struct promise *promise)
{
	size_t from = *at ? *at : sizeof(struct head);
	while (from + sizeof *promise <= state.n) {
		memcpy(promise, state.p + from, sizeof *promise);
		from += sizeof *promise;
		*at = from;
		if (promise->started_ms)
			return true;
	}
	return false;
}

enum promise_state promise_state(const struct promise *promise, int64_t now_ms)
{
	if (promise->ended_ms)
		return promise->ended_ms <= promise->due_ms ? PROMISE_KEPT : PROMISE_BROKEN;
	return now_ms <= promise->due_ms ? PROMISE_PENDING : PROMISE_BROKEN;
}

const char *promise_state_name(enum promise_state state)
{
	return state == PROMISE_PENDING ? "pending" : state == PROMISE_KEPT ? "kept" : "broken";
}

void promise_write(struct json_writer *writer, const struct config *config, const struct promise *promise, int64_t now_ms)
{
	const struct promise_rule *rule = promise_rule_of(config, promise);
	if (!rule)
		return; /* Nobody promises it any more. */
	json_object_begin(writer);
	json_put_text(writer, "promise", rule->name);
	json_put_text(writer, "says", rule->says);
	json_put_text(writer, "state", text_of(promise_state_name(promise_state(promise, now_ms))));
	json_put_time(writer, "since", promise->started_ms);
	json_put_time(writer, "due", promise->due_ms);
	if (promise->ended_ms)
		json_put_time(writer, "ended", promise->ended_ms);
	json_object_end(writer);
}
