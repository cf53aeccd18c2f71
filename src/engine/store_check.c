/* store_check.c: a walk over the pages of an LMDB file. */
#include "engine/store_check.h"

#include "base/memory.h"
#include "base/refusal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The format, as in LMDB's mdb.c of version 0.9. */
enum { META_MAGIC = (int)0xBEEFC0DE, META_VERSION = 1, PAGE_HEAD = 16, NODE_HEAD = 8, KEY_BYTES_MAX = 511, DEPTH_MAX = 16, TABLES_MAX = 32 };
enum { PAGE_BRANCH = 1, PAGE_LEAF = 2, PAGE_OVERFLOW = 4, PAGE_META = 8 };
enum { NODE_BIG = 1, NODE_TABLE = 2, FREE_FLAGS = 8 /* Keys are integers. */ };
static const uint64_t PAGE_NONE = UINT64_MAX;
static const uint64_t MAP_BYTES_MAX = (uint64_t)256 * 1024 * 1024 * 1024;

struct page_head {
	uint64_t number;
	uint16_t pad, flags;
	union {
		struct {
			uint16_t lower, upper;
		};
		uint32_t pages; /* Of an overflow run. */
	};
};

struct table {
	uint32_t pad;
	uint16_t flags, depth;
	uint64_t branches, leaves, overflows, entries, root;
};

struct meta {
	uint32_t magic, version;
	uint64_t address, map_bytes;
	struct table free, main;
	uint64_t last_page, transaction;
};

struct node {
	uint16_t low, high, flags, key_bytes;
};

static_assert(sizeof(struct page_head) == PAGE_HEAD && sizeof(struct table) == 48 && sizeof(struct meta) == 136 && sizeof(struct node) == NODE_HEAD, "as LMDB has it");

struct bytes {
	const uint8_t *p;
	size_t n;
};

struct walk {
	const uint8_t *map;
	size_t page_bytes;
	uint64_t pages;           /* In the file. */
	uint64_t last;            /* The last page in use. */
	uint8_t *met;             /* A bit a page. */
	struct store_problem *problem;
	/* Of the table that is walked: */
	bool integers;
	uint64_t branches, leaves, overflows, entries;
	bool (*value)(struct walk *walk, struct bytes key, uint16_t flags, struct bytes value, uint64_t at);
	/* What the first table says: the others. */
	struct {
		struct table table;
		char name[64];
	} found[TABLES_MAX];
	size_t found_n;
};

static bool bad(struct walk *walk, uint64_t page, const char *what)
{
	*walk->problem = (struct store_problem){page * walk->page_bytes, what};
	return false;
}

/* Is page @number one that may be used, and met for the first time? */
static bool page_take(struct walk *walk, uint64_t number, uint64_t from)
{
	if (number < 2 || number > walk->last || number >= walk->pages)
		return bad(walk, from, "it names a page that is not there");
	if (walk->met[number / 8] & 1 << number % 8)
		return bad(walk, number, "a page is met twice");
	walk->met[number / 8] |= (uint8_t)(1 << number % 8);
	return true;
}

static int keys_compare(const struct walk *walk, struct bytes a, struct bytes b)
{
	uint64_t left, right;
	if (walk->integers) {
		memcpy(&left, a.p, sizeof left);
		memcpy(&right, b.p, sizeof right);
		return left < right ? -1 : left > right;
	}
	int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
	return order ? order : a.n < b.n ? -1 : a.n > b.n;
}

/* The pages of a large value. */
static bool overflow_check(struct walk *walk, uint64_t number, size_t value_bytes, uint64_t from)
{
	struct page_head head;
	const uint64_t n = (PAGE_HEAD - 1 + value_bytes) / walk->page_bytes + 1;
	if (!page_take(walk, number, from))
		return false;
	memcpy(&head, walk->map + number * walk->page_bytes, sizeof head);
	/* There may be more pages than it needs: a smaller value keeps the place of a larger one. */
	if (head.number != number || head.flags != PAGE_OVERFLOW || head.pages < n || head.pages > walk->pages)
		return bad(walk, number, "a large value does not begin as one");
	for (uint64_t i = 1; i < head.pages; i++)
		if (!page_take(walk, number + i, from))
			return false;
	walk->overflows += head.pages;
	return true;
}

