/* columns.c: rows by day. */
#include "event/columns_internal.h"
#include "event/row_seal.h"

#include "base/clock.h"
#include "base/damage.h"
#include "base/folder.h"
#include "base/memory.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static_assert(sizeof(struct column_row) == 16, "part of the format");

int32_t columns_day_of(int64_t ms)
{
	int64_t day = ms / MS_A_DAY - (ms % MS_A_DAY < 0);
	return day < INT32_MIN ? INT32_MIN : day > INT32_MAX ? INT32_MAX : (int32_t)day;
}

static const char *const suffixes[] = {".rows", ".sealed"};

void columns_day_name(char out[COLUMNS_NAME_BYTES], int32_t day, bool sealed)
{
	char text[CLOCK_TEXT_BYTES];
	clock_format(text, (int64_t)day * MS_A_DAY);
	snprintf(out, COLUMNS_NAME_BYTES, "%.10s%s", text, suffixes[sealed]);
}

/* The file of @day; -1: there is none. */
int columns_day_open(struct columns *columns, const struct day_file *day, int flags)
{
	char name[COLUMNS_NAME_BYTES];
	columns_day_name(name, day->day, day->sealed);
	return openat(columns->folder, name, flags | O_CLOEXEC, 0600);
}

int columns_open(struct columns **out, const char *folder, const uint8_t *key, bool seal)
{
	int made = folder_make(folder);
	if (made)
		return made;
	struct columns *columns = memory_zero_alloc(1, sizeof *columns);
	if (!columns)
		return ERROR_MEMORY;
	columns->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (columns->folder < 0) {
		memory_free(columns);
		return ERROR_IO;
	}
	columns->has_key = key != NULL;
	columns->seal = seal && key;
	if (key)
		memcpy(columns->key, key, sizeof columns->key);
	pthread_mutex_init(&columns->lock, NULL);
	pthread_rwlock_init(&columns->walked, NULL);
	*out = columns;
	return 0;
}

void columns_close(struct columns *columns)
{
	if (!columns)
		return;
	close(columns->folder);
	pthread_mutex_destroy(&columns->lock);
	pthread_rwlock_destroy(&columns->walked);
	gathered_chunks_free(columns->gathered.oldest);
	sodium_memzero(columns->key, sizeof columns->key);
	columns_rebuild_stop(columns);
	memory_free(columns->flushed);
	memory_free(columns->days);
	memory_free(columns);
}

/* The entry of @day, made when it is not there; NULL without memory. */
struct day_file *columns_day_entry(struct columns *columns, int32_t day)
{
	size_t low = 0, high = columns->days_n;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (columns->days[middle].day < day)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < columns->days_n && columns->days[low].day == day)
		return &columns->days[low];
	if (memory_grow(&columns->days, &columns->days_capacity, columns->days_n + 1, sizeof *columns->days) != 0)
		return NULL;
	memmove(&columns->days[low + 1], &columns->days[low], (columns->days_n - low) * sizeof *columns->days);
	columns->days_n++;
	columns->days[low] = (struct day_file){.day = day, .sealed = columns->seal};
	return &columns->days[low];
}

/* Open the file of @day in whichever form it has. */
static int day_find(struct columns *columns, struct day_file *day)
{
	day->sealed = true;
	int file = columns_day_open(columns, day, O_RDWR);
	if (file >= 0 || errno != ENOENT)
		return file;
	day->sealed = false;
	return columns_day_open(columns, day, O_RDWR);
}

void columns_day_damaged(struct columns *columns, int32_t day, uint64_t at, const char *what)
{
	char name[COLUMNS_NAME_BYTES], path[48];
	pthread_mutex_lock(&columns->lock);
	struct day_file *entry = columns_day_entry(columns, day);
	bool known = !entry || entry->damaged;
	if (entry) {
		columns_day_name(name, day, entry->sealed);
		columns->damaged_n += !entry->damaged;
		entry->damaged = true;
	}
	pthread_mutex_unlock(&columns->lock);
	if (known)
		return;
	snprintf(path, sizeof path, "columns/%s", name);
	damage_found(path, at * sizeof(struct column_row), DAMAGE_REBUILT, "Nothing to do.",
	             "The rows of this day are %s; they are made again from the log, and figures wait until then.", what);
}

