/* layers_write.c: the layers as JSON. */
#include "measure/layers/layers_write.h"

#include "base/unit.h"

#include <math.h>

static const char *const map_names[MAPS_N] = {"is", "must_be", "should_be"};

static void time_put(struct json_writer *out, const char *key, int64_t ms)
{
	json_key(out, text_of(key));
	if (ms >= 0)
		json_write_int(out, ms);
	else
		json_write_null(out);
}

static void limits_put(struct json_writer *out, const char *key, const struct limits *limits)
{
	json_key(out, text_of(key));
	json_object_begin(out);
	time_put(out, "takes_ms", limits->takes_ms);
	time_put(out, "closed_ms", limits->closed_ms);
	time_put(out, "freshness_ms", limits->freshness_ms);
	json_put_double(out, "availability", limits->availability); /* NAN is null. */
	json_put_double(out, "capacity", limits->capacity);
	json_object_end(out);
}

static void seen_put(struct json_writer *out, const struct layers_view *view, size_t i)
{
	json_key(out, TEXT("customers_a_week"));
	if (view->seen && view->seen[i].customers >= 0)
		json_write_int(out, view->seen[i].customers);
	else
		json_write_null(out);
}

static void node_head(struct json_writer *out, const struct layers_view *view, size_t i)
{
	const struct layer_node *node = &view->layers->nodes[i];
	json_put_text(out, "id", node->id);
	json_put_text(out, "layer", text_of(layer_name(node->layer)));
	json_put_text(out, "title", node->title);
	if (node->owner.n)
		json_put_text(out, "owner", node->owner);
	seen_put(out, view, i);
}

static void ids_put(struct json_writer *out, const struct layers *layers, const char *key, const uint32_t *items, size_t n)
{
	json_key(out, text_of(key));
	json_array_begin(out);
	for (size_t i = 0; i < n; i++)
		json_write_text(out, layers->nodes[items[i]].id);
	json_array_end(out);
}

static void promise_head(struct json_writer *out, const struct promise_rule *promise)
{
	json_put_text(out, "promise", promise->name);
	json_put_text(out, "says", promise->says);
	time_put(out, "within_ms", promise->within_ms);
	json_put_double(out, "kept", promise->kept);
	json_put_text(out, "goal", promise->inward ? TEXT("inward") : TEXT("outward"));
}

static void node_put(struct json_writer *out, const struct layers_view *view, size_t i, struct limits *const sums[MAPS_N])
{
	const struct layer_node *node = &view->layers->nodes[i];
	json_object_begin(out);
	node_head(out, view, i);
	if (view->seen)
		json_put_int(out, "events_a_week", view->seen[i].events);
	if (node->need.n)
		json_put_text(out, "need", node->need);
	if (node->sort.n)
		json_put_text(out, "sort", node->sort);
	if (node->prototype)
		json_put_bool(out, "prototype", true);
	if (node->layer == LAYER_TOUCHPOINT)
		json_put_text(out, "channel", value_text(value_get(node->document->body, TEXT("channel"))));
	if (node->layer == LAYER_EXPERIENCE) {
		json_put_text(out, "goal", node->inward ? TEXT("inward") : TEXT("outward"));
	}
	if (node->layer <= LAYER_INTERACTION) {
		json_key(out, TEXT("promises"));
		json_array_begin(out);
		for (size_t j = 0; j < node->promises_n; j++)
			json_write_text(out, view->layers->promises->items[node->promises[j]].name);
		json_array_end(out);
	}
	ids_put(out, view->layers, "needs", node->needs, node->needs_n);
	json_key(out, TEXT("maps"));
	json_object_begin(out);
	for (size_t map = 0; map < MAPS_N; map++) {
		json_key(out, text_of(map_names[map]));
		json_object_begin(out);
		json_put_bool(out, "there", !node->removed[map]);
		limits_put(out, "own", &node->own[map]);
		limits_put(out, "sum", &sums[map][i]);
		json_object_end(out);
	}
	json_object_end(out);
	json_object_end(out);
}

