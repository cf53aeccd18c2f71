/* The miner against a plain model on random logs, and against the counts of real ones. */
#include "unit.h"

#include "base/clock.h"
#include "base/memory.h"
#include "event/import/event_file.h"
#include "event/names.h"
#include "measure/journeys.h"
#include "measure/quantile.h"
#include "measure/share.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MODEL_EVENTS_MAX = 400, MODEL_CASES_MAX = 60, MODEL_ACTIVITIES_MAX = 9, MODEL_ROUNDS = 1500 };

static uint64_t seed;

static uint64_t next_random(uint64_t below)
{
	seed += 0x9e3779b97f4a7c15u;
	uint64_t z = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (z ^ (z >> 31)) % below;
}

struct log {
	uint32_t cases[MODEL_EVENTS_MAX], activities[MODEL_EVENTS_MAX], channel[MODEL_EVENTS_MAX];
	uint16_t activities_short[MODEL_EVENTS_MAX];
	int64_t times_ms[MODEL_EVENTS_MAX];
	uint32_t customers[MODEL_CASES_MAX];
	struct journeys_filter filter;
	struct journeys_columns columns;
	struct journeys_options options;
};

static void random_log(struct log *log)
{
	size_t n = next_random(MODEL_EVENTS_MAX);
	uint32_t stride = next_random(4) ? 1 : 70000000; /* Now and then case numbers far apart. */
	uint32_t cases = 1 + (uint32_t)next_random(MODEL_CASES_MAX - 1), activities = 1 + (uint32_t)next_random(MODEL_ACTIVITIES_MAX - 1);
	int64_t span = next_random(2) ? 20 : 5000;
	for (size_t i = 0; i < n; i++) {
		log->cases[i] = (uint32_t)next_random(cases) * stride;
		log->activities[i] = log->activities_short[i] = (uint16_t)next_random(activities);
		log->channel[i] = (uint32_t)next_random(2);
		log->times_ms[i] = next_random(3) ? (int64_t)i : (int64_t)next_random((uint64_t)span);
	}
	log->columns = (struct journeys_columns){.cases = log->cases, .activities = log->activities, .times_ms = log->times_ms,
	                                         .n = n, .cases_n = (cases - 1) * stride + 1, .activities_n = activities};
	if (next_random(2)) {
		log->columns.activities = NULL;
		log->columns.activities_short = log->activities_short;
	}
	if (next_random(6) == 0)
		log->columns.activities_n = 5000; /* More than the dense table of edges takes. */
	uint32_t customer = 0;
	for (uint32_t i = 0; i < cases; i++)
		log->customers[i] = customer += (uint32_t)next_random(2);
	if (stride == 1 && next_random(2))
		log->columns.customers = log->customers; /* Several cases are one customer's. */
	log->filter = (struct journeys_filter){log->channel, 1};
	log->options = (struct journeys_options){.goal = next_random(2) ? (uint32_t)next_random(activities) : JOURNEYS_NO_ACTIVITY};
	log->options.cut_at_goal = log->options.goal != JOURNEYS_NO_ACTIVITY && next_random(2);
	log->options.cut_gap_ms = next_random(3) ? 0 : 1 + (int64_t)next_random(30);
	if (next_random(4) == 0) {
		log->options.from_ms = (int64_t)next_random(50);
		log->options.to_ms = log->options.from_ms + 1 + (int64_t)next_random(300);
	}
	if (next_random(4) == 0) {
		log->options.filters = &log->filter;
		log->options.filters_n = 1;
	}
}

/* The model: events sorted by (case, time, arrival) with a plain sort, then everything counted one by one. */
struct model {
	uint32_t order[MODEL_EVENTS_MAX], journey[MODEL_EVENTS_MAX];
	size_t n, journeys_n;
};

static const struct log *sorting;

