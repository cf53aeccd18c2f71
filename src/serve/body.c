/* body.c: bodies that come compressed, and the types of their members. */
#include "serve/server.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

/* ---- types ---- */

static void types_say(unsigned types, char *out, size_t max)
{
	static const struct {
		unsigned types;
		const char *says;
	} words[] = {{BODY_TEXT, "a text"}, {BODY_NUMBER, "a number"}, {BODY_BOOL, "true or false"}, {BODY_LIST, "a list"}, {BODY_OBJECT, "an object"}};
	size_t n = 0;
	for (size_t i = 0; i < sizeof words / sizeof *words && n < max; i++)
		if (types & words[i].types)
			n += (size_t)snprintf(out + n, max - n, "%s%s", n ? " or " : "", words[i].says);
}

bool body_check(struct request *request, struct json object, const struct body_member *members)
{
	struct json_cursor cursor = {0};
	struct json value;
	struct text name;
	char says[80] = "";
	while (json_next_member(&cursor, object, &name, &value)) {
		const struct body_member *member = members;
		while (member->name && !text_equal((struct text){member->name, member->name_n}, name))
			member++;
		enum json_type type = json_type_of(value);
		if (!member->name || type <= JSON_NULL || member->types & 1u << type)
			continue;
		types_say(member->types, says, sizeof says);
		reply_error(request, 400, "wrong_type", "\"%.*s\" must be %s, not %s.", TEXT_ARGS(name), says, json_type_name(type));
		return false;
	}
	return true;
}

/* ---- compressed ---- */

/* Inflate into the request's arena, at most REQUEST_BODY_BYTES_MAX: a small body must not become a large one. */
static int inflate_whole(struct request *request, struct text packed, struct text *out)
{
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)packed.p, .avail_in = (uInt)packed.n};
	char *bytes = arena_alloc(request->arena, REQUEST_BODY_BYTES_MAX + 1);
	if (!bytes || inflateInit2(&stream, 15 + 32) != Z_OK)
		return ERROR_MEMORY;
	stream.next_out = (Bytef *)bytes;
	stream.avail_out = REQUEST_BODY_BYTES_MAX + 1;
	int code = inflate(&stream, Z_FINISH);
	size_t n = REQUEST_BODY_BYTES_MAX + 1 - stream.avail_out;
	bool rest = stream.avail_in > 0;
	inflateEnd(&stream);
	if (n > REQUEST_BODY_BYTES_MAX)
		return ERROR_LIMIT;
	if (code != Z_STREAM_END || rest)
		return ERROR_INVALID;
	*out = (struct text){bytes, n};
	return 0;
}

bool body_inflate(struct request *request)
{
	struct text encoding = http_header_of(request->http, "Content-Encoding"), whole;
	if (request->inflated || encoding.n == 0 || text_equal_fold(encoding, TEXT("identity")))
		return true;
	if (!text_equal_fold(encoding, TEXT("gzip")) && !text_equal_fold(encoding, TEXT("deflate"))) {
		reply_error(request, 415, "unknown_encoding", "A body may be plain or gzip.");
		return false;
	}
	int error = inflate_whole(request, request->http->body, &whole);
	if (error == ERROR_LIMIT)
		reply_error(request, 400, "too_large", "The body unpacks to more than %d KiB.", REQUEST_BODY_BYTES_MAX / 1024);
	else if (error == ERROR_INVALID)
		reply_error(request, 400, "bad_gzip", "The body is not whole gzip.");
	else if (error)
		reply_failure(request, error);
	else
		request->http->body = whole;
	request->inflated = error == 0;
	return error == 0;
}
