/*
 * fuzz_seen.c: the hashes of an hour, damaged in any way, or of any hour and length that a store may say: they are those that were written,
 * or the file is named and read again from the log.
 */
#include "file.h"

#include "engine/receipt.h"
#include "engine/seen.h"
#include "event/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGES = 20 };
static const int64_t NOW_MS = (int64_t)490000 * 3600000;

struct sound {
	int64_t hour;
	struct seen_length length;
	char bytes[1024];
	size_t n;
};

static int hour_note(void *arg, int64_t hour, struct seen_length length)
{
	struct sound *sound = arg;
	sound->hour = hour;
	sound->length = length;
	return 0;
}

static void name_of(char name[64], int64_t hour)
{
	snprintf(name, 64, "seen/%" PRId64 ".hashes", hour);
}

static void sound_make(struct sound *sound, const char *folder)
{
	char path[100], name[64];
	struct log *log;
	struct seen *seen;
	uint64_t position = 0;
	snprintf(path, sizeof path, "%s/log", fuzz_folder());
	MUST(log_open(&log, &(struct log_options){.folder = path, .segment_bytes = 1 << 20}, 0) == 0);
	for (uint64_t i = 1; i <= MESSAGES; i++) {
		struct event_header header = {.kind = EVENT_TRACK, .received_ms = NOW_MS, .message_hash = i * 2654435761u};
		MUST(log_append(log, &(struct text){(const char *)&header, sizeof header}, 1, &position) == 0);
	}
	MUST(log_wait(log, position, 10000) == 0);
	MUST(seen_open(&seen, folder) == 0 && seen_flush(seen, log, 0, position, 0, hour_note, sound) == 0);
	seen_close(seen);
	log_close(log);
	name_of(name, sound->hour);
	struct text file = fuzz_file_get(name);
	MUST(file.n && file.n <= sizeof sound->bytes);
	memcpy(sound->bytes, file.p, sound->n = file.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct sound sound;
	struct fuzz_input input = {bytes, n};
	struct seen *seen;
	char folder[128], name[64];
	bool cut;
	snprintf(folder, sizeof folder, "%s/seen", fuzz_folder());
	if (!sound.n)
		sound_make(&sound, folder);
	damage_clear();
	uint8_t what = fuzz_byte(&input);
	int64_t hour = sound.hour;
	struct seen_length length = sound.length;
	if (what & 1) { /* Whatever a store said. */
		for (int i = 0; i < 8; i++)
			hour = (int64_t)((uint64_t)hour << 8 | fuzz_byte(&input));
		length = (struct seen_length){fuzz_number(&input), fuzz_number(&input)};
	}
	struct text file = fuzz_damaged(&input, (struct text){sound.bytes, sound.n}, &cut);
	bool same = file.n >= sound.n && memcmp(file.p, sound.bytes, sound.n) == 0;
	name_of(name, hour);
	fuzz_file_put(name, file);
	struct dedupe *dedupe = dedupe_new(1 << 20);
	MUST(dedupe && seen_open(&seen, folder) == 0);
	int error = seen_restore(seen, hour, length);
	MUST(!error || what & 1);
	if (!error)
		error = seen_load(seen, dedupe, 0);
	else
		damage_found("seen/", 0, DAMAGE_REBUILT, "", "The hour is refused by whoever asks.");
	MUST(error == 0 || error == ERROR_MEMORY || (error == ERROR_CORRUPT && fuzz_is_named("seen/")));
	MUST(what & 1 || !error == same);
	seen_close(seen);
	dedupe_free(dedupe);
	fuzz_file_remove(name);
	return 0;
}
