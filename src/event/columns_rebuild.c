/* columns_rebuild.c: days whose file was damaged, made again from the log. */
#include "event/columns_internal.h"

#include "base/damage.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GATHER_ROWS = 1024 * 1024 };

struct columns_rebuild {
	struct day_file *days;      /* Ascending; rows: in the draft. */
	size_t n;
	struct gathered_row *rows;  /* Not in a draft yet. */
	size_t rows_n;
};

size_t columns_damaged(const struct columns *columns)
{
	return atomic_load_explicit(&columns->damaged_n, memory_order_relaxed);
}

void columns_rebuild_stop(struct columns *columns)
{
	struct columns_rebuild *rebuild = columns->rebuild;
	if (!rebuild)
		return;
	memory_free(rebuild->days);
	memory_free(rebuild->rows);
	memory_free(rebuild);
	columns->rebuild = NULL;
}

static void draft_name(char out[COLUMNS_NAME_BYTES + 8], const struct day_file *day)
{
	char name[COLUMNS_NAME_BYTES];
	columns_day_name(name, day->day, day->sealed);
	snprintf(out, COLUMNS_NAME_BYTES + 8, "%s" COLUMNS_DRAFT, name);
}

static int draft_open(struct columns *columns, const struct day_file *day, int flags)
{
	char name[COLUMNS_NAME_BYTES + 8];
	draft_name(name, day);
	return openat(columns->folder, name, flags | O_RDWR | O_CLOEXEC, 0600);
}

int columns_rebuild_begin(struct columns *columns)
{
	struct columns_rebuild *rebuild = memory_zero_alloc(1, sizeof *rebuild);
	struct day_file day;
	if (!rebuild)
		return ERROR_MEMORY;
	columns_rebuild_stop(columns);
	columns->rebuild = rebuild;
	rebuild->rows = memory_alloc(GATHER_ROWS * sizeof *rebuild->rows);
	rebuild->days = memory_alloc((columns_damaged(columns) + 1) * sizeof *rebuild->days);
	int error = rebuild->rows && rebuild->days ? 0 : ERROR_MEMORY;
	const size_t room = columns_damaged(columns);
	for (size_t i = 0; !error && rebuild->n < room && columns_day_at(columns, i, &day); i++) {
		if (!day.damaged)
			continue;
		day.rows = 0;
		day.sealed = columns->seal;
		rebuild->days[rebuild->n++] = day;
		int file = draft_open(columns, &day, O_CREAT | O_TRUNC);
		error = file >= 0 ? 0 : errno == ENOSPC || errno == EDQUOT ? ERROR_FULL : ERROR_IO;
		if (file >= 0)
			close(file);
	}
	if (error)
		columns_rebuild_stop(columns);
	return error;
}

static struct day_file *day_of_rebuild(const struct columns *columns, int32_t day)
{
	const struct columns_rebuild *rebuild = columns->rebuild;
	size_t low = 0, high = rebuild->n;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (rebuild->days[middle].day < day)
			low = middle + 1;
		else
			high = middle;
	}
	return low < rebuild->n && rebuild->days[low].day == day ? &rebuild->days[low] : NULL;
}

bool columns_rebuild_wants(const struct columns *columns, int64_t time_ms)
{
	return day_of_rebuild(columns, columns_day_of(time_ms)) != NULL;
}

static int compare_days(const void *a, const void *b)
{
	const struct gathered_row *left = a, *right = b;
	return (left->day > right->day) - (left->day < right->day);
}

/* Append a run of @n rows, all of one day, to its draft. */
static int run_write(struct columns *columns, struct day_file *day, const struct gathered_row *items, size_t n, struct column_row *rows)
{
	const struct row_file form = columns_form(columns, day);
	for (size_t i = 0; i < n; i++)
		rows[RUN_HEAD_ROWS + i] = items[i].row;
	row_run_make(&form, day->rows, rows, (uint32_t)n);
	int file = draft_open(columns, day, 0);
	int error = file < 0 ? ERROR_IO : columns_write_all(file, rows, (n + RUN_HEAD_ROWS) * sizeof *rows, (off_t)(day->rows * sizeof *rows));
	if (!error && fdatasync(file) != 0)
		error = ERROR_IO;
	if (file >= 0)
		close(file);
	day->rows += n + RUN_HEAD_ROWS;
	return error;
}

static int rows_write(struct columns *columns)
{
	struct columns_rebuild *rebuild = columns->rebuild;
	struct column_row *rows = memory_alloc((rebuild->rows_n + RUN_HEAD_ROWS) * sizeof *rows);
	int error = rows ? 0 : ERROR_MEMORY;
	if (!error && rebuild->rows_n)
		qsort(rebuild->rows, rebuild->rows_n, sizeof *rebuild->rows, compare_days);
	for (size_t i = 0, end; i < rebuild->rows_n && !error; i = end) {
		for (end = i; end < rebuild->rows_n && rebuild->rows[end].day == rebuild->rows[i].day;)
			end++;
		error = run_write(columns, day_of_rebuild(columns, rebuild->rows[i].day), rebuild->rows + i, end - i, rows);
	}
	/* A day without rows is a file with an empty run: length 0 means that it is to be made again. */
	rebuild->rows_n = error ? rebuild->rows_n : 0;
	memory_free(rows);
	return error;
}

