/*
 * fuzz_columns.c: the files of a day, in the clear and sealed, damaged in any way: the rows come back as they were written, or the day is
 * named and made again. Runs under the right check may say anything: reading, blanking and writing on go on all the same.
 */
#include "file.h"

#include "base/memory.h"
#include "event/row_seal.h"

#include <stdio.h>
#include <string.h>

enum { DAY = 20500, FLUSHES = 3, ROWS = 9, DAY_MS = 86400000, ROWS_MAX = 512 };
#define DAY_NAME "columns/2026-02-16"
static const int64_t BEGINS_MS = (int64_t)DAY * DAY_MS;
static const uint8_t key[COLUMNS_KEY_BYTES] = {3, 1};

struct sound {
	char bytes[4096];
	size_t n;
	uint64_t rows;
};

static const char *const names[] = {DAY_NAME ".rows", DAY_NAME ".sealed"};

static int day_note(void *arg, int32_t day, uint64_t rows)
{
	uint64_t *last = arg;
	*last = day == DAY ? rows : *last;
	return 0;
}

static void add_and_flush(struct columns *columns, int first, int n, uint64_t *rows)
{
	for (int i = first; i < first + n; i++) {
		struct event_header header = {.kind = EVENT_TRACK, .time_ms = BEGINS_MS + i, .origin_number = (uint32_t)i + 1, .name = 1};
		MUST(columns_add(columns, (uint64_t)i + 1, &header, i) == 0);
	}
	MUST(columns_flush(columns, (uint64_t)(first + n), day_note, rows) == 0);
	columns_flushed(columns, (uint64_t)(first + n));
}

static struct columns *open_columns(bool sealed)
{
	struct columns *columns;
	char folder[128];
	snprintf(folder, sizeof folder, "%s/columns", fuzz_folder());
	MUST(columns_open(&columns, folder, key, sealed) == 0);
	return columns;
}

static void sound_make(struct sound *sound, bool sealed)
{
	struct columns *columns = open_columns(sealed);
	fuzz_file_remove(names[0]);
	fuzz_file_remove(names[1]);
	for (int i = 0; i < FLUSHES; i++)
		add_and_flush(columns, i * ROWS / FLUSHES, ROWS / FLUSHES, &sound->rows);
	columns_close(columns);
	struct text file = fuzz_file_get(names[sealed]);
	MUST(file.n && file.n <= sizeof sound->bytes);
	memcpy(sound->bytes, file.p, sound->n = file.n);
}

/* All rows as they were added? */
static void rows_check(struct columns *columns, bool is_any)
{
	struct column_event *events;
	size_t n;
	int error = columns_select(columns, BEGINS_MS, BEGINS_MS + DAY_MS, 100000, &events, &n);
	MUST(error == 0 || (error == ERROR_REBUILDING && fuzz_is_named("columns/")));
	if (error)
		return;
	int64_t sum = 0;
	for (size_t i = 0; i < n; i++) {
		MUST(events[i].time_ms >= BEGINS_MS && events[i].time_ms < BEGINS_MS + DAY_MS);
		MUST(is_any || (events[i].value == (int32_t)events[i].origin - 1 && events[i].time_ms - BEGINS_MS == events[i].value));
		sum += events[i].value;
	}
	MUST(is_any || columns_damaged(columns) || (n == ROWS && sum == ROWS * (ROWS - 1) / 2));
	memory_free(events);
}

static void use(struct columns *columns, bool is_any)
{
	const uint32_t origins[] = {1, 7, 0xffffffff};
	const struct column_place places[] = {{BEGINS_MS + 5, 6, 1}, {BEGINS_MS, 0, 0}};
	uint64_t rows = 0;
	rows_check(columns, is_any);
	MUST(columns_forget(columns, origins, 3) == 0 && columns_blank(columns, places, 2) == 0);
	add_and_flush(columns, ROWS, 1, &rows);
	if (columns_damaged(columns)) {
		MUST(columns_rebuild_begin(columns) == 0 && columns_rebuild_wants(columns, BEGINS_MS));
		MUST(columns_rebuild_end(columns, day_note, &rows) == 0);
	}
	columns_rows(columns);
}

/* Runs as they are written, of rows that the input gives, so that what is behind the head of a run is reached. */
static struct text runs_make(struct text bytes, bool sealed)
{
	static struct column_row rows[ROWS_MAX];
	const struct row_file file = {sealed ? key : NULL, DAY};
	size_t n = 0;
	while (bytes.n >= sizeof *rows && n + RUN_HEAD_ROWS + 1 < ROWS_MAX) {
		uint32_t run = 1 + (uint8_t)bytes.p[0] % 8, got = 0;
		for (; got < run && bytes.n >= sizeof *rows && n + RUN_HEAD_ROWS + got < ROWS_MAX; got++) {
			memcpy(&rows[n + RUN_HEAD_ROWS + got], bytes.p, sizeof *rows);
			bytes = text_from(bytes, sizeof *rows);
		}
		row_run_make(&file, n, rows + n, got);
		n += RUN_HEAD_ROWS + got;
	}
	return (struct text){(const char *)rows, n * sizeof *rows};
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct sound sounds[2];
	struct fuzz_input input = {bytes, n};
	bool cut = false;
	for (int i = 0; i < 2 && !sounds[i].n; i++)
		sound_make(&sounds[i], i);
	damage_clear();
	uint8_t what = fuzz_byte(&input);
	bool sealed = what & 1, is_any = what & 6;
	const struct sound *sound = &sounds[sealed];
	uint64_t rows = sound->rows;
	struct text file;
	if (is_any) {
		file = what & 2 ? runs_make(fuzz_rest(&input), sealed) : fuzz_rest(&input);
		rows = file.n / sizeof(struct column_row);
	} else {
		file = fuzz_damaged(&input, (struct text){sound->bytes, sound->n}, &cut);
	}
	fuzz_file_remove(names[!sealed]);
	fuzz_file_put(names[sealed], file);
	struct columns *columns = open_columns(sealed);
	MUST(columns_restore(columns, DAY, rows) == 0 && columns_restored(columns) == 0);
	MUST(file.n >= rows * sizeof(struct column_row) || columns_damaged(columns));
	use(columns, is_any);
	columns_close(columns);
	return 0;
}