/* Where each promise is given, and in which maps it is out of reach there. */
static void promises_all_put(struct json_writer *out, const struct layers *layers, struct limits *const sums[MAPS_N])
{
	json_key(out, TEXT("promises"));
	json_array_begin(out);
	for (size_t p = 0; p < layers->promises->n; p++) {
		const struct promise_rule *promise = &layers->promises->items[p];
		json_object_begin(out);
		promise_head(out, promise);
		json_key(out, TEXT("given_at"));
		json_array_begin(out);
		for (size_t i = 0; i < layers->n; i++)
			for (size_t j = 0; j < layers->nodes[i].promises_n; j++) {
				if (layers->nodes[i].promises[j] != p)
					continue;
				json_object_begin(out);
				json_put_text(out, "node", layers->nodes[i].id);
				json_key(out, TEXT("at_risk"));
				json_object_begin(out);
				for (size_t map = 0; map < MAPS_N; map++) {
					json_key(out, text_of(map_names[map]));
					json_write_bool(out, !layers->nodes[i].removed[map] && promise_is_at_risk(promise, &sums[map][i]));
				}
				json_object_end(out);
				json_object_end(out);
			}
		json_array_end(out);
		json_object_end(out);
	}
	json_array_end(out);
}

static void finding_put(void *arg, const struct layer_node *node, const char *sentence)
{
	struct json_writer *out = arg;
	json_object_begin(out);
	json_put_text(out, "id", node->id);
	json_put_text(out, "layer", text_of(layer_name(node->layer)));
	json_put_text(out, "file", node->document->file);
	json_put_int(out, "line", node->document->line);
	json_put_text(out, "finding", text_of(sentence));
	json_object_end(out);
}

static struct limits *sums_make(const struct layers_view *view, enum layers_map map, const struct layers_change *change)
{
	struct limits *sums = arena_alloc(view->arena, (view->layers->n + 1) * sizeof *sums);
	if (sums)
		layers_sum(view->layers, map, change, sums);
	return sums;
}

int layers_write(struct json_writer *out, const struct layers_view *view)
{
	const struct layers *layers = view->layers;
	struct limits *sums[MAPS_N];
	for (unsigned map = 0; map < MAPS_N; map++)
		if (!(sums[map] = sums_make(view, (enum layers_map)map, NULL)))
			return ERROR_MEMORY;
	json_key(out, TEXT("nodes"));
	json_array_begin(out);
	for (size_t i = 0; i < layers->n; i++)
		node_put(out, view, i, sums);
	json_array_end(out);
	promises_all_put(out, layers, sums);
	json_key(out, TEXT("findings"));
	json_array_begin(out);
	layers_findings(layers, finding_put, out);
	json_array_end(out);
	return 0;
}

/* ---- inside-out ---- */

/* From @from along reached nodes down to @to: the ids, outside first. */
static void way_put(struct json_writer *out, const struct layers *layers, uint32_t from, uint32_t to, const bool *reached)
{
	json_key(out, TEXT("by"));
	json_array_begin(out);
	for (uint32_t at = from;;) {
		json_write_text(out, layers->nodes[at].id);
		if (at == to)
			break;
		for (size_t i = 0; i < layers->nodes[at].needs_n; i++)
			if (reached[layers->nodes[at].needs[i]]) {
				at = layers->nodes[at].needs[i];
				break;
			}
	}
	json_array_end(out);
}

static void why_put(struct json_writer *out, const struct promise_rule *promise, const struct limits *was, const struct limits *now)
{
	char text[240];
	struct buffer why = {.p = text, .capacity = sizeof text, .bytes_max = sizeof text};
	int64_t before = limits_wait_ms(was), after = limits_wait_ms(now);
	if (promise->within_ms >= 0 && after > promise->within_ms) {
		buffer_string(&why, "It can take ");
		duration_say(&why, after);
		buffer_string(&why, after == before ? ", as before" : " instead of ");
		if (after != before)
			duration_say(&why, before);
		buffer_string(&why, "; promised is ");
		duration_say(&why, promise->within_ms);
	} else if (promise->within_ms >= 0 && now->freshness_ms > promise->within_ms) {
		buffer_string(&why, "What is shown can be old: ");
		duration_say(&why, now->freshness_ms);
	} else {
		buffer_format(&why, "It works %.2f %% of the time; aimed at is %.2f %%", now->availability * 100, promise->kept * 100);
	}
	buffer_char(&why, '.');
	json_put_text(out, "why", buffer_view(&why));
}

