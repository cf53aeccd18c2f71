/* The log keeps what it acknowledged, in order, and ends cleanly wherever it was cut. */
#include "unit.h"

#include "folder.h"

#include "log/log.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_come_back_in_order_after_a_restart),
		cmocka_unit_test(a_pending_entry_can_be_read_at_once),
		cmocka_unit_test(a_torn_tail_is_cut_and_its_positions_are_never_used_again),
		cmocka_unit_test(damage_in_the_middle_is_a_loud_stop),
		cmocka_unit_test(a_snapshot_ahead_of_the_log_is_refused),
		cmocka_unit_test(two_processes_cannot_write_one_log),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
