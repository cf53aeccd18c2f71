/*
 * journeys_report.h: mined journeys as JSON and as a table for people.
 */
#ifndef ATTUNE_CLI_JOURNEYS_REPORT_H
#define ATTUNE_CLI_JOURNEYS_REPORT_H

#include "event/names.h"
#include "measure/journeys.h"

struct journeys_report {
	const struct journeys *journeys;
	const struct names *cases, *activities;
	uint64_t rejected;
	double seconds;
	size_t top, variants;  /* How many edges and variants a person wants to see; JSON has all edges. */
	uint32_t goal;         /* Or JOURNEYS_NO_ACTIVITY. */
};

/* Both write to @out, which grows. */
void journeys_report_json(struct buffer *out, const struct journeys_report *report);
void journeys_report_table(struct buffer *out, const struct journeys_report *report);

#endif
