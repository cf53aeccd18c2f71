/*
 * event_file.h: reads a log of events from a file, one event at a time.
 *
 * Three formats, each plain or gzip: CSV (RFC 4180, delimiter found by itself), NDJSON (one event a line) and XES
 * (IEEE 1849). The ending of the name decides (.csv .tsv .ndjson .jsonl .json .xes .xml, before .gz), for other names
 * the first byte of the content. Memory is bounded whatever the file holds: EVENT_RECORD_BYTES_MAX a line or event.
 *
 * Which column is what comes from a map; what the map leaves open is guessed, without regard to case:
 *   case       case:concept:name, case_id, caseid, case, customer, customer_id, userId, user_id, anonymousId, session_id,
 *              sessionid
 *   activity   concept:name, activity, event, event_name, action, name, type
 *   time       time:timestamp, timestamp, time, originalTimestamp, datetime, date
 *   lifecycle  lifecycle:transition, lifecycle
 * In XES, whose names are fixed, only the first of each is looked for, and a trace without a name is "trace N".
 * A time is ISO 8601, or a number: seconds since 1970 below 100,000,000,000, milliseconds above.
 *
 * One broken line never costs the good ones beside it: it is reported with its number and counted. Broken XML and
 * broken gzip have no next line; there reading stops with an error, and what came before has been handed over.
 */
#ifndef ATTUNE_EVENT_IMPORT_EVENT_FILE_H
#define ATTUNE_EVENT_IMPORT_EVENT_FILE_H

#include "event/import/event_map.h"

enum {
	EVENT_RECORD_BYTES_MAX = 1024 * 1024,
	EVENT_ATTRIBUTES_MAX = 512, /* A row; CSV: columns. */
	EVENT_XML_DEPTH_MAX = 64,
	EVENT_JSON_DEPTH_MAX = 16,
};

struct event_attribute {
	struct text name;      /* Without "case:". */
	struct text value;     /* JSON: numbers and booleans as text; null and arrays are left out. */
	bool of_case;          /* Belongs to the whole case. */
	enum event_role role;  /* What it was used for; EVENT_OTHER for most. */
};

/* One event. All texts are UTF-8 and valid until the callback returns. */
struct event_row {
	struct text case_id, activity;  /* Never empty. */
	struct text lifecycle;          /* Empty when there is none. */
	int64_t time_ms;
	const struct event_attribute *attributes; /* Those that the map keeps, and always those with a role. */
	size_t attributes_n;
};

/* The attribute in @column of the row: as named, or else that of the case when "case:" was left out. NULL: absent. */
const struct event_attribute *event_row_find(const struct event_row *row, struct text column);

struct event_file;

struct event_sink {
	void *context;
	/* Takes a row. Not 0 stops the reading, and event_file_read returns it. */
	int (*row)(void *context, const struct event_row *row);
	/* Told of every line that was refused. May be NULL. @reason is one sentence without a full stop. */
	void (*reject)(void *context, uint64_t line, const char *reason);
};

enum event_format { EVENT_FORMAT_UNKNOWN, EVENT_FORMAT_CSV, EVENT_FORMAT_NDJSON, EVENT_FORMAT_XES };

/*
 * Open the file @path ("-": standard input), or @bytes that must stay, in @format or EVENT_FORMAT_UNKNOWN to find out.
 * @map may be NULL; its texts must stay until the file is closed.
 * Errors: ERROR_NOT_FOUND, ERROR_IO, ERROR_MEMORY.
 */
int event_file_open(struct event_file **out, const char *path, const struct event_map *map) MUST_CHECK;
int event_file_open_memory(struct event_file **out, struct text bytes, enum event_format format,
                           const struct event_map *map) MUST_CHECK;
void event_file_close(struct event_file *file);

/*
 * Read to the end and hand every row to @sink. To be called once.
 * Errors: ERROR_NOT_FOUND (a column of the map, or any that will do, is not in the file), ERROR_CORRUPT (broken XML or
 * gzip, entity declarations), ERROR_LIMIT (XML deeper or longer than the limits), ERROR_IO, ERROR_MEMORY, and what the
 * sink returned. event_file_problem has a sentence for people, with the line where there is one.
 */
int event_file_read(struct event_file *file, const struct event_sink *sink) MUST_CHECK;

/* Why the last call failed, as a sentence without the name of the file; "" when it did not. Valid until close. */
const char *event_file_problem(const struct event_file *file);

uint64_t event_file_rows(const struct event_file *file);     /* Handed over so far. */
uint64_t event_file_rejected(const struct event_file *file); /* Refused so far. */
uint64_t event_file_line(const struct event_file *file);     /* Where the current row begins; in XES where it ends. */

/* Bytes of the file read so far, and in all (0 when unknown), as they lie on the disk. */
void event_file_position(const struct event_file *file, uint64_t *done, uint64_t *total);

#endif
