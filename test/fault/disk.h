/*
 * disk.h: a disk that forgets: the calls that change files are made here, and what was not synced may be lost in a crash.
 *
 * Files are real, on a file system in memory, and hold what the operating system would have. Beside them stands what is not on the disk
 * yet. A crash takes that back, and then keeps of it what chance says: each write is there, or not, or torn at 512 bytes, or (rarely) at
 * another place of its file; changes of names are there up to some moment, folder by folder. Then the process ends.
 */
#ifndef ATTUNE_TEST_DISK_H
#define ATTUNE_TEST_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DISK_CRASHED = 77 }; /* How a process that met its crash ends. */

struct disk_options {
	const char *root, *stash; /* What is watched; a folder of the same file system for names that were taken away. */
	uint64_t seed;
	uint64_t crash_at;        /* The crash comes before the n-th change or sync; 0: none. */
	bool lies;                /* fdatasync of a file of the log makes nothing durable. */
	bool misdirects;          /* A write may go to another place. */
	/* Asked before, and told after, a misdirected write goes to @n bytes at @at of a file. */
	bool (*may_hit)(const char *path, uint64_t at, uint64_t n);
	void (*damaged)(const char *path);
};

/* From now on, in this process. */
void disk_begin(const struct disk_options *options);

/* The crash, now. */
_Noreturn void disk_crash(void);

/* Changes and syncs so far. */
uint64_t disk_steps(void);

#endif
