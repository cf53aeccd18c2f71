/* event_bytes.c: files, pipes, memory and gzip as one stream of bytes. */
#include "event/import/event_bytes.h"

#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GZIP_MAGIC_0 = 0x1f, GZIP_MAGIC_1 = 0x8b, GZIP_WINDOW = 15 + 16 };

/* Fill raw from the file, behind what is still there. At the end of the file raw stays as it is. */
static int raw_fill(struct event_bytes *bytes)
{
	size_t left = bytes->raw_n - bytes->raw_at;
	memmove(bytes->raw, bytes->raw + bytes->raw_at, left);
	bytes->raw_at = 0;
	bytes->raw_n = left;
	size_t room = EVENT_BYTES_CHUNK - left;
	if (bytes->fd < 0) {
		struct text part = text_first(bytes->memory, room);
		if (part.n)
			memcpy(bytes->raw + left, part.p, part.n);
		bytes->memory = text_from(bytes->memory, part.n);
		bytes->raw_n += part.n;
		bytes->done += part.n;
		return 0;
	}
	ssize_t n;
	do {
		n = read(bytes->fd, bytes->raw + left, room);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		bytes->problem = strerror(errno);
		return ERROR_IO;
	}
	bytes->raw_n += (size_t)n;
	bytes->done += (uint64_t)n;
	return 0;
}

static bool at_member(const struct event_bytes *bytes)
{
	const unsigned char *p = bytes->raw + bytes->raw_at;
	return bytes->raw_n - bytes->raw_at >= 2 && p[0] == GZIP_MAGIC_0 && p[1] == GZIP_MAGIC_1;
}

/* The first bytes decide whether this is gzip. */
static int begin(struct event_bytes *bytes)
{
	int error = 0;
	bytes->raw = memory_alloc(EVENT_BYTES_CHUNK);
	if (!bytes->raw)
		error = ERROR_MEMORY;
	for (size_t before = 1; !error && bytes->raw_n < 2 && before != bytes->raw_n;) {
		before = bytes->raw_n;
		error = raw_fill(bytes);
	}
	if (!error && at_member(bytes)) {
		bytes->is_gzip = bytes->in_member = true;
		if (inflateInit2(&bytes->gzip, GZIP_WINDOW) != Z_OK) {
			bytes->is_gzip = false;
			error = ERROR_MEMORY;
		}
	}
	if (error)
		event_bytes_close(bytes);
	return error;
}

int event_bytes_open(struct event_bytes *bytes, const char *path)
{
	struct stat stat;
	bool is_input = strcmp(path, "-") == 0;
	int fd = is_input ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	*bytes = (struct event_bytes){.fd = -1};
	if (fd < 0) {
		bytes->problem = strerror(errno);
		return errno == ENOENT || errno == ENOTDIR ? ERROR_NOT_FOUND : ERROR_IO;
	}
	bytes->fd = fd;
	if (fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode))
		bytes->total = (uint64_t)stat.st_size;
	return begin(bytes);
}

int event_bytes_open_memory(struct event_bytes *bytes, struct text text)
{
	*bytes = (struct event_bytes){.fd = -1, .memory = text, .total = text.n};
	return begin(bytes);
}

void event_bytes_close(struct event_bytes *bytes)
{
	if (bytes->is_gzip)
		inflateEnd(&bytes->gzip);
	if (bytes->fd >= 0)
		close(bytes->fd);
	memory_free(bytes->raw);
	*bytes = (struct event_bytes){.fd = -1, .at_end = true, .problem = bytes->problem};
}

static int raw_read(struct event_bytes *bytes, void *out, size_t n, size_t *got)
{
	if (bytes->raw_at == bytes->raw_n) {
		int error = raw_fill(bytes);
		if (error)
			return error;
	}
	size_t left = bytes->raw_n - bytes->raw_at;
	*got = left < n ? left : n;
	memcpy(out, bytes->raw + bytes->raw_at, *got);
	bytes->raw_at += *got;
	return 0;
}

/* Behind a member: another one, zeros, or the end. */
static int next_member(struct event_bytes *bytes)
{
	for (;;) {
		if (bytes->raw_n - bytes->raw_at < 2) {
			size_t before = bytes->raw_n - bytes->raw_at;
			int error = raw_fill(bytes);
			if (error)
				return error;
			if (bytes->raw_n == before && (before == 0 || bytes->raw[0] == 0)) {
				bytes->at_end = true;
				return 0;
			}
		}
		if (at_member(bytes)) {
			bytes->in_member = true;
			return inflateReset(&bytes->gzip) == Z_OK ? 0 : ERROR_MEMORY;
		}
		if (bytes->raw[bytes->raw_at] != 0) {
			bytes->problem = "behind the gzip data there is something that is no gzip data";
			return ERROR_CORRUPT;
		}
		bytes->raw_at++;
	}
}

static int gzip_step(struct event_bytes *bytes)
{
	if (bytes->raw_at == bytes->raw_n) {
		int error = raw_fill(bytes);
		if (error)
			return error;
		if (bytes->raw_n == 0) {
			bytes->problem = "the gzip data ends too early: the file is cut";
			return ERROR_CORRUPT;
		}
	}
	bytes->gzip.next_in = bytes->raw + bytes->raw_at;
	bytes->gzip.avail_in = (uInt)(bytes->raw_n - bytes->raw_at);
	int status = inflate(&bytes->gzip, Z_NO_FLUSH);
	bytes->raw_at = bytes->raw_n - bytes->gzip.avail_in;
	if (status == Z_STREAM_END) {
		bytes->in_member = false;
		return 0;
	}
	if (status == Z_OK || status == Z_BUF_ERROR)
		return 0;
	bytes->problem = status == Z_MEM_ERROR ? "out of memory" : "the gzip data is broken";
	return status == Z_MEM_ERROR ? ERROR_MEMORY : ERROR_CORRUPT;
}

int event_bytes_read(struct event_bytes *bytes, void *out, size_t n, size_t *got)
{
	int error = 0;
	assert(n > 0 && n < UINT32_MAX);
	*got = bytes->peeked_n - bytes->peeked_at;
	if (*got) {
		*got = *got < n ? *got : n;
		memcpy(out, bytes->peeked + bytes->peeked_at, *got);
		bytes->peeked_at += *got;
		return 0;
	}
	if (bytes->at_end)
		return 0;
	if (!bytes->is_gzip)
		return raw_read(bytes, out, n, got);
	bytes->gzip.next_out = out;
	bytes->gzip.avail_out = (uInt)n;
	while (!error && !bytes->at_end && bytes->gzip.avail_out)
		error = bytes->in_member ? gzip_step(bytes) : next_member(bytes);
	*got = n - bytes->gzip.avail_out;
	return error && *got == 0 ? error : 0;
}

int event_bytes_peek(struct event_bytes *bytes, struct text *first)
{
	size_t got = 1, n = 0;
	assert(bytes->peeked_n == 0);
	while (n < EVENT_BYTES_PEEK && got) {
		int error = event_bytes_read(bytes, bytes->peeked + n, EVENT_BYTES_PEEK - n, &got);
		if (error)
			return error;
		n += got;
	}
	bytes->peeked_n = n;
	*first = (struct text){(const char *)bytes->peeked, n};
	return 0;
}
