/*
 * archive.h: a zip made in memory from texts.
 *
 * Texts are borrowed until archive_finish. One thread at a time.
 */
#ifndef ATTUNE_SERVE_ARCHIVE_H
#define ATTUNE_SERVE_ARCHIVE_H

#include "base/text.h"

enum { ARCHIVE_FILES_MAX = 40 };

struct archive {
	struct {
		const char *name;
		struct text content;
	} files[ARCHIVE_FILES_MAX];
	size_t n;
};

void archive_add(struct archive *archive, const char *name, struct text content);

/* Pack all of it to the end of @out, stamped @now_ms. Errors: ERROR_MEMORY, ERROR_LIMIT (@out is full). */
int archive_finish(const struct archive *archive, int64_t now_ms, struct buffer *out) MUST_CHECK;

#endif
