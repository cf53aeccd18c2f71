/* test_audit.c: the audit log: what was written cannot be changed unnoticed, and a crash leaves nothing half. */
#include "trust/audit.h"

#include "base/memory.h"
#include "folder.h"
#include "unit.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

static const uint8_t key[AUDIT_KEY_BYTES] = {1, 2, 3};
static char folder[64];

static int setup(void **state)
{
	(void)state;
	folder_new(folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	folder_remove(folder);
	return 0;
}

static struct audit *opened(size_t file_bytes)
{
	struct audit *audit;
	assert_int_equal(audit_open(&audit, &(struct audit_options){.folder = folder, .key = key, .file_bytes = file_bytes}), 0);
	return audit;
}

static void note(struct audit *audit, unsigned i, bool durable)
{
	char words[60], about[AUDIT_ABOUT_BYTES];
	int n = snprintf(words, sizeof words, "yes to \"personalisation\", %u", i);
	audit_about(audit, (const uint8_t *)&i, sizeof i, about);
	assert_int_equal(audit_note(audit, &(struct audit_act){.time_ms = 1000 + i, .what = i % 2 ? AUDIT_CONSENT : AUDIT_ACCESS,
		.who = TEXT("customer"), .about = about, .reason = TEXT("asked\nat the counter"), .words = {words, (size_t)n}, .durable = durable}), 0);
}

static void written(unsigned n, size_t file_bytes)
{
	struct audit *audit = opened(file_bytes);
	for (unsigned i = 0; i < n; i++)
		note(audit, i, i % 1000 == 999);
	audit_close(audit);
}

static void path_of(char path[200], const char *name)
{
	snprintf(path, 200, "%s/audit/%s", folder, name);
}

static size_t file_get(const char *name, char *bytes, size_t max)
{
	char path[200];
	path_of(path, name);
	int file = open(path, O_RDONLY);
	assert_true(file >= 0);
	ssize_t n = read(file, bytes, max);
	assert_true(n >= 0);
	close(file);
	return (size_t)n;
}

static void file_put(const char *name, const char *bytes, size_t n)
{
	char path[200];
	path_of(path, name);
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(file >= 0);
	assert_int_equal(write(file, bytes, n), n);
	close(file);
}

#define FIRST "000000000001.ndjson"

/* Where line @wanted begins, 1 the first; its end is where the next begins. */
static size_t line_start(const char *bytes, size_t n, unsigned wanted)
{
	size_t at = 0;
	for (unsigned line = 1; line < wanted; line++)
		at = (size_t)((const char *)memchr(bytes + at, '\n', n - at) - bytes) + 1;
	return at;
}

static void broken_at(uint64_t entry, const char *says)
{
	struct audit_verified found;
	assert_int_equal(audit_verify(&found, folder, NULL), ERROR_CORRUPT);
	assert_int_equal(found.broken, entry);
	if (!strstr(found.problem, says))
		fail_msg("\"%s\" does not say \"%s\"", found.problem, says);
}

static void ten_thousand_entries_are_sound_over_several_files(void **state)
{
	struct audit_verified found, again;
	(void)state;
	written(10000, 1024 * 1024);
	assert_int_equal(audit_verify(&found, folder, NULL), 0);
	assert_int_equal(found.n, 10000);
	assert_int_equal(found.broken, 0);
	assert_int_equal(strlen(found.last), 64);
	assert_false(found.holds);
	assert_int_equal(audit_verify(&again, folder, found.last), 0);
	assert_true(again.holds);
	char path[200];
	struct stat status;
	path_of(path, FIRST);
	assert_int_equal(stat(path, &status), 0);
	assert_in_range(status.st_size, 1024 * 1024, 3 * 1024 * 1024); /* So there are others. */
}

static void any_altered_byte_is_found_at_its_entry(void **state)
{
	static char bytes[64 * 1024], other[64 * 1024];
	(void)state;
	written(6, 0);
	size_t n = file_get(FIRST, bytes, sizeof bytes);
	assert_in_range(n, 6 * 200, sizeof bytes - 1);
	unsigned entry = 1;
	for (size_t i = 0; i < n; i++) {
		struct audit_verified found;
		memcpy(other, bytes, n);
		other[i] ^= 1 << (i % 7);
		file_put(FIRST, other, n);
		assert_int_equal(audit_verify(&found, folder, NULL), ERROR_CORRUPT);
		if (found.broken != entry)
			fail_msg("byte %zu of entry %u: found at %" PRIu64 ", %s", i, entry, found.broken, found.problem);
		entry += bytes[i] == '\n';
	}
	assert_int_equal(entry, 7);
}

static void an_entry_taken_away_moved_or_cut_is_found(void **state)
{
	static char bytes[64 * 1024], other[64 * 1024];
	(void)state;
	written(6, 0);
	size_t n = file_get(FIRST, bytes, sizeof bytes);
	size_t third = line_start(bytes, n, 3), fourth = line_start(bytes, n, 4), fifth = line_start(bytes, n, 5);
	memcpy(other, bytes, third);
	memcpy(other + third, bytes + fourth, n - fourth);
	file_put(FIRST, other, n - (fourth - third));
	broken_at(3, "Entries 3 to 3 are missing");
	memcpy(other + third, bytes + fourth, fifth - fourth);
	memcpy(other + third + (fifth - fourth), bytes + third, fourth - third);
	memcpy(other + fifth, bytes + fifth, n - fifth);
	file_put(FIRST, other, n);
	broken_at(3, "Entries 3 to 3 are missing");
	memcpy(other, bytes, fifth);
	memcpy(other + fifth, bytes + third, n - third);
	file_put(FIRST, other, n + (fifth - third));
	broken_at(5, "stands entry 3");
	file_put(FIRST, bytes, fifth + 20);
	broken_at(5, "cut in the middle");
	file_put(FIRST, bytes, fifth);
	broken_at(5, "Entries 5 to 6 are missing");
	file_put(FIRST, bytes, 0);
	broken_at(1, "Entries 1 to 6 are missing");
}

static void an_entry_made_anew_with_a_fitting_hash_is_found_by_the_next(void **state)
{
	static char bytes[64 * 1024], line[2048];
	unsigned char hash[crypto_hash_sha256_BYTES];
	(void)state;
	written(6, 0);
	size_t n = file_get(FIRST, bytes, sizeof bytes), start = line_start(bytes, n, 3), end = line_start(bytes, n, 4);
	memcpy(line, bytes + start, end - start);
	line[end - start] = 0;
	char *who = strstr(line, "customer");
	memcpy(who, "somebody", 8);
	size_t body = (size_t)(strstr(line, ",\"hash\"") - line);
	crypto_hash_sha256(hash, (unsigned char *)line, body);
	char hex[65];
	memcpy(line + body + 9, sodium_bin2hex(hex, sizeof hex, hash, sizeof hash), 64);
	memcpy(bytes + start, line, end - start);
	file_put(FIRST, bytes, n);
	broken_at(4, "does not follow entry 3");
}

static void a_file_taken_away_is_found(void **state)
{
	char path[200];
	(void)state;
	struct audit *audit = opened(100);
	for (unsigned i = 0; i < 5; i++)
		note(audit, i, true); /* Each its own write: each its own file. */
	audit_close(audit);
	path_of(path, "000000000003.ndjson");
	assert_int_equal(unlink(path), 0);
	broken_at(3, "Entries 3 to 3 are missing");
}

static void a_line_that_a_crash_left_half_written_is_cut_and_noted(void **state)
{
	static char bytes[64 * 1024];
	struct audit_verified found;
	(void)state;
	written(3, 0);
	size_t n = file_get(FIRST, bytes, sizeof bytes);
	memcpy(bytes + n, bytes, 100);
	file_put(FIRST, bytes, n + 100);
	assert_int_equal(audit_verify(&found, folder, NULL), 0); /* It may be on its way. */
	audit_close(opened(0));
	assert_int_equal(audit_verify(&found, folder, NULL), 0);
	assert_int_equal(found.n, 4);
	bytes[file_get(FIRST, bytes, sizeof bytes)] = 0;
	assert_non_null(strstr(bytes, "The last 100 bytes were half an entry"));
}

static void an_end_that_was_durable_and_is_gone_stays_a_gap(void **state)
{
	static char bytes[64 * 1024];
	(void)state;
	written(5, 0);
	size_t n = file_get(FIRST, bytes, sizeof bytes);
	file_put(FIRST, bytes, line_start(bytes, n, 4));
	audit_close(opened(0));
	written(2, 0);
	broken_at(4, "Entries 4 to 5 are missing");
}

static void what_was_damaged_stays_as_evidence_and_is_found_after_a_start(void **state)
{
	static char bytes[64 * 1024];
	(void)state;
	written(5, 0);
	size_t n = file_get(FIRST, bytes, sizeof bytes);
	bytes[line_start(bytes, n, 5) + 150] ^= 1;
	file_put(FIRST, bytes, n);
	written(2, 0);
	broken_at(5, "altered");
}

/* ---- reading ---- */

struct taken {
	unsigned n;
	char last[1000];
};

static void take(void *arg, struct text line)
{
	struct taken *taken = arg;
	taken->n++;
	snprintf(taken->last, sizeof taken->last, "%.*s", TEXT_ARGS(line));
}

static void entries_are_read_newest_first_in_pages_and_by_what_they_are_about(void **state)
{
	(void)state;
	struct audit *audit = opened(2000);
	struct taken taken = {0};
	uint64_t next;
	unsigned seventh = 7;
	for (unsigned i = 0; i < 30; i++)
		note(audit, i, true);
	struct audit_question question = {.n = 2};
	assert_int_equal(audit_read(audit, &question, take, &taken, &next), 0);
	assert_int_equal(taken.n, 2);
	assert_int_equal(next, 29);
	assert_non_null(strstr(taken.last, "{\"n\":29,"));
	unsigned all = taken.n;
	for (question.before = next; question.before; question.before = next) {
		taken.n = 0;
		assert_int_equal(audit_read(audit, &question, take, &taken, &next), 0);
		all += taken.n;
	}
	assert_int_equal(all, 30);
	question = (struct audit_question){.n = 10, .abouts_n = 1, .of_what = true, .what = AUDIT_CONSENT};
	audit_about(audit, (const uint8_t *)&seventh, sizeof seventh, question.abouts[0]);
	taken.n = 0;
	do {
		assert_int_equal(audit_read(audit, &question, take, &taken, &next), 0);
		question.before = next;
	} while (next);
	assert_int_equal(taken.n, 1);
	assert_non_null(strstr(taken.last, "{\"n\":8,"));
	question = (struct audit_question){.n = 10, .abouts_n = 1, .of_what = true, .what = AUDIT_ACCESS};
	audit_about(audit, (const uint8_t *)&seventh, sizeof seventh, question.abouts[0]);
	taken.n = 0;
	assert_int_equal(audit_read(audit, &question, take, &taken, &next), 0);
	assert_int_equal(taken.n, 0);
	audit_close(audit);
}

static void nothing_of_the_customer_stands_in_the_file(void **state)
{
	char a[AUDIT_ABOUT_BYTES], b[AUDIT_ABOUT_BYTES];
	static const uint8_t other_key[AUDIT_KEY_BYTES] = {9};
	(void)state;
	struct audit *audit = opened(0);
	audit_about(audit, (const uint8_t *)"0123456789abcdef", 16, a);
	audit_close(audit);
	assert_int_equal(strlen(a), 32);
	assert_null(strstr(a, "0123456789abcdef"));
	assert_int_equal(audit_open(&audit, &(struct audit_options){.folder = folder, .key = other_key}), 0);
	audit_about(audit, (const uint8_t *)"0123456789abcdef", 16, b);
	audit_close(audit);
	assert_string_not_equal(a, b);
}

static void *many_note(void *arg)
{
	for (unsigned i = 0; i < 500; i++)
		note(arg, i, i % 50 == 0);
	return NULL;
}

static void many_threads_write_one_chain(void **state)
{
	pthread_t threads[4];
	struct audit_verified found;
	(void)state;
	struct audit *audit = opened(64 * 1024);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, many_note, audit), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(audit_sync(audit), 0);
	assert_int_equal(audit_verify(&found, folder, NULL), 0); /* Beside its writer. */
	assert_int_equal(found.n, 2000);
	audit_close(audit);
}

