/* Hashes of messages on disk: what was seen before a stop is seen after it. */
#include "folder.h"
#include "unit.h"

#include "base/clock.h"
#include "engine/receipt.h"
#include "engine/seen.h"
#include "event/event.h"

#include <stdio.h>
#include <string.h>

enum { N = 40000 };
static const int64_t NOW = (int64_t)490000 * MS_AN_HOUR + 5;

struct noted {
	int64_t hours[64];
	struct seen_length counts[64];
	size_t n;
};

static int hour_is(void *arg, int64_t hour, struct seen_length length)
{
	struct noted *noted = arg;
	size_t i = 0;
	while (i < noted->n && noted->hours[i] != hour)
		i++;
	noted->n += i == noted->n;
	noted->hours[i] = hour;
	noted->counts[i] = length;
	return 0;
}

static struct log *log_of(const char *folder)
{
	char path[100];
	struct log *log;
	snprintf(path, sizeof path, "%s/log", folder);
	struct log_options options = {.folder = path, .segment_bytes = 1 << 20};
	assert_int_equal(log_open(&log, &options, 0), 0);
	return log;
}

static uint64_t append(struct log *log, uint64_t first, uint64_t n, int64_t received_ms)
{
	uint64_t position = 0;
	for (uint64_t i = first; i < first + n; i++) {
		struct event_header header = {.kind = EVENT_TRACK, .received_ms = received_ms, .message_hash = 1000 + i * 2654435761u};
		int error;
		while ((error = log_append(log, &(struct text){(const char *)&header, sizeof header}, 1, &position)) == ERROR_BUSY)
			continue;
		assert_int_equal(error, 0);
	}
	assert_int_equal(log_wait(log, position, 10000), 0);
	return position;
}

static size_t known(struct dedupe *dedupe, uint64_t first, uint64_t n)
{
	size_t count = 0;
	bool seen;
	for (uint64_t i = first; i < first + n; i++) {
		assert_int_equal(dedupe_note(dedupe, 1000 + i * 2654435761u, NOW, &seen), 0);
		count += seen;
	}
	return count;
}

static void what_was_seen_is_seen_after_a_stop(void **state)
{
	char folder[64], path[100];
	struct seen *seen;
	struct noted noted = {0};
	(void)state;
	folder_new(folder);
	snprintf(path, sizeof path, "%s/seen", folder);
	struct log *log = log_of(folder);
	uint64_t first = append(log, 0, N, NOW - 3 * MS_AN_HOUR), second = append(log, N, N, NOW);
	assert_int_equal(seen_open(&seen, path), 0);
	assert_int_equal(seen_flush(seen, log, 0, first, NOW - 25 * (int64_t)MS_AN_HOUR, hour_is, &noted), 0);
	seen_flushed(seen);
	/* Twice: one that was not followed by seen_flushed is done again, and leaves no double. */
	for (int i = 0; i < 2; i++)
		assert_int_equal(seen_flush(seen, log, first, second, NOW - 25 * (int64_t)MS_AN_HOUR, hour_is, &noted), 0);
	seen_flushed(seen);
	assert_int_equal(noted.n, 2);
	assert_true(noted.counts[0].n == N && noted.counts[1].n == N);
	seen_close(seen);

	struct dedupe *dedupe = dedupe_new(1 << 28);
	assert_int_equal(seen_open(&seen, path), 0);
	for (size_t i = 0; i < noted.n; i++)
		assert_int_equal(seen_restore(seen, noted.hours[i], noted.counts[i]), 0);
	assert_int_equal(seen_load(seen, dedupe, NOW - 25 * (int64_t)MS_AN_HOUR), 0);
	assert_int_equal(known(dedupe, 0, 2 * N), 2 * N);
	assert_int_equal(known(dedupe, 2 * N, 100), 0);
	dedupe_free(dedupe);

	/* An hour that is over goes, and its file. */
	uint64_t third = append(log, 3 * N, 10, NOW + 24 * (int64_t)MS_AN_HOUR);
	assert_int_equal(seen_flush(seen, log, second, third, NOW - 1 * (int64_t)MS_AN_HOUR, hour_is, &noted), 0);
	seen_flushed(seen);
	assert_int_equal(noted.counts[0].n, 0);
	snprintf(path, sizeof path, "%s/seen/%lld.hashes", folder, (long long)noted.hours[0]);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(path, sizeof path, "%s/seen/%lld.hashes", folder, (long long)noted.hours[1]);
	/* A changed byte is found, and so is a cut. */
	FILE *file = fopen(path, "r+");
	fseek(file, 1001, SEEK_SET);
	int byte = fgetc(file);
	fseek(file, 1001, SEEK_SET);
	fputc(byte ^ 32, file);
	fclose(file);
	dedupe = dedupe_new(1 << 28);
	assert_int_equal(seen_load(seen, dedupe, NOW - MS_AN_HOUR), ERROR_CORRUPT);
	dedupe_free(dedupe);
	assert_int_equal(truncate(path, 80), 0);
	dedupe = dedupe_new(1 << 28);
	assert_int_equal(seen_load(seen, dedupe, NOW - MS_AN_HOUR), ERROR_CORRUPT);
	dedupe_free(dedupe);
	seen_close(seen);
	log_close(log);
	folder_remove(folder);
}

