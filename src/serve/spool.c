/* spool.c: files without a name, and who has how much of them. */
#include "serve/spool.h"

#include "base/memory.h"
#include "base/secret.h"
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { CIPHER_BLOCK = 64, CHUNK = 16 * 1024 };
_Static_assert(CHUNK % CIPHER_BLOCK == 0 && SPOOL_MEMORY_BYTES % CHUNK == 0, "chunks begin with a block of the cipher");

struct spools {
	pthread_mutex_t lock;      /* Protects all below. Nothing is taken while it is held. */
	struct spool_claim *first; /* Of those that have a place. */
	uint64_t bytes, bytes_max, claims, refused;
	char folder[4096];
};

int spools_open(struct spools **out, const char *folder, uint64_t bytes_max)
{
	struct spools *spools = memory_zero_alloc(1, sizeof *spools);
	if (!spools)
		return ERROR_MEMORY;
	pthread_mutex_init(&spools->lock, NULL);
	spools->bytes_max = bytes_max;
	snprintf(spools->folder, sizeof spools->folder, "%s", folder);
	*out = spools;
	return 0;
}

void spools_close(struct spools *spools)
{
	if (!spools)
		return;
	assert(!spools->first && spools->bytes == 0);
	pthread_mutex_destroy(&spools->lock);
	memory_free(spools);
}

struct spools_figures spools_figures(struct spools *spools)
{
	pthread_mutex_lock(&spools->lock);
	struct spools_figures figures = {spools->bytes, spools->bytes_max, spools->claims, spools->refused};
	pthread_mutex_unlock(&spools->lock);
	return figures;
}

/* ---- who has how much ---- */

static int claim_enter(struct spool_claim *claim)
{
	struct spools *spools = claim->spools;
	uint8_t *key = secret_alloc(SPOOL_KEY_BYTES);
	size_t n = 0;
	if (!key)
		return ERROR_MEMORY;
	randombytes_buf(key, SPOOL_KEY_BYTES);
	pthread_mutex_lock(&spools->lock);
	for (const struct spool_claim *other = spools->first; other; other = other->next)
		n += other->who == claim->who;
	int error = n >= SPOOL_CLAIMS_A_CALLER ? ERROR_LIMIT : spools->claims >= SPOOL_CLAIMS_MAX ? ERROR_BUSY : 0;
	spools->refused += error != 0;
	if (!error) {
		claim->key = key;
		claim->next = spools->first;
		spools->first = claim;
		spools->claims++;
	}
	pthread_mutex_unlock(&spools->lock);
	if (error)
		secret_free(key, SPOOL_KEY_BYTES);
	return error;
}

void spool_claim_end(struct spool_claim *claim)
{
	struct spools *spools = claim->spools;
	if (!claim->key)
		return;
	assert(claim->bytes == 0);
	pthread_mutex_lock(&spools->lock);
	struct spool_claim **at = &spools->first;
	while (*at != claim)
		at = &(*at)->next;
	*at = claim->next;
	spools->claims--;
	pthread_mutex_unlock(&spools->lock);
	secret_free(claim->key, SPOOL_KEY_BYTES);
	claim->key = NULL;
}

/* Before @n bytes go to the disk. */
static int bytes_take(struct spool_claim *claim, uint64_t n)
{
	struct spools *spools = claim->spools;
	uint64_t theirs = n, answers = 0;
	pthread_mutex_lock(&spools->lock);
	for (const struct spool_claim *other = spools->first; other; other = other->next)
		if (other->who == claim->who) {
			theirs += other->bytes;
			answers++;
		}
	const uint64_t most = answers > 1 ? spools->bytes_max / 4 : spools->bytes_max / 4 * 3;
	int error = theirs > most ? ERROR_LIMIT : spools->bytes + n > spools->bytes_max ? ERROR_BUSY : 0;
	spools->refused += error != 0;
	if (!error) {
		spools->bytes += n;
		claim->bytes += n;
	}
	pthread_mutex_unlock(&spools->lock);
	return error;
}

static void bytes_give(struct spool_claim *claim, uint64_t n)
{
	pthread_mutex_lock(&claim->spools->lock);
	claim->spools->bytes -= n;
	claim->bytes -= n;
	pthread_mutex_unlock(&claim->spools->lock);
}

/* ---- the file ---- */

