/* trace.h: what recorder.c writes down and powercut.c plays back. */
#ifndef ATTUNE_TEST_TRACE_H
#define ATTUNE_TEST_TRACE_H

#include <stdint.h>

enum { TRACE_NAME = 48 };

enum trace_kind {
	TRACE_WRITE,      /* n bytes at at. */
	TRACE_ZERO,       /* The same, all zero. */
	TRACE_SIZE,       /* The file has n bytes now. */
	TRACE_GROW,       /* The file has at least n bytes now. */
	TRACE_SYNC,       /* All before it of this file, or of this folder's names, is on disk. */
	TRACE_SYNC_WRITE, /* The last write to this file is on disk. */
	TRACE_LINK,       /* name in folder parent is inode; n: it is a folder. */
	TRACE_UNLINK,
	TRACE_RENAME,     /* name becomes to. */
	TRACE_MARK        /* The event with id at was acknowledged. */
};

struct trace_op {
	uint32_t kind, bytes; /* So many bytes follow. */
	uint64_t inode, parent, at, n;
	char name[TRACE_NAME], to[TRACE_NAME];
};

#endif