static int compare_events(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	if (sorting->cases[a] != sorting->cases[b])
		return sorting->cases[a] < sorting->cases[b] ? -1 : 1;
	if (sorting->times_ms[a] != sorting->times_ms[b])
		return sorting->times_ms[a] < sorting->times_ms[b] ? -1 : 1;
	return a < b ? -1 : 1;
}

static void model_make(struct model *model, const struct log *log)
{
	const struct journeys_options *options = &log->options;
	bool window = options->from_ms || options->to_ms;
	*model = (struct model){0};
	for (uint32_t i = 0; i < log->columns.n; i++)
		if ((!window || (log->times_ms[i] >= options->from_ms && log->times_ms[i] < options->to_ms)) &&
		    (!options->filters_n || log->channel[i] == 1))
			model->order[model->n++] = i;
	sorting = log;
	qsort(model->order, model->n, sizeof *model->order, compare_events);
	for (size_t k = 0; k < model->n; k++) {
		uint32_t i = model->order[k], before = k ? model->order[k - 1] : 0;
		bool cut = k == 0 || log->cases[i] != log->cases[before] ||
		           (options->cut_at_goal && log->activities[before] == options->goal) ||
		           (options->cut_gap_ms && log->times_ms[i] - log->times_ms[before] > options->cut_gap_ms);
		model->journeys_n += cut;
		model->journey[k] = (uint32_t)model->journeys_n;
	}
}

/* Customers counted once, plainly. */
struct crowd {
	uint32_t who[MODEL_EVENTS_MAX];
	uint32_t n;
};

static void crowd_add(struct crowd *crowd, const struct log *log, uint32_t event)
{
	uint32_t customer = log->columns.customers ? log->columns.customers[log->cases[event]] : log->cases[event];
	for (uint32_t i = 0; i < crowd->n; i++)
		if (crowd->who[i] == customer)
			return;
	crowd->who[crowd->n++] = customer;
}

static int compare_waits(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
	return (a > b) - (a < b);
}

static double plain_quantile(const int64_t *values, size_t n, double q)
{
	int64_t sorted[MODEL_EVENTS_MAX];
	memcpy(sorted, values, n * sizeof *values);
	qsort(sorted, n, sizeof *sorted, compare_waits);
	double place = (double)(n - 1) * q;
	size_t rank = (size_t)place;
	return rank + 1 < n ? (double)sorted[rank] + (place - (double)rank) * (double)(sorted[rank + 1] - sorted[rank])
	                    : (double)sorted[rank];
}

static void check_edges(const struct journeys *journeys, const struct model *model, const struct log *log)
{
	uint64_t arcs = 0;
	for (size_t e = 0; e < journeys->edges_n; e++) {
		const struct journey_edge *edge = &journeys->edges[e];
		int64_t waits[MODEL_EVENTS_MAX], sum = 0;
		size_t n = 0;
		struct crowd crowd = {.n = 0};
		for (size_t k = 1; k < model->n; k++) {
			uint32_t i = model->order[k], before = model->order[k - 1];
			if (model->journey[k] != model->journey[k - 1] || log->activities[before] != edge->from ||
			    log->activities[i] != edge->to)
				continue;
			waits[n] = log->times_ms[i] - log->times_ms[before];
			sum += waits[n++];
			crowd_add(&crowd, log, i);
		}
		assert_int_equal(edge->customers, crowd.n);
		assert_int_equal(edge->count, n);
		assert_true(n > 0 && edge->wait_sum_ms == sum);
		assert_true(fabs(edge->wait_p50_ms - plain_quantile(waits, n, 0.5)) < 1e-6);
		assert_true(fabs(edge->wait_p90_ms - plain_quantile(waits, n, 0.9)) < 1e-6);
		assert_true((double)edge->wait_min_ms == plain_quantile(waits, n, 0));
		assert_true((double)edge->wait_max_ms == plain_quantile(waits, n, 1));
		arcs += n;
		assert_true(e == 0 || journeys->edges[e - 1].count >= edge->count);
	}
	assert_int_equal(arcs, journeys->arcs);
}

