/* inventory.c: a list of names in a checked file. */
#include "base/inventory.h"

#include "base/checked_file.h"
#include "base/damage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool inventory_is_there(const char *folder, const char *name)
{
	char path[4300];
	snprintf(path, sizeof path, "%.4000s/%.200s", folder, name);
	return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

static bool is_new(const char *folder)
{
	return !inventory_is_there(folder, "log/0000000000000000.segment");
}

/* Read the list. Not *@known: it cannot say; a folder that is new has none and is not damaged. Errors: ERROR_IO, ERROR_MEMORY: it may
 * be sound, so nothing is made in its place. */
static int names_read(const char *folder, struct buffer *names, bool *known)
{
	int error = checked_read(folder, INVENTORY_FILE, names);
	*known = error == 0;
	if (error == ERROR_CORRUPT || (error == ERROR_NOT_FOUND && !is_new(folder)))
		damage_found(INVENTORY_FILE, 0, DAMAGE_REBUILT, "Nothing to do.", "The list of the files that were made is %s; it is made again from what is there.",
		             error == ERROR_CORRUPT ? "damaged" : "missing");
	return error == ERROR_CORRUPT || error == ERROR_NOT_FOUND ? 0 : error;
}

static bool is_listed(struct text names, const char *name)
{
	struct text line;
	while (names.n && text_next(&names, '\n', &line))
		if (text_equal(line, text_of(name)))
			return true;
	return false;
}

bool inventory_has(const char *folder, const char *name)
{
	struct buffer names = BUFFER_INIT(INVENTORY_BYTES_MAX);
	bool known;
	bool listed = names_read(folder, &names, &known) == 0 && known ? is_listed(buffer_view(&names), name) : !is_new(folder);
	buffer_free(&names);
	return listed;
}

int inventory_check(const char *folder)
{
	struct buffer names = BUFFER_INIT(INVENTORY_BYTES_MAX);
	bool known;
	int error = names_read(folder, &names, &known);
	buffer_free(&names);
	return error;
}

int inventory_add(const char *folder, const char *name)
{
	struct buffer names = BUFFER_INIT(INVENTORY_BYTES_MAX);
	bool known;
	int error = names_read(folder, &names, &known);
	if (!known)
		buffer_reset(&names);
	if (!error && (known || is_new(folder)) && !is_listed(buffer_view(&names), name)) {
		buffer_format(&names, "%s\n", name);
		error = names.failed ? ERROR_MEMORY : checked_write(folder, INVENTORY_FILE, buffer_view(&names));
	}
	buffer_free(&names);
	return error;
}

int inventory_remove(const char *folder, const char *name)
{
	struct buffer names = BUFFER_INIT(INVENTORY_BYTES_MAX), kept = BUFFER_INIT(INVENTORY_BYTES_MAX);
	bool known;
	int error = names_read(folder, &names, &known);
	if (!error && known && is_listed(buffer_view(&names), name)) {
		struct text rest = buffer_view(&names), line;
		while (rest.n && text_next(&rest, '\n', &line))
			if (line.n && !text_equal(line, text_of(name))) {
				buffer_text(&kept, line);
				buffer_char(&kept, '\n');
			}
		error = kept.failed ? ERROR_MEMORY : checked_write(folder, INVENTORY_FILE, buffer_view(&kept));
	}
	buffer_free(&names);
	buffer_free(&kept);
	return error;
}

int inventory_settle(const char *folder, bool all)
{
	static const char *const known[] = {
#define X(name) name,
		INVENTORY_NAMES(X)
#undef X
	};
	struct buffer names = BUFFER_INIT(INVENTORY_BYTES_MAX);
	bool readable;
	int error = names_read(folder, &names, &readable);
	if (!error && !readable && !is_new(folder)) {
		buffer_reset(&names);
		for (size_t i = 0; i < sizeof known / sizeof *known; i++)
			if (all || inventory_is_there(folder, known[i]))
				buffer_format(&names, "%s\n", known[i]);
		error = names.failed ? ERROR_MEMORY : checked_write(folder, INVENTORY_FILE, buffer_view(&names));
	}
	buffer_free(&names);
	return error;
}
