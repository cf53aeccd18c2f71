/* journeys.c: the scan over grouped events, and what follows from it. */
#include "measure/journeys.h"

#include "base/memory.h"
#include "measure/journeys_edges.h"
#include "measure/journeys_group.h"
#include "measure/journeys_variants.h"
#include "measure/large.h"
#include "measure/quantile.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* One observed step, until the waits of an edge are gathered. */
struct arc {
	uint32_t edge;
	int64_t wait_ms;
};

struct miner {
	const struct journeys_options *options;
	struct journey_groups groups;
	struct journey_edges edges;
	struct journey_variants variants;
	struct arc *arcs;              /* Lies over groups.events: an arc needs no more room than its event did. */
	size_t arcs_n;
	uint32_t *variant_of;          /* Per journey. */
	int64_t *durations_ms;         /* Per journey. */
	uint32_t *steps;               /* Of the current journey. */
	uint64_t *met, *met_again;     /* Per activity: the last journey in which it occurred, occurred again (plus one). */
	const uint32_t *customers;     /* Of the cases; NULL: the cases themselves. */
	struct journey_people *last;   /* Per activity: one more than the last customer counted, as an edge has it. */
	uint32_t customer_last, reached_last, customers_n, customers_reached;
	struct journey_activity *by_activity;
	uint64_t journeys_n, repeated, reached, steps_max;
};

_Static_assert(sizeof(struct arc) == sizeof(struct journey_event), "arcs are written over the events");

static int64_t wait_between(int64_t from_ms, int64_t to_ms)
{
	uint64_t wait = (uint64_t)to_ms - (uint64_t)from_ms;
	return wait > INT64_MAX ? INT64_MAX : (int64_t)wait;
}

static void add_saturated(int64_t *sum, int64_t value)
{
	if (__builtin_add_overflow(*sum, value, sum))
		*sum = INT64_MAX;
}

/* Count a customer once: a customer's journeys come one after the other, so it is enough to remember the last. */
static inline void take_customer(uint32_t *count, uint32_t *last, uint32_t customer)
{
	*count += *last != customer + 1;
	*last = customer + 1;
}

static inline void take_arc(struct miner *miner, uint32_t from, uint32_t to, int64_t wait_ms, uint32_t customer)
{
	uint32_t index = journey_edges_at(&miner->edges, from, to);
	struct journey_edge *edge = &miner->edges.items[index];
	edge->count++;
	take_customer(&edge->customers, &edge->customer_last, customer);
	add_saturated(&edge->wait_sum_ms, wait_ms);
	if (wait_ms < edge->wait_min_ms)
		edge->wait_min_ms = wait_ms;
	if (wait_ms > edge->wait_max_ms)
		edge->wait_max_ms = wait_ms;
	miner->arcs[miner->arcs_n++] = (struct arc){index, wait_ms};
}

/* Count how the current journey of @n steps began and ended, and whose it was. */
static inline void take_ends(struct miner *miner, uint32_t n, uint32_t customer)
{
	uint32_t goal = miner->options->goal, first = miner->steps[0], last = miner->steps[n - 1];
	bool reached = goal != JOURNEYS_NO_ACTIVITY && miner->met[goal] == miner->journeys_n;
	struct journey_variant *variant = &miner->variants.items[miner->variant_of[miner->journeys_n - 1]];
	struct journey_activity *started = &miner->by_activity[first], *ended = &miner->by_activity[last];
	take_customer(&miner->customers_n, &miner->customer_last, customer);
	take_customer(&variant->customers, &variant->customer_last, customer);
	started->starts++;
	take_customer(&started->customers.starts, &miner->last[first].starts, customer);
	ended->ends++;
	take_customer(&ended->customers.ends, &miner->last[last].ends, customer);
	if (reached) {
		miner->reached++;
		take_customer(&miner->customers_reached, &miner->reached_last, customer);
	} else if (goal != JOURNEYS_NO_ACTIVITY) {
		ended->dropped++;
		take_customer(&ended->customers.dropped, &miner->last[last].dropped, customer);
	}
	if (miner->options->each)
		miner->options->each(miner->options->each_arg,
		                     &(struct journey){customer, miner->steps, n, reached, variant->hash_low, variant->hash_high});
}