static bool same_course(const struct model *model, const struct log *log, size_t a, size_t b)
{
	uint32_t of_a = model->journey[a], of_b = model->journey[b];
	for (;; a++, b++) {
		bool a_on = a < model->n && model->journey[a] == of_a, b_on = b < model->n && model->journey[b] == of_b;
		if (!a_on || !b_on)
			return a_on == b_on;
		if (log->activities[model->order[a]] != log->activities[model->order[b]])
			return false;
	}
}

/* Every journey of the model finds exactly one variant, with as many journeys as the model has of that course. */
static void check_variants(const struct journeys *journeys, const struct model *model, const struct log *log)
{
	size_t starts[MODEL_EVENTS_MAX], n = 0, different = 0;
	uint64_t sum = 0;
	for (size_t k = 0; k < model->n; k++)
		if (k == 0 || model->journey[k] != model->journey[k - 1])
			starts[n++] = k;
	for (size_t a = 0; a < n; a++) {
		size_t count = 0, first = a, found = 0, length = 1;
		struct crowd crowd = {.n = 0};
		for (size_t b = 0; b < n; b++)
			if (same_course(model, log, starts[a], starts[b])) {
				count++;
				first = b < first ? b : first;
				crowd_add(&crowd, log, model->order[starts[b]]);
			}
		different += first == a;
		while (starts[a] + length < model->n && model->journey[starts[a] + length] == model->journey[starts[a]])
			length++;
		for (size_t v = 0; v < journeys->variants_n; v++) {
			const struct journey_variant *variant = &journeys->variants[v];
			bool same = variant->steps_n == length;
			for (size_t k = 0; same && k < length; k++)
				same = journeys->steps[variant->steps_at + k] == log->activities[model->order[starts[a] + k]];
			found += same;
			if (same) {
				assert_int_equal(variant->count, count);
				assert_int_equal(variant->customers, crowd.n);
			}
		}
		assert_int_equal(found, 1);
	}
	for (size_t v = 0; v < journeys->variants_n; v++)
		sum += journeys->variants[v].count;
	assert_int_equal(different, journeys->variants_n);
	assert_int_equal(sum, journeys->cases);
}

static void check_activities(const struct journeys *journeys, const struct model *model, const struct log *log)
{
	static struct crowd all[MODEL_ACTIVITIES_MAX], twice[MODEL_ACTIVITIES_MAX], first[MODEL_ACTIVITIES_MAX],
		final[MODEL_ACTIVITIES_MAX], gone[MODEL_ACTIVITIES_MAX], everybody[1], there[1];
	struct crowd *const crowds[] = {all, twice, first, final, gone, everybody, there};
	struct journey_activity plain[MODEL_ACTIVITIES_MAX] = {{0}};
	uint64_t repeated = 0, reached = 0;
	for (size_t c = 0; c < sizeof crowds / sizeof *crowds; c++)
		for (size_t a = 0; a < (c < 5 ? MODEL_ACTIVITIES_MAX : 1); a++)
			crowds[c][a].n = 0;
	uint32_t goal = log->options.goal;
	for (size_t k = 0, end; k < model->n; k = end) {
		uint64_t times[MODEL_ACTIVITIES_MAX] = {0};
		bool again = false;
		for (end = k; end < model->n && model->journey[end] == model->journey[k]; end++)
			times[log->activities[model->order[end]]]++;
		uint32_t last = log->activities[model->order[end - 1]];
		bool got_there = goal != JOURNEYS_NO_ACTIVITY && times[goal];
		for (uint32_t a = 0; a < MODEL_ACTIVITIES_MAX; a++) {
			plain[a].events += times[a];
			plain[a].journeys += times[a] > 0;
			plain[a].repeated += times[a] > 1;
			again |= times[a] > 1;
			if (times[a] > 0)
				crowd_add(&all[a], log, model->order[k]);
			if (times[a] > 1)
				crowd_add(&twice[a], log, model->order[k]);
		}
		crowd_add(everybody, log, model->order[k]);
		if (got_there)
			crowd_add(there, log, model->order[k]);
		crowd_add(&first[log->activities[model->order[k]]], log, model->order[k]);
		crowd_add(&final[last], log, model->order[k]);
		if (goal != JOURNEYS_NO_ACTIVITY && !got_there)
			crowd_add(&gone[last], log, model->order[k]);
		plain[log->activities[model->order[k]]].starts++;
		plain[last].ends++;
		plain[last].dropped += goal != JOURNEYS_NO_ACTIVITY && !got_there;
		repeated += again;
		reached += got_there;
	}
	assert_int_equal(repeated, journeys->repeated);
	assert_int_equal(reached, journeys->reached);
	assert_int_equal(everybody->n, journeys->customers);
	assert_int_equal(there->n, journeys->customers_reached);
	for (uint32_t a = 0; a < MODEL_ACTIVITIES_MAX && a < journeys->by_activity_n; a++) {
		plain[a].customers = (struct journey_people){all[a].n, twice[a].n, first[a].n, final[a].n, gone[a].n};
		struct journey_activity got = journeys->by_activity[a];
		assert_memory_equal(&plain[a], &got, offsetof(struct journey_activity, customers));
		assert_memory_equal(&plain[a].customers, &got.customers, sizeof got.customers);
	}
}

