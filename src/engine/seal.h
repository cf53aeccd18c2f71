/*
 * seal.h: sealing what is written about a customer with the key of an origin (keyring.h).
 *
 * AES-256-GCM where the processor has it, ChaCha20-Poly1305 elsewhere; which of the two stands in the key version beside the
 * bytes. A sealed text is the nonce, the ciphertext and the tag: SEAL_BYTES longer than the plain one. What it is about (the
 * record's header, a customer's number) is bound to it and not hidden. A nonce is six random bytes of the process and a
 * count of 48 bits, so none comes twice under one key.
 */
#ifndef ATTUNE_ENGINE_SEAL_H
#define ATTUNE_ENGINE_SEAL_H

#include "engine/keyring.h"

enum { SEAL_NONCE_BYTES = 12, SEAL_TAG_BYTES = 16, SEAL_BYTES = SEAL_NONCE_BYTES + SEAL_TAG_BYTES };

/* Key versions of records. */
enum { SEAL_NONE = 0, SEAL_AES = 1, SEAL_CHACHA = 2 };

uint32_t seal_version(void); /* What seal_close writes on this processor. */

/*
 * Seal @plain with the key of @origin into @out (plain.n + SEAL_BYTES). Errors: those of keyring_key.
 */
int seal_close(struct keyring *keyring, uint32_t origin, struct text about, struct text plain, uint8_t *out) MUST_CHECK;

/*
 * Open @sealed into @plain (sealed.n - SEAL_BYTES). Errors: ERROR_NOT_FOUND (the key was destroyed: erased), ERROR_CORRUPT
 * (not what was sealed, or about something else), those of keyring_key.
 */
int seal_open(struct keyring *keyring, uint32_t origin, uint32_t version, struct text about, struct text sealed, uint8_t *plain) MUST_CHECK;

#endif
