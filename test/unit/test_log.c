/* The log keeps what it acknowledged, in order, and ends cleanly wherever it was cut. */
#include "unit.h"

#include "folder.h"
#include "random.h"

#include "log/log.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ENTRIES = 5000, SEGMENT = 1024 * 1024 };

static struct log *open_log(const char *folder, uint64_t from)
{
	struct log *log;
	struct log_options options = {.folder = folder, .segment_bytes = SEGMENT};
	assert_int_equal(log_open(&log, &options, from), 0);
	return log;
}

static uint64_t append(struct log *log, uint32_t number)
{
	char body[400];
	uint64_t position = 0;
	size_t n = 20 + number * 7 % 300;
	memset(body, (int)('a' + number % 26), n);
	memcpy(body, &number, sizeof number);
	struct text parts[] = {{body, 10}, {body + 10, n - 10}};
	int error;
	while ((error = log_append(log, parts, 2, &position)) == ERROR_BUSY)
		usleep(100);
	assert_int_equal(error, 0);
	return position;
}

struct count {
	uint32_t next;
	uint64_t last;
	uint64_t positions[3 * ENTRIES];
};

static int each(void *arg, uint64_t position, struct text entry)
{
	struct count *count = arg;
	uint32_t number;
	memcpy(&number, entry.p, sizeof number);
	assert_int_equal(number, count->next);
	assert_true(position > count->last);
	assert_int_equal(entry.n, 20 + number * 7 % 300);
	count->positions[count->next++] = position;
	count->last = position;
	return 0;
}

static uint32_t count_entries(struct log *log, uint64_t from, uint32_t first)
{
	static struct count count;
	count = (struct count){.next = first};
	assert_int_equal(log_replay(log, from, each, &count), 0);
	return count.next - first;
}

static void entries_come_back_in_order_after_a_restart(void **state)
{
	(void)state;
	char folder[64];
	folder_new(folder);
	struct log *log = open_log(folder, 0);
	uint64_t middle = 0, last = 0;
	for (uint32_t i = 0; i < ENTRIES; i++) {
		last = append(log, i);
		if (i == ENTRIES / 2)
			middle = last;
	}
	assert_int_equal(log_wait(log, last, 10000), 0);
	assert_true(log_durable(log) >= last);
	assert_int_equal(count_entries(log, 0, 0), ENTRIES);
	log_close(log);

	log = open_log(folder, middle);
	assert_int_equal(count_entries(log, 0, 0), ENTRIES);
	assert_int_equal(count_entries(log, middle, ENTRIES / 2), ENTRIES - ENTRIES / 2);
	uint64_t again = append(log, ENTRIES);
	assert_true(again >> 48 == (last >> 48) + 1);
	assert_int_equal(log_wait(log, again, 10000), 0);
	assert_int_equal(count_entries(log, 0, 0), ENTRIES + 1);
	log_close(log);
	folder_remove(folder);
}

static void a_pending_entry_can_be_read_at_once(void **state)
{
	(void)state;
	char folder[64], copy[LOG_ENTRY_BYTES_MAX];
	struct text entry;
	folder_new(folder);
	struct log *log = open_log(folder, 0);
	for (uint32_t i = 0; i < 2000; i++) {
		uint64_t position = append(log, i);
		uint32_t number;
		assert_int_equal(log_read(log, position, copy, &entry), 0);
		memcpy(&number, entry.p, sizeof number);
		assert_int_equal(number, i);
	}
	assert_int_equal(log_read(log, log_end(log) + 8, copy, &entry), ERROR_NOT_FOUND);
	log_close(log);
	folder_remove(folder);
}

/* Overwrite bytes of a segment. */
static void damage(const char *folder, unsigned index, off_t at, const char *bytes, size_t n)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%016x.segment", folder, index);
	int file = open(path, O_WRONLY);
	assert_true(file >= 0);
	assert_int_equal(pwrite(file, bytes, n, at), n);
	close(file);
}