struct ripple {
	struct json_writer *out;
	const struct layers_view *view;
	const struct limits *was, *now;
	const bool *reached;
	uint32_t node;
	enum layers_map map;
};

static void experiences_put(const struct ripple *ripple)
{
	const struct layers *layers = ripple->view->layers;
	struct json_writer *out = ripple->out;
	json_key(out, TEXT("experiences"));
	json_array_begin(out);
	for (uint32_t i = 0; i < layers->n; i++) {
		if (!ripple->reached[i] || layers->nodes[i].layer != LAYER_EXPERIENCE || layers->nodes[i].removed[ripple->map])
			continue;
		json_object_begin(out);
		json_put_text(out, "experience", layers->nodes[i].id);
		json_put_text(out, "title", layers->nodes[i].title);
		if (layers->nodes[i].prototype)
			json_put_bool(out, "prototype", true);
		seen_put(out, ripple->view, i);
		way_put(out, layers, i, ripple->node, ripple->reached);
		limits_put(out, "was", &ripple->was[i]);
		limits_put(out, "now", &ripple->now[i]);
		json_object_end(out);
	}
	json_array_end(out);
}

/* The experiences that take part in what is promised at node @at. */
static void holders_put(const struct ripple *ripple, uint32_t at)
{
	const struct layers *layers = ripple->view->layers;
	json_key(ripple->out, TEXT("experiences"));
	json_array_begin(ripple->out);
	for (uint32_t i = 0; i <= at; i++) {
		bool holds = i == at && layers->nodes[i].layer == LAYER_EXPERIENCE;
		for (size_t j = 0; j < layers->nodes[i].needs_n && layers->nodes[i].layer == LAYER_EXPERIENCE && !layers->nodes[i].removed[ripple->map]; j++)
			holds |= layers->nodes[i].needs[j] == at;
		if (holds)
			json_write_text(ripple->out, layers->nodes[i].id);
	}
	json_array_end(ripple->out);
}

static void promises_put(const struct ripple *ripple)
{
	const struct layers *layers = ripple->view->layers;
	struct json_writer *out = ripple->out;
	json_key(out, TEXT("promises"));
	json_array_begin(out);
	for (uint32_t i = 0; i < layers->n; i++) {
		const struct layer_node *node = &layers->nodes[i];
		for (size_t j = 0; ripple->reached[i] && !node->removed[ripple->map] && j < node->promises_n; j++) {
			const struct promise_rule *promise = &layers->promises->items[node->promises[j]];
			if (!promise_is_at_risk(promise, &ripple->now[i]))
				continue;
			json_object_begin(out);
			promise_head(out, promise);
			json_put_text(out, "node", node->id);
			holders_put(ripple, i);
			json_put_bool(out, "was_at_risk", promise_is_at_risk(promise, &ripple->was[i]));
			why_put(out, promise, &ripple->was[i], &ripple->now[i]);
			seen_put(out, ripple->view, i);
			json_object_end(out);
		}
	}
	json_array_end(out);
}

static void owners_put(const struct ripple *ripple)
{
	const struct layers *layers = ripple->view->layers;
	json_key(ripple->out, TEXT("owners"));
	json_array_begin(ripple->out);
	for (size_t i = 0; i < layers->n; i++) {
		bool is_new = ripple->reached[i] && layers->nodes[i].owner.n;
		for (size_t j = 0; j < i && is_new; j++)
			is_new = !ripple->reached[j] || !text_equal(layers->nodes[j].owner, layers->nodes[i].owner);
		if (is_new)
			json_write_text(ripple->out, layers->nodes[i].owner);
	}
	json_array_end(ripple->out);
}

