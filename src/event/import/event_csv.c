/*
 * event_csv.c: comma-separated values (RFC 4180): quotes, line breaks inside them, and , ; tab or | between fields.
 *
 * A quote that is never closed, or is followed by something else than a delimiter, spoils only the line it begins on:
 * reading goes on with the next line, so that one stray quote cannot swallow the rest of the file.
 */
#include "event/import/event_reader.h"

#include <string.h>

struct csv_field {
	size_t at, n;    /* In the window, without the quotes around. */
	bool quoted, doubled; /* doubled: quotes inside stand twice. */
};

struct csv {
	struct event_file *file;
	struct line_window window;
	char delimiter;
	struct csv_field fields[EVENT_ATTRIBUTES_MAX];
	size_t fields_n, record_n;    /* record_n: bytes with the end of line. */
	uint64_t line_next, lines;    /* lines: of the current record. */
	struct buffer names;          /* The header, kept. */
	struct event_attribute columns[EVENT_ATTRIBUTES_MAX];
	bool wanted[EVENT_ATTRIBUTES_MAX];
	size_t columns_n, wanted_n;
	size_t roles[EVENT_ROLES];
	const char *broken;
};

enum scan { SCAN_RECORD, SCAN_MORE, SCAN_BROKEN };

/* Over a quoted field that begins at *@at; leaves *@at behind the closing quote. */
static enum scan scan_quoted(struct csv *csv, size_t *at, struct csv_field *field)
{
	const char *p = csv->window.p + csv->window.at;
	size_t n = csv->window.n - csv->window.at, i = *at + 1;
	*field = (struct csv_field){.at = i, .quoted = true};
	for (;; i++) {
		if (i >= n)
			return SCAN_MORE;
		if (p[i] == '\n')
			csv->lines++;
		if (p[i] != '"')
			continue;
		if (i + 1 >= n && !csv->window.at_end)
			return SCAN_MORE;
		if (i + 1 >= n || p[i + 1] != '"')
			break;
		field->doubled = true;
		i++;
	}
	field->n = i - field->at;
	*at = i + 1;
	if (*at + 1 >= n && !csv->window.at_end)
		return SCAN_MORE;
	if (*at < n && p[*at] == '\r' && *at + 1 < n && p[*at + 1] == '\n')
		++*at;
	if (*at >= n || p[*at] == csv->delimiter || p[*at] == '\n')
		return SCAN_RECORD;
	csv->broken = "something stands behind a closing quote";
	return SCAN_BROKEN;
}

static enum scan scan_plain(struct csv *csv, size_t *at, struct csv_field *field)
{
	const char *p = csv->window.p + csv->window.at;
	size_t n = csv->window.n - csv->window.at, i = *at;
	while (i < n && p[i] != csv->delimiter && p[i] != '\n')
		i++;
	if (i == n && !csv->window.at_end)
		return SCAN_MORE;
	*field = (struct csv_field){.at = *at, .n = i - *at};
	if ((i == n || p[i] == '\n') && field->n && p[i - 1] == '\r')
		field->n--;
	*at = i;
	return SCAN_RECORD;
}

/* One record at the start of the window, as far as the window reaches. */
static enum scan scan(struct csv *csv)
{
	const char *p = csv->window.p + csv->window.at;
	size_t n = csv->window.n - csv->window.at, at = 0;
	csv->fields_n = 0;
	csv->lines = 1;
	for (;;) {
		struct csv_field field;
		enum scan result = at < n && p[at] == '"' ? scan_quoted(csv, &at, &field) : scan_plain(csv, &at, &field);
		if (result != SCAN_RECORD)
			return result;
		if (csv->fields_n < EVENT_ATTRIBUTES_MAX)
			csv->fields[csv->fields_n] = field;
		csv->fields_n++;
		if (at >= n || p[at] == '\n')
			break;
		at++;
	}
	csv->record_n = at < n ? at + 1 : at;
	return SCAN_RECORD;
}

/* Pass over the rest of the first line at the window. */
static int skip_line(struct csv *csv)
{
	struct text line;
	uint64_t number = csv->file->line;
	int error = line_window_line(&csv->window, &line);
	csv->file->line = number;
	csv->line_next = number + 1;
	return error == ERROR_LIMIT || error == ERROR_NOT_FOUND ? 0 : error;
}

/* The next whole record; ERROR_NOT_FOUND at the end, ERROR_INVALID for one that was refused. */
static int next_record(struct csv *csv)
{
	csv->file->line = csv->line_next;
	for (;;) {
		if (csv->window.at == csv->window.n && csv->window.at_end)
			return ERROR_NOT_FOUND;
		enum scan result = scan(csv);
		size_t seen = result == SCAN_RECORD ? csv->record_n : csv->window.n - csv->window.at;
		if (result == SCAN_MORE && csv->window.at_end) {
			csv->broken = "a quote is opened and never closed";
			result = SCAN_BROKEN;
		} else if (result != SCAN_BROKEN && seen > EVENT_RECORD_BYTES_MAX) {
			csv->broken = "it is longer than a line may be, or a quote is never closed";
			result = SCAN_BROKEN;
		}
		if (result == SCAN_RECORD) {
			csv->line_next = csv->file->line + csv->lines;
			return 0;
		}
		if (result == SCAN_BROKEN) {
			event_reject(csv->file, "the line is broken: %s", csv->broken);
			int error = skip_line(csv);
			return error ? error : ERROR_INVALID;
		}
		int error = line_window_fill(&csv->window);
		if (error)
			return error;
	}
}

