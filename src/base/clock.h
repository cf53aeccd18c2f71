/*
 * clock.h: times as milliseconds since 1970 in UTC, and the ISO 8601 forms that clients send.
 */
#ifndef ATTUNE_BASE_CLOCK_H
#define ATTUNE_BASE_CLOCK_H

#include "base/text.h"

#include <pthread.h>
#include <stdint.h>
#include <time.h>

enum { MS_A_SECOND = 1000, MS_A_MINUTE = 60 * 1000, MS_AN_HOUR = 3600 * 1000, MS_A_DAY = 24 * 3600 * 1000 };
/* The mean of the Gregorian calendar, for figures "a month" that must not jump with February. */
#define DAYS_A_MONTH 30.44
#define MS_A_MONTH INT64_C(2630016000)

enum { CLOCK_TEXT_BYTES = 32 };

int64_t clock_now_ms(void);           /* Wall clock. */
/* For durations, limits and deadlines: it goes on evenly when the wall clock is set. */
uint64_t clock_monotonic_ns(void);
int64_t clock_monotonic_ms(void);

/*
 * The moment @ms from now, for pthread_cond_timedwait on a condition from clock_condition_init: both go by the monotonic
 * clock, so that setting the wall clock neither ends nor prolongs a wait.
 */
struct timespec clock_deadline(int ms);
void clock_condition_init(pthread_cond_t *condition);

/*
 * Parse a date or time: "2026-05-03", "2026-5-3T7:04", "2026-05-03 07:04:01.123456+02:00", "...Z". Leniently: month,
 * day and hour may have one digit, a blank may stand for T, digits after the milliseconds are dropped, no zone is UTC.
 * Errors: ERROR_INVALID (anything else, or outside the years 1 to 9999).
 */
int clock_parse(struct text text, int64_t *ms) MUST_CHECK;

/* "2026-05-03T07:04:01.123Z" into @out, terminated; returns it as a text. Years outside 1 to 9999 are clamped. */
struct text clock_format(char out[CLOCK_TEXT_BYTES], int64_t ms);

/* Parts of a UTC time. weekday: 0 is Monday. */
struct clock_parts {
	int year, month, day, hour, minute, second, ms, weekday;
};
struct clock_parts clock_parts_of(int64_t ms);

/* The same day and time @months calendar months later (0 or more); where that month has no such day, its last. */
int64_t clock_months_after(int64_t ms, int months);

#endif
