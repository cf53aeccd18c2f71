/*
 * report.h: what the server says about itself: one JSON line an event, on standard error.
 *
 * Personal data never appears here, except as a keyed hash made by the caller.
 */
#ifndef ATTUNE_BASE_REPORT_H
#define ATTUNE_BASE_REPORT_H

#include <stdint.h>

enum report_level { REPORT_DEBUG, REPORT_INFO, REPORT_WARNING, REPORT_ERROR };

/* Lines below @level are dropped. Default: REPORT_INFO. */
void report_level_set(enum report_level level);

/*
 * Write one line: {"time":…,"level":…,"event":@event,"message":…}. @event is a stable snake_case name.
 * Threads: safe; a line is one write.
 */
void report(enum report_level level, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
