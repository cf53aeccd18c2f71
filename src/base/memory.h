/*
 * memory.h: the one door to the heap, and the arena a request lives in.
 *
 * Everything that allocates goes through here, so that a test can make the n-th allocation fail and prove that nothing
 * is lost. A request takes one arena, allocates freely, and gives all back at once.
 */
#ifndef ATTUNE_BASE_MEMORY_H
#define ATTUNE_BASE_MEMORY_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * As malloc, calloc, realloc and free. NULL when there is no memory or a test asked for a failure.
 * Threads: safe.
 */
void *memory_alloc(size_t bytes) __attribute__((malloc, warn_unused_result));
void *memory_zero_alloc(size_t n, size_t bytes) __attribute__((malloc, warn_unused_result));
void *memory_resize(void *p, size_t bytes) MUST_CHECK;

/*
 * The same as memory_zero_alloc, for a hash table: its pages will be read and written in any order, so all are there
 * from the start, in large pages where the system has them.
 */
void *memory_table_alloc(size_t n, size_t bytes) __attribute__((malloc, warn_unused_result));
void  memory_free(void *p);

/*
 * Grow the array behind @array (of items of @item_bytes, capacity in *@capacity) so that it holds at least @n items.
 * Grows by half, so that n appends cost O(n). Errors: ERROR_MEMORY; the array is then as before.
 */
int memory_grow(void *array, size_t *capacity, size_t n, size_t item_bytes) MUST_CHECK;

/* For tests: the @nth allocation from now in this process fails (1 is the next); 0 switches failing off. */
void memory_fail_at(uint64_t nth);

/* For those who take memory from elsewhere: is this the allocation that shall fail? Counts it. */
bool memory_should_fail(void);

/* For tests: how many allocations were asked for since the last memory_fail_at. */
uint64_t memory_count(void);

/*
 * A bounded region that is filled upwards and given back whole. Blocks are kept between requests, so the steady
 * state allocates nothing.
 */
struct arena_block;
struct arena {
	struct arena_block *first, *current;
	size_t bytes_used, bytes_max;
};

/* Make @arena empty; it will hold at most @bytes_max bytes. Allocates nothing yet. */
void arena_init(struct arena *arena, size_t bytes_max);

/* @bytes of memory aligned to 16, not cleared, valid until the next reset; NULL when the bound or the heap is reached. */
void *arena_alloc(struct arena *arena, size_t bytes) __attribute__((malloc, warn_unused_result));

/* The same, cleared, for @n items of @bytes each; NULL also when the product overflows. */
void *arena_zero_alloc(struct arena *arena, size_t n, size_t bytes) __attribute__((malloc, warn_unused_result));

/* Give all memory back to the arena, which keeps its first block for the next request. */
void arena_reset(struct arena *arena);

/* Give all memory back to the heap. The arena may be used again. */
void arena_free(struct arena *arena);

/* For __attribute__((cleanup(...))). */
void arena_cleanup(struct arena *arena);

#endif
