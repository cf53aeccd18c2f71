/* keyring.c: slots in a file, keys in memory once they are used. */
#include "engine/keyring.h"

#include "base/clock.h"
#include "base/damage.h"
#include "base/folder.h"
#include "base/memory.h"
#include "base/refusal.h"
#include "base/report.h"
#include "base/secret.h"
#include "base/thread.h"
#include "engine/slot.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK_KEYS = 4096, CHUNKS_MAX = 16 * 1024, STRIPES = 64, MAKE_A_WRITE = 16 * 1024, RETRY_MS = 1000 };
enum { KEY_UNREAD = 0, KEY_READ, KEY_DESTROYED, KEY_DAMAGED }; /* In memory. */

#define SLOTS_NAME "sealing/slots"

struct keys_chunk {
	uint8_t keys[CHUNK_KEYS][KEYRING_KEY_BYTES]; /* Under their stripe. */
	_Atomic uint8_t states[CHUNK_KEYS];
};

struct keyring {
	int file;
	uint8_t node_key[KEYRING_KEY_BYTES];
	char folder[4096];
	_Atomic uint32_t made;       /* Slots 1 to this are durable. */
	_Atomic uint32_t damaged_n;  /* Keys that cannot be made, as far as known. */
	struct keys_chunk *_Atomic chunks[CHUNKS_MAX];
	pthread_mutex_t stripes[STRIPES];
	pthread_mutex_t file_lock;   /* Making and destroying. Before a stripe. */
	pthread_mutex_t lock;        /* Of what follows. */
	pthread_cond_t wake;
	uint32_t wanted;
	bool stopping, runs;
	pthread_t thread;
};

static int write_at(int file, const void *bytes, size_t n, off_t at)
{
	for (const char *p = bytes; n;) {
		ssize_t written = pwrite(file, p, n, at);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return error_of_file(errno);
		p += written;
		at += written;
		n -= (size_t)written;
	}
	return 0;
}

/* ---- keys in memory ---- */

static struct keys_chunk *chunk_of(const struct keyring *keyring, uint32_t number)
{
	uint32_t index = number / CHUNK_KEYS;
	return index < CHUNKS_MAX ? atomic_load_explicit(&keyring->chunks[index], memory_order_acquire) : NULL;
}

static struct keys_chunk *chunk_make(struct keyring *keyring, uint32_t number)
{
	uint32_t index = number / CHUNK_KEYS;
	struct keys_chunk *chunk = index < CHUNKS_MAX ? chunk_of(keyring, number) : NULL, *fresh;
	if (chunk || index >= CHUNKS_MAX)
		return chunk;
	fresh = secret_alloc(sizeof *fresh);
	if (fresh && !atomic_compare_exchange_strong(&keyring->chunks[index], &chunk, fresh)) {
		secret_free(fresh, sizeof *fresh); /* Another thread was first. */
		return chunk;
	}
	return fresh;
}

static pthread_mutex_t *stripe_of(struct keyring *keyring, uint32_t number)
{
	return &keyring->stripes[number % STRIPES];
}

static void damaged_note(struct keyring *keyring, struct keys_chunk *chunk, uint32_t number)
{
	if (atomic_exchange(&chunk->states[number % CHUNK_KEYS], KEY_DAMAGED) != KEY_DAMAGED)
		atomic_fetch_add(&keyring->damaged_n, 1);
}

static void damaged_say(uint32_t number)
{
	damage_found(SLOTS_NAME, (uint64_t)number * SLOT_BYTES, DAMAGE_LOST,
	             "Stop the server, put a copy of the keys back over the folder sealing, and start again; or erase the customer.",
	             "The key of history %u is damaged: what was sealed with it cannot be read. Nobody else is affected.", number);
}

/* Read a slot and make its key in memory. The stripe is held. */
static int key_read(struct keyring *keyring, struct keys_chunk *chunk, uint32_t number)
{
	struct slot slot;
	if (number > atomic_load_explicit(&keyring->made, memory_order_acquire))
		return ERROR_BUSY;
	if (pread(keyring->file, &slot, sizeof slot, (off_t)number * SLOT_BYTES) != sizeof slot)
		return ERROR_IO;
	if (!slot_is_whole(&slot, number) || slot.state != SLOT_LIVE) {
		damaged_note(keyring, chunk, number);
		damaged_say(number);
		return ERROR_DAMAGED;
	}
	uint8_t numbered[sizeof slot.secret + sizeof number];
	memcpy(numbered, slot.secret, sizeof slot.secret);
	memcpy(numbered + sizeof slot.secret, &number, sizeof number);
	crypto_generichash(chunk->keys[number % CHUNK_KEYS], KEYRING_KEY_BYTES, numbered, sizeof numbered, keyring->node_key,
	                   sizeof keyring->node_key);
	atomic_store_explicit(&chunk->states[number % CHUNK_KEYS], KEY_READ, memory_order_release);
	sodium_memzero(numbered, sizeof numbered);
	sodium_memzero(&slot, sizeof slot);
	return 0;
}

