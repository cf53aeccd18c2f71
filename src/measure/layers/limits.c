/* limits.c: limits in words and in numbers. */
#include "measure/layers/limits.h"

#include "base/clock.h"
#include "base/unit.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

struct limits limits_none(void)
{
	return (struct limits){.takes_ms = -1, .closed_ms = -1, .freshness_ms = -1, .availability = NAN, .capacity = NAN};
}

/* "09:30" as minutes since midnight. */
static int minutes_parse(struct text text, int64_t *minutes)
{
	struct text rest = text, hours;
	int64_t h, m;
	if (!text_next(&rest, ':', &hours) || text_to_int64(hours, &h) != 0 || text_to_int64(rest, &m) != 0 || h < 0 || h > 24 || m < 0 ||
	    m > 59 || h * 60 + m > 24 * 60)
		return ERROR_INVALID;
	*minutes = h * 60 + m;
	return 0;
}

int hours_parse(struct text text, int64_t *closed_ms)
{
	static const char workdays[] = "weekdays ";
	bool weekdays = text_starts(text, text_of(workdays));
	struct text rest = weekdays ? text_from(text, sizeof workdays - 1) : text, from;
	int64_t opens, closes;
	if (text_equal(text, TEXT("24x7")) || text_equal(text, TEXT("nightly"))) {
		*closed_ms = text_equal(text, TEXT("nightly")) ? MS_A_DAY : 0; /* What comes just after the run waits for the next. */
		return 0;
	}
	if (!text_next(&rest, '-', &from) || minutes_parse(from, &opens) != 0 || minutes_parse(rest, &closes) != 0 || opens >= closes)
		return ERROR_INVALID;
	*closed_ms = (24 * 60 - (closes - opens) + (weekdays ? 2 * 24 * 60 : 0)) * MS_A_MINUTE;
	return 0;
}

/* "50/s", "600/m", "2000/h" or a plain number a second. */
static int capacity_parse(struct text text, double *capacity)
{
	static const struct {
		char mark;
		double seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	struct text rest = text, number;
	double seconds = 1;
	if (!text_next(&rest, '/', &number))
		return ERROR_INVALID;
	if (rest.n) {
		size_t i = 0;
		while (i < sizeof units / sizeof *units && (rest.n != 1 || rest.p[0] != units[i].mark))
			i++;
		if (i == sizeof units / sizeof *units)
			return ERROR_INVALID;
		seconds = units[i].seconds;
	}
	if (text_to_double(number, capacity) != 0 || *capacity < 0)
		return ERROR_INVALID;
	*capacity /= seconds;
	return 0;
}

int limits_set(struct limits *limits, struct text key, struct text value, char problem[200])
{
	static const struct {
		const char *key, *looks;
		enum { TIME, HOURS, SHARE, RATE } type;
		size_t offset;
	} keys[] = {
		{"takes", "a time such as 4m", TIME, offsetof(struct limits, takes_ms)},
		{"p99", "a time such as 800ms", TIME, offsetof(struct limits, takes_ms)},
		{"hours", "24x7, nightly, 08:00-18:00 or weekdays 09:00-17:00", HOURS, offsetof(struct limits, closed_ms)},
		{"freshness", "a time such as 2s", TIME, offsetof(struct limits, freshness_ms)},
		{"availability", "a share such as 99.5%", SHARE, offsetof(struct limits, availability)},
		{"capacity", "a rate such as 50/s", RATE, offsetof(struct limits, capacity)},
	};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		char *field = (char *)limits + keys[i].offset;
		if (!text_equal(key, text_of(keys[i].key)))
			continue;
		int error = keys[i].type == TIME    ? duration_parse(value, (int64_t *)(void *)field) :
		            keys[i].type == HOURS   ? hours_parse(value, (int64_t *)(void *)field) :
		            keys[i].type == SHARE   ? share_parse(value, (double *)(void *)field) :
		                                      capacity_parse(value, (double *)(void *)field);
		if (error)
			snprintf(problem, 200, "\"%.*s\" is not %s.", (int)(value.n < 60 ? value.n : 60), value.p, keys[i].looks);
		return error;
	}
	snprintf(problem, 200, "There is no limit \"%.*s\"; there are takes, p99, hours, freshness, availability and capacity.",
	         (int)(key.n < 40 ? key.n : 40), key.p);
	return ERROR_NOT_FOUND;
}
