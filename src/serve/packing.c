/* packing.c: deflate, and the headers of a zip (APPNOTE.TXT 6.3.10, sections 4.3 to 4.5). */
#include "serve/packing.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>
#include <time.h>

/* The level: what zlib takes by itself spends minutes on lines that are much alike, and gains a few hundredths. */
enum { CHUNK = 16 * 1024, POUR_BYTES = 64 * 1024, LEVEL = 4, HEADS_BYTES_MAX = 64 * 1024, DEFLATE = 8, IN_UTF8 = 0x0800 };
enum { VERSION = 20, VERSION_64 = 45, MADE_BY_UNIX = 3 << 8, REGULAR_FILE = 0100644, EXTRA_64 = 1 };
#define BEYOND 0xffffffffu

void packing_init(struct packing *packing, struct spool_claim *claim)
{
	*packing = (struct packing){.claim = claim, .heads = BUFFER_INIT(HEADS_BYTES_MAX)};
}

void packing_free(struct packing *packing)
{
	for (size_t i = 0; i < packing->n; i++) {
		struct packing_file *file = &packing->files[i];
		if (file->state == PACKING_OPEN)
			deflateEnd(&file->stream);
		buffer_free(&file->in);
		spool_free(&file->out);
	}
	packing->n = 0;
	buffer_free(&packing->heads);
}

struct packing_file *packing_add(struct packing *packing, const char *name)
{
	assert(packing->n < PACKING_FILES_MAX);
	struct packing_file *file = &packing->files[packing->n++];
	*file = (struct packing_file){.name = name, .in = BUFFER_INIT(PACKING_PIECE_BYTES_MAX)};
	spool_init(&file->out, packing->claim);
	crypto_hash_sha256_init(&file->sum);
	return file;
}

/* ---- packing ---- */

static voidpf stream_alloc(voidpf arg, uInt n, uInt bytes)
{
	(void)arg;
	return memory_zero_alloc(n, bytes);
}

static void stream_free(voidpf arg, voidpf p)
{
	(void)arg;
	memory_free(p);
}

