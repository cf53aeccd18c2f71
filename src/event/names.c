/* names.c: the dictionary of names. */
#include "event/names.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>
#include <xxhash.h>

enum { SLOTS_FIRST = 64 };

void names_init(struct names *names, uint32_t n_max, uint64_t bytes_max)
{
	assert(n_max <= NAMES_MAX);
	*names = (struct names){.n_max = n_max, .bytes_max = bytes_max};
}

void names_free(struct names *names)
{
	memory_free(names->slots);
	memory_free(names->hashes);
	memory_free(names->starts);
	memory_free(names->bytes);
	names_init(names, names->n_max, names->bytes_max);
}

static uint32_t hash_of(struct text name)
{
	return (uint32_t)XXH3_64bits(name.n ? name.p : "", name.n);
}

struct text names_text(const struct names *names, uint32_t number)
{
	assert(number < names->n);
	return (struct text){names->bytes + names->starts[number],
	                     (size_t)(names->starts[number + 1] - names->starts[number])};
}

/* The slot that holds @name, or the free one where it belongs. */
static size_t slot_of(const struct names *names, struct text name, uint32_t hash)
{
	size_t mask = names->slots_n - 1, at = hash & mask;
	for (; names->slots[at]; at = (at + 1) & mask) {
		uint32_t number = names->slots[at] - 1;
		if (names->hashes[number] == hash && text_equal(names_text(names, number), name))
			break;
	}
	return at;
}

bool names_find(const struct names *names, struct text name, uint32_t *number)
{
	if (!names->n)
		return false;
	uint32_t slot = names->slots[slot_of(names, name, hash_of(name))];
	if (slot)
		*number = slot - 1;
	return slot != 0;
}

static int slots_double(struct names *names)
{
	size_t n = names->slots_n ? names->slots_n * 2 : SLOTS_FIRST;
	uint32_t *slots = memory_zero_alloc(n, sizeof *slots);
	if (!slots)
		return ERROR_MEMORY;
	for (uint32_t i = 0; i < names->n; i++) {
		size_t at = names->hashes[i] & (n - 1);
		while (slots[at])
			at = (at + 1) & (n - 1);
		slots[at] = i + 1;
	}
	memory_free(names->slots);
	names->slots = slots;
	names->slots_n = n;
	return 0;
}

static int reserve(struct names *names, size_t bytes)
{
	int error = 0;
	uint64_t used = names->n ? names->starts[names->n] : 0;
	if (names->n >= names->n_max || bytes > names->bytes_max || used > names->bytes_max - bytes)
		return ERROR_LIMIT;
	if ((size_t)names->n * 2 >= names->slots_n)
		error = slots_double(names);
	if (!error)
		error = memory_grow(&names->hashes, &names->hashes_capacity, names->n + 1u, sizeof *names->hashes);
	if (!error)
		error = memory_grow(&names->starts, &names->starts_capacity, names->n + 2u, sizeof *names->starts);
	if (!error)
		error = memory_grow(&names->bytes, &names->bytes_capacity, used + bytes + 1, 1);
	return error;
}

int names_add(struct names *names, struct text name, uint32_t *number)
{
	uint32_t hash = hash_of(name);
	if (names->n) {
		uint32_t slot = names->slots[slot_of(names, name, hash)];
		if (slot) {
			*number = slot - 1;
			return 0;
		}
	}
	int error = reserve(names, name.n);
	if (error)
		return error;
	uint32_t fresh = names->n++;
	names->starts[0] = 0;
	uint64_t start = names->starts[fresh];
	if (name.n)
		memcpy(names->bytes + start, name.p, name.n);
	names->starts[fresh + 1] = start + name.n;
	names->hashes[fresh] = hash;
	size_t mask = names->slots_n - 1, at = hash & mask;
	while (names->slots[at])
		at = (at + 1) & mask;
	names->slots[at] = fresh + 1;
	*number = fresh;
	return 0;
}
