/*
 * store.c: LMDB, with the rules that keep it healthy: one environment, short transactions, no DUPSORT.
 *
 * Its data is synced at every commit, its meta page with the next one (MDB_NOMETASYNC): a power cut can undo the last commit
 * and harms nothing, for what is here can be replayed. So a pass syncs half as often, and the log's syncs wait less for it.
 */
#include "engine/store.h"

#include "base/folder.h"
#include "base/refusal.h"
#include "base/inventory.h"
#include "base/memory.h"
#include "engine/store_check.h"

#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <xxhash.h>

enum { TRANSACTION_BYTES = 256 * 1024 /* Small, so that a sync of the log between two commits is short. */, DISK_FULL_BYTES = 16 * 1024 * 1024 };
/* Address space, not disk. The little one is for a process that may not have so much, as by a limit or under valgrind. */
static const size_t MAP_BYTES = (size_t)256 * 1024 * 1024 * 1024, MAP_BYTES_LITTLE = (size_t)16 * 1024 * 1024 * 1024;

static const char *const table_names[STORE_TABLES] = {
#define X(symbol, name) [symbol] = name,
	STORE_TABLE_NAMES(X)
#undef X
};

struct store {
	MDB_env *env; /* NULL: could not be opened again. */
	char folder[4096];
	MDB_dbi tables[STORE_TABLES];
	MDB_txn *txn;
	size_t txn_bytes;
};

/* Behind every value: XXH3 of its table, its key and itself. */
static uint64_t check_of(enum store_table table, struct text key, struct text value)
{
	return XXH3_64bits_withSeed(value.p, value.n, XXH3_64bits_withSeed(key.p, key.n, (uint64_t)table + 1));
}

/* The value without its check. False: it is not what was written under this key. */
static bool value_open(enum store_table table, struct text key, MDB_val v, struct text *value)
{
	uint64_t check;
	if (v.mv_size <= sizeof check)
		return false;
	*value = (struct text){v.mv_data, v.mv_size - sizeof check};
	memcpy(&check, value->p + value->n, sizeof check);
	return check == check_of(table, key, *value);
}

static int error_of(int code)
{
	switch (code) {
	case 0:
		return 0;
	case ENOSPC:
	case MDB_MAP_FULL:
		return ERROR_FULL;
	case ENOMEM:
		return ERROR_MEMORY;
	case EMFILE:
	case ENFILE:
		return ERROR_BUSY;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
		return ERROR_CORRUPT;
	default:
		return ERROR_IO;
	}
}

static int tables_open(struct store *store)
{
	MDB_txn *txn;
	int code = mdb_txn_begin(store->env, NULL, 0, &txn);
	if (code)
		return code;
	for (size_t i = 0; i < STORE_TABLES && !code; i++)
		code = mdb_dbi_open(txn, table_names[i], MDB_CREATE, &store->tables[i]);
	if (code) {
		mdb_txn_abort(txn);
		return code;
	}
	return mdb_txn_commit(txn);
}

static int environment_try(struct store *store, size_t map_bytes)
{
	int dead, code = mdb_env_create(&store->env);
	if (!code)
		code = mdb_env_set_maxdbs(store->env, STORE_TABLES);
	if (!code)
		code = mdb_env_set_mapsize(store->env, map_bytes);
	if (!code)
		code = mdb_env_open(store->env, store->folder, MDB_NOTLS | MDB_NORDAHEAD | MDB_NOMETASYNC, 0600);
	if (!code)
		code = mdb_reader_check(store->env, &dead);
	if (!code)
		code = tables_open(store);
	if (code) {
		mdb_env_close(store->env);
		store->env = NULL;
	}
	return code;
}

static int environment_start(struct store *store)
{
	int code = environment_try(store, MAP_BYTES);
	return code == ENOMEM || code == EINVAL ? environment_try(store, MAP_BYTES_LITTLE) : code;
}

static int environment_open(struct store **out, const char *folder)
{
	struct store *store = memory_zero_alloc(1, sizeof *store);
	if (!store)
		return ERROR_MEMORY;
	int n = snprintf(store->folder, sizeof store->folder, "%s", folder);
	int error = n >= (int)sizeof store->folder ? ERROR_IO : error_of(environment_start(store));
	if (error)
		store_close(store);
	else
		*out = store;
	return error;
}