int keyring_key(struct keyring *keyring, uint32_t origin, uint8_t key[KEYRING_KEY_BYTES])
{
	struct keys_chunk *chunk = chunk_make(keyring, origin);
	if (!chunk)
		return ERROR_MEMORY;
	pthread_mutex_lock(stripe_of(keyring, origin));
	uint8_t state = atomic_load_explicit(&chunk->states[origin % CHUNK_KEYS], memory_order_relaxed);
	int error = state == KEY_DESTROYED ? ERROR_NOT_FOUND : state == KEY_DAMAGED ? ERROR_DAMAGED : state == KEY_READ ? 0 : key_read(keyring, chunk, origin);
	if (!error)
		memcpy(key, chunk->keys[origin % CHUNK_KEYS], KEYRING_KEY_BYTES);
	pthread_mutex_unlock(stripe_of(keyring, origin));
	return error;
}

bool keyring_is_destroyed(const struct keyring *keyring, uint32_t origin)
{
	const struct keys_chunk *chunk = keyring ? chunk_of(keyring, origin) : NULL;
	return chunk && atomic_load_explicit(&chunk->states[origin % CHUNK_KEYS], memory_order_acquire) == KEY_DESTROYED;
}

bool keyring_is_damaged(const struct keyring *keyring, uint32_t origin)
{
	if (!keyring || atomic_load_explicit(&keyring->damaged_n, memory_order_relaxed) == 0)
		return false;
	const struct keys_chunk *chunk = chunk_of(keyring, origin);
	return chunk && atomic_load_explicit(&chunk->states[origin % CHUNK_KEYS], memory_order_acquire) == KEY_DAMAGED;
}

uint32_t keyring_damaged(const struct keyring *keyring)
{
	return keyring ? atomic_load_explicit(&keyring->damaged_n, memory_order_relaxed) : 0;
}

static void destroyed_note(struct keyring *keyring, struct keys_chunk *chunk, uint32_t number)
{
	pthread_mutex_lock(stripe_of(keyring, number));
	sodium_memzero(chunk->keys[number % CHUNK_KEYS], KEYRING_KEY_BYTES);
	atomic_store_explicit(&chunk->states[number % CHUNK_KEYS], KEY_DESTROYED, memory_order_release);
	pthread_mutex_unlock(stripe_of(keyring, number));
}

/* Say durably that slots 1 to @made are whole, after they were synced. */
static int made_write(struct keyring *keyring, uint32_t made)
{
	struct slots_head head;
	slots_head_of(&head, keyring->node_key, made);
	int error = write_at(keyring->file, &head, sizeof head, 0);
	if (!error && fdatasync(keyring->file) != 0)
		error = ERROR_IO;
	return error ? error : slots_copy_write(keyring->folder, &head);
}

/* ---- making ---- */

/* Write slots behind the last, in runs, and sync once; those that are marked in memory as damaged become lost. File lock held. */
static int slots_add(struct keyring *keyring, uint32_t n)
{
	uint32_t first = atomic_load(&keyring->made) + 1;
	struct slot *slots = memory_alloc((size_t)MAKE_A_WRITE * sizeof *slots);
	int error = slots ? 0 : ERROR_MEMORY;
	for (uint32_t done = 0, run; done < n && !error; done += run) {
		run = n - done < MAKE_A_WRITE ? n - done : MAKE_A_WRITE;
		randombytes_buf(slots, run * sizeof *slots);
		for (uint32_t i = 0; i < run; i++)
			slot_fill(&slots[i], keyring_is_damaged(keyring, first + done + i) ? SLOT_LOST : SLOT_LIVE, first + done + i);
		error = write_at(keyring->file, slots, run * sizeof *slots, (off_t)(first + done) * SLOT_BYTES);
	}
	if (!error && fdatasync(keyring->file) != 0)
		error = ERROR_IO;
	if (!error)
		error = made_write(keyring, first + n - 1);
	if (!error)
		atomic_store_explicit(&keyring->made, first + n - 1, memory_order_release);
	if (slots)
		sodium_memzero(slots, (size_t)MAKE_A_WRITE * sizeof *slots);
	memory_free(slots);
	return error;
}