/* A file that nobody can open by a name. */
static int file_open(struct spools *spools, int *file)
{
	char path[sizeof spools->folder + 16];
	*file = open(spools->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (*file >= 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)
		return error_of_file(errno);
	/* The file system has none: one with a name that is taken from it at once. One name: what a crash leaves is taken over. */
	snprintf(path, sizeof path, "%s/spool", spools->folder);
	pthread_mutex_lock(&spools->lock);
	*file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int error = *file < 0 || unlink(path) != 0 ? error_of_file(errno) : 0;
	pthread_mutex_unlock(&spools->lock);
	if (error && *file >= 0) {
		close(*file);
		*file = -1;
	}
	return error;
}

/* Encrypt or decrypt @n bytes that begin at block @block of the spool. */
static void cipher(const struct spool *spool, char *out, const char *in, size_t n, uint64_t block)
{
	uint8_t nonce[crypto_stream_xchacha20_NONCEBYTES] = {0};
	memcpy(nonce, &spool->number, sizeof spool->number);
	crypto_stream_xchacha20_xor_ic((uint8_t *)out, (const uint8_t *)in, n, nonce, block, spool->claim->key);
}
_Static_assert(SPOOL_KEY_BYTES == crypto_stream_xchacha20_KEYBYTES, "the key is the cipher's");

static int write_all(int file, const char *bytes, size_t n, uint64_t at)
{
	while (n) {
		ssize_t written = pwrite(file, bytes, n, (off_t)at);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written < 0 ? error_of_file(errno) : ERROR_FULL;
		bytes += written;
		n -= (size_t)written;
		at += (uint64_t)written;
	}
	return 0;
}

/* Is there room on the disk for @n bytes, and for events beside them? */
static int disk_check(int file, uint64_t n)
{
	struct statvfs disk;
	if (fstatvfs(file, &disk) != 0)
		return error_of_file(errno);
	return (uint64_t)disk.f_bavail * disk.f_frsize < n + SPOOL_DISK_LEFT ? ERROR_FULL : 0;
}

/* The tail is full: to the disk with it. */
static int tail_store(struct spool *spool)
{
	struct spool_claim *claim = spool->claim;
	int error = claim->key ? 0 : claim_enter(claim);
	if (!error && spool->file < 0) {
		spool->number = ++claim->spools_n;
		error = file_open(claim->spools, &spool->file);
	}
	if (!error)
		error = disk_check(spool->file, SPOOL_MEMORY_BYTES);
	if (!error)
		error = bytes_take(claim, SPOOL_MEMORY_BYTES);
	if (error)
		return error;
	cipher(spool, spool->tail, spool->tail, SPOOL_MEMORY_BYTES, spool->stored / CIPHER_BLOCK);
	error = write_all(spool->file, spool->tail, SPOOL_MEMORY_BYTES, spool->stored);
	if (error)
		bytes_give(claim, SPOOL_MEMORY_BYTES);
	else
		spool->stored += SPOOL_MEMORY_BYTES;
	return error;
}

void spool_init(struct spool *spool, struct spool_claim *claim)
{
	*spool = (struct spool){.claim = claim, .file = -1};
}

int spool_append(struct spool *spool, const void *bytes, size_t n)
{
	const char *from = bytes;
	if (n && !spool->tail && !(spool->tail = memory_alloc(SPOOL_MEMORY_BYTES)))
		return ERROR_MEMORY;
	while (n) {
		const size_t used = (size_t)(spool->bytes - spool->stored);
		if (used == SPOOL_MEMORY_BYTES) {
			int error = tail_store(spool);
			if (error)
				return error;
			continue;
		}
		const size_t some = n < SPOOL_MEMORY_BYTES - used ? n : SPOOL_MEMORY_BYTES - used;
		memcpy(spool->tail + used, from, some);
		spool->bytes += some;
		from += some;
		n -= some;
	}
	return 0;
}

/* From the disk, at most what stands there; a run of whole blocks is read, for the cipher counts in them. */
static long stored_read(const struct spool *spool, uint64_t at, char *out, size_t max)
{
	char chunk[CHUNK];
	const size_t before = at % CIPHER_BLOCK;
	size_t want = before + max < sizeof chunk ? before + max : sizeof chunk, n = 0;
	if (want > spool->stored - (at - before))
		want = (size_t)(spool->stored - (at - before));
	while (n < want) {
		ssize_t got = pread(spool->file, chunk + n, want - n, (off_t)(at - before + n));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return ERROR_IO;
		n += (size_t)got;
	}
	cipher(spool, chunk, chunk, n, at / CIPHER_BLOCK);
	memcpy(out, chunk + before, n - before);
	return (long)(n - before);
}

long spool_read(const struct spool *spool, uint64_t at, char *out, size_t max)
{
	size_t done = 0;
	while (done < max && at < spool->bytes) {
		if (at >= spool->stored) {
			const size_t rest = (size_t)(spool->bytes - at), some = max - done < rest ? max - done : rest;
			memcpy(out + done, spool->tail + (at - spool->stored), some);
			return (long)(done + some);
		}
		long n = stored_read(spool, at, out + done, max - done);
		if (n < 0)
			return n;
		done += (size_t)n;
		at += (uint64_t)n;
	}
	return (long)done;
}

void spool_free(struct spool *spool)
{
	if (spool->file >= 0)
		close(spool->file);
	if (spool->stored)
		bytes_give(spool->claim, spool->stored);
	if (spool->tail)
		sodium_memzero(spool->tail, SPOOL_MEMORY_BYTES);
	memory_free(spool->tail);
	spool_init(spool, spool->claim);
}
