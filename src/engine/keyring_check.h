/*
 * keyring_check.h: reading the keys of a folder without opening them: for verify, repair and restore.
 *
 * Changes nothing but for keyring_repair, and may run beside the server.
 */
#ifndef ATTUNE_ENGINE_KEYRING_CHECK_H
#define ATTUNE_ENGINE_KEYRING_CHECK_H

#include "engine/keyring.h"

struct keyring_found {
	uint32_t made;                             /* As the heads say; without one, as many as there are whole ones. */
	uint32_t live, destroyed, lost, damaged;   /* Of these. Damaged ones are also those that were cut off. */
	bool head_is_sound, copy_is_sound;
	bool node_fits;                            /* The node's key is the one they were made with; true when it cannot be told. */
	uint64_t bytes;
};

enum keyring_slot { KEYRING_SLOT_LOST, KEYRING_SLOT_DAMAGED };

/*
 * Check sealing/slots in the folder @folder of keys. @node_key may be NULL: then it is not compared. @each (may be NULL) is called
 * for every slot that is not usable. Errors: ERROR_NOT_FOUND (no such file), ERROR_IO, ERROR_MEMORY.
 */
int keyring_check(const char *folder, const uint8_t *node_key, struct keyring_found *out, void (*each)(void *arg, uint32_t number, enum keyring_slot what),
                  void *arg) MUST_CHECK;

/*
 * Make damaged heads again, and slots that were cut off into lost ones, so that a start goes on without them. No server may
 * run. @changed: whether there was anything to do. Errors: ERROR_NOT_FOUND, ERROR_DENIED (a sound head belongs to another node key),
 * ERROR_IO, ERROR_FULL, ERROR_MEMORY.
 */
int keyring_repair(const char *folder, const uint8_t *node_key, bool *changed) MUST_CHECK;

#endif
