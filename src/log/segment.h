/*
 * segment.h: one file of the log: allocated whole, filled with zeros ahead of the writer, mapped for reading.
 *
 * Private to log/. Layout: a head of SEGMENT_HEAD_BYTES, then blocks. Offsets are within the file. The head is three pages: what the file
 * is, and two places for the mark (mark.h), so that no single page holds both.
 */
#ifndef ATTUNE_LOG_SEGMENT_H
#define ATTUNE_LOG_SEGMENT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEGMENT_PAGE_BYTES = 4096, SEGMENT_HEAD_BYTES = 3 * SEGMENT_PAGE_BYTES, BLOCK_HEAD_BYTES = 64, ENTRY_HEAD_BYTES = 16 };

#define BLOCK_MAGIC 0x314b4c4254544121u   /* Marks a block; says nothing else. */

struct block_head {
	uint64_t magic;
	uint64_t first;    /* Position of its first entry: epoch and offset, so the block knows where it lies. */
	uint64_t previous; /* Position of the first entry of the block before it, 0: none. */
	uint32_t length;   /* Of the entries behind the head. */
	uint32_t entries;  /* 0: a filler, which holds the place of what was damaged and given up (log_repair). */
	uint64_t last;     /* Position of its last entry; of a filler, one that is not before any that was in its place. */
	uint64_t reserved[2];
	uint64_t hash;     /* XXH3 of the head up to here and of the entries. */
};

struct entry_head {
	uint32_t length;   /* Of the bytes behind it; the next entry starts at the next multiple of 8. */
	uint32_t check;    /* entry_check of them: an entry is read by itself, long after its block was checked. */
	uint64_t position;
};

struct mark;

struct segment {
	int file;          /* -1: finished, or only read. The map needs none. */
	const uint8_t *map;
	size_t bytes;
	uint64_t marks;    /* The counter of the next mark. */
	bool head_is_bad;  /* What the file is was told by its name and size alone. */
};

enum segment_mode {
	SEGMENT_OPEN,   /* Must be there. */
	SEGMENT_WHOLE,  /* Made when it is not there, and allocated whole. */
	SEGMENT_SPARSE, /* Made when it is not there; its blocks are allocated as they are written. */
};

/*
 * Open segment number @index in @folder and map it. A new one begins with @mark, in both places. It is to be written to only after
 * segment_writable. Errors: ERROR_NOT_FOUND, ERROR_IO, ERROR_FULL, ERROR_BUSY (no descriptor is free), ERROR_MEMORY, ERROR_CORRUPT (another
 * size, or another segment).
 */
int segment_open(struct segment *out, int folder, uint64_t index, size_t bytes, enum segment_mode mode, const struct mark *mark) MUST_CHECK;
void segment_close(struct segment *segment);

/* Have a descriptor to write to @segment, number @index; and give it back. Errors: as segment_open. */
int segment_writable(struct segment *segment, int folder, uint64_t index) MUST_CHECK;
void segment_finish(struct segment *segment);

/* Write what the head says again. Errors: as segment_write. */
int segment_head_write(const struct segment *segment, uint64_t index) MUST_CHECK;

/* The size that segment number @index says it has, 0 when it is not there or its head is not sound. */
size_t segment_bytes_said(int folder, uint64_t index);

/* Write @n bytes at @at, all of them. Errors: ERROR_IO, ERROR_FULL. */
int segment_write(const struct segment *segment, const void *bytes, size_t n, size_t at) MUST_CHECK;

/* Fill with zeros from @from to @to and make it durable. Errors: as segment_write. */
int segment_zero(const struct segment *segment, size_t from, size_t to) MUST_CHECK;

/* The hash that @head should carry for its entries, and the check of one entry of @n bytes. */
uint64_t block_hash(const struct block_head *head, const void *entries);
uint32_t entry_check(const void *bytes, size_t n, uint64_t position);

/* Is there a sound block at @at with positions that fit @base (the offset of the segment) and an epoch of at least
 * @epoch_min? Returns its head, or NULL. */
const struct block_head *segment_block(const struct segment *segment, size_t at, uint64_t base, uint64_t epoch_min);

/* The first one that begins at @at or behind, before @end, and where: NULL without. */
const struct block_head *segment_block_search(const struct segment *segment, size_t *at, size_t end, uint64_t base, uint64_t epoch_min);

/* How many segments @folder holds. Errors: ERROR_IO, ERROR_BUSY. */
int segments_count(int folder, size_t *n) MUST_CHECK;

/* Keep @bytes of the disk in a file of @folder, and give them back. Errors: ERROR_FULL, ERROR_BUSY, ERROR_IO. */
int reserve_make(int folder, size_t bytes) MUST_CHECK;
void reserve_drop(int folder);

#endif
