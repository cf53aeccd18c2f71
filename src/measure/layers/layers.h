/*
 * layers.h: the company's five layers as one graph: experiences need interactions, those touchpoints, those procedures,
 * those systems. Facilities, rules in people's heads and laws are systems, too.
 *
 * It comes from the configuration (kinds experience, interaction, touchpoint, procedure, system, and promise), so it is bound
 * to the same touchpoints that live events name. Edges point outside-in only and have no cycle. Two questions are
 * answered: what does an experience need (outside-in), and what does a limit reach (inside-out).
 *
 * What a node adds up to, with all that it needs: time is its own plus that of the slowest need; waiting for somebody or
 * something to be open is the longest of all; availability is the product; freshness the oldest; capacity the least.
 */
#ifndef ATTUNE_MEASURE_LAYERS_LAYERS_H
#define ATTUNE_MEASURE_LAYERS_LAYERS_H

#include "engine/config_build.h"
#include "interact/promise.h"

enum layer { LAYER_EXPERIENCE, LAYER_INTERACTION, LAYER_TOUCHPOINT, LAYER_PROCEDURE, LAYER_SYSTEM, LAYERS_N };
enum layers_map { MAP_IS, MAP_MUST_BE, MAP_SHOULD_BE, MAPS_N };

enum { LAYER_NODES_MAX = 20000, LAYER_EDGES_MAX = 80000 };

/* What limits a node. A field that nobody stated is NAN, or -1 for times. */
struct limits {
	int64_t takes_ms;     /* Its own time. */
	int64_t closed_ms;    /* The longest stretch it does nothing: from hours; 0: never closed. */
	int64_t freshness_ms; /* How old what it says can be. */
	double availability;  /* 0 to 1. */
	double capacity;      /* A second. */
};

struct layer_node {
	struct text id, title, owner, need, sort;
	enum layer layer;
	bool inward, prototype, removed[MAPS_N];
	const struct config_document *document;
	struct limits own[MAPS_N];        /* As it is, must be, should be. */
	const uint32_t *needs;            /* Of the layers inside; indices. */
	size_t needs_n, any_n;            /* Of the first any_n any one is enough (an interaction's touchpoints); of the rest, all. */
	size_t needed_n;                  /* By so many nodes. */
	const uint32_t *promises;         /* Of an experience or an interaction; indices into layers.promises->items. */
	size_t promises_n;
};

struct layers {
	struct layer_node *nodes;         /* In an order in which every node stands before what it needs. */
	size_t n;
	const struct promise_rules *promises;
};

extern const struct config_kind experience_kind, interaction_kind, procedure_kind, system_kind;

const struct layers *layers_of(const struct config *config); /* Never NULL. */
const struct layer_node *layers_find(const struct layers *layers, struct text id);
const char *layer_name(enum layer layer);                    /* "experience" */

/* "is", "must-be" or "should-be". Errors: ERROR_INVALID. */
int layers_map_parse(struct text text, enum layers_map *map) MUST_CHECK;

/* The hours of a week in words ("24x7", "nightly", "08:00-18:00", "weekdays 09:00-17:00") as the longest stretch closed.
 * Errors: ERROR_INVALID. */
int hours_parse(struct text text, int64_t *closed_ms) MUST_CHECK;

/* ---- what it adds up to ---- */

/*
 * What each node adds up to in @map, into @sums (layers->n items). @changed replaces the own limits of one node; NULL: none.
 * O(nodes + edges).
 */
struct layers_change {
	uint32_t node;
	struct limits limits;
};
void layers_sum(const struct layers *layers, enum layers_map map, const struct layers_change *changed, struct limits *sums);

/*
 * Read "NODE.KEY=VALUE" (card-system.hours=nightly) to a change of the node's own limits in @map.
 * Errors: ERROR_NOT_FOUND (the node), ERROR_INVALID (key or value); @problem says it in a sentence.
 */
int layers_change_parse(const struct layers *layers, enum layers_map map, struct text text, struct layers_change *change, char problem[200])
	MUST_CHECK;

/* How long somebody may wait for it: its time, and that it is closed. What nobody stated counts as nothing. */
int64_t limits_wait_ms(const struct limits *limits);

/* Is @promise out of reach of an experience that adds up to @sum? */
bool promise_is_at_risk(const struct promise_rule *promise, const struct limits *sum);

/* Mark in @reached (layers->n items) every node that needs @node, itself included. */
void layers_reached(const struct layers *layers, uint32_t node, bool *reached);

/* Mark in @needed (layers->n items) every node of @map that @node needs, itself included. */
void layers_needed(const struct layers *layers, enum layers_map map, uint32_t node, bool *needed);

/* What is wrong with the picture though it can be read: a touchpoint that needs nothing, a system that serves nobody, an
 * interaction that is missing on a channel its neighbours have. Calls @each with a sentence a finding. */
void layers_findings(const struct layers *layers, void (*each)(void *arg, const struct layer_node *node, const char *sentence), void *arg);

#endif
