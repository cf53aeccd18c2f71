/* segment.c: one file of the log. */
#include "log/mark.h"

#include "base/folder.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

static_assert(sizeof(struct block_head) == BLOCK_HEAD_BYTES, "part of the format");
static_assert(sizeof(struct entry_head) == ENTRY_HEAD_BYTES, "part of the format");

enum { ZERO_BYTES = 256 * 1024 };

#define SEGMENT_MAGIC 0x3247455354544121u

struct segment_head {
	uint64_t magic, index, bytes, reserved[4], hash;
};
static_assert(sizeof(struct segment_head) == 64, "part of the format");

int segment_write(const struct segment *segment, const void *bytes, size_t n, size_t at)
{
	const char *p = bytes;
	while (n) {
		ssize_t written = pwrite(segment->file, p, n, (off_t)at);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return error_of_file(errno);
		p += written;
		at += (size_t)written;
		n -= (size_t)written;
	}
	return 0;
}

int segment_zero(const struct segment *segment, size_t from, size_t to)
{
	static const char zeros[ZERO_BYTES];
	while (from < to) {
		size_t n = to - from < sizeof zeros ? to - from : sizeof zeros;
		int error = segment_write(segment, zeros, n, from);
		if (error)
			return error;
		from += n;
	}
	return fdatasync(segment->file) == 0 ? 0 : ERROR_IO;
}

static int allocate(int file, size_t bytes)
{
	int failed = posix_fallocate(file, 0, (off_t)bytes);
	return failed ? error_of_file(failed) : 0;
}

static void name_of(char name[40], uint64_t index)
{
	snprintf(name, 40, "%016" PRIx64 ".segment", index);
}

/* ---- the head ---- */

static uint64_t head_hash(const struct segment_head *head)
{
	return XXH3_64bits(head, offsetof(struct segment_head, hash));
}

static bool head_is_sound(const struct segment_head *head)
{
	return head->magic == SEGMENT_MAGIC && head->hash == head_hash(head);
}

int segment_head_write(const struct segment *segment, uint64_t index)
{
	struct segment_head head = {.magic = SEGMENT_MAGIC, .index = index, .bytes = segment->bytes};
	head.hash = head_hash(&head);
	return segment_write(segment, &head, sizeof head, 0);
}

size_t segment_bytes_said(int folder, uint64_t index)
{
	char name[40];
	struct segment_head head;
	name_of(name, index);
	int file = openat(folder, name, O_RDONLY | O_CLOEXEC);
	bool is_sound = file >= 0 && pread(file, &head, sizeof head, 0) == sizeof head && head_is_sound(&head);
	if (file >= 0)
		close(file);
	return is_sound ? (size_t)head.bytes : 0;
}

/* ---- opening ---- */

