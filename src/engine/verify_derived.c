/* verify_derived.c: the store, and the files whose lengths it keeps. */
#include "engine/verify_derived.h"

#include "base/clock.h"
#include "base/damage.h"
#include "base/folder.h"
#include "base/inventory.h"
#include "engine/seen.h"
#include "engine/store.h"
#include "event/columns.h"

#include <stdio.h>
#include <string.h>

struct checking {
	const char *folder;
	struct dedupe *dedupe;
	struct seen *seen;
};

static uint32_t number_of(struct text key)
{
	uint32_t number = 0;
	for (size_t i = 0; i < key.n; i++)
		number = number << 8 | (uint8_t)key.p[i];
	return number;
}

static int value_pass(void *arg, struct text key, struct text value)
{
	(void)arg;
	(void)key;
	(void)value;
	return 0;
}

static int day_check(void *arg, struct text key, struct text value)
{
	const struct checking *checking = arg;
	uint64_t rows = 0;
	char path[4200];
	if (value.n == sizeof rows)
		memcpy(&rows, value.p, sizeof rows);
	snprintf(path, sizeof path, "%.4000s/columns", checking->folder);
	return columns_file_check(path, (int32_t)(number_of(key) ^ 0x80000000u), rows);
}

static int hour_check(void *arg, struct text key, struct text value)
{
	const struct checking *checking = arg;
	struct seen_length length;
	if (value.n != sizeof length)
		return 0;
	memcpy(&length, value.p, sizeof length);
	return seen_restore(checking->seen, number_of(key), length);
}

static int files_check(struct checking *checking, struct store *store)
{
	char path[4200];
	int error = 0;
	for (int table = 0; table < STORE_TABLES && !error; table++)
		error = store_each(store, (enum store_table)table, value_pass, NULL);
	if (!error)
		error = store_each(store, STORE_DAYS, day_check, checking);
	snprintf(path, sizeof path, "%.4000s/seen", checking->folder);
	if (error || !inventory_is_there(checking->folder, "seen"))
		return error;
	checking->dedupe = dedupe_new((size_t)1 << 30);
	error = checking->dedupe ? seen_open(&checking->seen, path) : ERROR_MEMORY;
	if (!error)
		error = store_each(store, STORE_HOURS, hour_check, checking);
	if (!error && seen_load(checking->seen, checking->dedupe, 0) == ERROR_MEMORY)
		error = ERROR_MEMORY; /* Everything else is in damage.h. */
	seen_close(checking->seen);
	dedupe_free(checking->dedupe);
	return error;
}

int engine_verify_derived(const char *folder, bool aside)
{
	struct checking checking = {.folder = folder};
	struct store_problem problem;
	struct store *store;
	char path[4200], to[FILE_ASIDE_BYTES];
	if (!inventory_is_there(folder, "lookup"))
		return 0; /* The next start makes it. */
	snprintf(path, sizeof path, "%.4000s/lookup", folder);
	int error = store_open(&store, path, &problem);
	if (!error) {
		error = files_check(&checking, store);
		store_close(store);
		if (error == ERROR_CORRUPT)
			problem.what = "a value is not what was written";
	}
	if (error != ERROR_CORRUPT)
		return error;
	damage_found("lookup/data.mdb", problem.offset, DAMAGE_REBUILT, "Nothing to do: the next start reads everything again from the log.", "The snapshot is damaged (%s).", problem.what);
	return aside ? file_set_aside(path, to) : 0;
}
