/* The store of lookups: what comes out is what went in, whatever happens to its file. */
#include "folder.h"
#include "random.h"
#include "unit.h"

#include "base/clock.h"
#include "engine/store.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENTRIES = 400, BIG = 9000 };

/* The @i-th entry: small ones, and a few that need pages of their own. */
static void entry_make(uint32_t i, char key[16], char *value, size_t *value_n)
{
	snprintf(key, 16, "key-%05u", i * 7919 % ENTRIES);
	*value_n = i % 37 == 0 ? BIG + i : 1 + i % 90;
	for (size_t at = 0; at < *value_n; at++)
		value[at] = (char)(i + at * 3);
}

static void store_fill(const char *lookup)
{
	static char value[2 * BIG];
	char key[16];
	size_t n;
	struct store *store;
	struct store_problem problem;
	assert_int_equal(store_open(&store, lookup, &problem), 0);
	for (uint32_t i = 0; i < ENTRIES; i++) {
		entry_make(i, key, value, &n);
		assert_int_equal(store_put(store, (enum store_table)(1 + i % 4), text_of(key), (struct text){value, n}), 0);
		if (i % 100 == 99)
			assert_int_equal(store_commit(store), 0);
	}
	/* Some change and some go, so that there are pages that are free. */
	for (uint32_t i = 0; i < ENTRIES; i += 5) {
		entry_make(i, key, value, &n);
		assert_int_equal(store_put(store, (enum store_table)(1 + i % 4), text_of(key), (struct text){value, i % 10 ? n / 2 + 1 : 0}), 0);
	}
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(store_sync(store), 0);
	store_close(store);
}

static void position_put(const char *lookup)
{
	struct store *store;
	struct store_problem problem;
	assert_int_equal(store_open(&store, lookup, &problem), 0);
	assert_int_equal(store_put(store, STORE_META, TEXT("position"), TEXT("12345678")), 0);
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(store_sync(store), 0);
	store_close(store);
}

static int entry_sum(void *arg, struct text key, struct text value)
{
	uint64_t *sum = arg;
	for (size_t i = 0; i < key.n; i++)
		*sum = *sum * 31 + (uint8_t)key.p[i];
	for (size_t i = 0; i < value.n; i++)
		*sum = *sum * 31 + (uint8_t)value.p[i];
	(*sum)++;
	return 0;
}

static char why[200]; /* Of the newest refusal. */

/* A number of all that is in the store, or the error of reading it. */
static int store_sum(const char *lookup, uint64_t *sum)
{
	struct store *store;
	struct store_problem problem;
	int error = store_open(&store, lookup, &problem);
	*sum = 0;
	if (error) {
		assert_true(error != ERROR_CORRUPT || problem.what);
		snprintf(why, sizeof why, "%s at %llu", problem.what, (unsigned long long)problem.offset);
		return error;
	}
	for (int table = 0; table < STORE_TABLES && !error; table++)
		error = store_each(store, (enum store_table)table, entry_sum, sum);
	store_close(store);
	return error;
}

static void a_sound_store_is_found_sound_after_any_writes(void **state)
{
	char folder[64], lookup[100], key[16];
	uint64_t seed = (uint64_t)clock_now_ms(), sum;
	static char value[2 * BIG];
	struct store *store;
	struct store_problem problem;
	(void)state;
	printf("seed %llu\n", (unsigned long long)seed);
	folder_new(folder);
	snprintf(lookup, sizeof lookup, "%s/lookup", folder);
	for (int round = 0; round < 30; round++) {
		assert_int_equal(store_open(&store, lookup, &problem), 0);
		for (uint64_t i = random_next(&seed) % 400; i > 0; i--) {
			size_t n = random_next(&seed) % 20 == 0 ? random_next(&seed) % sizeof value : random_next(&seed) % 200;
			snprintf(key, sizeof key, "k%u", (unsigned)(random_next(&seed) % 300));
			memset(value, (int)i, n);
			assert_int_equal(store_put(store, (enum store_table)(random_next(&seed) % STORE_TABLES), text_of(key), (struct text){value, n}), 0);
			if (random_next(&seed) % 50 == 0)
				assert_int_equal(store_commit(store), 0);
		}
		assert_int_equal(random_next(&seed) % 4 ? store_commit(store) : (store_abort(store), 0), 0);
		store_close(store);
		if (store_sum(lookup, &sum) != 0)
			fail_msg("round %d: %s", round, why);
	}
	folder_remove(folder);
}

static void a_changed_byte_is_found_or_changes_nothing_and_never_crashes(void **state)
{
	char folder[64], lookup[100], path[120], lock[120];
	uint64_t before, wanted, sum;
	struct stat status;
	size_t found = 0, same = 0;
	(void)state;
	folder_new(folder);
	snprintf(lookup, sizeof lookup, "%s/lookup", folder);
	snprintf(path, sizeof path, "%s/data.mdb", lookup);
	snprintf(lock, sizeof lock, "%s/lock.mdb", lookup);
	store_fill(lookup);
	assert_int_equal(store_sum(lookup, &before), 0);
	position_put(lookup);
	assert_int_equal(store_sum(lookup, &wanted), 0);
	assert_int_equal(stat(path, &status), 0);
	char *bytes = test_malloc((size_t)status.st_size);
	int file = open(path, O_RDWR);
	assert_int_equal(pread(file, bytes, (size_t)status.st_size, 0), status.st_size);
	const off_t step = getenv("ATTUNE_EVERY") ? 1 : 97; /* Every byte of heads; of all with ATTUNE_EVERY=1. */
	for (off_t at = 0; at < status.st_size; at += at < 8192 && at % 4096 < 160 ? 1 : at % 4096 < 40 ? 3 : step) {
		char changed = (char)(bytes[at] ^ (at % 2 ? 1 << at % 8 : 0xff));
		assert_int_equal(pwrite(file, &changed, 1, at), 1);
		int error = store_sum(lookup, &sum);
		/* The last commit may be undone by the damaged head of it, as by a power cut: then all is as before it. */
		if (error != ERROR_CORRUPT && (error || (sum != wanted && (at >= 8192 || sum != before))))
			fail_msg("byte %lld: error %d, %s", (long long)at, error, sum == before ? "as before the last commit" : "something else");
		found += error != 0;
		same += error == 0;
		assert_int_equal(pwrite(file, bytes + at, 1, at), 1);
	}
	printf("%zu found, %zu harmless\n", found, same);
	assert_true(found > 500);
	/* Cut anywhere. */
	for (off_t left = status.st_size - 1; left > 0; left -= left > 40000 ? 40000 : left > 4096 ? 4096 : 977) {
		assert_int_equal(ftruncate(file, left), 0);
		int error = store_sum(lookup, &sum);
		assert_true(error == ERROR_CORRUPT || (error == 0 && sum == wanted));
	}
	assert_int_equal(ftruncate(file, 0), 0);
	assert_int_equal(store_sum(lookup, &sum), ERROR_CORRUPT);
	close(file);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(store_sum(lookup, &sum), ERROR_CORRUPT);
	test_free(bytes);
	folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_store_is_found_sound_after_any_writes),
		cmocka_unit_test(a_changed_byte_is_found_or_changes_nothing_and_never_crashes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
