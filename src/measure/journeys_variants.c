/* journeys_variants.c: the table of variants. */
#include "measure/journeys_variants.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>
#include <xxhash.h>

enum { SLOTS_FIRST = 1024 };
static const uint64_t index_mask = 0xffffffffu;

void journey_variants_free(struct journey_variants *variants)
{
	memory_free(variants->items);
	memory_free(variants->slots);
	memory_free(variants->steps);
	*variants = (struct journey_variants){0};
}

static int slots_grow(struct journey_variants *variants, size_t n)
{
	size_t slots_n = variants->slots_n ? variants->slots_n : SLOTS_FIRST;
	while (slots_n < n + n / 2)
		slots_n *= 2;
	if (slots_n == variants->slots_n)
		return 0;
	uint64_t *slots = memory_zero_alloc(slots_n, sizeof *slots);
	if (!slots)
		return ERROR_MEMORY;
	for (size_t i = 0; i < variants->n; i++) {
		uint64_t low = variants->items[i].hash_low;
		size_t at = (size_t)low & (slots_n - 1);
		while (slots[at])
			at = (at + 1) & (slots_n - 1);
		slots[at] = (low & ~index_mask) | (i + 1);
	}
	memory_free(variants->slots);
	variants->slots = slots;
	variants->slots_n = slots_n;
	return 0;
}

int journey_variants_reserve(struct journey_variants *variants, size_t n, size_t steps_n)
{
	int error = memory_grow(&variants->items, &variants->capacity, variants->n + n, sizeof *variants->items);
	if (!error)
		error = memory_grow(&variants->steps, &variants->steps_capacity, variants->steps_n + steps_n,
		                    sizeof *variants->steps);
	return error ? error : slots_grow(variants, variants->n + n);
}

uint32_t journey_variants_add(struct journey_variants *variants, const uint32_t *steps, uint32_t steps_n,
                              uint32_t case_number, int64_t start_ms)
{
	XXH128_hash_t hash = XXH3_128bits(steps, (size_t)steps_n * sizeof *steps);
	size_t mask = variants->slots_n - 1, at = (size_t)hash.low64 & mask;
	for (; variants->slots[at]; at = (at + 1) & mask) {
		if ((variants->slots[at] ^ hash.low64) & ~index_mask)
			continue;
		uint32_t index = (uint32_t)(variants->slots[at] & index_mask) - 1;
		struct journey_variant *variant = &variants->items[index];
		if (variant->hash_low == hash.low64 && variant->hash_high == hash.high64) {
			variant->count++;
			return index;
		}
	}
	assert(variants->n < variants->capacity && variants->steps_n + steps_n <= variants->steps_capacity);
	memcpy(variants->steps + variants->steps_n, steps, (size_t)steps_n * sizeof *steps);
	variants->items[variants->n] = (struct journey_variant){
		.hash_low = hash.low64, .hash_high = hash.high64, .count = 1, .steps_at = variants->steps_n, .steps_n = steps_n,
		.exemplar_case = case_number, .exemplar_start_ms = start_ms};
	variants->steps_n += steps_n;
	variants->slots[at] = (hash.low64 & ~index_mask) | ++variants->n;
	return (uint32_t)(variants->n - 1);
}
