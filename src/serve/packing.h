/*
 * packing.h: a zip that is packed while its files are written, several at a time, and lies in spools until it was read.
 *
 * Whoever writes adds to a file's in and calls packing_pour after each piece; what has gathered there is packed and goes to the
 * file's spool, so that memory holds some hundred KiB of a file, however large it is. Sums are reckoned on the way. Files and
 * zips beyond 4 GiB have the fields of ZIP64.
 *
 * Threads: one at a time.
 */
#ifndef ATTUNE_SERVE_PACKING_H
#define ATTUNE_SERVE_PACKING_H

#include "base/text.h"
#include "serve/spool.h"

#include <sodium.h>
#include <stdbool.h>
#include <zlib.h>

enum { PACKING_FILES_MAX = 40, PACKING_PIECE_BYTES_MAX = 64 * 1024 * 1024 };

struct packing_file {
	const char *name;          /* Borrowed. */
	struct buffer in;          /* What was written and is not packed yet: a piece has PACKING_PIECE_BYTES_MAX at most. */
	uint64_t bytes;            /* What was packed. */
	uint8_t hash[crypto_hash_sha256_BYTES]; /* Of all of it, once it is done. */
	/* packing.c's: */
	enum { PACKING_EMPTY, PACKING_OPEN, PACKING_DONE } state;
	crypto_hash_sha256_state sum;
	uint32_t crc;
	z_stream stream;
	struct spool out;
};

struct packing {
	struct packing_file files[PACKING_FILES_MAX];
	size_t n;
	int error;                 /* The first that a spool met: those of spool_append. */
	struct spool_claim *claim;
	uint64_t bytes;            /* Of the zip, when it is finished. */
	/* packing.c's: */
	struct buffer heads;       /* The header of each file, and then the directory. */
	struct {
		uint64_t at;             /* Where its header begins in the zip ... */
		size_t head, head_n;     /* ... and in heads. */
	} places[PACKING_FILES_MAX + 1];
};

void packing_init(struct packing *packing, struct spool_claim *claim);
void packing_free(struct packing *packing);

/* Another file; files stand in the zip in the order of adding. There is room for PACKING_FILES_MAX. */
struct packing_file *packing_add(struct packing *packing, const char *name);

/* A piece of @file was written. Errors are kept in @packing->error, and for pieces that are too large in @file->in.failed. */
void packing_pour(struct packing *packing, struct packing_file *file);

/* Nothing more comes for @file: its hash and bytes hold. May be called twice. */
void packing_done(struct packing *packing, struct packing_file *file);

/* All is written: make the zip, stamped @now_ms. Errors: those of spool_append, ERROR_LIMIT (a piece was too large), ERROR_MEMORY. */
int packing_finish(struct packing *packing, int64_t now_ms) MUST_CHECK;

/* Read at most @max bytes of the finished zip from @at on into @out: how many, 0 at the end, or below zero an error. */
long packing_read(const struct packing *packing, uint64_t at, char *out, size_t max) MUST_CHECK;

#endif
