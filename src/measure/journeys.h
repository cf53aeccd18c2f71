/*
 * journeys.h: what customers really did, as a map of steps with waits, the usual courses, repeats and drop-offs.
 *
 * Exact: every event is counted, every figure agrees with every other (the arcs of all edges are events minus journeys),
 * and waits have exact quantiles. Pure: takes columns in memory in any order of arrival, knows of no file and no store.
 *
 * Events are grouped by case and ordered by (time, arrival); then one linear scan. Limits: JOURNEYS_EVENTS_MAX events.
 * Memory while it runs: 16 bytes an event, 8 more for waits, 12 a journey, and the result.
 */
#ifndef ATTUNE_MEASURE_JOURNEYS_H
#define ATTUNE_MEASURE_JOURNEYS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNEYS_EVENTS_MAX  UINT32_MAX
#define JOURNEYS_NO_ACTIVITY UINT32_MAX

/* A column with one number an event; only events with this value are taken. */
struct journeys_filter {
	const uint32_t *column;
	uint32_t value;
};

/* The events, one at each index. Borrowed. */
struct journeys_columns {
	const uint32_t *cases;            /* Below cases_n. A customer, or what journeys are cut by. */
	const uint32_t *activities;       /* Below activities_n; or NULL and then: */
	const uint16_t *activities_short;
	const int64_t *times_ms;
	size_t n;
	uint32_t cases_n, activities_n;
	const uint32_t *customers;        /* Of each case, never decreasing; or NULL: every case is a customer of its own. */
};

struct journey {                      /* One, while it is counted. */
	uint32_t customer;
	const uint32_t *steps;            /* Its activities, in order. */
	uint32_t steps_n;
	bool reached;                     /* The goal. */
	uint64_t hash_low, hash_high;     /* Of its variant. */
};

struct journeys_options {
	int64_t from_ms, to_ms;           /* Events from <= time < to; both 0: all. */
	const struct journeys_filter *filters;
	size_t filters_n;
	uint32_t goal;                    /* An activity, or JOURNEYS_NO_ACTIVITY. */
	bool cut_at_goal;                 /* A journey ends with the goal; the next event of the case begins another. */
	int64_t cut_gap_ms;               /* A journey (a visit) ends when the next event comes later than this; 0: never. */
	/* Told of every journey as it is counted, a customer's one after the other; NULL: nobody is. */
	void (*each)(void *arg, const struct journey *journey);
	void *each_arg;
};

struct journey_edge {                 /* @to directly follows @from. */
	uint32_t from, to;
	uint32_t customers;               /* Who went this way. */
	uint32_t customer_last;           /* While counting: one more than the last of them, 0: nobody yet. */
	uint64_t count;
	int64_t wait_sum_ms;              /* Stays at INT64_MAX when it would overflow. */
	int64_t wait_min_ms, wait_max_ms;
	double wait_p50_ms, wait_p90_ms;  /* Exact; interpolated between two values (quantile.h). */
};

struct journey_variant {              /* Journeys with the same course of activities. */
	uint64_t hash_low, hash_high;     /* XXH3, 128 bits, of the activities as 32-bit numbers. */
	uint64_t count;
	uint32_t customers;               /* Who took this course. */
	uint32_t customer_last;           /* As that of an edge. */
	uint64_t steps_at;                /* Where its activities begin in journeys.steps. */
	uint32_t steps_n;
	uint32_t exemplar_case;           /* One of them, the first that was met... */
	int64_t exemplar_start_ms;        /* ...and when it began. */
	double duration_p50_ms;
};

struct journey_activity {
	uint64_t events;
	uint64_t journeys;                /* In which it occurs. */
	uint64_t repeated;                /* In which it occurs twice or more. */
	uint64_t starts, ends;            /* Journeys that began, ended with it. */
	uint64_t dropped;                 /* Journeys that ended with it, the goal unreached; 0 without a goal. */
	struct journey_people {
		uint32_t all, repeated, starts, ends, dropped;
	} customers;                      /* To whom that happened, each counted once. */
};

struct journeys {
	uint64_t cases;                   /* Journeys: what the cutting made of the cases. */
	uint64_t events, arcs;
	uint64_t repeated;                /* Journeys in which any activity occurs twice or more. */
	uint64_t self_arcs;               /* Arcs from an activity to itself. */
	uint64_t reached;                 /* Journeys with the goal. */
	uint32_t customers;               /* Whose journeys these are. */
	uint32_t customers_reached;       /* Who reached the goal once or more. */
	uint32_t activities;              /* That occur. */
	uint32_t starts, ends;            /* Different activities that journeys begin, end with. */
	uint64_t steps_max;               /* Events of the longest journey. */
	double duration_p50_ms, duration_mean_ms;
	struct journey_edge *edges;       /* Most frequent first, then by (from, to). */
	size_t edges_n;
	struct journey_variant *variants; /* Most frequent first, then as first met. */
	size_t variants_n;
	struct journey_activity *by_activity;
	uint32_t by_activity_n;           /* activities_n of the columns. */
	uint32_t *steps;
};

/*
 * Mine the @columns. @out is the caller's to journeys_free.
 * Errors: ERROR_INVALID (a case or an activity beyond its bound), ERROR_LIMIT (too many events), ERROR_MEMORY.
 * Threads: pure, one core.
 */
int journeys_mine(struct journeys *out, const struct journeys_columns *columns,
                  const struct journeys_options *options) MUST_CHECK;
void journeys_free(struct journeys *journeys);

/* How many of the most frequent variants it takes to cover @share (0 to 1) of all journeys. */
size_t journeys_variants_covering(const struct journeys *journeys, double share);

/*
 * Cases for cutting by a property, such as an order: events of one case with the same property form a case of their own.
 * Writes @n dense numbers to @out, in the order in which the pairs are first met, and their number to *@out_n.
 * Errors: ERROR_INVALID (a number is UINT32_MAX), ERROR_LIMIT, ERROR_MEMORY.
 */
int journeys_split_cases(uint32_t *out, uint32_t *out_n, const uint32_t *cases, const uint32_t *property,
                         size_t n) MUST_CHECK;

/*
 * Number the @parts of @n events (what journeys_split_cases wrote, @parts_n of them) again so that the parts of one case
 * follow each other, and write to @customers, which has room for @parts_n, the case of each: what columns.customers wants.
 * Errors: ERROR_MEMORY.
 */
int journeys_order_parts(uint32_t *parts, uint32_t *customers, uint32_t parts_n, const uint32_t *cases, uint32_t cases_n,
                         size_t n) MUST_CHECK;

#endif