int keyring_make(struct keyring *keyring, uint32_t origin)
{
	if (origin >= (uint32_t)CHUNKS_MAX * CHUNK_KEYS - KEYRING_AHEAD)
		return ERROR_LIMIT;
	pthread_mutex_lock(&keyring->file_lock);
	uint32_t made = atomic_load(&keyring->made), until = origin + KEYRING_AHEAD;
	int error = until > made ? slots_add(keyring, until - made) : 0;
	pthread_mutex_unlock(&keyring->file_lock);
	return error;
}

int keyring_lose(struct keyring *keyring, uint32_t origin)
{
	struct keys_chunk *chunk = chunk_make(keyring, origin);
	assert(origin > atomic_load(&keyring->made));
	if (!chunk)
		return ERROR_MEMORY;
	damaged_note(keyring, chunk, origin);
	return 0;
}

/* Slots that nobody has used yet are made again. */
static int unused_remake(struct keyring *keyring, uint32_t used)
{
	uint32_t n = 0, first = 0, made = atomic_load(&keyring->made);
	int error = 0;
	for (uint32_t number = used + 1; number <= made && keyring_damaged(keyring) && !error; number++) {
		struct slot slot;
		if (!keyring_is_damaged(keyring, number))
			continue;
		randombytes_buf(&slot, sizeof slot);
		slot_fill(&slot, SLOT_LIVE, number);
		error = write_at(keyring->file, &slot, sizeof slot, (off_t)number * SLOT_BYTES);
		sodium_memzero(&slot, sizeof slot);
		first = n++ ? first : number;
		atomic_store(&chunk_of(keyring, number)->states[number % CHUNK_KEYS], KEY_UNREAD);
		atomic_fetch_sub(&keyring->damaged_n, 1);
	}
	if (!error && n && fdatasync(keyring->file) != 0)
		error = ERROR_IO;
	if (n)
		damage_found(SLOTS_NAME, (uint64_t)first * SLOT_BYTES, DAMAGE_REBUILT, "Nothing to do.",
		             "%u keys that nobody had used yet were damaged; they were made again.", n);
	return error;
}

/* Name what is damaged of keys in use: those that a copy of the keys did not have as one, others one by one. */
static int damaged_tell(struct keyring *keyring, uint32_t used)
{
	uint32_t lost = 0, first = 0, last = 0;
	for (uint32_t number = 1; number <= used && keyring_damaged(keyring); number++) {
		struct slot slot;
		if (!keyring_is_damaged(keyring, number))
			continue;
		if (pread(keyring->file, &slot, sizeof slot, (off_t)number * SLOT_BYTES) != sizeof slot)
			return ERROR_IO;
		if (slot_is_whole(&slot, number) && slot.state == SLOT_LOST) {
			first = lost++ ? first : number;
			last = number;
		} else {
			damaged_say(number);
		}
	}
	if (lost)
		damage_found(SLOTS_NAME, (uint64_t)first * SLOT_BYTES, DAMAGE_LOST,
		             "If there is a newer copy of the keys, restore again with it; else erase these customers.",
		             "The keys of %u histories (between %u and %u) are younger than the copy of the keys that was brought back: what they sealed cannot be read.",
		             lost, first, last);
	return 0;
}

int keyring_settle(struct keyring *keyring, uint32_t origins)
{
	int error = keyring_make(keyring, origins);
	if (!error)
		error = unused_remake(keyring, origins);
	return error ? error : damaged_tell(keyring, origins);
}

uint32_t keyring_made(const struct keyring *keyring)
{
	return atomic_load_explicit(&keyring->made, memory_order_acquire);
}

bool keyring_has(struct keyring *keyring, uint32_t origin)
{
	uint32_t made = atomic_load_explicit(&keyring->made, memory_order_acquire);
	if (origin + KEYRING_AHEAD / 2 > made) {
		pthread_mutex_lock(&keyring->lock);
		if (origin > keyring->wanted) {
			keyring->wanted = origin;
			pthread_cond_signal(&keyring->wake);
		}
		pthread_mutex_unlock(&keyring->lock);
	}
	return origin <= made;
}

