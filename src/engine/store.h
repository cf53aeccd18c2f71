/*
 * store.h: what is looked up at a start: snapshots of customers and the directory of identifiers, in LMDB.
 *
 * The only place that knows LMDB (and store_check.h, its file). Every value carries a check of itself, its key and its table, which
 * reading compares: what comes out is what was put in, or ERROR_CORRUPT. Nothing here is the truth: all of it can be derived from the log again. Writes come
 * from one thread in transactions of a quarter of a mebibyte, so that a commit never holds anybody up; the log's writer never
 * touches this environment.
 */
#ifndef ATTUNE_ENGINE_STORE_H
#define ATTUNE_ENGINE_STORE_H

#include "base/text.h"
#include "engine/store_check.h"

/* X(symbol, name) */
#define STORE_TABLE_NAMES(X)                                                                                             \
	X(STORE_META, "meta") X(STORE_CUSTOMERS, "customers") X(STORE_ORIGINS, "origins") X(STORE_IDENTIFIERS, "identifiers") \
	X(STORE_NAMES, "names") X(STORE_DAYS, "days") X(STORE_HOURS, "hours")

enum store_table {
#define X(symbol, name) symbol,
	STORE_TABLE_NAMES(X)
#undef X
	STORE_TABLES
};

struct store;

/* Open the environment in @folder, made when the folder is not there; its file is checked page by page first. Errors: ERROR_CORRUPT
 * (*@problem says where and what), ERROR_IO, ERROR_FULL, ERROR_MEMORY. */
int store_open(struct store **out, const char *folder, struct store_problem *problem) MUST_CHECK;
void store_close(struct store *store);

/* Write inside the open transaction (begun when needed); committed by itself when it has grown large. An empty @value
 * deletes. Errors: ERROR_IO, ERROR_FULL. */
int store_put(struct store *store, enum store_table table, struct text key, struct text value) MUST_CHECK;
int store_drop(struct store *store, enum store_table table) MUST_CHECK; /* All entries of @table, inside the open transaction. Errors: as store_put. */
int store_commit(struct store *store) MUST_CHECK;
void store_abort(struct store *store); /* Drop what is not committed. */
int store_sync(struct store *store) MUST_CHECK; /* What was committed survives a power cut. Errors: ERROR_IO. */

/* A copy of a value in @out; empty when there is none. Errors: ERROR_CORRUPT, ERROR_IO. */
int store_get(struct store *store, enum store_table table, struct text key, struct buffer *out) MUST_CHECK;

/* Call @each for every entry in the order of keys; stops at its first error and returns it. Errors: ERROR_CORRUPT, ERROR_IO. */
int store_each(struct store *store, enum store_table table, int (*each)(void *arg, struct text key, struct text value), void *arg)
	MUST_CHECK;

/* Copy the environment in @from, as its last commit left it, to the folder @to (made if needed); beside a process that has
 * it open or without one. Does nothing when there is none. Errors: ERROR_IO, ERROR_FULL, ERROR_CORRUPT, ERROR_MEMORY. */
int store_copy(const char *from, const char *to) MUST_CHECK;

/*
 * Call @each with the name of every table that is really in the environment in @folder, whoever made it; beside a process that has it
 * open or without one. Errors: ERROR_IO (there is none), ERROR_CORRUPT, ERROR_MEMORY.
 */
int store_tables(const char *folder, void (*each)(void *arg, struct text name), void *arg) MUST_CHECK;

#endif
