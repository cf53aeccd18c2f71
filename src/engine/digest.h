/*
 * digest.h: one hash for all that is kept about a customer: the same on two data folders that hold the same.
 *
 * What differs from folder to folder is left out or numbered anew in the order of receipt: positions, numbers of names, origins. What
 * joined and parted histories is left out too; that they are joined is not. Hashed are all records, the identifiers that lead to
 * the customer, and the states that follow from the renumbered records under the configuration in force.
 */
#ifndef ATTUNE_ENGINE_DIGEST_H
#define ATTUNE_ENGINE_DIGEST_H

#include "engine/engine.h"

enum { DIGEST_BYTES = 32 };

struct digest {
	uint8_t hash[DIGEST_BYTES];
	uint64_t records;
	bool states_agree;    /* The states that are kept are those that the records, as they are, lead to. */
};

/*
 * The digest of the customer of @origin as of now. Records are read without a lock. Errors: ERROR_NOT_FOUND, ERROR_MEMORY,
 * ERROR_CORRUPT. Memory: some hundred bytes a record and at most 64 MiB of what they say, however large they are.
 */
int customer_digest(struct engine *engine, uint32_t origin, struct arena *arena, struct digest *out) MUST_CHECK;

#endif