int columns_rebuild_add(struct columns *columns, const struct event_header *header, int32_t value)
{
	struct columns_rebuild *rebuild = columns->rebuild;
	rebuild->rows[rebuild->rows_n++] = (struct gathered_row){0, columns_day_of(header->time_ms), columns_row_of(header, value)};
	return rebuild->rows_n == GATHER_ROWS ? rows_write(columns) : 0;
}

/* Put the draft of @day in its place. */
static int day_replace(struct columns *columns, const struct day_file *day)
{
	char draft[COLUMNS_NAME_BYTES + 8], name[COLUMNS_NAME_BYTES], other[COLUMNS_NAME_BYTES];
	draft_name(draft, day);
	columns_day_name(name, day->day, day->sealed);
	columns_day_name(other, day->day, !day->sealed);
	pthread_rwlock_wrlock(&columns->walked);
	int error = renameat(columns->folder, draft, columns->folder, name) == 0 ? 0 : ERROR_IO;
	if (!error && unlinkat(columns->folder, other, 0) != 0 && errno != ENOENT)
		error = ERROR_IO;
	if (!error && fsync(columns->folder) != 0)
		error = ERROR_IO;
	pthread_mutex_lock(&columns->lock);
	struct day_file *entry = error ? NULL : columns_day_entry(columns, day->day);
	if (entry) {
		columns->damaged_n -= entry->damaged;
		*entry = *day;
		entry->damaged = false;
	}
	pthread_mutex_unlock(&columns->lock);
	pthread_rwlock_unlock(&columns->walked);
	return error ? error : entry ? 0 : ERROR_MEMORY;
}

int columns_rebuild_end(struct columns *columns, int (*day_rows)(void *arg, int32_t day, uint64_t rows), void *arg)
{
	struct columns_rebuild *rebuild = columns->rebuild;
	struct column_row empty[RUN_HEAD_ROWS];
	int error = rows_write(columns);
	for (size_t i = 0; i < rebuild->n && !error; i++)
		if (rebuild->days[i].rows == 0)
			error = run_write(columns, &rebuild->days[i], NULL, 0, empty);
	for (size_t i = 0; i < rebuild->n && !error; i++) {
		error = day_rows(arg, rebuild->days[i].day, 0);
		if (!error)
			error = day_replace(columns, &rebuild->days[i]);
		if (!error)
			error = day_rows(arg, rebuild->days[i].day, rebuild->days[i].rows);
	}
	columns_rebuild_stop(columns);
	return error;
}

int columns_file_check(const char *folder, int32_t day, uint64_t rows)
{
	static const uint8_t no_key[COLUMNS_KEY_BYTES];
	struct columns columns = {.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	struct day_file entry = {.day = day, .sealed = true, .rows = rows};
	struct column_row *room = memory_alloc(ROW_WALK_MAX * sizeof *room);
	struct row_walk *walk = memory_zero_alloc(1, sizeof *walk + 64);
	char name[COLUMNS_NAME_BYTES], path[48];
	if (!room || !walk) {
		memory_free(room);
		memory_free(walk);
		return ERROR_MEMORY;
	}
	int file = columns_day_open(&columns, &entry, O_RDONLY);
	if (file < 0) {
		entry.sealed = false;
		file = columns_day_open(&columns, &entry, O_RDONLY);
	}
	struct row_walk *aligned = (struct row_walk *)(((uintptr_t)walk + 63) & ~(uintptr_t)63);
	row_walk_start(aligned, (struct row_file){entry.sealed ? no_key : NULL, day}); /* Checks are of the rows as they lie there. */
	const char *what = file < 0 ? "missing" : NULL;
	for (uint64_t at = 0; at < rows && !what;) {
		size_t wanted = rows - at < ROW_WALK_MAX ? (size_t)(rows - at) : ROW_WALK_MAX;
		ssize_t got = pread(file, room, wanted * sizeof *room, (off_t)(at * sizeof *room));
		what = got != (ssize_t)(wanted * sizeof *room) ? "cut" : row_walk_open(aligned, room, wanted) ? NULL : "damaged";
		at += wanted;
	}
	columns_day_name(name, day, entry.sealed);
	snprintf(path, sizeof path, "columns/%s", name);
	if (what)
		damage_found(path, aligned->run_place * sizeof *room, DAMAGE_REBUILT, "Nothing to do: a start makes them again from the log.", "The rows of this day are %s.", what);
	if (file >= 0)
		close(file);
	if (columns.folder >= 0)
		close(columns.folder);
	memory_free(room);
	memory_free(walk);
	return 0;
}
