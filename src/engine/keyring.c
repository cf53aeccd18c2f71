/* keyring.c: slots in a file, keys in memory once they are used. */
#include "engine/keyring.h"

#include "base/clock.h"
#include "base/folder.h"
#include "base/memory.h"
#include "base/report.h"
#include "base/thread.h"

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
#include <xxhash.h>

enum { SLOT_BYTES = 64, CHUNK_KEYS = 4096, CHUNKS_MAX = 16 * 1024, STRIPES = 64, MAKE_A_WRITE = 16 * 1024, RETRY_MS = 1000 };
enum { SLOT_LIVE = 1, SLOT_DESTROYED = 2 };       /* In the file. */
enum { KEY_UNREAD = 0, KEY_READ, KEY_DESTROYED }; /* In memory. */

static const char MAGIC[8] = {'A', 'T', 'S', 'L', 'O', 'T', 'S', '1'};

/* The first slot of the file. */
struct head {
	char magic[8];
	uint8_t check[KEYRING_KEY_BYTES]; /* Of the node's key. */
	uint32_t made;                    /* Slots 1 to this are whole; what is behind was being written at a crash. */
	uint8_t reserved[20];
};

struct slot {
	uint8_t secret[32];
	uint32_t state, reserved;
	uint64_t check; /* XXH3 of all before, seeded with the number. */
	uint8_t room[16];
};

static_assert(sizeof(struct head) == SLOT_BYTES && sizeof(struct slot) == SLOT_BYTES, "part of the format");

struct keys_chunk {
	uint8_t keys[CHUNK_KEYS][KEYRING_KEY_BYTES]; /* Under their stripe. */
	_Atomic uint8_t states[CHUNK_KEYS];
};

struct keyring {
	int file;
	uint8_t node_key[KEYRING_KEY_BYTES];
	_Atomic uint32_t made;       /* Slots 1 to this are durable. */
	struct keys_chunk *_Atomic chunks[CHUNKS_MAX];
	pthread_mutex_t stripes[STRIPES];
	pthread_mutex_t file_lock;   /* Making and destroying. Before a stripe. */
	pthread_mutex_t lock;        /* Of what follows. */
	pthread_cond_t wake;
	uint32_t wanted;
	bool stopping, runs;
	pthread_t thread;
};

static uint64_t slot_check(const struct slot *slot, uint32_t number)
{
	return XXH3_64bits_withSeed(slot, offsetof(struct slot, check), number);
}

