/* keyring_check.c: one walk over the slots. */
#include "engine/keyring_check.h"

#include "base/memory.h"
#include "base/refusal.h"
#include "engine/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { AT_ONCE = 4096 };

static int slots_open(const char *folder, int flags, uint64_t *bytes)
{
	char path[4200];
	struct stat status;
	snprintf(path, sizeof path, "%.4000s/slots", folder);
	int file = open(path, flags | O_CLOEXEC);
	if (file < 0 || fstat(file, &status) != 0) {
		int error = errno == ENOENT ? ERROR_NOT_FOUND : refuse(ERROR_IO, "%s cannot be opened: %s.", path, strerror(errno));
		if (file >= 0)
			close(file);
		return error;
	}
	*bytes = (uint64_t)status.st_size;
	return file;
}

static void slot_count(struct keyring_found *out, const struct slot *slot, uint32_t number, void (*each)(void *, uint32_t, enum keyring_slot), void *arg)
{
	bool whole = slot_is_whole(slot, number);
	out->live += whole && slot->state == SLOT_LIVE;
	out->destroyed += whole && slot->state == SLOT_DESTROYED;
	out->lost += whole && slot->state == SLOT_LOST;
	out->damaged += !whole;
	if (each && (!whole || slot->state == SLOT_LOST))
		each(arg, number, whole ? KEYRING_SLOT_LOST : KEYRING_SLOT_DAMAGED);
}

static int slots_walk(int file, struct keyring_found *out, void (*each)(void *, uint32_t, enum keyring_slot), void *arg)
{
	struct slot *slots = memory_zero_alloc(AT_ONCE, sizeof *slots);
	int error = slots ? 0 : ERROR_MEMORY;
	for (uint32_t number = 1, n; number <= out->made && !error; number += n) {
		n = out->made - number + 1 < AT_ONCE ? out->made - number + 1 : AT_ONCE;
		memset(slots, 0, n * sizeof *slots);
		if (pread(file, slots, n * sizeof *slots, (off_t)number * SLOT_BYTES) < 0)
			error = refuse(ERROR_IO, "The keys cannot be read: %s.", strerror(errno));
		for (uint32_t i = 0; i < n && !error; i++)
			slot_count(out, &slots[i], number + i, each, arg);
	}
	if (slots)
		explicit_bzero(slots, AT_ONCE * sizeof *slots);
	memory_free(slots);
	return error;
}

/* The number of the last whole slot in the file. */
static uint32_t last_whole(int file, uint64_t bytes)
{
	struct slot slot;
	uint32_t number = bytes < 2 * SLOT_BYTES ? 0 : (uint32_t)(bytes / SLOT_BYTES - 1);
	while (number && (pread(file, &slot, sizeof slot, (off_t)number * SLOT_BYTES) != sizeof slot || !slot_is_whole(&slot, number)))
		number--;
	return number;
}

static int heads_look(int file, const char *folder, const uint8_t *node_key, struct keyring_found *out)
{
	struct slots_head first, copy;
	uint8_t node[KEYRING_KEY_BYTES];
	int error = slots_copy_read(folder, &copy);
	if (error && error != ERROR_NOT_FOUND && error != ERROR_CORRUPT)
		return error;
	out->head_is_sound = slots_head_read(file, &first);
	out->copy_is_sound = !error;
	out->node_fits = true;
	if (!out->head_is_sound && !out->copy_is_sound) {
		out->made = last_whole(file, out->bytes);
		return 0;
	}
	out->made = !out->copy_is_sound || (out->head_is_sound && first.made > copy.made) ? first.made : copy.made;
	if (!out->head_is_sound || !out->copy_is_sound)
		out->made = slots_extend(file, out->made);
	if (node_key) {
		slots_node_hash(node, node_key);
		out->node_fits = memcmp(out->head_is_sound ? first.node : copy.node, node, sizeof node) == 0;
	}
	return 0;
}

int keyring_check(const char *folder, const uint8_t *node_key, struct keyring_found *out, void (*each)(void *, uint32_t, enum keyring_slot), void *arg)
{
	*out = (struct keyring_found){0};
	int file = slots_open(folder, O_RDONLY, &out->bytes);
	if (file < 0)
		return file;
	int error = heads_look(file, folder, node_key, out);
	if (!error)
		error = slots_walk(file, out, each, arg);
	close(file);
	return error;
}

static int bytes_put(int file, const void *bytes, size_t n, off_t at)
{
	return pwrite(file, bytes, n, at) == (ssize_t)n ? 0 : errno == ENOSPC || errno == EDQUOT ? ERROR_FULL : ERROR_IO;
}

/* Slots behind the end of the file, up to @made, are lost. */
static int ends_lose(int file, uint64_t bytes, uint32_t made)
{
	int error = 0;
	for (uint32_t number = bytes < 2 * SLOT_BYTES ? 1 : (uint32_t)(bytes / SLOT_BYTES); number <= made && !error; number++) {
		struct slot slot;
		slot_fill(&slot, SLOT_LOST, number);
		error = bytes_put(file, &slot, sizeof slot, (off_t)number * SLOT_BYTES);
	}
	return error;
}

int keyring_repair(const char *folder, const uint8_t *node_key, bool *changed)
{
	struct keyring_found found = {0};
	struct slots_head head;
	int file = slots_open(folder, O_RDWR, &found.bytes);
	*changed = false;
	if (file < 0)
		return file;
	int error = heads_look(file, folder, node_key, &found);
	bool is_short = found.bytes < ((uint64_t)found.made + 1) * SLOT_BYTES;
	if (!error && !found.node_fits)
		error = ERROR_DENIED;
	if (!error && found.head_is_sound && found.copy_is_sound && !is_short) {
		close(file);
		return 0;
	}
	slots_head_of(&head, node_key, found.made);
	if (!error && is_short)
		error = ends_lose(file, found.bytes, found.made);
	if (!error)
		error = bytes_put(file, &head, sizeof head, 0);
	if (!error && fsync(file) != 0)
		error = ERROR_IO;
	close(file);
	if (!error)
		error = slots_copy_write(folder, &head);
	*changed = !error;
	return error;
}