int layers_write_ripple(struct json_writer *out, const struct layers_view *view, enum layers_map map, const struct layers_change *change)
{
	bool *reached = arena_alloc(view->arena, view->layers->n + 1);
	struct ripple ripple = {.out = out, .view = view, .was = sums_make(view, map, NULL), .now = sums_make(view, map, change),
	                        .reached = reached, .node = change->node, .map = map};
	if (!reached || !ripple.was || !ripple.now)
		return ERROR_MEMORY;
	layers_reached(view->layers, change->node, reached);
	json_put_text(out, "node", view->layers->nodes[change->node].id);
	json_put_text(out, "title", view->layers->nodes[change->node].title);
	limits_put(out, "was", &view->layers->nodes[change->node].own[map]);
	limits_put(out, "now", &change->limits);
	experiences_put(&ripple);
	promises_put(&ripple);
	owners_put(&ripple);
	return 0;
}

/* ---- outside-in ---- */

int layers_write_trace(struct json_writer *out, const struct layers_view *view, enum layers_map map, uint32_t node)
{
	const struct layers *layers = view->layers;
	struct limits *sums = sums_make(view, map, NULL);
	bool *needed = arena_alloc(view->arena, layers->n + 1);
	if (!sums || !needed)
		return ERROR_MEMORY;
	layers_needed(layers, map, node, needed);
	json_put_text(out, "node", layers->nodes[node].id);
	json_put_text(out, "title", layers->nodes[node].title);
	json_key(out, TEXT("needs"));
	json_array_begin(out);
	for (size_t i = node; i < layers->n; i++) {
		if (!needed[i])
			continue;
		json_object_begin(out);
		node_head(out, view, i);
		limits_put(out, "own", &layers->nodes[i].own[map]);
		limits_put(out, "sum", &sums[i]);
		ids_put(out, layers, "needs", layers->nodes[i].needs, layers->nodes[i].needs_n);
		json_object_end(out);
	}
	json_array_end(out);
	json_key(out, TEXT("promises"));
	json_array_begin(out);
	for (size_t i = 0; i < layers->nodes[node].promises_n; i++) {
		const struct promise_rule *promise = &layers->promises->items[layers->nodes[node].promises[i]];
		json_object_begin(out);
		promise_head(out, promise);
		json_put_bool(out, "at_risk", promise_is_at_risk(promise, &sums[node]));
		if (promise_is_at_risk(promise, &sums[node]))
			why_put(out, promise, &sums[node], &sums[node]);
		json_object_end(out);
	}
	json_array_end(out);
	return 0;
}

int layers_write_walk(struct json_writer *out, const struct layers_view *view, uint32_t node, const struct walk *walk)
{
	const struct layers *layers = view->layers;
	size_t cannot = 0, at = 0;
	json_put_text(out, "experience", layers->nodes[node].id);
	json_put_text(out, "title", layers->nodes[node].title);
	json_key(out, TEXT("steps"));
	json_array_begin(out);
	for (size_t step = 0; step < walk->steps; step++) {
		json_object_begin(out);
		json_put_text(out, "step", layers->nodes[layers->nodes[node].needs[step]].id);
		json_put_text(out, "touchpoint", layers->nodes[walk->touchpoints[step]].id);
		json_key(out, TEXT("nodes"));
		json_array_begin(out);
		for (; at < walk->n && walk->nodes[at].step == step; at++) {
			const struct walk_node *found = &walk->nodes[at];
			json_object_begin(out);
			node_head(out, view, found->node);
			json_put_bool(out, "can", !found->cannot);
			if (found->cannot)
				json_put_text(out, "why", text_of(found->why));
			json_object_end(out);
			cannot += found->cannot;
		}
		json_array_end(out);
		json_object_end(out);
	}
	json_array_end(out);
	json_put_int(out, "takes_ms", walk->takes_ms);
	time_put(out, "within_ms", walk->within_ms);
	json_put_int(out, "forced_changes", (int64_t)walk->forced);
	json_put_int(out, "cannot", (int64_t)cannot);
	json_put_bool(out, "possible", cannot == 0 && (walk->within_ms < 0 || walk->takes_ms <= walk->within_ms));
	return 0;
}
