/* fold.c: the states of one customer, packed and unpacked. */
#include "engine/fold.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>
#include <xxhash.h>

uint64_t fold_table_mark(const struct fold_table *table)
{
	uint64_t mark = table->n;
	for (size_t i = 0; i < table->n; i++) {
		mark = XXH3_64bits_withSeed(table->folds[i]->name, strlen(table->folds[i]->name), mark);
		mark = XXH3_64bits_withSeed(&table->folds[i]->version, sizeof table->folds[i]->version, mark);
	}
	return mark;
}

static uint16_t length_of(struct text states, size_t index)
{
	uint16_t length;
	memcpy(&length, states.p + index * sizeof length, sizeof length);
	return length;
}

struct text fold_states_get(struct text states, size_t folds_n, size_t index)
{
	size_t at = folds_n * sizeof(uint16_t);
	if (states.n < at)
		return (struct text){0};
	for (size_t i = 0; i < index; i++)
		at += length_of(states, i);
	size_t length = length_of(states, index);
	assert(at + length <= states.n);
	return (struct text){states.p + at, length};
}

int fold_scratch_init(struct fold_scratch *scratch, const struct fold_table *table)
{
	size_t total = 0;
	assert(table->n <= FOLDS_MAX);
	for (size_t i = 0; i < table->n; i++) {
		assert(table->folds[i]->bytes_max <= FOLD_STATE_BYTES_MAX);
		assert(!table->folds[i]->summarises || (table->folds[i]->merge && !table->folds[i]->ordered && !table->folds[i]->purposes));
		total += (table->folds[i]->bytes_max + 15) & ~(size_t)15;
	}
	scratch->bytes = memory_alloc(total + 16);
	if (!scratch->bytes)
		return ERROR_MEMORY;
	uint8_t *p = scratch->bytes;
	for (size_t i = 0; i < table->n; i++) {
		scratch->states[i] = (struct fold_state){.p = p, .capacity = table->folds[i]->bytes_max};
		p += (table->folds[i]->bytes_max + 15) & ~(size_t)15;
	}
	return 0;
}

void fold_scratch_free(struct fold_scratch *scratch)
{
	memory_free(scratch->bytes);
	scratch->bytes = NULL;
}

void fold_scratch_load(struct fold_scratch *scratch, const struct fold_table *table, struct text states)
{
	size_t at = table->n * sizeof(uint16_t);
	for (size_t i = 0; i < table->n; i++) {
		struct fold_state *state = &scratch->states[i];
		state->n = states.n < table->n * sizeof(uint16_t) ? 0 : length_of(states, i);
		assert(state->n <= state->capacity);
		if (state->n)
			memcpy(state->p, states.p + at, state->n);
		at += state->n;
	}
}

size_t fold_scratch_bytes(const struct fold_scratch *scratch, const struct fold_table *table)
{
	size_t total = table->n * sizeof(uint16_t);
	for (size_t i = 0; i < table->n; i++)
		total += scratch->states[i].n;
	return total;
}

void fold_scratch_store(const struct fold_scratch *scratch, const struct fold_table *table, uint8_t *out)
{
	uint8_t *p = out + table->n * sizeof(uint16_t);
	for (size_t i = 0; i < table->n; i++) {
		const struct fold_state *state = &scratch->states[i];
		uint16_t length = (uint16_t)state->n;
		assert(state->n <= state->capacity && state->n <= UINT16_MAX);
		memcpy(out + i * sizeof length, &length, sizeof length);
		if (state->n)
			memcpy(p, state->p, state->n);
		p += state->n;
	}
}

size_t fold_table_index(const struct fold_table *table, const struct fold *fold)
{
	size_t i = 0;
	while (i < table->n && table->folds[i] != fold)
		i++;
	assert(i < table->n);
	return i;
}
