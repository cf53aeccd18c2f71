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
	return errno == EXDEV || errno == EPERM || errno == EMLINK ? file_copy(from, to, bytes) : error_of_file(errno);
}

/* The last one is still written to: what is sound of it, zeros behind, and the mark of where that ends. */
static int segment_copy(struct copying *copying, const struct log *log, uint64_t index, uint64_t used)
{
	char from[4200], to[4200];
	size_t bad_at, bytes = log->options.segment_bytes;
	path_of(from, copying->from, index);
	path_of(to, copying->to, index);
	copying->out->bytes += used;
	int error = file_copy(from, to, used);
	if (!error)
		error = truncate(to, (off_t)bytes) == 0 ? 0 : error_of_file(errno);
	struct segment segment = {.file = -1};
	int folder = error ? -1 : open(copying->to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!error && folder < 0)
		error = error_of_file(errno);
	if (!error)
		error = segment_open(&segment, folder, index, bytes, SEGMENT_OPEN, NULL);
	if (!error)
		error = segment_writable(&segment, folder, index);
	if (!error)
		(void)segment_mark_read(&segment, &bad_at);
	for (int i = 0; i < 2 && !error; i++) /* Both: none of those that were copied may speak of more. */
		error = segment_mark_write(&segment, &log->mark);
	if (!error && fsync(segment.file) != 0)
		error = ERROR_IO;
	segment_close(&segment);
	if (folder >= 0)
		close(folder);
	return error;
}

static int segments_copy(struct copying *copying, const struct log *log)
{
	uint64_t end = atomic_load(&log->written), bytes = log->options.segment_bytes;
	int error = 0;
	for (uint64_t index = 0; index * bytes < end && !error; index++) {
		bool is_last = (index + 1) * bytes >= end;
		error = is_last ? segment_copy(copying, log, index, end - index * bytes) : segment_link(copying, index, bytes);
		copying->out->segments += !error;
	}
	return error;
}

static int epoch_copy(const struct log *log, const char *to, uint64_t segments)
{
	struct kept kept = {.epoch = log->kept.epoch, .segments = segments};
	int folder = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int file = folder < 0 ? -1 : kept_open(folder, true);
	int error = file < 0 ? error_of_file(errno) : kept_write(file, &kept, true);
	if (!error && fsync(folder) != 0)
		error = ERROR_IO;
	if (file >= 0)
		close(file);
	if (folder >= 0)
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
		error = epoch_copy(log, to, out->segments);
	out->last = log->end;
	log_close(log);
	return error;
}
