/*
 * open.c: opening a log: its files, its end, and what is missing or damaged.
 *
 * What the disk says is compared with what is known to be on it (mark.h). What is derived, such as the head of a file or a mark, is
 * written again; where entries are missing the log is not opened, and the list of damage says where.
 */
#include "log/internal.h"

#include "base/clock.h"
#include "base/folder.h"
#include "base/memory.h"
#include "base/refusal.h"
#include "base/report.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SEGMENT_BYTES = 256 * 1024 * 1024, SEGMENT_BYTES_MIN = 1024 * 1024, PENDING_BYTES = 8 * 1024 * 1024,
	EPOCHS_SPARED = 16, /* When nothing says which epochs were in use, so many are left out. */
	FIRST_FILES = 16    /* Among these, one is looked for that says how large all are. */
};

/* ---- segments ---- */

/* The table is allocated once, so readers need no lock. */
void segment_enter(struct log *log, uint64_t index, struct segment segment)
{
	log->segments[index] = segment;
	if (log->segments_n <= index)
		log->segments_n = index + 1;
}

int segment_add(struct log *log, uint64_t index, enum segment_mode mode)
{
	struct segment segment;
	size_t bad_at;
	if (index >= SEGMENTS_MAX)
		return ERROR_LIMIT;
	if (log->segments[index].map)
		return 0;
	int error = segment_open(&segment, log->folder, index, log->options.segment_bytes, mode, &log->mark);
	if (error == ERROR_CORRUPT)
		log_damage(log, index, 0, DAMAGE_REFUSED, log_remedy(log), "The file has another length than %zu bytes, or is another one of the log.",
		           log->options.segment_bytes);
	if (error)
		return error;
	(void)segment_mark_read(&segment, &bad_at);
	segment_enter(log, index, segment);
	return 0;
}

static int segment_missing(const struct log *log, uint64_t index)
{
	log_damage(log, index, 0, DAMAGE_REFUSED, log_remedy(log), "The file is missing, and all that was recorded in it.");
	return ERROR_CORRUPT;
}

/* Open the segments, which must be there without a gap. Beside a writer, one may appear meanwhile: then once more. */
static int segments_open(struct log *log, bool repair)
{
	size_t n = 0;
	for (int tries = 0; tries < 2; tries++) {
		int error = 0;
		for (uint64_t index = log->segments_n; !error; index++)
			error = segment_add(log, index, SEGMENT_OPEN);
		if (error == ERROR_NOT_FOUND)
			error = segments_count(log->folder, &n);
		if (error)
			return error;
		if (n == log->segments_n && n >= log->kept.segments)
			return 0;
	}
	if (!repair)
		return segment_missing(log, log->segments_n);
	int error = segment_add(log, log->segments_n, SEGMENT_SPARSE);
	return error ? error : segments_open(log, repair);
}

/* What the heads of segments say of themselves is known without them. */
static int heads_mend(struct log *log)
{
	for (size_t i = 0; i < log->segments_n; i++) {
		struct segment *segment = &log->segments[i];
		if (!segment->head_is_bad)
			continue;
		log_damage(log, i, 0, DAMAGE_REBUILT, "Nothing to do.", "The head of the file is damaged; what it says is known without it.");
		int error = log->options.read_only ? 0 : segment_writable(segment, log->folder, i);
		if (!error && !log->options.read_only)
			error = segment_head_write(segment, i);
		if (error && error != ERROR_FULL)
			return error;
		segment->head_is_bad = false;
		segment_finish(segment); /* Durable some time later: until then it is said again. */
	}
	return 0;
}

/* The newest mark there is. Only the newest file that has one counts; whoever only reads looks at all, to say what is damaged. */
static void mark_find(struct log *log, bool *is_bad)
{
	for (size_t i = log->segments_n; i > 0 && (!log->mark.first || log->options.read_only); i--) {
		size_t bad_at;
		struct mark mark = segment_mark_read(&log->segments[i - 1], &bad_at);
		if (bad_at && i == log->segments_n)
			*is_bad = true;
		if (bad_at)
			log_damage(log, i - 1, bad_at, DAMAGE_REBUILT, "Nothing to do.",
			           "A mark of the end of the log is damaged; the log itself says where it ends.");
		log->gaps = mark.gaps > log->gaps ? mark.gaps : log->gaps;
		if (mark.first > log->mark.first)
			log->mark = mark;
	}
	log->mark.gaps = log->gaps;
	log->marked_end = log->mark.end;
}

/* ---- the end ---- */

/* Why the block that the snapshot ends with is not there. */
static int snapshot_ahead(struct log *log, uint64_t position)
{
	size_t before = damage_count();
	gaps_name(log, SEGMENT_HEAD_BYTES);
	if (damage_count() == before)
		log_file_damage(log, "", DAMAGE_REFUSED, log_remedy(log),
		                "The snapshot in the folder lookup has all up to byte %" PRIu64 " of the log, which ends before: files of the log are gone, or are older ones.",
		                position & OFFSET_MASK);
	return ERROR_CORRUPT;
}

