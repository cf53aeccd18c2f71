/* traffic.c: events onto nodes, a customer at a time. */
#include "measure/layers/traffic.h"

#include "base/memory.h"

#include <string.h>

enum { HITS_MAX = 8 /* Interactions that one event's name can stand for. */ };

struct counting {
	const struct layers *layers;
	const struct traffic_names *names;
	struct layers_seen *seen;
	uint32_t *touchpoints;         /* By number: the node + 1, 0: none. */
	uint32_t (*interactions)[HITS_MAX];
	bool *hit;
	bool *named;                   /* By node: an interaction that names its events. */
};

/* The number of @name; 0: no event has it, or it came since the count began. */
static uint32_t number_of(const struct counting *counting, struct text name)
{
	uint32_t number = counting->names->number(counting->names->arg, name);
	return number < counting->names->n ? number : 0;
}

static void interaction_bind(struct counting *counting, uint32_t index)
{
	struct value_cursor cursor = {0};
	struct value item;
	while (value_next_item(&cursor, value_get(counting->layers->nodes[index].document->body, TEXT("events")), &item)) {
		uint32_t number = number_of(counting, value_text(item));
		for (size_t i = 0; number && i < HITS_MAX; i++)
			if (!counting->interactions[number][i]) {
				counting->interactions[number][i] = index + 1;
				break;
			}
		counting->named[index] = true;
	}
}

static void nodes_bind(struct counting *counting)
{
	for (uint32_t i = 0; i < counting->layers->n; i++) {
		const struct layer_node *node = &counting->layers->nodes[i];
		if (node->layer == LAYER_TOUCHPOINT)
			counting->touchpoints[number_of(counting, node->id)] = i + 1;
		if (node->layer == LAYER_INTERACTION)
			interaction_bind(counting, i);
	}
	counting->touchpoints[0] = 0;
}

static void event_hit(struct counting *counting, const struct customer_row *event, bool *bound)
{
	uint32_t touchpoint = event->touchpoint < counting->names->n ? counting->touchpoints[event->touchpoint] : 0;
	bool is_bound = touchpoint != 0;
	if (touchpoint) {
		counting->hit[touchpoint - 1] = true;
		counting->seen[touchpoint - 1].events++;
	}
	for (size_t i = 0; event->name < counting->names->n && i < HITS_MAX; i++) {
		uint32_t interaction = counting->interactions[event->name][i];
		if (!interaction)
			break;
		counting->hit[interaction - 1] = is_bound = true;
		counting->seen[interaction - 1].events++;
	}
	if (event->name < counting->names->n)
		bound[event->name] |= is_bound;
}

/* Spread what one customer hit: outward to whoever has it as a step, inward to what it needs. */
static void spread(struct counting *counting)
{
	const struct layers *layers = counting->layers;
	bool *hit = counting->hit;
	for (size_t i = layers->n; i-- > 0;) {
		const struct layer_node *node = &layers->nodes[i];
		size_t n = node->layer == LAYER_EXPERIENCE ? node->needs_n : node->layer == LAYER_INTERACTION && !counting->named[i] ? node->any_n : 0;
		for (size_t j = 0; j < n && !hit[i]; j++)
			hit[i] = hit[node->needs[j]];
	}
	for (size_t i = 0; i < layers->n; i++) {
		const struct layer_node *node = &layers->nodes[i];
		if (!hit[i] || node->layer == LAYER_EXPERIENCE)
			continue;
		for (size_t j = node->any_n; j < node->needs_n; j++)
			hit[node->needs[j]] = true;
	}
	for (size_t i = 0; i < layers->n; i++)
		counting->seen[i].customers += hit[i];
	memset(hit, 0, layers->n * sizeof *hit);
}

static void count_all(struct counting *counting, const struct customer_rows *rows, bool *bound)
{
	for (size_t i = 0; i < rows->n; i++) {
		event_hit(counting, &rows->items[i], bound);
		if (i + 1 == rows->n || rows->items[i + 1].customer != rows->items[i].customer)
			spread(counting);
	}
}

int layers_traffic(const struct layers *layers, const struct traffic_names *names, const struct customer_rows *rows,
                   struct layers_seen *seen, bool *bound)
{
	struct counting counting = {.layers = layers, .names = names, .seen = seen};
	counting.touchpoints = memory_zero_alloc(names->n + 1, sizeof *counting.touchpoints);
	counting.interactions = memory_zero_alloc(names->n + 1, sizeof *counting.interactions);
	counting.hit = memory_zero_alloc(layers->n + 1, sizeof *counting.hit);
	counting.named = memory_zero_alloc(layers->n + 1, sizeof *counting.named);
	bool enough = counting.touchpoints && counting.interactions && counting.hit && counting.named;
	if (enough) {
		memset(seen, 0, layers->n * sizeof *seen);
		nodes_bind(&counting);
		count_all(&counting, rows, bound);
	}
	memory_free(counting.touchpoints);
	memory_free(counting.interactions);
	memory_free(counting.hit);
	memory_free(counting.named);
	return enough ? 0 : ERROR_MEMORY;
}
