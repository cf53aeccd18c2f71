/*
 * archive.h: a zip that came from outside, unpacked in memory, which is not believed anything. packing.h makes zips.
 *
 * One thread at a time.
 */
#ifndef ATTUNE_SERVE_ARCHIVE_H
#define ATTUNE_SERVE_ARCHIVE_H

#include "base/text.h"

enum { ARCHIVE_FILES_MAX = 40, ARCHIVE_NAME_BYTES = 48 };

struct unpacked {
	struct {
		char name[ARCHIVE_NAME_BYTES];
		struct buffer content;
	} files[ARCHIVE_FILES_MAX];
	size_t n;
	const char *problem; /* What is wrong with it, in a few words. */
};

/*
 * Unpack @packed, whole, into @out; free it with unpacked_free, also after an error. Names are plain ("a-name.json", perhaps below one
 * folder) and each stands once; together the files have at most @bytes_max bytes, whatever the zip says of itself; every checksum fits.
 * Errors: ERROR_INVALID (out->problem says why), ERROR_LIMIT (it is too large), ERROR_MEMORY.
 */
int archive_unpack(struct unpacked *out, struct text packed, size_t bytes_max) MUST_CHECK;
void unpacked_free(struct unpacked *unpacked);

/* The content of the file called @name; false without one. */
bool unpacked_find(const struct unpacked *unpacked, struct text name, struct text *content);

#endif
