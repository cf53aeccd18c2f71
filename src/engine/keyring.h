/*
 * keyring.h: a key for every origin, so that destroying it makes all that was sealed with it unreadable, wherever it lies.
 *
 * FOLDER/slots holds a slot of 64 bytes for each origin number, with 32 random bytes; the key of an origin is their keyed
 * hash (BLAKE2b) under the node's key. So the file alone opens nothing, nor does the node's key alone. Destroying
 * overwrites the slot in place and syncs: the file lies outside LMDB, where what was deleted stays readable. A destroyed
 * slot stays destroyed, and is the lasting mark that its origin was erased.
 *
 * Each slot carries a hash of all its bytes and its number, so a slot that was changed, or moved, is known to be damaged and
 * is never taken for a destroyed one. How many there are, and which node key they belong to, is said twice: in the first slot,
 * and in FOLDER/slots-head.
 *
 * Slots are made and synced ahead of the origins that will use them, by a thread of their own: a new customer waits for no
 * disk, and no record can be durable before the key that it was sealed with is.
 */
#ifndef ATTUNE_ENGINE_KEYRING_H
#define ATTUNE_ENGINE_KEYRING_H

#include "base/text.h"

enum { KEYRING_KEY_BYTES = 32, KEYRING_AHEAD = 64 * 1024 };

struct keyring;

/*
 * The node's key, taken out of the environment (ATTUNE_NODE_KEY, 64 hex digits), where it is overwritten.
 * Errors: ERROR_NOT_FOUND (not given there), ERROR_INVALID (the refusal says how it has to look).
 */
int keyring_node_key(uint8_t key[KEYRING_KEY_BYTES]) MUST_CHECK;

/*
 * Open the slots in @folder, made when missing. @node_key (KEYRING_KEY_BYTES) is copied. Every slot is checked: a damaged
 * one counts against its origin alone. No new slots are made before keyring_settle.
 * Errors: ERROR_DENIED (the slots were made with another node key), ERROR_IO, ERROR_FULL, ERROR_CORRUPT (both heads are
 * damaged, or the file was cut: in damage.h), ERROR_MEMORY.
 */
int keyring_open(struct keyring **out, const char *folder, const uint8_t *node_key) MUST_CHECK;
void keyring_close(struct keyring *keyring);

/*
 * After the log was read: origins 1 to @origins are in use. Makes slots up to KEYRING_AHEAD beyond, makes damaged ones
 * again that nobody has used, and names in damage.h those that are in use. Errors: ERROR_IO, ERROR_FULL, ERROR_LIMIT.
 */
int keyring_settle(struct keyring *keyring, uint32_t origins) MUST_CHECK;

/* Before keyring_settle: something is sealed with the key of @origin, which has no slot: the keys are older than the
 * data. It counts as damaged from now on, also after a restart. Errors: ERROR_MEMORY. */
int keyring_lose(struct keyring *keyring, uint32_t origin) MUST_CHECK;

uint32_t keyring_made(const struct keyring *keyring); /* Slots 1 to this are there. */

/* Is there a durable key for @origin? Asks for more of them in time. False: not yet, try again shortly. Threads: safe. */
bool keyring_has(struct keyring *keyring, uint32_t origin);

/* Make keys for the numbers up to @origin and KEYRING_AHEAD more, now. Errors: ERROR_IO, ERROR_FULL. */
int keyring_make(struct keyring *keyring, uint32_t origin) MUST_CHECK;

/* The key of @origin. Errors: ERROR_NOT_FOUND (destroyed), ERROR_DAMAGED (its slot is damaged or was lost), ERROR_BUSY
 * (not made yet), ERROR_IO, ERROR_MEMORY. Threads: safe. */
int keyring_key(struct keyring *keyring, uint32_t origin, uint8_t key[KEYRING_KEY_BYTES]) MUST_CHECK;

/* Is the slot of @origin damaged or lost? Cheap while none is. NULL: none is. */
bool keyring_is_damaged(const struct keyring *keyring, uint32_t origin);
uint32_t keyring_damaged(const struct keyring *keyring); /* How many are, as far as known. */

/* Destroy the keys of @n origins, durably; those without one yet get a destroyed slot. Errors: ERROR_IO, ERROR_MEMORY. Threads: safe. */
int keyring_destroy(struct keyring *keyring, const uint32_t *origins, size_t n) MUST_CHECK;
bool keyring_is_destroyed(const struct keyring *keyring, uint32_t origin); /* Cheap. NULL: none is. */

#endif
