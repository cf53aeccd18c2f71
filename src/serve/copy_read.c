/* copy_read.c: the zip and its manifest. */
#include "serve/copy_read.h"

#include "serve/export.h"
#include "serve/signer.h"

#include <sodium.h>
#include <string.h>

enum { MANIFEST_BYTES_MAX = 256 * 1024, MANIFEST_DEPTH = 16, RECORDS_BYTES_MAX = 1024 * 1024 * 1024 };

static bool refuse(struct copy_read *copy, const char *code, const char *message)
{
	reply_error(copy->request, 422, code, "%s", message);
	return false;
}

/* ---- the manifest ---- */

static bool is_whole(struct copy_read *copy, struct json file, struct text name)
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof hash + 1];
	struct text content;
	int64_t bytes = -1;
	if (!unpacked_find(&copy->files, name, &content)) {
		reply_error(copy->request, 422, "file_missing", "The copy is not whole: its manifest names the file %.*s, which is not in it.", TEXT_ARGS(text_cut(name, 60)));
		return false;
	}
	crypto_hash_sha256(hash, (const uint8_t *)content.p, content.n);
	sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
	if (json_int(json_get(file, TEXT("bytes")), &bytes) && bytes == (int64_t)content.n &&
	    text_equal(json_text(json_get(file, TEXT("sha256"))), text_of(hex)))
		return true;
	reply_error(copy->request, 422, "wrong_sum", "The file %.*s is not the one that the manifest sums up: take the copy again from where it was made.",
	            TEXT_ARGS(text_cut(name, 60)));
	return false;
}

/* Every file of the manifest is there as it was, and there is no other. */
static bool files_check(struct copy_read *copy, struct json manifest)
{
	struct json_cursor cursor = {0};
	struct json file, list = json_get(manifest, TEXT("files"));
	bool named[ARCHIVE_FILES_MAX] = {false};
	while (json_next_item(&cursor, list, &file)) {
		struct text name = json_text(json_get(file, TEXT("name")));
		if (!is_whole(copy, file, name))
			return false;
		for (size_t i = 0; i < copy->files.n; i++)
			named[i] |= text_equal(text_of(copy->files.files[i].name), name);
	}
	for (size_t i = 0; i < copy->files.n; i++)
		if (!named[i] && !text_starts(text_of(copy->files.files[i].name), TEXT("manifest."))) {
			reply_error(copy->request, 422, "unknown_file", "The file %s is in the zip and not in its manifest.", copy->files.files[i].name);
			return false;
		}
	return true;
}

static bool signature_check(struct copy_read *copy, struct json manifest, struct text bytes, struct text signed_by)
{
	struct text signature, own = json_text(json_get(json_get(manifest, TEXT("signed_by")), TEXT("key")));
	if (!unpacked_find(&copy->files, text_of(copy_names[COPY_SIGNATURE]), &signature))
		return refuse(copy, "file_missing", "The copy is not whole: the signature, manifest.sig, is not in it.");
	copy->is_trusted = signed_by.n > 0;
	if (signature.n == SIGNER_SIGNATURE_BYTES && signer_signed(signed_by.n ? signed_by : own, bytes, (const uint8_t *)signature.p))
		return true;
	return refuse(copy, "wrong_signature", signed_by.n ? "The manifest was not signed with the key that was given: it is not from that server, or was changed."
	                                                   : "The signature does not fit the manifest: it was changed.");
}

static bool histories_read(struct copy_read *copy, struct json manifest)
{
	struct json_cursor cursor = {0};
	struct json item;
	struct adoption *adoption = &copy->adoption;
	while (json_next_item(&cursor, json_get(manifest, TEXT("histories")), &item)) {
		struct origin_id *id = &copy->names[adoption->histories_n];
		if (adoption->histories_n == CUSTOMER_ORIGINS_MAX || !origin_parse(json_text(item), id) || origin_is_zero(*id))
			return refuse(copy, "invalid_copy", "The manifest's \"histories\" are not ids, or more than a customer can have.");
		for (size_t i = 0; i < adoption->histories_n; i++)
			if (memcmp(&copy->names[i], id, sizeof *id) == 0)
				return refuse(copy, "invalid_copy", "The manifest names a history twice.");
		copy->ids[adoption->histories_n++] = *id;
	}
	adoption->names = copy->names;
	adoption->ids = copy->ids;
	return adoption->histories_n || refuse(copy, "invalid_copy", "The manifest names no history.");
}

static bool manifest_check(struct copy_read *copy, struct json manifest, struct text bytes, struct text signed_by)
{
	int64_t version = 0;
	struct text digest = json_text(json_get(manifest, TEXT("digest")));
	if (!text_equal(json_text(json_get(manifest, TEXT("format"))), TEXT(EXPORT_FORMAT_NAME)))
		return refuse(copy, "unknown_format", "This zip is not the copy of a customer that a server made.");
	if (!json_int(json_get(manifest, TEXT("version")), &version) || version != EXPORT_FORMAT)
		return refuse(copy, "unknown_version", "The copy was made in a version of the format that this server does not know: use a newer server, or make it again.");
	if (digest.n < sizeof copy->digest)
		memcpy(copy->digest, digest.p, digest.n);
	return signature_check(copy, manifest, bytes, signed_by) && files_check(copy, manifest) && histories_read(copy, manifest);
}

static bool manifest_read(struct copy_read *copy, struct text signed_by)
{
	struct json manifest = {0};
	struct text bytes;
	if (!unpacked_find(&copy->files, text_of(copy_names[COPY_MANIFEST]), &bytes))
		return refuse(copy, "file_missing", "The zip has no manifest.json: it is not the copy of a customer, or not whole.");
	struct json_parser *parser = json_parser_new(MANIFEST_BYTES_MAX, MANIFEST_DEPTH);
	bool good = parser && json_parse(parser, bytes, &manifest) == 0;
	good = good ? manifest_check(copy, manifest, bytes, signed_by) : refuse(copy, "invalid_copy", "The manifest is not JSON that a server wrote.");
	json_parser_free(parser);
	return good;
}

/* ---- together ---- */

bool copy_read(struct copy_read *copy, struct request *request, struct text signed_by)
{
	*copy = (struct copy_read){.request = request};
	arena_init(&copy->arena, RECORDS_BYTES_MAX);
	int error = archive_unpack(&copy->files, request->http->body, COPY_BYTES_MAX);
	if (error == ERROR_INVALID)
		reply_error(request, 422, "invalid_zip", "The file cannot be taken in: %s.", copy->files.problem);
	else if (error == ERROR_LIMIT)
		reply_error(request, 413, "too_large", "The zip unpacks to more than %d MiB: a copy can be taken out at any size, but taken in only up to that.", COPY_BYTES_MAX >> 20);
	else if (error)
		reply_failure(request, error);
	return !error && manifest_read(copy, signed_by) && copy_records_read(copy);
}

void copy_read_free(struct copy_read *copy)
{
	unpacked_free(&copy->files);
	memory_free(copy->adoption.records);
	arena_free(&copy->arena);
}
