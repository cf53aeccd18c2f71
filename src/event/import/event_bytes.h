/*
 * event_bytes.h: the bytes of a file, of standard input or of memory, unpacked when they are gzip.
 *
 * Gzip is told by its first two bytes, never by the name. Several gzip members in a row read as one, as gzip itself
 * does it; bytes after a member that are no member are an error unless they are all zero (padding of tapes).
 */
#ifndef ATTUNE_EVENT_IMPORT_EVENT_BYTES_H
#define ATTUNE_EVENT_IMPORT_EVENT_BYTES_H

#include "base/text.h"

#include <zlib.h>

enum { EVENT_BYTES_CHUNK = 128 * 1024, EVENT_BYTES_PEEK = 64 };

struct event_bytes {
	int fd;                  /* -1: memory. */
	struct text memory;      /* What is left of it. */
	unsigned char *raw;      /* EVENT_BYTES_CHUNK bytes as they are in the file. */
	size_t raw_n, raw_at;
	uint64_t done, total;    /* Bytes of the file taken so far, and in all (0: unknown, a pipe). */
	z_stream gzip;
	bool is_gzip, in_member, at_end;
	unsigned char peeked[EVENT_BYTES_PEEK]; /* Unpacked, not yet read. */
	size_t peeked_at, peeked_n;
	const char *problem;     /* One sentence on the last failure. */
};

/*
 * Open the file @path ("-": standard input) or the memory behind @text, which must stay.
 * Errors: ERROR_NOT_FOUND, ERROR_IO, ERROR_MEMORY. On an error nothing is left to close.
 */
int event_bytes_open(struct event_bytes *bytes, const char *path) MUST_CHECK;
int event_bytes_open_memory(struct event_bytes *bytes, struct text text) MUST_CHECK;
void event_bytes_close(struct event_bytes *bytes);

/*
 * Up to @n unpacked bytes to @out; *@got is 0 only at the end.
 * Errors: ERROR_IO, ERROR_CORRUPT (broken or cut gzip); problem says what.
 */
int event_bytes_read(struct event_bytes *bytes, void *out, size_t n, size_t *got) MUST_CHECK;

/* The first unpacked bytes, up to EVENT_BYTES_PEEK, which the next read hands out again. To be called first, once. */
int event_bytes_peek(struct event_bytes *bytes, struct text *first) MUST_CHECK;

#endif
