/*
 * folder_search.h: are certain texts anywhere in the files of a folder? For proving that something is gone.
 */
#ifndef ATTUNE_BASE_FOLDER_SEARCH_H
#define ATTUNE_BASE_FOLDER_SEARCH_H

#include "base/text.h"

struct folder_search {
	uint64_t files, bytes;  /* Looked through. */
	uint64_t found;         /* Files with at least one of the texts. */
	char where[256];        /* The first of them, below the folder; empty: none. */
	bool is_whole;          /* False: there were more than @bytes_max, or a file could not be read. */
};

/*
 * Look for the bytes of @texts, as they are, in every plain file of @folder and its folders, but not in those whose path below it
 * begins with one of @spared (ends with NULL), at most @bytes_max bytes. Files that go away meanwhile are passed over.
 * Errors: ERROR_IO (no such folder), ERROR_MEMORY.
 */
int folder_search(struct folder_search *out, const char *folder, const char *const *spared, const struct text *texts, size_t n, uint64_t bytes_max) MUST_CHECK;

#endif