/* A new file is made under another name and gets its own only when its head is on disk. */
static int create(int folder, const char *name, uint64_t index, size_t bytes, enum segment_mode mode, const struct mark *mark)
{
	static const char zeros[SEGMENT_HEAD_BYTES];
	char draft[64];
	snprintf(draft, sizeof draft, "%s.new", name);
	struct segment segment = {.bytes = bytes, .file = openat(folder, draft, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
	if (segment.file < 0)
		return error_of_file(errno);
	int error = allocate(segment.file, bytes);
	if (error == ERROR_FULL && mode == SEGMENT_SPARSE)
		error = ftruncate(segment.file, (off_t)bytes) == 0 ? 0 : error_of_file(errno);
	if (!error)
		error = segment_write(&segment, zeros, sizeof zeros, 0);
	if (!error)
		error = segment_head_write(&segment, index);
	for (int i = 0; i < 2 && !error; i++)
		error = segment_mark_write(&segment, mark);
	if (!error && (fsync(segment.file) != 0 || renameat(folder, draft, folder, name) != 0 || fsync(folder) != 0))
		error = error_of_file(errno);
	if (error)
		unlinkat(folder, draft, 0);
	close(segment.file);
	return error;
}

static int map(struct segment *segment, uint64_t index)
{
	struct stat status;
	struct segment_head head;
	if (fstat(segment->file, &status) != 0)
		return ERROR_IO;
	if ((size_t)status.st_size != segment->bytes)
		return ERROR_CORRUPT;
	void *p = mmap(NULL, segment->bytes, PROT_READ, MAP_SHARED, segment->file, 0);
	if (p == MAP_FAILED)
		return ERROR_MEMORY;
	segment->map = p;
	memcpy(&head, p, sizeof head);
	segment->head_is_bad = !head_is_sound(&head);
	return segment->head_is_bad || (head.index == index && head.bytes == segment->bytes) ? 0 : ERROR_CORRUPT;
}

int segment_open(struct segment *out, int folder, uint64_t index, size_t bytes, enum segment_mode mode, const struct mark *mark)
{
	char name[40];
	name_of(name, index);
	struct segment segment = {.bytes = bytes};
	segment.file = openat(folder, name, O_RDONLY | O_CLOEXEC);
	if (segment.file < 0 && errno == ENOENT && mode >= SEGMENT_WHOLE) {
		int error = create(folder, name, index, bytes, mode, mark);
		if (error)
			return error;
		segment.file = openat(folder, name, O_RDONLY | O_CLOEXEC);
	}
	if (segment.file < 0)
		return errno == ENOENT ? ERROR_NOT_FOUND : error_of_file(errno);
	int error = map(&segment, index);
	if (error) {
		segment_close(&segment);
		return error;
	}
	segment_finish(&segment);
	*out = segment;
	return 0;
}

int segment_writable(struct segment *segment, int folder, uint64_t index)
{
	char name[40];
	name_of(name, index);
	if (segment->file < 0)
		segment->file = openat(folder, name, O_RDWR | O_CLOEXEC);
	return segment->file >= 0 ? 0 : errno == ENOENT ? ERROR_NOT_FOUND : error_of_file(errno);
}

void segment_finish(struct segment *segment)
{
	if (segment->file >= 0)
		close(segment->file);
	segment->file = -1;
}

void segment_close(struct segment *segment)
{
	if (segment->map)
		munmap((void *)(uintptr_t)segment->map, segment->bytes);
	segment->map = NULL;
	segment_finish(segment);
}

/* ---- blocks ---- */

uint32_t entry_check(const void *bytes, size_t n, uint64_t position)
{
	return (uint32_t)XXH3_64bits_withSeed(bytes, n, position);
}

uint64_t block_hash(const struct block_head *head, const void *entries)
{
	return XXH3_64bits_withSeed(entries, head->length, XXH3_64bits(head, offsetof(struct block_head, hash)));
}

const struct block_head *segment_block(const struct segment *segment, size_t at, uint64_t base, uint64_t epoch_min)
{
	if (at + BLOCK_HEAD_BYTES > segment->bytes)
		return NULL;
	const struct block_head *head = (const void *)(segment->map + at);
	uint64_t offset = head->first & (((uint64_t)1 << 48) - 1), epoch = head->first >> 48;
	if (head->magic != BLOCK_MAGIC || offset != base + at + BLOCK_HEAD_BYTES || epoch < epoch_min ||
	    head->length > segment->bytes - at - BLOCK_HEAD_BYTES || head->length == 0)
		return NULL;
	return block_hash(head, segment->map + at + BLOCK_HEAD_BYTES) == head->hash ? head : NULL;
}

const struct block_head *segment_block_search(const struct segment *segment, size_t *at, size_t end, uint64_t base, uint64_t epoch_min)
{
	for (; *at + BLOCK_HEAD_BYTES < segment->bytes && *at < end; *at += 8) {
		uint64_t magic;
		memcpy(&magic, segment->map + *at, sizeof magic);
		const struct block_head *block = magic == BLOCK_MAGIC ? segment_block(segment, *at, base, epoch_min) : NULL;
		if (block)
			return block;
	}
	return NULL;
}

int segments_count(int folder, size_t *n)
{
	static const char ending[] = ".segment";
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *items = copy < 0 ? NULL : fdopendir(copy);
	if (!items) {
		int error = error_of_file(errno);
		if (copy >= 0)
			close(copy);
		return error;
	}
	size_t found = 0;
	const char *name;
	int error;
	while (!(error = folder_next(items, &name)) && name) {
		size_t length = strlen(name);
		found += length >= sizeof ending && strcmp(name + length + 1 - sizeof ending, ending) == 0;
	}
	closedir(items);
	*n = found;
	return error;
}

int reserve_make(int folder, size_t bytes)
{
	int file = openat(folder, "reserve", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int error = file < 0 ? error_of_file(errno) : allocate(file, bytes);
	if (file >= 0)
		close(file);
	if (error)
		reserve_drop(folder);
	return error;
}

void reserve_drop(int folder)
{
	unlinkat(folder, "reserve", 0);
}
