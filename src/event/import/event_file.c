/* event_file.c: opens a log, tells its format, and makes rows of attributes. */
#include "event/import/event_reader.h"

#include "base/clock.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { SEEN_BYTES_MAX = 700, NOTED_REJECTS = 100, SHOWN_MAX = 40 };

static const int64_t seconds_below = 100000000000;
static const int64_t time_ms_min = -62135596800000, time_ms_max = 253402300799999; /* Years 1 to 9999. */

static const char *const guesses[EVENT_ROLES][EVENT_GUESSES_MAX] = {
	{"case:concept:name", "case_id", "caseid", "case", "customer", "customer_id", "userId", "user_id", "anonymousId",
	 "session_id", "sessionid"},
	{"concept:name", "activity", "event", "event_name", "action", "name", "type"},
	{"time:timestamp", "timestamp", "time", "originalTimestamp", "datetime", "date"},
	{"lifecycle:transition", "lifecycle"},
};

/* What came from the file shall not steer a terminal, and a cut name shall not break UTF-8. */
static void make_printable(char *sentence)
{
	bool keep_high = text_is_utf8(text_of(sentence));
	for (; *sentence; sentence++) {
		unsigned char c = (unsigned char)*sentence;
		if (c < 0x20 || c == 0x7f || (c >= 0x80 && !keep_high))
			*sentence = '?';
	}
}

int event_fail(struct event_file *file, int error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(file->problem, sizeof file->problem, format, args);
	va_end(args);
	make_printable(file->problem);
	return error;
}

void event_reject(struct event_file *file, const char *format, ...)
{
	char reason[256];
	va_list args;
	file->rejected++;
	if (!file->sink->reject)
		return;
	va_start(args, format);
	vsnprintf(reason, sizeof reason, format, args);
	va_end(args);
	make_printable(reason);
	file->sink->reject(file->sink->context, event_file_line(file), reason);
}

struct text event_column_name(struct text column, bool *of_case)
{
	*of_case = text_starts(column, TEXT("case:")) && column.n > 5;
	return *of_case ? text_from(column, 5) : column;
}

/* A column written without "case:" also finds the attribute of the case. */
static bool column_is(struct text column, struct text name, bool of_case)
{
	bool wants_case;
	struct text wanted = event_column_name(column, &wants_case);
	return (of_case || !wants_case) && text_equal(wanted, name);
}

/* A column of the map is the only guess; in XES, whose names are fixed, there is one as well. */
static void set_guesses(struct event_file *file)
{
	for (int role = 0; role < EVENT_ROLES; role++) {
		struct text column = file->map.columns[role];
		size_t n = 0;
		if (column.n) {
			struct event_column *guess = &file->guesses[role][n++];
			guess->name = event_column_name(column, &guess->of_case);
			guess->exact = true;
		}
		for (size_t i = 0; !column.n && i < EVENT_GUESSES_MAX && guesses[role][i]; i++) {
			struct event_column *guess = &file->guesses[role][n++];
			guess->name = event_column_name(text_of(guesses[role][i]), &guess->of_case);
			guess->exact = file->format == EVENT_FORMAT_XES;
			if (guess->exact)
				break;
		}
		file->guesses_n[role] = n;
	}
}

static inline bool guess_is(const struct event_column *guess, struct text name)
{
	if (guess->name.n != name.n)
		return false;
	return guess->exact ? memcmp(guess->name.p, name.p, name.n) == 0 : text_equal_fold(guess->name, name);
}

bool event_wants(struct event_file *file, struct text name, bool of_case)
{
	if (file->rows == 0 && file->rejected < NOTED_REJECTS)
		event_note_column(file, name, of_case);
	if (!file->map.keep_listed)
		return true;
	for (int role = 0; role < EVENT_ROLES; role++) {
		bool named = file->map.columns[role].n > 0;
		for (size_t i = 0; i < file->guesses_n[role]; i++) {
			const struct event_column *guess = &file->guesses[role][i];
			if ((guess->of_case == of_case || (named && of_case)) && guess_is(guess, name))
				return true;
		}
	}
	for (size_t i = 0; i < file->map.keep_n; i++)
		if (column_is(file->map.keep[i], name, of_case))
			return true;
	return false;
}

static size_t find(const struct event_column *column, const struct event_attribute *attributes, size_t n)
{
	size_t at = 0;
	while (at < n && (attributes[at].of_case != column->of_case || !guess_is(column, attributes[at].name)))
		at++;
	return at;
}

