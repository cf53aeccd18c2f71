/* dictionary.c: names and their numbers. Slots are published by atomic stores, so readers need no lock. */
#include "event/dictionary.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <xxhash.h>

enum { SLOTS = 131072, NO_NUMBER = 0 };

struct dictionary {
	pthread_mutex_t lock; /* For adding. */
	_Atomic uint32_t count, public_count, public_max;
	bool is_public[DICTIONARY_NAMES_MAX + 1]; /* Written before count is. */
	struct text names[DICTIONARY_NAMES_MAX + 1];
	_Atomic uint32_t slots[SLOTS];
};

struct dictionary *dictionary_new(void)
{
	struct dictionary *dictionary = memory_zero_alloc(1, sizeof *dictionary);
	if (!dictionary)
		return NULL;
	pthread_mutex_init(&dictionary->lock, NULL);
	dictionary->public_max = DICTIONARY_NAMES_MAX;
	return dictionary;
}

void dictionary_free(struct dictionary *dictionary)
{
	if (!dictionary)
		return;
	for (uint32_t i = 1; i <= dictionary->count; i++)
		memory_free((void *)(uintptr_t)dictionary->names[i].p);
	pthread_mutex_destroy(&dictionary->lock);
	memory_free(dictionary);
}

/* The slot that holds @name, or the free one where it belongs. There is always a free one: names fill half at most. */
static size_t slot_of(const struct dictionary *dictionary, struct text name, uint32_t *number)
{
	size_t slot = XXH3_64bits(name.p, name.n) % SLOTS;
	for (;; slot = (slot + 1) % SLOTS) {
		uint32_t taken = atomic_load_explicit(&dictionary->slots[slot], memory_order_acquire);
		if (taken == NO_NUMBER || text_equal(dictionary->names[taken], name)) {
			*number = taken;
			return slot;
		}
	}
}

uint32_t dictionary_find(const struct dictionary *dictionary, struct text name)
{
	uint32_t number;
	if (name.n == 0)
		return NO_NUMBER;
	slot_of(dictionary, name, &number);
	return number;
}

uint32_t dictionary_seek(void *dictionary, struct text name)
{
	return dictionary_find(dictionary, name);
}

struct text dictionary_name(const struct dictionary *dictionary, uint32_t number)
{
	if (number == NO_NUMBER || number > atomic_load_explicit(&dictionary->count, memory_order_acquire))
		return (struct text){"", 0};
	return dictionary->names[number];
}

void dictionary_settle(struct dictionary *dictionary)
{
	pthread_mutex_lock(&dictionary->lock);
	pthread_mutex_unlock(&dictionary->lock);
}

uint32_t dictionary_count(const struct dictionary *dictionary)
{
	return atomic_load_explicit(&dictionary->count, memory_order_acquire);
}

void dictionary_public_bound(struct dictionary *dictionary, uint32_t most)
{
	atomic_store(&dictionary->public_max, most);
}

uint32_t dictionary_public_count(const struct dictionary *dictionary)
{
	return atomic_load_explicit(&dictionary->public_count, memory_order_relaxed);
}

bool dictionary_is_public(const struct dictionary *dictionary, uint32_t number)
{
	return number <= dictionary_count(dictionary) && dictionary->is_public[number];
}

bool dictionary_public_is_full(const struct dictionary *dictionary)
{
	return dictionary_public_count(dictionary) >= atomic_load_explicit(&dictionary->public_max, memory_order_relaxed) ||
	       dictionary_count(dictionary) == DICTIONARY_NAMES_MAX;
}

/* Publish @name as the next number, once @record (may be NULL) has written so: memory is taken before, or the number would be
 * written and given again. Lock held. */
static int add(struct dictionary *dictionary, struct text name, size_t slot, bool is_public, int (*record)(void *, uint32_t, struct text), void *arg)
{
	uint32_t number = dictionary->count + 1;
	char *copy = memory_alloc(name.n);
	int error = !copy ? ERROR_MEMORY : record ? record(arg, number, name) : 0;
	if (error) {
		memory_free(copy);
		return error;
	}
	memcpy(copy, name.p, name.n);
	dictionary->names[number] = (struct text){copy, name.n};
	dictionary->is_public[number] = is_public;
	dictionary->public_count += is_public;
	atomic_store_explicit(&dictionary->count, number, memory_order_release); /* First: who finds the number wants the name. */
	atomic_store_explicit(&dictionary->slots[slot], number, memory_order_release);
	return 0;
}

static int number_of(struct dictionary *dictionary, struct text name, bool is_public, int (*record)(void *, uint32_t, struct text), void *arg,
                     uint32_t *number)
{
	uint32_t found = dictionary_find(dictionary, name);
	int error = 0;
	if (found) {
		*number = found;
		return 0;
	}
	if (name.n == 0 || name.n > DICTIONARY_NAME_BYTES_MAX)
		return ERROR_LIMIT;
	pthread_mutex_lock(&dictionary->lock);
	size_t slot = slot_of(dictionary, name, &found);
	if (!found) {
		if (is_public ? dictionary_public_is_full(dictionary) : dictionary->count == DICTIONARY_NAMES_MAX)
			error = ERROR_LIMIT;
		if (!error)
			error = add(dictionary, name, slot, is_public, record, arg);
		found = dictionary->count;
	}
	pthread_mutex_unlock(&dictionary->lock);
	if (!error)
		*number = found;
	return error;
}

int dictionary_number(struct dictionary *dictionary, struct text name, int (*record)(void *, uint32_t, struct text), void *arg,
                      uint32_t *number)
{
	return number_of(dictionary, name, false, record, arg, number);
}

int dictionary_number_public(struct dictionary *dictionary, struct text name, int (*record)(void *, uint32_t, struct text), void *arg,
                             uint32_t *number)
{
	return number_of(dictionary, name, true, record, arg, number);
}

static int restore(struct dictionary *dictionary, uint32_t number, struct text name, bool is_public)
{
	uint32_t found;
	if (name.n == 0 || name.n > DICTIONARY_NAME_BYTES_MAX || number > DICTIONARY_NAMES_MAX)
		return ERROR_CORRUPT;
	pthread_mutex_lock(&dictionary->lock);
	size_t slot = slot_of(dictionary, name, &found);
	int error = found == number ? 0 : found || number != dictionary->count + 1 ? ERROR_CORRUPT : add(dictionary, name, slot, is_public, NULL, NULL);
	pthread_mutex_unlock(&dictionary->lock);
	return error;
}

int dictionary_restore(struct dictionary *dictionary, uint32_t number, struct text name)
{
	return restore(dictionary, number, name, false);
}

int dictionary_restore_public(struct dictionary *dictionary, uint32_t number, struct text name)
{
	return restore(dictionary, number, name, true);
}
