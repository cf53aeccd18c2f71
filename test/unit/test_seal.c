/* Keys and seals, the register of erasures, and what is taken out: directory, rows, files. */
#include "folder.h"
#include "random.h"
#include "unit.h"

#include "base/clock.h"
#include "base/damage.h"
#include "base/folder_search.h"
#include "base/memory.h"
#include "engine/directory.h"
#include "engine/seal.h"
#include "event/columns.h"
#include "trust/erasures.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const uint8_t NODE[KEYRING_KEY_BYTES] = {1, 2, 3};

static void byte_flip(const char *path, off_t at)
{
	uint8_t byte;
	int file = open(path, O_RDWR);
	assert_true(file >= 0);
	assert_int_equal(pread(file, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(file, &byte, 1, at), 1);
	close(file);
}

/* Open the keys in @folder, of which none is in use. */
static struct keyring *keyring_new(const char *folder)
{
	struct keyring *keyring;
	assert_int_equal(keyring_open(&keyring, folder, NODE), 0);
	assert_int_equal(keyring_settle(keyring, 0), 0);
	return keyring;
}

static void a_key_is_the_same_again_and_its_own(void **state)
{
	char folder[64];
	uint8_t first[KEYRING_KEY_BYTES], again[KEYRING_KEY_BYTES], other[KEYRING_KEY_BYTES];
	struct keyring *keyring;
	(void)state;
	folder_new(folder);
	keyring = keyring_new(folder);
	assert_true(keyring_has(keyring, 7));
	assert_int_equal(keyring_key(keyring, 7, first), 0);
	assert_int_equal(keyring_key(keyring, 8, other), 0);
	assert_memory_not_equal(first, other, sizeof first);
	keyring_close(keyring);
	assert_int_equal(keyring_open(&keyring, folder, NODE), 0);
	assert_int_equal(keyring_key(keyring, 7, again), 0);
	assert_memory_equal(first, again, sizeof first);
	keyring_close(keyring);
	const uint8_t wrong[KEYRING_KEY_BYTES] = {9};
	assert_int_equal(keyring_open(&keyring, folder, wrong), ERROR_DENIED);
	folder_remove(folder);
}

static void a_destroyed_key_stays_destroyed_and_its_slot_holds_nothing(void **state)
{
	char folder[64], path[100];
	uint8_t key[KEYRING_KEY_BYTES], slot[64], zero[32] = {0};
	uint32_t gone[] = {5, 70000 + KEYRING_AHEAD};
	struct keyring *keyring;
	(void)state;
	folder_new(folder);
	keyring = keyring_new(folder);
	assert_int_equal(keyring_key(keyring, 5, key), 0);
	assert_int_equal(keyring_destroy(keyring, gone, 2), 0);
	for (int life = 0; life < 2; life++) {
		for (size_t i = 0; i < 2; i++) {
			assert_true(keyring_is_destroyed(keyring, gone[i]));
			assert_int_equal(keyring_key(keyring, gone[i], key), ERROR_NOT_FOUND);
		}
		assert_false(keyring_is_destroyed(keyring, 4));
		assert_int_equal(keyring_key(keyring, 4, key), 0);
		keyring_close(keyring);
		assert_int_equal(keyring_open(&keyring, folder, NODE), 0);
	}
	keyring_close(keyring);
	snprintf(path, sizeof path, "%s/slots", folder);
	int file = open(path, O_RDONLY);
	assert_int_equal(pread(file, slot, sizeof slot, 5 * 64), sizeof slot);
	assert_memory_equal(slot, zero, sizeof zero);
	close(file);
	folder_remove(folder);
}

static void a_damaged_slot_hurts_only_whose_it_is(void **state)
{
	char folder[64], path[100];
	uint8_t key[KEYRING_KEY_BYTES];
	struct damage found[DAMAGE_MAX];
	(void)state;
	/* Every part of a slot: secret, state, what is reserved, room, check. */
	for (off_t at = 0; at < 64; at += 7) {
		folder_new(folder);
		struct keyring *keyring = keyring_new(folder);
		keyring_close(keyring);
		snprintf(path, sizeof path, "%s/slots", folder);
		byte_flip(path, 9 * 64 + at);
		damage_clear();
		assert_int_equal(keyring_open(&keyring, folder, NODE), 0);
		assert_true(keyring_is_damaged(keyring, 9));
		assert_false(keyring_is_destroyed(keyring, 9));
		assert_int_equal(keyring_settle(keyring, 20), 0);
		assert_int_equal(keyring_key(keyring, 9, key), ERROR_DAMAGED);
		assert_int_equal(keyring_key(keyring, 8, key), 0);
		assert_int_equal(keyring_key(keyring, 10, key), 0);
		assert_int_equal(damage_list(found, DAMAGE_MAX), 1);
		assert_string_equal(found[0].file, "sealing/slots");
		assert_int_equal(found[0].offset, 9 * 64);
		assert_int_equal(found[0].effect, DAMAGE_LOST);
		/* It can still be destroyed. */
		assert_int_equal(keyring_destroy(keyring, (const uint32_t[]){9}, 1), 0);
		assert_int_equal(keyring_key(keyring, 9, key), ERROR_NOT_FOUND);
		keyring_close(keyring);
		folder_remove(folder);
	}
}

static void a_damaged_slot_that_nobody_uses_is_made_again(void **state)
{
	char folder[64], path[100];
	uint8_t key[KEYRING_KEY_BYTES];
	(void)state;
	folder_new(folder);
	struct keyring *keyring = keyring_new(folder);
	keyring_close(keyring);
	snprintf(path, sizeof path, "%s/slots", folder);
	byte_flip(path, 9 * 64 + 3);
	damage_clear();
	for (int life = 0; life < 2; life++) {
		assert_int_equal(keyring_open(&keyring, folder, NODE), 0);
		assert_int_equal(keyring_settle(keyring, 8), 0);
		assert_int_equal(keyring_key(keyring, 9, key), 0);
		keyring_close(keyring);
	}
	assert_int_equal(damage_count(), 1);
	folder_remove(folder);
}

static void either_head_of_the_keys_is_enough_and_without_both_it_says_so(void **state)
{
	static const char *const files[] = {"slots", "slots-head"};
	char folder[64], path[100];
	uint8_t key[KEYRING_KEY_BYTES], again[KEYRING_KEY_BYTES];
	struct damage refused;
	(void)state;
	for (int broken = 1; broken < 4; broken++) {
		folder_new(folder);
		struct keyring *keyring = keyring_new(folder);
		assert_int_equal(keyring_key(keyring, 7, key), 0);
		keyring_close(keyring);
		for (int i = 0; i < 2; i++) {
			snprintf(path, sizeof path, "%s/%s", folder, files[i]);
			if (broken & 1 << i)
				byte_flip(path, 40);
		}
		damage_clear();
		int error = keyring_open(&keyring, folder, NODE);
		assert_int_equal(error, broken == 3 ? ERROR_CORRUPT : 0);
		assert_int_equal(damage_count(), 1);
		assert_int_equal(damage_refusal(&refused), broken == 3);
		if (!error) {
			assert_int_equal(keyring_key(keyring, 7, again), 0);
			assert_memory_equal(key, again, sizeof key);
			keyring_close(keyring);
			damage_clear();
			assert_int_equal(keyring_open(&keyring, folder, NODE), 0);
			assert_int_equal(damage_count(), 0);
			keyring_close(keyring);
		}
		folder_remove(folder);
	}
}

static void keys_that_were_cut_off_are_named_and_not_made_again(void **state)
{
	char folder[64], path[100];
	struct damage refused;
	(void)state;
	folder_new(folder);
	struct keyring *keyring = keyring_new(folder);
	keyring_close(keyring);
	snprintf(path, sizeof path, "%s/slots", folder);
	for (off_t left = 50 * 64 + 10; left >= 0; left -= 50 * 64 + 10) {
		assert_int_equal(truncate(path, left), 0);
		damage_clear();
		assert_int_equal(keyring_open(&keyring, folder, NODE), ERROR_CORRUPT);
		assert_true(damage_refusal(&refused));
		assert_string_equal(refused.file, "sealing/slots");
	}
	folder_remove(folder);
}

static void keys_older_than_the_data_lose_what_is_younger_and_nothing_else(void **state)
{
	char folder[64];
	uint8_t key[KEYRING_KEY_BYTES], again[KEYRING_KEY_BYTES];
	const uint32_t used = 3 * KEYRING_AHEAD;
	struct damage found[DAMAGE_MAX];
	(void)state;
	folder_new(folder);
	struct keyring *keyring = keyring_new(folder);
	assert_int_equal(keyring_key(keyring, 7, key), 0);
	keyring_close(keyring);
	damage_clear();
	assert_int_equal(keyring_open(&keyring, folder, NODE), 0);
	assert_int_equal(keyring_made(keyring), KEYRING_AHEAD);
	/* Everybody behind is sealed, but for one whose records lie open. */
	for (uint32_t number = KEYRING_AHEAD + 1; number <= used; number++)
		if (number != used - 1)
			assert_int_equal(keyring_lose(keyring, number), 0);
	for (int life = 0; life < 2; life++) {
		assert_int_equal(keyring_settle(keyring, used), 0);
		assert_int_equal(keyring_key(keyring, 7, again), 0);
		assert_memory_equal(key, again, sizeof key);
		assert_int_equal(keyring_key(keyring, KEYRING_AHEAD, again), 0);
		assert_int_equal(keyring_key(keyring, KEYRING_AHEAD + 1, again), ERROR_DAMAGED);
		assert_int_equal(keyring_key(keyring, used, again), ERROR_DAMAGED);
		assert_int_equal(keyring_key(keyring, used - 1, again), 0);
		assert_int_equal(keyring_key(keyring, used + 1, again), 0);
		assert_int_equal(keyring_damaged(keyring), used - KEYRING_AHEAD - 1);
		keyring_close(keyring);
		assert_int_equal(damage_list(found, DAMAGE_MAX), 1);
		assert_int_equal(found[0].effect, DAMAGE_LOST);
		assert_int_equal(keyring_open(&keyring, folder, NODE), 0);
	}
	keyring_close(keyring);
	folder_remove(folder);
}

static void a_seal_opens_only_as_it_was_closed(void **state)
{
	char folder[64];
	struct keyring *keyring;
	uint8_t sealed[100 + SEAL_BYTES], plain[100];
	const struct text about = TEXT("header"), secret = TEXT("seventy-four euros and thirteen cents");
	const uint32_t version = seal_version();
	(void)state;
	folder_new(folder);
	keyring = keyring_new(folder);
	assert_int_equal(seal_close(keyring, 3, about, secret, sealed), 0);
	struct text whole = {(const char *)sealed, secret.n + SEAL_BYTES};
	assert_null(memmem(sealed, whole.n, secret.p, 8));
	assert_int_equal(seal_open(keyring, 3, version, about, whole, plain), 0);
	assert_memory_equal(plain, secret.p, secret.n);
	assert_int_equal(seal_open(keyring, 4, version, about, whole, plain), ERROR_CORRUPT);
	assert_int_equal(seal_open(keyring, 3, version, TEXT("heaver"), whole, plain), ERROR_CORRUPT);
	assert_int_equal(seal_open(keyring, 3, 7, about, whole, plain), ERROR_CORRUPT);
	for (size_t i = 0; i < whole.n; i++) {
		sealed[i] ^= 4;
		assert_int_equal(seal_open(keyring, 3, version, about, whole, plain), ERROR_CORRUPT);
		sealed[i] ^= 4;
	}
	for (size_t n = 0; n < whole.n; n++)
		assert_int_equal(seal_open(keyring, 3, version, about, text_first(whole, n), plain), ERROR_CORRUPT);
	uint8_t second[100 + SEAL_BYTES];
	assert_int_equal(seal_close(keyring, 3, about, secret, second), 0);
	assert_memory_not_equal(sealed, second, SEAL_NONCE_BYTES);
	uint32_t gone = 3;
	assert_int_equal(keyring_destroy(keyring, &gone, 1), 0);
	assert_int_equal(seal_open(keyring, 3, version, about, whole, plain), ERROR_NOT_FOUND);
	keyring_close(keyring);
	folder_remove(folder);
}

/* Against a plain table: after any removals, what is left is found and what went is not. */
static void a_directory_forgets_what_it_is_told_to(void **state)
{
	enum { N = 3000 };
	static uint32_t model[N];
	uint64_t seed = (uint64_t)clock_now_ms();
	struct directory *directory = directory_new(NODE);
	(void)state;
	memset(model, 0, sizeof model);
	printf("seed %llu\n", (unsigned long long)seed);
	for (int i = 0; i < 40000; i++) {
		uint32_t at = (uint32_t)(random_next(&seed) % N);
		/* Few different places, so that entries crowd and wrap. */
		struct identifier_hash hash = {.high = at, .low = at % 251 == 0 ? UINT64_MAX - at % 3 : at % 97};
		if (random_next(&seed) % 3 == 0) {
			directory_remove(directory, hash);
			model[at] = 0;
		} else {
			model[at] = 1 + (uint32_t)(random_next(&seed) % 1000);
			assert_int_equal(directory_set(directory, hash, model[at]), 0);
		}
	}
	size_t n = 0;
	for (uint32_t at = 0; at < N; at++) {
		struct identifier_hash hash = {.high = at, .low = at % 251 == 0 ? UINT64_MAX - at % 3 : at % 97};
		assert_int_equal(directory_find(directory, hash), model[at]);
		n += model[at] != 0;
	}
	assert_int_equal(directory_count(directory), n);
	directory_free(directory);
}

static int day_note(void *arg, int32_t day, uint64_t rows)
{
	(void)arg;
	(void)day;
	(void)rows;
	return 0;
}

enum { ROWS = 20000, ROW_ORIGINS = 10, ROW_VALUE = 7413 };

/* Rows of five days in flushes of odd lengths, so that runs begin and end within blocks and within what is read at once. */
static void rows_write(struct columns *columns)
{
	for (uint32_t i = 0, next = 1; i < ROWS; i++) {
		struct event_header header = {.time_ms = (int64_t)(i % 5) * MS_A_DAY + i, .origin_number = 1 + i % ROW_ORIGINS, .name = 4};
		assert_int_equal(columns_add(columns, i + 1, &header, ROW_VALUE), 0);
		if (i + 1 == next || i + 1 == ROWS) {
			assert_int_equal(columns_flush(columns, i + 1, day_note, NULL), 0);
			columns_flushed(columns, i + 1);
			next += next * 3 / 2;
		}
	}
}

/* Every row of who is not among @gone is there, as it was. */
static void rows_check(struct columns *columns, const uint32_t *gone, size_t gone_n)
{
	struct column_event *events;
	size_t n;
	uint64_t seen = 0, wanted = 0;
	assert_int_equal(columns_select(columns, 0, 9 * (int64_t)MS_A_DAY, 100000, &events, &n), 0);
	assert_int_equal(n, ROWS - gone_n * ROWS / ROW_ORIGINS);
	for (size_t i = 0; i < n; i++) {
		uint32_t number = (uint32_t)(events[i].time_ms % MS_A_DAY); /* Which of all it was. */
		assert_true(events[i].origin == 1 + number % ROW_ORIGINS && events[i].time_ms / MS_A_DAY == number % 5);
		assert_true(events[i].value == ROW_VALUE && events[i].name == 4);
		for (size_t g = 0; g < gone_n; g++)
			assert_int_not_equal(events[i].origin, gone[g]);
		seen += number;
	}
	for (uint32_t i = 0; i < ROWS; i++) {
		bool is_gone = false;
		for (size_t g = 0; g < gone_n; g++)
			is_gone |= gone[g] == 1 + i % ROW_ORIGINS;
		wanted += is_gone ? 0 : i;
	}
	assert_true(seen == wanted);
	memory_free(events);
}

static void rows_of_who_is_gone_count_for_nobody(void **state)
{
	static const uint8_t key[COLUMNS_KEY_BYTES] = {9};
	static const uint32_t gone[] = {9, 3};
	char folder[64];
	struct columns *columns;
	(void)state;
	for (int seal = 0; seal < 2; seal++) {
		folder_new(folder);
		assert_int_equal(columns_open(&columns, folder, key, seal), 0);
		rows_write(columns);
		rows_check(columns, NULL, 0);
		assert_int_equal(columns_forget(columns, gone, 2), 0);
		rows_check(columns, gone, 2);
		columns_close(columns);
		folder_remove(folder);
	}
}

/* Bytes of the file that are the value of our rows, by their place in a row. */
static size_t values_in(const char *folder, const char *name)
{
	char path[100];
	struct column_row row;
	size_t found = 0;
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	while (fread(&row, sizeof row, 1, file) == 1)
		found += row.value == ROW_VALUE;
	fclose(file);
	return found;
}

static void sealed_rows_say_nothing_in_their_file(void **state)
{
	static const uint8_t key[COLUMNS_KEY_BYTES] = {9}, other[COLUMNS_KEY_BYTES] = {8};
	char folder[64];
	struct columns *columns;
	struct column_event *events = NULL;
	size_t n = 0, right = 0;
	(void)state;
	folder_new(folder);
	assert_int_equal(columns_open(&columns, folder, key, false), 0);
	rows_write(columns);
	columns_close(columns);
	assert_int_equal(values_in(folder, "1970-01-01.rows"), ROWS / 5); /* The looking does find them. */
	folder_remove(folder);

	folder_new(folder);
	assert_int_equal(columns_open(&columns, folder, key, true), 0);
	rows_write(columns);
	uint64_t rows = columns_rows(columns);
	columns_close(columns);
	assert_int_equal(values_in(folder, "1970-01-01.sealed"), 0);
	assert_int_equal(columns_open(&columns, folder, other, true), 0); /* With another key they open to something else. */
	assert_int_equal(columns_restore(columns, 0, rows / 5), 0);
	assert_int_equal(columns_select(columns, 0, MS_A_DAY, 100000, &events, &n), 0);
	for (size_t i = 0; i < n; i++)
		right += events[i].value == ROW_VALUE;
	assert_int_equal(right, 0);
	memory_free(events);
	columns_close(columns);
	folder_remove(folder);
}

struct day_lengths {
	uint64_t rows[5];
};

static int length_keep(void *arg, int32_t day, uint64_t rows)
{
	((struct day_lengths *)arg)->rows[day] = rows;
	return 0;
}

/* Make the damaged days again, as the engine does from the log. */
static void rows_rebuild(struct columns *columns, struct day_lengths *lengths)
{
	assert_int_equal(columns_rebuild_begin(columns), 0);
	for (uint32_t i = 0; i < ROWS; i++) {
		struct event_header header = {.time_ms = (int64_t)(i % 5) * MS_A_DAY + i, .origin_number = 1 + i % ROW_ORIGINS, .name = 4};
		if (columns_rebuild_wants(columns, header.time_ms))
			assert_int_equal(columns_rebuild_add(columns, &header, ROW_VALUE), 0);
	}
	assert_int_equal(columns_rebuild_end(columns, length_keep, lengths), 0);
}

static void every_changed_byte_of_rows_is_found_and_they_are_made_again(void **state)
{
	static const uint8_t key[COLUMNS_KEY_BYTES] = {9};
	char folder[64], path[100];
	struct column_event *events;
	struct damage found;
	size_t n;
	(void)state;
	for (int seal = 0; seal < 2; seal++) {
		struct day_lengths lengths = {{0}};
		struct columns *columns;
		folder_new(folder);
		assert_int_equal(columns_open(&columns, folder, key, seal), 0);
		for (uint32_t i = 0; i < ROWS; i++) {
			struct event_header header = {.time_ms = (int64_t)(i % 5) * MS_A_DAY + i, .origin_number = 1 + i % ROW_ORIGINS, .name = 4};
			assert_int_equal(columns_add(columns, i + 1, &header, ROW_VALUE), 0);
			if (i == 14 || i == ROWS - 1) { /* A run of three rows a day, and a long one. */
				assert_int_equal(columns_flush(columns, i + 1, length_keep, &lengths), 0);
				columns_flushed(columns, i + 1);
			}
		}
		snprintf(path, sizeof path, "%s/1970-01-02%s", folder, seal ? ".sealed" : ".rows");
		/* Both heads whole, rows of both runs, the last byte. */
		for (off_t at = 0; at < (off_t)lengths.rows[1] * 16; at += at < 140 ? 1 : (off_t)lengths.rows[1] * 16 - at > 3000 ? 2999 : (off_t)lengths.rows[1] * 16 - at == 1 ? 1 : (off_t)lengths.rows[1] * 16 - at - 1) {
			damage_clear();
			byte_flip(path, at);
			assert_int_equal(columns_select(columns, 0, 9 * (int64_t)MS_A_DAY, 100000, &events, &n), ERROR_REBUILDING);
			assert_int_equal(damage_list(&found, 1), 1);
			assert_int_equal(strncmp(found.file, "columns/1970-01-02", 18), 0);
			assert_int_equal(columns_damaged(columns), 1);
			rows_rebuild(columns, &lengths);
			assert_int_equal(columns_damaged(columns), 0);
			rows_check(columns, NULL, 0);
		}
		/* The file of another day is not taken for this one. */
		char other[100];
		snprintf(other, sizeof other, "%s/1970-01-03%s", folder, seal ? ".sealed" : ".rows");
		assert_int_equal(rename(other, path), 0);
		assert_int_equal(columns_select(columns, 0, 9 * (int64_t)MS_A_DAY, 100000, &events, &n), ERROR_REBUILDING);
		rows_rebuild(columns, &lengths);
		columns_close(columns);
		/* Lengths as they were kept open again; one of 0 was being made again at a crash. */
		assert_int_equal(columns_open(&columns, folder, key, seal), 0);
		lengths.rows[4] = 0;
		for (int32_t day = 0; day < 5; day++)
			assert_int_equal(columns_restore(columns, day, lengths.rows[day]), 0);
		rows_rebuild(columns, &lengths);
		rows_check(columns, NULL, 0);
		columns_close(columns);
		folder_remove(folder);
	}
}

static void blanking_a_damaged_day_has_it_made_again(void **state)
{
	static const uint8_t key[COLUMNS_KEY_BYTES] = {9};
	static const uint32_t gone[] = {9, 3};
	char folder[64], path[100];
	struct columns *columns;
	struct day_lengths lengths = {{0}};
	(void)state;
	folder_new(folder);
	assert_int_equal(columns_open(&columns, folder, key, true), 0);
	rows_write(columns);
	snprintf(path, sizeof path, "%s/1970-01-03.sealed", folder);
	byte_flip(path, 5000);
	assert_int_equal(columns_forget(columns, gone, 2), 0);
	assert_int_equal(columns_damaged(columns), 1);
	rows_rebuild(columns, &lengths); /* Of this day with those who are gone: here nobody says who was erased. */
	assert_int_equal(columns_forget(columns, gone, 2), 0);
	rows_check(columns, gone, 2);
	columns_close(columns);
	folder_remove(folder);
}

static void a_text_is_found_in_any_file_and_across_windows(void **state)
{
	char folder[64], path[100];
	struct folder_search search;
	static char bytes[3 * 1024 * 1024];
	static const char *const none[] = {NULL}, *const spared[] = {"large", NULL};
	const struct text texts[] = {TEXT("elfriede@mail.example"), TEXT("nothing of that kind")};
	(void)state;
	folder_new(folder);
	snprintf(path, sizeof path, "%s/large", folder);
	memset(bytes, 'x', sizeof bytes);
	for (size_t at = 1024 * 1024 - 25; at < 1024 * 1024 + 5; at++) {
		memcpy(bytes + at, texts[0].p, texts[0].n);
		FILE *file = fopen(path, "w");
		assert_int_equal(fwrite(bytes, 1, sizeof bytes, file), sizeof bytes);
		fclose(file);
		assert_int_equal(folder_search(&search, folder, none, texts, 2, UINT64_MAX), 0);
		assert_int_equal(search.found, 1);
		assert_string_equal(search.where, "large");
		memset(bytes + at, 'x', texts[0].n);
	}
	assert_int_equal(folder_search(&search, folder, spared, texts, 2, UINT64_MAX), 0);
	assert_true(search.found == 0 && search.files == 0 && search.is_whole);
	assert_int_equal(folder_search(&search, folder, none, texts, 2, 1000), 0);
	assert_true(search.found == 0 && !search.is_whole);
	folder_remove(folder);
}

static void the_register_remembers_and_forgets_in_time(void **state)
{
	char folder[64], id[ERASURE_ID_BYTES], second[ERASURE_ID_BYTES], path[100];
	const uint32_t origins[] = {4, 17};
	const struct identifier_hash hash = {11, 12}, other = {13, 14};
	const int64_t now = 1700000000000, month = (int64_t)ERASURE_DAYS * MS_A_DAY;
	struct erasures *erasures;
	struct erasure found;
	size_t n;
	(void)state;
	folder_new(folder);
	assert_int_equal(erasures_open(&erasures, folder, now), 0);
	assert_false(erasures_any(erasures));
	assert_int_equal(erasures_begin(erasures, now, origins, 2, &hash, 1, id), 0);
	assert_true(erasures_suppress(erasures, hash, now - 1, now + 1));
	assert_false(erasures_suppress(erasures, hash, now + 1, now + 1));
	assert_false(erasures_suppress(erasures, other, now - 1, now + 1));
	assert_int_equal(erasures_begin(erasures, now + month, origins, 1, &other, 1, second), 0);
	assert_int_equal(erasures_done(erasures, second, TEXT("{\"a\":[1,{\"certificate\":\"x\"}]}")), 0);
	assert_int_equal(erasures_done(erasures, "nobody", TEXT("{}")), ERROR_NOT_FOUND);
	erasures_close(erasures);

	/* A line that a crash cut is a step that was not taken. */
	snprintf(path, sizeof path, "%s/sealing/erasures", folder);
	FILE *file = fopen(path, "a");
	fputs("{\"erasure\":\"0123", file);
	fclose(file);
	assert_int_equal(erasures_open(&erasures, folder, now + month + 5), 0);
	assert_int_equal(erasures_count(erasures), 2);
	assert_true(erasures_find(erasures, text_of(id), &found) && !found.done && found.origins_n == 2 && found.origins[1] == 17);
	assert_true(erasures_find(erasures, text_of(second), &found) && found.done);
	assert_true(text_equal(found.certificate, TEXT("{\"a\":[1,{\"certificate\":\"x\"}]}")));
	assert_false(erasures_suppress(erasures, hash, now - 1, now + month + 5));
	assert_true(erasures_suppress(erasures, other, now, now + month + 5));
	assert_int_equal(erasures_origins(erasures, &n)[1], 17);
	assert_int_equal(n, 3);
	erasures_close(erasures);

	/* The old hash is gone from the file as well, the new one is there. */
	char line[4096] = {0};
	file = fopen(path, "r");
	size_t bytes = fread(line, 1, sizeof line - 1, file);
	fclose(file);
	assert_true(bytes > 0 && !strstr(line, "0b00000000000000") && strstr(line, "0d00000000000000"));
	folder_remove(folder);
}

/* The register with two erasures, of which the first is done. */
static size_t register_make(const char *folder, char path[100], char ids[2][ERASURE_ID_BYTES], char *bytes, size_t max)
{
	const uint32_t origins[] = {4, 17};
	const struct identifier_hash hash = {11, 12};
	struct erasures *erasures;
	assert_int_equal(erasures_open(&erasures, folder, 1000), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(erasures_begin(erasures, 1000, &origins[i], 1, &hash, 1, ids[i]), 0);
	assert_int_equal(erasures_done(erasures, ids[0], TEXT("{\"certificate\":true}")), 0);
	assert_int_equal(erasures_done(erasures, ids[1], TEXT("{\"because\":\"\xff\"}")), ERROR_INVALID);
	erasures_close(erasures);
	snprintf(path, 100, "%s/sealing/erasures", folder);
	FILE *file = fopen(path, "r");
	size_t n = fread(bytes, 1, max, file);
	fclose(file);
	return n;
}

static void bytes_store(const char *path, const char *bytes, size_t n)
{
	FILE *file = fopen(path, "w");
	assert_int_equal(fwrite(bytes, 1, n, file), n);
	fclose(file);
}

static void a_damaged_line_of_the_register_names_itself_and_hurts_no_other(void **state)
{
	char folder[64], path[100], ids[2][ERASURE_ID_BYTES], bytes[4096];
	struct erasures *erasures;
	struct erasure found;
	struct damage damage[4];
	(void)state;
	folder_new(folder);
	size_t n = register_make(folder, path, ids, bytes, sizeof bytes);
	size_t second = (size_t)((char *)memchr(bytes, '\n', n) - bytes) + 1;
	for (size_t i = 0; i < n; i++) {
		bytes[i] ^= (char)(1 << i % 8);
		bytes_store(path, bytes, n);
		bytes[i] ^= (char)(1 << i % 8);
		damage_clear();
		assert_int_equal(erasures_open(&erasures, folder, 1000), 0);
		assert_true(damage_count() >= 1);
		assert_int_equal(damage_list(damage, 4), damage_count());
		assert_string_equal(damage[0].file, "sealing/erasures");
		/* Of the first erasure either line is enough to know it; the second has one line, behind the first. */
		if (i < second - 1) {
			assert_true(erasures_find(erasures, text_of(ids[0]), &found) && found.done);
			assert_true(erasures_find(erasures, text_of(ids[1]), &found) && found.origins_n == 1);
		}
		erasures_close(erasures);
	}
	bytes_store(path, bytes, n);
	damage_clear();
	assert_int_equal(erasures_open(&erasures, folder, 1000), 0);
	assert_int_equal(damage_count(), 0);
	erasures_close(erasures);
	folder_remove(folder);
}

static void a_register_that_was_cut_or_lost_is_known(void **state)
{
	char folder[64], path[100], ids[2][ERASURE_ID_BYTES], bytes[4096];
	struct erasures *erasures;
	struct damage refused;
	uint64_t taken_out;
	(void)state;
	folder_new(folder);
	size_t n = register_make(folder, path, ids, bytes, sizeof bytes);
	for (size_t left = 0; left < n; left++) {
		bytes_store(path, bytes, left);
		damage_clear();
		assert_int_equal(erasures_open(&erasures, folder, 1000), 0);
		assert_true(damage_count() >= 1);
		erasures_close(erasures);
	}
	/* Repaired, it is sound, and goes on. */
	size_t third = n - 1;
	while (bytes[third - 1] != '\n')
		third--;
	bytes_store(path, bytes, third + 5);
	assert_int_equal(erasures_open(&erasures, folder, 1000), 0);
	assert_int_equal(erasures_repair(erasures, &taken_out), 0);
	assert_true(taken_out > 0);
	assert_int_equal(erasures_done(erasures, ids[1], TEXT("{}")), 0);
	erasures_close(erasures);
	damage_clear();
	assert_int_equal(erasures_open(&erasures, folder, 1000), 0);
	assert_int_equal(damage_count(), 0);
	erasures_close(erasures);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(erasures_open(&erasures, folder, 1000), ERROR_CORRUPT);
	assert_true(damage_refusal(&refused));
	assert_string_equal(refused.file, "sealing/erasures");
	folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_the_same_again_and_its_own), cmocka_unit_test(a_destroyed_key_stays_destroyed_and_its_slot_holds_nothing),
		cmocka_unit_test(a_damaged_slot_hurts_only_whose_it_is), cmocka_unit_test(a_damaged_slot_that_nobody_uses_is_made_again),
		cmocka_unit_test(either_head_of_the_keys_is_enough_and_without_both_it_says_so), cmocka_unit_test(keys_that_were_cut_off_are_named_and_not_made_again),
		cmocka_unit_test(keys_older_than_the_data_lose_what_is_younger_and_nothing_else), cmocka_unit_test(a_seal_opens_only_as_it_was_closed),
		cmocka_unit_test(a_directory_forgets_what_it_is_told_to), cmocka_unit_test(rows_of_who_is_gone_count_for_nobody),
		cmocka_unit_test(sealed_rows_say_nothing_in_their_file),
		cmocka_unit_test(every_changed_byte_of_rows_is_found_and_they_are_made_again), cmocka_unit_test(blanking_a_damaged_day_has_it_made_again),
		cmocka_unit_test(a_text_is_found_in_any_file_and_across_windows), cmocka_unit_test(the_register_remembers_and_forgets_in_time),
		cmocka_unit_test(a_damaged_line_of_the_register_names_itself_and_hurts_no_other), cmocka_unit_test(a_register_that_was_cut_or_lost_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