static void a_torn_tail_is_cut_and_its_positions_are_never_used_again(void **state)
{
	(void)state;
	char folder[64];
	folder_new(folder);
	struct log *log = open_log(folder, 0);
	uint64_t kept = 0;
	for (uint32_t i = 0; i < 10; i++)
		kept = append(log, i);
	assert_int_equal(log_wait(log, kept, 10000), 0);
	uint64_t lost = append(log, 10);
	assert_int_equal(log_wait(log, lost, 10000), 0);
	log_close(log);
	damage(folder, 0, (off_t)((lost & 0xffffffffffff) + 20), "XXXX", 4);

	log = open_log(folder, kept);
	assert_int_equal(count_entries(log, 0, 0), 10);
	uint64_t next = append(log, 10);
	assert_true(next > lost);
	assert_int_equal(log_wait(log, next, 10000), 0);
	log_close(log);
	log = open_log(folder, 0);
	assert_int_equal(count_entries(log, 0, 0), 11);
	log_close(log);
	folder_remove(folder);
}

static void damage_in_the_middle_is_a_loud_stop(void **state)
{
	(void)state;
	char folder[64];
	folder_new(folder);
	struct log *log = open_log(folder, 0);
	uint64_t last = 0;
	for (uint32_t i = 0; i < 3 * ENTRIES; i++) {
		last = append(log, i);
		if (i % 100 == 0)
			assert_int_equal(log_wait(log, last, 10000), 0);
	}
	assert_int_equal(log_wait(log, last, 10000), 0);
	log_close(log);
	damage(folder, 0, 5000, "XXXXXXXX", 8);
	struct log_options options = {.folder = folder, .segment_bytes = SEGMENT};
	assert_int_equal(log_open(&log, &options, 0), ERROR_CORRUPT);
	folder_remove(folder);
}

static void a_snapshot_ahead_of_the_log_is_refused(void **state)
{
	(void)state;
	char folder[64];
	folder_new(folder);
	struct log *log = open_log(folder, 0);
	uint64_t position = append(log, 0);
	assert_int_equal(log_wait(log, position, 10000), 0);
	log_close(log);
	struct log_options options = {.folder = folder, .segment_bytes = SEGMENT};
	assert_int_equal(log_open(&log, &options, position + 4096), ERROR_CORRUPT);
	folder_remove(folder);
}

static void two_processes_cannot_write_one_log(void **state)
{
	(void)state;
	char folder[64];
	folder_new(folder);
	struct log *log = open_log(folder, 0), *second;
	struct log_options options = {.folder = folder, .segment_bytes = SEGMENT};
	assert_int_equal(log_open(&second, &options, 0), ERROR_BUSY);
	log_close(log);
	folder_remove(folder);
}

/* Fill the log well into its third segment, a block an entry now and then; returns the number of entries. */
static uint32_t fill_segments(struct log *log, uint64_t *last)
{
	uint32_t n = 0;
	for (*last = 0; (*last & 0xffffffffffff) < 2 * SEGMENT + SEGMENT / 8; n++) {
		*last = append(log, n);
		if (n % 100 == 0)
			assert_int_equal(log_wait(log, *last, 10000), 0);
	}
	assert_int_equal(log_wait(log, *last, 10000), 0);
	return n;
}

static void a_first_block_torn_in_a_new_segment_is_cut(void **state)
{
	(void)state;
	char folder[64];
	folder_new(folder);
	struct log *log = open_log(folder, 0);
	uint64_t last = 0, first_of_second = 0;
	uint32_t n = 0;
	while (!first_of_second) {
		uint64_t position = append(log, n);
		if ((position & 0xffffffffffff) > SEGMENT)
			first_of_second = position;
		else
			last = position;
		assert_int_equal(log_wait(log, position, 10000), 0);
		n += !first_of_second;
	}
	log_close(log);
	damage(folder, 1, (off_t)(first_of_second & 0xffffffffffff) - SEGMENT + 20, "XXXX", 4);
	log = open_log(folder, 0);
	assert_int_equal(count_entries(log, 0, 0), n);
	assert_true(log_end(log) == last);
	uint64_t again = append(log, n);
	assert_true(again > first_of_second);
	assert_int_equal(log_wait(log, again, 10000), 0);
	assert_int_equal(count_entries(log, 0, 0), n + 1);
	log_close(log);
	folder_remove(folder);
}

static void refused(const char *folder, uint64_t from)
{
	struct log *log;
	struct log_options options = {.folder = folder, .segment_bytes = SEGMENT};
	assert_int_equal(log_open(&log, &options, from), ERROR_CORRUPT);
}

