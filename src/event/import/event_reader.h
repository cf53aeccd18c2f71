/*
 * event_reader.h: what the three formats share: from attributes to a row, or to a line that is refused.
 *
 * Private to this folder. A format fills attributes, then offers them; it never calls the sink itself.
 */
#ifndef ATTUNE_EVENT_IMPORT_EVENT_READER_H
#define ATTUNE_EVENT_IMPORT_EVENT_READER_H

#include "event/import/event_bytes.h"
#include "event/import/event_file.h"

enum { EVENT_PROBLEM_BYTES = 1024, EVENT_SEEN_MAX = 64, EVENT_READ_STOPPED = 1, EVENT_GUESSES_MAX = 12 };

/* A name of a column, taken apart. */
struct event_column {
	struct text name;  /* Without "case:". */
	bool of_case, exact;
};

struct event_file {
	struct event_bytes bytes;
	struct event_map map;
	enum event_format format;
	const struct event_sink *sink;
	struct arena arena;                    /* What one row holds. */
	struct event_attribute attributes[EVENT_ATTRIBUTES_MAX];
	size_t attributes_n;
	struct event_column guesses[EVENT_ROLES][EVENT_GUESSES_MAX]; /* What may play a role, best first. */
	size_t guesses_n[EVENT_ROLES];
	uint64_t rows, rejected, line;
	uint64_t (*line_now)(const struct event_file *file); /* NULL: line. Counting lines in XML costs, so only on demand. */
	void *format_state;
	struct buffer seen;                    /* Names of columns, for the message about a missing one. */
	size_t seen_n;
	bool role_missing[EVENT_ROLES];        /* Some row lacked it. */
	int stop;                              /* What the sink returned. */
	char problem[EVENT_PROBLEM_BYTES];
};

/* Remember a sentence for event_file_problem and return @error. */
int event_fail(struct event_file *file, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Refuse the current line. */
void event_reject(struct event_file *file, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Split "case:NAME" into its parts. */
struct text event_column_name(struct text column, bool *of_case);

/* Whether anyone wants the attribute: the map keeps it, or it may have a role. Notes it while no row has come through. */
bool event_wants(struct event_file *file, struct text name, bool of_case);

/* Which of @attributes plays @role, or @n. */
size_t event_find_role(const struct event_file *file, enum event_role role, const struct event_attribute *attributes,
                       size_t n);

/*
 * Make a row of the @n attributes and give it to the sink, or refuse the line. @roles has an index per role (@n: absent)
 * or is NULL: then they are looked for. Returns 0, or EVENT_READ_STOPPED when the sink wants no more.
 */
int event_offer(struct event_file *file, struct event_attribute *attributes, size_t n, const size_t *roles);

/* Remember the name of a column for messages. */
void event_note_column(struct event_file *file, struct text name, bool of_case);
/* The error for a column that is nowhere, listing what there is. */
int event_fail_no_column(struct event_file *file, enum event_role role);

/* One function a format: reads to the end. */
int event_csv_read(struct event_file *file) MUST_CHECK;
int event_ndjson_read(struct event_file *file) MUST_CHECK;
int event_xes_read(struct event_file *file) MUST_CHECK;

/* A window over the bytes for formats of lines; it grows to hold a record and not much more. */
struct line_window {
	struct event_file *file;
	char *p;
	size_t at, n, capacity; /* The bytes from at to n are not yet used. */
	bool at_end;            /* Nothing comes behind n. */
};

/* Errors: those of event_bytes_read, and ERROR_MEMORY. A byte order mark is skipped. On error nothing is left open. */
int line_window_open(struct line_window *window, struct event_file *file) MUST_CHECK;
void line_window_close(struct line_window *window);

/* Read more behind what is there, which may move. Errors: those of event_bytes_read, and ERROR_MEMORY. */
int line_window_fill(struct line_window *window) MUST_CHECK;

/*
 * The next line without its end, valid until the next call; counts file->line.
 * Errors: ERROR_LIMIT (longer than EVENT_RECORD_BYTES_MAX; it is passed over, the next call gives the line behind it),
 * ERROR_NOT_FOUND (the end), and those of line_window_fill.
 */
int line_window_line(struct line_window *window, struct text *line) MUST_CHECK;

#endif
