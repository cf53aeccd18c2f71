/*
 * event_map.h: which column of a log is the case, which the activity, which the time, and what else to keep.
 *
 * A column of a file is named as the file names it; what belongs to a whole case (an attribute of a trace in XES) has
 * "case:" in front, and nested members of JSON are joined with dots ("properties.amount"). A column that is not named
 * is guessed from usual names (event_file.h lists them).
 */
#ifndef ATTUNE_EVENT_IMPORT_EVENT_MAP_H
#define ATTUNE_EVENT_IMPORT_EVENT_MAP_H

#include "base/memory.h"
#include "base/text.h"

enum { EVENT_MAP_KEEP_MAX = 64, EVENT_MAP_BYTES_MAX = 64 * 1024, EVENT_MAP_ERROR_BYTES = 256 };

/* What an attribute is used for. */
enum event_role { EVENT_CASE, EVENT_ACTIVITY, EVENT_TIME, EVENT_LIFECYCLE, EVENT_ROLES, EVENT_OTHER = EVENT_ROLES };

/* A plain value; its texts belong to whoever made it. All zero: guess the columns, keep every attribute. */
struct event_map {
	struct text columns[EVENT_ROLES]; /* Empty: guessed. */
	struct text keep[EVENT_MAP_KEEP_MAX];
	size_t keep_n;
	bool keep_listed;                 /* Hand over only the attributes in keep, and those with a role. */
};

/* "case", "activity", "time" or "lifecycle". Static storage. */
const char *event_role_name(enum event_role role);

/*
 * Read a map from YAML: the keys case, activity, time and lifecycle name a column each, attributes lists what to keep.
 * Texts are copied to @arena. Aliases and tags are refused.
 * Errors: ERROR_INVALID (@problem says what, with line and column, and the nearest key for an unknown one),
 * ERROR_LIMIT (more than EVENT_MAP_BYTES_MAX or EVENT_MAP_KEEP_MAX), ERROR_MEMORY. On error @map is untouched.
 */
int event_map_parse(struct event_map *map, struct arena *arena, struct text yaml,
                    char problem[EVENT_MAP_ERROR_BYTES]) MUST_CHECK;

/* The same from the file @path. Also ERROR_NOT_FOUND and ERROR_IO. */
int event_map_read(struct event_map *map, struct arena *arena, const char *path,
                   char problem[EVENT_MAP_ERROR_BYTES]) MUST_CHECK;

#endif
