/*
 * bench/journeys.c: how fast the miner is on one core, grouping included, beside a plain pass over the same memory.
 *
 * The events are synthetic: customers walk through 48 activities with a preference for a few courses, all customers
 * interleaved as they would arrive. The anchor reads the same three columns once and adds them up.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "measure/journeys.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { EVENTS = 20 * 1000 * 1000, CASES = 2 * 1000 * 1000, ACTIVITIES = 48, ROUNDS = 3 };

static uint64_t seed = 20260503;

static uint64_t next_random(void)
{
	seed += 0x9e3779b97f4a7c15u;
	uint64_t z = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

struct log {
	uint32_t *cases;
	uint16_t *activities;
	int64_t *times_ms;
};

/* Most steps follow the customer's course, some wander off. */
static void fill(struct log *log, uint8_t *progress)
{
	int64_t now_ms = 1700000000000;
	for (size_t i = 0; i < EVENTS; i++) {
		uint64_t random = next_random();
		uint32_t customer = (uint32_t)((random >> 32) * CASES >> 32);
		uint32_t course = customer % 7, step = progress[customer]++;
		bool wanders = (random & 63) < 3;
		now_ms += (int64_t)(random >> 6 & 127);
		log->cases[i] = customer;
		log->activities[i] = (uint16_t)(wanders ? (random >> 16) % ACTIVITIES : (course * 5 + step * (1 + course % 3)) % ACTIVITIES);
		log->times_ms[i] = now_ms;
	}
}

static double seconds_since(uint64_t start_ns)
{
	return (double)(clock_monotonic_ns() - start_ns) / 1e9;
}

static double pass_once(const struct log *log)
{
	uint64_t start_ns = clock_monotonic_ns(), sum = 0;
	for (size_t i = 0; i < EVENTS; i++)
		sum += log->cases[i] + log->activities[i] + (uint64_t)log->times_ms[i];
	double seconds = seconds_since(start_ns);
	__asm__ volatile("" : : "r"(sum));
	return seconds;
}

int main(void)
{
	struct log log = {memory_alloc(EVENTS * sizeof(uint32_t)), memory_alloc(EVENTS * sizeof(uint16_t)),
	                  memory_alloc(EVENTS * sizeof(int64_t))};
	uint8_t *progress = memory_zero_alloc(CASES, 1);
	if (!log.cases || !log.activities || !log.times_ms || !progress)
		return 1;
	fill(&log, progress);
	struct journeys_columns columns = {.cases = log.cases, .activities_short = log.activities, .times_ms = log.times_ms,
	                                   .n = EVENTS, .cases_n = CASES, .activities_n = ACTIVITIES};
	struct journeys_options options = {.goal = JOURNEYS_NO_ACTIVITY};
	double mine_best = INFINITY, pass_best = INFINITY;
	printf("%-8s %14s %14s %12s %12s\n", "round", "miner M ev/s", "anchor M ev/s", "variants", "edges");
	for (int round = 1; round <= ROUNDS; round++) {
		struct journeys journeys;
		double pass = pass_once(&log);
		uint64_t start_ns = clock_monotonic_ns();
		if (journeys_mine(&journeys, &columns, &options) != 0)
			return 1;
		double mine = seconds_since(start_ns);
		printf("%-8d %14.1f %14.1f %12zu %12zu\n", round, EVENTS / mine / 1e6, EVENTS / pass / 1e6, journeys.variants_n,
		       journeys.edges_n);
		mine_best = mine < mine_best ? mine : mine_best;
		pass_best = pass < pass_best ? pass : pass_best;
		journeys_free(&journeys);
	}
	memory_free(log.cases);
	memory_free(log.activities);
	memory_free(log.times_ms);
	memory_free(progress);
	printf("journeys: %.1f M events/s (ratio %.3f to one pass over the columns)\n", EVENTS / mine_best / 1e6,
	       pass_best / mine_best);
	return 0;
}