static void random_logs_give_what_the_plain_model_gives(void **state)
{
	(void)state;
	const char *given = getenv("ATTUNE_SEED");
	seed = given ? strtoull(given, NULL, 10) : clock_monotonic_ns();
	print_message("seed %llu (ATTUNE_SEED repeats it)\n", (unsigned long long)seed);
	for (int round = 0; round < MODEL_ROUNDS; round++) {
		static struct log log;
		static struct model model;
		struct journeys journeys;
		random_log(&log);
		model_make(&model, &log);
		assert_int_equal(journeys_mine(&journeys, &log.columns, &log.options), 0);
		assert_int_equal(journeys.cases, model.journeys_n);
		assert_int_equal(journeys.events, model.n);
		check_edges(&journeys, &model, &log);
		check_variants(&journeys, &model, &log);
		check_activities(&journeys, &model, &log);
		journeys_free(&journeys);
	}
}

static void many_parts_give_what_one_case_after_the_other_gives(void **state)
{
	(void)state;
	enum { CASES = 40000, STEPS = 8 };
	size_t n = (size_t)CASES * STEPS;
	uint32_t *cases = memory_alloc(n * sizeof *cases), *activities = memory_alloc(n * sizeof *activities);
	int64_t *times = memory_alloc(n * sizeof *times);
	for (size_t i = 0; i < n; i++) { /* Step by step over all cases, each second case backwards in time. */
		uint32_t customer = (uint32_t)(i % CASES), step = (uint32_t)(i / CASES);
		cases[i] = (customer * 7919u) % CASES;
		activities[i] = step;
		times[i] = cases[i] % 2 ? -(int64_t)step * 1000 : (int64_t)step * 1000;
	}
	struct journeys_columns columns = {.cases = cases, .activities = activities, .times_ms = times, .n = n, .cases_n = CASES,
	                                   .activities_n = STEPS};
	struct journeys_options options = {.goal = JOURNEYS_NO_ACTIVITY};
	struct journeys journeys;
	assert_int_equal(journeys_mine(&journeys, &columns, &options), 0);
	assert_int_equal(journeys.variants_n, 2);
	assert_int_equal(journeys.variants[0].count, CASES / 2);
	assert_int_equal(journeys.variants[1].count, CASES / 2);
	assert_int_equal(journeys.edges_n, 2 * (STEPS - 1));
	for (size_t e = 0; e < journeys.edges_n; e++) {
		assert_int_equal(journeys.edges[e].count, CASES / 2);
		assert_true(journeys.edges[e].wait_p50_ms == 1000 && journeys.edges[e].wait_p90_ms == 1000);
	}
	journeys_free(&journeys);
	memory_free(cases);
	memory_free(activities);
	memory_free(times);
}

