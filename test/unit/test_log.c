/* The log keeps what it acknowledged, in order, and ends cleanly wherever it was cut. */
#include "unit.h"

#include "folder.h"
#include "random.h"

#include "base/damage.h"
#include "base/report.h"
#include "log/log.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ENTRIES = 5000, SEGMENT = 1024 * 1024, PAGE = 4096, HEAD = 3 * PAGE /* Of a segment. */ };

static const char no_mark[PAGE];

static struct log *open_log(const char *folder, uint64_t from)
{
	struct log *log;
	char *passing = strdup(folder); /* Gone when the log is open: a sanitizer sees who looks there still. */
	struct log_options options = {.folder = passing, .segment_bytes = SEGMENT};
	assert_int_equal(log_open(&log, &options, from), 0);
	memset(passing, '?', strlen(passing));
	free(passing);
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

/* What the head of a segment says, to bring it back: a crash tears a block before a mark speaks of it. */
static void head_of(const char *folder, unsigned index, char head[HEAD])
{
	char path[128];
	snprintf(path, sizeof path, "%s/%016x.segment", folder, index);
	int file = open(path, O_RDONLY);
	assert_true(file >= 0);
	assert_int_equal(pread(file, head, HEAD, 0), HEAD);
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
	char head[HEAD];
	log_close(log);
	head_of(folder, 0, head);
	log = open_log(folder, 0);
	uint64_t lost = append(log, 10);
	assert_int_equal(log_wait(log, lost, 10000), 0);
	log_close(log);
	damage(folder, 0, 0, head, HEAD);
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
	damage(folder, 0, HEAD + 5000, "XXXXXXXX", 8);
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
	damage(folder, 1, PAGE, no_mark, PAGE); /* The one that speaks of it; the one of before stays. */
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
	assert_true(damage_count() > 0); /* And it was said where. */
}

static void damage_anywhere_but_at_the_end_is_a_loud_stop(void **state)
{
	(void)state;
	const struct {
		unsigned segment;
		off_t at;
	} places[] = {{0, 0}, {0, 8}, {0, 136}, {1, 0}, {1, 8}, {1, 136}, {1, 60000}, {2, 0}, {2, 136}, {2, 40000}};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		char folder[64];
		uint64_t last;
		folder_new(folder);
		struct log *log = open_log(folder, 0);
		fill_segments(log, &last);
		log_close(log);
		damage(folder, places[i].segment, HEAD + places[i].at, "XXXXXXXX", 8);
		refused(folder, 0);
		folder_remove(folder);
	}
}