/* Count one whole journey: @n events of one case, in order. */
static inline void take_journey(struct miner *miner, const struct journey_event *events, size_t n)
{
	uint64_t serial = ++miner->journeys_n;
	struct journey_activity *by_activity = miner->by_activity;
	struct journey_people *last_of = miner->last;
	uint32_t customer = miner->customers ? miner->customers[events[0].case_number] : events[0].case_number;
	bool repeated = false;
	for (size_t i = 0; i < n; i++) {
		uint32_t activity = events[i].activity;
		miner->steps[i] = activity;
		by_activity[activity].events++;
		if (miner->met[activity] != serial) {
			miner->met[activity] = serial;
			by_activity[activity].journeys++;
			take_customer(&by_activity[activity].customers.all, &last_of[activity].all, customer);
		} else if (miner->met_again[activity] != serial) {
			miner->met_again[activity] = serial;
			by_activity[activity].repeated++;
			take_customer(&by_activity[activity].customers.repeated, &last_of[activity].repeated, customer);
			repeated = true;
		}
		if (i > 0)
			take_arc(miner, events[i - 1].activity, activity, wait_between(events[i - 1].time_ms, events[i].time_ms), customer);
	}
	miner->repeated += repeated;
	if (n > miner->steps_max)
		miner->steps_max = n;
	miner->variant_of[serial - 1] = journey_variants_add(&miner->variants, miner->steps, (uint32_t)n,
	                                                     events[0].case_number, events[0].time_ms);
	miner->durations_ms[serial - 1] = wait_between(events[0].time_ms, events[n - 1].time_ms);
	take_ends(miner, (uint32_t)n, customer);
}

/* Whether a journey ends between two events of one part that follow each other. */
static inline bool is_cut(const struct journeys_options *options, const struct journey_event *event)
{
	if (event[0].case_number != event[1].case_number)
		return true;
	if (options->cut_at_goal && event[0].activity == options->goal)
		return true;
	return options->cut_gap_ms && wait_between(event[0].time_ms, event[1].time_ms) > options->cut_gap_ms;
}

static int scan_part(struct miner *miner, size_t part)
{
	size_t n = miner->groups.starts[part + 1] - miner->groups.starts[part], start = 0;
	bool cutting = miner->options->cut_at_goal || miner->options->cut_gap_ms;
	size_t cases_max = (size_t)1 << miner->groups.shift;
	int error = journey_variants_reserve(&miner->variants, cutting || n < cases_max ? n : cases_max, n);
	if (!error)
		error = journey_edges_reserve(&miner->edges, n);
	if (error)
		return error;
	const struct journey_event *events = journey_groups_sort(&miner->groups, part);
	for (size_t i = 1; i <= n; i++) {
		if (i < n && !is_cut(miner->options, &events[i - 1]))
			continue;
		take_journey(miner, events + start, i - start);
		start = i;
	}
	return 0;
}

/* Counts, that of key k at starts[k + 1], become the places from which the values of each key lie. */
static void prefix_sums(size_t *starts, size_t keys_n)
{
	for (size_t key = 0; key < keys_n; key++)
		starts[key + 1] += starts[key];
}

static int finish_edges(struct miner *miner)
{
	size_t n = miner->edges.n;
	size_t *starts = memory_zero_alloc(n + 1, sizeof *starts), *ends = memory_alloc((n + 1) * sizeof *ends);
	int64_t *waits = large_alloc(miner->arcs_n * sizeof *waits);
	int64_t *scratch = NULL;
	size_t count_max = 0;
	for (size_t i = 0; i < n; i++)
		if (miner->edges.items[i].count > count_max)
			count_max = miner->edges.items[i].count;
	scratch = memory_alloc(count_max * sizeof *scratch);
	int error = starts && ends && waits && scratch ? 0 : ERROR_MEMORY;
	if (!error) {
		for (size_t i = 0; i < n; i++)
			starts[i + 1] = miner->edges.items[i].count;
		prefix_sums(starts, n);
		memcpy(ends, starts, n * sizeof *ends);
		for (size_t i = 0; i < miner->arcs_n; i++)
			waits[ends[miner->arcs[i].edge]++] = miner->arcs[i].wait_ms;
		for (size_t i = 0; i < n; i++) {
			struct journey_edge *edge = &miner->edges.items[i];
			edge->wait_p50_ms = quantile_of(waits + starts[i], edge->count, 0.5, scratch);
			edge->wait_p90_ms = quantile_of(waits + starts[i], edge->count, 0.9, scratch);
		}
	}
	memory_free(starts);
	memory_free(ends);
	memory_free(waits);
	memory_free(scratch);
	return error;
}