int columns_restore(struct columns *columns, int32_t day, uint64_t rows)
{
	struct day_file found = {.day = day, .rows = rows};
	struct stat status;
	int file = day_find(columns, &found), error = 0;
	const char *what = file < 0 ? "missing" : rows == 0 ? "being made again" : NULL;
	off_t bytes = (off_t)(rows * sizeof(struct column_row));
	if (file >= 0) {
		error = fstat(file, &status) != 0 ? ERROR_IO : found.sealed && !columns->has_key ? ERROR_DENIED : 0;
		what = !error && !what && status.st_size < bytes ? "cut" : what;
		if (!error && !what && status.st_size > bytes && ftruncate(file, bytes) != 0)
			error = ERROR_IO;
		close(file);
	} else {
		found.sealed = columns->seal;
	}
	struct day_file *entry = error ? NULL : columns_day_entry(columns, day);
	if (!error && !entry)
		error = ERROR_MEMORY;
	if (!error)
		*entry = found;
	if (!error && what)
		columns_day_damaged(columns, day, 0, what);
	return error;
}

int columns_restored(struct columns *columns)
{
	int copy = dup(columns->folder);
	DIR *folder = copy < 0 ? NULL : fdopendir(copy);
	if (!folder) {
		if (copy >= 0)
			close(copy);
		return ERROR_IO;
	}
	rewinddir(folder);
	const char *item;
	int error;
	while (!(error = folder_next(folder, &item)) && item) {
		int64_t ms;
		struct text name = text_of(item);
		bool sealed = text_ends(name, text_of(suffixes[true])), known = false;
		if (text_ends(name, TEXT(COLUMNS_DRAFT))) {
			unlinkat(columns->folder, item, 0);
			continue;
		}
		if (!(sealed || text_ends(name, text_of(suffixes[false]))) || clock_parse(text_first(name, 10), &ms) != 0)
			continue;
		for (size_t i = 0; i < columns->days_n && !known; i++)
			known = columns->days[i].day == columns_day_of(ms) && columns->days[i].sealed == sealed;
		if (!known)
			unlinkat(columns->folder, item, 0);
	}
	closedir(folder);
	return error;
}

struct column_row columns_row_of(const struct event_header *header, int32_t value)
{
	uint32_t in_day = (uint32_t)(header->time_ms - (int64_t)columns_day_of(header->time_ms) * MS_A_DAY);
	return (struct column_row){.origin = header->origin_number, .time_and_channel = in_day | (uint32_t)header->channel << 27,
	                           .name = (uint16_t)header->name, .touchpoint = (uint16_t)header->touchpoint, .value = value};
}

int columns_add(struct columns *columns, uint64_t position, const struct event_header *header, int32_t value)
{
	struct gathered_row item = {position, columns_day_of(header->time_ms), columns_row_of(header, value)};
	pthread_mutex_lock(&columns->lock);
	int error = gathered_add(&columns->gathered, &item);
	pthread_mutex_unlock(&columns->lock);
	return error;
}

static int compare_days(const void *a, const void *b)
{
	const struct gathered_row *left = a, *right = b;
	return (left->day > right->day) - (left->day < right->day);
}

int columns_write_all(int file, const void *bytes, size_t n, off_t at)
{
	const char *p = bytes;
	while (n) {
		ssize_t written = pwrite(file, p, n, at);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return error_of_file(errno);
		p += written;
		at += written;
		n -= (size_t)written;
	}
	return 0;
}

struct row_file columns_form(const struct columns *columns, const struct day_file *day)
{
	return (struct row_file){day->sealed ? columns->key : NULL, day->day};
}

