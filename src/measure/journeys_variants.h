/*
 * journeys_variants.h: journeys counted by their course of activities. Private to journeys.
 *
 * Two courses are one when their 128-bit hashes are: among 2^32 courses the chance of any mistake is below 1e-19.
 */
#ifndef ATTUNE_MEASURE_JOURNEYS_VARIANTS_H
#define ATTUNE_MEASURE_JOURNEYS_VARIANTS_H

#include "measure/journeys.h"

struct journey_variants {
	struct journey_variant *items;
	size_t n, capacity;
	uint64_t *slots;     /* Upper half: hash; lower half: index plus one. */
	size_t slots_n;
	uint32_t *steps;
	size_t steps_n, steps_capacity;
};

void journey_variants_free(struct journey_variants *variants);

/* Make room for @n more variants with @steps_n steps in all, so that journey_variants_add cannot fail. */
int journey_variants_reserve(struct journey_variants *variants, size_t n, size_t steps_n) MUST_CHECK;

/* Count a journey with these @steps; returns the index of its variant. */
uint32_t journey_variants_add(struct journey_variants *variants, const uint32_t *steps, uint32_t steps_n,
                              uint32_t case_number, int64_t start_ms);

#endif