/* The node at @index of a page whose head is sound. */
static bool node_take(struct walk *walk, const uint8_t *page, uint64_t number, const struct page_head *head, size_t index, struct node *node, struct bytes *key,
                      size_t *size)
{
	uint16_t at;
	memcpy(&at, page + PAGE_HEAD + index * sizeof at, sizeof at);
	if (at < head->upper || at % 2 || (size_t)at + NODE_HEAD > walk->page_bytes)
		return bad(walk, number, "an entry lies outside its page");
	memcpy(node, page + at, sizeof *node);
	uint64_t value = node->low | (uint64_t)node->high << 16;
	*size = NODE_HEAD + node->key_bytes + (head->flags == PAGE_BRANCH ? 0 : node->flags & NODE_BIG ? sizeof(uint64_t) : value);
	*size += *size & 1;
	if (node->key_bytes > KEY_BYTES_MAX || at + *size > walk->page_bytes || (walk->integers && (head->flags == PAGE_LEAF || index) && node->key_bytes != sizeof(uint64_t)))
		return bad(walk, number, "an entry is larger than its page");
	*key = (struct bytes){page + at + NODE_HEAD, node->key_bytes};
	return true;
}

static bool leaf_value(struct walk *walk, uint64_t number, const struct node *node, struct bytes key)
{
	uint64_t bytes = node->low | (uint64_t)node->high << 16, big;
	struct bytes value = {key.p + key.n, (size_t)bytes};
	walk->entries++;
	if (node->flags & ~(NODE_BIG | NODE_TABLE))
		return bad(walk, number, "an entry is of no known kind");
	if (node->flags & NODE_BIG) {
		memcpy(&big, value.p, sizeof big);
		if (!overflow_check(walk, big, value.n, number))
			return false;
		value.p = walk->map + big * walk->page_bytes + PAGE_HEAD;
	}
	return walk->value(walk, key, node->flags, value, number);
}

/* A page of a tree and all below it. @low and @high (p NULL: none) are bounds of its keys: low <= key < high. */
static bool page_check(struct walk *walk, uint64_t number, uint64_t from, unsigned depth, struct bytes low, struct bytes high)
{
	struct page_head head;
	size_t used = 0, size;
	if (!page_take(walk, number, from))
		return false;
	const uint8_t *page = walk->map + number * walk->page_bytes;
	memcpy(&head, page, sizeof head);
	const uint16_t kind = depth > 1 ? PAGE_BRANCH : PAGE_LEAF;
	if (head.number != number || head.flags != kind)
		return bad(walk, number, "a page is not what its place asks for");
	if (head.lower < PAGE_HEAD || head.lower % 2 || head.lower > head.upper || head.upper > walk->page_bytes || head.lower == PAGE_HEAD)
		return bad(walk, number, "a page is filled in a way that cannot be");
	const size_t n = (head.lower - PAGE_HEAD) / sizeof(uint16_t);
	*(kind == PAGE_BRANCH ? &walk->branches : &walk->leaves) += 1;
	struct node node, next = {0};
	struct bytes key, next_key = {0}, before = low;
	if (!node_take(walk, page, number, &head, 0, &next, &next_key, &size))
		return false;
	for (size_t i = 0; i < n; i++) {
		node = next;
		key = next_key;
		used += size;
		if (i + 1 < n && !node_take(walk, page, number, &head, i + 1, &next, &next_key, &size))
			return false;
		const bool has_key = kind == PAGE_LEAF || i > 0; /* The first of a branch has none that counts. */
		if (has_key && ((before.p && keys_compare(walk, key, before) < (i > (kind == PAGE_BRANCH))) || (high.p && keys_compare(walk, key, high) >= 0)))
			return bad(walk, number, "keys are not in order");
		before = has_key ? key : before;
		if (kind == PAGE_LEAF && !leaf_value(walk, number, &node, key))
			return false;
		const uint64_t child = node.low | (uint64_t)node.high << 16 | (uint64_t)node.flags << 32;
		if (kind == PAGE_BRANCH && !page_check(walk, child, number, depth - 1, before, i + 1 < n ? next_key : high))
			return false;
	}
	return used == walk->page_bytes - head.upper || bad(walk, number, "entries of a page overlap");
}

