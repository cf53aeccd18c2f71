/* matches.c: a table of four places a key in 16 shards. */
#include "engine/matches.h"

#include "base/memory.h"

#include <assert.h>
#include <pthread.h>
#include <xxhash.h>

enum { SHARDS = 16, SLOTS = MATCHES_MAX / SHARDS, PLACES = 4 };

struct slot {
	struct match_key key;
	uint32_t origin; /* 0: free. */
};

struct shard {
	pthread_mutex_t lock;
	uint32_t gives_way; /* Which of a key's places is written when none is free: each in turn. */
	struct slot slots[SLOTS];
};

struct matches {
	struct shard shards[SHARDS];
};

struct matches *matches_new(void)
{
	struct matches *matches = memory_zero_alloc(1, sizeof *matches);
	for (size_t i = 0; matches && i < SHARDS; i++)
		pthread_mutex_init(&matches->shards[i].lock, NULL);
	return matches;
}

void matches_free(struct matches *matches)
{
	for (size_t i = 0; matches && i < SHARDS; i++)
		pthread_mutex_destroy(&matches->shards[i].lock);
	memory_free(matches);
}

struct match_key match_key_of(const struct match_part *parts, size_t n)
{
	XXH128_hash_t hash = XXH3_128bits(parts, n * sizeof *parts);
	return (struct match_key){hash.low64, hash.high64};
}

static struct shard *shard_of(struct matches *matches, struct match_key key)
{
	return &matches->shards[key.high % SHARDS];
}

static struct slot *places_of(struct shard *shard, struct match_key key)
{
	return &shard->slots[key.low % (SLOTS / PLACES) * PLACES];
}

static bool is_of(const struct slot *slot, struct match_key key)
{
	return slot->origin && slot->key.low == key.low && slot->key.high == key.high;
}

bool matches_find(struct matches *matches, struct match_key key, uint32_t *origin)
{
	struct shard *shard = shard_of(matches, key);
	const struct slot *places = places_of(shard, key);
	bool found = false;
	pthread_mutex_lock(&shard->lock);
	for (size_t i = 0; i < PLACES && !found; i++) {
		found = is_of(&places[i], key);
		if (found)
			*origin = places[i].origin;
	}
	pthread_mutex_unlock(&shard->lock);
	return found;
}

void matches_note(struct matches *matches, struct match_key key, uint32_t origin)
{
	struct shard *shard = shard_of(matches, key);
	struct slot *places = places_of(shard, key);
	size_t at = 0;
	assert(origin);
	pthread_mutex_lock(&shard->lock);
	while (at < PLACES && places[at].origin && !is_of(&places[at], key))
		at++;
	if (at == PLACES)
		at = shard->gives_way++ % PLACES;
	places[at] = (struct slot){key, origin};
	pthread_mutex_unlock(&shard->lock);
}

void matches_clear(struct matches *matches)
{
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *shard = &matches->shards[i];
		pthread_mutex_lock(&shard->lock);
		for (size_t at = 0; at < SLOTS; at++)
			shard->slots[at].origin = 0;
		pthread_mutex_unlock(&shard->lock);
	}
}
