/*
 * checked_file.h: small files of a data folder that say themselves whether they are what was written.
 *
 * A checked file is its content and one line behind it:
 *
 *     # checksum NAME 16 hex digits
 *
 * The digits are XXH3 of the content, seeded with the name, so a changed, cut, emptied or exchanged file is found. The
 * content comes first and as it is: a person, or the company's backend, reads it as before. A file is replaced as a whole
 * (written aside, synced, renamed, folder synced), readable by its owner alone.
 */
#ifndef ATTUNE_BASE_CHECKED_FILE_H
#define ATTUNE_BASE_CHECKED_FILE_H

#include "base/text.h"

enum { CHECKED_BYTES_MAX = 4 * 1024 * 1024 };

/* Append to @out the file that checked_read gives back as @content. */
void checked_format(struct buffer *out, const char *name, struct text content);

/* Take a whole file apart. False: it is not what was written under @name. *@content points into @file. */
bool checked_parse(struct text file, const char *name, struct text *content);

/*
 * Read FOLDER/NAME into @content, without the line. Errors: ERROR_NOT_FOUND (no such file), ERROR_CORRUPT (it is not what
 * was written; the caller says in damage.h what that costs), ERROR_IO (noted in refusal.h), ERROR_MEMORY.
 */
int checked_read(const char *folder, const char *name, struct buffer *content) MUST_CHECK;

/* Make FOLDER/NAME hold @content, durably. Errors: ERROR_IO, ERROR_FULL (both noted), ERROR_MEMORY. */
int checked_write(const char *folder, const char *name, struct text content) MUST_CHECK;

#endif