static void *run(void *arg)
{
	struct keyring *keyring = arg;
	thread_name("slots");
	pthread_mutex_lock(&keyring->lock);
	while (!keyring->stopping) {
		uint32_t wanted = keyring->wanted;
		if (wanted + KEYRING_AHEAD / 2 <= atomic_load(&keyring->made)) {
			pthread_cond_wait(&keyring->wake, &keyring->lock);
			continue;
		}
		pthread_mutex_unlock(&keyring->lock);
		int error = keyring_make(keyring, wanted);
		pthread_mutex_lock(&keyring->lock);
		if (error && !keyring->stopping) {
			report(REPORT_ERROR, "slots_failed", "Keys for new customers could not be made: %s It will be tried again.", error_sentence(error));
			struct timespec until = clock_deadline(RETRY_MS);
			pthread_cond_timedwait(&keyring->wake, &keyring->lock, &until);
		}
	}
	pthread_mutex_unlock(&keyring->lock);
	return NULL;
}

/* ---- destroying ---- */

int keyring_destroy(struct keyring *keyring, const uint32_t *origins, size_t n)
{
	int error = 0;
	pthread_mutex_lock(&keyring->file_lock);
	for (size_t i = 0; i < n && !error; i++) {
		struct slot slot;
		struct keys_chunk *chunk = chunk_make(keyring, origins[i]);
		slot_fill(&slot, SLOT_DESTROYED, origins[i]);
		error = !chunk ? ERROR_MEMORY : 0;
		if (!error && origins[i] > atomic_load(&keyring->made))
			error = slots_add(keyring, origins[i] - atomic_load(&keyring->made));
		if (!error)
			error = write_at(keyring->file, &slot, sizeof slot, (off_t)origins[i] * SLOT_BYTES);
	}
	if (!error && fdatasync(keyring->file) != 0)
		error = ERROR_IO;
	for (size_t i = 0; i < n && !error; i++)
		destroyed_note(keyring, chunk_of(keyring, origins[i]), origins[i]);
	pthread_mutex_unlock(&keyring->file_lock);
	return error;
}

/* ---- opening ---- */

/* Find the destroyed slots and the damaged ones: these are an error to whoever needs them, and to nobody else. */
static int slots_read(struct keyring *keyring, uint32_t n)
{
	struct slot *slots = memory_alloc((size_t)CHUNK_KEYS * sizeof *slots);
	int error = slots ? 0 : ERROR_MEMORY;
	uint32_t number = 1;
	while (number <= n && !error) {
		uint32_t run = n - number + 1 < CHUNK_KEYS ? n - number + 1 : CHUNK_KEYS;
		if (pread(keyring->file, slots, run * sizeof *slots, (off_t)number * SLOT_BYTES) != (ssize_t)(run * sizeof *slots))
			error = ERROR_IO;
		for (uint32_t i = 0; i < run && !error; i++, number++) {
			bool whole = slot_is_whole(&slots[i], number);
			if (whole && slots[i].state == SLOT_LIVE)
				continue;
			struct keys_chunk *chunk = chunk_make(keyring, number);
			if (!chunk)
				error = ERROR_MEMORY;
			else if (whole && slots[i].state == SLOT_DESTROYED)
				atomic_store(&chunk->states[number % CHUNK_KEYS], KEY_DESTROYED);
			else
				damaged_note(keyring, chunk, number);
		}
	}
	if (!error)
		atomic_store(&keyring->made, n);
	memory_free(slots);
	return error;
}

static int heads_refuse(void)
{
	damage_found(SLOTS_NAME, 0, DAMAGE_REFUSED, "Run `attune repair DIR`, which makes both again from the keys, or put a copy of the keys back.",
	             "The head of the keys and its copy, sealing/slots-head, are both damaged.");
	return ERROR_CORRUPT;
}

static int short_refuse(uint32_t made, off_t bytes)
{
	damage_found(SLOTS_NAME, (uint64_t)bytes, DAMAGE_REFUSED, "Put a copy of the keys back over the folder sealing; or run `attune repair DIR`, which gives these keys up.",
	             "The file of keys was cut: it should hold %u keys and ends after %lld.", made, (long long)(bytes / SLOT_BYTES ? bytes / SLOT_BYTES - 1 : 0));
	return ERROR_CORRUPT;
}

