/*
 * rewrite.c: changing entries that are on disk, in place and for good.
 *
 * New images of the blocks are first written aside, to the file "rewrite", which gets its name when all of it is on disk; then they go
 * where they belong, and the file goes. So what is cut short in the midst is finished by the next opening, and no block is ever lost.
 * A second file, "rewriting", is locked meanwhile: whoever reads the files beside the writer waits for its lock.
 */
#include "log/internal.h"

#include "base/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define REWRITE_MAGIC 0x3154525754544121u

enum { IMAGES_BYTES = 8 * 1024 * 1024 };

struct rewrite_head {
	uint64_t magic, bytes, hash; /* Of all images. */
};

struct image_head {
	uint64_t offset;             /* Of the block in the log. */
	uint64_t bytes;              /* Of the block, with its head, behind this one. */
};

/* ---- where they belong ---- */

/* Whoever reads meanwhile waits for the even number. The system has all of it when this returns; the disk, after the sync. */
static int image_write(struct log *log, const struct segment *segment, struct text image, size_t at)
{
	atomic_fetch_add(&log->rewrites, 1);
	int error = segment_write(segment, image.p, image.n, at);
	atomic_fetch_add(&log->rewrites, 1);
	return error;
}

/* Images of blocks of one segment, which is open to write to. */
static int images_apply(struct log *log, const struct segment *segment, uint64_t index, struct text *images)
{
	int error = 0;
	while (images->n && !error) {
		struct image_head head;
		if (images->n < sizeof head)
			return ERROR_CORRUPT;
		memcpy(&head, images->p, sizeof head);
		size_t at = (size_t)(head.offset % log->options.segment_bytes);
		if (head.offset / log->options.segment_bytes != index)
			break;
		*images = text_from(*images, sizeof head);
		if (head.bytes > images->n || head.bytes > segment->bytes - at)
			return ERROR_CORRUPT;
		error = image_write(log, segment, text_first(*images, (size_t)head.bytes), at);
		*images = text_from(*images, (size_t)head.bytes);
	}
	return !error && fdatasync(segment->file) != 0 ? ERROR_IO : error;
}

/* A descriptor of our own for segment @index: the writer's is closed when it goes on to the next. */
static int segment_borrow(struct log *log, uint64_t index, struct segment *borrowed)
{
	const struct segment *segment = segment_at(log, index * log->options.segment_bytes);
	if (!segment)
		return ERROR_CORRUPT;
	*borrowed = *segment;
	borrowed->file = -1;
	return segment_writable(borrowed, log->folder, index);
}

static int images_apply_all(struct log *log, struct text images)
{
	int error = 0;
	while (images.n && !error) {
		struct image_head head;
		struct segment segment;
		if (images.n < sizeof head)
			return ERROR_CORRUPT;
		memcpy(&head, images.p, sizeof head);
		uint64_t index = head.offset / log->options.segment_bytes;
		error = segment_borrow(log, index, &segment);
		if (error)
			return error;
		error = images_apply(log, &segment, index, &images);
		segment_finish(&segment);
	}
	return error;
}

static int journal_drop(struct log *log)
{
	return unlinkat(log->folder, "rewrite", 0) == 0 && fsync(log->folder) == 0 ? 0 : ERROR_IO;
}

