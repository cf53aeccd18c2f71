/* directory.c: open addressing in 64 shards. */
#include "engine/directory.h"

#include "base/memory.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

enum { SHARDS = 64, SLOTS_MIN = 256 };

struct slot {
	struct identifier_hash hash;
	uint32_t origin; /* DIRECTORY_NONE: free. */
};

struct shard {
	pthread_mutex_t lock;
	struct slot *slots;
	size_t capacity, n;
};

struct directory {
	uint8_t key[DIRECTORY_KEY_BYTES];
	struct shard shards[SHARDS];
};

struct directory *directory_new(const uint8_t key[DIRECTORY_KEY_BYTES])
{
	struct directory *directory = memory_zero_alloc(1, sizeof *directory);
	if (!directory)
		return NULL;
	memcpy(directory->key, key, sizeof directory->key);
	for (size_t i = 0; i < SHARDS; i++)
		pthread_mutex_init(&directory->shards[i].lock, NULL);
	return directory;
}

void directory_free(struct directory *directory)
{
	if (!directory)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		memory_free(directory->shards[i].slots);
		pthread_mutex_destroy(&directory->shards[i].lock);
	}
	sodium_memzero(directory->key, sizeof directory->key);
	memory_free(directory);
}

struct identifier_hash directory_hash(const struct directory *directory, struct text type, struct text value)
{
	struct identifier_hash hash;
	uint8_t whole[512];
	if (type.n + value.n + 1 <= sizeof whole) { /* The usual case in one call. */
		memcpy(whole, type.p, type.n);
		whole[type.n] = ':';
		if (value.n)
			memcpy(whole + type.n + 1, value.p, value.n);
		crypto_generichash((uint8_t *)&hash, sizeof hash, whole, type.n + 1 + value.n, directory->key, sizeof directory->key);
		return hash;
	}
	crypto_generichash_state state;
	crypto_generichash_init(&state, directory->key, sizeof directory->key, sizeof hash);
	crypto_generichash_update(&state, (const uint8_t *)type.p, type.n);
	crypto_generichash_update(&state, (const uint8_t *)":", 1);
	crypto_generichash_update(&state, (const uint8_t *)value.p, value.n);
	crypto_generichash_final(&state, (uint8_t *)&hash, sizeof hash);
	return hash;
}

struct identifier_hash directory_hash_id(struct origin_id id)
{
	struct identifier_hash hash;
	memcpy(&hash, id.bytes, sizeof hash);
	return hash;
}

static struct slot *slot_of(const struct shard *shard, struct identifier_hash hash)
{
	size_t at = hash.low & (shard->capacity - 1);
	for (;; at = (at + 1) & (shard->capacity - 1)) {
		struct slot *slot = &shard->slots[at];
		if (slot->origin == DIRECTORY_NONE || (slot->hash.high == hash.high && slot->hash.low == hash.low))
			return slot;
	}
}

static struct shard *shard_of(struct directory *directory, struct identifier_hash hash)
{
	return &directory->shards[hash.high % SHARDS];
}

uint32_t directory_find(struct directory *directory, struct identifier_hash hash)
{
	struct shard *shard = shard_of(directory, hash);
	pthread_mutex_lock(&shard->lock);
	uint32_t origin = shard->capacity ? slot_of(shard, hash)->origin : DIRECTORY_NONE;
	pthread_mutex_unlock(&shard->lock);
	return origin;
}

static int shard_grow(struct shard *shard)
{
	if (shard->n + 1 <= shard->capacity - shard->capacity / 4)
		return 0;
	struct shard grown = {.capacity = shard->capacity ? shard->capacity * 2 : SLOTS_MIN};
	grown.slots = memory_table_alloc(grown.capacity, sizeof *grown.slots);
	if (!grown.slots)
		return ERROR_MEMORY;
	for (size_t i = 0; i < shard->capacity; i++)
		if (shard->slots[i].origin != DIRECTORY_NONE)
			*slot_of(&grown, shard->slots[i].hash) = shard->slots[i];
	memory_free(shard->slots);
	shard->slots = grown.slots;
	shard->capacity = grown.capacity;
	return 0;
}

int directory_reserve(struct directory *directory, struct identifier_hash hash)
{
	struct shard *shard = shard_of(directory, hash);
	pthread_mutex_lock(&shard->lock);
	int error = shard_grow(shard);
	pthread_mutex_unlock(&shard->lock);
	return error;
}

int directory_set(struct directory *directory, struct identifier_hash hash, uint32_t origin)
{
	struct shard *shard = shard_of(directory, hash);
	pthread_mutex_lock(&shard->lock);
	int error = shard_grow(shard);
	if (!error) {
		struct slot *slot = slot_of(shard, hash);
		shard->n += slot->origin == DIRECTORY_NONE;
		*slot = (struct slot){hash, origin};
	}
	pthread_mutex_unlock(&shard->lock);
	return error;
}

void directory_each(struct directory *directory, void (*each)(void *, struct identifier_hash, uint32_t), void *arg)
{
	for (size_t s = 0; s < SHARDS; s++) {
		struct shard *shard = &directory->shards[s];
		pthread_mutex_lock(&shard->lock);
		for (size_t i = 0; i < shard->capacity; i++)
			if (shard->slots[i].origin != DIRECTORY_NONE)
				each(arg, shard->slots[i].hash, shard->slots[i].origin);
		pthread_mutex_unlock(&shard->lock);
	}
}

/* What lies behind a freed slot, up to the next free one, moves up where its own place is at or before the gap. */
static void gap_close(struct shard *shard, size_t gap)
{
	const size_t mask = shard->capacity - 1;
	for (size_t at = (gap + 1) & mask; shard->slots[at].origin != DIRECTORY_NONE; at = (at + 1) & mask) {
		size_t own = shard->slots[at].hash.low & mask;
		if (((at - own) & mask) < ((at - gap) & mask))
			continue;
		shard->slots[gap] = shard->slots[at];
		shard->slots[at].origin = DIRECTORY_NONE;
		gap = at;
	}
}

void directory_remove(struct directory *directory, struct identifier_hash hash)
{
	struct shard *shard = shard_of(directory, hash);
	pthread_mutex_lock(&shard->lock);
	struct slot *slot = shard->capacity ? slot_of(shard, hash) : NULL;
	if (slot && slot->origin != DIRECTORY_NONE) {
		*slot = (struct slot){.origin = DIRECTORY_NONE};
		shard->n--;
		gap_close(shard, (size_t)(slot - shard->slots));
	}
	pthread_mutex_unlock(&shard->lock);
}

static size_t sum(struct directory *directory, size_t (*figure)(const struct shard *shard))
{
	size_t total = 0;
	for (size_t i = 0; i < SHARDS; i++) {
		pthread_mutex_lock(&directory->shards[i].lock);
		total += figure(&directory->shards[i]);
		pthread_mutex_unlock(&directory->shards[i].lock);
	}
	return total;
}

static size_t shard_n(const struct shard *shard)
{
	return shard->n;
}

static size_t shard_bytes(const struct shard *shard)
{
	return shard->capacity * sizeof *shard->slots;
}

size_t directory_count(struct directory *directory)
{
	return sum(directory, shard_n);
}

size_t directory_bytes(struct directory *directory)
{
	return sum(directory, shard_bytes);
}
