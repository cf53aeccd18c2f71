/* clock.c: time in and out. Calendar arithmetic after H. Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
#include "base/clock.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

static const int64_t MS_MIN = -62135596800000, MS_MAX = 253402300799999;

int64_t clock_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint64_t clock_monotonic_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int64_t clock_monotonic_ms(void)
{
	return (int64_t)(clock_monotonic_ns() / 1000000);
}

void clock_condition_init(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;
	int error = pthread_condattr_init(&attributes);
	if (!error)
		error = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	if (!error)
		error = pthread_cond_init(condition, &attributes);
	assert(error == 0);
	pthread_condattr_destroy(&attributes);
}

struct timespec clock_deadline(int ms)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	int64_t ns = now.tv_nsec + (int64_t)ms * 1000000;
	return (struct timespec){.tv_sec = now.tv_sec + ns / 1000000000, .tv_nsec = ns % 1000000000};
}

static int64_t days_of(int64_t year, int month, int day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month == 2 && leap ? 29 : days[month - 1];
}

/* Take 1 to @digits_max digits off the front. */
static bool take_number(struct text *rest, size_t digits_max, int *number)
{
	size_t n = 0;
	int sum = 0;
	while (n < digits_max && n < rest->n && rest->p[n] >= '0' && rest->p[n] <= '9')
		sum = sum * 10 + (rest->p[n++] - '0');
	*rest = text_from(*rest, n);
	*number = sum;
	return n > 0;
}

static bool take_char(struct text *rest, char c)
{
	if (!rest->n || rest->p[0] != c)
		return false;
	*rest = text_from(*rest, 1);
	return true;
}

static bool take_fraction(struct text *rest, int *ms)
{
	if (!take_char(rest, '.') && !take_char(rest, ','))
		return true;
	int scale = 100;
	size_t n = 0;
	while (n < rest->n && rest->p[n] >= '0' && rest->p[n] <= '9') {
		*ms += (rest->p[n++] - '0') * scale;
		scale /= 10;
	}
	*rest = text_from(*rest, n);
	return n > 0;
}

static bool take_zone(struct text *rest, int *minutes)
{
	int hour, minute = 0, sign;
	if (rest->n == 0 || take_char(rest, 'Z') || take_char(rest, 'z'))
		return true;
	if (take_char(rest, '+'))
		sign = 1;
	else if (take_char(rest, '-'))
		sign = -1;
	else
		return false;
	if (!take_number(rest, 2, &hour))
		return false;
	take_char(rest, ':');
	if (rest->n && !take_number(rest, 2, &minute))
		return false;
	*minutes = sign * (hour * 60 + minute);
	return hour <= 23 && minute <= 59;
}

int clock_parse(struct text text, int64_t *ms)
{
	struct clock_parts t = {0};
	int zone = 0;
	text = text_trim(text);
	if (!take_number(&text, 4, &t.year) || !take_char(&text, '-') || !take_number(&text, 2, &t.month) ||
	    !take_char(&text, '-') || !take_number(&text, 2, &t.day))
		return ERROR_INVALID;
	if (text.n && (take_char(&text, 'T') || take_char(&text, 't') || take_char(&text, ' '))) {
		if (!take_number(&text, 2, &t.hour) || !take_char(&text, ':') || !take_number(&text, 2, &t.minute))
			return ERROR_INVALID;
		if (take_char(&text, ':') && (!take_number(&text, 2, &t.second) || !take_fraction(&text, &t.ms)))
			return ERROR_INVALID;
		text = text_trim(text);
		if (!take_zone(&text, &zone))
			return ERROR_INVALID;
	}
	if (text.n || t.year < 1 || t.month < 1 || t.month > 12 || t.day < 1 || t.day > days_in_month(t.year, t.month) ||
	    t.hour > 23 || t.minute > 59 || t.second > 60)
		return ERROR_INVALID;
	int64_t minutes = (days_of(t.year, t.month, t.day) * 24 + t.hour) * 60 + t.minute - zone;
	int64_t sum = (minutes * 60 + t.second) * 1000 + t.ms;
	if (sum < MS_MIN || sum > MS_MAX)
		return ERROR_INVALID;
	*ms = sum;
	return 0;
}

struct clock_parts clock_parts_of(int64_t ms)
{
	int64_t days = ms / MS_A_DAY - (ms % MS_A_DAY < 0);
	int in_day = (int)(ms - days * MS_A_DAY);
	int64_t shifted = days + 719468, era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t day_of_era = shifted - era * 146097;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t shifted_month = (5 * day_of_year + 2) / 153;
	int month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
	return (struct clock_parts){
		.year = (int)(year_of_era + era * 400 + (month <= 2)),
		.month = month,
		.day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1),
		.hour = in_day / MS_AN_HOUR,
		.minute = in_day / MS_A_MINUTE % 60,
		.second = in_day / 1000 % 60,
		.ms = in_day % 1000,
		.weekday = (int)(((days + 3) % 7 + 7) % 7),
	};
}

int64_t clock_months_after(int64_t ms, int months)
{
	struct clock_parts from = clock_parts_of(ms);
	int month = from.month - 1 + months, year = from.year + month / 12, days;
	month = month % 12 + 1;
	days = days_in_month(year, month);
	int day = from.day < days ? from.day : days;
	return ms + (days_of(year, month, day) - days_of(from.year, from.month, from.day)) * MS_A_DAY;
}

struct text clock_format(char out[CLOCK_TEXT_BYTES], int64_t ms)
{
	ms = ms < MS_MIN ? MS_MIN : ms > MS_MAX ? MS_MAX : ms;
	struct clock_parts t = clock_parts_of(ms);
	int n = snprintf(out, CLOCK_TEXT_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)t.year % 10000u,
	                 (unsigned)t.month % 100u, (unsigned)t.day % 100u, (unsigned)t.hour % 100u, (unsigned)t.minute % 100u,
	                 (unsigned)t.second % 100u, (unsigned)t.ms % 1000u);
	return (struct text){out, (size_t)n};
}