static void a_damaged_block_that_a_snapshot_ends_with_is_not_passed_over(void **state)
{
	(void)state;
	char folder[64];
	uint64_t last = 0, end = 0;
	uint32_t n = 0;
	folder_new(folder);
	struct log *log = open_log(folder, 0);
	for (; (end & 0xffffffffffff) < SEGMENT / 2; n++) {
		end = append(log, n);
		assert_int_equal(log_wait(log, end, 10000), 0);
	}
	while ((last & 0xffffffffffff) < SEGMENT + SEGMENT / 8)
		last = append(log, n++);
	assert_int_equal(log_wait(log, last, 10000), 0);
	log_close(log);
	damage(folder, 0, (off_t)(end & 0xffffffffffff) + 20, "XXXX", 4);
	refused(folder, end); /* What follows in its own file is not left out for the next one. */
	folder_remove(folder);
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
		damage(folder, 0, PAGE, no_mark, PAGE);
		damage(folder, 0, 2 * PAGE, no_mark, PAGE);
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

static void rot_is_not_made_sound_by_changing_what_lies_beside_it(void **state)
{
	(void)state;
	char folder[64];
	size_t changed = 0;
	folder_new(folder);
	struct log *log = log_to_rewrite(folder);
	damage(folder, 0, (off_t)(rewritten.positions[8] & 0xffffffffffff) + 20, "XXXX", 4);
	damage_clear();
	assert_int_equal(log_rewrite(log, &rewritten.positions[7], 1, to_zeros, &changed), ERROR_CORRUPT);
	assert_int_equal(damage_count(), 1);
	log_close(log);
	refused(folder, 0);
	folder_remove(folder);
}

static void what_is_left_of_a_rewriting_and_damaged_is_named_and_dropped(void **state)
{
	(void)state;
	static const char *const lefts[] = {"", "short", "long enough, but nothing that anybody ever wrote to such a file"};
	for (size_t i = 0; i < sizeof lefts / sizeof *lefts; i++) {
		char folder[64], path[96];
		folder_new(folder);
		struct log *log = log_to_rewrite(folder);
		log_close(log);
		snprintf(path, sizeof path, "%s/rewrite", folder);
		FILE *file = fopen(path, "w");
		assert_true(file && fputs(lefts[i], file) >= 0 && fclose(file) == 0);
		damage_clear();
		log = open_log(folder, 0);
		assert_int_equal(damage_count(), 1);
		assert_int_equal(access(path, F_OK), -1);
		assert_int_equal(count_entries(log, 0, 0), 3 * ENTRIES);
		log_close(log);
		folder_remove(folder);
	}
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

/* ---- what is damaged is told from what was torn ---- */

static void log_of(const char *folder, uint32_t n, uint64_t *last)
{
	struct log *log = open_log(folder, 0);
	for (uint32_t i = 0; i < n; i++) {
		*last = append(log, i);
		assert_int_equal(log_wait(log, *last, 10000), 0);
	}
	log_close(log);
}

/* The newest entry of the list of damage speaks of @file at a byte from @from to @to. */
static void named(const char *file, uint64_t from, uint64_t to, enum damage_effect effect)
{
	static struct damage list[DAMAGE_MAX];
	size_t n = damage_list(list, DAMAGE_MAX);
	assert_true(n > 0);
	assert_true(strstr(list[n - 1].file, file) != NULL);
	assert_true(list[n - 1].offset >= from && list[n - 1].offset <= to);
	assert_int_equal(list[n - 1].effect, effect);
	assert_true(strlen(list[n - 1].remedy) > 0);
}

static void the_last_block_that_was_on_disk_is_damaged_and_not_torn(void **state)
{
	(void)state;
	for (int inside = 0; inside < 160; inside += 8) {
		char folder[64];
		uint64_t last;
		folder_new(folder);
		log_of(folder, 20, &last);
		off_t at = (off_t)(last & 0xffffffffffff) - 64; /* The head of its block, which has it alone. */
		damage_clear();
		damage(folder, 0, at + inside, "XXXXXXXX", 8);
		refused(folder, 0);
		named("0000000000000000.segment", (uint64_t)at, (uint64_t)at, DAMAGE_REFUSED);
		folder_remove(folder);
	}
}

static void a_last_segment_that_is_gone_is_missed(void **state)
{
	(void)state;
	char folder[64], path[128];
	uint64_t last;
	folder_new(folder);
	struct log *log = open_log(folder, 0);
	fill_segments(log, &last);
	log_close(log);
	snprintf(path, sizeof path, "%s/%016x.segment", folder, 2);
	assert_int_equal(unlink(path), 0);
	damage_clear();
	refused(folder, 0);
	named("0000000000000002.segment", 0, 0, DAMAGE_REFUSED);
	folder_remove(folder);
}

static void a_lost_epoch_file_is_named_and_no_epoch_comes_again(void **state)
{
	(void)state;
	for (int lose = 0; lose < 3; lose++) {
		char folder[64], path[128], bytes[2 * PAGE];
		uint64_t last, again;
		folder_new(folder);
		log_of(folder, 5, &last);
		snprintf(path, sizeof path, "%s/epoch", folder);
		memset(bytes, lose == 1 ? 0 : 'x', sizeof bytes);
		int file = open(path, O_WRONLY);
		assert_true(lose == 0 || pwrite(file, bytes, sizeof bytes, 0) == sizeof bytes);
		close(file);
		assert_true(lose > 0 || unlink(path) == 0);
		damage_clear();
		struct log *log = open_log(folder, 0);
		named("/epoch", 0, 0, DAMAGE_REBUILT);
		again = append(log, 5);
		assert_true(again >> 48 > (last >> 48) + 1);
		assert_int_equal(count_entries(log, 0, 0), 5);
		log_close(log);
		damage_clear();
		log = open_log(folder, 0);
		assert_int_equal(damage_count(), 0);
		assert_int_equal(count_entries(log, 0, 0), 6);
		log_close(log);
		folder_remove(folder);
	}
}

static void damaged_heads_and_marks_are_named_and_written_again(void **state)
{
	(void)state;
	for (int page = 0; page < 3; page++)
		for (int zeros = 0; zeros < 2; zeros++) {
			char folder[64], bytes[PAGE] = {0};
			uint64_t last;
			folder_new(folder);
			log_of(folder, 20, &last);
			if (!zeros)
				memset(bytes, 'X', 64);
			damage(folder, 0, page * PAGE, bytes, PAGE);
			damage_clear();
			struct log *log = open_log(folder, 0);
			named("0000000000000000.segment", (uint64_t)page * PAGE, (uint64_t)page * PAGE, DAMAGE_REBUILT);
			assert_int_equal(count_entries(log, 0, 0), 20);
			log_close(log);
			damage_clear();
			log = open_log(folder, 0);
			assert_int_equal(damage_count(), 0);
			log_close(log);
			folder_remove(folder);
		}
}

static void stray_bytes_in_the_room_ahead_change_nothing(void **state)
{
	(void)state;
	char folder[64], block[256];
	uint64_t last;
	folder_new(folder);
	log_of(folder, 20, &last);
	char path[128];
	snprintf(path, sizeof path, "%s/%016x.segment", folder, 0);
	int file = open(path, O_RDONLY);
	assert_int_equal(pread(file, block, sizeof block, HEAD), sizeof block); /* A sound one, of another place. */
	close(file);
	off_t end = (off_t)(last & 0xffffffffffff) + 400;
	for (int i = 0; i < 50; i++)
		damage(folder, 0, end + i * 1000, block, sizeof block);
	damage_clear();
	struct log *log = open_log(folder, 0);
	assert_int_equal(damage_count(), 0);
	for (uint32_t i = 20; i < 300; i++)
		last = append(log, i);
	assert_int_equal(log_wait(log, last, 10000), 0);
	log_close(log);
	log = open_log(folder, 0);
	assert_int_equal(count_entries(log, 0, 0), 300);
	log_close(log);
	folder_remove(folder);
}

static void head_byte(const char *folder, off_t at, char *byte)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%016x.segment", folder, 0);
	int file = open(path, O_RDONLY);
	assert_int_equal(pread(file, byte, 1, at), 1);
	close(file);
}

static void an_entry_that_rots_while_the_log_is_open_is_named_when_it_is_read(void **state)
{
	(void)state;
	char folder[64];
	static uint64_t positions[20];
	char file[128];
	struct text entry;
	folder_new(folder);
	snprintf(file, sizeof file, "%s/0000000000000000.segment", strrchr(folder, '/') + 1);
	struct log *log = open_log(folder, 0);
	for (uint32_t i = 0; i < 20; i++)
		positions[i] = append(log, i);
	assert_int_equal(log_wait(log, positions[19], 10000), 0);
	for (int inside = 0; inside < 40; inside++) { /* Head and bytes alike; the padding belongs to no entry. */
		char byte;
		off_t at = (off_t)(positions[7] & 0xffffffffffff) + inside;
		head_byte(folder, at, &byte);
		char other = (char)(byte ^ 4);
		damage(folder, 0, at, &other, 1);
		damage_clear();
		assert_int_equal(log_read(log, positions[7], NULL, &entry), ERROR_CORRUPT);
		named(file, (uint64_t)(positions[7] & 0xffffffffffff), (uint64_t)(positions[7] & 0xffffffffffff), DAMAGE_LOST);
		assert_int_equal(log_read(log, positions[8], NULL, &entry), 0);
		damage(folder, 0, at, &byte, 1);
		assert_int_equal(log_read(log, positions[7], NULL, &entry), 0);
	}
	log_close(log);
	folder_remove(folder);
}

/* ---- giving up what is damaged ---- */

static struct count left;

static int each_left(void *arg, uint64_t position, struct text entry)
{
	struct count *count = arg;
	uint32_t number;
	memcpy(&number, entry.p, sizeof number);
	assert_true(position > count->last);
	count->last = position;
	count->positions[count->next++] = number;
	return 0;
}

static void repair_and_count(const char *folder, uint32_t n, uint32_t lost_at_least, uint32_t lost_at_most)
{
	struct log_repaired repaired;
	uint64_t last = 0;
	assert_int_equal(log_repair(folder, &repaired), 0);
	assert_true(repaired.gaps > 0 && repaired.bytes > 0);
	struct log *log = open_log(folder, 0);
	left = (struct count){0};
	assert_int_equal(log_replay(log, 0, each_left, &left), 0);
	assert_true(left.next >= n - lost_at_most && left.next <= n - lost_at_least);
	last = append(log, n);
	assert_int_equal(log_wait(log, last, 10000), 0);
	log_close(log);
	log = open_log(folder, 0);
	left = (struct count){0};
	assert_int_equal(log_replay(log, 0, each_left, &left), 0);
	assert_int_equal(left.positions[left.next - 1], n);
	log_close(log);
	assert_int_equal(log_repair(folder, &repaired), 0); /* Nothing is left to do. */
	assert_int_equal(repaired.gaps, 0);
}

static void what_is_damaged_can_be_given_up_and_all_else_lives(void **state)
{
	static const char zeros[3 * 65536];
	(void)state;
	for (int kind = 0; kind < 7; kind++) {
		char folder[64], path[128];
		uint64_t last;
		folder_new(folder);
		struct log *log = open_log(folder, 0);
		uint32_t n = fill_segments(log, &last), most = 101;
		log_close(log);
		off_t at = (off_t)(last & 0xffffffffffff) - 2 * SEGMENT;
		snprintf(path, sizeof path, "%s/%016x.segment", folder, kind == 5 ? 0 : 1);
		if (kind == 0)
			damage(folder, 0, HEAD + 70000, "XXXXXXXX", 8);
		else if (kind == 1) /* The first block of a segment. */
			damage(folder, 1, HEAD + 8, "XXXXXXXX", 8);
		else if (kind == 2) /* Many blocks. */
			damage(folder, 1, HEAD + 100000, zeros, sizeof zeros), most = 1400;
		else if (kind == 3) /* The last one. */
			damage(folder, 2, at + 4, "XXXXXXXX", 8);
		else if (kind == 4 || kind == 5) /* A whole file. */
			assert_int_equal(unlink(path), 0), most = n / 2;
		else /* Half a file. */
			assert_int_equal(truncate(path, SEGMENT / 2), 0), most = n / 3;
		refused(folder, 0);
		repair_and_count(folder, n, 1, most);
		folder_remove(folder);
	}
}

/* ---- descriptors ---- */

static size_t descriptors(void)
{
	size_t n = 0;
	for (int file = 0; file < 256; file++)
		n += fcntl(file, F_GETFD) >= 0;
	return n;
}

static void a_finished_segment_needs_no_descriptor(void **state)
{
	(void)state;
	char folder[64];
	uint64_t last;
	folder_new(folder);
	size_t before = descriptors();
	struct log *log = open_log(folder, 0);
	size_t open_at_first = descriptors();
	fill_segments(log, &last);
	assert_true(log_figures(log).segments > 2);
	assert_true(descriptors() <= open_at_first);
	log_close(log);
	assert_int_equal(descriptors(), before);
	log = open_log(folder, 0);
	assert_true(descriptors() <= open_at_first);
	log_close(log);
	folder_remove(folder);
}

/* No file can be opened for a while: what is appended waits, is not refused for good, and nothing ends. */
static void without_a_free_descriptor_the_log_waits_for_one(void **state)
{
	(void)state;
	char folder[64];
	int held[4096];
	size_t held_n = 0;
	uint64_t last = 0;
	uint32_t n = 0;
	folder_new(folder);
	struct log *log = open_log(folder, 0);
	struct rlimit before, tight;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	tight = before;
	tight.rlim_cur = 100;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	while (held_n < 4096 && (held[held_n] = dup(0)) >= 0)
		held_n++;
	int error = 0;
	while (!error) { /* Until the writer waits and the pending block is full. */
		char body[20000] = {0};
		memcpy(body, &n, sizeof n);
		struct text part = {body, sizeof body};
		error = log_append(log, &part, 1, &last);
		n += !error;
		if (!error && n % 4 == 0 && log_wait(log, last, 300) != 0)
			error = ERROR_BUSY;
	}
	assert_int_equal(error, ERROR_BUSY);
	assert_int_equal(log_figures(log).segments, 1);
	while (held_n)
		close(held[--held_n]);
	assert_int_equal(log_wait(log, last, 20000), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	left = (struct count){0};
	assert_int_equal(log_replay(log, 0, each_left, &left), 0);
	assert_int_equal(left.next, n);
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
		cmocka_unit_test(a_damaged_block_that_a_snapshot_ends_with_is_not_passed_over),
		cmocka_unit_test(a_missing_segment_is_a_loud_stop),
		cmocka_unit_test(an_epoch_is_never_given_twice_even_when_all_of_it_was_cut),
		cmocka_unit_test(reading_only_changes_nothing),
		cmocka_unit_test(entries_changed_in_place_stay_so_and_no_other_is_touched),
		cmocka_unit_test(what_is_no_entry_is_not_changed),
		cmocka_unit_test(rot_is_not_made_sound_by_changing_what_lies_beside_it),
		cmocka_unit_test(what_is_left_of_a_rewriting_and_damaged_is_named_and_dropped),
		cmocka_unit_test(nothing_is_changed_while_somebody_reads_the_files),
		cmocka_unit_test(the_last_block_that_was_on_disk_is_damaged_and_not_torn),
		cmocka_unit_test(a_last_segment_that_is_gone_is_missed),
		cmocka_unit_test(a_lost_epoch_file_is_named_and_no_epoch_comes_again),
		cmocka_unit_test(damaged_heads_and_marks_are_named_and_written_again),
		cmocka_unit_test(stray_bytes_in_the_room_ahead_change_nothing),
		cmocka_unit_test(an_entry_that_rots_while_the_log_is_open_is_named_when_it_is_read),
		cmocka_unit_test(what_is_damaged_can_be_given_up_and_all_else_lives),
		cmocka_unit_test(a_finished_segment_needs_no_descriptor),
		cmocka_unit_test(without_a_free_descriptor_the_log_waits_for_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
