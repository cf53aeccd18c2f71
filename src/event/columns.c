/* columns.c: rows by day. */
#include "event/gathered.h"
#include "event/row_seal.h"

#include "base/clock.h"
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

struct day_file {
	int32_t day;
	bool sealed;
	uint64_t rows;           /* Heads of runs among them. */
};

struct columns {
	int folder;
	bool seal, has_key;
	uint8_t key[COLUMNS_KEY_BYTES];
	pthread_rwlock_t walked; /* Held for reading while gathered rows are walked, for writing when some leave. Before lock. */
	pthread_mutex_t lock;    /* Protects all below, but not the rows of a view. */
	struct gathered gathered;
	struct day_file *days;   /* Ascending. */
	size_t days_n, days_capacity;

	struct day_file *flushed; /* The flushing thread's: lengths that count once their record is durable. */
	size_t flushed_n, flushed_capacity;
};

static int32_t day_of(int64_t ms)
{
	int64_t day = ms / MS_A_DAY - (ms % MS_A_DAY < 0);
	return day < INT32_MIN ? INT32_MIN : day > INT32_MAX ? INT32_MAX : (int32_t)day;
}

static const char *const suffixes[] = {".rows", ".sealed"};

static void name_of(char out[24], int32_t day, bool sealed)
{
	char text[CLOCK_TEXT_BYTES];
	clock_format(text, (int64_t)day * MS_A_DAY);
	snprintf(out, 24, "%.10s%s", text, suffixes[sealed]);
}

/* The file of @day; -1: there is none. */
static int day_open(struct columns *columns, const struct day_file *day, int flags)
{
	char name[24];
	name_of(name, day->day, day->sealed);
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
	memory_free(columns->flushed);
	memory_free(columns->days);
	memory_free(columns);
}

/* The entry of @day, made when it is not there; NULL without memory. */
static struct day_file *day_entry(struct columns *columns, int32_t day)
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
	int file = day_open(columns, day, O_RDWR);
	if (file >= 0 || errno != ENOENT)
		return file;
	day->sealed = false;
	return day_open(columns, day, O_RDWR);
}

int columns_restore(struct columns *columns, int32_t day, uint64_t rows)
{
	struct day_file found = {.day = day, .rows = rows};
	struct stat status;
	int file = day_find(columns, &found);
	if (file < 0)
		return ERROR_CORRUPT;
	off_t bytes = (off_t)(rows * sizeof(struct column_row));
	int error = fstat(file, &status) != 0 ? ERROR_IO : status.st_size < bytes ? ERROR_CORRUPT : found.sealed && !columns->has_key ? ERROR_DENIED : 0;
	if (!error && status.st_size > bytes && ftruncate(file, bytes) != 0)
		error = ERROR_IO;
	close(file);
	struct day_file *entry = error ? NULL : day_entry(columns, day);
	if (!error && !entry)
		error = ERROR_MEMORY;
	if (!error)
		*entry = found;
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
	for (struct dirent *item; (item = readdir(folder));) {
		int64_t ms;
		struct text name = text_of(item->d_name);
		bool sealed = text_ends(name, text_of(suffixes[true])), known = false;
		if (!(sealed || text_ends(name, text_of(suffixes[false]))) || clock_parse(text_first(name, 10), &ms) != 0)
			continue;
		for (size_t i = 0; i < columns->days_n && !known; i++)
			known = columns->days[i].day == day_of(ms) && columns->days[i].sealed == sealed;
		if (!known)
			unlinkat(columns->folder, item->d_name, 0);
	}
	closedir(folder);
	return 0;
}

