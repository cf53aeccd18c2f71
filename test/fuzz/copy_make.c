/* copy_make.c: see copy_make.h. */
#include "copy_make.h"

#include "serve/export.h"

#include <sodium.h>
#include <string.h>
#include <zlib.h>

enum { FILES_MAX = 4, LOCAL_HEAD = 30, CENTRAL_HEAD = 46, END_HEAD = 22 };

/* ---- the zip ---- */

static void number(struct buffer *out, uint32_t n, int bytes)
{
	for (int i = 0; i < bytes; i++)
		buffer_char(out, (char)(n >> 8 * i & 255));
}

/* What a local header and an entry of the directory share. */
static void fields(struct buffer *out, const char *name, struct text content)
{
	number(out, 20, 2);
	number(out, 0, 4); /* No flags; stored. */
	number(out, 0x00210000, 4); /* The first day that a zip can say. */
	number(out, (uint32_t)crc32(0, (const Bytef *)content.p, (uInt)content.n), 4);
	number(out, (uint32_t)content.n, 4);
	number(out, (uint32_t)content.n, 4);
	number(out, (uint32_t)strlen(name), 2);
	number(out, 0, 2);
}

static void zip_make(struct buffer *out, const char *const *names, const struct text *contents, size_t n)
{
	size_t starts[FILES_MAX], directory;
	for (size_t i = 0; i < n; i++) {
		starts[i] = out->n;
		number(out, 0x04034b50, 4);
		fields(out, names[i], contents[i]);
		buffer_string(out, names[i]);
		buffer_text(out, contents[i]);
	}
	directory = out->n;
	for (size_t i = 0; i < n; i++) {
		number(out, 0x02014b50, 4);
		number(out, 20, 2);
		fields(out, names[i], contents[i]);
		number(out, 0, 4); /* No comment; disk 0. */
	number(out, 0, 2);
		number(out, 0, 4);
		number(out, (uint32_t)starts[i], 4);
		buffer_string(out, names[i]);
	}
	uint32_t bytes = (uint32_t)(out->n - directory);
	number(out, 0x06054b50, 4);
	number(out, 0, 4);
	number(out, (uint32_t)n, 2);
	number(out, (uint32_t)n, 2);
	number(out, bytes, 4);
	number(out, (uint32_t)directory, 4);
	number(out, 0, 2);
}

/* ---- the manifest ---- */

static void file_say(struct json_writer *out, const char *name, struct text content)
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof hash + 1];
	crypto_hash_sha256(hash, (const uint8_t *)content.p, content.n);
	sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
	json_object_begin(out);
	json_put_text(out, "sha256", text_of(hex));
	json_put_text(out, "name", text_of(name));
	json_put_int(out, "bytes", (int64_t)content.n);
	json_object_end(out);
}

void copy_make(struct buffer *out, const struct made_copy *copy, const struct signer *signer)
{
	struct buffer manifest = BUFFER_INIT(1 << 16);
	struct json_writer writer = JSON_WRITER(&manifest);
	uint8_t signature[SIGNER_SIGNATURE_BYTES];
	json_object_begin(&writer);
	json_put_text(&writer, "format", TEXT(EXPORT_FORMAT_NAME));
	json_put_int(&writer, "version", EXPORT_FORMAT);
	json_key(&writer, TEXT("histories"));
	json_write_raw(&writer, copy->histories);
	json_key(&writer, TEXT("signed_by"));
	json_object_begin(&writer);
	json_put_text(&writer, "key", signer_key(signer));
	json_object_end(&writer);
	json_key(&writer, TEXT("files"));
	json_array_begin(&writer);
	file_say(&writer, copy_names[COPY_EVENTS], copy->events);
	file_say(&writer, copy_names[COPY_DECISIONS], copy->decisions);
	json_array_end(&writer);
	json_object_end(&writer);
	signer_sign(signer, buffer_view(&manifest), signature);
	const char *const names[] = {copy_names[COPY_EVENTS], copy_names[COPY_DECISIONS], copy_names[COPY_MANIFEST], copy_names[COPY_SIGNATURE]};
	const struct text contents[] = {copy->events, copy->decisions, buffer_view(&manifest), {(const char *)signature, sizeof signature}};
	zip_make(out, names, contents, FILES_MAX);
	buffer_free(&manifest);
}
