/* copy.c: a copy of a log, as far as it is sound now. */
#include "log/internal.h"

#include "base/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct copying {
	const char *from, *to;
	struct log_copied *out;
};

static void path_of(char path[4200], const char *folder, uint64_t index)
{
	snprintf(path, 4200, "%s/%016" PRIx64 ".segment", folder, index);
}

/* A finished segment never changes: a second name for it is a copy. */
static int segment_link(struct copying *copying, uint64_t index, size_t bytes)
{
	char from[4200], to[4200];
	path_of(from, copying->from, index);
	path_of(to, copying->to, index);
	copying->out->bytes += bytes;
	if (link(from, to) == 0) {
		copying->out->linked++;
		return 0;
	}
	return errno == EXDEV || errno == EPERM || errno == EMLINK ? file_copy(from, to, bytes) : errno == ENOSPC ? ERROR_FULL : ERROR_IO;
}

/* The last one is still written to: what is sound of it, and zeros behind. */
static int segment_copy(struct copying *copying, uint64_t index, uint64_t used, size_t bytes)
{
	char from[4200], to[4200];
	path_of(from, copying->from, index);
	path_of(to, copying->to, index);
	copying->out->bytes += used;
	int error = file_copy(from, to, used);
	return error ? error : truncate(to, (off_t)bytes) == 0 ? 0 : ERROR_IO;
}

static int segments_copy(struct copying *copying, struct log *log)
{
	uint64_t end = atomic_load(&log->written), bytes = log->options.segment_bytes;
	int error = 0;
	for (uint64_t index = 0; index * bytes < end && !error; index++) {
		bool is_last = (index + 1) * bytes >= end;
		error = is_last ? segment_copy(copying, index, end - index * bytes, bytes) : segment_link(copying, index, bytes);
		copying->out->segments += !error;
	}
	return error;
}

static int epoch_copy(struct log *log, const char *to)
{
	int folder = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return ERROR_IO;
	int error = epoch_write(folder, epoch_read(log->folder), true);
	close(folder);
	return error;
}

int log_copy(const char *from, const char *to, struct log_copied *out)
{
	struct log_options options = {.folder = from, .read_only = true};
	struct copying copying = {.from = from, .to = to, .out = out};
	struct log *log;
	*out = (struct log_copied){0};
	int error = log_open(&log, &options, 0);
	if (error)
		return error;
	error = folder_make(to);
	if (!error)
		error = segments_copy(&copying, log);
	if (!error)
		error = epoch_copy(log, to);
	out->last = log->end;
	log_close(log);
	return error;
}
