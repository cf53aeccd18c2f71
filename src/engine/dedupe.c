/* dedupe.c: sharded tables by hour. */
#include "engine/dedupe.h"

#include "base/clock.h"
#include "base/memory.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>

enum { SHARDS = 16, SLOTS_MIN = 128, FREE = 0, FORGOTTEN = 1 };

struct table {
	int64_t hour; /* Hours since 1970; valid when slots is set. */
	uint64_t *slots;
	size_t capacity, n;
};

struct shard {
	pthread_mutex_t lock;
	struct table tables[DEDUPE_HOURS]; /* By hour modulo DEDUPE_HOURS. */
	int64_t dropped;                   /* The newest hour that had to go for the bound; 0: none. */
};

struct dedupe {
	size_t bytes_max;
	_Atomic size_t bytes;
	struct shard shards[SHARDS];
};

struct dedupe *dedupe_new(size_t bytes_max)
{
	struct dedupe *dedupe = memory_zero_alloc(1, sizeof *dedupe);
	if (!dedupe)
		return NULL;
	dedupe->bytes_max = bytes_max;
	for (size_t i = 0; i < SHARDS; i++)
		pthread_mutex_init(&dedupe->shards[i].lock, NULL);
	return dedupe;
}

static void table_drop(struct dedupe *dedupe, struct table *table)
{
	atomic_fetch_sub(&dedupe->bytes, table->capacity * sizeof *table->slots);
	memory_free(table->slots);
	*table = (struct table){0};
}

void dedupe_free(struct dedupe *dedupe)
{
	if (!dedupe)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		for (size_t hour = 0; hour < DEDUPE_HOURS; hour++)
			table_drop(dedupe, &dedupe->shards[i].tables[hour]);
		pthread_mutex_destroy(&dedupe->shards[i].lock);
	}
	memory_free(dedupe);
}

struct identifier_hash dedupe_scope(struct text source)
{
	static const uint8_t label[] = "attune: messages of a source";
	struct identifier_hash scope;
	crypto_generichash((uint8_t *)&scope, sizeof scope, (const uint8_t *)source.p, source.n, label, sizeof label - 1);
	return scope;
}

uint64_t dedupe_hash(struct identifier_hash scope, struct text message_id)
{
	uint64_t hash;
	static_assert(sizeof scope == crypto_shorthash_KEYBYTES && sizeof hash == crypto_shorthash_BYTES, "SipHash takes the scope as its key.");
	crypto_shorthash((uint8_t *)&hash, (const uint8_t *)message_id.p, message_id.n, (const uint8_t *)&scope);
	return hash > FORGOTTEN ? hash : hash + 2;
}

static uint64_t *slot_of(const struct table *table, uint64_t hash)
{
	for (size_t at = (hash >> 8) & (table->capacity - 1);; at = (at + 1) & (table->capacity - 1))
		if (table->slots[at] == FREE || table->slots[at] == hash)
			return &table->slots[at];
}

static int table_grow(struct dedupe *dedupe, struct table *table)
{
	if (table->n + 1 <= table->capacity - table->capacity / 4)
		return 0;
	struct table grown = {.hour = table->hour, .capacity = table->capacity ? table->capacity * 2 : SLOTS_MIN};
	grown.slots = memory_table_alloc(grown.capacity, sizeof *grown.slots);
	if (!grown.slots)
		return ERROR_MEMORY;
	for (size_t i = 0; i < table->capacity; i++)
		if (table->slots[i] > FORGOTTEN) {
			*slot_of(&grown, table->slots[i]) = table->slots[i];
			grown.n++;
		}
	atomic_fetch_add(&dedupe->bytes, (grown.capacity - table->capacity) * sizeof *grown.slots);
	memory_free(table->slots);
	*table = grown;
	return 0;
}

/* Over the bound: the oldest hour of this shard goes, but never the present one. */
static void bound(struct dedupe *dedupe, struct shard *shard, int64_t hour)
{
	while (atomic_load(&dedupe->bytes) > dedupe->bytes_max) {
		struct table *oldest = NULL;
		for (size_t i = 0; i < DEDUPE_HOURS; i++) {
			struct table *table = &shard->tables[i];
			if (table->slots && table->hour != hour && (!oldest || table->hour < oldest->hour))
				oldest = table;
		}
		if (!oldest)
			return;
		shard->dropped = oldest->hour > shard->dropped ? oldest->hour : shard->dropped;
		table_drop(dedupe, oldest);
	}
}

int dedupe_note(struct dedupe *dedupe, uint64_t hash, int64_t received_ms, bool *seen)
{
	struct shard *shard = &dedupe->shards[hash % SHARDS];
	int64_t hour = received_ms / MS_AN_HOUR;
	bool found = false;
	pthread_mutex_lock(&shard->lock);
	struct table *mine = &shard->tables[hour % DEDUPE_HOURS];
	if (mine->hour != hour)
		table_drop(dedupe, mine);
	mine->hour = hour;
	for (size_t i = 0; i < DEDUPE_HOURS && !found; i++) {
		const struct table *table = &shard->tables[i];
		found = table->slots && hour - table->hour < DEDUPE_HOURS && *slot_of(table, hash) == hash;
	}
	int error = found ? 0 : table_grow(dedupe, mine);
	if (!found && !error) {
		*slot_of(mine, hash) = hash;
		mine->n++;
		bound(dedupe, shard, hour);
	}
	pthread_mutex_unlock(&shard->lock);
	if (!error)
		*seen = found;
	return error;
}

void dedupe_fetch(const struct dedupe *dedupe, uint64_t hash, int64_t received_ms)
{
	const struct table *table = &dedupe->shards[hash % SHARDS].tables[received_ms / MS_AN_HOUR % DEDUPE_HOURS];
	if (table->slots)
		__builtin_prefetch(&table->slots[(hash >> 8) & (table->capacity - 1)], 1);
}

void dedupe_forget(struct dedupe *dedupe, uint64_t hash, int64_t received_ms)
{
	struct shard *shard = &dedupe->shards[hash % SHARDS];
	pthread_mutex_lock(&shard->lock);
	struct table *table = &shard->tables[received_ms / MS_AN_HOUR % DEDUPE_HOURS];
	if (table->slots && *slot_of(table, hash) == hash)
		*slot_of(table, hash) = FORGOTTEN;
	pthread_mutex_unlock(&shard->lock);
}

int64_t dedupe_reach_ms(struct dedupe *dedupe, int64_t now_ms)
{
	int64_t hour = now_ms / MS_AN_HOUR, reach = DEDUPE_HOURS;
	for (size_t s = 0; s < SHARDS; s++) {
		struct shard *shard = &dedupe->shards[s];
		pthread_mutex_lock(&shard->lock);
		int64_t back = hour > shard->dropped ? hour - shard->dropped : 0; /* An hour without messages is known, too. */
		pthread_mutex_unlock(&shard->lock);
		reach = back < reach ? back : reach;
	}
	return reach * MS_AN_HOUR;
}

size_t dedupe_bytes(struct dedupe *dedupe)
{
	return atomic_load(&dedupe->bytes);
}
