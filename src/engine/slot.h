/*
 * slot.h: the form of sealing/slots and its head: what keyring.h writes, and what verify, repair and restore read.
 *
 * The first 64 bytes are the head, then one slot of 64 bytes for each origin number from 1. Every byte is covered by a
 * check. The head lies a second time in the checked file "slots-head" beside it.
 *
 * Private to engine/.
 */
#ifndef ATTUNE_ENGINE_SLOT_H
#define ATTUNE_ENGINE_SLOT_H

#include "engine/keyring.h"

#define SLOTS_HEAD_FILE "slots-head"

enum { SLOT_BYTES = 64 };
/* LOST: the data is younger than the keys that were brought back, and something is sealed with this key. */
enum { SLOT_LIVE = 1, SLOT_DESTROYED = 2, SLOT_LOST = 3 };

struct slots_head {
	char magic[8];
	uint8_t node[KEYRING_KEY_BYTES]; /* Tells whether a node's key is the right one. */
	uint32_t made;                   /* Slots 1 to this are whole; what is behind was being written at a crash. */
	uint8_t reserved[12];
	uint64_t check;                  /* XXH3 of all before. */
};

struct slot {
	uint8_t secret[32];
	uint32_t state, reserved;
	uint8_t room[16];
	uint64_t check; /* XXH3 of all before, seeded with the number. */
};

/* Finish @slot, of random bytes, as one in @state; one that is not live holds nothing else. */
void slot_fill(struct slot *slot, uint32_t state, uint32_t number);
bool slot_is_whole(const struct slot *slot, uint32_t number);

void slots_node_hash(uint8_t hash[KEYRING_KEY_BYTES], const uint8_t *node_key);
void slots_head_of(struct slots_head *head, const uint8_t *node_key, uint32_t made);
bool slots_head_read(int file, struct slots_head *head); /* False: it is damaged, or there is none. */

/* The copy of the head, two lines for people: "made N" and "node HEX". Errors: those of checked_read and checked_write. */
int slots_copy_read(const char *folder, struct slots_head *head) MUST_CHECK;
int slots_copy_write(const char *folder, const struct slots_head *head) MUST_CHECK;

/* When a head was damaged the other may be a step behind: whole slots beyond @made count, too. */
uint32_t slots_extend(int file, uint32_t made);

#endif