static void numbers_beyond_their_bound_are_refused_and_extremes_do_not_overflow(void **state)
{
	(void)state;
	uint32_t cases[] = {0, 0, 0}, activities[] = {0, 1, 1};
	int64_t times[] = {INT64_MIN, INT64_MAX, INT64_MAX};
	struct journeys_columns columns = {.cases = cases, .activities = activities, .times_ms = times, .n = 3, .cases_n = 1,
	                                   .activities_n = 2};
	struct journeys_options options = {.goal = JOURNEYS_NO_ACTIVITY};
	struct journeys journeys;
	assert_int_equal(journeys_mine(&journeys, &columns, &options), 0);
	assert_true(journeys.edges[0].wait_max_ms == INT64_MAX);
	journeys_free(&journeys);
	columns.activities_n = 1;
	assert_int_equal(journeys_mine(&journeys, &columns, &options), ERROR_INVALID);
	columns.activities_n = 2;
	columns.cases_n = 0;
	assert_int_equal(journeys_mine(&journeys, &columns, &options), ERROR_INVALID);
	columns.cases_n = 1;
	options.goal = 2;
	assert_int_equal(journeys_mine(&journeys, &columns, &options), ERROR_INVALID);
	options.goal = JOURNEYS_NO_ACTIVITY;
	columns.n = 0;
	assert_int_equal(journeys_mine(&journeys, &columns, &options), 0);
	assert_int_equal(journeys.cases, 0);
	journeys_free(&journeys);
	columns.n = 3;
	bool done = false;
	for (uint64_t nth = 1; !done; nth++) {
		memory_fail_at(nth);
		int error = journeys_mine(&journeys, &columns, &options);
		done = memory_count() < nth;
		memory_fail_at(0);
		assert_int_equal(error, done ? 0 : ERROR_MEMORY);
	}
	journeys_free(&journeys);
}

static void a_property_parts_the_events_of_a_customer(void **state)
{
	(void)state;
	uint32_t customers[] = {4, 4, 9, 4, 9}, orders[] = {1, 2, 1, 1, 1}, cases[5], n;
	assert_int_equal(journeys_split_cases(cases, &n, customers, orders, 5), 0);
	assert_int_equal(n, 3);
	uint32_t wanted[] = {0, 1, 2, 0, 2};
	assert_memory_equal(cases, wanted, sizeof wanted);
	customers[3] = UINT32_MAX;
	assert_int_equal(journeys_split_cases(cases, &n, customers, orders, 5), ERROR_INVALID);
}

static void told(void *arg, const struct journey *journey)
{
	uint32_t *seen = arg;
	seen[journey->customer] += journey->steps_n;
	assert_true(journey->steps[0] == 7 && journey->hash_low != 0);
	seen[10] += journey->reached;
}

static void orders_of_one_customer_count_as_one_customer(void **state)
{
	(void)state;
	/* Customer 9's orders stand around customer 4's; both went from 7 to 8 twice. */
	uint32_t customers[] = {9, 4, 9, 4, 9, 4, 9, 4}, orders[] = {1, 1, 1, 1, 2, 2, 2, 2}, steps[] = {7, 7, 8, 8, 7, 7, 8, 8};
	int64_t times[] = {1, 2, 3, 4, 5, 6, 7, 8};
	uint32_t cases[8], owners[8], n, seen[11] = {0};
	assert_int_equal(journeys_split_cases(cases, &n, customers, orders, 8), 0);
	assert_int_equal(n, 4);
	assert_int_equal(journeys_order_parts(cases, owners, n, customers, 10, 8), 0);
	uint32_t wanted[] = {2, 0, 2, 0, 3, 1, 3, 1}, wanted_owners[] = {4, 4, 9, 9};
	assert_memory_equal(cases, wanted, sizeof wanted);
	assert_memory_equal(owners, wanted_owners, sizeof wanted_owners);
	struct journeys_columns columns = {.cases = cases, .activities = steps, .times_ms = times, .n = 8, .cases_n = n, .activities_n = 9,
	                                   .customers = owners};
	struct journeys_options options = {.goal = 8, .each = told, .each_arg = seen};
	struct journeys journeys;
	assert_int_equal(journeys_mine(&journeys, &columns, &options), 0);
	assert_int_equal(journeys.cases, 4);
	assert_int_equal(journeys.customers, 2);
	assert_int_equal(journeys.customers_reached, 2);
	assert_int_equal(journeys.edges[0].count, 4);
	assert_int_equal(journeys.edges[0].customers, 2);
	assert_int_equal(journeys.variants[0].customers, 2);
	assert_int_equal(seen[4], 4);
	assert_int_equal(seen[9], 4);
	assert_int_equal(seen[10], 4);
	journeys_free(&journeys);
}