static bool table_check(struct walk *walk, const struct table *table, uint64_t from, bool integers,
                        bool (*value)(struct walk *, struct bytes, uint16_t, struct bytes, uint64_t))
{
	walk->branches = walk->leaves = walk->overflows = walk->entries = 0;
	walk->integers = integers;
	walk->value = value;
	if (table->root == PAGE_NONE ? table->depth != 0 : table->depth == 0 || table->depth > DEPTH_MAX)
		return bad(walk, from, "a table has a depth that cannot be");
	if (table->root != PAGE_NONE && !page_check(walk, table->root, from, table->depth, (struct bytes){0}, (struct bytes){0}))
		return false;
	if (walk->branches != table->branches || walk->leaves != table->leaves || walk->overflows != table->overflows || walk->entries != table->entries)
		return bad(walk, from, "a table does not have the entries that it should have");
	return true;
}

/* ---- what stands in the tables ---- */

static bool plain_value(struct walk *walk, struct bytes key, uint16_t flags, struct bytes value, uint64_t at)
{
	(void)key;
	(void)value;
	return flags & NODE_TABLE ? bad(walk, at, "a table lies inside another") : true;
}

static bool main_value(struct walk *walk, struct bytes key, uint16_t flags, struct bytes value, uint64_t at)
{
	if (flags != NODE_TABLE || value.n != sizeof(struct table) || key.n >= sizeof walk->found->name || walk->found_n == TABLES_MAX)
		return bad(walk, at, "the list of tables has something else in it");
	memcpy(&walk->found[walk->found_n].table, value.p, sizeof(struct table));
	memcpy(walk->found[walk->found_n].name, key.p, key.n);
	walk->found[walk->found_n++].name[key.n] = 0;
	return true;
}

/* A list of pages that are free: how many, and their numbers. */
static bool free_value(struct walk *walk, struct bytes key, uint16_t flags, struct bytes value, uint64_t at)
{
	uint64_t n = 0;
	(void)key;
	if (value.n >= sizeof n)
		memcpy(&n, value.p, sizeof n);
	if (flags & NODE_TABLE || value.n < sizeof n || n > value.n / sizeof n - 1)
		return bad(walk, at, "a list of free pages is not whole");
	return true;
}

static bool tables_check(struct walk *walk, const char *const *tables, size_t n)
{
	if (walk->found_n != n)
		return bad(walk, 0, "there are other tables than there should be");
	for (size_t i = 0; i < n; i++) {
		size_t at = 0;
		while (at < n && strcmp(walk->found[at].name, tables[i]) != 0)
			at++;
		if (at == n)
			return bad(walk, 0, "a table is missing");
		if (walk->found[at].table.flags || walk->found[at].table.pad)
			return bad(walk, 0, "a table is of another kind");
		if (!table_check(walk, &walk->found[at].table, 0, false, plain_value))
			return false;
	}
	return true;
}

/* Once all that is in use has been met: no page of a list of free ones may be in use, or free twice. */
static bool free_pages(struct walk *walk, struct bytes key, uint16_t flags, struct bytes value, uint64_t at)
{
	uint64_t n, number;
	(void)key;
	(void)flags;
	memcpy(&n, value.p, sizeof n);
	for (uint64_t i = 1; i <= n; i++) {
		memcpy(&number, value.p + i * sizeof number, sizeof number);
		if (number < 2 || number > walk->last)
			return bad(walk, at, "a free page is not there");
		if (number < walk->pages ? walk->met[number / 8] & 1 << number % 8 : false)
			return bad(walk, at, "a page is free and in use");
		if (number < walk->pages)
			walk->met[number / 8] |= (uint8_t)(1 << number % 8);
	}
	return true;
}