/* Find how many slots there are from the heads, and make a damaged one again. */
static int heads_read(struct keyring *keyring, uint32_t *made)
{
	struct slots_head first, copy;
	uint8_t node[KEYRING_KEY_BYTES];
	slots_node_hash(node, keyring->node_key);
	int error = slots_copy_read(keyring->folder, &copy);
	if (error && error != ERROR_NOT_FOUND && error != ERROR_CORRUPT)
		return error;
	bool has_first = slots_head_read(keyring->file, &first), has_copy = !error;
	if (!has_first && !has_copy)
		return heads_refuse();
	if (sodium_memcmp(has_first ? first.node : copy.node, node, sizeof node) != 0)
		return ERROR_DENIED;
	*made = !has_copy || (has_first && first.made > copy.made) ? first.made : copy.made;
	if (!has_first || !has_copy)
		*made = slots_extend(keyring->file, *made);
	if (!has_first)
		damage_found(SLOTS_NAME, 0, DAMAGE_REBUILT, "Nothing to do.", "The head of the keys was damaged; it was made again from its copy.");
	if (!has_copy && *made) /* Not at the first start, cut short. */
		damage_found("sealing/slots-head", 0, DAMAGE_REBUILT, "Nothing to do.", "The copy of the head of the keys was missing or damaged; it was made again.");
	bool agree = has_first && has_copy && first.made == copy.made;
	return agree ? 0 : made_write(keyring, *made);
}

static int file_start(struct keyring *keyring)
{
	char path[4200];
	struct stat status;
	uint32_t made = 0;
	int error = folder_make(keyring->folder);
	snprintf(path, sizeof path, "%s/slots", keyring->folder);
	if (error)
		return error;
	keyring->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (keyring->file < 0 || fstat(keyring->file, &status) != 0)
		return refuse(error_of_file(errno), "%s cannot be opened: %s.", path, strerror(errno));
	struct slots_head head, copy;
	bool holds_none = status.st_size <= SLOT_BYTES && !slots_head_read(keyring->file, &head);
	if (holds_none && slots_copy_read(keyring->folder, &copy) == ERROR_NOT_FOUND) {
		error = made_write(keyring, 0); /* New, or begun and cut short: the copy comes before the first slot. */
		return error ? error : folder_sync_parent(path);
	}
	error = heads_read(keyring, &made);
	if (error)
		return error;
	if (status.st_size < ((off_t)made + 1) * SLOT_BYTES)
		return short_refuse(made, status.st_size);
	return slots_read(keyring, made);
}

int keyring_node_key(uint8_t key[KEYRING_KEY_BYTES])
{
	char given[2 * KEYRING_KEY_BYTES + 1];
	size_t n = 0;
	int error = secret_environment("ATTUNE_NODE_KEY", given, sizeof given);
	if (!error && (sodium_hex2bin(key, KEYRING_KEY_BYTES, given, strlen(given), NULL, &n, NULL) != 0 || n != KEYRING_KEY_BYTES))
		error = ERROR_INVALID;
	sodium_memzero(given, sizeof given);
	return error && error != ERROR_NOT_FOUND ? refuse(ERROR_INVALID, "ATTUNE_NODE_KEY must be 64 hex digits.") : error;
}

int keyring_open(struct keyring **out, const char *folder, const uint8_t *node_key)
{
	struct keyring *keyring = secret_alloc(sizeof *keyring);
	if (!keyring)
		return ERROR_MEMORY;
	keyring->file = -1;
	memcpy(keyring->node_key, node_key, sizeof keyring->node_key);
	snprintf(keyring->folder, sizeof keyring->folder, "%s", folder);
	for (size_t i = 0; i < STRIPES; i++)
		pthread_mutex_init(&keyring->stripes[i], NULL);
	pthread_mutex_init(&keyring->file_lock, NULL);
	pthread_mutex_init(&keyring->lock, NULL);
	clock_condition_init(&keyring->wake);
	int error = file_start(keyring);
	if (!error && pthread_create(&keyring->thread, NULL, run, keyring) != 0)
		error = ERROR_MEMORY;
	keyring->runs = !error;
	if (error) {
		keyring_close(keyring);
		return error;
	}
	*out = keyring;
	return 0;
}

void keyring_close(struct keyring *keyring)
{
	if (!keyring)
		return;
	if (keyring->runs) {
		pthread_mutex_lock(&keyring->lock);
		keyring->stopping = true;
		pthread_cond_signal(&keyring->wake);
		pthread_mutex_unlock(&keyring->lock);
		pthread_join(keyring->thread, NULL);
	}
	if (keyring->file >= 0)
		close(keyring->file);
	for (size_t i = 0; i < CHUNKS_MAX; i++) {
		struct keys_chunk *chunk = atomic_load(&keyring->chunks[i]);
		secret_free(chunk, sizeof *chunk);
	}
	for (size_t i = 0; i < STRIPES; i++)
		pthread_mutex_destroy(&keyring->stripes[i]);
	pthread_mutex_destroy(&keyring->file_lock);
	pthread_mutex_destroy(&keyring->lock);
	pthread_cond_destroy(&keyring->wake);
	secret_free(keyring, sizeof *keyring);
}
