/*
 * journeys_group.h: events from arrival order to groups of a case, ordered by (time, arrival).
 *
 * First one scatter by the upper bits of the case into parts that fit a core's cache, then a part at a time a stable
 * counting sort by the lower bits. Cases whose events did not arrive in order are merge-sorted; the others cost a look.
 * Private to journeys.
 */
#ifndef ATTUNE_MEASURE_JOURNEYS_GROUP_H
#define ATTUNE_MEASURE_JOURNEYS_GROUP_H

#include "measure/journeys.h"

enum { GROUP_PARTS_BITS_MAX = 11, GROUP_PARTS_MAX = 1 << GROUP_PARTS_BITS_MAX };

struct journey_event {
	uint32_t case_number, activity;
	int64_t time_ms;
};

struct journey_groups {
	struct journey_event *events;          /* Part by part, in arrival order. */
	size_t starts[GROUP_PARTS_MAX + 1];    /* Of the parts. */
	size_t parts_n, part_events_max;
	unsigned shift;                        /* Lower bits of the case, within a part. */
	struct journey_event *sorted, *spare;  /* Room for the largest part, twice. */
};

/* Errors: as journeys_mine. On error there is nothing to free. */
int journey_groups_make(struct journey_groups *groups, const struct journeys_columns *columns,
                        const struct journeys_options *options) MUST_CHECK;
void journey_groups_free(struct journey_groups *groups);

/* Part @part sorted by case, within a case by (time, arrival); valid until the next call. Frees events[] of that part. */
const struct journey_event *journey_groups_sort(struct journey_groups *groups, size_t part);

#endif
