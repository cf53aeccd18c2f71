/*
 * fuzz_event.h: what must hold for a log of events whatever its bytes are.
 *
 * Rows have a case, an activity and a time within the calendar, all in UTF-8; whatever is not a row is refused with a
 * line and a reason, or ends the reading with an error that has a sentence.
 */
#ifndef ATTUNE_TEST_FUZZ_EVENT_H
#define ATTUNE_TEST_FUZZ_EVENT_H

#include "event/import/event_file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

struct fuzz_seen {
	uint64_t rows, rejected;
};

static void fuzz_must(bool holds)
{
	if (!holds)
		abort();
}

static int fuzz_row(void *context, const struct event_row *row)
{
	struct fuzz_seen *seen = context;
	seen->rows++;
	fuzz_must(row->case_id.n && row->activity.n && row->time_ms >= -62135596800000 && row->time_ms <= 253402300799999);
	fuzz_must(text_is_utf8(row->case_id) && text_is_utf8(row->activity) && text_is_utf8(row->lifecycle));
	for (size_t i = 0; i < row->attributes_n; i++)
		fuzz_must(text_is_utf8(row->attributes[i].name) && text_is_utf8(row->attributes[i].value));
	return 0;
}

static void fuzz_reject(void *context, uint64_t line, const char *reason)
{
	struct fuzz_seen *seen = context;
	seen->rejected++;
	fuzz_must(line > 0 && reason && *reason);
}

static inline int fuzz_event_format(const uint8_t *bytes, size_t n, enum event_format format)
{
	struct event_file *file;
	struct fuzz_seen seen = {0};
	struct event_sink sink = {&seen, fuzz_row, fuzz_reject};
	if (event_file_open_memory(&file, (struct text){(const char *)bytes, n}, format, NULL) != 0)
		return 0;
	int error = event_file_read(file, &sink);
	fuzz_must((error != 0) == (*event_file_problem(file) != 0));
	fuzz_must(seen.rows == event_file_rows(file) && seen.rejected == event_file_rejected(file));
	event_file_close(file);
	return 0;
}

#endif
