/* mark.c: marks in the heads of segments, and the file "epoch". */
#include "log/mark.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define MARK_MAGIC 0x3152414d54544121u
#define KEPT_MAGIC 0x3143504554544121u

static_assert(sizeof(struct mark) == 64 && sizeof(struct kept) == 64, "part of the format");

/* ---- marks ---- */

static size_t place_of(uint64_t counter)
{
	return (size_t)SEGMENT_PAGE_BYTES * (1 + counter % 2);
}

static uint64_t mark_hash(const struct mark *mark)
{
	return XXH3_64bits(mark, offsetof(struct mark, hash));
}

int segment_mark_write(struct segment *segment, const struct mark *mark)
{
	struct mark next = *mark;
	next.magic = MARK_MAGIC;
	next.counter = segment->marks;
	next.hash = mark_hash(&next);
	int error = segment_write(segment, &next, sizeof next, place_of(next.counter));
	segment->marks += !error;
	return error;
}

static bool mark_is_sound(const struct segment *segment, size_t place, struct mark *mark)
{
	memcpy(mark, segment->map + place, sizeof *mark);
	return mark->magic == MARK_MAGIC && mark->hash == mark_hash(mark) && place_of(mark->counter) == place;
}

struct mark segment_mark_read(struct segment *segment, size_t *bad_at)
{
	struct mark newest = {0}, mark;
	*bad_at = 0;
	for (uint64_t i = 0; i < 2; i++)
		if (!mark_is_sound(segment, place_of(i), &mark))
			*bad_at = place_of(i); /* A file begins with a mark in both. */
		else if (!newest.magic || mark.counter > newest.counter)
			newest = mark;
	segment->marks = newest.magic ? newest.counter + 1 : 0;
	return newest;
}

/* ---- the file "epoch" ---- */

static uint64_t kept_hash(const struct kept *kept)
{
	return XXH3_64bits(kept, offsetof(struct kept, hash));
}

int kept_open(int folder, bool make)
{
	return openat(folder, "epoch", make ? O_RDWR | O_CREAT | O_CLOEXEC : O_RDONLY | O_CLOEXEC, 0600);
}

int kept_read(int file, struct kept *newest)
{
	struct kept kept;
	*newest = (struct kept){0};
	for (off_t i = 0; i < 2; i++) {
		ssize_t got = pread(file, &kept, sizeof kept, i * SEGMENT_PAGE_BYTES);
		if (got < 0)
			return ERROR_IO; /* It may be the newer one. */
		if (got == sizeof kept && kept.magic == KEPT_MAGIC && kept.hash == kept_hash(&kept) && kept.counter >= newest->counter)
			*newest = kept;
	}
	return 0;
}

int kept_write(int file, struct kept *kept, bool sync)
{
	struct kept next = *kept;
	struct segment as_segment = {.file = file};
	next.magic = KEPT_MAGIC;
	next.counter++;
	next.hash = kept_hash(&next);
	int error = segment_write(&as_segment, &next, sizeof next, (size_t)(next.counter % 2) * SEGMENT_PAGE_BYTES);
	if (!error && sync && fdatasync(file) != 0)
		error = ERROR_IO;
	if (!error)
		*kept = next;
	return error;
}
