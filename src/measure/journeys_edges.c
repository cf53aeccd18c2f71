/* journeys_edges.c: edges of the map. */
#include "measure/journeys_edges.h"

#include "base/memory.h"

#include <assert.h>

enum { SLOTS_FIRST = 1024 };

int journey_edges_init(struct journey_edges *edges, uint32_t activities_n)
{
	*edges = (struct journey_edges){.activities_n = activities_n};
	if (activities_n <= EDGES_DENSE_MAX)
		edges->dense = memory_zero_alloc((size_t)activities_n * activities_n, sizeof *edges->dense);
	else
		edges->slots = memory_zero_alloc(edges->slots_n = SLOTS_FIRST, sizeof *edges->slots);
	return edges->dense || edges->slots ? 0 : ERROR_MEMORY;
}

void journey_edges_free(struct journey_edges *edges)
{
	memory_free(edges->items);
	memory_free(edges->dense);
	memory_free(edges->slots);
	*edges = (struct journey_edges){0};
}

static size_t slot_of(const struct journey_edges *edges, uint32_t from, uint32_t to)
{
	uint64_t hash = (((uint64_t)from << 32) | to) * 0x9e3779b97f4a7c15u;
	size_t mask = edges->slots_n - 1, at = (size_t)(hash >> 32) & mask;
	while (edges->slots[at]) {
		const struct journey_edge *edge = &edges->items[edges->slots[at] - 1];
		if (edge->from == from && edge->to == to)
			break;
		at = (at + 1) & mask;
	}
	return at;
}

static int slots_grow(struct journey_edges *edges, size_t n)
{
	uint32_t *before = edges->slots;
	size_t slots_n = edges->slots_n;
	while (slots_n < 2 * n)
		slots_n *= 2;
	if (slots_n == edges->slots_n)
		return 0;
	uint32_t *slots = memory_zero_alloc(slots_n, sizeof *slots);
	if (!slots)
		return ERROR_MEMORY;
	edges->slots = slots;
	edges->slots_n = slots_n;
	for (uint32_t i = 0; i < edges->n; i++)
		slots[slot_of(edges, edges->items[i].from, edges->items[i].to)] = i + 1;
	memory_free(before);
	return 0;
}

int journey_edges_reserve(struct journey_edges *edges, size_t n)
{
	size_t pairs = (size_t)edges->activities_n * edges->activities_n;
	size_t wanted = edges->n + n < pairs ? edges->n + n : pairs;
	int error = memory_grow(&edges->items, &edges->capacity, wanted, sizeof *edges->items);
	return error || edges->dense ? error : slots_grow(edges, wanted);
}

uint32_t journey_edges_look_up(struct journey_edges *edges, uint32_t from, uint32_t to)
{
	assert(from < edges->activities_n && to < edges->activities_n);
	uint32_t *slot = edges->dense ? &edges->dense[(size_t)from * edges->activities_n + to]
	                              : &edges->slots[slot_of(edges, from, to)];
	if (!*slot) {
		assert(edges->n < edges->capacity);
		edges->items[edges->n] = (struct journey_edge){.from = from, .to = to, .wait_min_ms = INT64_MAX};
		*slot = (uint32_t)++edges->n;
	}
	return *slot - 1;
}