/* Begin to write. LMDB wants to be opened again after the disk was full at a bad moment. */
static int begin(struct store *store)
{
	int code = store->env ? mdb_txn_begin(store->env, NULL, 0, &store->txn) : MDB_PANIC;
	if (code == MDB_PANIC) {
		if (store->env)
			mdb_env_close(store->env);
		store->env = NULL;
		code = environment_start(store);
		if (!code)
			code = mdb_txn_begin(store->env, NULL, 0, &store->txn);
	}
	if (code)
		store->txn = NULL;
	return code;
}

static bool has_room(const char *folder)
{
	struct statvfs status;
	return statvfs(folder, &status) != 0 || status.f_bavail * status.f_frsize >= DISK_FULL_BYTES;
}

/* A new environment is made under another name and gets its own only when it is whole: LMDB refuses half of one. */
static int environment_create(const char *folder)
{
	char draft[4096], file[4096 + 16];
	struct store *store = NULL;
	if (snprintf(draft, sizeof draft, "%s.new", folder) >= (int)sizeof draft)
		return ERROR_IO;
	int error = folder_make(draft);
	if (!error && !has_room(draft)) /* It maps a file for its lock, and a page of that without room would end the process. */
		error = refuse(ERROR_FULL, "There is no room to make %s, which speeds up a start: free 16 MiB. Nothing is lost.", folder);
	snprintf(file, sizeof file, "%s/data.mdb", draft);
	if (!error && unlink(file) != 0 && errno != ENOENT)
		error = ERROR_IO;
	if (!error)
		error = environment_open(&store, draft);
	if (error)
		return error;
	error = error_of(mdb_env_sync(store->env, 1));
	store_close(store);
	if (!error)
		error = folder_sync_parent(file);
	if (!error && rename(draft, folder) != 0)
		error = ERROR_IO;
	return error ? error : folder_sync_parent(folder);
}

/* Is the file of the environment in @folder sound? */
static int file_check(const char *folder, struct store_problem *problem)
{
	char path[4096 + 16];
	snprintf(path, sizeof path, "%s/data.mdb", folder);
	int error = store_check(path, table_names, STORE_TABLES, problem);
	if (error == ERROR_NOT_FOUND) {
		*problem = (struct store_problem){0, "the file is missing"};
		error = ERROR_CORRUPT;
	}
	return error;
}

int store_open(struct store **out, const char *folder, struct store_problem *problem)
{
	bool is_there = access(folder, F_OK) == 0 || errno != ENOENT;
	*problem = (struct store_problem){0};
	int error = is_there ? file_check(folder, problem) : environment_create(folder);
	if (!error)
		error = environment_open(out, folder);
	if (error == ERROR_CORRUPT && !problem->what)
		problem->what = "LMDB cannot open it";
	return error;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	store_abort(store);
	if (store->env)
		mdb_env_close(store->env);
	memory_free(store);
}

/* LMDB calls a write that a full disk cut short an I/O error. */
static int commit_error(struct store *store, int code)
{
	struct statvfs status;
	int file;
	if (code == EIO && mdb_env_get_fd(store->env, &file) == 0 && fstatvfs(file, &status) == 0 &&
	    status.f_bavail * status.f_frsize < DISK_FULL_BYTES)
		return ERROR_FULL;
	return error_of(code);
}

int store_commit(struct store *store)
{
	if (!store->txn)
		return 0;
	int code = mdb_txn_commit(store->txn);
	store->txn = NULL;
	store->txn_bytes = 0;
	return commit_error(store, code);
}

int store_sync(struct store *store)
{
	return store->env ? error_of(mdb_env_sync(store->env, 1)) : ERROR_IO;
}

void store_abort(struct store *store)
{
	if (store->txn)
		mdb_txn_abort(store->txn);
	store->txn = NULL;
	store->txn_bytes = 0;
}