static int finish_variants(struct miner *miner, struct journeys *out)
{
	size_t n = miner->variants.n, journeys_n = miner->journeys_n;
	size_t *starts = memory_zero_alloc(n + 1, sizeof *starts), *ends = memory_alloc((n + 1) * sizeof *ends);
	int64_t *gathered = large_alloc(journeys_n * sizeof *gathered), *scratch = memory_alloc(journeys_n * sizeof *scratch);
	int error = starts && ends && gathered && scratch ? 0 : ERROR_MEMORY;
	if (!error) {
		double sum = 0;
		for (size_t i = 0; i < n; i++)
			starts[i + 1] = miner->variants.items[i].count;
		prefix_sums(starts, n);
		memcpy(ends, starts, n * sizeof *ends);
		for (size_t i = 0; i < journeys_n; i++) {
			gathered[ends[miner->variant_of[i]]++] = miner->durations_ms[i];
			sum += (double)miner->durations_ms[i];
		}
		for (size_t i = 0; i < n; i++)
			miner->variants.items[i].duration_p50_ms = quantile_of(gathered + starts[i], starts[i + 1] - starts[i], 0.5, scratch);
		out->duration_p50_ms = quantile_of(miner->durations_ms, journeys_n, 0.5, scratch);
		out->duration_mean_ms = journeys_n ? sum / (double)journeys_n : 0;
	}
	memory_free(starts);
	memory_free(ends);
	memory_free(gathered);
	memory_free(scratch);
	return error;
}

static int compare_edges(const void *left, const void *right)
{
	const struct journey_edge *a = left, *b = right;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return (a->to > b->to) - (a->to < b->to);
}

/* steps_at grows with every new variant, so it tells which was met first. */
static int compare_variants(const void *left, const void *right)
{
	const struct journey_variant *a = left, *b = right;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return (a->steps_at > b->steps_at) - (a->steps_at < b->steps_at);
}

/* Hand the tables over to @out. */
static void give(struct miner *miner, struct journeys *out, uint32_t activities_n)
{
	out->cases = miner->journeys_n;
	out->arcs = miner->arcs_n;
	out->repeated = miner->repeated;
	out->reached = miner->reached;
	out->customers = miner->customers_n;
	out->customers_reached = miner->customers_reached;
	out->steps_max = miner->steps_max;
	out->edges = miner->edges.items;
	out->edges_n = miner->edges.n;
	out->variants = miner->variants.items;
	out->variants_n = miner->variants.n;
	out->steps = miner->variants.steps;
	out->by_activity = miner->by_activity;
	out->by_activity_n = activities_n;
	miner->edges.items = NULL;
	miner->variants.items = NULL;
	miner->variants.steps = NULL;
	miner->by_activity = NULL;
	for (uint32_t i = 0; i < activities_n; i++) {
		out->events += out->by_activity[i].events;
		out->activities += out->by_activity[i].events > 0;
		out->starts += out->by_activity[i].starts > 0;
		out->ends += out->by_activity[i].ends > 0;
	}
	for (size_t i = 0; i < out->edges_n; i++)
		out->self_arcs += out->edges[i].from == out->edges[i].to ? out->edges[i].count : 0;
	if (out->edges_n)
		qsort(out->edges, out->edges_n, sizeof *out->edges, compare_edges);
	if (out->variants_n)
		qsort(out->variants, out->variants_n, sizeof *out->variants, compare_variants);
	assert(out->arcs + out->cases == out->events);
}

static int miner_init(struct miner *miner, uint32_t activities_n)
{
	size_t events_n = miner->groups.starts[miner->groups.parts_n];
	miner->arcs = (struct arc *)(void *)miner->groups.events;
	miner->variant_of = large_alloc(events_n * sizeof *miner->variant_of);
	miner->durations_ms = large_alloc(events_n * sizeof *miner->durations_ms);
	miner->steps = memory_alloc(miner->groups.part_events_max * sizeof *miner->steps);
	miner->met = memory_zero_alloc(activities_n, sizeof *miner->met);
	miner->met_again = memory_zero_alloc(activities_n, sizeof *miner->met_again);
	miner->by_activity = memory_zero_alloc(activities_n, sizeof *miner->by_activity);
	miner->last = memory_zero_alloc(activities_n, sizeof *miner->last);
	if (!miner->variant_of || !miner->durations_ms || !miner->steps || !miner->met || !miner->met_again ||
	    !miner->by_activity || !miner->last)
		return ERROR_MEMORY;
	return journey_edges_init(&miner->edges, activities_n);
}

