/* init.c: attune init: makes a data folder with its first keys and the invitation of its first account. */
#include "cli/renew.h"
#include "cli/verb.h"

#include "base/folder_lock.h"
#include "base/json.h"
#include "base/refusal.h"
#include "serve/keys.h"
#include "serve/staff.h"

#include <errno.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int usage(FILE *out)
{
	fputs("usage: attune init DIR [--json]\n       attune init DIR --renew NAME [--json]\n\nMakes the data folder DIR with a write key for pages, a secret key for your backend and an invitation\n"
	      "for the first account of staff. All are shown now and never again; more keys are made with POST /v1/keys, more\n"
	      "invitations with attune staff invite.\n\n"
	      "A secret that is lost or damaged is never made again by itself. With --renew you give it up and get a new one;\n"
	      "what was there is kept beside it as NAME.damaged-N. NAME and what it costs:\n\n", out);
	if (out == stdout)
		renew_usage();
	return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

struct made {
	const char *folder;
	struct keys *keys;
	char write_key[KEY_TEXT_BYTES], secret_key[KEY_TEXT_BYTES], invitation[STAFF_TOKEN_BYTES];
};

static void show(const struct made *made, bool json)
{
	if (!json) {
		printf("Made %s.\n\n  write key    %s\n  secret key   %s\n  invitation   %s\n\nKeep them: they are not stored and not shown again.\n"
		       "With the invitation you make the first account of the console, at /console/sign-in?invited; it works once.\n"
		       "Customer tokens are signed (JWT, HS256) with the first line of %s/signing-secret.\n\nNext: attune serve %s\n", made->folder,
		       made->write_key, made->secret_key, made->invitation, made->folder, made->folder);
		return;
	}
	struct buffer out = BUFFER_INIT(8192);
	struct json_writer writer = JSON_WRITER(&out);
	json_object_begin(&writer);
	json_put_text(&writer, "folder", text_of(made->folder));
	json_put_text(&writer, "write_key", text_of(made->write_key));
	json_put_text(&writer, "secret_key", text_of(made->secret_key));
	json_put_text(&writer, "setup_token", text_of(made->invitation));
	json_put_text(&writer, "signing_secret", text_of(keys_signing_secret(made->keys)));
	json_object_end(&writer);
	printf("%.*s\n", TEXT_ARGS(buffer_view(&out)));
	buffer_free(&out);
}

/* Keys, and the invitation of the first account. */
static int make(struct made *made)
{
	struct staff *staff;
	int error = keys_add(made->keys, &(struct key_made){.scope = KEY_WRITE, .source = TEXT("web")}, made->write_key);
	if (!error)
		error = keys_add(made->keys, &(struct key_made){.scope = KEY_SECRET, .source = TEXT("backend")}, made->secret_key);
	if (error)
		return error;
	error = staff_open(&staff, made->folder);
	if (error)
		return error;
	error = staff_invite(staff, TEXT(""), ROLE_ADMIN, made->invitation);
	staff_close(staff);
	return error;
}

int verb_init(int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'},
	                                        {"renew", required_argument, NULL, 'r'}, {0}};
	const char *renewed = NULL;
	int lock = -1;
	struct made made = {0};
	char why[2 * REFUSAL_BYTES];
	bool json = false;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == 'h')
			return usage(stdout);
		if (option != 'j' && option != 'r')
			return usage(stderr);
		json |= option == 'j';
		renewed = option == 'r' ? optarg : renewed;
	}
	if (optind + 1 != argc)
		return usage(stderr);
	made.folder = argv[optind];
	if (renewed)
		return renew(made.folder, renewed, json);
	if (mkdir(made.folder, 0700) != 0 && errno != EEXIST) {
		fprintf(stderr, "attune init: %s: %s\n", made.folder, strerror(errno));
		return EXIT_FAILED;
	}
	int error = sodium_init() < 0 ? ERROR_IO : folder_lock(&lock, made.folder);
	if (!error)
		error = keys_open(&made.keys, made.folder);
	if (!error && keys_count(made.keys, KEY_SECRET) > 0) {
		fprintf(stderr, "attune init: %s is a data folder already\n", made.folder);
		keys_close(made.keys);
		return EXIT_FAILED;
	}
	if (!error)
		error = make(&made);
	if (error) {
		fprintf(stderr, "attune init: %s: %s\n", made.folder, refusal_sentence(error, why));
		keys_close(made.keys);
		return EXIT_FAILED;
	}
	show(&made, json);
	keys_close(made.keys);
	folder_unlock(lock);
	return EXIT_DONE;
}
