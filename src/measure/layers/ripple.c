/* ripple.c: what nodes add up to, and how far a change reaches. */
#include "base/clock.h"
#include "measure/layers/limits.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int64_t longer(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static double least(double a, double b)
{
	return isnan(a) ? b : isnan(b) ? a : fmin(a, b);
}

/* All needs are needed at once: the slowest counts, and every one must be there. */
static void need_all(struct limits *sum, const struct limits *need)
{
	sum->takes_ms = longer(sum->takes_ms, need->takes_ms);
	sum->closed_ms = longer(sum->closed_ms, need->closed_ms);
	sum->freshness_ms = longer(sum->freshness_ms, need->freshness_ms);
	if (!isnan(need->availability))
		sum->availability = isnan(sum->availability) ? need->availability : sum->availability * need->availability;
	sum->capacity = least(sum->capacity, need->capacity);
}

/* Any one is enough: the customer takes the quickest that is open, and it fails only when all do. */
static void need_any(struct limits *sum, const struct limits *need, bool first)
{
	if (first) {
		*sum = *need;
		return;
	}
	bool better = longer(need->takes_ms, 0) + longer(need->closed_ms, 0) < longer(sum->takes_ms, 0) + longer(sum->closed_ms, 0);
	double fails = (1 - (isnan(sum->availability) ? 1 : sum->availability)) * (1 - (isnan(need->availability) ? 1 : need->availability));
	bool stated = !isnan(sum->availability) && !isnan(need->availability);
	double capacity = isnan(sum->capacity) || isnan(need->capacity) ? NAN : sum->capacity + need->capacity;
	if (better)
		*sum = *need;
	sum->availability = stated ? 1 - fails : NAN;
	sum->capacity = capacity;
}

static struct limits needs_sum(const struct layer_node *node, enum layers_map map, const struct layers *layers, const struct limits *sums)
{
	struct limits sum = limits_none();
	bool first = true;
	for (size_t i = 0; i < node->needs_n; i++) {
		if (layers->nodes[node->needs[i]].removed[map])
			continue;
		if (i >= node->any_n)
			need_all(&sum, &sums[node->needs[i]]);
		else
			need_any(&sum, &sums[node->needs[i]], first);
		first = false;
	}
	return sum;
}

void layers_sum(const struct layers *layers, enum layers_map map, const struct layers_change *changed, struct limits *sums)
{
	for (size_t i = layers->n; i-- > 0;) { /* Inside first. */
		const struct layer_node *node = &layers->nodes[i];
		const struct limits *own = changed && changed->node == i ? &changed->limits : &node->own[map];
		struct limits needs = needs_sum(node, map, layers, sums);
		sums[i] = *own;
		if (needs.takes_ms >= 0)
			sums[i].takes_ms = longer(own->takes_ms, 0) + needs.takes_ms;
		sums[i].closed_ms = longer(own->closed_ms, needs.closed_ms);
		sums[i].freshness_ms = longer(own->freshness_ms, needs.freshness_ms);
		if (!isnan(needs.availability))
			sums[i].availability = isnan(own->availability) ? needs.availability : own->availability * needs.availability;
		sums[i].capacity = least(own->capacity, needs.capacity);
	}
}

int64_t limits_wait_ms(const struct limits *limits)
{
	return longer(limits->takes_ms, 0) + longer(limits->closed_ms, 0);
}

bool promise_is_at_risk(const struct promise_rule *promise, const struct limits *sum)
{
	return (promise->within_ms >= 0 && (limits_wait_ms(sum) > promise->within_ms || sum->freshness_ms > promise->within_ms)) ||
	       (!isnan(promise->kept) && sum->availability < promise->kept); /* A comparison with NAN is false. */
}

void layers_reached(const struct layers *layers, uint32_t node, bool *reached)
{
	memset(reached, 0, layers->n * sizeof *reached);
	reached[node] = true;
	for (size_t i = node; i-- > 0;) /* Whoever needs it stands before it. */
		for (size_t j = 0; j < layers->nodes[i].needs_n && !reached[i]; j++)
			reached[i] = reached[layers->nodes[i].needs[j]];
}