static int write_at(int file, const void *bytes, size_t n, off_t at)
{
	for (const char *p = bytes; n;) {
		ssize_t written = pwrite(file, p, n, at);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return errno == ENOSPC || errno == EDQUOT ? ERROR_FULL : ERROR_IO;
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
	fresh = memory_zero_alloc(1, sizeof *fresh);
	if (fresh && !atomic_compare_exchange_strong(&keyring->chunks[index], &chunk, fresh)) {
		memory_free(fresh); /* Another thread was first. */
		return chunk;
	}
	return fresh;
}

static pthread_mutex_t *stripe_of(struct keyring *keyring, uint32_t number)
{
	return &keyring->stripes[number % STRIPES];
}

/* Read a slot and make its key in memory. The stripe is held. */
static int key_read(struct keyring *keyring, struct keys_chunk *chunk, uint32_t number)
{
	struct slot slot;
	if (number > atomic_load_explicit(&keyring->made, memory_order_acquire))
		return ERROR_BUSY;
	if (pread(keyring->file, &slot, sizeof slot, (off_t)number * SLOT_BYTES) != sizeof slot)
		return ERROR_IO;
	if (slot.state != SLOT_LIVE || slot.check != slot_check(&slot, number))
		return ERROR_CORRUPT;
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
	int error = state == KEY_DESTROYED ? ERROR_NOT_FOUND : state == KEY_READ ? 0 : key_read(keyring, chunk, origin);
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

static void destroyed_note(struct keyring *keyring, struct keys_chunk *chunk, uint32_t number)
{
	pthread_mutex_lock(stripe_of(keyring, number));
	sodium_memzero(chunk->keys[number % CHUNK_KEYS], KEYRING_KEY_BYTES);
	atomic_store_explicit(&chunk->states[number % CHUNK_KEYS], KEY_DESTROYED, memory_order_release);
	pthread_mutex_unlock(stripe_of(keyring, number));
}

/* ---- making ---- */

static void head_of(struct head *head, const uint8_t *node_key, uint32_t made)
{
	static const char about[] = "attune node key";
	*head = (struct head){.made = made};
	memcpy(head->magic, MAGIC, sizeof head->magic);
	crypto_generichash(head->check, sizeof head->check, (const uint8_t *)about, sizeof about, node_key, KEYRING_KEY_BYTES);
}

/* Say durably that slots 1 to @made are whole, after they were synced. */
static int made_write(struct keyring *keyring, uint32_t made)
{
	struct head head;
	head_of(&head, keyring->node_key, made);
	int error = write_at(keyring->file, &head, sizeof head, 0);
	return error ? error : fdatasync(keyring->file) != 0 ? ERROR_IO : 0;
}

/* Write slots behind the last, in runs, and sync once. File lock held. */
static int slots_add(struct keyring *keyring, uint32_t n)
{
	uint32_t first = atomic_load(&keyring->made) + 1;
	struct slot *slots = memory_alloc((size_t)MAKE_A_WRITE * sizeof *slots);
	int error = slots ? 0 : ERROR_MEMORY;
	for (uint32_t done = 0, run; done < n && !error; done += run) {
		run = n - done < MAKE_A_WRITE ? n - done : MAKE_A_WRITE;
		randombytes_buf(slots, run * sizeof *slots);
		for (uint32_t i = 0; i < run; i++) {
			slots[i].state = SLOT_LIVE;
			slots[i].reserved = 0;
			slots[i].check = slot_check(&slots[i], first + done + i);
		}
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
		struct slot slot = {.state = SLOT_DESTROYED};
		struct keys_chunk *chunk = chunk_make(keyring, origins[i]);
		slot.check = slot_check(&slot, origins[i]);
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

/* Find the destroyed slots. One that is damaged is an error to who needs it, and to nobody else. */
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
			if (slots[i].state != SLOT_DESTROYED || slots[i].check != slot_check(&slots[i], number))
				continue;
			struct keys_chunk *chunk = chunk_make(keyring, number);
			if (chunk)
				atomic_store(&chunk->states[number % CHUNK_KEYS], KEY_DESTROYED);
			else
				error = ERROR_MEMORY;
		}
	}
	if (!error)
		atomic_store(&keyring->made, n);
	memory_free(slots);
	return error;
}

static int file_start(struct keyring *keyring, const char *folder)
{
	char path[4200];
	struct head head, found;
	struct stat status;
	int error = folder_make(folder);
	snprintf(path, sizeof path, "%s/slots", folder);
	if (error)
		return error;
	keyring->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (keyring->file < 0 || fstat(keyring->file, &status) != 0)
		return ERROR_IO;
	head_of(&head, keyring->node_key, 0);
	if (status.st_size < SLOT_BYTES) {
		error = made_write(keyring, 0);
		return error ? error : folder_sync_parent(path);
	}
	if (pread(keyring->file, &found, sizeof found, 0) != sizeof found)
		return ERROR_IO;
	if (memcmp(found.magic, MAGIC, sizeof MAGIC) != 0)
		return ERROR_CORRUPT;
	if (sodium_memcmp(found.check, head.check, sizeof head.check) != 0)
		return ERROR_DENIED;
	if (status.st_size < ((off_t)found.made + 1) * SLOT_BYTES)
		return ERROR_CORRUPT;
	return slots_read(keyring, found.made);
}

int keyring_open(struct keyring **out, const char *folder, const uint8_t *node_key)
{
	struct keyring *keyring = memory_zero_alloc(1, sizeof *keyring);
	if (!keyring)
		return ERROR_MEMORY;
	keyring->file = -1;
	memcpy(keyring->node_key, node_key, sizeof keyring->node_key);
	for (size_t i = 0; i < STRIPES; i++)
		pthread_mutex_init(&keyring->stripes[i], NULL);
	pthread_mutex_init(&keyring->file_lock, NULL);
	pthread_mutex_init(&keyring->lock, NULL);
	pthread_cond_init(&keyring->wake, NULL);
	int error = file_start(keyring, folder);
	if (!error)
		error = keyring_make(keyring, 0);
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
		if (chunk)
			sodium_memzero(chunk, sizeof *chunk);
		memory_free(chunk);
	}
	for (size_t i = 0; i < STRIPES; i++)
		pthread_mutex_destroy(&keyring->stripes[i]);
	pthread_mutex_destroy(&keyring->file_lock);
	pthread_mutex_destroy(&keyring->lock);
	pthread_cond_destroy(&keyring->wake);
	sodium_memzero(keyring->node_key, sizeof keyring->node_key);
	memory_free(keyring);
}