static void quantiles_are_exact_for_every_shape(void **state)
{
	(void)state;
	static int64_t values[MODEL_EVENTS_MAX], scratch[MODEL_EVENTS_MAX];
	static const double qs[] = {0, 0.1, 0.5, 0.9, 0.99, 1};
	for (int round = 0; round < 3000; round++) {
		size_t n = 1 + next_random(MODEL_EVENTS_MAX - 1);
		uint64_t bits = next_random(50);
		for (size_t i = 0; i < n; i++)
			values[i] = (int64_t)(next_random((uint64_t)1 << (1 + next_random(bits + 1)))) - (round % 3 ? 0 : 1000);
		for (size_t i = 0; i < sizeof qs / sizeof *qs; i++)
			assert_true(fabs(quantile_of(values, n, qs[i], scratch) - plain_quantile(values, n, qs[i])) <= 1e-3);
	}
	assert_true(quantile_of(values, 0, 0.5, scratch) == 0);
}

static void shares_have_wilsons_interval(void **state)
{
	(void)state;
	struct share share = share_of(10, 100); /* Newcombe, Statistics in Medicine 17 (1998): .0552 to .1744. */
	assert_true(fabs(share.low - 0.05523) < 5e-5 && fabs(share.high - 0.17437) < 5e-5);
	share = share_of(0, 20); /* The same: 0 to .1611. */
	assert_true(share.low == 0 && fabs(share.high - 0.1611) < 5e-5);
	share = share_of(0, 0);
	assert_true(share.low == 0 && share.high == 1);
}

/* A real log in columns. */
struct real {
	struct names cases, activities;
	uint32_t *case_column, *activity_column;
	int64_t *time_column;
	size_t n, capacity[3];
	struct journeys journeys;
};

static int take_row(void *context, const struct event_row *row)
{
	struct real *real = context;
	assert_int_equal(memory_grow(&real->case_column, &real->capacity[0], real->n + 1, sizeof *real->case_column), 0);
	assert_int_equal(memory_grow(&real->activity_column, &real->capacity[1], real->n + 1, sizeof *real->activity_column), 0);
	assert_int_equal(memory_grow(&real->time_column, &real->capacity[2], real->n + 1, sizeof *real->time_column), 0);
	assert_int_equal(names_add(&real->cases, row->case_id, &real->case_column[real->n]), 0);
	assert_int_equal(names_add(&real->activities, row->activity, &real->activity_column[real->n]), 0);
	real->time_column[real->n++] = row->time_ms;
	return 0;
}

