/*
 * folder.h: making folders, and copying and replacing files, that are still there after a power cut.
 *
 * Each function may answer ERROR_BUSY: no descriptor is free, nothing has happened yet, and the same may work shortly.
 */
#ifndef ATTUNE_BASE_FOLDER_H
#define ATTUNE_BASE_FOLDER_H

#include "base/text.h"

#include <dirent.h>
#include <stdint.h>

/* Make the folder @path unless it is there; a new one is durable (its parent is synced). Errors: ERROR_IO, ERROR_FULL. */
int folder_make(const char *path) MUST_CHECK;

/* Make the entries of the folder that holds @path durable. Errors: ERROR_IO. */
int folder_sync_parent(const char *path) MUST_CHECK;

/* Make the entries of the folder @path durable. Errors: ERROR_IO. */
int folder_sync(const char *path) MUST_CHECK;

/* The next name in @items, until the next call; *@name is NULL behind the last. A folder that cannot be read further does not look
 * like one that ends. Errors: ERROR_IO. */
int folder_next(DIR *items, const char **name) MUST_CHECK;

/* Copy at most the first @bytes_max bytes of the file @from to the new file @to, readable by its owner alone, durably.
 * Errors: ERROR_IO, ERROR_FULL. */
int file_copy(const char *from, const char *to, uint64_t bytes_max) MUST_CHECK;

/* Make the file @path (0600) hold exactly @text: it is either the old or the new one, whatever happens. Who writes one file
 * from several places takes turns. Errors: ERROR_IO, ERROR_FULL. */
int file_replace(const char *path, struct text text) MUST_CHECK;

/* Give @path, a file or a folder, the name @path.damaged-N with the first N that is free; written to @aside. A file
 * that is not there is ERROR_NOT_FOUND. Errors: ERROR_IO. */
enum { FILE_ASIDE_BYTES = 4200 };
int file_set_aside(const char *path, char aside[FILE_ASIDE_BYTES]) MUST_CHECK;

/* The same with a copy of the file @path, which stays. Errors: ERROR_IO, ERROR_FULL. */
int file_keep_aside(const char *path, char aside[FILE_ASIDE_BYTES]) MUST_CHECK;

/* Append the whole file @path to @out. Errors: ERROR_IO (noted), ERROR_MEMORY (also: larger than @out may be). */
int file_load(const char *path, struct buffer *out) MUST_CHECK;

#endif