static void damage_anywhere_but_at_the_end_is_a_loud_stop(void **state)
{
	(void)state;
	const struct {
		unsigned segment;
		off_t at;
	} places[] = {{0, 64}, {0, 72}, {0, 200}, {1, 64}, {1, 72}, {1, 200}, {1, 60000}, {2, 64}, {2, 200}, {2, 40000}};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		char folder[64];
		uint64_t last;
		folder_new(folder);
		struct log *log = open_log(folder, 0);
		fill_segments(log, &last);
		log_close(log);
		damage(folder, places[i].segment, places[i].at, "XXXXXXXX", 8);
		refused(folder, 0);
		folder_remove(folder);
	}
}

static void a_missing_segment_is_a_loud_stop(void **state)
{
	(void)state;
	for (unsigned missing = 0; missing < 2; missing++) {
		char folder[64], path[128];
		uint64_t last;
		folder_new(folder);
		struct log *log = open_log(folder, 0);
		fill_segments(log, &last);
		log_close(log);
		snprintf(path, sizeof path, "%s/%016x.segment", folder, missing);
		assert_int_equal(unlink(path), 0);
		refused(folder, 0);
		folder_remove(folder);
	}
}

static void an_epoch_is_never_given_twice_even_when_all_of_it_was_cut(void **state)
{
	(void)state;
	char folder[64], copy[LOG_ENTRY_BYTES_MAX];
	struct text entry;
	uint64_t seen = 0;
	folder_new(folder);
	for (int i = 0; i < 5; i++) {
		struct log *log = open_log(folder, 0);
		uint64_t position = append(log, 0);
		assert_true(position > seen);
		if (seen)
			assert_int_equal(log_read(log, seen, copy, &entry), ERROR_NOT_FOUND);
		assert_int_equal(log_wait(log, position, 10000), 0);
		log_close(log);
		damage(folder, 0, (off_t)(position & 0xffffffffffff) + 20, "XXXX", 4);
		seen = position;
		log = open_log(folder, 0);
		assert_int_equal(log_read(log, seen, copy, &entry), ERROR_NOT_FOUND); /* What was cut is gone. */
		log_close(log);
	}
	folder_remove(folder);
}

static void reading_only_changes_nothing(void **state)
{
	(void)state;
	char folder[64];
	folder_new(folder);
	struct log *log = open_log(folder, 0), *reader;
	uint64_t last = 0;
	for (uint32_t i = 0; i < 50; i++)
		last = append(log, i);
	assert_int_equal(log_wait(log, last, 10000), 0);
	struct log_options options = {.folder = folder, .segment_bytes = SEGMENT, .read_only = true};
	assert_int_equal(log_open(&reader, &options, 0), 0); /* While the other one writes. */
	assert_int_equal(count_entries(reader, 0, 0), 50);
	log_close(reader);
	log_close(log);
	folder_remove(folder);
}

/* A disk that takes its time, in microseconds; stands before the one of the C library. */
static _Atomic unsigned sync_us_max, sync_calls;

int fdatasync(int file)
{
	if (sync_us_max)
		usleep(sync_calls++ * 7919 % sync_us_max);
	return (int)syscall(SYS_fdatasync, file);
}

/* The thread that fills files with zeros ahead may still be at work in one file when the writer begins the next. */
static void segments_filled_in_a_hurry_keep_their_heads(void **state)
{
	static char bytes[LOG_ENTRY_BYTES_MAX];
	uint64_t seed = 4711;
	(void)state;
	sync_us_max = 20000;
	for (int round = 0; round < 5; round++) {
		char folder[64];
		struct log *log;
		struct log_options options = {.folder = folder, .segment_bytes = 4 * SEGMENT};
		uint64_t position = 0;
		folder_new(folder);
		assert_int_equal(log_open(&log, &options, 0), 0);
		for (int i = 0; i < 300; i++) {
			struct text entry = {bytes, 100000 + random_below(&seed, 31000)};
			int error;
			while ((error = log_append(log, &entry, 1, &position)) == ERROR_BUSY)
				usleep(10);
			assert_int_equal(error, 0);
		}
		assert_int_equal(log_wait(log, position, 20000), 0);
		log_close(log);
		assert_int_equal(log_open(&log, &options, 0), 0);
		assert_true(log_durable(log) == position);
		log_close(log);
		folder_remove(folder);
	}
	sync_us_max = 0;
}

/* ---- changing entries in place ---- */

static struct count rewritten;

static void to_zeros(void *arg, uint64_t position, uint8_t *entry, size_t n)
{
	(void)position;
	memset(entry + 4, 0, n - 4); /* The number stays, for each(). */
	++*(size_t *)arg;
}