int columns_add(struct columns *columns, uint64_t position, const struct event_header *header, int32_t value)
{
	int32_t day = day_of(header->time_ms);
	uint32_t in_day = (uint32_t)(header->time_ms - (int64_t)day * MS_A_DAY);
	struct gathered_row item = {position, day, {.origin = header->origin_number, .time_and_channel = in_day | (uint32_t)header->channel << 27,
	                                            .name = (uint16_t)header->name, .touchpoint = (uint16_t)header->touchpoint, .value = value}};
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

static int write_all(int file, const void *bytes, size_t n, off_t at)
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

/* Append @n rows to the file of @day, behind a head where it is sealed, and sync it. *day: as it will be then. */
static int day_write(struct columns *columns, const struct gathered_row *items, size_t n, struct day_file *day)
{
	size_t heads = day->sealed;
	struct column_row *rows = memory_alloc((n + heads) * sizeof *rows);
	if (!rows)
		return ERROR_MEMORY;
	for (size_t i = 0; i < n; i++)
		rows[heads + i] = items[i].row;
	if (day->sealed)
		row_run_seal(rows, (uint32_t)n, columns->key, day->day);
	int file = day_open(columns, day, O_RDWR | O_CREAT);
	int error = file >= 0 ? 0 : error_of_file(errno);
	if (!error)
		error = write_all(file, rows, (n + heads) * sizeof *rows, (off_t)(day->rows * sizeof *rows));
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
		const struct day_file *entry = day_entry(columns, items[i].day);
		struct day_file day = entry ? *entry : (struct day_file){0};
		pthread_mutex_unlock(&columns->lock);
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
		day_entry(columns, columns->flushed[i].day)->rows = columns->flushed[i].rows;
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

static int day_select(struct columns *columns, struct day_file day, int64_t from_ms, int64_t to_ms, struct column_event *events,
                      size_t *n)
{
	struct column_row rows[ROW_WALK_MAX];
	struct row_walk walk = {.key = columns->key, .day = day.day};
	if (day.rows == 0)
		return 0; /* Its file may not be there yet. */
	int file = day_open(columns, &day, O_RDONLY), error = 0;
	if (file < 0)
		return ERROR_IO;
	for (uint64_t at = 0; at < day.rows && !error;) {
		size_t wanted = day.rows - at < ROW_WALK_MAX ? (size_t)(day.rows - at) : ROW_WALK_MAX;
		ssize_t got = pread(file, rows, wanted * sizeof *rows, (off_t)(at * sizeof *rows));
		if (got <= 0)
			error = ERROR_IO;
		size_t count = error ? 0 : (size_t)got / sizeof *rows;
		if (day.sealed && !error && !row_walk_open(&walk, rows, count))
			error = ERROR_CORRUPT;
		for (size_t i = 0; i < count && !error; i++)
			*n += take(&events[*n], day.day, rows[i], from_ms, to_ms);
		at += count;
	}
	close(file);
	return error;
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
	int32_t first = day_of(from_ms), last = day_of(to_ms);
	pthread_mutex_lock(&columns->lock);
	struct gathered_view view = gathered_view(&columns->gathered);
	size_t days_n = columns->days_n, room = view.n;
	struct day_file *days = memory_alloc(days_n * sizeof *days);
	if (days && days_n)
		memcpy(days, columns->days, days_n * sizeof *days);
	pthread_mutex_unlock(&columns->lock);
	for (size_t i = 0; days && i < days_n; i++)
		room += days[i].day >= first && days[i].day <= last ? days[i].rows : 0;
	struct column_event *found = days && room <= n_max ? memory_alloc(room * sizeof *found) : NULL;
	int error = !days ? ERROR_MEMORY : room > n_max ? ERROR_LIMIT : found ? 0 : ERROR_MEMORY;
	size_t count = 0;
	if (!error)
		gathered_select(view, from_ms, to_ms, found, &count);
	for (size_t i = 0; !error && i < days_n; i++)
		if (days[i].day >= first && days[i].day <= last)
			error = day_select(columns, days[i], from_ms, to_ms, found, &count);
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

static int compare_numbers(const void *a, const void *b)
{
	const uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
	return (left > right) - (left < right);
}

/* Blank in one file the rows that are @gone. */
static int day_blank(struct columns *columns, struct day_file day, bool (*gone)(const void *arg, const struct column_row *row), const void *arg)
{
	struct column_row kept[ROW_WALK_MAX], rows[ROW_WALK_MAX]; /* As they lie in the file, and opened. */
	struct row_walk walk = {.key = columns->key, .day = day.day};
	bool changed = false;
	int file = day_open(columns, &day, O_RDWR), error = 0;
	if (file < 0)
		return ERROR_IO;
	for (uint64_t at = 0; at < day.rows && !error;) {
		size_t wanted = day.rows - at < ROW_WALK_MAX ? (size_t)(day.rows - at) : ROW_WALK_MAX, found = 0;
		if (pread(file, kept, wanted * sizeof *kept, (off_t)(at * sizeof *kept)) != (ssize_t)(wanted * sizeof *kept))
			error = ERROR_IO;
		memcpy(rows, kept, wanted * sizeof *rows);
		if (day.sealed && !error && !row_walk_open(&walk, rows, wanted))
			error = ERROR_CORRUPT;
		for (size_t i = 0; i < wanted && !error; i++)
			if (rows[i].origin && gone(arg, &rows[i])) {
				kept[i] = (struct column_row){0};
				found++;
			}
		if (found && !error)
			error = write_all(file, kept, wanted * sizeof *kept, (off_t)(at * sizeof *kept));
		changed |= found > 0;
		at += wanted;
	}
	if (changed && !error && fdatasync(file) != 0)
		error = ERROR_IO;
	close(file);
	return error;
}

/* The @i-th file, as it is now. False: there is none. */
static bool day_at(struct columns *columns, size_t i, struct day_file *day)
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
	for (size_t i = 0; !error && day_at(columns, i, &day); i++)
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
	for (size_t i = 0, at = 0; !error && at < n && day_at(columns, i, &day); i++) {
		while (at < n && day_of(sorted[at].time_ms) < day.day)
			at++;
		size_t end = at;
		while (end < n && day_of(sorted[end].time_ms) == day.day)
			end++;
		struct places_of_day of_day = {sorted + at, end - at, (int64_t)day.day * MS_A_DAY};
		if (of_day.n && day.rows)
			error = day_blank(columns, day, is_among_places, &of_day);
		at = end;
	}
	memory_free(sorted);
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