void layers_needed(const struct layers *layers, enum layers_map map, uint32_t node, bool *needed)
{
	memset(needed, 0, layers->n * sizeof *needed);
	needed[node] = true;
	for (size_t i = node; i < layers->n; i++) { /* What it needs stands behind it. */
		needed[i] = needed[i] && !layers->nodes[i].removed[map];
		for (size_t j = 0; needed[i] && j < layers->nodes[i].needs_n; j++)
			needed[layers->nodes[i].needs[j]] = true;
	}
}

int layers_change_parse(const struct layers *layers, enum layers_map map, struct text text, struct layers_change *change, char problem[200])
{
	struct text rest = text, path, key;
	snprintf(problem, 200, "\"%.*s\" is not NODE.LIMIT=VALUE, such as card-system.hours=nightly.", (int)(text.n < 60 ? text.n : 60), text.p);
	if (!text_next(&rest, '=', &path) || rest.n == 0)
		return ERROR_INVALID;
	size_t dot = path.n;
	while (dot && path.p[dot - 1] != '.')
		dot--;
	if (dot < 2)
		return ERROR_INVALID;
	key = text_from(path, dot);
	struct text id = text_first(path, dot - 1);
	const struct layer_node *node = layers_find(layers, id);
	if (!node) {
		snprintf(problem, 200, "There is no node \"%.*s\".", (int)(id.n < 60 ? id.n : 60), id.p);
		return ERROR_NOT_FOUND;
	}
	*change = (struct layers_change){(uint32_t)(node - layers->nodes), node->own[map]};
	return limits_set(&change->limits, key, rest, problem) ? ERROR_INVALID : 0;
}

/* ---- findings ---- */

static struct text channel_of(const struct layer_node *touchpoint)
{
	return value_text(value_get(touchpoint->document->body, TEXT("channel")));
}

static bool is_on_channel(const struct layers *layers, const struct layer_node *interaction, struct text channel)
{
	for (size_t i = 0; i < interaction->any_n; i++)
		if (text_equal(channel_of(&layers->nodes[interaction->needs[i]]), channel))
			return true;
	return false;
}

/* The steps of one experience should be there on the same channels: else the customer is forced to change. */
static void holes_find(const struct layers *layers, const struct layer_node *experience,
                       void (*each)(void *, const struct layer_node *, const char *), void *arg)
{
	char sentence[200];
	const struct layer_node *first = experience->needs_n ? &layers->nodes[experience->needs[0]] : NULL;
	for (size_t c = 0; first && c < first->any_n; c++) {
		struct text channel = channel_of(&layers->nodes[first->needs[c]]);
		for (size_t i = 1; i < experience->needs_n; i++) {
			const struct layer_node *step = &layers->nodes[experience->needs[i]];
			if (is_on_channel(layers, step, channel))
				continue;
			snprintf(sentence, sizeof sentence, "Who begins on the channel %.*s cannot go on there with \"%.*s\".", TEXT_ARGS(channel),
			         (int)(step->title.n < 80 ? step->title.n : 80), step->title.p);
			each(arg, experience, sentence);
		}
	}
}

void layers_findings(const struct layers *layers, void (*each)(void *, const struct layer_node *, const char *), void *arg)
{
	for (size_t i = 0; i < layers->n; i++) {
		const struct layer_node *node = &layers->nodes[i];
		if (node->needs_n == 0 && node->layer == LAYER_TOUCHPOINT)
			each(arg, node, "Nothing behind this touchpoint is written down (needs).");
		if (node->layer > LAYER_INTERACTION && node->needed_n == 0)
			each(arg, node, node->layer == LAYER_TOUCHPOINT ? "No interaction is at this touchpoint." : "It serves no experience.");
		if (node->layer >= LAYER_PROCEDURE && node->owner.n == 0)
			each(arg, node, "It has no owner.");
		if (node->layer == LAYER_EXPERIENCE)
			holes_find(layers, node, each, arg);
	}
}
