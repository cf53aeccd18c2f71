/* decay.c: integer powers of two between whole ones. */
#include "customize/decay.h"

#include <assert.h>

enum { POINTS = 32 };

/* 65536 * 2^(i / 32). */
static const uint32_t powers[POINTS + 1] = {
	65536, 66971, 68438, 69936, 71468, 73032, 74632, 76266, 77936, 79642, 81386,
	83169, 84990, 86851, 88752, 90696, 92682, 94711, 96785, 98905, 101070, 103283,
	105545, 107856, 110218, 112631, 115098, 117618, 120194, 122825, 125515, 128263, 131072,
};

uint32_t decay_weight(uint32_t elapsed, uint32_t half_life)
{
	assert(half_life >= 1);
	if (elapsed >= half_life)
		return powers[POINTS] * DECAY_ONE;
	uint64_t place = ((uint64_t)elapsed * POINTS << 16) / half_life;
	uint32_t at = (uint32_t)(place >> 16), part = (uint32_t)(place & 0xffff);
	uint64_t step = powers[at + 1] - powers[at];
	return (powers[at] + (uint32_t)(step * part >> 16)) * DECAY_ONE;
}

uint32_t decay_halvings(uint32_t elapsed, uint32_t half_life)
{
	assert(half_life >= 1);
	return elapsed / half_life;
}

uint32_t decay_halved(uint32_t sum, uint32_t times)
{
	if (times > 31)
		return 0;
	return times ? (uint32_t)(((uint64_t)sum + (1ull << (times - 1))) >> times) : sum;
}

double decay_count(uint32_t sum, uint32_t one, uint32_t elapsed, uint32_t half_life)
{
	double weight = decay_weight(elapsed % half_life, half_life) / (65536.0 * DECAY_ONE) * one;
	for (uint32_t times = decay_halvings(elapsed, half_life); times && weight < 1e18; times--)
		weight *= 2;
	return sum / weight;
}
