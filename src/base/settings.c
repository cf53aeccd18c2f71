/* settings.c: the table of settings. */
#include "base/settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum setting_type { TEXT_SETTING, NUMBER_SETTING };
#define SETTING_TEXT_DEFAULT(value) value, 0
#define SETTING_NUMBER_DEFAULT(value) NULL, value

static const struct setting {
	const char *name;
	enum setting_type type;
	size_t at;
	const char *text;
	int64_t number, smallest, largest;
	const char *unit, *sentence;
} table[] = {
#define X(name, type, otherwise, smallest, largest, unit, sentence) \
	{#name, type##_SETTING, offsetof(struct settings, name), SETTING_##type##_DEFAULT(otherwise), smallest, largest, unit, sentence},
	SETTINGS(X)
#undef X
};
enum { SETTINGS_N = sizeof table / sizeof *table };

void settings_default(struct settings *settings)
{
	memset(settings, 0, sizeof *settings);
	for (size_t i = 0; i < SETTINGS_N; i++) {
		char *field = (char *)settings + table[i].at;
		if (table[i].type == TEXT_SETTING)
			memcpy(field, table[i].text, strlen(table[i].text) + 1);
		else
			memcpy(field, &table[i].number, sizeof table[i].number);
	}
}

/* Names are written with - on the command line and in capitals in the environment. */
static bool is_name(const char *name, struct text given)
{
	if (strlen(name) != given.n)
		return false;
	for (size_t i = 0; i < given.n; i++) {
		char c = given.p[i] == '-' ? '_' : given.p[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c + 32);
		if (c != name[i])
			return false;
	}
	return true;
}

int settings_set(struct settings *settings, struct text name, struct text value)
{
	int64_t number;
	for (size_t i = 0; i < SETTINGS_N; i++) {
		char *field = (char *)settings + table[i].at;
		if (!is_name(table[i].name, name))
			continue;
		if (table[i].type == TEXT_SETTING) {
			if ((int64_t)value.n < table[i].smallest || (int64_t)value.n > table[i].largest)
				return ERROR_LIMIT;
			memcpy(field, value.p, value.n);
			field[value.n] = 0;
			return 0;
		}
		if (text_to_int64(value, &number) != 0)
			return ERROR_INVALID;
		if (number < table[i].smallest || number > table[i].largest)
			return ERROR_LIMIT;
		memcpy(field, &number, sizeof number);
		return 0;
	}
	return ERROR_NOT_FOUND;
}

const char *settings_nearest(struct text name)
{
	const char *best = table[0].name;
	size_t distance = SIZE_MAX;
	for (size_t i = 0; i < SETTINGS_N; i++) {
		size_t d = text_distance(text_of(table[i].name), name);
		if (d < distance) {
			distance = d;
			best = table[i].name;
		}
	}
	return best;
}

static int line_set(struct settings *settings, struct text line, size_t number, const char *path, char problem[200])
{
	struct text name, rest = line;
	text_next(&rest, '#', &line);
	line = text_trim(line);
	if (line.n == 0)
		return 0;
	rest = line;
	text_next(&rest, '=', &name);
	int error = rest.p ? settings_set(settings, text_trim(name), text_trim(rest)) : ERROR_INVALID;
	if (error == ERROR_NOT_FOUND)
		snprintf(problem, 200, "%s line %zu: there is no setting \"%.*s\"; did you mean \"%s\"?", path, number,
		         TEXT_ARGS(text_trim(name)), settings_nearest(text_trim(name)));
	else if (error)
		snprintf(problem, 200, "%s line %zu: \"%.*s\" is not of the form name = value within its range", path, number, TEXT_ARGS(line));
	return error;
}

int settings_read(struct settings *settings, const char *path, char problem[200])
{
	char line[512];
	size_t number = 0;
	int error = 0;
	FILE *file = fopen(path, "re");
	if (!file) {
		if (errno == ENOENT)
			return 0;
		snprintf(problem, 200, "%s: %s", path, strerror(errno));
		return ERROR_IO;
	}
	while (!error && fgets(line, sizeof line, file))
		error = line_set(settings, text_of(line), ++number, path, problem);
	fclose(file);
	return error ? ERROR_INVALID : 0;
}

int settings_environment(struct settings *settings, char problem[200])
{
	for (size_t i = 0; i < SETTINGS_N; i++) {
		char name[80] = "ATTUNE_";
		for (size_t at = 0; table[i].name[at]; at++) {
			char c = table[i].name[at];
			name[7 + at] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
		}
		const char *value = getenv(name);
		if (value && settings_set(settings, text_of(table[i].name), text_of(value)) != 0) {
			snprintf(problem, 200, "%s=%s is not within its range (%" PRId64 " to %" PRId64 ")", name, value, table[i].smallest,
			         table[i].largest);
			return ERROR_INVALID;
		}
	}
	return 0;
}

void settings_describe(struct buffer *out, bool markdown)
{
	if (markdown)
		buffer_string(out, "| setting | default | range | unit | what |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < SETTINGS_N; i++) {
		char otherwise[32];
		snprintf(otherwise, sizeof otherwise, "%" PRId64, table[i].number);
		const char *value = table[i].type == TEXT_SETTING ? table[i].text : otherwise;
		if (!markdown)
			buffer_format(out, "  --%-24s %s (%s%s%s)\n", table[i].name, table[i].sentence, value, *table[i].unit ? " " : "", table[i].unit);
		else if (table[i].type == TEXT_SETTING)
			buffer_format(out, "| `%s` | `%s` | | %s | %s |\n", table[i].name, value, table[i].unit, table[i].sentence);
		else
			buffer_format(out, "| `%s` | %s | %" PRId64 " to %" PRId64 " | %s | %s |\n", table[i].name, value, table[i].smallest,
			              table[i].largest, table[i].unit, table[i].sentence);
	}
}