static int journal_keep(struct log *log, struct text images)
{
	struct rewrite_head head = {REWRITE_MAGIC, images.n, XXH3_64bits(images.p, images.n)};
	struct segment file = {.file = openat(log->folder, "rewrite.new", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
	if (file.file < 0)
		return error_of_file(errno);
	int error = segment_write(&file, &head, sizeof head, 0);
	if (!error)
		error = segment_write(&file, images.p, images.n, sizeof head);
	if (!error && (fsync(file.file) != 0 || renameat(log->folder, "rewrite.new", log->folder, "rewrite") != 0 || fsync(log->folder) != 0))
		error = ERROR_IO;
	close(file.file);
	if (error)
		unlinkat(log->folder, "rewrite.new", 0);
	return error;
}

static int journal_read(int file, struct buffer *images)
{
	struct rewrite_head head;
	struct stat status;
	if (fstat(file, &status) != 0)
		return ERROR_IO;
	if (status.st_size < (off_t)sizeof head)
		return ERROR_CORRUPT; /* It got its name when all of it was on disk. */
	if (pread(file, &head, sizeof head, 0) != sizeof head)
		return ERROR_IO;
	if (head.magic != REWRITE_MAGIC || head.bytes != (uint64_t)status.st_size - sizeof head)
		return ERROR_CORRUPT;
	if (!buffer_reserve(images, (size_t)head.bytes))
		return ERROR_MEMORY;
	while (images->n < head.bytes) {
		ssize_t n = pread(file, images->p + images->n, (size_t)head.bytes - images->n, (off_t)(sizeof head + images->n));
		if (n <= 0)
			return ERROR_IO;
		images->n += (size_t)n;
	}
	return XXH3_64bits(images->p, images->n) == head.hash ? 0 : ERROR_CORRUPT;
}

/*
 * The journal cannot be read, so the change cannot be finished. Whoever asked for it finds the entries unchanged and asks again; a block
 * that was half written is damaged, and the check of every block finds it.
 */
static int journal_lost(struct log *log)
{
	log_file_damage(log, "rewrite", DAMAGE_REBUILT, "Nothing to do: they are removed again.",
	                "Entries were being removed from the log when the process ended, and the list of what was left is damaged: some may still be there.");
	log->checks_all = true;
	return journal_drop(log);
}

int rewrite_finish(struct log *log)
{
	int file = openat(log->folder, "rewrite", O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return errno == ENOENT ? 0 : error_of_file(errno);
	if (log->options.read_only) {
		close(file);
		return ERROR_CONFLICT;
	}
	struct buffer images = BUFFER_INIT(SIZE_MAX / 2);
	int error = journal_read(file, &images);
	if (error == ERROR_CORRUPT) {
		error = journal_lost(log);
	} else {
		if (!error)
			error = images_apply_all(log, buffer_view(&images));
		if (!error)
			error = journal_drop(log);
	}
	close(file);
	buffer_free(&images);
	return error;
}

/* ---- one at a time, and not beside who reads the files ---- */

int rewrite_lock(int folder, bool alone)
{
	int file = openat(folder, "rewriting", alone ? O_RDWR | O_CREAT | O_CLOEXEC : O_RDONLY | O_CLOEXEC, 0600);
	if (file < 0)
		return errno == ENOENT ? ERROR_NOT_FOUND : error_of_file(errno);
	int error;
	do
		error = flock(file, alone ? LOCK_EX | LOCK_NB : LOCK_SH) == 0 ? 0 : errno;
	while (error == EINTR);
	if (!error)
		return file;
	close(file);
	return error == EWOULDBLOCK ? ERROR_BUSY : ERROR_IO;
}

/* New images are on disk and must get to their places: what a failed write or sync left, only an opening can find out. */
static _Noreturn void fail(int error)
{
	report(REPORT_ERROR, "log_rewrite_failed", "Taking entries out of the log failed: %s Stopping at once; start again to finish it.",
	       error_sentence(error));
	_exit(70);
}

/* ---- new images ---- */

struct rewriting {
	struct log *log;
	void (*change)(void *arg, uint64_t position, uint8_t *entry, size_t n);
	void *arg;
	struct buffer images;
};

static int block_damaged(struct log *log, uint64_t at)
{
	log_damage(log, at / log->options.segment_bytes, at % log->options.segment_bytes, DAMAGE_LOST, log_remedy(log),
	           "A block is damaged that was sound when it was written, so entries cannot be removed from it.");
	return ERROR_CORRUPT;
}

/* The offset of the block that holds @position, from @at on when that is before it in the same segment. */
static int block_reach(struct log *log, uint64_t position, uint64_t *at)
{
	uint64_t offset = position & OFFSET_MASK, bytes = log->options.segment_bytes;
	if (*at == 0 || *at / bytes != offset / bytes || *at > offset)
		return block_find(log, position, at);
	for (;;) {
		const struct segment *segment = segment_at(log, *at);
		const struct block_head *head = (const void *)(segment->map + *at % bytes);
		if (head->magic != BLOCK_MAGIC)
			return block_damaged(log, *at);
		if (offset < *at + BLOCK_HEAD_BYTES + head->length)
			return 0;
		*at += BLOCK_HEAD_BYTES + head->length;
	}
}

/* Change the entry at @position in the image of its block, which lies at @at in the log. */
static int entry_change(struct rewriting *rewriting, uint64_t position, uint64_t at, uint8_t *image, size_t bytes)
{
	uint64_t inside = (position & OFFSET_MASK) - at;
	struct entry_head head;
	if (inside < BLOCK_HEAD_BYTES || inside % 8 || inside + sizeof head > bytes)
		return ERROR_NOT_FOUND;
	memcpy(&head, image + inside, sizeof head);
	if (head.position != position)
		return ERROR_NOT_FOUND;
	if (head.length > bytes - inside - sizeof head)
		return ERROR_CORRUPT;
	rewriting->change(rewriting->arg, position, image + inside + sizeof head, head.length);
	head.check = entry_check(image + inside + sizeof head, head.length, position);
	memcpy(image + inside, &head, sizeof head);
	return 0;
}

/* An image of the block at @at, with those of @positions changed that lie in it: *@done of them are. */
static int image_add(struct rewriting *rewriting, uint64_t at, const uint64_t *positions, size_t n, size_t *done)
{
	struct log *log = rewriting->log;
	struct buffer *images = &rewriting->images;
	const uint64_t inside = at % log->options.segment_bytes;
	const struct block_head *block = segment_block(segment_at(log, at), (size_t)inside, at - inside, 0);
	struct block_head head;
	if (!block) /* Changed as it is, it would come out sound. */
		return block_damaged(log, at);
	memcpy(&head, block, sizeof head);
	struct image_head image = {at, sizeof head + head.length};
	buffer_append(images, &image, sizeof image);
	size_t begins = images->n;
	buffer_append(images, block, (size_t)image.bytes);
	if (images->failed)
		return ERROR_MEMORY;
	int error = 0;
	for (; *done < n && (positions[*done] & OFFSET_MASK) < at + image.bytes && !error; ++*done)
		error = entry_change(rewriting, positions[*done], at, (uint8_t *)images->p + begins, (size_t)image.bytes);
	head.hash = block_hash(&head, images->p + begins + sizeof head);
	memcpy(images->p + begins, &head, sizeof head);
	return error;
}

/* Of blocks of one segment at a time: that of the first position that is not done. */
static int images_make(struct rewriting *rewriting, const uint64_t *positions, size_t n, size_t *done)
{
	uint64_t at = 0, bytes = rewriting->log->options.segment_bytes, index = (positions[*done] & OFFSET_MASK) / bytes;
	int error = 0;
	buffer_reset(&rewriting->images);
	while (*done < n && (positions[*done] & OFFSET_MASK) / bytes == index && rewriting->images.n < IMAGES_BYTES && !error) {
		if (positions[*done] > log_durable(rewriting->log))
			return ERROR_NOT_FOUND;
		error = block_reach(rewriting->log, positions[*done], &at);
		if (!error)
			error = image_add(rewriting, at, positions, n, done);
	}
	return error;
}

/* Change those of @positions from *@done on that lie in the same segment. What is needed is opened before anything is written. */
static int segment_rewrite(struct rewriting *rewriting, const uint64_t *positions, size_t n, size_t *done)
{
	struct log *log = rewriting->log;
	struct segment segment = {.file = -1};
	uint64_t index = (positions[*done] & OFFSET_MASK) / log->options.segment_bytes;
	int error = images_make(rewriting, positions, n, done);
	if (!error)
		error = segment_borrow(log, index, &segment);
	if (!error)
		error = journal_keep(log, buffer_view(&rewriting->images));
	struct text images = buffer_view(&rewriting->images);
	int failed = error ? 0 : images_apply(log, &segment, index, &images);
	if (!error && !failed)
		failed = journal_drop(log);
	if (failed)
		fail(failed);
	segment_finish(&segment);
	return error;
}

int log_rewrite(struct log *log, const uint64_t *positions, size_t n, void (*change)(void *, uint64_t, uint8_t *, size_t), void *arg)
{
	struct rewriting rewriting = {.log = log, .change = change, .arg = arg, .images = BUFFER_INIT(SIZE_MAX / 2)};
	int lock = rewrite_lock(log->folder, true);
	int error = lock < 0 ? lock : 0;
	for (size_t done = 0; done < n && !error;)
		error = segment_rewrite(&rewriting, positions, n, &done);
	if (lock >= 0)
		close(lock);
	buffer_free(&rewriting.images);
	return error;
}
