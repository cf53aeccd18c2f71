/* segment.c: one file of the log. */
#include "log/segment.h"

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

struct segment_head {
	uint64_t magic, index, bytes, reserved[5];
};
static_assert(sizeof(struct segment_head) == SEGMENT_HEAD_BYTES, "part of the format");

static int error_of_errno(void)
{
	return errno == ENOSPC || errno == EDQUOT ? ERROR_FULL : ERROR_IO;
}

int segment_write(const struct segment *segment, const void *bytes, size_t n, size_t at)
{
	const char *p = bytes;
	while (n) {
		ssize_t written = pwrite(segment->file, p, n, (off_t)at);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return error_of_errno();
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
	return !failed ? 0 : failed == ENOSPC || failed == EDQUOT ? ERROR_FULL : ERROR_IO;
}

/* A new file is made under another name and gets its own only when its head is on disk. */
static int create(int folder, const char *name, uint64_t index, size_t bytes, enum segment_mode mode)
{
	char draft[64];
	struct segment_head head = {.magic = SEGMENT_MAGIC, .index = index, .bytes = bytes};
	snprintf(draft, sizeof draft, "%s.new", name);
	struct segment segment = {.file = openat(folder, draft, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
	if (segment.file < 0)
		return error_of_errno();
	int error = allocate(segment.file, bytes);
	if (error == ERROR_FULL && mode == SEGMENT_SPARSE)
		error = ftruncate(segment.file, (off_t)bytes) == 0 ? 0 : error_of_errno();
	if (!error)
		error = segment_write(&segment, &head, sizeof head, 0);
	if (!error && (fsync(segment.file) != 0 || renameat(folder, draft, folder, name) != 0 || fsync(folder) != 0))
		error = error_of_errno();
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
	if (head.magic != SEGMENT_MAGIC || head.index != index || head.bytes != segment->bytes)
		return ERROR_CORRUPT;
	return 0;
}

int segment_open(struct segment *out, int folder, uint64_t index, size_t bytes, enum segment_mode mode)
{
	char name[40];
	snprintf(name, sizeof name, "%016" PRIx64 ".segment", index);
	struct segment segment = {.bytes = bytes};
	segment.file = openat(folder, name, (mode == SEGMENT_READ ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (segment.file < 0 && errno == ENOENT && mode >= SEGMENT_WHOLE) {
		int error = create(folder, name, index, bytes, mode);
		if (error)
			return error;
		segment.file = openat(folder, name, O_RDWR | O_CLOEXEC);
	}
	if (segment.file < 0)
		return errno == ENOENT ? ERROR_NOT_FOUND : error_of_errno();
	int error = map(&segment, index);
	if (error) {
		segment_close(&segment);
		return error;
	}
	*out = segment;
	return 0;
}

void segment_close(struct segment *segment)
{
	if (segment->map)
		munmap((void *)(uintptr_t)segment->map, segment->bytes);
	if (segment->file >= 0)
		close(segment->file);
	*segment = (struct segment){.file = -1};
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

bool segment_holds_block(const struct segment *segment, size_t at, uint64_t base, uint64_t epoch_min)
{
	size_t end = at + BLOCK_HEAD_BYTES + segment->bytes / 4; /* No block is longer. */
	for (; at + BLOCK_HEAD_BYTES < segment->bytes && at < end; at += 8) {
		uint64_t magic;
		memcpy(&magic, segment->map + at, sizeof magic);
		if (magic == BLOCK_MAGIC && segment_block(segment, at, base, epoch_min))
			return true;
	}
	return false;
}

int segments_count(int folder, size_t *n)
{
	static const char ending[] = ".segment";
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *items = copy < 0 ? NULL : fdopendir(copy);
	if (!items) {
		if (copy >= 0)
			close(copy);
		return ERROR_IO;
	}
	size_t found = 0;
	for (struct dirent *item; (item = readdir(items));) {
		size_t length = strlen(item->d_name);
		found += length >= sizeof ending && strcmp(item->d_name + length + 1 - sizeof ending, ending) == 0;
	}
	closedir(items);
	*n = found;
	return 0;
}

uint64_t epoch_read(int folder)
{
	uint64_t epoch = 0;
	int file = openat(folder, "epoch", O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return 0;
	if (read(file, &epoch, sizeof epoch) != sizeof epoch)
		epoch = 0;
	close(file);
	return epoch;
}

int epoch_write(int folder, uint64_t epoch, bool sync)
{
	struct segment as_segment = {.file = openat(folder, "epoch", O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
	int error = as_segment.file < 0 ? error_of_errno() : segment_write(&as_segment, &epoch, sizeof epoch, 0);
	if (!error && sync && (fdatasync(as_segment.file) != 0 || fsync(folder) != 0))
		error = ERROR_IO;
	if (as_segment.file >= 0)
		close(as_segment.file);
	return error;
}

int reserve_make(int folder, size_t bytes)
{
	int file = openat(folder, "reserve", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int error = file < 0 ? error_of_errno() : allocate(file, bytes);
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
