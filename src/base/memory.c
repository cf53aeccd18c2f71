/* memory.c: heap with injected failure, and arenas. */
#include "base/memory.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LARGE_PAGE_BYTES = 2 * 1024 * 1024 };
enum { ARENA_BLOCK_BYTES = 64 * 1024, ARENA_GROWN_BYTES = 1024 * 1024, ARENA_ALIGN = 16 };

static atomic_bool failing;
static _Atomic uint64_t fail_nth, alloc_count;

bool memory_should_fail(void)
{
	if (!atomic_load_explicit(&failing, memory_order_relaxed))
		return false;
	return atomic_fetch_add(&alloc_count, 1) + 1 == atomic_load(&fail_nth);
}

void memory_fail_at(uint64_t nth)
{
	atomic_store(&alloc_count, 0);
	atomic_store(&fail_nth, nth);
	atomic_store(&failing, nth != 0);
}

uint64_t memory_count(void)
{
	return atomic_load(&alloc_count);
}

void *memory_alloc(size_t bytes)
{
	return memory_should_fail() ? NULL : malloc(bytes ? bytes : 1);
}

void *memory_zero_alloc(size_t n, size_t bytes)
{
	return memory_should_fail() ? NULL : calloc(n ? n : 1, bytes ? bytes : 1);
}

/* @bytes: a multiple of large pages. */
static void *large_alloc(size_t bytes)
{
	void *p = memory_should_fail() ? NULL : aligned_alloc(LARGE_PAGE_BYTES, bytes);
	if (p)
		(void)!madvise(p, bytes, MADV_HUGEPAGE); /* A hint: without large pages it is only slower. */
	return p;
}

void *memory_table_alloc(size_t n, size_t bytes)
{
	size_t wanted;
	if (__builtin_mul_overflow(n, bytes, &wanted) || wanted > SIZE_MAX - LARGE_PAGE_BYTES)
		return NULL;
	if (wanted < LARGE_PAGE_BYTES)
		return memory_zero_alloc(n, bytes);
	wanted = (wanted + LARGE_PAGE_BYTES - 1) & ~(size_t)(LARGE_PAGE_BYTES - 1);
	void *p = large_alloc(wanted);
	return p ? memset(p, 0, wanted) : NULL;
}

void *memory_resize(void *p, size_t bytes)
{
	return memory_should_fail() ? NULL : realloc(p, bytes ? bytes : 1);
}

void memory_free(void *p)
{
	free(p);
}

int memory_grow(void *array, size_t *capacity, size_t n, size_t item_bytes)
{
	void **items = array;
	if (n <= *capacity)
		return 0;
	size_t wanted = *capacity + *capacity / 2 + 8, bytes;
	if (wanted < n)
		wanted = n;
	if (__builtin_mul_overflow(wanted, item_bytes, &bytes))
		return ERROR_MEMORY;
	void *grown = memory_resize(*items, bytes);
	if (!grown)
		return ERROR_MEMORY;
	*items = grown;
	*capacity = wanted;
	return 0;
}

struct arena_block {
	struct arena_block *next;
	size_t capacity, used;
	max_align_t bytes[];
};

void arena_init(struct arena *arena, size_t bytes_max)
{
	*arena = (struct arena){.bytes_max = bytes_max};
}

/* An arena that has grown goes on in large pages: a fault for each small one would cost more than filling it. */
static struct arena_block *block_new(const struct arena *arena, size_t bytes)
{
	size_t capacity = bytes > ARENA_BLOCK_BYTES ? bytes : ARENA_BLOCK_BYTES;
	size_t whole = (sizeof(struct arena_block) + capacity + LARGE_PAGE_BYTES - 1) & ~(size_t)(LARGE_PAGE_BYTES - 1);
	bool large = arena->bytes_used >= ARENA_GROWN_BYTES;
	struct arena_block *block = large ? large_alloc(whole) : memory_alloc(sizeof *block + capacity);
	if (block)
		*block = (struct arena_block){.capacity = large ? whole - sizeof *block : capacity};
	return block;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
	if (bytes > arena->bytes_max)
		return NULL;
	size_t rounded = (bytes + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (arena->bytes_used + rounded > arena->bytes_max)
		return NULL;
	struct arena_block *block = arena->current;
	if (!block || block->capacity - block->used < rounded) {
		struct arena_block *fresh = block_new(arena, rounded);
		if (!fresh)
			return NULL;
		if (block)
			block->next = fresh;
		else
			arena->first = fresh;
		arena->current = block = fresh;
	}
	void *p = (char *)block->bytes + block->used;
	block->used += rounded;
	arena->bytes_used += rounded;
	return p;
}

void *arena_zero_alloc(struct arena *arena, size_t n, size_t bytes)
{
	size_t total;
	if (__builtin_mul_overflow(n, bytes, &total))
		return NULL;
	void *p = arena_alloc(arena, total);
	return p ? memset(p, 0, total) : NULL;
}

static void blocks_free(struct arena_block *block)
{
	while (block) {
		struct arena_block *next = block->next;
		memory_free(block);
		block = next;
	}
}

void arena_reset(struct arena *arena)
{
	if (arena->first) {
		blocks_free(arena->first->next);
		arena->first->next = NULL;
		arena->first->used = 0;
	}
	arena->current = arena->first;
	arena->bytes_used = 0;
}

void arena_free(struct arena *arena)
{
	blocks_free(arena->first);
	arena_init(arena, arena->bytes_max);
}

void arena_cleanup(struct arena *arena)
{
	arena_free(arena);
}
