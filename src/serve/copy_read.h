/*
 * copy_read.h: a customer's copy that comes back: checked, whole, before anything is done with it.
 *
 * Nothing in it is believed: the manifest lists every file with its SHA-256, every record is decoded and within the limits of what could
 * have been collected here, and every purpose has to be configured here. Private to serve/.
 */
#ifndef ATTUNE_SERVE_COPY_READ_H
#define ATTUNE_SERVE_COPY_READ_H

#include "engine/adopt.h"
#include "serve/archive.h"
#include "serve/server.h"

enum { COPY_PACKED_BYTES_MAX = 64 * 1024 * 1024, COPY_BYTES_MAX = 512 * 1024 * 1024, COPY_DECISIONS_MAX = CUSTOMER_EVENTS_MAX };

struct copy_read {
	struct request *request;
	struct arena arena;              /* Of the records. */
	struct unpacked files;
	struct origin_id names[CUSTOMER_ORIGINS_MAX], ids[CUSTOMER_ORIGINS_MAX];
	struct adoption adoption;
	size_t records_capacity;
	char digest[65];                 /* As the manifest says it; empty without. */
	bool is_trusted;                 /* Signed by the key that the caller gave, not only by its own. */
};

/*
 * Read the zip in the request's body. @signed_by is the open half of the key (base64) that must have signed it; empty: whichever the
 * manifest names. False: why not is answered. Free it with copy_read_free in any case.
 */
bool copy_read(struct copy_read *copy, struct request *request, struct text signed_by) MUST_CHECK;
void copy_read_free(struct copy_read *copy);

/* copy_records.c: its records. False: why not is answered. */
bool copy_records_read(struct copy_read *copy) MUST_CHECK;

#endif