/* ---- when the wall clock jumps ---- */

static int64_t steady_ms;

static int64_t steady(void)
{
	return steady_ms;
}

static bool seen_at(struct dedupe *dedupe, struct receipt *receipt, uint64_t id, int64_t wall_ms, int64_t *at_ms)
{
	bool seen;
	*at_ms = receipt_of(receipt, wall_ms, steady);
	assert_int_equal(dedupe_note(dedupe, 1000 + id * 2654435761u, *at_ms, &seen), 0);
	return seen;
}

static void a_clock_that_jumps_forth_and_back_forgets_nothing_and_doubles_nothing(void **state)
{
	static const int days[] = {2, -2, 400, -400, 30, 30, -60, 1, -9000, 9000};
	struct dedupe *dedupe = dedupe_new(1 << 24);
	struct receipt receipt;
	int64_t wall = NOW, at, last = 0;
	uint64_t id = 0;
	(void)state;
	steady_ms = 5000;
	receipt_start(&receipt, 0, (struct receipt_now){wall, steady_ms});
	for (size_t jump = 0; jump < sizeof days / sizeof *days; jump++) {
		for (int i = 0; i < 20; i++, id++) { /* A minute apart. */
			assert_false(seen_at(dedupe, &receipt, id, wall, &at));
			assert_true(at + 3 * MS_A_MINUTE > last && (!last || at < last + 5 * MS_A_MINUTE));
			last = at;
			wall += MS_A_MINUTE;
			steady_ms += MS_A_MINUTE;
		}
		wall += days[jump] * (int64_t)MS_A_DAY;
		for (uint64_t before = 0; before < id; before++)
			assert_true(seen_at(dedupe, &receipt, before, wall, &at));
	}
	/* A day that really goes by is a day. */
	wall += 26 * (int64_t)MS_AN_HOUR;
	steady_ms += 26 * (int64_t)MS_AN_HOUR;
	assert_false(seen_at(dedupe, &receipt, 0, wall, &at));
	dedupe_free(dedupe);
}

static void what_was_seen_before_a_stop_is_seen_whatever_the_clock_says_at_the_start(void **state)
{
	static const int days[] = {0, 3, -3, 2000, -2000};
	(void)state;
	for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
		struct dedupe *dedupe = dedupe_new(1 << 24);
		struct receipt receipt;
		bool seen;
		int64_t at, newest = NOW, wall = NOW + days[i] * (int64_t)MS_A_DAY;
		assert_int_equal(dedupe_note(dedupe, 1000, newest, &seen), 0);
		receipt_start(&receipt, newest, (struct receipt_now){wall, steady_ms});
		assert_true(seen_at(dedupe, &receipt, 0, wall, &at));
		assert_true(at <= newest && at > newest - MS_A_MINUTE);
		dedupe_free(dedupe);
	}
}

static void files_go_by_the_clock_of_receipts(void **state)
{
	char folder[64], path[100];
	struct seen *seen;
	struct noted noted = {0};
	(void)state;
	folder_new(folder);
	snprintf(path, sizeof path, "%s/seen", folder);
	struct log *log = log_of(folder);
	/* Two months ahead on the wall, and it is the same hour. */
	struct event_header header = {.kind = EVENT_TRACK, .received_ms = NOW + 60 * (int64_t)MS_A_DAY, .receipt_minutes = -60 * 24 * 60, .message_hash = 1000};
	uint64_t first = append(log, 1, 10, NOW), position;
	assert_int_equal(log_append(log, &(struct text){(const char *)&header, sizeof header}, 1, &position), 0);
	assert_int_equal(log_wait(log, position, 10000), 0);
	assert_true(position > first);
	assert_int_equal(seen_open(&seen, path), 0);
	assert_int_equal(seen_flush(seen, log, 0, position, NOW - 25 * (int64_t)MS_AN_HOUR, hour_is, &noted), 0);
	seen_flushed(seen);
	assert_int_equal(noted.n, 1);
	assert_int_equal(noted.counts[0].n, 11);
	struct dedupe *dedupe = dedupe_new(1 << 24);
	assert_int_equal(seen_load(seen, dedupe, NOW - 25 * (int64_t)MS_AN_HOUR), 0);
	assert_int_equal(known(dedupe, 0, 11), 11);
	dedupe_free(dedupe);
	seen_close(seen);
	log_close(log);
	folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_seen_is_seen_after_a_stop),
		cmocka_unit_test(a_clock_that_jumps_forth_and_back_forgets_nothing_and_doubles_nothing),
		cmocka_unit_test(what_was_seen_before_a_stop_is_seen_whatever_the_clock_says_at_the_start),
		cmocka_unit_test(files_go_by_the_clock_of_receipts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