static void miner_free(struct miner *miner)
{
	journey_groups_free(&miner->groups);
	journey_edges_free(&miner->edges);
	journey_variants_free(&miner->variants);
	memory_free(miner->variant_of);
	memory_free(miner->durations_ms);
	memory_free(miner->steps);
	memory_free(miner->met);
	memory_free(miner->met_again);
	memory_free(miner->by_activity);
	memory_free(miner->last);
	memory_free(miner);
}

int journeys_mine(struct journeys *out, const struct journeys_columns *columns, const struct journeys_options *options)
{
	if (options->goal != JOURNEYS_NO_ACTIVITY && options->goal >= columns->activities_n)
		return ERROR_INVALID;
	struct miner *miner = memory_zero_alloc(1, sizeof *miner);
	struct journeys result = {0};
	if (!miner)
		return ERROR_MEMORY;
	miner->options = options;
	miner->customers = columns->customers;
	int error = journey_groups_make(&miner->groups, columns, options);
	if (!error)
		error = miner_init(miner, columns->activities_n);
	for (size_t part = 0; !error && part < miner->groups.parts_n; part++)
		error = scan_part(miner, part);
	if (!error)
		error = finish_edges(miner);
	if (!error)
		error = finish_variants(miner, &result);
	if (!error) {
		give(miner, &result, columns->activities_n);
		*out = result;
	}
	miner_free(miner);
	return error;
}

void journeys_free(struct journeys *journeys)
{
	memory_free(journeys->edges);
	memory_free(journeys->variants);
	memory_free(journeys->by_activity);
	memory_free(journeys->steps);
	*journeys = (struct journeys){0};
}

size_t journeys_variants_covering(const struct journeys *journeys, double share)
{
	uint64_t covered = 0;
	size_t n = 0;
	while (n < journeys->variants_n && (double)covered < share * (double)journeys->cases)
		covered += journeys->variants[n++].count;
	return n;
}

int journeys_split_cases(uint32_t *out, uint32_t *out_n, const uint32_t *cases, const uint32_t *property, size_t n)
{
	struct journey_edges pairs; /* A table of pairs of numbers is what is needed, and it is there. */
	if (n >= JOURNEYS_EVENTS_MAX)
		return ERROR_LIMIT;
	int error = journey_edges_init(&pairs, UINT32_MAX);
	for (size_t i = 0; !error && i < n; i++) {
		if (cases[i] == UINT32_MAX || property[i] == UINT32_MAX)
			error = ERROR_INVALID;
		else if (pairs.n == pairs.capacity)
			error = journey_edges_reserve(&pairs, pairs.n / 2 + 1024);
		if (!error)
			out[i] = journey_edges_at(&pairs, cases[i], property[i]);
	}
	if (!error)
		*out_n = (uint32_t)pairs.n;
	journey_edges_free(&pairs);
	return error;
}

int journeys_order_parts(uint32_t *parts, uint32_t *customers, uint32_t parts_n, const uint32_t *cases, uint32_t cases_n,
                         size_t n)
{
	size_t *places = memory_zero_alloc((size_t)cases_n + 1, sizeof *places);
	uint32_t *case_of = memory_alloc(parts_n * sizeof *case_of), *number = memory_alloc(parts_n * sizeof *number);
	int error = places && case_of && number ? 0 : ERROR_MEMORY;
	if (!error) {
		for (size_t i = 0; i < n; i++)
			case_of[parts[i]] = cases[i];
		for (uint32_t part = 0; part < parts_n; part++)
			places[case_of[part] + 1]++;
		prefix_sums(places, cases_n);
		for (uint32_t part = 0; part < parts_n; part++) {
			number[part] = (uint32_t)places[case_of[part]]++;
			customers[number[part]] = case_of[part];
		}
		for (size_t i = 0; i < n; i++)
			parts[i] = number[parts[i]];
	}
	memory_free(places);
	memory_free(case_of);
	memory_free(number);
	return error;
}