static int end_find(struct log *log, uint64_t checked_from, struct block_head *last, uint64_t *end)
{
	uint64_t at = SEGMENT_HEAD_BYTES;
	int error = checked_from ? block_find(log, checked_from, &at) : 0;
	if (error == ERROR_NOT_FOUND || error == ERROR_CORRUPT)
		return snapshot_ahead(log, checked_from);
	if (error)
		return error;
	error = blocks_walk(log, at, UINT64_MAX, 0, NULL, NULL, last, end);
	if (log->options.damaged_at)
		*log->options.damaged_at = *end;
	if (!error && *end < log->marked_end)
		error = ERROR_CORRUPT; /* It ends where a segment does. */
	if (error == ERROR_CORRUPT)
		gaps_name(log, at);
	if (!error && checked_from && last->last < checked_from)
		return snapshot_ahead(log, checked_from);
	return error;
}

/* An epoch that was never in use, whatever a crash cut off. */
static int epoch_next(struct log *log, const struct block_head *last)
{
	uint64_t seen = last->first >> 48, marked = log->mark.first >> 48;
	uint64_t epoch = seen > marked ? seen : marked;
	bool is_lost = !log->kept.magic && epoch;
	if (is_lost) {
		log_file_damage(log, "epoch", DAMAGE_REBUILT, "Nothing to do.",
		                "The file is missing or damaged: the next numbers for positions are left out, so that none is given twice.");
		epoch += EPOCHS_SPARED;
	}
	log->epoch = (epoch > log->kept.epoch ? epoch : log->kept.epoch) + 1;
	if (log->epoch > UINT16_MAX)
		return ERROR_LIMIT;
	if (!is_lost || log->options.read_only || log->kept_file < 0)
		return 0;
	log->kept = (struct kept){.epoch = log->epoch - 1, .segments = log->segments_n};
	int error = kept_write(log->kept_file, &log->kept, true);
	return error == ERROR_FULL ? 0 : error;
}

/* Find the end of the log from @checked_from on, and begin a new epoch behind it. */
static int recover(struct log *log, uint64_t checked_from)
{
	struct block_head last = {0};
	uint64_t end = 0;
	int error = end_find(log, checked_from, &last, &end);
	if (!error)
		error = epoch_next(log, &last);
	if (error)
		return error;
	log->previous_first = last.first;
	log->end = last.last;
	log->mark = (struct mark){.first = last.first, .last = last.last, .end = last.first ? end : 0, .gaps = log->gaps};
	atomic_store(&log->durable, last.last);
	atomic_store(&log->written, last.first ? end : 0);
	block_begin(log->filling, last.first ? block_start(log, end) : SEGMENT_HEAD_BYTES);
	log->zeroed = log->filling->offset;
	log->figures.epoch = (uint32_t)log->epoch;
	log->figures.segments = log->segments_n;
	return 0;
}

/*
 * What was found sound may never have been synced, when a process was killed: it is now, before anything builds on it. Then it is marked,
 * both places when one was @bad.
 */
static int end_secure(struct log *log, bool bad)
{
	uint64_t bytes = log->options.segment_bytes, index = (log->mark.first & OFFSET_MASK) / bytes, now = log->filling->offset / bytes;
	int error = log->mark.first ? segment_writable(&log->segments[index], log->folder, index) : 0;
	if (!error && log->mark.first && fdatasync(log->segments[index].file) != 0)
		error = ERROR_IO;
	if (index != now)
		segment_finish(&log->segments[index]);
	if (!error)
		error = segment_add(log, now, SEGMENT_WHOLE);
	if (!error)
		error = segment_writable(&log->segments[now], log->folder, now);
	for (int i = 0; i < 1 + bad && !error && log->mark.first; i++)
		error = segment_mark_write(&log->segments[now], &log->mark);
	if (!error && log->mark.first && fdatasync(log->segments[now].file) != 0)
		error = ERROR_IO;
	if (error == ERROR_FULL) {
		report(REPORT_ERROR, "disk_full", "The disk is full: new events are refused until there is room again.");
		log->full = true;
	}
	return log->full ? 0 : error;
}

/* ---- the folder ---- */