/* Append @n rows to the file of @day, behind their head, and sync it. *day: as it will be then. */
static int day_write(struct columns *columns, const struct gathered_row *items, size_t n, struct day_file *day)
{
	const size_t heads = RUN_HEAD_ROWS;
	struct column_row *rows = memory_alloc((n + heads) * sizeof *rows);
	if (!rows)
		return ERROR_MEMORY;
	for (size_t i = 0; i < n; i++)
		rows[heads + i] = items[i].row;
	const struct row_file form = columns_form(columns, day);
	row_run_make(&form, day->rows, rows, (uint32_t)n);
	int file = columns_day_open(columns, day, O_RDWR | O_CREAT);
	int error = file >= 0 ? 0 : error_of_file(errno);
	if (!error)
		error = columns_write_all(file, rows, (n + heads) * sizeof *rows, (off_t)(day->rows * sizeof *rows));
	if (!error && fdatasync(file) != 0)
		error = ERROR_IO;
	if (file >= 0)
		close(file);
	memory_free(rows);
	day->rows += n + heads;
	return error;
}

static struct gathered_view view_of(struct columns *columns)
{
	pthread_mutex_lock(&columns->lock);
	struct gathered_view view = gathered_view(&columns->gathered);
	pthread_mutex_unlock(&columns->lock);
	return view;
}

/* Copy what is due out of the gathered rows, ordered by day. Only the flushing thread lets rows leave, so none do now. */
static int due_copy(struct columns *columns, uint64_t until, struct gathered_row **out, size_t *n)
{
	struct gathered_view view = view_of(columns);
	struct gathered_row *items = memory_alloc(view.n * sizeof *items);
	const struct gathered_row *row;
	size_t count = 0;
	if (!items)
		return ERROR_MEMORY;
	while ((row = gathered_next(&view)))
		if (row->position <= until)
			items[count++] = *row;
	if (count)
		qsort(items, count, sizeof *items, compare_days);
	*out = items;
	*n = count;
	return 0;
}

/* Note how @day will be. */
static int flushed_note(struct columns *columns, const struct day_file *day)
{
	int error = memory_grow(&columns->flushed, &columns->flushed_capacity, columns->flushed_n + 1, sizeof *columns->flushed);
	if (!error)
		columns->flushed[columns->flushed_n++] = *day;
	return error;
}

int columns_flush(struct columns *columns, uint64_t until, int (*day_rows)(void *, int32_t, uint64_t), void *arg)
{
	struct gathered_row *items;
	size_t n;
	columns->flushed_n = 0;
	int error = due_copy(columns, until, &items, &n);
	if (error)
		return error;
	for (size_t i = 0, end; i < n && !error; i = end) {
		for (end = i; end < n && items[end].day == items[i].day;)
			end++;
		pthread_mutex_lock(&columns->lock);
		const struct day_file *entry = columns_day_entry(columns, items[i].day);
		struct day_file day = entry ? *entry : (struct day_file){0};
		pthread_mutex_unlock(&columns->lock);
		if (entry && day.damaged) { /* When it is made again from the log, these will be among its rows. */
			error = day_rows(arg, day.day, 0);
			continue;
		}
		error = entry ? day_write(columns, items + i, end - i, &day) : ERROR_MEMORY;
		if (!error)
			error = flushed_note(columns, &day);
		if (!error)
			error = day_rows(arg, day.day, day.rows);
	}
	if (!error && n && fsync(columns->folder) != 0)
		error = ERROR_IO;
	memory_free(items);
	return error;
}

void columns_flushed(struct columns *columns, uint64_t until)
{
	pthread_rwlock_wrlock(&columns->walked);
	pthread_mutex_lock(&columns->lock);
	struct gathered_chunk *dropped = gathered_drop(&columns->gathered, until);
	for (size_t i = 0; i < columns->flushed_n; i++)
		columns_day_entry(columns, columns->flushed[i].day)->rows = columns->flushed[i].rows;
	pthread_mutex_unlock(&columns->lock);
	pthread_rwlock_unlock(&columns->walked);
	gathered_chunks_free(dropped);
	columns->flushed_n = 0;
}

static bool take(struct column_event *out, int32_t day, struct column_row row, int64_t from_ms, int64_t to_ms)
{
	int64_t time = (int64_t)day * MS_A_DAY + COLUMN_TIME(row);
	if (time < from_ms || time >= to_ms || row.origin == 0)
		return false;
	*out = (struct column_event){time, row.origin, row.name, row.touchpoint, row.value, (uint8_t)COLUMN_CHANNEL(row)};
	return true;
}

