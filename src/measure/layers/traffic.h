/*
 * traffic.h: how many customers go through each node, from what is known of events.
 *
 * An event hits the touchpoint it was recorded at, and every interaction that names it (events); an interaction that names
 * no event is hit through its touchpoints. What is hit reaches outward to the experiences it is a step of, and inward to all
 * that it needs. A customer counts once at a node.
 */
#ifndef ATTUNE_MEASURE_LAYERS_TRAFFIC_H
#define ATTUNE_MEASURE_LAYERS_TRAFFIC_H

#include "engine/customer_rows.h"
#include "measure/layers/layers_write.h"

/* Which number stands for a name, so that nodes can be found. */
struct traffic_names {
	uint32_t (*number)(void *arg, struct text name); /* 0: none. */
	void *arg;
	uint32_t n; /* Numbers are below this. */
};

/*
 * Count @rows into @seen, layers->n items, and mark in @bound (names.n items) the names that hit a
 * node. Errors: ERROR_MEMORY.
 */
int layers_traffic(const struct layers *layers, const struct traffic_names *names, const struct customer_rows *rows,
                   struct layers_seen *seen, bool *bound) MUST_CHECK;

#endif
