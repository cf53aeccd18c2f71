/*
 * fuzz_slots.c: the keys of customers, damaged in any way: a key that comes back is the one that was made, and every other is refused
 * and named.
 */
#include "file.h"

#include "engine/slot.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { SLOTS = 12, DESTROYED = 5 };

static const uint8_t node_key[KEYRING_KEY_BYTES] = {7, 1, 2, 3};
static char folder[128];

struct sound {
	char slots[(SLOTS + 1) * SLOT_BYTES], head[512];
	size_t head_n;
	uint8_t keys[SLOTS + 1][KEYRING_KEY_BYTES];
};

static void sound_make(struct sound *sound)
{
	struct slots_head head;
	struct slot slot;
	struct keyring *keyring;
	MUST(sodium_init() >= 0);
	snprintf(folder, sizeof folder, "%s/sealing", fuzz_folder());
	slots_head_of(&head, node_key, SLOTS);
	memcpy(sound->slots, &head, sizeof head);
	for (uint32_t number = 1; number <= SLOTS; number++) {
		memset(&slot, (int)number, sizeof slot);
		slot_fill(&slot, number == DESTROYED ? SLOT_DESTROYED : SLOT_LIVE, number);
		memcpy(sound->slots + number * SLOT_BYTES, &slot, sizeof slot);
	}
	MUST(keyring_open(&keyring, folder, node_key) == 0); /* Makes the folder. */
	keyring_close(keyring);
	MUST(slots_copy_write(folder, &head) == 0);
	struct text copy = fuzz_file_get("sealing/slots-head");
	MUST(copy.n <= sizeof sound->head);
	memcpy(sound->head, copy.p, sound->head_n = copy.n);
	fuzz_file_put("sealing/slots", (struct text){sound->slots, sizeof sound->slots});
	MUST(keyring_open(&keyring, folder, node_key) == 0);
	for (uint32_t number = 1; number <= SLOTS; number++)
		MUST(keyring_key(keyring, number, sound->keys[number]) == (number == DESTROYED ? ERROR_NOT_FOUND : 0));
	keyring_close(keyring);
}

static void keys_check(struct keyring *keyring, const struct sound *sound)
{
	uint8_t key[KEYRING_KEY_BYTES];
	MUST(keyring_made(keyring) >= SLOTS);
	for (uint32_t number = 1; number <= SLOTS; number++) {
		int error = keyring_key(keyring, number, key);
		if (number == DESTROYED)
			MUST(error == ERROR_NOT_FOUND || error == ERROR_DAMAGED);
		else if (!error)
			MUST(memcmp(key, sound->keys[number], sizeof key) == 0);
		else
			MUST(error == ERROR_DAMAGED && keyring_damaged(keyring) > 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct sound sound;
	struct fuzz_input input = {bytes, n};
	struct keyring *keyring;
	bool cut;
	if (!sound.head_n)
		sound_make(&sound);
	damage_clear();
	uint8_t what = fuzz_byte(&input);
	struct text slots = {sound.slots, sizeof sound.slots}, head = {sound.head, sound.head_n};
	char damaged[sizeof sound.slots];
	if (what & 1) { /* The file of keys. */
		slots = fuzz_damaged(&input, slots, &cut);
		memcpy(damaged, slots.p, slots.n);
		slots.p = damaged;
	}
	if (what & 2)
		head = fuzz_damaged(&input, head, &cut);
	if (what & 4 && slots.n >= sizeof(struct slots_head)) { /* A head that says anything. */
		struct slots_head said;
		slots_head_of(&said, node_key, fuzz_number(&input) << (what >> 4 & 15));
		memcpy(damaged, slots.p, slots.n);
		memcpy(damaged, &said, sizeof said);
		slots.p = damaged;
	}
	bool is_sound = text_equal(slots, (struct text){sound.slots, sizeof sound.slots}) && text_equal(head, (struct text){sound.head, sound.head_n});
	fuzz_file_put("sealing/slots", slots);
	fuzz_file_put("sealing/slots-head", head);
	int error = keyring_open(&keyring, folder, node_key);
	MUST(error == 0 || error == ERROR_CORRUPT || error == ERROR_DENIED);
	MUST(error != ERROR_CORRUPT || fuzz_is_named("sealing/"));
	if (!error && !(what & 4))
		keys_check(keyring, &sound);
	MUST(error || is_sound || what & 4 || damage_count() || keyring_damaged(keyring));
	if (!error)
		keyring_close(keyring);
	return 0;
}