/* Skips the test by name when the data is not there. */
static void real_open(struct real *real, const char *name)
{
	char path[4096];
	const char *base = getenv("ATTUNE_DATA");
	struct event_file *file;
	struct event_sink sink = {.context = real, .row = take_row};
	snprintf(path, sizeof path, "%s/measure/%s", base ? base : ATTUNE_SOURCE "/../shared/data", name);
	if (access(path, R_OK) != 0) {
		print_message("skipped: %s is not there\n", path);
		skip();
	}
	*real = (struct real){0};
	names_init(&real->cases, 1 << 20, 1 << 28);
	names_init(&real->activities, 1 << 20, 1 << 28);
	assert_int_equal(event_file_open(&file, path, NULL), 0);
	assert_int_equal(event_file_read(file, &sink), 0);
	assert_int_equal(event_file_rejected(file), 0);
	event_file_close(file);
	struct journeys_columns columns = {.cases = real->case_column, .activities = real->activity_column,
	                                   .times_ms = real->time_column, .n = real->n, .cases_n = real->cases.n,
	                                   .activities_n = real->activities.n};
	struct journeys_options options = {.goal = JOURNEYS_NO_ACTIVITY};
	assert_int_equal(journeys_mine(&real->journeys, &columns, &options), 0);
}

static void real_close(struct real *real)
{
	journeys_free(&real->journeys);
	names_free(&real->cases);
	names_free(&real->activities);
	memory_free(real->case_column);
	memory_free(real->activity_column);
	memory_free(real->time_column);
}

struct counts {
	uint64_t cases, events, activities, edges, arcs, variants, self_arcs, repeated, top, covering, starts, ends, longest;
};

static void expect_counts(const char *name, struct counts wanted)
{
	struct real real;
	real_open(&real, name);
	const struct journeys *found = &real.journeys;
	struct counts counts = {found->cases, found->events, found->activities, found->edges_n, found->arcs, found->variants_n,
	                        found->self_arcs, found->repeated, found->variants[0].count,
	                        journeys_variants_covering(found, 0.8), found->starts, found->ends, found->steps_max};
	assert_memory_equal(&counts, &wanted, sizeof counts);
	real_close(&real);
}

static void running_example_has_the_published_counts(void **state)
{
	(void)state;
	struct counts wanted = {6, 42, 8, 16, 36, 6, 0, 2, 1, 5, 1, 2, 13};
	expect_counts("running-example/running-example.xes", wanted);
	expect_counts("running-example/running-example.csv", wanted);
}

static void receipt_has_the_published_counts(void **state)
{
	(void)state;
	struct counts wanted = {1434, 8577, 27, 99, 7143, 116, 6, 91, 713, 6, 1, 14, 25};
	expect_counts("receipt/08_receipt.xes.gz", wanted);
	expect_counts("receipt/receipt.csv", wanted);
}

static void bpic2012_has_the_published_counts(void **state)
{
	(void)state;
	expect_counts("bpic2012/bpic2012.xes.gz",
	              (struct counts){13087, 262200, 24, 125, 249113, 4366, 105776, 9658, 3429, 1749, 1, 11, 175});
}

static void helpdesk_has_the_published_counts(void **state)
{
	(void)state;
	expect_counts("helpdesk/helpdesk.xes.gz",
	              (struct counts){4580, 21348, 14, 55, 16768, 226, 944, 1240, 2366, 7, 6, 6, 15});
}

static const struct journey_edge *edge_of(const struct real *real, const char *from, const char *to)
{
	for (size_t i = 0; i < real->journeys.edges_n; i++) {
		const struct journey_edge *edge = &real->journeys.edges[i];
		if (text_starts(names_text(&real->activities, edge->from), text_of(from)) &&
		    text_starts(names_text(&real->activities, edge->to), text_of(to)))
			return edge;
	}
	fail_msg("there is no edge %s > %s", from, to);
	return NULL;
}

static uint64_t repeated_of(const struct real *real, const char *name)
{
	for (uint32_t i = 0; i < real->activities.n; i++)
		if (text_starts(names_text(&real->activities, i), text_of(name)))
			return real->journeys.by_activity[i].repeated;
	fail_msg("there is no activity %s", name);
	return 0;
}

static bool near(double value, double wanted, double half_digit)
{
	return fabs(value - wanted) <= half_digit;
}

