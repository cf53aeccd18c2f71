/* walk.c: an experience, step by step, down through the layers. */
#include "measure/layers/walk.h"

#include "base/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct walking {
	struct walk *out;
	const struct layers *layers;
	const struct limits *sums;
	enum layers_map map;
	bool *seen;
	int error;
};

/* A sentence with two lengths of time in it. */
static void why_say(struct walk_node *found, const char *first, int64_t ms, const char *second, int64_t within_ms)
{
	struct buffer out = {.p = found->why, .capacity = sizeof found->why - 1, .bytes_max = sizeof found->why - 1};
	buffer_string(&out, first);
	duration_say(&out, ms);
	buffer_string(&out, second);
	duration_say(&out, within_ms);
	buffer_char(&out, '.');
	found->why[out.n < sizeof found->why ? out.n : sizeof found->why - 1] = 0;
	found->cannot = true;
}

static void judge(const struct walking *walking, struct walk_node *found)
{
	const struct layer_node *node = &walking->layers->nodes[found->node];
	const struct limits *own = &node->own[walking->map];
	int64_t within = walking->out->within_ms;
	if (node->removed[walking->map]) {
		snprintf(found->why, sizeof found->why, "It is not there yet.");
		found->cannot = true;
	} else if (within >= 0 && own->closed_ms > within) {
		why_say(found, "It can stand still for ", own->closed_ms, ", and all is promised within ", within);
	} else if (within >= 0 && own->takes_ms > within) {
		why_say(found, "It takes ", own->takes_ms, ", and all is promised within ", within);
	} else if (within >= 0 && own->freshness_ms > within) {
		why_say(found, "What it says can be older by ", own->freshness_ms, ", and all is promised within ", within);
	} else if (node->layer == LAYER_TOUCHPOINT && node->needs_n == 0) {
		snprintf(found->why, sizeof found->why, "Nobody has written down what stands behind it.");
		found->cannot = true;
	}
}

static void visit(struct walking *walking, uint32_t index, size_t step)
{
	struct walk *out = walking->out;
	if (walking->seen[index] || walking->error)
		return;
	walking->seen[index] = true;
	if (out->n == WALK_NODES_MAX) {
		walking->error = ERROR_LIMIT;
		return;
	}
	struct walk_node *found = &out->nodes[out->n++];
	*found = (struct walk_node){.node = index, .step = step};
	judge(walking, found);
}

/* What the visited nodes need, and what that needs: nodes stand before their needs, so one pass from @from on is enough. */
static void needs_visit(struct walking *walking, uint32_t from, size_t step)
{
	const struct layers *layers = walking->layers;
	for (size_t i = from; i < layers->n && !walking->error; i++)
		for (size_t j = layers->nodes[i].any_n; walking->seen[i] && j < layers->nodes[i].needs_n; j++)
			visit(walking, layers->nodes[i].needs[j], step);
}

static bool is_on(const struct layer_node *touchpoint, struct text channel)
{
	return channel.n == 0 || text_equal(value_text(value_get(touchpoint->document->body, TEXT("channel"))), channel);
}

/* The touchpoint of @interaction on the customer's channel; else the quickest, and the change is forced. */
static bool touchpoint_choose(struct walking *walking, const struct layer_node *interaction, struct text channel, uint32_t *chosen)
{
	bool found = false, fits = false;
	int64_t quickest = 0;
	for (size_t i = 0; i < interaction->any_n; i++) {
		uint32_t index = interaction->needs[i];
		const struct layer_node *touchpoint = &walking->layers->nodes[index];
		if (touchpoint->removed[walking->map])
			continue;
		int64_t takes = limits_wait_ms(&walking->sums[index]);
		bool on = is_on(touchpoint, channel);
		if (found && (on < fits || (on == fits && takes >= quickest)))
			continue;
		*chosen = index;
		quickest = takes;
		fits = on;
		found = true;
	}
	walking->out->forced += found && !fits;
	return found;
}

/* What the interaction at the chosen touchpoint takes: that of the touchpoint and of what is needed wherever it is done. */
static int64_t step_takes(const struct walking *walking, const struct layer_node *interaction, uint32_t touchpoint)
{
	struct limits all = walking->sums[touchpoint];
	for (size_t i = interaction->any_n; i < interaction->needs_n; i++) {
		const struct limits *need = &walking->sums[interaction->needs[i]];
		all.takes_ms = need->takes_ms > all.takes_ms ? need->takes_ms : all.takes_ms;
		all.closed_ms = need->closed_ms > all.closed_ms ? need->closed_ms : all.closed_ms;
	}
	return limits_wait_ms(&all);
}

static void step_walk(struct walking *walking, uint32_t interaction, struct text channel)
{
	struct walk *out = walking->out;
	const struct layer_node *node = &walking->layers->nodes[interaction];
	size_t step = out->steps++;
	memset(walking->seen, 0, walking->layers->n * sizeof *walking->seen);
	visit(walking, interaction, step);
	out->touchpoints[step] = interaction;
	if (walking->error)
		return;
	if (!touchpoint_choose(walking, node, channel, &out->touchpoints[step])) {
		struct walk_node *found = &out->nodes[out->n - 1];
		found->cannot = true;
		snprintf(found->why, sizeof found->why, "There is no touchpoint for it.");
		return;
	}
	visit(walking, out->touchpoints[step], step);
	needs_visit(walking, interaction, step);
	out->takes_ms += step_takes(walking, node, out->touchpoints[step]);
}

/* When the whole is too slow though each part alone is not, the longest part is to be looked at first. */
static void longest_mark(const struct walking *walking)
{
	struct walk *out = walking->out;
	struct walk_node *longest = NULL;
	int64_t most = 0;
	if (out->within_ms < 0 || out->takes_ms <= out->within_ms)
		return;
	for (size_t i = 0; i < out->n; i++) {
		const struct limits *own = &walking->layers->nodes[out->nodes[i].node].own[walking->map];
		int64_t takes = limits_wait_ms(own);
		if (out->nodes[i].cannot)
			return;
		if (takes > most) {
			most = takes;
			longest = &out->nodes[i];
		}
	}
	if (longest)
		why_say(longest, "It is the longest part of the way, up to ", most, "; all is promised within ", out->within_ms);
}

int layers_walk(struct walk *walk, const struct layers *layers, uint32_t node, enum layers_map map, struct text channel, struct arena *arena)
{
	const struct layer_node *experience = &layers->nodes[node];
	if (experience->layer != LAYER_EXPERIENCE)
		return ERROR_INVALID;
	if (experience->needs_n > WALK_STEPS_MAX)
		return ERROR_LIMIT;
	*walk = (struct walk){.within_ms = -1};
	struct limits *sums = arena_alloc(arena, (layers->n + 1) * sizeof *sums);
	struct walking walking = {.out = walk, .layers = layers, .sums = sums, .map = map};
	walking.seen = arena_alloc(arena, layers->n + 1);
	walk->nodes = arena_alloc(arena, WALK_NODES_MAX * sizeof *walk->nodes);
	if (!sums || !walking.seen || !walk->nodes)
		return ERROR_MEMORY;
	layers_sum(layers, map, NULL, sums);
	for (size_t i = 0; i < experience->promises_n; i++) {
		int64_t within = layers->promises->items[experience->promises[i]].within_ms;
		if (within >= 0 && (walk->within_ms < 0 || within < walk->within_ms))
			walk->within_ms = within;
	}
	for (size_t i = 0; i < experience->needs_n && !walking.error; i++)
		step_walk(&walking, experience->needs[i], channel);
	longest_mark(&walking);
	return walking.error;
}
