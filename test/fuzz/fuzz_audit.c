/*
 * fuzz_audit.c: the audit log and its head, damaged in any way: verifying finds it, and the log is opened, read and written on all the same.
 */
#include "file.h"

#include "trust/audit.h"

#include <sodium.h>
#include <string.h>

enum { ENTRIES = 5 };

static const uint8_t key[AUDIT_KEY_BYTES] = {9};
static char lines[FUZZ_FILE_BYTES_MAX], head[256];
static size_t lines_n, head_n;
#define FILE_NAME "audit/000000000001.ndjson"

static void entries_add(int n)
{
	struct audit *audit;
	struct audit_options options = {.folder = fuzz_folder(), .key = key};
	char about[AUDIT_ABOUT_BYTES];
	MUST(audit_open(&audit, &options) == 0);
	audit_about(audit, key, sizeof key, about);
	for (int i = 0; i < n; i++)
		MUST(audit_note(audit, &(struct audit_act){.time_ms = 1780000000000, .what = AUDIT_CONFIGURATION, .who = TEXT("key 4f2a9c01 (backend)"),
		                                           .about = i % 2 ? about : NULL, .reason = TEXT("because"), .words = TEXT("opened")}) == 0);
	MUST(audit_sync(audit) == 0);
	audit_close(audit);
}

static void sound_make(void)
{
	MUST(sodium_init() >= 0);
	entries_add(ENTRIES);
	struct text file = fuzz_file_get(FILE_NAME);
	memcpy(lines, file.p, lines_n = file.n);
	file = fuzz_file_get("audit/head");
	MUST(file.n <= sizeof head);
	memcpy(head, file.p, head_n = file.n);
}

static void line_count(void *arg, struct text line)
{
	size_t *n = arg;
	MUST(line.n);
	++*n;
}

/* Read, and go on with one more entry. */
static void use(void)
{
	struct audit *audit;
	struct audit_options options = {.folder = fuzz_folder(), .key = key};
	struct audit_question question = {.n = 100};
	size_t n = 0;
	uint64_t next;
	if (audit_open(&audit, &options) != 0)
		return;
	MUST(audit_note(audit, &(struct audit_act){.time_ms = 1, .what = AUDIT_LOG, .who = TEXT("system"), .durable = true}) == 0);
	MUST(audit_read(audit, &question, line_count, &n, &next) == 0 && n >= 1);
	audit_close(audit);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct fuzz_input input = {bytes, n};
	struct audit_verified verified;
	bool cut = false;
	if (!lines_n)
		sound_make();
	damage_clear();
	uint8_t what = fuzz_byte(&input) % 3;
	struct text file = {lines, lines_n}, said = {head, head_n};
	if (what == 0)
		file = fuzz_damaged(&input, file, &cut);
	else if (what == 1)
		said = fuzz_damaged(&input, said, &cut);
	else
		file = fuzz_rest(&input);
	fuzz_file_put(FILE_NAME, file);
	fuzz_file_put("audit/head", said);
	bool same = text_equal(file, (struct text){lines, lines_n}) && text_equal(said, (struct text){head, head_n});
	int error = audit_verify(&verified, fuzz_folder(), NULL);
	MUST(error == 0 || error == ERROR_CORRUPT);
	MUST(!error == same && !error == (verified.problem[0] == 0));
	use();
	return 0;
}