int columns_day_select(struct columns *columns, struct day_file day, int64_t from_ms, int64_t to_ms, struct column_event *events,
                      size_t *n)
{
	struct column_row rows[ROW_WALK_MAX];
	struct row_walk walk;
	if (day.damaged)
		return ERROR_REBUILDING;
	if (day.rows == 0)
		return 0; /* Its file may not be there yet. */
	row_walk_start(&walk, columns_form(columns, &day));
	int file = columns_day_open(columns, &day, O_RDONLY);
	const char *what = file < 0 ? "missing" : NULL;
	for (uint64_t at = 0; at < day.rows && !what;) {
		size_t wanted = day.rows - at < ROW_WALK_MAX ? (size_t)(day.rows - at) : ROW_WALK_MAX;
		ssize_t got = pread(file, rows, wanted * sizeof *rows, (off_t)(at * sizeof *rows));
		size_t count = got > 0 ? (size_t)got / sizeof *rows : 0;
		what = got < 0 ? "not readable" : count < wanted ? "cut" : row_walk_open(&walk, rows, count) ? NULL : "damaged";
		for (size_t i = 0; i < count && !what; i++)
			*n += take(&events[*n], day.day, rows[i], from_ms, to_ms);
		at += count;
	}
	if (!what && !row_walk_end(&walk))
		what = "cut";
	if (file >= 0)
		close(file);
	if (what)
		columns_day_damaged(columns, day.day, walk.run_place, what);
	return what ? ERROR_REBUILDING : 0;
}

/* The gathered rows of the time, behind what is in files. Held for reading: walked. */
static void gathered_select(struct gathered_view view, int64_t from_ms, int64_t to_ms, struct column_event *events, size_t *n)
{
	const struct gathered_row *row;
	while ((row = gathered_next(&view)))
		*n += take(&events[*n], row->day, row->row, from_ms, to_ms);
}

static int select_all(struct columns *columns, int64_t from_ms, int64_t to_ms, size_t n_max, struct column_event **events, size_t *n)
{
	int32_t first = columns_day_of(from_ms), last = columns_day_of(to_ms > INT64_MIN ? to_ms - 1 : to_ms);
	pthread_mutex_lock(&columns->lock);
	struct gathered_view view = gathered_view(&columns->gathered);
	size_t days_n = columns->days_n, room = view.n;
	struct day_file *days = memory_alloc(days_n * sizeof *days);
	if (days && days_n)
		memcpy(days, columns->days, days_n * sizeof *days);
	pthread_mutex_unlock(&columns->lock);
	bool damaged = false;
	for (size_t i = 0; days && i < days_n; i++)
		damaged |= days[i].damaged && days[i].day >= first && days[i].day <= last;
	for (size_t i = 0; days && i < days_n; i++)
		room += days[i].day >= first && days[i].day <= last ? days[i].rows : 0;
	struct column_event *found = days && !damaged && room <= n_max ? memory_alloc(room * sizeof *found) : NULL;
	int error = !days ? ERROR_MEMORY : damaged ? ERROR_REBUILDING : room > n_max ? ERROR_LIMIT : found ? 0 : ERROR_MEMORY;
	size_t count = 0;
	if (!error)
		gathered_select(view, from_ms, to_ms, found, &count);
	for (size_t i = 0; !error && i < days_n; i++)
		if (days[i].day >= first && days[i].day <= last)
			error = columns_day_select(columns, days[i], from_ms, to_ms, found, &count);
	memory_free(days);
	if (error) {
		memory_free(found);
		return error;
	}
	*events = found;
	*n = count;
	return 0;
}

int columns_select(struct columns *columns, int64_t from_ms, int64_t to_ms, size_t n_max, struct column_event **events, size_t *n)
{
	pthread_rwlock_rdlock(&columns->walked);
	int error = select_all(columns, from_ms, to_ms, n_max, events, n);
	pthread_rwlock_unlock(&columns->walked);
	return error;
}

uint64_t columns_rows(struct columns *columns)
{
	pthread_mutex_lock(&columns->lock);
	uint64_t rows = gathered_view(&columns->gathered).n;
	for (size_t i = 0; i < columns->days_n; i++)
		rows += columns->days[i].rows;
	pthread_mutex_unlock(&columns->lock);
	return rows;
}