static void assert_every_third_is_zeros(struct log *log)
{
	for (uint32_t i = 0; i < 3 * ENTRIES; i++) {
		struct text entry;
		assert_int_equal(log_read(log, rewritten.positions[i], NULL, &entry), 0);
		for (size_t at = 4; at < entry.n; at++)
			assert_int_equal(entry.p[at], i % 3 ? 'a' + (int)(i % 26) : 0);
	}
}

static struct log *log_to_rewrite(const char *folder)
{
	struct log *log = open_log(folder, 0);
	uint64_t last = 0;
	for (uint32_t i = 0; i < 3 * ENTRIES; i++)
		last = append(log, i);
	assert_int_equal(log_wait(log, last, 10000), 0);
	rewritten = (struct count){0};
	assert_int_equal(log_replay(log, 0, each, &rewritten), 0);
	return log;
}

static void entries_changed_in_place_stay_so_and_no_other_is_touched(void **state)
{
	(void)state;
	char folder[64];
	static uint64_t positions[ENTRIES];
	size_t changed = 0;
	folder_new(folder);
	struct log *log = log_to_rewrite(folder);
	for (uint32_t i = 0; i < ENTRIES; i++)
		positions[i] = rewritten.positions[3 * i];
	assert_true(log_figures(log).segments > 2);
	assert_int_equal(log_rewrite(log, positions, ENTRIES, to_zeros, &changed), 0);
	assert_int_equal(changed, ENTRIES);
	assert_every_third_is_zeros(log);
	append(log, 3 * ENTRIES); /* And the writer goes on behind. */
	log_close(log);
	log = open_log(folder, 0);
	assert_every_third_is_zeros(log);
	log_close(log);
	folder_remove(folder);
}

static void what_is_no_entry_is_not_changed(void **state)
{
	(void)state;
	char folder[64];
	size_t changed = 0;
	folder_new(folder);
	struct log *log = log_to_rewrite(folder);
	uint64_t wrong[] = {rewritten.positions[7] + 8, rewritten.positions[9] | (uint64_t)40000 << 48, log_end(log) + 4096};
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(log_rewrite(log, &wrong[i], 1, to_zeros, &changed), ERROR_NOT_FOUND);
	assert_int_equal(changed, 0);
	assert_int_equal(count_entries(log, 0, 0), 3 * ENTRIES);
	log_close(log);
	folder_remove(folder);
}

static void nothing_is_changed_while_somebody_reads_the_files(void **state)
{
	(void)state;
	char folder[64];
	size_t changed = 0;
	folder_new(folder);
	struct log *log = log_to_rewrite(folder), *reading;
	struct log_options options = {.folder = folder, .segment_bytes = SEGMENT, .read_only = true};
	assert_int_equal(log_open(&reading, &options, 0), 0);
	assert_int_equal(log_rewrite(log, rewritten.positions, 1, to_zeros, &changed), ERROR_BUSY);
	log_close(reading);
	assert_int_equal(log_rewrite(log, rewritten.positions, 1, to_zeros, &changed), 0);
	log_close(log);
	folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_filled_in_a_hurry_keep_their_heads),
		cmocka_unit_test(entries_come_back_in_order_after_a_restart),
		cmocka_unit_test(a_pending_entry_can_be_read_at_once),
		cmocka_unit_test(a_torn_tail_is_cut_and_its_positions_are_never_used_again),
		cmocka_unit_test(damage_in_the_middle_is_a_loud_stop),
		cmocka_unit_test(a_snapshot_ahead_of_the_log_is_refused),
		cmocka_unit_test(two_processes_cannot_write_one_log),
		cmocka_unit_test(a_first_block_torn_in_a_new_segment_is_cut),
		cmocka_unit_test(damage_anywhere_but_at_the_end_is_a_loud_stop),
		cmocka_unit_test(a_missing_segment_is_a_loud_stop),
		cmocka_unit_test(an_epoch_is_never_given_twice_even_when_all_of_it_was_cut),
		cmocka_unit_test(reading_only_changes_nothing),
		cmocka_unit_test(entries_changed_in_place_stay_so_and_no_other_is_touched),
		cmocka_unit_test(what_is_no_entry_is_not_changed),
		cmocka_unit_test(nothing_is_changed_while_somebody_reads_the_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