static size_t find_column(struct text column, const struct event_attribute *attributes, size_t n)
{
	struct event_column exact = {.exact = true};
	exact.name = event_column_name(column, &exact.of_case);
	size_t at = find(&exact, attributes, n);
	for (size_t i = 0; at == n && i < n; i++)
		if (column_is(column, attributes[i].name, attributes[i].of_case))
			at = i;
	return at;
}

const struct event_attribute *event_row_find(const struct event_row *row, struct text column)
{
	size_t at = find_column(column, row->attributes, row->attributes_n);
	return at < row->attributes_n ? &row->attributes[at] : NULL;
}

size_t event_find_role(const struct event_file *file, enum event_role role, const struct event_attribute *attributes,
                       size_t n)
{
	struct text column = file->map.columns[role];
	size_t at = n;
	if (column.n)
		return find_column(column, attributes, n);
	for (size_t i = 0; at == n && i < file->guesses_n[role]; i++) {
		at = find(&file->guesses[role][i], attributes, n);
		if (at < n && role == EVENT_CASE && attributes[at].value.p && attributes[at].value.n == 0)
			at = n; /* An empty userId leaves the anonymousId to try; the columns of a header have no values yet. */
	}
	return at;
}

void event_note_column(struct event_file *file, struct text name, bool of_case)
{
	char entry[SHOWN_MAX + 16];
	if (file->seen_n >= EVENT_SEEN_MAX || file->seen.failed)
		return;
	int n = snprintf(entry, sizeof entry, "\"%s%.*s\"", of_case ? "case:" : "", TEXT_ARGS(text_first(name, SHOWN_MAX)));
	if (file->seen_n && text_find(buffer_view(&file->seen), (struct text){entry, (size_t)n}, NULL))
		return;
	if (file->seen.n + (size_t)n + 2 > file->seen.bytes_max)
		return;
	if (file->seen_n++)
		buffer_string(&file->seen, ", ");
	buffer_append(&file->seen, entry, (size_t)n);
}

int event_fail_no_column(struct event_file *file, enum event_role role)
{
	struct text column = file->map.columns[role], seen = buffer_view(&file->seen);
	if (column.n)
		return event_fail(file, ERROR_NOT_FOUND, "there is no column \"%.*s\" for the %s; there are: %.*s",
		                  TEXT_ARGS(text_first(column, SHOWN_MAX)), event_role_name(role), TEXT_ARGS(seen));
	return event_fail(file, ERROR_NOT_FOUND, "no column looks like the %s; name it with --%s or in a map; there are: %.*s",
	                  event_role_name(role), event_role_name(role), TEXT_ARGS(seen));
}

static int parse_time(struct text text, int64_t *ms)
{
	int64_t number;
	if (text_to_int64(text_trim(text), &number) != 0)
		return clock_parse(text, ms);
	if (number < seconds_below && number > -seconds_below)
		number *= MS_A_SECOND;
	if (number < time_ms_min || number > time_ms_max)
		return ERROR_INVALID;
	*ms = number;
	return 0;
}

static void reject_missing(struct event_file *file, enum event_role role)
{
	struct text column = file->map.columns[role];
	file->role_missing[role] = true;
	if (column.n)
		event_reject(file, "the %s is missing: there is no \"%.*s\"", event_role_name(role),
		             TEXT_ARGS(text_first(column, SHOWN_MAX)));
	else
		event_reject(file, "the %s is missing", event_role_name(role));
}

int event_offer(struct event_file *file, struct event_attribute *attributes, size_t n, const size_t *roles)
{
	struct text values[EVENT_ROLES] = {{0}};
	struct event_row row = {.attributes = attributes, .attributes_n = n};
	for (int role = 0; role < EVENT_ROLES; role++) {
		size_t at = roles ? roles[role] : event_find_role(file, (enum event_role)role, attributes, n);
		if (at < n) {
			values[role] = attributes[at].value;
			attributes[at].role = (enum event_role)role;
		} else if (role != EVENT_LIFECYCLE) {
			reject_missing(file, (enum event_role)role);
			return 0;
		}
		if (role != EVENT_LIFECYCLE && values[role].n == 0) {
			event_reject(file, "the %s is empty", event_role_name((enum event_role)role));
			return 0;
		}
	}
	if (parse_time(values[EVENT_TIME], &row.time_ms) != 0) {
		event_reject(file, "the time \"%.*s\" is no date and time", TEXT_ARGS(text_first(values[EVENT_TIME], SHOWN_MAX)));
		return 0;
	}
	row.case_id = values[EVENT_CASE];
	row.activity = values[EVENT_ACTIVITY];
	row.lifecycle = values[EVENT_LIFECYCLE];
	file->rows++;
	file->stop = file->sink->row(file->sink->context, &row);
	return file->stop ? EVENT_READ_STOPPED : 0;
}

