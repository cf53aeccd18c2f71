/* init.c: attune init: makes a data folder with its first keys. */
#include "cli/verb.h"

#include "base/json.h"
#include "serve/keys.h"

#include <errno.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int usage(FILE *out)
{
	fputs("usage: attune init DIR [--json]\n\nMakes the data folder DIR with a write key for pages and a secret key for your backend.\n"
	      "Both are shown now and never again; more are made with POST /v1/keys.\n", out);
	return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

static void show(const char *folder, const char *write_key, const char *secret_key, struct keys *keys, bool json)
{
	if (!json) {
		printf("Made %s.\n\n  write key    %s\n  secret key   %s\n\nKeep the secret key: it is not stored and not shown again.\n"
		       "Customer tokens are signed (JWT, HS256) with the text in %s/signing-secret.\n\nNext: attune serve %s\n", folder, write_key,
		       secret_key, folder, folder);
		return;
	}
	struct buffer out = BUFFER_INIT(8192);
	struct json_writer writer = JSON_WRITER(&out);
	json_object_begin(&writer);
	json_put_text(&writer, "folder", text_of(folder));
	json_put_text(&writer, "write_key", text_of(write_key));
	json_put_text(&writer, "secret_key", text_of(secret_key));
	json_put_text(&writer, "signing_secret", text_of(keys_signing_secret(keys)));
	json_object_end(&writer);
	printf("%.*s\n", TEXT_ARGS(buffer_view(&out)));
	buffer_free(&out);
}

int verb_init(int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
	char write_key[KEY_TEXT_BYTES], secret_key[KEY_TEXT_BYTES];
	struct keys *keys;
	bool json = false;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == 'h')
			return usage(stdout);
		if (option != 'j')
			return usage(stderr);
		json = true;
	}
	if (optind + 1 != argc)
		return usage(stderr);
	const char *folder = argv[optind];
	if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
		fprintf(stderr, "attune init: %s: %s\n", folder, strerror(errno));
		return EXIT_FAILED;
	}
	int error = sodium_init() < 0 ? ERROR_IO : keys_open(&keys, folder);
	if (!error && keys_count(keys, KEY_SECRET) > 0) {
		fprintf(stderr, "attune init: %s is a data folder already\n", folder);
		keys_close(keys);
		return EXIT_FAILED;
	}
	if (!error)
		error = keys_add(keys, KEY_WRITE, TEXT("web"), write_key);
	if (!error)
		error = keys_add(keys, KEY_SECRET, TEXT("backend"), secret_key);
	if (error) {
		fprintf(stderr, "attune init: %s: %s\n", folder, error_sentence(error));
		return EXIT_FAILED;
	}
	show(folder, write_key, secret_key, keys, json);
	keys_close(keys);
	return EXIT_DONE;
}