/* The text of a field; doubled quotes become single ones in place. */
static struct text field_text(struct csv *csv, const struct csv_field *field)
{
	char *p = csv->window.p + csv->window.at + field->at;
	if (!field->doubled)
		return (struct text){p, field->n};
	size_t n = 0;
	for (size_t i = 0; i < field->n; i++) {
		p[n++] = p[i];
		if (p[i] == '"')
			i++;
	}
	return (struct text){p, n};
}

/* The delimiter is the candidate that occurs most often in the first line, outside quotes. */
static char find_delimiter(const struct line_window *window)
{
	static const char candidates[] = {',', ';', '\t', '|'};
	size_t counts[sizeof candidates] = {0}, best = 0;
	bool quoted = false;
	for (size_t i = window->at; i < window->n && (quoted || window->p[i] != '\n'); i++) {
		if (window->p[i] == '"')
			quoted = !quoted;
		for (size_t c = 0; c < sizeof candidates && !quoted; c++)
			counts[c] += window->p[i] == candidates[c];
	}
	for (size_t c = 1; c < sizeof candidates; c++)
		if (counts[c] > counts[best])
			best = c;
	return candidates[best];
}

static int header_names(struct csv *csv)
{
	struct text parts[EVENT_ATTRIBUTES_MAX];
	if (csv->fields_n > EVENT_ATTRIBUTES_MAX)
		return event_fail(csv->file, ERROR_LIMIT, "line %llu: more than %d columns", (unsigned long long)csv->file->line,
		                  EVENT_ATTRIBUTES_MAX);
	csv->names = BUFFER_INIT(EVENT_RECORD_BYTES_MAX);
	csv->columns_n = csv->fields_n;
	for (size_t i = 0; i < csv->columns_n; i++) {
		parts[i] = text_trim(field_text(csv, &csv->fields[i]));
		buffer_text(&csv->names, parts[i]);
	}
	if (csv->names.failed)
		return ERROR_MEMORY;
	if (!text_is_utf8(buffer_view(&csv->names)))
		return event_fail(csv->file, ERROR_CORRUPT, "line %llu: the names of the columns are not UTF-8",
		                  (unsigned long long)csv->file->line);
	for (size_t i = 0, at = 0; i < csv->columns_n; at += parts[i].n, i++) {
		struct event_attribute *column = &csv->columns[i];
		column->name = event_column_name((struct text){csv->names.p ? csv->names.p + at : "", parts[i].n}, &column->of_case);
		csv->wanted[i] = event_wants(csv->file, column->name, column->of_case);
	}
	return 0;
}

static int take_header(struct csv *csv)
{
	struct event_file *file = csv->file;
	csv->delimiter = find_delimiter(&csv->window);
	int error = next_record(csv);
	if (error == ERROR_INVALID)
		return event_fail(file, ERROR_CORRUPT, "line 1: the names of the columns cannot be read: %s", csv->broken);
	if (!error)
		error = header_names(csv);
	if (error)
		return error;
	csv->window.at += csv->record_n;
	for (int role = 0; role < EVENT_ROLES; role++) {
		size_t column = event_find_role(file, (enum event_role)role, csv->columns, csv->columns_n);
		if (column == csv->columns_n && (role != EVENT_LIFECYCLE || file->map.columns[role].n))
			return event_fail_no_column(file, (enum event_role)role);
		csv->roles[role] = SIZE_MAX;
		for (size_t i = 0, kept = 0; i < csv->columns_n; kept += csv->wanted[i], i++)
			if (i == column && csv->wanted[i])
				csv->roles[role] = kept;
	}
	return 0;
}

static int take_record(struct csv *csv)
{
	struct event_file *file = csv->file;
	struct text record = {csv->window.p + csv->window.at, csv->record_n};
	if (csv->fields_n == 1 && csv->fields[0].n == 0 && !csv->fields[0].quoted)
		return 0;
	if (csv->fields_n != csv->columns_n) {
		event_reject(file, "it has %zu fields where the header has %zu", csv->fields_n, csv->columns_n);
		return 0;
	}
	if (!text_is_utf8(record)) {
		event_reject(file, "it is not UTF-8");
		return 0;
	}
	size_t n = 0;
	for (size_t i = 0; i < csv->columns_n; i++) {
		if (!csv->wanted[i])
			continue;
		file->attributes[n] = csv->columns[i];
		file->attributes[n].role = EVENT_OTHER;
		file->attributes[n++].value = field_text(csv, &csv->fields[i]);
	}
	return event_offer(file, file->attributes, n, csv->roles);
}

int event_csv_read(struct event_file *file)
{
	struct csv *csv = memory_zero_alloc(1, sizeof *csv);
	if (!csv)
		return ERROR_MEMORY;
	csv->file = file;
	csv->line_next = 1;
	int error = line_window_open(&csv->window, file);
	if (error) {
		memory_free(csv);
		return error;
	}
	error = take_header(csv);
	while (!error) {
		error = next_record(csv);
		if (!error) {
			error = take_record(csv);
			csv->window.at += csv->record_n;
		} else if (error == ERROR_INVALID) {
			error = 0;
		}
	}
	line_window_close(&csv->window);
	buffer_free(&csv->names);
	memory_free(csv);
	return error == ERROR_NOT_FOUND && !file->problem[0] ? 0 : error;
}
