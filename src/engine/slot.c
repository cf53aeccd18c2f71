/* slot.c: slots and heads as bytes. */
#include "engine/slot.h"

#include "base/checked_file.h"

#include <assert.h>
#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

static const char MAGIC[8] = {'A', 'T', 'S', 'L', 'O', 'T', 'S', '2'};

static_assert(sizeof(struct slots_head) == SLOT_BYTES && sizeof(struct slot) == SLOT_BYTES, "part of the format");

static uint64_t slot_check(const struct slot *slot, uint32_t number)
{
	return XXH3_64bits_withSeed(slot, offsetof(struct slot, check), number);
}

void slot_fill(struct slot *slot, uint32_t state, uint32_t number)
{
	if (state != SLOT_LIVE)
		memset(slot, 0, sizeof *slot);
	slot->state = state;
	slot->reserved = 0;
	slot->check = slot_check(slot, number);
}

bool slot_is_whole(const struct slot *slot, uint32_t number)
{
	return slot->state >= SLOT_LIVE && slot->state <= SLOT_LOST && slot->check == slot_check(slot, number);
}

void slots_node_hash(uint8_t hash[KEYRING_KEY_BYTES], const uint8_t *node_key)
{
	static const char about[] = "attune node key";
	crypto_generichash(hash, KEYRING_KEY_BYTES, (const uint8_t *)about, sizeof about, node_key, KEYRING_KEY_BYTES);
}

static uint64_t head_check(const struct slots_head *head)
{
	return XXH3_64bits(head, offsetof(struct slots_head, check));
}

void slots_head_of(struct slots_head *head, const uint8_t *node_key, uint32_t made)
{
	*head = (struct slots_head){.made = made};
	memcpy(head->magic, MAGIC, sizeof head->magic);
	slots_node_hash(head->node, node_key);
	head->check = head_check(head);
}

bool slots_head_read(int file, struct slots_head *head)
{
	return pread(file, head, sizeof *head, 0) == sizeof *head && memcmp(head->magic, MAGIC, sizeof MAGIC) == 0 && head->check == head_check(head);
}

int slots_copy_write(const char *folder, const struct slots_head *head)
{
	char hex[2 * sizeof head->node + 1], text[160];
	sodium_bin2hex(hex, sizeof hex, head->node, sizeof head->node);
	int n = snprintf(text, sizeof text, "made %u\nnode %s", head->made, hex);
	return checked_write(folder, SLOTS_HEAD_FILE, (struct text){text, (size_t)n});
}

int slots_copy_read(const char *folder, struct slots_head *head)
{
	struct buffer content = BUFFER_INIT(CHECKED_BYTES_MAX);
	struct text rest, line;
	int64_t made = 0;
	size_t n = 0;
	int error = checked_read(folder, SLOTS_HEAD_FILE, &content);
	rest = buffer_view(&content);
	bool read = !error && text_next(&rest, '\n', &line) && text_to_int64(text_from(line, 5), &made) == 0 && made >= 0 && made <= UINT32_MAX &&
	            sodium_hex2bin(head->node, sizeof head->node, text_from(rest, 5).p, text_from(rest, 5).n, NULL, &n, NULL) == 0 && n == sizeof head->node;
	if (read)
		head->made = (uint32_t)made;
	buffer_free(&content);
	return error ? error : read ? 0 : ERROR_CORRUPT;
}

uint32_t slots_extend(int file, uint32_t made)
{
	struct slot slot;
	while (made < UINT32_MAX && pread(file, &slot, sizeof slot, ((off_t)made + 1) * SLOT_BYTES) == sizeof slot && slot_is_whole(&slot, made + 1))
		made++;
	return made;
}
