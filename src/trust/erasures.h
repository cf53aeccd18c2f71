/*
 * erasures.h: the register of erasures: what makes an erasure stay one.
 *
 * FOLDER/sealing/erasures has a line of JSON for each step, synced before the next step is taken: "begun" with the origins and
 * the keyed hashes of the identifiers, "done" with the certificate. What was begun and is not done is finished at the next
 * start, before anybody is served. The register lies with the keys and not with the data: data that comes back from a
 * backup meets it, and is erased again before it is served.
 *
 * Every line has a number and a check of its own. One that cannot be read is named in damage.h, stays where it is, and hurts no
 * other. FOLDER/sealing/erasures-head says how many lines there are, so that a register that was cut is known.
 *
 * For ERASURE_DAYS the hashes say what comes late about somebody erased; it is not stored. Then they are dropped from the
 * file, too, and only the origins' numbers, which name nobody, and the certificate stay.
 */
#ifndef ATTUNE_TRUST_ERASURES_H
#define ATTUNE_TRUST_ERASURES_H

#include "engine/directory.h"

enum { ERASURE_ID_BYTES = 33, ERASURE_DAYS = 30, ERASURES_MAX = 1000 * 1000 };

struct erasures;

struct erasure {
	char id[ERASURE_ID_BYTES];   /* 32 hex digits. */
	int64_t begun_ms;
	const uint32_t *origins;     /* Numbers. */
	size_t origins_n;
	bool done;
	struct text certificate;     /* JSON; empty while it is not done. */
};

/* Read the register of the data folder @folder; hashes older than ERASURE_DAYS before @now_ms are dropped.
 * Errors: ERROR_IO, ERROR_FULL, ERROR_CORRUPT (the register was there and is missing: in damage.h), ERROR_MEMORY. */
int erasures_open(struct erasures **out, const char *folder, int64_t now_ms) MUST_CHECK;
void erasures_close(struct erasures *erasures);

/* For verify: enter what is damaged in damage.h and change nothing. Errors: ERROR_IO, ERROR_MEMORY. */
int erasures_check(const char *folder) MUST_CHECK;

/* All origins that were ever erased, for the engine to destroy their keys before it reads. Until the next erasure begins. */
const uint32_t *erasures_origins(const struct erasures *erasures, size_t *n);

/* Begin one, durably. @id is filled. Errors: ERROR_IO, ERROR_FULL, ERROR_MEMORY, ERROR_LIMIT. Threads: safe, as all below. */
int erasures_begin(struct erasures *erasures, int64_t now_ms, const uint32_t *origins, size_t origins_n, const struct identifier_hash *hashes,
                   size_t hashes_n, char id[ERASURE_ID_BYTES]) MUST_CHECK;

/* Take lines that cannot be read out of the file; a copy of it as it was stays beside it. *@taken_out: how many were.
 * Before anybody else uses it. Errors: ERROR_IO, ERROR_FULL, ERROR_MEMORY. */
int erasures_repair(struct erasures *erasures, uint64_t *taken_out) MUST_CHECK;

/* It is done: keep @certificate (one JSON object), durably. Errors: ERROR_INVALID (it is not UTF-8, or has lines), ERROR_NOT_FOUND, ERROR_IO, ERROR_FULL, ERROR_MEMORY. */
int erasures_done(struct erasures *erasures, const char *id, struct text certificate) MUST_CHECK;

/* Was what @hash stands for erased after @time_ms, within the last ERASURE_DAYS? Costs nothing while nobody was. */
bool erasures_any(const struct erasures *erasures);
bool erasures_suppress(struct erasures *erasures, struct identifier_hash hash, int64_t time_ms, int64_t now_ms);

/* The hashes of erasure @id while they are kept, else none. */
const struct identifier_hash *erasures_hashes(struct erasures *erasures, const char *id, size_t *n);

size_t erasures_count(struct erasures *erasures);
/* The @index-th, oldest first, and that with @id; false when there is none. Its texts stay. */
bool erasures_get(struct erasures *erasures, size_t index, struct erasure *out);
bool erasures_find(struct erasures *erasures, struct text id, struct erasure *out);

/* The erasure of what @hash stands for, while its hashes are kept; false when there was none. */
bool erasures_of(struct erasures *erasures, struct identifier_hash hash, struct erasure *out);

#endif
