/*
 * repair.c: giving up what is damaged, so that the rest of a log can be opened.
 *
 * The damaged bytes are set aside in a file, and a filler takes their place: a sound block without entries, which keeps every position.
 * Blocks name the one before them, so a filler stands where the last lost block began and carries that block's own position.
 */
#include "log/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILLER_BYTES_MIN = BLOCK_HEAD_BYTES + 8 };

struct repairing {
	struct log *log;
	struct log_repaired *out;
};

/* ---- aside ---- */

static int bytes_aside(const struct log *log, int file, const struct gap *gap)
{
	uint64_t bytes = log->options.segment_bytes;
	struct segment as_segment = {.file = file};
	int error = 0;
	size_t written = 0;
	for (uint64_t at = gap->at; at < gap->next_at && !error;) {
		uint64_t end = (at / bytes + 1) * bytes < gap->next_at ? (at / bytes + 1) * bytes : gap->next_at;
		const struct segment *segment = &log->segments[at / bytes];
		error = segment_write(&as_segment, segment->map + at % bytes, (size_t)(end - at), written);
		written += (size_t)(end - at);
		at = end;
	}
	return error ? error : fsync(file) == 0 ? 0 : ERROR_IO;
}

static int gap_aside(const struct log *log, const struct gap *gap)
{
	char name[64];
	snprintf(name, sizeof name, "damaged-%" PRIu64, gap->at);
	int file = openat(log->folder, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0)
		return error_of_file(errno);
	int error = bytes_aside(log, file, gap);
	close(file);
	return !error && fsync(log->folder) != 0 ? ERROR_IO : error;
}

/* ---- fillers ---- */

struct filler {
	uint64_t at, end;     /* Offsets of its head, and behind it. */
	uint64_t first, last; /* Positions. */
};

static int filler_write(struct log *log, const struct filler *filler, uint64_t *previous)
{
	uint64_t bytes = log->options.segment_bytes, index = filler->at / bytes;
	struct segment *segment = segment_at(log, filler->at);
	struct block_head head = {.magic = BLOCK_MAGIC, .first = filler->first, .previous = *previous, .last = filler->last,
	                          .length = (uint32_t)(filler->end - filler->at - BLOCK_HEAD_BYTES)};
	if (!segment)
		return ERROR_CORRUPT;
	size_t at = (size_t)(filler->at % bytes);
	int error = segment_writable(segment, log->folder, index);
	if (!error)
		error = segment_zero(segment, at, at + (size_t)(filler->end - filler->at));
	head.hash = block_hash(&head, segment->map + at + BLOCK_HEAD_BYTES);
	if (!error)
		error = segment_write(segment, &head, sizeof head, at);
	if (!error && fdatasync(segment->file) != 0)
		error = ERROR_IO;
	segment_finish(segment);
	*previous = filler->first;
	return error;
}

static uint64_t position_in(uint64_t like, uint64_t offset)
{
	return (like & ~OFFSET_MASK) | offset;
}

/* From the last sound block to where the last lost one began: one filler a segment. */
static int way_fill(struct log *log, const struct gap *gap, uint64_t until, uint64_t *previous)
{
	uint64_t bytes = log->options.segment_bytes, epoch = gap->last.first ? gap->last.first : gap->previous;
	int error = 0;
	for (uint64_t at = gap->at; at < until && !error;) {
		uint64_t segment_end = (at / bytes + 1) * bytes, end = until / bytes > at / bytes ? at + FILLER_BYTES_MIN : until;
		if (until / bytes > at / bytes && segment_end - at < FILLER_BYTES_MIN) {
			at = segment_end + SEGMENT_HEAD_BYTES;
			continue;
		}
		if (end - at < FILLER_BYTES_MIN)
			return ERROR_CORRUPT;
		struct filler filler = {at, end, position_in(epoch, at + BLOCK_HEAD_BYTES), position_in(epoch, at + BLOCK_HEAD_BYTES)};
		error = filler_write(log, &filler, previous);
		at = end < until ? segment_end + SEGMENT_HEAD_BYTES : until;
	}
	return error;
}

static int gap_fill(struct log *log, const struct gap *gap)
{
	uint64_t bytes = log->options.segment_bytes, previous = gap->last.first, begin = (gap->previous & OFFSET_MASK) - BLOCK_HEAD_BYTES;
	if (gap->previous <= gap->last.first || begin < gap->at || begin + FILLER_BYTES_MIN > gap->next_at)
		return ERROR_CORRUPT;
	int error = way_fill(log, gap, begin, &previous);
	uint64_t end = gap->next_at / bytes == begin / bytes ? gap->next_at : begin + FILLER_BYTES_MIN;
	struct filler filler = {begin, end, gap->previous,
	                        gap->last_position ? gap->last_position : position_in(gap->previous, end - 8)};
	return error ? error : filler_write(log, &filler, &previous);
}

static int gap_give_up(void *arg, const struct gap *gap)
{
	struct repairing *repairing = arg;
	int error = gap_aside(repairing->log, gap);
	if (!error)
		error = gap_fill(repairing->log, gap);
	repairing->out->gaps += !error;
	repairing->out->bytes += error ? 0 : gap->next_at - gap->at;
	return error;
}

/* ---- files of another length ---- */

/* A file that was cut short gets its length back, and zeros for what it lacks. */
static int lengths_mend(const char *path)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0;
	size_t said = 0, n = 0;
	if (folder < 0)
		return errno == ENOENT ? ERROR_NOT_FOUND : error_of_file(errno);
	error = segments_count(folder, &n);
	for (uint64_t i = 0; i < n && !said; i++)
		said = segment_bytes_said(folder, i);
	for (uint64_t i = 0; said && !error && i < n; i++) {
		char name[40];
		struct stat status;
		snprintf(name, sizeof name, "%016" PRIx64 ".segment", i);
		int file = openat(folder, name, O_RDWR | O_CLOEXEC);
		if (file < 0)
			continue;
		if (fstat(file, &status) == 0 && (size_t)status.st_size != said && (ftruncate(file, (off_t)said) != 0 || fsync(file) != 0))
			error = error_of_file(errno);
		close(file);
	}
	close(folder);
	return error;
}

int log_repair(const char *folder, struct log_repaired *out)
{
	struct log_options options = {.folder = folder};
	struct log *log = NULL;
	*out = (struct log_repaired){0};
	int error = lengths_mend(folder);
	if (!error)
		error = log_prepare(&log, &options, true);
	struct repairing repairing = {log, out};
	if (!error)
		error = gaps_walk(log, SEGMENT_HEAD_BYTES, gap_give_up, &repairing);
	if (log)
		log_free(log);
	return error;
}