static int folder_open(struct log *log)
{
	const char *path = log->options.folder;
	int error = log->options.read_only ? 0 : folder_make(path);
	if (error)
		return error;
	log->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (log->folder < 0)
		return errno == ENOENT ? ERROR_NOT_FOUND : error_of_file(errno);
	if (log->options.read_only) {
		int lock = rewrite_lock(log->folder, false);
		log->reading_lock = lock < 0 ? -1 : lock;
		return lock < 0 && lock != ERROR_NOT_FOUND ? lock : 0; /* Nothing was ever rewritten here. */
	}
	log->lock_file = openat(log->folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (log->lock_file < 0)
		return error_of_file(errno);
	if (flock(log->lock_file, LOCK_EX | LOCK_NB) != 0)
		return refuse(ERROR_BUSY, "%s is in use by another process.", path);
	int rewriting = rewrite_lock(log->folder, true); /* So that the file is there for whoever reads. */
	if (rewriting >= 0)
		close(rewriting);
	return rewriting == ERROR_IO ? ERROR_IO : 0;
}

static int kept_find(struct log *log)
{
	log->kept_file = kept_open(log->folder, !log->options.read_only);
	if (log->kept_file < 0)
		return errno == ENOENT ? 0 : error_of_file(errno);
	return kept_read(log->kept_file, &log->kept);
}

/* The size that all files have: that of those that are there. */
static void size_settle(struct log *log)
{
	size_t said = 0;
	for (uint64_t i = 0; i < FIRST_FILES && !said; i++)
		said = segment_bytes_said(log->folder, i);
	if (said >= SEGMENT_BYTES_MIN && said % SEGMENT_PAGE_BYTES == 0)
		log->options.segment_bytes = said;
}

static void options_complete(struct log_options *options)
{
	if (options->segment_bytes == 0)
		options->segment_bytes = SEGMENT_BYTES;
	if (options->segment_bytes < SEGMENT_BYTES_MIN)
		options->segment_bytes = SEGMENT_BYTES_MIN;
	options->segment_bytes &= ~(size_t)4095;
	if (options->pending_bytes_max == 0)
		options->pending_bytes_max = PENDING_BYTES;
	if (options->pending_bytes_max > options->segment_bytes / 4)
		options->pending_bytes_max = options->segment_bytes / 4;
	assert(options->pending_bytes_max >= LOG_ENTRY_BYTES_MAX + ENTRY_HEAD_BYTES + 8);
}

/* A disk with no room for the reserve is full already: nothing is taken until there is room. */
static int reserve_first(struct log *log)
{
	int error = log->options.reserve_bytes ? reserve_make(log->folder, log->options.reserve_bytes) : 0;
	log->reserved = !error && log->options.reserve_bytes;
	if (error == ERROR_FULL && !log->full)
		report(REPORT_ERROR, "disk_full", "There is no room for the reserve of %zu MiB: new events are refused until there is.",
		       log->options.reserve_bytes >> 20);
	log->full = log->full || error == ERROR_FULL;
	return log->full ? 0 : error;
}

void log_free(struct log *log)
{
	for (size_t i = 0; log->segments && i < log->segments_n; i++)
		if (log->segments[i].map)
			segment_close(&log->segments[i]);
	if (log->lock_file >= 0)
		close(log->lock_file);
	if (log->reading_lock >= 0)
		close(log->reading_lock);
	if (log->kept_file >= 0)
		close(log->kept_file);
	if (log->folder >= 0)
		close(log->folder);
	memory_free(log->segments);
	memory_free(log->blocks[0].bytes);
	memory_free(log->blocks[1].bytes);
	pthread_mutex_destroy(&log->lock);
	pthread_cond_destroy(&log->work);
	pthread_cond_destroy(&log->done);
	memory_free(log);
}

static int blocks_alloc(struct log *log)
{
	log->filling = &log->blocks[0];
	for (size_t i = 0; i < 2; i++) {
		log->blocks[i].bytes = memory_alloc(BLOCK_HEAD_BYTES + log->options.pending_bytes_max);
		if (!log->blocks[i].bytes)
			return ERROR_MEMORY;
	}
	return 0;
}

int log_prepare(struct log **out, const struct log_options *options, bool repair)
{
	struct log *log = memory_zero_alloc(1, sizeof *log);
	if (!log)
		return ERROR_MEMORY;
	*out = log;
	log->options = *options;
	const char *slash = strrchr(options->folder, '/');
	snprintf(log->name, sizeof log->name, "%s", slash ? slash + 1 : options->folder);
	log->folder = log->lock_file = log->reading_lock = log->kept_file = -1;
	pthread_mutex_init(&log->lock, NULL);
	clock_condition_init(&log->work);
	clock_condition_init(&log->done);
	log->segments = memory_zero_alloc(SEGMENTS_MAX, sizeof *log->segments);
	int error = log->segments ? folder_open(log) : ERROR_MEMORY;
	if (error)
		return error;
	size_settle(log);
	options_complete(&log->options);
	error = kept_find(log); /* Before the files, which may become more meanwhile. */
	if (!error)
		error = blocks_alloc(log);
	if (!error)
		error = segments_open(log, repair);
	if (!error)
		error = heads_mend(log);
	if (!error)
		mark_find(log, &log->mark_is_bad);
	return error ? error : rewrite_finish(log);
}

int log_open(struct log **out, const struct log_options *options, uint64_t checked_from)
{
	struct log *log = NULL;
	int error = log_prepare(&log, options, false);
	if (!error)
		error = recover(log, log->checks_all ? 0 : checked_from);
	if (!error && !log->options.read_only)
		error = end_secure(log, log->mark_is_bad);
	if (!error && !log->options.read_only)
		error = reserve_first(log);
	if (!error && !log->options.read_only)
		error = log_threads_start(log);
	if (error == ERROR_BUSY && errno == EMFILE)
		refuse(error, "No file descriptor is free to open %s: raise the limit of open files (LimitNOFILE).", options->folder);
	if (error) {
		if (log)
			log_free(log);
		return error;
	}
	log->options.folder = NULL;
	*out = log;
	return 0;
}
