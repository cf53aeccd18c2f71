/* backup.c: a data folder, part by part. */
#include "engine/backup.h"

#include "base/folder.h"
#include "base/folder_lock.h"
#include "base/inventory.h"
#include "base/refusal.h"
#include "engine/engine.h"
#include "engine/store.h"
#include "log/log.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

static int path_join(char out[PATH_BYTES], const char *folder, const char *name)
{
	return snprintf(out, PATH_BYTES, "%s/%s", folder, name) < PATH_BYTES ? 0 : ERROR_IO;
}

/* Call @each for the name of every plain file in @folder; a folder that is not there has none. */
static int files_each(const char *folder, int (*each)(const char *from, const char *to, const char *name), const char *to)
{
	char path[PATH_BYTES];
	struct stat status;
	int error = 0;
	DIR *items = opendir(folder);
	if (!items)
		return errno == ENOENT ? 0 : ERROR_IO;
	for (const char *name; !error && !(error = folder_next(items, &name)) && name;) {
		error = path_join(path, folder, name);
		if (!error && stat(path, &status) != 0)
			error = errno == ENOENT ? 0 : refuse(ERROR_IO, "%s cannot be read: %s.", path, strerror(errno)); /* Gone meanwhile. */
		else if (!error && S_ISREG(status.st_mode))
			error = each(folder, to, name);
	}
	closedir(items);
	return error;
}

static int file_take(const char *from, const char *to, const char *name)
{
	char source[PATH_BYTES], target[PATH_BYTES];
	int error = path_join(source, from, name);
	if (!error)
		error = path_join(target, to, name);
	return error ? error : file_copy(source, target, UINT64_MAX);
}

/* An hour's hashes go when nobody asks about them any more, perhaps just now: the start can do without. */
static int hashes_take(const char *from, const char *to, const char *name)
{
	char source[PATH_BYTES];
	int error = file_take(from, to, name);
	return error == ERROR_IO && path_join(source, from, name) == 0 && access(source, F_OK) != 0 ? 0 : error;
}

/* The lock is of the folder it lies in; what was set aside, or was being written, is no part of it. */
static int small_take(const char *from, const char *to, const char *name)
{
	struct text text = text_of(name);
	bool passed = text_equal(text, TEXT(FOLDER_LOCK_FILE)) || text_ends(text, TEXT(".new")) || text_find(text, TEXT(".damaged-"), NULL);
	return passed ? 0 : file_take(from, to, name);
}

static int is_there(const char *from, const char *to, const char *name)
{
	(void)from;
	(void)to;
	(void)name;
	return ERROR_CONFLICT;
}

static int part_start(const char *from, const char *to, const char *name, char source[PATH_BYTES], char target[PATH_BYTES])
{
	int error = path_join(source, from, name);
	return error ? error : path_join(target, to, name);
}

/* A folder of plain files that only grow, by @take. */
static int files_copy(const char *from, const char *to, const char *name, int (*take)(const char *, const char *, const char *))
{
	char source[PATH_BYTES], target[PATH_BYTES];
	int error = part_start(from, to, name, source, target);
	if (!error)
		error = folder_make(target);
	return error ? error : files_each(source, take, target);
}

/* Its head says how far the entries were durable in the folder it stands in: a copy made beside a server has other ends. */
static int audit_take(const char *from, const char *to, const char *name)
{
	return strcmp(name, "head") == 0 ? 0 : file_take(from, to, name);
}

static int lookup_copy(const char *from, const char *to)
{
	char source[PATH_BYTES], target[PATH_BYTES];
	int error = part_start(from, to, "lookup", source, target);
	return error ? error : store_copy(source, target);
}

/* A log that was never begun has nothing to copy. */
static int log_take(const char *from, const char *to, const char *name, struct log_copied *copied)
{
	char source[PATH_BYTES], target[PATH_BYTES];
	struct stat status;
	*copied = (struct log_copied){0};
	int error = part_start(from, to, name, source, target);
	if (error || (stat(source, &status) != 0 && errno == ENOENT))
		return error;
	return log_copy(source, target, copied);
}

static int target_make(const char *from, const char *to)
{
	struct stat status;
	if (stat(from, &status) != 0 || !S_ISDIR(status.st_mode))
		return ERROR_NOT_FOUND;
	int error = folder_make(to);
	if (!error && stat(to, &status) == 0 && !S_ISDIR(status.st_mode))
		return refuse(ERROR_CONFLICT, "The target %s is there and no folder; name a new one.", to);
	error = error ? error : files_each(to, is_there, NULL);
	return error == ERROR_CONFLICT ? refuse(error, "The target %s is there and not empty; name a new folder.", to) : error;
}

int engine_backup(struct backup *out, const char *from, const char *to)
{
	struct log_copied configuration, events;
	int error = target_make(from, to);
	if (!error)
		error = lookup_copy(from, to);
	if (!error)
		error = files_copy(from, to, "columns", file_take);
	if (!error)
		error = files_copy(from, to, "seen", hashes_take);
	if (!error)
		error = files_copy(from, to, "audit", audit_take);
	if (!error)
		error = log_take(from, to, "log", &events);
	if (!error) /* Behind the log, which knows its versions: so none that it knows is missing. */
		error = log_take(from, to, "configuration", &configuration);
	if (!error)
		error = files_each(from, small_take, to);
	if (!error)
		error = inventory_remove(to, "audit/head");
	if (!error)
		error = folder_sync(to);
	if (!error)
		*out = (struct backup){events.segments, events.linked, events.bytes, events.last};
	return error;
}

int engine_backup_sealing(const char *from, const char *to)
{
	char source[PATH_BYTES], slots[PATH_BYTES];
	struct stat status;
	int error = path_join(slots, from, "slots");
	if (!error && stat(slots, &status) == 0)
		error = path_join(source, from, ".");
	else if (!error)
		error = path_join(source, from, ENGINE_SEALING_FOLDER);
	if (!error)
		error = path_join(slots, source, "slots");
	if (!error && stat(slots, &status) != 0)
		error = ERROR_NOT_FOUND;
	if (!error)
		error = target_make(source, to);
	if (!error)
		error = files_each(source, small_take, to);
	return error ? error : folder_sync(to);
}