static enum event_format format_of_name(struct text name)
{
	static const struct {
		const char *ending;
		enum event_format format;
	} endings[] = {
		{".csv", EVENT_FORMAT_CSV},       {".tsv", EVENT_FORMAT_CSV},     {".ndjson", EVENT_FORMAT_NDJSON},
		{".jsonl", EVENT_FORMAT_NDJSON},  {".json", EVENT_FORMAT_NDJSON}, {".xes", EVENT_FORMAT_XES},
		{".xml", EVENT_FORMAT_XES},
	};
	if (name.n > 3 && text_equal_fold(text_from(name, name.n - 3), TEXT(".gz")))
		name.n -= 3;
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		struct text ending = text_of(endings[i].ending);
		if (name.n > ending.n && text_equal_fold(text_from(name, name.n - ending.n), ending))
			return endings[i].format;
	}
	return EVENT_FORMAT_UNKNOWN;
}

static int file_new(struct event_file **out, enum event_format format, const struct event_map *map)
{
	struct event_file *file = memory_zero_alloc(1, sizeof *file);
	if (!file)
		return ERROR_MEMORY;
	file->format = format;
	if (map)
		file->map = *map;
	arena_init(&file->arena, 2 * EVENT_RECORD_BYTES_MAX);
	file->seen = BUFFER_INIT(SEEN_BYTES_MAX);
	*out = file;
	return 0;
}

int event_file_open(struct event_file **out, const char *path, const struct event_map *map)
{
	struct event_file *file;
	int error = file_new(&file, format_of_name(text_of(path)), map);
	if (error)
		return error;
	error = event_bytes_open(&file->bytes, path);
	if (error)
		memory_free(file);
	else
		*out = file;
	return error;
}

int event_file_open_memory(struct event_file **out, struct text bytes, enum event_format format,
                           const struct event_map *map)
{
	struct event_file *file;
	int error = file_new(&file, format, map);
	if (error)
		return error;
	error = event_bytes_open_memory(&file->bytes, bytes);
	if (error)
		memory_free(file);
	else
		*out = file;
	return error;
}

void event_file_close(struct event_file *file)
{
	if (!file)
		return;
	event_bytes_close(&file->bytes);
	arena_free(&file->arena);
	buffer_free(&file->seen);
	memory_free(file);
}

/* The first byte that counts: XML opens with "<", a line of JSON with "{"; the rest is CSV. */
static int guess_format(struct event_file *file)
{
	struct text first;
	int error = event_bytes_peek(&file->bytes, &first);
	if (error)
		return error;
	if (text_starts(first, TEXT("\xef\xbb\xbf")))
		first = text_from(first, 3);
	first = text_trim(first);
	file->format = !first.n              ? EVENT_FORMAT_CSV
	               : first.p[0] == '<'   ? EVENT_FORMAT_XES
	               : first.p[0] == '{'   ? EVENT_FORMAT_NDJSON
	                                     : EVENT_FORMAT_CSV;
	return 0;
}

static int read_format(struct event_file *file)
{
	set_guesses(file);
	if (file->format == EVENT_FORMAT_XES)
		return event_xes_read(file);
	if (file->format == EVENT_FORMAT_NDJSON)
		return event_ndjson_read(file);
	return event_csv_read(file);
}

int event_file_read(struct event_file *file, const struct event_sink *sink)
{
	int error = 0;
	assert(sink && sink->row && !file->sink);
	file->sink = sink;
	if (file->format == EVENT_FORMAT_UNKNOWN)
		error = guess_format(file);
	if (!error)
		error = read_format(file);
	file->line_now = NULL;
	if (error == EVENT_READ_STOPPED)
		return file->stop;
	for (int role = 0; !error && file->rows == 0 && role < EVENT_ROLES; role++)
		if (file->role_missing[role])
			error = event_fail_no_column(file, (enum event_role)role);
	if (error && !file->problem[0])
		event_fail(file, error, "%s", file->bytes.problem ? file->bytes.problem : error_sentence(error));
	return error;
}

const char *event_file_problem(const struct event_file *file)
{
	return file->problem;
}

uint64_t event_file_rows(const struct event_file *file)
{
	return file->rows;
}

uint64_t event_file_rejected(const struct event_file *file)
{
	return file->rejected;
}

uint64_t event_file_line(const struct event_file *file)
{
	return file->line_now ? file->line_now(file) : file->line;
}

void event_file_position(const struct event_file *file, uint64_t *done, uint64_t *total)
{
	*done = file->bytes.done;
	*total = file->bytes.total;
}
