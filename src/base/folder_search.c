/* folder_search.c: one file after another, a window at a time. */
#include "base/folder_search.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WINDOW = 1024 * 1024 };

struct search {
	const struct text *texts;
	size_t n, longest;
	char *window; /* WINDOW bytes, and before them room for what the one before ended with. */
};

static bool has_any(const struct search *search, size_t bytes)
{
	for (size_t i = 0; i < search->n; i++)
		if (search->texts[i].n && memmem(search->window, bytes, search->texts[i].p, search->texts[i].n))
			return true;
	return false;
}

/* Read, not mapped: a file may be cut meanwhile. */
static void file_search(struct folder_search *out, const struct search *search, const char *path, const char *below)
{
	size_t kept = 0;
	bool found = false;
	ssize_t got = 0;
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0) {
		out->is_whole &= errno == ENOENT;
		return;
	}
	while (!found && (got = read(file, search->window + kept, WINDOW)) > 0) {
		size_t bytes = kept + (size_t)got;
		out->bytes += (uint64_t)got;
		found = has_any(search, bytes);
		kept = bytes < search->longest ? bytes : search->longest;
		memmove(search->window, search->window + bytes - kept, kept);
	}
	out->is_whole &= got >= 0;
	out->files++;
	if (found && out->found++ == 0)
		snprintf(out->where, sizeof out->where, "%s", below);
	close(file);
}

static bool is_spared(const char *below, const char *const *spared)
{
	for (; *spared; spared++)
		if (strncmp(below, *spared, strlen(*spared)) == 0)
			return true;
	return false;
}

int folder_search(struct folder_search *out, const char *folder, const char *const *spared, const struct text *texts, size_t n, uint64_t bytes_max)
{
	char *const roots[] = {(char *)folder, NULL};
	struct search search = {texts, n, 0, NULL};
	*out = (struct folder_search){.is_whole = true};
	for (size_t i = 0; i < n; i++)
		search.longest = texts[i].n > search.longest ? texts[i].n : search.longest;
	search.window = memory_alloc(search.longest + WINDOW);
	if (!search.window)
		return ERROR_MEMORY;
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	if (!walk) {
		memory_free(search.window);
		return ERROR_IO;
	}
	for (FTSENT *entry; (entry = fts_read(walk));) {
		const char *below = entry->fts_path + strlen(folder);
		if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR)
			out->is_whole &= entry->fts_errno == ENOENT;
		if (entry->fts_info != FTS_F || is_spared(below + (*below == '/'), spared))
			continue;
		if (out->bytes + (uint64_t)entry->fts_statp->st_size > bytes_max) {
			out->is_whole = false;
			continue;
		}
		file_search(out, &search, entry->fts_path, below + (*below == '/'));
	}
	out->is_whole &= errno == 0; /* Else the walk broke off. */
	fts_close(walk);
	memory_free(search.window);
	return 0;
}
