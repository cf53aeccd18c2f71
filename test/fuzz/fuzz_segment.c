/*
 * fuzz_segment.c: a log of one file, damaged in any way, read only and opened to write: either every entry comes back as it was written,
 * or the list of damage says what is lost. What is behind a right check may say anything, and no more than itself is harmed.
 */
#include "file.h"

#include "log/internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEGMENT = 1024 * 1024, ENTRIES = 12, BLOCKS = 3 };
#define SEGMENT_NAME "log/0000000000000000.segment"

static char sound[FUZZ_FILE_BYTES_MAX], epoch[8192], folder[128];
static size_t epoch_n;

static size_t entry_of(char room[300], int i)
{
	memset(room, 'a' + i, 300);
	return (size_t)(20 + i * 23 % 280);
}

static void sound_make(void)
{
	struct log *log;
	struct log_options options = {.folder = folder, .segment_bytes = SEGMENT};
	snprintf(folder, sizeof folder, "%s/log", fuzz_folder());
	MUST(log_open(&log, &options, 0) == 0);
	for (int i = 0; i < ENTRIES; i++) {
		char room[300];
		uint64_t position;
		struct text part = {room, entry_of(room, i)};
		MUST(log_append(log, &part, 1, &position) == 0);
		if ((i + 1) % (ENTRIES / BLOCKS) == 0)
			MUST(log_wait(log, position, 10000) == 0);
	}
	log_close(log);
	memcpy(sound, fuzz_file_get(SEGMENT_NAME).p, sizeof sound);
	struct text file = fuzz_file_get("log/epoch");
	MUST(file.n <= sizeof epoch);
	memcpy(epoch, file.p, epoch_n = file.n);
}

/* The first bytes of the file are @bytes, the others zeros, as when it was made. */
static void segment_put(struct text bytes, bool cut)
{
	char path[256];
	snprintf(path, sizeof path, "%s/0000000000000000.segment", folder);
	fuzz_file_put(SEGMENT_NAME, bytes);
	MUST(cut || truncate(path, SEGMENT) == 0);
	fuzz_file_remove("log/0000000000000001.segment");
	fuzz_file_put("log/epoch", (struct text){epoch, epoch_n});
}

struct walk {
	int next;
	bool all_known; /* Every entry is one that was written, in its place. */
	bool any;       /* Anything may stand there. */
};

static int each(void *arg, uint64_t position, struct text entry)
{
	struct walk *walk = arg;
	char room[300];
	unsigned sum = 0;
	for (size_t i = 0; i < entry.n; i++)
		sum += (unsigned char)entry.p[i];
	MUST(position && (sum || !entry.n || walk->any));
	bool known = walk->next < ENTRIES && entry.n == entry_of(room, walk->next) && memcmp(entry.p, room, entry.n) == 0;
	walk->all_known = walk->all_known && known;
	walk->next++;
	return 0;
}

static void open_and_read(bool read_only, bool is_any)
{
	struct log *log;
	struct walk walk = {.all_known = true, .any = is_any};
	uint64_t damaged_at;
	struct log_options options = {.folder = folder, .segment_bytes = SEGMENT, .read_only = read_only, .damaged_at = &damaged_at};
	damage_clear();
	int error = log_open(&log, &options, 0);
	MUST(error == 0 || damage_count() || (is_any && error == ERROR_LIMIT) || error == ERROR_IO);
	if (error)
		return;
	error = log_replay(log, 0, each, &walk);
	if (!is_any)
		MUST((!error && walk.all_known && walk.next == ENTRIES) || damage_count());
	if (!read_only && !error) {
		uint64_t position, was = log_end(log);
		struct text part = TEXT("one more");
		MUST(log_append(log, &part, 1, &position) == 0 && position > was && log_wait(log, position, 10000) == 0);
	}
	log_close(log);
}

/* Make the check of each block right again, and of its entries, whatever stands in them. */
static void blocks_sign(char *bytes, size_t n)
{
	for (size_t at = SEGMENT_HEAD_BYTES; at + BLOCK_HEAD_BYTES < n;) {
		struct block_head head;
		memcpy(&head, bytes + at, sizeof head);
		if (head.magic != BLOCK_MAGIC || head.length > n - at - BLOCK_HEAD_BYTES)
			return;
		char *entries = bytes + at + BLOCK_HEAD_BYTES;
		for (size_t e = 0; e + ENTRY_HEAD_BYTES <= head.length;) {
			struct entry_head entry;
			memcpy(&entry, entries + e, sizeof entry);
			if (entry.length > head.length - e - ENTRY_HEAD_BYTES)
				break;
			entry.check = entry_check(entries + e + ENTRY_HEAD_BYTES, entry.length, entry.position);
			memcpy(entries + e, &entry, sizeof entry);
			e += (ENTRY_HEAD_BYTES + entry.length + 7) & ~(size_t)7;
		}
		head.hash = block_hash(&head, entries);
		memcpy(bytes + at, &head, sizeof head);
		at += (BLOCK_HEAD_BYTES + (size_t)head.length + 7) & ~(size_t)7;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static char damaged[FUZZ_FILE_BYTES_MAX];
	struct fuzz_input input = {bytes, n};
	bool cut = false;
	if (!epoch_n)
		sound_make();
	uint8_t what = fuzz_byte(&input);
	/* The blocks are few: what the input says lies near them. */
	size_t room = what & 4 ? sizeof sound : SEGMENT_HEAD_BYTES + 4096;
	struct text file = fuzz_damaged(&input, (struct text){sound, room}, &cut);
	memcpy(damaged, sound, sizeof damaged);
	memcpy(damaged, file.p, file.n);
	if (what & 8)
		blocks_sign(damaged, sizeof damaged);
	segment_put((struct text){damaged, cut ? file.n : sizeof damaged}, cut && !(what & 16));
	open_and_read(true, what & 8);
	open_and_read(false, what & 8);
	return 0;
}
