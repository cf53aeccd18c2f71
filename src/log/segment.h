/*
 * segment.h: one file of the log: allocated whole, filled with zeros ahead of the writer, mapped for reading.
 *
 * Private to log/. Layout: a head of SEGMENT_HEAD_BYTES, then blocks. Offsets are within the file.
 */
#ifndef ATTUNE_LOG_SEGMENT_H
#define ATTUNE_LOG_SEGMENT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEGMENT_HEAD_BYTES = 64, BLOCK_HEAD_BYTES = 64, ENTRY_HEAD_BYTES = 16 };

#define BLOCK_MAGIC 0x314b4c4254544121u   /* Marks a block; says nothing else. */
#define SEGMENT_MAGIC 0x3147455354544121u

struct block_head {
	uint64_t magic;
	uint64_t first;    /* Position of its first entry: epoch and offset, so the block knows where it lies. */
	uint64_t previous; /* Position of the first entry of the block before it, 0: none. */
	uint32_t length;   /* Of the entries behind the head. */
	uint32_t entries;
	uint64_t last;     /* Position of its last entry. */
	uint64_t reserved[2];
	uint64_t hash;     /* XXH3 of the head up to here and of the entries. */
};

struct entry_head {
	uint32_t length;   /* Of the bytes behind it; the next entry starts at the next multiple of 8. */
	uint32_t reserved;
	uint64_t position;
};

struct segment {
	int file;
	const uint8_t *map;
	size_t bytes;
};

enum segment_mode {
	SEGMENT_READ,   /* Must be there; nothing will be written. */
	SEGMENT_OPEN,   /* Must be there. */
	SEGMENT_WHOLE,  /* Made when it is not there, and allocated whole. */
	SEGMENT_SPARSE, /* Made when it is not there; its blocks are allocated as they are written. */
};

/*
 * Open segment number @index in @folder.
 * Errors: ERROR_NOT_FOUND, ERROR_IO, ERROR_FULL, ERROR_CORRUPT (another size or no segment).
 */
int segment_open(struct segment *out, int folder, uint64_t index, size_t bytes, enum segment_mode mode) MUST_CHECK;
void segment_close(struct segment *segment);

/* Write @n bytes at @at, all of them. Errors: ERROR_IO, ERROR_FULL. */
int segment_write(const struct segment *segment, const void *bytes, size_t n, size_t at) MUST_CHECK;

/* Fill with zeros from @from to @to and make it durable. Errors: as segment_write. */
int segment_zero(const struct segment *segment, size_t from, size_t to) MUST_CHECK;

/* The hash that @head should carry for its entries. */
uint64_t block_hash(const struct block_head *head, const void *entries);

/* Is there a sound block at @at with positions that fit @base (the offset of the segment) and an epoch of at least
 * @epoch_min? Returns its head, or NULL. */
const struct block_head *segment_block(const struct segment *segment, size_t at, uint64_t base, uint64_t epoch_min);

/* Is there one from @at on, as far as a block may reach (a quarter of a segment)? */
bool segment_holds_block(const struct segment *segment, size_t at, uint64_t base, uint64_t epoch_min);

/* How many segments @folder holds. Errors: ERROR_IO. */
int segments_count(int folder, size_t *n) MUST_CHECK;

/* The greatest epoch that was ever in use in @folder, 0 when its file does not say; and keep a greater one.
 * Errors: ERROR_IO, ERROR_FULL. */
uint64_t epoch_read(int folder);
int epoch_write(int folder, uint64_t epoch, bool sync) MUST_CHECK;

/* Keep @bytes of the disk in a file of @folder, and give them back. Errors: ERROR_FULL, ERROR_IO. */
int reserve_make(int folder, size_t bytes) MUST_CHECK;
void reserve_drop(int folder);

#endif
