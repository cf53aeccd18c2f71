/*
 * spool.h: where a large answer waits for its reader: a file without a name, sealed, that memory need not hold.
 *
 * The first SPOOL_MEMORY_BYTES of a spool stay in memory; a smaller one never touches the disk. Beyond that, bytes go to a file in the
 * data folder that has no name (it is gone with the process, however that ends) and are encrypted with XChaCha20 under a key
 * that is made for one answer and lies in memory alone. Bytes are only added at the end, so no part of the key stream serves twice.
 *
 * A claim is what one caller may take for one answer; its spools count together. Bounds: all spools of the process (bytes_max); all
 * answers of a caller together, a quarter of that, but a caller's only one may have three quarters, so that a copy of any
 * size can be had; SPOOL_CLAIMS_A_CALLER answers of a caller and SPOOL_CLAIMS_MAX in all. The last SPOOL_DISK_LEFT bytes of the
 * disk are left to events.
 */
#ifndef ATTUNE_SERVE_SPOOL_H
#define ATTUNE_SERVE_SPOOL_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum {
	SPOOL_MEMORY_BYTES = 64 * 1024,
	SPOOL_CLAIMS_A_CALLER = 4,
	SPOOL_CLAIMS_MAX = 256,
	SPOOL_KEY_BYTES = 32,
	SPOOL_DISK_LEFT = 16 * 1024 * 1024,
};

struct spools;

/* For spools in @folder, of @bytes_max bytes together. Errors: ERROR_MEMORY. */
int spools_open(struct spools **out, const char *folder, uint64_t bytes_max) MUST_CHECK;
void spools_close(struct spools *spools); /* All claims were given back. NULL does nothing. */

struct spools_figures {
	uint64_t bytes, bytes_max, claims, refused; /* refused: since the start. */
};
struct spools_figures spools_figures(struct spools *spools); /* Threads: safe. */

/* What one answer takes. Zeros with spools and who set begin one; it takes a place only when something goes to the disk. */
struct spool_claim {
	struct spools *spools;
	uint64_t who;            /* The caller, as a hash. */
	uint64_t bytes;          /* On the disk, of all its spools. The rest is spool.c's. */
	uint64_t spools_n;
	uint8_t *key;            /* SPOOL_KEY_BYTES; NULL: nothing is on the disk. */
	struct spool_claim *next;
};
void spool_claim_end(struct spool_claim *claim); /* Its spools were freed. May be called twice. */

struct spool {
	struct spool_claim *claim;
	uint64_t bytes;          /* All that was added. */
	/* spool.c's: */
	int file;                /* -1: all is in memory. */
	uint64_t number;         /* Among those of its claim: what its key stream begins with. */
	uint64_t stored;         /* Of bytes, on the disk; the others are in tail. */
	char *tail;
};

/* An empty one. Allocates nothing yet. */
void spool_init(struct spool *spool, struct spool_claim *claim);

/*
 * Add @n bytes at the end. Errors: ERROR_LIMIT (the caller has too much or too many), ERROR_BUSY (there is too much in all),
 * ERROR_FULL (the disk), ERROR_IO, ERROR_MEMORY. After an error it is of no use but to be freed. Threads: one at a time.
 */
int spool_append(struct spool *spool, const void *bytes, size_t n) MUST_CHECK;

/* Read at most @max bytes from @at on into @out: how many, 0 at the end, or below zero an error. */
long spool_read(const struct spool *spool, uint64_t at, char *out, size_t max) MUST_CHECK;

/* Give back what it holds, on the disk too. May be called twice. */
void spool_free(struct spool *spool);

#endif