/* As a full disk: no file may grow beyond @bytes. */
static void disk_bound(rlim_t bytes)
{
	struct rlimit limit;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void on_a_full_disk_entries_wait_and_those_without_room_are_counted_and_said(void **state)
{
	static char reason[AUDIT_REASON_BYTES + 1];
	struct audit_verified found;
	struct taken taken = {0};
	uint64_t next;
	unsigned refused = 0, kept = 0;
	(void)state;
	memset(reason, 1, AUDIT_REASON_BYTES); /* Six bytes each in the file. */
	signal(SIGXFSZ, SIG_IGN);
	struct audit *audit = opened(0);
	struct audit_act act = {.time_ms = 1, .what = AUDIT_ACCESS, .who = TEXT("key 1"), .reason = text_of(reason)};
	disk_bound(10000);
	struct audit_act durable = act;
	durable.durable = true;
	for (int i = 0; i < 20; i++) {
		int error = audit_note(audit, &durable);
		assert_true(error == 0 || error == ERROR_FULL);
	}
	assert_int_equal(audit_sync(audit), ERROR_FULL);
	for (unsigned i = 0; i < 3000; i++)
		if (audit_note(audit, &act) == 0)
			kept++;
		else
			refused++;
	assert_true(refused > 0 && kept > 0);
	assert_int_equal(audit_lost(audit), refused);
	disk_bound(RLIM_INFINITY);
	while (audit_sync(audit) == ERROR_FULL)
		usleep(10000);
	assert_int_equal(audit_note(audit, &durable), 0);
	struct audit_question question = {.n = 10, .of_what = true, .what = AUDIT_LOG};
	assert_int_equal(audit_read(audit, &question, take, &taken, &next), 0);
	assert_int_equal(taken.n, 1);
	assert_non_null(strstr(taken.last, "entries could not be kept"));
	audit_close(audit);
	assert_int_equal(audit_verify(&found, folder, NULL), 0);
	assert_int_equal(found.n, 20 + kept + 2);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(ten_thousand_entries_are_sound_over_several_files),
		T(any_altered_byte_is_found_at_its_entry),
		T(an_entry_taken_away_moved_or_cut_is_found),
		T(an_entry_made_anew_with_a_fitting_hash_is_found_by_the_next),
		T(a_file_taken_away_is_found),
		T(a_line_that_a_crash_left_half_written_is_cut_and_noted),
		T(an_end_that_was_durable_and_is_gone_stays_a_gap),
		T(what_was_damaged_stays_as_evidence_and_is_found_after_a_start),
		T(entries_are_read_newest_first_in_pages_and_by_what_they_are_about),
		T(nothing_of_the_customer_stands_in_the_file),
		T(many_threads_write_one_chain),
		T(on_a_full_disk_entries_wait_and_those_without_room_are_counted_and_said),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
