/*
 * repair.c: giving up what is damaged, so that the rest of a log can be opened.
 *
 * The damaged bytes are set aside in a file, and a filler takes their place: a sound block without entries, which keeps every position.
 * Blocks name the one before them, so a filler stands where the last lost block began and carries that block's own position. Its room
 * is that of lost entries, and holds bridges over them.
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
	char name[64], draft[72];
	struct stat status;
	snprintf(name, sizeof name, "damaged-%" PRIu64, gap->at);
	snprintf(draft, sizeof draft, "%s.new", name);
	if (fstatat(log->folder, name, &status, 0) == 0)
		return 0; /* From an attempt that was cut short, which may have written here since. */
	int file = openat(log->folder, draft, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0)
		return error_of_file(errno);
	int error = bytes_aside(log, file, gap);
	close(file);
	if (!error && (renameat(log->folder, draft, log->folder, name) != 0 || fsync(log->folder) != 0))
		error = error_of_file(errno);
	return error;
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

/* Where a filler at @at ends that fills its segment: just before its end, where no block can begin. */
static uint64_t fill_end(const struct log *log, uint64_t at)
{
	return (at / log->options.segment_bytes + 1) * log->options.segment_bytes - 8;
}

/* From the last sound block to where the last lost one began: one filler a segment. */
static int way_fill(struct log *log, const struct gap *gap, uint64_t until, uint64_t *previous)
{
	uint64_t bytes = log->options.segment_bytes, epoch = gap->last.first ? gap->last.first : gap->previous;
	int error = 0;
	for (uint64_t at = gap->at; at < until && !error;) {
		bool is_last = until / bytes == at / bytes;
		uint64_t end = is_last ? until : fill_end(log, at);
		if (is_last && end < at + FILLER_BYTES_MIN)
			return ERROR_CORRUPT;
		if (end >= at + FILLER_BYTES_MIN) {
			struct filler filler = {at, end, position_in(epoch, at + BLOCK_HEAD_BYTES), position_in(epoch, end - 8)};
			error = filler_write(log, &filler, previous);
		}
		at = is_last ? until : (at / bytes + 1) * bytes + SEGMENT_HEAD_BYTES;
	}
	return error;
}

static int gap_fill(struct log *log, const struct gap *gap)
{
	uint64_t bytes = log->options.segment_bytes, previous = gap->last.first, begin = (gap->previous & OFFSET_MASK) - BLOCK_HEAD_BYTES;
	if (gap->previous <= gap->last.first || begin < gap->at || begin + FILLER_BYTES_MIN > gap->next_at)
		return ERROR_CORRUPT;
	int error = way_fill(log, gap, begin, &previous);
	uint64_t end = gap->next_at / bytes == begin / bytes ? gap->next_at : fill_end(log, begin);
	struct filler filler = {begin, end, gap->previous,
	                        gap->last_position ? gap->last_position : position_in(gap->previous, end - 8)};
	return error ? error : filler_write(log, &filler, &previous);
}

/* That there are fillers is told by the marks, in both places, before there is one. */
static int gaps_mark(struct log *log)
{
	uint64_t index = log->segments_n - 1;
	struct segment *segment = &log->segments[index];
	int error = segment_writable(segment, log->folder, index);
	log->mark.gaps++;
	for (int i = 0; i < 2 && !error; i++)
		error = segment_mark_write(segment, &log->mark);
	if (!error && fdatasync(segment->file) != 0)
		error = ERROR_IO;
	segment_finish(segment);
	return error;
}

static int gap_give_up(void *arg, const struct gap *gap)
{
	struct repairing *repairing = arg;
	int error = repairing->out->gaps ? 0 : gaps_mark(repairing->log);
	if (!error)
		error = gap_aside(repairing->log, gap);
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

/* ---- bridges ---- */

struct bridging {
	struct log *log;
	const struct log_bridge *bridges;
	size_t n;
};

/* Those of the bridges that lie in the filler at @at go there. */
static int filler_bridge(struct bridging *bridging, uint64_t at, const struct block_head *head)
{
	struct log *log = bridging->log;
	size_t n = 0, inside = (size_t)(at % log->options.segment_bytes);
	while (n < bridging->n && (bridging->bridges[n].gone & OFFSET_MASK) < at + BLOCK_HEAD_BYTES + head->length)
		n++;
	if (n * sizeof *bridging->bridges > head->length)
		return ERROR_LIMIT;
	struct block_head next = *head;
	struct segment *segment = segment_at(log, at);
	int error = segment_writable(segment, log->folder, at / log->options.segment_bytes);
	if (!error)
		error = segment_zero(segment, inside + BLOCK_HEAD_BYTES, inside + BLOCK_HEAD_BYTES + head->length);
	if (!error && n)
		error = segment_write(segment, bridging->bridges, n * sizeof *bridging->bridges, inside + BLOCK_HEAD_BYTES);
	next.hash = block_hash(&next, segment->map + inside + BLOCK_HEAD_BYTES);
	if (!error)
		error = segment_write(segment, &next, sizeof next, inside);
	if (!error && fdatasync(segment->file) != 0)
		error = ERROR_IO;
	segment_finish(segment);
	bridging->bridges += n;
	bridging->n -= n;
	return error;
}

static int fillers_bridge(struct bridging *bridging)
{
	struct log *log = bridging->log;
	uint64_t bytes = log->options.segment_bytes, at = SEGMENT_HEAD_BYTES;
	struct block_head last = {0};
	int error = 0;
	while (segment_at(log, at) && !error) {
		const struct block_head *block = block_next(log, at, &last);
		if (!block) {
			at = (at / bytes + 1) * bytes + SEGMENT_HEAD_BYTES;
			block = block_next(log, at, &last);
		}
		if (!block)
			break;
		last = *block;
		if (!last.entries)
			error = filler_bridge(bridging, at, &last);
		at += BLOCK_HEAD_BYTES + last.length;
	}
	return error ? error : bridging->n ? ERROR_LIMIT : 0;
}

int log_bridges_write(const char *folder, const struct log_bridge *bridges, size_t n)
{
	struct log_options options = {.folder = folder};
	struct log *log = NULL;
	int error = log_prepare(&log, &options, false);
	if (!error)
		error = fillers_bridge(&(struct bridging){log, bridges, n});
	if (log)
		log_free(log);
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
