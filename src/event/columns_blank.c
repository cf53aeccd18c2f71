/* columns_blank.c: rows that go: of those who were erased, of what may not be kept any longer. */
#include "event/columns_internal.h"

#include "base/clock.h"
#include "base/memory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int compare_numbers(const void *a, const void *b)
{
	const uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
	return (left > right) - (left < right);
}

/* A run that rows are taken out of: its head, and its rows' check before and after. */
struct blanking {
	struct columns *columns;
	struct row_file form;
	int file;
	uint64_t place;         /* Of the head. */
	struct row_run run;
	XXH3_state_t before, after;
	bool changed;
	bool (*gone)(const void *arg, const struct column_row *row);
	const void *arg;
};

/* Blank the @n rows of the run from its row @at on that are gone. */
static int part_blank(struct blanking *blanking, uint32_t at, size_t n)
{
	struct column_row kept[ROW_WALK_MAX], rows[ROW_WALK_MAX]; /* As they lie in the file, and opened. */
	off_t place = (off_t)((blanking->place + RUN_HEAD_ROWS + at) * sizeof *kept);
	size_t found = 0;
	if (pread(blanking->file, kept, n * sizeof *kept, place) != (ssize_t)(n * sizeof *kept))
		return ERROR_CORRUPT;
	XXH3_64bits_update(&blanking->before, kept, n * sizeof *kept);
	memcpy(rows, kept, n * sizeof *rows);
	row_run_open(&blanking->form, &blanking->run, at, rows, n);
	for (size_t i = 0; i < n; i++)
		if (rows[i].origin && blanking->gone(blanking->arg, &rows[i])) {
			kept[i] = (struct column_row){0};
			found++;
		}
	XXH3_64bits_update(&blanking->after, kept, n * sizeof *kept);
	blanking->changed |= found > 0;
	return found ? columns_write_all(blanking->file, kept, n * sizeof *kept, place) : 0;
}

/* A crash between rows and head leaves a run that does not fit its check: it is found, and made again from the log. */
static int run_blank(struct blanking *blanking)
{
	int error = 0;
	blanking->changed = false;
	if (pread(blanking->file, &blanking->run, sizeof blanking->run, (off_t)(blanking->place * sizeof(struct column_row))) != sizeof blanking->run ||
	    !row_run_is_whole(&blanking->form, blanking->place, &blanking->run))
		return ERROR_CORRUPT;
	XXH3_64bits_reset(&blanking->before);
	XXH3_64bits_reset(&blanking->after);
	for (uint32_t at = 0, n; at < blanking->run.n && !error; at += n) {
		n = blanking->run.n - at < ROW_WALK_MAX ? blanking->run.n - at : ROW_WALK_MAX;
		error = part_blank(blanking, at, n);
	}
	if (!error && XXH3_64bits_digest(&blanking->before) != blanking->run.rows_check)
		return ERROR_CORRUPT;
	if (error || !blanking->changed)
		return error;
	row_run_finish(&blanking->form, blanking->place, &blanking->run, XXH3_64bits_digest(&blanking->after));
	return columns_write_all(blanking->file, &blanking->run, sizeof blanking->run, (off_t)(blanking->place * sizeof(struct column_row)));
}

/* Blank in one file the rows that are @gone. A file that is damaged is made again from the log, which knows who is gone. */
static int day_blank(struct columns *columns, struct day_file day, bool (*gone)(const void *arg, const struct column_row *row), const void *arg)
{
	struct blanking blanking = {.columns = columns, .form = columns_form(columns, &day), .gone = gone, .arg = arg};
	bool changed = false;
	if (day.damaged)
		return 0;
	blanking.file = columns_day_open(columns, &day, O_RDWR);
	int error = blanking.file < 0 ? ERROR_CORRUPT : 0;
	while (blanking.place < day.rows && !error) {
		error = run_blank(&blanking);
		changed |= blanking.changed;
		if (!error)
			blanking.place += RUN_HEAD_ROWS + blanking.run.n;
	}
	if (changed && error != ERROR_CORRUPT && fdatasync(blanking.file) != 0)
		error = ERROR_IO;
	if (blanking.file >= 0)
		close(blanking.file);
	if (error != ERROR_CORRUPT)
		return error;
	columns_day_damaged(columns, day.day, blanking.place, "damaged");
	return 0;
}

bool columns_day_at(struct columns *columns, size_t i, struct day_file *day)
{
	pthread_mutex_lock(&columns->lock);
	bool more = i < columns->days_n;
	if (more)
		*day = columns->days[i];
	pthread_mutex_unlock(&columns->lock);
	return more;
}

struct sorted_origins {
	uint32_t *items;
	size_t n;
};

static bool is_of_origins(const void *arg, const struct column_row *row)
{
	const struct sorted_origins *origins = arg;
	return bsearch(&row->origin, origins->items, origins->n, sizeof *origins->items, compare_numbers) != NULL;
}

int columns_forget(struct columns *columns, const uint32_t *origins, size_t n)
{
	struct sorted_origins sorted = {memory_alloc((n + 1) * sizeof *sorted.items), n};
	struct day_file day;
	if (!sorted.items)
		return ERROR_MEMORY;
	memcpy(sorted.items, origins, n * sizeof *sorted.items);
	qsort(sorted.items, n, sizeof *sorted.items, compare_numbers);
	int error = 0;
	for (size_t i = 0; !error && columns_day_at(columns, i, &day); i++)
		error = day.rows ? day_blank(columns, day, is_of_origins, &sorted) : 0;
	memory_free(sorted.items);
	return error;
}

/* In the order of time, so that those of a day stand together; then of origins and names. */
static int compare_places(const void *a, const void *b)
{
	const struct column_place *left = a, *right = b;
	if (left->time_ms != right->time_ms)
		return left->time_ms < right->time_ms ? -1 : 1;
	if (left->origin != right->origin)
		return left->origin < right->origin ? -1 : 1;
	return (left->name > right->name) - (left->name < right->name);
}

struct places_of_day {
	const struct column_place *items;
	size_t n;
	int64_t begins_ms;
};

static bool is_among_places(const void *arg, const struct column_row *row)
{
	const struct places_of_day *places = arg;
	struct column_place place = {places->begins_ms + (int64_t)COLUMN_TIME(*row), row->origin, row->name};
	return bsearch(&place, places->items, places->n, sizeof place, compare_places) != NULL;
}

int columns_blank(struct columns *columns, const struct column_place *places, size_t n)
{
	struct column_place *sorted = memory_alloc((n + 1) * sizeof *sorted);
	struct day_file day;
	int error = sorted ? 0 : ERROR_MEMORY;
	if (error)
		return error;
	memcpy(sorted, places, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, compare_places);
	for (size_t i = 0, at = 0; !error && at < n && columns_day_at(columns, i, &day); i++) {
		while (at < n && columns_day_of(sorted[at].time_ms) < day.day)
			at++;
		size_t end = at;
		while (end < n && columns_day_of(sorted[end].time_ms) == day.day)
			end++;
		struct places_of_day of_day = {sorted + at, end - at, (int64_t)day.day * MS_A_DAY};
		if (of_day.n && day.rows)
			error = day_blank(columns, day, is_among_places, &of_day);
		at = end;
	}
	memory_free(sorted);
	return error;
}
