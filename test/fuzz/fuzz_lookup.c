/*
 * fuzz_lookup.c: the file of the lookups, damaged in any way: it is refused with a place and words, or everything in it is read, and what
 * comes out is what was put in.
 */
#include "file.h"

#include "engine/store.h"

#include <stdio.h>
#include <string.h>

enum { ENTRIES = 40 };

static struct text sound; /* The file, whole. */
static char folder[128];

static struct text value_of(char room[256], int i)
{
	int n = snprintf(room, 256, "value %d %0*d", i, 1 + i % 100, i);
	return (struct text){room, (size_t)n};
}

static void sound_make(void)
{
	struct store *store;
	struct store_problem problem;
	static char room[FUZZ_FILE_BYTES_MAX];
	snprintf(folder, sizeof folder, "%s/lookup", fuzz_folder());
	MUST(store_open(&store, folder, &problem) == 0);
	for (int table = 0; table < 3; table++)
		for (int i = 0; i < ENTRIES; i++) {
			char value[256];
			MUST(store_put(store, (enum store_table)table, (struct text){(const char *)&i, sizeof i}, value_of(value, i)) == 0);
		}
	MUST(store_commit(store) == 0);
	for (int i = 0; i < ENTRIES / 2; i++) /* Pages become free. */
		MUST(store_put(store, STORE_CUSTOMERS, (struct text){(const char *)&i, sizeof i}, (struct text){0}) == 0);
	MUST(store_commit(store) == 0);
	store_close(store);
	struct text file = fuzz_file_get("lookup/data.mdb");
	MUST(file.n < sizeof room);
	memcpy(room, file.p, file.n);
	sound = (struct text){room, file.n};
}

static int entry_check(void *arg, struct text key, struct text value)
{
	char room[256];
	int i;
	(void)arg;
	MUST(key.n == sizeof i);
	memcpy(&i, key.p, sizeof i);
	MUST(i >= 0 && i < ENTRIES && text_equal(value, value_of(room, i)));
	return 0;
}

static void use(struct store *store)
{
	for (int table = 0; table < STORE_TABLES; table++) {
		int error = store_each(store, (enum store_table)table, entry_check, NULL);
		MUST(error == 0 || error == ERROR_CORRUPT || error == ERROR_IO);
		for (int i = 0; i < ENTRIES; i += 7) {
			struct buffer out = BUFFER_INIT(4096);
			error = store_get(store, (enum store_table)table, (struct text){(const char *)&i, sizeof i}, &out);
			MUST(error == 0 || error == ERROR_CORRUPT || error == ERROR_IO);
			if (!error && out.n)
				entry_check(NULL, (struct text){(const char *)&i, sizeof i}, buffer_view(&out));
			buffer_free(&out);
		}
	}
	for (int i = 0; i < ENTRIES; i++) {
		char room[256];
		if (store_put(store, STORE_NAMES, (struct text){(const char *)&i, sizeof i}, value_of(room, i)) != 0)
			return;
	}
	if (store_commit(store) != 0)
		store_abort(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct fuzz_input input = {bytes, n};
	struct store *store;
	struct store_problem problem = {0};
	bool cut;
	if (!sound.n)
		sound_make();
	damage_clear();
	bool raw = fuzz_byte(&input) & 1;
	struct text file = raw ? fuzz_rest(&input) : fuzz_damaged(&input, sound, &cut);
	fuzz_file_put("lookup/data.mdb", file);
	int error = store_open(&store, folder, &problem);
	MUST(error == 0 || error == ERROR_CORRUPT || error == ERROR_IO);
	MUST(error != ERROR_CORRUPT || problem.what);
	if (error)
		return 0;
	use(store);
	store_close(store);
	return 0;
}