static int file_begin(struct packing_file *file)
{
	file->stream = (z_stream){.zalloc = stream_alloc, .zfree = stream_free};
	if (deflateInit2(&file->stream, LEVEL, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return ERROR_MEMORY;
	file->state = PACKING_OPEN;
	file->crc = (uint32_t)crc32(0, NULL, 0);
	return 0;
}

/* Pack what is in @file->in; with @last all that is still inside. */
static int file_pack(struct packing_file *file, bool last)
{
	char chunk[CHUNK];
	z_stream *stream = &file->stream;
	int error = file->state == PACKING_EMPTY ? file_begin(file) : 0, code = Z_OK;
	if (error)
		return error;
	const uint8_t *bytes = file->in.p ? (const uint8_t *)file->in.p : (const uint8_t *)"";
	crypto_hash_sha256_update(&file->sum, bytes, file->in.n);
	file->crc = (uint32_t)crc32_z(file->crc, bytes, file->in.n);
	file->bytes += file->in.n;
	stream->next_in = (z_const Bytef *)(uintptr_t)bytes;
	stream->avail_in = (uInt)file->in.n;
	do {
		stream->next_out = (Bytef *)chunk;
		stream->avail_out = sizeof chunk;
		code = deflate(stream, last ? Z_FINISH : Z_NO_FLUSH);
		assert(code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR);
		error = spool_append(&file->out, chunk, sizeof chunk - stream->avail_out);
	} while (!error && (stream->avail_out == 0 || (last && code != Z_STREAM_END)));
	buffer_reset(&file->in);
	return error;
}

static void pack(struct packing *packing, struct packing_file *file, bool last)
{
	if (packing->error || file->in.failed)
		buffer_free(&file->in); /* Of no use any more: memory is. */
	else
		packing->error = file_pack(file, last);
}

void packing_pour(struct packing *packing, struct packing_file *file)
{
	assert(file->state != PACKING_DONE);
	if (file->in.n >= POUR_BYTES && !file->in.failed)
		pack(packing, file, false);
}

void packing_done(struct packing *packing, struct packing_file *file)
{
	if (file->state == PACKING_DONE || file->in.failed)
		return;
	pack(packing, file, true);
	if (file->state == PACKING_OPEN)
		deflateEnd(&file->stream);
	file->state = PACKING_DONE;
	crypto_hash_sha256_final(&file->sum, file->hash);
	buffer_free(&file->in);
}

/* ---- headers ---- */

static void put(struct buffer *out, uint64_t number, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		buffer_char(out, (char)(number >> 8 * i & 0xff));
}

/* MS-DOS: the time in the lower half. */
static uint32_t stamp(int64_t now_ms)
{
	const time_t seconds = (time_t)(now_ms / 1000);
	struct tm tm;
	if (!localtime_r(&seconds, &tm) || tm.tm_year < 80)
		return 1 << 21 | 1 << 16; /* Its first day. */
	return (uint32_t)(tm.tm_year - 80) << 25 | (uint32_t)(tm.tm_mon + 1) << 21 | (uint32_t)tm.tm_mday << 16 | (uint32_t)tm.tm_hour << 11 |
	       (uint32_t)tm.tm_min << 5 | (uint32_t)tm.tm_sec / 2;
}

static uint64_t within(uint64_t number)
{
	return number < BEYOND ? number : BEYOND;
}

/* What both headers of a file say. @extra: bytes of its ZIP64 field. */
static void facts_put(struct buffer *out, const struct packing_file *file, int64_t now_ms, size_t extra, bool sizes_beyond)
{
	put(out, extra ? VERSION_64 : VERSION, 2);
	put(out, IN_UTF8, 2);
	put(out, DEFLATE, 2);
	put(out, stamp(now_ms), 4);
	put(out, file->crc, 4);
	put(out, sizes_beyond ? BEYOND : file->out.bytes, 4);
	put(out, sizes_beyond ? BEYOND : file->bytes, 4);
	put(out, strlen(file->name), 2);
	put(out, extra ? extra + 4 : 0, 2);
}

static void extra_put(struct buffer *out, const struct packing_file *file, size_t extra, bool sizes_beyond, uint64_t at)
{
	if (extra == 0)
		return;
	put(out, EXTRA_64, 2);
	put(out, extra, 2);
	if (sizes_beyond) {
		put(out, file->bytes, 8);
		put(out, file->out.bytes, 8);
	}
	if (at >= BEYOND)
		put(out, at, 8);
}

/* The two sizes go to ZIP64 together: a local header may not have one there without the other. */
static bool is_beyond(const struct packing_file *file)
{
	return file->bytes >= BEYOND || file->out.bytes >= BEYOND;
}

static void local_put(struct buffer *out, const struct packing_file *file, int64_t now_ms)
{
	const size_t extra = is_beyond(file) ? 16 : 0;
	put(out, 0x04034b50, 4);
	facts_put(out, file, now_ms, extra, is_beyond(file));
	buffer_string(out, file->name);
	extra_put(out, file, extra, is_beyond(file), 0);
}

static void central_put(struct buffer *out, const struct packing_file *file, int64_t now_ms, uint64_t at)
{
	const size_t extra = (is_beyond(file) ? 16u : 0u) + (at >= BEYOND ? 8u : 0u);
	put(out, 0x02014b50, 4);
	put(out, MADE_BY_UNIX | VERSION_64, 2);
	facts_put(out, file, now_ms, extra, is_beyond(file));
	put(out, 0, 2 + 2 + 2); /* Its comment, its disk, whether it is text. */
	put(out, (uint32_t)REGULAR_FILE << 16, 4);
	put(out, within(at), 4);
	buffer_string(out, file->name);
	extra_put(out, file, extra, is_beyond(file), at);
}

static void end_put(struct buffer *out, size_t files_n, uint64_t at, uint64_t bytes)
{
	if (at >= BEYOND) {
		put(out, 0x06064b50, 4);
		put(out, 44, 8); /* Bytes of what follows in this record. */
		put(out, MADE_BY_UNIX | VERSION_64, 2);
		put(out, VERSION_64, 2);
		put(out, 0, 4 + 4);
		put(out, files_n, 8);
		put(out, files_n, 8);
		put(out, bytes, 8);
		put(out, at, 8);
		put(out, 0x07064b50, 4);
		put(out, 0, 4);
		put(out, at + bytes, 8);
		put(out, 1, 4);
	}
	put(out, 0x06054b50, 4);
	put(out, 0, 2 + 2);
	put(out, files_n, 2);
	put(out, files_n, 2);
	put(out, bytes, 4);
	put(out, within(at), 4);
	put(out, 0, 2);
}

int packing_finish(struct packing *packing, int64_t now_ms)
{
	struct buffer *heads = &packing->heads;
	uint64_t at = 0;
	for (size_t i = 0; i < packing->n; i++) {
		struct packing_file *file = &packing->files[i];
		packing_done(packing, file);
		if (packing->error || file->in.failed)
			return packing->error ? packing->error : ERROR_LIMIT;
		packing->places[i].at = at;
		packing->places[i].head = heads->n;
		local_put(heads, file, now_ms);
		packing->places[i].head_n = heads->n - packing->places[i].head;
		at += packing->places[i].head_n + file->out.bytes;
	}
	const size_t directory = heads->n;
	for (size_t i = 0; i < packing->n; i++)
		central_put(heads, &packing->files[i], now_ms, packing->places[i].at);
	end_put(heads, packing->n, at, heads->n - directory);
	packing->places[packing->n].at = at;
	packing->places[packing->n].head = directory;
	packing->places[packing->n].head_n = heads->n - directory;
	packing->bytes = at + heads->n - directory;
	return heads->failed ? ERROR_MEMORY : 0;
}

/* ---- reading ---- */

long packing_read(const struct packing *packing, uint64_t at, char *out, size_t max)
{
	size_t i = packing->n, done = 0;
	while (i > 0 && packing->places[i].at > at)
		i--;
	for (; i <= packing->n && done < max; i++) {
		uint64_t inside = at + done - packing->places[i].at;
		if (inside < packing->places[i].head_n) {
			const size_t rest = packing->places[i].head_n - (size_t)inside, n = max - done < rest ? max - done : rest;
			memcpy(out + done, packing->heads.p + packing->places[i].head + inside, n);
			done += n;
			inside += n;
		}
		if (i == packing->n)
			break;
		long n = spool_read(&packing->files[i].out, inside - packing->places[i].head_n, out + done, max - done);
		if (done < max && n < 0)
			return n;
		done += done < max ? (size_t)n : 0;
	}
	return (long)done;
}
