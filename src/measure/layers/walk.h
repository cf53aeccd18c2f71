/*
 * walk.h: a prototype of an experience, walked by a made-up customer: what each layer would have to do, and where it cannot.
 */
#ifndef ATTUNE_MEASURE_LAYERS_WALK_H
#define ATTUNE_MEASURE_LAYERS_WALK_H

#include "measure/layers/layers.h"

enum { WALK_STEPS_MAX = 64, WALK_NODES_MAX = 4096 };

/* One node on the way. */
struct walk_node {
	uint32_t node;
	size_t step;         /* Of the experience, from 0. */
	bool cannot;
	char why[160];       /* A sentence; empty when it can. */
};

struct walk {
	struct walk_node *nodes;
	size_t n;
	int64_t takes_ms;    /* All steps, one after another, with the longest waiting of each. */
	int64_t within_ms;   /* The tightest promise, -1: none. */
	size_t forced;       /* Steps where the customer has to leave the chosen channel. */
	uint32_t touchpoints[WALK_STEPS_MAX];
	size_t steps;
};

/*
 * Walk experience @node in @map on @channel (empty: any). @walk->nodes live in @arena.
 * Errors: ERROR_INVALID (no experience), ERROR_LIMIT (too many steps or nodes), ERROR_MEMORY.
 */
int layers_walk(struct walk *walk, const struct layers *layers, uint32_t node, enum layers_map map, struct text channel, struct arena *arena)
	MUST_CHECK;

#endif