static double share_of_ten(const struct real *real)
{
	uint64_t ten = 0;
	for (size_t i = 0; i < 10; i++)
		ten += real->journeys.variants[i].count;
	return (double)ten / (double)real->journeys.cases;
}

static void receipt_waits_longest_before_the_advice(void **state)
{
	(void)state;
	struct real real;
	real_open(&real, "receipt/08_receipt.xes.gz");
	const struct journey_edge *edge = edge_of(&real, "T05", "T06");
	assert_int_equal(edge->count, 791);
	assert_true(near((double)edge->wait_sum_ms / MS_A_DAY, 2422.1, 0.05));
	for (size_t i = 0; i < real.journeys.edges_n; i++)
		assert_true(real.journeys.edges[i].wait_sum_ms <= edge->wait_sum_ms);
	assert_true(near(real.journeys.duration_mean_ms / MS_AN_HOUR, 129.796, 0.0005));
	/* The two cases in the middle take .7779 and .8158 h; where .816 is quoted, the upper one was taken. */
	assert_true(near(real.journeys.duration_p50_ms / MS_AN_HOUR, (0.7778980 + 0.8157597) / 2, 1e-6));
	assert_int_equal(repeated_of(&real, "T06"), 59);
	assert_int_equal(repeated_of(&real, "T02"), 35);
	assert_true(near(share_of_ten(&real), 0.8787, 5e-5));
	real_close(&real);
}

static void bpic2012_waits_longest_for_calls_about_offers(void **state)
{
	(void)state;
	struct real real;
	real_open(&real, "bpic2012/bpic2012.xes.gz");
	const struct journey_edge *edge = edge_of(&real, "W_Nabellen offertes", "W_Nabellen offertes");
	assert_int_equal(edge->count, 36084);
	assert_true(near((double)edge->wait_sum_ms / MS_A_DAY, 56529.8, 0.05));
	assert_true(near((double)edge->wait_sum_ms / (double)edge->count / MS_AN_HOUR, 37.599, 0.0005));
	assert_int_equal(repeated_of(&real, "W_Completeren aanvraag"), 7367);
	assert_true(near(share_of_ten(&real), 0.4932, 5e-5));
	real_close(&real);
}

static void helpdesk_closes_by_rule_after_thirty_days(void **state)
{
	(void)state;
	struct real real;
	real_open(&real, "helpdesk/helpdesk.xes.gz");
	const struct journey_edge *edge = edge_of(&real, "Resolve", "Closed");
	assert_int_equal(edge->count, 4558);
	/* The two waits in the middle are 720.0194 and 720.0450 h; where 720.045 is quoted, the upper one was taken. */
	assert_true(near(edge->wait_p50_ms / MS_AN_HOUR, (720.0194444 + 720.045) / 2, 1e-6));
	assert_int_equal(repeated_of(&real, "Take in charge"), 623);
	assert_true(near(share_of_ten(&real), 0.8408, 5e-5));
	real_close(&real);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_logs_give_what_the_plain_model_gives),
		cmocka_unit_test(many_parts_give_what_one_case_after_the_other_gives),
		cmocka_unit_test(numbers_beyond_their_bound_are_refused_and_extremes_do_not_overflow),
		cmocka_unit_test(a_property_parts_the_events_of_a_customer),
		cmocka_unit_test(orders_of_one_customer_count_as_one_customer),
		cmocka_unit_test(quantiles_are_exact_for_every_shape),
		cmocka_unit_test(shares_have_wilsons_interval),
		cmocka_unit_test(running_example_has_the_published_counts),
		cmocka_unit_test(receipt_has_the_published_counts),
		cmocka_unit_test(bpic2012_has_the_published_counts),
		cmocka_unit_test(helpdesk_has_the_published_counts),
		cmocka_unit_test(receipt_waits_longest_before_the_advice),
		cmocka_unit_test(bpic2012_waits_longest_for_calls_about_offers),
		cmocka_unit_test(helpdesk_closes_by_rule_after_thirty_days),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
