/* unit.c: quantities in words. */
#include "base/unit.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>

static const struct unit {
	const char *mark, *one, *many;
	int64_t ms;
} units[] = {
	{"w", "week", "weeks", 7 * MS_A_DAY},          {"d", "day", "days", MS_A_DAY},     {"h", "hour", "hours", MS_AN_HOUR},
	{"m", "minute", "minutes", MS_A_MINUTE},       {"s", "second", "seconds", MS_A_SECOND}, {"ms", "ms", "ms", 1},
};
enum { UNITS = sizeof units / sizeof *units };

int duration_parse(struct text text, int64_t *ms)
{
	struct text mark = text;
	int64_t number, parsed;
	while (mark.n && mark.p[0] >= '0' && mark.p[0] <= '9')
		mark = text_from(mark, 1);
	if (text_to_int64(text_first(text, text.n - mark.n), &number) != 0)
		return ERROR_INVALID;
	for (size_t i = 0; i < UNITS; i++) {
		if (!text_equal(mark, text_of(units[i].mark)))
			continue;
		if (__builtin_mul_overflow(number, units[i].ms, &parsed))
			return ERROR_INVALID;
		*ms = parsed;
		return 0;
	}
	return ERROR_INVALID;
}

void duration_say(struct buffer *out, int64_t ms)
{
	int said = 0;
	for (size_t i = 0; i < UNITS && said < 2; i++) {
		int64_t n = ms / units[i].ms;
		if (n == 0 || (units[i].ms == 7 * MS_A_DAY && ms % units[i].ms)) { /* Ten days are days. */
			if (said)
				break; /* Two units only when they follow one another. */
			continue;
		}
		if (said++)
			buffer_char(out, ' ');
		buffer_int(out, n);
		buffer_char(out, ' ');
		buffer_string(out, n == 1 ? units[i].one : units[i].many);
		ms -= n * units[i].ms;
	}
	if (!said)
		buffer_string(out, "no time");
}

const char *count_text(char out[COUNT_TEXT_BYTES], uint64_t n)
{
	char digits[COUNT_TEXT_BYTES];
	int length = snprintf(digits, sizeof digits, "%" PRIu64, n), at = 0;
	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = 0;
	return out;
}

int share_parse(struct text text, double *share)
{
	bool percent = text.n && text.p[text.n - 1] == '%';
	double parsed;
	if (text_to_double(percent ? text_first(text, text.n - 1) : text, &parsed) != 0)
		return ERROR_INVALID;
	parsed = percent ? parsed / 100 : parsed;
	if (parsed < 0 || parsed > 1)
		return ERROR_INVALID;
	*share = parsed;
	return 0;
}

void money_say(struct buffer *out, int64_t minor, struct text currency)
{
	uint64_t amount = minor < 0 ? -(uint64_t)minor : (uint64_t)minor;
	buffer_format(out, "%s%" PRIu64 ".%02u", minor < 0 ? "-" : "", amount / 100, (unsigned)(amount % 100));
	if (currency.n)
		buffer_format(out, " %.*s", TEXT_ARGS(currency));
}
