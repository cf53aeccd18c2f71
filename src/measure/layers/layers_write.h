/*
 * layers_write.h: the layers and the answers about them as JSON, for the server and for the command line alike.
 */
#ifndef ATTUNE_MEASURE_LAYERS_LAYERS_WRITE_H
#define ATTUNE_MEASURE_LAYERS_LAYERS_WRITE_H

#include "base/json.h"
#include "measure/layers/walk.h"

/* What was seen live at a node in the last seven days; negative: not known here. */
struct layers_seen {
	int64_t customers, events;
};

struct layers_view {
	const struct layers *layers;
	const struct layers_seen *seen; /* By node; NULL: nothing is known. */
	struct arena *arena;            /* For the answer. */
};

/* The whole picture: nodes with limits in all three maps and what they add up to, edges, promises, findings. Errors: ERROR_MEMORY. */
int layers_write(struct json_writer *out, const struct layers_view *view) MUST_CHECK;

/* Inside-out: the experiences and promises that @change reaches, and by which way. */
int layers_write_ripple(struct json_writer *out, const struct layers_view *view, enum layers_map map, const struct layers_change *change) MUST_CHECK;

/* Outside-in: all that node @node needs, layer by layer, with the time that its promise leaves. */
int layers_write_trace(struct json_writer *out, const struct layers_view *view, enum layers_map map, uint32_t node) MUST_CHECK;

int layers_write_walk(struct json_writer *out, const struct layers_view *view, uint32_t node, const struct walk *walk) MUST_CHECK;

#endif
