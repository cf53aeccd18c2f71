/*
 * journeys_edges.h: which activity directly follows which, how often, and after what wait. Private to journeys.
 *
 * Up to EDGES_DENSE_MAX activities a table finds the edge of a pair at once, beyond it a hash table does.
 */
#ifndef ATTUNE_MEASURE_JOURNEYS_EDGES_H
#define ATTUNE_MEASURE_JOURNEYS_EDGES_H

#include "measure/journeys.h"

enum { EDGES_DENSE_MAX = 1024 };

struct journey_edges {
	struct journey_edge *items;
	size_t n, capacity;
	uint32_t *dense;     /* from * activities_n + to: index plus one. */
	uint32_t *slots;     /* The same by hash, when dense is NULL. */
	size_t slots_n;
	uint32_t activities_n;
};

int journey_edges_init(struct journey_edges *edges, uint32_t activities_n) MUST_CHECK;
void journey_edges_free(struct journey_edges *edges);

/* Make room for @n more edges, so that journey_edges_at cannot fail. */
int journey_edges_reserve(struct journey_edges *edges, size_t n) MUST_CHECK;

/* The slow way of journey_edges_at: a new edge, or a pair in the hash table. */
uint32_t journey_edges_look_up(struct journey_edges *edges, uint32_t from, uint32_t to);

/* The index of the edge from -> to, made when new. */
static inline uint32_t journey_edges_at(struct journey_edges *edges, uint32_t from, uint32_t to)
{
	uint32_t found = edges->dense ? edges->dense[(size_t)from * edges->activities_n + to] : 0;
	return found ? found - 1 : journey_edges_look_up(edges, from, to);
}

#endif
