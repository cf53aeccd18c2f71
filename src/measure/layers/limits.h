/* limits.h: what limits a node of the layers, as people write it. Private to layers/. */
#ifndef ATTUNE_MEASURE_LAYERS_LIMITS_H
#define ATTUNE_MEASURE_LAYERS_LIMITS_H

#include "measure/layers/layers.h"

struct limits limits_none(void);

/* Set the limit called @key ("takes", "p99", "hours", "freshness", "availability", "capacity").
 * Errors: ERROR_NOT_FOUND (no such key), ERROR_INVALID (value); @problem says it in a sentence. */
int limits_set(struct limits *limits, struct text key, struct text value, char problem[200]) MUST_CHECK;

#endif
