/*
 * store_check.h: is the file of the lookups sound, page by page, before LMDB maps it?
 *
 * LMDB believes its file: a cut one ends the process with SIGBUS, a changed page number with SIGSEGV, a changed list of free pages
 * with overwritten pages later on. So every page that can be reached is looked at first: numbers in range and met once, kinds, sizes,
 * order of keys, counts, the list of free pages. What lies inside values is not looked at: they carry checks of their own (store.h).
 *
 * It knows the format of LMDB 0.9 (data version 1) on this machine, and nothing of what is stored. The cost is one look at each
 * page's head and nodes, a small part of what loading costs.
 *
 * Private to engine/.
 */
#ifndef ATTUNE_ENGINE_STORE_CHECK_H
#define ATTUNE_ENGINE_STORE_CHECK_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct store_problem {
	uint64_t offset;      /* In data.mdb. */
	const char *what;     /* "a page is met twice"; static. NULL: none. */
};

/*
 * Check the file @path, which nobody writes meanwhile. @tables are the names of all @n tables that there must be.
 * Errors: ERROR_CORRUPT (with *@problem), ERROR_NOT_FOUND, ERROR_IO, ERROR_MEMORY.
 */
int store_check(const char *path, const char *const *tables, size_t n, struct store_problem *problem) MUST_CHECK;

#endif
