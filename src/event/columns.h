/*
 * columns.h: rows for whole-base questions: one file a day, 16 bytes an event.
 *
 * A row names an origin by its number (merge and split touch no row), the time in the day, the event's name, the
 * touchpoint, the channel and a value. Rows gather in memory and are written to FOLDER/YYYY-MM-DD.sealed (.rows where nothing
 * is sealed) by columns_flush; the number of rows that count in each file is kept by the caller's store, so a file's torn end is cut at
 * opening. Readers lock nothing while they scan. A file stays in the form in which it was begun.
 *
 * Every row is covered by a check (row_seal.h). A file that is missing, cut or damaged is named in damage.h as soon as that is met; it is
 * not read until its rows were made again from the log (columns_rebuild_begin and on), and no figure is given without them.
 */
#ifndef ATTUNE_EVENT_COLUMNS_H
#define ATTUNE_EVENT_COLUMNS_H

#include "event/event.h"

struct columns;

struct column_row {
	uint32_t origin;
	uint32_t time_and_channel; /* Milliseconds in the day (27 bits), channel (4 bits) above. */
	uint16_t name, touchpoint;
	int32_t value;             /* Minor units of money, or whatever the event's rule says; 0 without. */
};

#define COLUMN_TIME(row) ((row).time_and_channel & 0x7ffffff)
#define COLUMN_CHANNEL(row) ((enum channel)((row).time_and_channel >> 27 & 15))

enum { COLUMNS_KEY_BYTES = 32 };

/*
 * Open @folder, creating it. @key (COLUMNS_KEY_BYTES, copied) opens sealed files; NULL: there may be none. @seal: files that are begun from
 * now on are sealed. Errors: ERROR_IO, ERROR_MEMORY.
 */
int columns_open(struct columns **out, const char *folder, const uint8_t *key, bool seal) MUST_CHECK;
void columns_close(struct columns *columns);

/* At opening: only the first @rows of @day (days since 1970) count; what is behind is cut. Without a file, with fewer rows, or with
 * @rows 0, the day is to be made again. Days not named are removed by columns_restored. Errors: ERROR_IO, ERROR_DENIED (sealed, and
 * there is no key), ERROR_MEMORY. */
int columns_restore(struct columns *columns, int32_t day, uint64_t rows) MUST_CHECK;
int columns_restored(struct columns *columns) MUST_CHECK;

/* Add the row of the event at @position. Errors: ERROR_MEMORY. Threads: safe. */
int columns_add(struct columns *columns, uint64_t position, const struct event_header *header, int32_t value) MUST_CHECK;

/*
 * Write what gathered up to position @until to the day files, durably, and call @day_rows with the new length of each day
 * touched. The caller knows that every event up to @until has been added. The rows stay gathered until columns_flushed
 * says that the new lengths are durable too; a flush that is not followed by it is simply done again.
 * Errors: ERROR_IO, ERROR_FULL (nothing is lost: it stays gathered), those of @day_rows. Threads: one at a time.
 */
int columns_flush(struct columns *columns, uint64_t until, int (*day_rows)(void *arg, int32_t day, uint64_t rows), void *arg)
	MUST_CHECK;

/* After columns_flush with the same @until: the rows count in their files now. */
void columns_flushed(struct columns *columns, uint64_t until);

/*
 * Copy all rows with @from_ms <= time < @to_ms, in no order, gathered ones included, to a new array of {row, time}
 * (memory_free it). Errors: ERROR_MEMORY, ERROR_LIMIT (more than @n_max), ERROR_REBUILDING (rows of the time are damaged, and are being
 * made again: try again shortly).
 */
struct column_event {
	int64_t time_ms;
	uint32_t origin;
	uint16_t name, touchpoint;
	int32_t value;
	uint8_t channel;
};
int columns_select(struct columns *columns, int64_t from_ms, int64_t to_ms, size_t n_max, struct column_event **events, size_t *n)
	MUST_CHECK;

/*
 * Blank the rows of @n origins in the day files, durably: they count for nobody and are passed over. Rows that are only gathered stay.
 * By the flushing thread, or while nobody flushes. Errors: ERROR_IO, ERROR_MEMORY.
 */
int columns_forget(struct columns *columns, const uint32_t *origins, size_t n) MUST_CHECK;

/* The row of one event. */
struct column_place {
	int64_t time_ms;
	uint32_t origin;
	uint16_t name;
};

/* The same for the rows of @n events, of which some may have none. */
int columns_blank(struct columns *columns, const struct column_place *places, size_t n) MUST_CHECK;

/*
 * Making damaged days again, by the flushing thread. Between _begin and _end the caller adds the row of every event in the log, up to the
 * position of the last flush, that happened on a day that columns_rebuild_wants. _end puts the new files in place: it calls @day_rows
 * with 0 before and with the new length after each is there, so that a crash between makes the day again. After an error all is as
 * before and may be tried again. Errors: ERROR_MEMORY, ERROR_IO, ERROR_FULL, those of @day_rows.
 */
size_t columns_damaged(const struct columns *columns); /* Days to be made again. Threads: safe. */
int columns_rebuild_begin(struct columns *columns) MUST_CHECK;
bool columns_rebuild_wants(const struct columns *columns, int64_t time_ms);
int columns_rebuild_add(struct columns *columns, const struct event_header *header, int32_t value) MUST_CHECK;
int columns_rebuild_end(struct columns *columns, int (*day_rows)(void *arg, int32_t day, uint64_t rows), void *arg) MUST_CHECK;
void columns_rebuild_stop(struct columns *columns); /* Give it up after an error; also for whoever has none under way. */

/* For verify: enter in damage.h whether the first @rows of the file of @day in @folder are what was written. Needs no key, changes nothing.
 * Errors: ERROR_MEMORY. */
int columns_file_check(const char *folder, int32_t day, uint64_t rows) MUST_CHECK;

uint64_t columns_rows(struct columns *columns); /* Blank ones and heads of sealed runs among them. */

#endif
