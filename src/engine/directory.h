/*
 * directory.h: which origin an identifier belongs to, and which origin an id names.
 *
 * Identifiers are kept only as keyed hashes of 128 bits (BLAKE2b with the directory's key), in memory and on disk; in
 * the clear they stand in the customer's own events. Sharded: looking up locks one shard for a moment.
 * (m) an entry takes about 32 bytes.
 */
#ifndef ATTUNE_ENGINE_DIRECTORY_H
#define ATTUNE_ENGINE_DIRECTORY_H

#include "event/event.h"

enum { DIRECTORY_KEY_BYTES = 32, DIRECTORY_NONE = 0 };

struct directory;

struct identifier_hash {
	uint64_t high, low;
};

/* @key is copied. NULL without memory. */
struct directory *directory_new(const uint8_t key[DIRECTORY_KEY_BYTES]);
void directory_free(struct directory *directory);

struct identifier_hash directory_hash(const struct directory *directory, struct text type, struct text value);
/* The hash of an origin's own id, in the same table: ids and identifiers cannot meet. */
struct identifier_hash directory_hash_id(struct origin_id id);

/* The origin number of @hash, DIRECTORY_NONE when there is none. Threads: safe. */
uint32_t directory_find(struct directory *directory, struct identifier_hash hash);

/* Make room for @hash, so that the next directory_set in its shard cannot fail. Errors: ERROR_MEMORY. Threads: safe. */
int directory_reserve(struct directory *directory, struct identifier_hash hash) MUST_CHECK;

/* Enter or replace. Errors: ERROR_MEMORY. Threads: safe. */
int directory_set(struct directory *directory, struct identifier_hash hash, uint32_t origin) MUST_CHECK;

/* Call @each for every entry, its shard locked. Threads: safe. */
void directory_each(struct directory *directory, void (*each)(void *arg, struct identifier_hash hash, uint32_t origin), void *arg);

/* Take @hash out; does nothing when it is not there. Threads: safe. */
void directory_remove(struct directory *directory, struct identifier_hash hash);

size_t directory_count(struct directory *directory);
size_t directory_bytes(struct directory *directory);

#endif