/* The lists again, without marking the pages that hold them: those were met before. */
static bool free_lists(struct walk *walk, uint64_t number, unsigned depth)
{
	struct page_head head;
	const uint8_t *page = walk->map + number * walk->page_bytes;
	memcpy(&head, page, sizeof head);
	for (size_t i = 0; i < (head.lower - (size_t)PAGE_HEAD) / sizeof(uint16_t); i++) {
		struct node node;
		struct bytes key;
		size_t size;
		uint64_t big;
		if (!node_take(walk, page, number, &head, i, &node, &key, &size))
			return false;
		if (depth > 1) {
			if (!free_lists(walk, node.low | (uint64_t)node.high << 16 | (uint64_t)node.flags << 32, depth - 1))
				return false;
			continue;
		}
		struct bytes value = {key.p + key.n, node.low | (size_t)node.high << 16};
		if (node.flags & NODE_BIG) {
			memcpy(&big, value.p, sizeof big);
			value.p = walk->map + big * walk->page_bytes + PAGE_HEAD;
		}
		if (!free_pages(walk, key, node.flags, value, number))
			return false;
	}
	return true;
}

/* ---- the file ---- */

/* The newest of the two meta pages, as LMDB chooses it. */
static bool meta_choose(struct walk *walk, struct meta *newest)
{
	for (uint64_t i = 0; i < 2; i++) {
		struct page_head head;
		struct meta meta;
		memcpy(&head, walk->map + i * walk->page_bytes, sizeof head);
		memcpy(&meta, walk->map + i * walk->page_bytes + PAGE_HEAD, sizeof meta);
		if (head.number != i || head.flags != PAGE_META || meta.magic != (uint32_t)META_MAGIC || meta.version != META_VERSION || meta.address ||
		    meta.map_bytes > MAP_BYTES_MAX || meta.free.pad != walk->page_bytes || meta.free.flags != FREE_FLAGS || meta.main.flags || meta.main.pad ||
		    (meta.transaction && meta.transaction % 2 != i) || meta.last_page >= meta.map_bytes / walk->page_bytes)
			return bad(walk, i, "the head of the file is not what was written");
		if (i == 0 || meta.transaction > newest->transaction)
			*newest = meta;
	}
	return true;
}

static bool file_check(struct walk *walk, const char *const *tables, size_t n)
{
	struct meta meta;
	if (!meta_choose(walk, &meta))
		return false;
	walk->last = meta.last_page;
	if (!table_check(walk, &meta.main, 0, false, main_value) || !tables_check(walk, tables, n) || !table_check(walk, &meta.free, 0, true, free_value))
		return false;
	walk->integers = true;
	return meta.free.root == PAGE_NONE || free_lists(walk, meta.free.root, meta.free.depth);
}

int store_check(const char *path, const char *const *tables, size_t n, struct store_problem *problem)
{
	struct walk *walk = memory_zero_alloc(1, sizeof *walk);
	struct stat status;
	*problem = (struct store_problem){0};
	if (!walk)
		return ERROR_MEMORY;
	int file = open(path, O_RDONLY | O_CLOEXEC), error = 0;
	if (file < 0 || fstat(file, &status) != 0)
		error = errno == ENOENT ? ERROR_NOT_FOUND : refuse(ERROR_IO, "%s cannot be read: %s.", path, strerror(errno));
	walk->problem = problem;
	walk->page_bytes = (size_t)getpagesize();
	walk->pages = error ? 0 : (uint64_t)status.st_size / walk->page_bytes;
	walk->met = memory_zero_alloc(walk->pages / 8 + 1, 1);
	if (!error && !walk->met)
		error = ERROR_MEMORY;
	if (!error && walk->pages < 2) {
		bad(walk, 0, "the file is empty or cut");
		error = ERROR_CORRUPT;
	}
	void *map = error ? MAP_FAILED : mmap(NULL, walk->pages * walk->page_bytes, PROT_READ, MAP_SHARED, file, 0);
	if (!error && map == MAP_FAILED)
		error = ERROR_MEMORY;
	if (!error) {
		walk->map = map;
		error = file_check(walk, tables, n) ? 0 : ERROR_CORRUPT;
		munmap(map, walk->pages * walk->page_bytes);
	}
	if (file >= 0)
		close(file);
	memory_free(walk->met);
	memory_free(walk);
	return error;
}