int store_put(struct store *store, enum store_table table, struct text key, struct text value)
{
	MDB_val k = {key.n, (void *)(uintptr_t)key.p}, v = {value.n, (void *)(uintptr_t)value.p};
	int code = store->txn ? 0 : begin(store);
	if (code)
		return error_of(code);
	if (value.n) {
		uint64_t check = check_of(table, key, value);
		v.mv_size = value.n + sizeof check;
		code = mdb_put(store->txn, store->tables[table], &k, &v, MDB_RESERVE);
		if (!code) {
			memcpy(v.mv_data, value.p, value.n);
			memcpy((char *)v.mv_data + value.n, &check, sizeof check);
		}
	} else {
		code = mdb_del(store->txn, store->tables[table], &k, NULL);
	}
	if (code == MDB_NOTFOUND)
		code = 0;
	if (code) {
		store_abort(store);
		return error_of(code);
	}
	store->txn_bytes += key.n + value.n;
	return store->txn_bytes > TRANSACTION_BYTES ? store_commit(store) : 0;
}

int store_drop(struct store *store, enum store_table table)
{
	int code = store->txn ? 0 : begin(store);
	if (!code)
		code = mdb_drop(store->txn, store->tables[table], 0);
	if (code)
		store_abort(store);
	return code ? error_of(code) : 0;
}

int store_get(struct store *store, enum store_table table, struct text key, struct buffer *out)
{
	MDB_txn *txn;
	MDB_val k = {key.n, (void *)(uintptr_t)key.p}, v;
	int code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
	if (code)
		return error_of(code);
	code = mdb_get(txn, store->tables[table], &k, &v);
	struct text value = {0};
	if (code == 0 && !value_open(table, key, v, &value))
		code = MDB_CORRUPTED;
	else if (code == 0)
		buffer_text(out, value);
	mdb_txn_abort(txn);
	return code == MDB_NOTFOUND ? 0 : error_of(code);
}

int store_each(struct store *store, enum store_table table, int (*each)(void *, struct text, struct text), void *arg)
{
	MDB_txn *txn;
	MDB_cursor *cursor;
	MDB_val k, v;
	int code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn), error = 0;
	if (code)
		return error_of(code);
	code = mdb_cursor_open(txn, store->tables[table], &cursor);
	if (code) {
		mdb_txn_abort(txn);
		return error_of(code);
	}
	while (!error && (code = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) == 0) {
		struct text key = {k.mv_data, k.mv_size}, value;
		error = value_open(table, key, v, &value) ? each(arg, key, value) : ERROR_CORRUPT;
	}
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	return error ? error : code == MDB_NOTFOUND ? 0 : error_of(code);
}

int store_copy(const char *from, const char *to)
{
	MDB_env *env = NULL;
	int error = folder_make(to);
	int code = error ? 0 : mdb_env_create(&env);
	if (error || code)
		return error ? error : error_of(code);
	code = mdb_env_open(env, from, MDB_RDONLY | MDB_NOTLS | MDB_NORDAHEAD, 0600);
	if (!code)
		code = mdb_env_copy2(env, to, MDB_CP_COMPACT);
	mdb_env_close(env);
	char file[4096 + 16];
	snprintf(file, sizeof file, "%s/data.mdb", to);
	if (!code && chmod(file, 0600) != 0)
		return ERROR_IO;
	return code == ENOENT ? 0 : error_of(code);
}

/* The names are the keys of the table that has no name. */
static int tables_walk(MDB_env *env, void (*each)(void *, struct text), void *arg)
{
	MDB_txn *txn;
	MDB_cursor *cursor = NULL;
	MDB_dbi unnamed;
	MDB_val k, v;
	int code = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
	if (code)
		return code;
	code = mdb_dbi_open(txn, NULL, 0, &unnamed);
	if (!code)
		code = mdb_cursor_open(txn, unnamed, &cursor);
	if (!code) {
		while ((code = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) == 0)
			each(arg, (struct text){k.mv_data, k.mv_size});
		mdb_cursor_close(cursor);
	}
	mdb_txn_abort(txn);
	return code == MDB_NOTFOUND ? 0 : code;
}

int store_tables(const char *folder, void (*each)(void *, struct text), void *arg)
{
	MDB_env *env;
	int code = mdb_env_create(&env);
	if (code)
		return error_of(code);
	code = mdb_env_set_maxdbs(env, STORE_TABLES);
	if (!code)
		code = mdb_env_open(env, folder, MDB_RDONLY | MDB_NOTLS | MDB_NORDAHEAD, 0600);
	if (!code)
		code = tables_walk(env, each, arg);
	mdb_env_close(env);
	return error_of(code);
}
