/* dictionary.c: names and their numbers. Names and slots are published by atomic stores, so readers need no lock. */
#include "event/dictionary.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <xxhash.h>

enum { SLOTS = 131072, NO_NUMBER = 0 };

struct name {
	uint32_t mark, n;
	bool is_public;
	char bytes[];
};

struct dictionary {
	pthread_mutex_t lock; /* For adding. */
	_Atomic uint32_t count, public_count, public_max, mark;
	struct name *_Atomic names[DICTIONARY_NAMES_MAX + 1]; /* By number; NULL: none. */
	_Atomic uint32_t slots[SLOTS];                        /* Numbers, by the hash of the name. */
	_Atomic uint32_t free_n;
	uint32_t free[DICTIONARY_NAMES_MAX]; /* Numbers given back. */
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
		memory_free(atomic_load(&dictionary->names[i]));
	pthread_mutex_destroy(&dictionary->lock);
	memory_free(dictionary);
}

static const struct name *name_at(const struct dictionary *dictionary, uint32_t number)
{
	return number <= DICTIONARY_NAMES_MAX ? atomic_load_explicit(&dictionary->names[number], memory_order_acquire) : NULL;
}

static struct text text_at(const struct dictionary *dictionary, uint32_t number)
{
	const struct name *name = name_at(dictionary, number);
	return name ? (struct text){name->bytes, name->n} : TEXT("");
}

static size_t home_of(struct text name)
{
	return XXH3_64bits(name.p, name.n) % SLOTS;
}

/* The slot that holds @name, or the free one where it belongs. There is always a free one: names fill half at most. */
static size_t slot_of(const struct dictionary *dictionary, struct text name, uint32_t *number)
{
	for (size_t slot = home_of(name);; slot = (slot + 1) % SLOTS) {
		uint32_t taken = atomic_load_explicit(&dictionary->slots[slot], memory_order_acquire);
		if (taken == NO_NUMBER || text_equal(text_at(dictionary, taken), name)) {
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
	return text_at(dictionary, number);
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

uint32_t dictionary_taken(const struct dictionary *dictionary)
{
	return dictionary_count(dictionary) - atomic_load_explicit(&dictionary->free_n, memory_order_relaxed);
}

uint32_t dictionary_mark(const struct dictionary *dictionary)
{
	return atomic_load_explicit(&dictionary->mark, memory_order_acquire);
}

uint32_t dictionary_mark_of(const struct dictionary *dictionary, uint32_t number)
{
	const struct name *name = name_at(dictionary, number);
	return name ? name->mark : 0;
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
	const struct name *name = name_at(dictionary, number);
	return name && name->is_public;
}

bool dictionary_public_is_full(const struct dictionary *dictionary)
{
	return dictionary_public_count(dictionary) >= atomic_load_explicit(&dictionary->public_max, memory_order_relaxed) ||
	       dictionary_taken(dictionary) == DICTIONARY_NAMES_MAX;
}

/* Publish @name as @number, once @record (may be NULL) has written so: memory is taken before, or the number would be
 * written and given again. Lock held. */
static int add(struct dictionary *dictionary, uint32_t number, struct text text, size_t slot, bool is_public,
               int (*record)(void *, uint32_t, struct text), void *arg)
{
	struct name *name = memory_alloc(sizeof *name + text.n);
	int error = !name ? ERROR_MEMORY : record ? record(arg, number, text) : 0;
	if (error) {
		memory_free(name);
		return error;
	}
	*name = (struct name){.mark = dictionary->mark + 1, .n = (uint32_t)text.n, .is_public = is_public};
	memcpy(name->bytes, text.p, text.n);
	dictionary->public_count += is_public;
	atomic_store_explicit(&dictionary->names[number], name, memory_order_release); /* First: who finds the number wants the name. */
	if (number > dictionary->count)
		atomic_store_explicit(&dictionary->count, number, memory_order_release);
	atomic_store_explicit(&dictionary->slots[slot], number, memory_order_release);
	atomic_store_explicit(&dictionary->mark, name->mark, memory_order_release);
	return 0;
}

/* The number that the next name gets, 0 when all are taken. Lock held. */
static uint32_t next_number(const struct dictionary *dictionary)
{
	if (dictionary->free_n)
		return dictionary->free[dictionary->free_n - 1];
	return dictionary->count < DICTIONARY_NAMES_MAX ? dictionary->count + 1 : NO_NUMBER;
}

/* @number is free no longer, if it was. Lock held. */
static void free_remove(struct dictionary *dictionary, uint32_t number)
{
	for (uint32_t i = dictionary->free_n; i > 0; i--)
		if (dictionary->free[i - 1] == number) {
			dictionary->free[i - 1] = dictionary->free[dictionary->free_n - 1];
			dictionary->free_n--;
			return;
		}
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
		found = next_number(dictionary);
		if (!found || (is_public && dictionary_public_is_full(dictionary)))
			error = ERROR_LIMIT;
		if (!error)
			error = add(dictionary, found, name, slot, is_public, record, arg);
		if (!error)
			free_remove(dictionary, found);
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
	if (name.n == 0 || name.n > DICTIONARY_NAME_BYTES_MAX || number == NO_NUMBER || number > DICTIONARY_NAMES_MAX)
		return ERROR_CORRUPT;
	pthread_mutex_lock(&dictionary->lock);
	size_t slot = slot_of(dictionary, name, &found);
	bool is_free = !found && !name_at(dictionary, number) && number <= dictionary->count + 1;
	int error = found == number ? 0 : is_free ? add(dictionary, number, name, slot, is_public, NULL, NULL) : ERROR_CORRUPT;
	if (!error && !found)
		free_remove(dictionary, number);
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

/* Empty the slot of @name, and move up those that went past it to find a free one. */
static void slot_empty(struct dictionary *dictionary, struct text name)
{
	uint32_t number;
	size_t hole = slot_of(dictionary, name, &number);
	for (size_t slot = (hole + 1) % SLOTS; dictionary->slots[slot] != NO_NUMBER; slot = (slot + 1) % SLOTS) {
		size_t home = home_of(text_at(dictionary, dictionary->slots[slot]));
		if ((slot + SLOTS - home) % SLOTS < (slot + SLOTS - hole) % SLOTS)
			continue; /* Its home lies behind the hole. */
		dictionary->slots[hole] = dictionary->slots[slot];
		hole = slot;
	}
	dictionary->slots[hole] = NO_NUMBER;
}

int dictionary_give_back(struct dictionary *dictionary, uint32_t number)
{
	if (number == NO_NUMBER || number > DICTIONARY_NAMES_MAX || number > dictionary->count + 1)
		return ERROR_CORRUPT;
	pthread_mutex_lock(&dictionary->lock);
	struct name *name = dictionary->names[number];
	bool is_new = number > dictionary->count;
	if (is_new)
		dictionary->count = number;
	if (name) {
		slot_empty(dictionary, text_at(dictionary, number));
		dictionary->names[number] = NULL;
		dictionary->public_count -= name->is_public;
		memory_free(name);
	}
	if (name || is_new)
		dictionary->free[dictionary->free_n++] = number;
	pthread_mutex_unlock(&dictionary->lock);
	return 0;
}
