/* import_copy.c: attune import COPY.zip: a customer's copy is taken in by a running server. */
#include "cli/import_copy.h"

#include "base/json.h"
#include "cli/verb.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PEM_BYTES_MAX = 1024, COPY_BYTES_MAX = 64 * 1024 * 1024, ANSWER_BYTES_MAX = 1 << 20, KEY_TEXT_BYTES = 44, DER_TEXT_BYTES = 60 };

bool import_is_copy(const char *path)
{
	char magic[4] = {0};
	FILE *file = fopen(path, "rbe");
	bool zip = file && fread(magic, 1, sizeof magic, file) == sizeof magic && memcmp(magic, "PK\3\4", sizeof magic) == 0;
	if (file)
		fclose(file);
	return zip;
}

static bool file_take(const char *path, struct buffer *out)
{
	char chunk[64 * 1024];
	FILE *file = fopen(path, "rbe");
	for (size_t n; file && (n = fread(chunk, 1, sizeof chunk, file)) > 0;)
		buffer_append(out, chunk, n);
	bool good = file && !ferror(file) && !out->failed;
	if (file)
		fclose(file);
	if (!good)
		fprintf(stderr, "attune import: %s cannot be read, or is too large\n", path);
	return good;
}

/* The key of a PEM file in base64: the last 32 bytes of what stands between its lines (RFC 8410), so the last 43 digits of it. */
static bool key_read(const char *path, struct buffer *query)
{
	struct buffer pem = BUFFER_INIT(PEM_BYTES_MAX);
	struct text rest, line;
	bool good = file_take(path, &pem), found = false;
	rest = buffer_view(&pem);
	while (good && !found && rest.n && text_next(&rest, '\n', &line)) {
		found = text_trim(line).n == DER_TEXT_BYTES && text_starts(line, TEXT("MCowBQYDK2VwAyEA"));
		line = text_from(text_trim(line), DER_TEXT_BYTES - KEY_TEXT_BYTES);
	}
	if (good && !found)
		fprintf(stderr, "attune import: %s is no Ed25519 public key; a server's stands at /v1/certificate-key\n", path);
	buffer_string(query, "signed_by=");
	for (size_t i = 0; found && i < line.n; i++)
		if (line.p[i] == '+' || line.p[i] == '/' || line.p[i] == '=')
			buffer_format(query, "%%%02X", (unsigned)line.p[i]);
		else
			buffer_char(query, line.p[i]);
	buffer_char(query, '&');
	buffer_free(&pem);
	return found;
}

static void show(struct text answer)
{
	struct json_parser *parser = json_parser_new(ANSWER_BYTES_MAX, 16);
	struct json root;
	int64_t added = 0, already = 0, left_out = 0;
	if (!parser || json_parse(parser, answer, &root) != 0) {
		printf("%.*s\n", TEXT_ARGS(answer));
	} else {
		json_int(json_get(root, TEXT("added")), &added);
		json_int(json_get(root, TEXT("already")), &already);
		json_int(json_get(root, TEXT("left_out")), &left_out);
		printf("%.*s: %" PRId64 " records taken in, %" PRId64 " were here already, %" PRId64 " left out.\n", TEXT_ARGS(json_text(json_get(root, TEXT("cid")))), added,
		       already, left_out);
		if (json_type_of(json_get(root, TEXT("same"))) == JSON_BOOL)
			puts(json_bool(json_get(root, TEXT("same")), false) ? "What is kept now is the same as where the copy was made."
			                                                    : "What is kept now is not the same as where the copy was made: is the configuration another, or did something arrive since?");
	}
	json_parser_free(parser);
}

int import_copy(const struct client *client, const char *path, const struct import_copy_options *options)
{
	struct buffer body = BUFFER_INIT(COPY_BYTES_MAX), target = BUFFER_INIT(1024), answer = BUFFER_INIT(ANSWER_BYTES_MAX);
	int exit = EXIT_FAILED, status = 0;
	buffer_string(&target, "/v1/customers/import?");
	if (options->erased_again)
		buffer_string(&target, "erased=again&");
	if (file_take(path, &body) && (!options->signed_by || key_read(options->signed_by, &target))) {
		status = client_post(client, buffer_terminated(&target), buffer_view(&body), &answer);
		exit = status == 200 ? EXIT_DONE : EXIT_FAILED;
		if (status != 200)
			fprintf(stderr, "attune import: %.*s\n", TEXT_ARGS(buffer_view(&answer)));
		else if (options->json)
			printf("%.*s\n", TEXT_ARGS(buffer_view(&answer)));
		else
			show(buffer_view(&answer));
	}
	buffer_free(&body);
	buffer_free(&target);
	buffer_free(&answer);
	return exit;
}
