/* next.c: blended counts of what follows what. */
#include "customize/next.h"

#include "customize/decay.h"

#include <assert.h>
#include <string.h>

/* Chosen on the even half of the customers of the evaluation logs; see docs/decide.md. */
const struct next_pace next_pace_default = {.half_life = {60, 1000, 600}, .doubt = {0, 0.5, 0.9}};

void next_init(struct next *state)
{
	memset(state, 0, sizeof *state);
	state->last1 = state->last2 = NEXT_NONE;
}

size_t next_bytes(const struct next *state)
{
	return sizeof *state + state->n * sizeof *state->entries;
}

static uint64_t key_of(uint16_t before2, uint16_t before1, uint16_t option)
{
	return (uint64_t)before2 << 32 | (uint64_t)before1 << 16 | option;
}

static unsigned order_of(const struct next_entry *entry)
{
	return entry->before1 == NEXT_NONE ? 0 : entry->before2 == NEXT_NONE ? 1 : 2;
}

/* The first entry whose key is not below @key. */
static uint32_t place_of(const struct next *state, uint64_t key)
{
	uint32_t low = 0, high = state->n;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct next_entry *entry = &state->entries[middle];
		if (key_of(entry->before2, entry->before1, entry->option) < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Move the origins on where a half-life has passed; what fades to nothing is dropped. */
static void fade(struct next *state, const struct next_pace *pace)
{
	uint32_t times[NEXT_ORDERS], any = 0;
	for (unsigned order = 0; order < NEXT_ORDERS; order++) {
		times[order] = decay_halvings(state->events - state->origin[order], pace->half_life[order]);
		state->origin[order] += times[order] * pace->half_life[order];
		any |= times[order];
	}
	if (!any)
		return;
	uint32_t kept = 0;
	for (uint32_t i = 0; i < state->n; i++) {
		struct next_entry entry = state->entries[i];
		entry.count = (uint16_t)decay_halved(entry.count, times[order_of(&entry)]);
		if (entry.count)
			state->entries[kept++] = entry;
	}
	state->n = kept;
}

/* Drop the least used eighth, the longest contexts first, so that room is made seldom. */
static void make_room(struct next *state)
{
	uint32_t drop = state->n / 8 + 3;
	for (int order = NEXT_ORDERS - 1; order >= 0 && drop; order--) {
		uint32_t histogram[256] = {0}, limit = 0, below = 0, kept = 0;
		for (uint32_t i = 0; i < state->n; i++)
			if ((int)order_of(&state->entries[i]) == order)
				histogram[state->entries[i].count < 255 ? state->entries[i].count : 255]++;
		while (limit < 255 && below + histogram[limit] < drop)
			below += histogram[limit++];
		uint32_t at_limit = drop - below;
		for (uint32_t i = 0; i < state->n; i++) {
			const struct next_entry entry = state->entries[i];
			uint32_t count = entry.count < 255 ? entry.count : 255;
			bool goes = (int)order_of(&entry) == order && drop &&
			            (count < limit || (count == limit && at_limit && at_limit--));
			if (goes)
				drop--;
			else
				state->entries[kept++] = entry;
		}
		state->n = kept;
	}
}

static void count_one(struct next *state, const struct next_pace *pace, struct next_entry entry)
{
	unsigned order = order_of(&entry);
	uint64_t key = key_of(entry.before2, entry.before1, entry.option);
	uint32_t weight = decay_weight(state->events - state->origin[order], pace->half_life[order]);
	uint32_t place = place_of(state, key), count = (weight + 0x8000) >> 16;
	struct next_entry *at = &state->entries[place];
	if (place < state->n && key_of(at->before2, at->before1, at->option) == key) {
		at->count = (uint16_t)(at->count + count > 0xffff ? 0xffff : at->count + count);
		return;
	}
	memmove(at + 1, at, (state->n - place) * sizeof *at);
	*at = entry;
	at->count = (uint16_t)count;
	state->n++;
}

void next_learn(struct next *state, const struct next_pace *pace, uint16_t option, size_t bytes_max)
{
	assert(option != NEXT_NONE && bytes_max >= NEXT_BYTES_LEAST);
	fade(state, pace);
	while (next_bytes(state) + NEXT_GROWTH_BYTES > bytes_max)
		make_room(state);
	count_one(state, pace, (struct next_entry){NEXT_NONE, NEXT_NONE, option, 0});
	if (state->last1 != NEXT_NONE)
		count_one(state, pace, (struct next_entry){NEXT_NONE, state->last1, option, 0});
	if (state->last2 != NEXT_NONE)
		count_one(state, pace, (struct next_entry){state->last2, state->last1, option, 0});
	state->last2 = state->last1;
	state->last1 = option;
	state->events++;
}

/* One context's turn: what followed it takes its share, the shorter contexts keep the rest. */
static void blend(const struct next *state, const struct next_pace *pace, struct next_entry context, double *scores, size_t n)
{
	unsigned order = order_of(&context);
	uint32_t from = place_of(state, key_of(context.before2, context.before1, 0)), to = from;
	double sum = 0;
	for (; to < state->n && state->entries[to].before2 == context.before2 && state->entries[to].before1 == context.before1; to++)
		sum += state->entries[to].count;
	if (sum <= 0)
		return;
	double one = decay_weight(state->events - state->origin[order], pace->half_life[order]) / 65536.0;
	double doubt = order ? pace->doubt[order] * (to - from) * one : 0;
	double share = sum / (sum + doubt);
	for (size_t i = 0; i < n; i++)
		scores[i] *= 1 - share;
	for (uint32_t i = from; i < to; i++)
		if (state->entries[i].option < n)
			scores[state->entries[i].option] += share * state->entries[i].count / sum;
}

void next_score(const struct next *state, const struct next_pace *pace, double *scores, size_t n)
{
	for (size_t i = 0; i < n; i++)
		scores[i] = 0;
	blend(state, pace, (struct next_entry){NEXT_NONE, NEXT_NONE, 0, 0}, scores, n);
	if (state->last1 != NEXT_NONE)
		blend(state, pace, (struct next_entry){NEXT_NONE, state->last1, 0, 0}, scores, n);
	if (state->last2 != NEXT_NONE)
		blend(state, pace, (struct next_entry){state->last2, state->last1, 0, 0}, scores, n);
}

size_t next_best(const double *scores, size_t n, const bool *skip, uint16_t *best, size_t k)
{
	size_t found = 0;
	for (size_t i = 0; i < n; i++) {
		if (scores[i] <= 0 || (skip && skip[i]))
			continue;
		size_t at = found;
		while (at && scores[best[at - 1]] < scores[i])
			at--;
		if (at >= k)
			continue;
		if (found < k)
			found++;
		memmove(best + at + 1, best + at, (found - at - 1) * sizeof *best);
		best[at] = (uint16_t)i;
	}
	return found;
}
