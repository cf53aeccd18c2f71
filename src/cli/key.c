/*
 * key.c: attune key: the keys of a data folder: listed, made and revoked.
 *
 * Without a server it writes the folder's file itself, holding the folder's lock. While a server has that lock, the server is asked.
 */
#include "cli/verb.h"

#include "base/clock.h"
#include "base/folder_lock.h"
#include "base/json.h"
#include "cli/client.h"
#include "serve/keys.h"
#include "serve/staff.h"

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { ANSWER_BYTES_MAX = 4 << 20, BODY_BYTES_MAX = 4096, PARSER_DEPTH = 8 };

struct call {
	const char *act, *folder, *id;
	const char *scope, *source, *name, *routes;
	struct client client;
	bool json;
};

static int usage(FILE *out)
{
	fputs("usage: attune key list DIR [--json]\n"
	      "       attune key add DIR --scope write|secret --source NAME [--name TEXT] [--routes LIST] [--json]\n"
	      "       attune key revoke DIR ID [--json]\n\n"
	      "DIR is a data folder. While a server runs on it, the server is asked: --key (or ATTUNE_KEY) is a secret key\n"
	      "that is not limited, --server (or ATTUNE_SERVER) its address.\n\n"
	      "A new key is shown once. LIST limits it to some routes: groups (collect, decide, customers, read) and paths such as\n"
	      "/v1/customers, with commas between. A revoked key opens nothing any more, and stays in the list.\n", out);
	return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

static const char **option_of(struct call *call, int option)
{
	return option == 's' ? &call->scope : option == 'o' ? &call->source : option == 'n' ? &call->name : option == 'r' ? &call->routes :
	       option == 'k' ? &call->client.key : &call->client.server;
}

/* EXIT_DONE with call->act NULL: help was asked for. */
static int call_read(struct call *call, int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {"scope", required_argument, NULL, 's'}, {"source", required_argument, NULL, 'o'},
		{"name", required_argument, NULL, 'n'}, {"routes", required_argument, NULL, 'r'}, {"key", required_argument, NULL, 'k'}, {"server", required_argument, NULL, 'a'}, {0}};
	*call = (struct call){.scope = "write"};
	client_init(&call->client);
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (option) {
		case 'h':
			return usage(stdout);
		case 'j':
			call->json = true;
			break;
		case '?':
			return usage(stderr);
		default:
			*option_of(call, option) = optarg;
		}
	const char *act = optind < argc ? argv[optind] : "";
	bool revokes = strcmp(act, "revoke") == 0, adds = strcmp(act, "add") == 0;
	if ((!revokes && !adds && strcmp(act, "list") != 0) || optind + (revokes ? 3 : 2) != argc || (adds && !call->source) ||
	    (strcmp(call->scope, "write") != 0 && strcmp(call->scope, "secret") != 0))
		return usage(stderr);
	call->act = act;
	call->folder = argv[optind + 1];
	call->id = revokes ? argv[optind + 2] : NULL;
	return EXIT_DONE;
}

static int failed(const struct call *call, struct text why)
{
	fprintf(stderr, "attune key %s: %.*s\n", call->act, TEXT_ARGS(why));
	return EXIT_FAILED;
}

/* ---- what is shown ---- */

static const char *text_at(struct json object, const char *name, char room[200])
{
	struct text text = json_text(json_get(object, text_of(name)));
	snprintf(room, 200, "%.*s", TEXT_ARGS(text));
	return room;
}

/* A line a key, from the JSON that a server answers or that was made here. */
static void list_show(const struct call *call, struct text answer, struct json root)
{
	struct json_cursor cursor = {0};
	struct json key;
	if (call->json) {
		printf("%.*s\n", TEXT_ARGS(answer));
		return;
	}
	while (json_next_item(&cursor, json_get(root, TEXT("keys")), &key)) {
		char id[200], scope[200], source[200], used[200], revoked[200], name[200];
		printf("%s  %-6s  %-20s  %-11s  %s%s\n", text_at(key, "id", id), text_at(key, "scope", scope), text_at(key, "source", source),
		       *text_at(key, "last_used", used) ? used : "never used", text_at(key, "name", name), *text_at(key, "revoked", revoked) ? " (revoked)" : "");
	}
}

static void done_show(const struct call *call, struct text answer, struct json root)
{
	char key[200], id[200];
	if (call->json)
		printf("%.*s\n", TEXT_ARGS(answer));
	else if (call->id)
		printf("The key %s opens nothing any more.\n", call->id);
	else
		printf("%s\n\nIt is not shown again. Its id is %s.\n", text_at(root, "key", key), text_at(root, "id", id));
}

static int show(const struct call *call, struct text answer)
{
	struct json root;
	struct json_parser *parser = json_parser_new(ANSWER_BYTES_MAX, PARSER_DEPTH);
	int error = parser ? json_parse(parser, answer, &root) : ERROR_MEMORY;
	if (!error && strcmp(call->act, "list") == 0)
		list_show(call, answer, root);
	else if (!error)
		done_show(call, answer, root);
	json_parser_free(parser);
	return error ? failed(call, text_of(error_sentence(error))) : EXIT_DONE;
}

/* ---- here ---- */

static void list_write(struct json_writer *out, const struct keys *keys)
{
	const struct key *key;
	json_key(out, TEXT("keys"));
	json_array_begin(out);
	for (size_t i = 0; (key = keys_at(keys, i)); i++) {
		json_object_begin(out);
		key_members_write(out, key);
		json_object_end(out);
	}
	json_array_end(out);
}

static int add_here(const struct call *call, struct keys *keys, struct json_writer *out)
{
	char text[KEY_TEXT_BYTES];
	const struct key_made made = {.scope = strcmp(call->scope, "secret") == 0 ? KEY_SECRET : KEY_WRITE, .source = text_of(call->source),
	                              .name = text_of(call->name), .routes = text_of(call->routes)};
	int error = keys_add(keys, &made, text);
	if (error)
		return error;
	json_put_text(out, "key", text_of(text));
	json_put_text(out, "id", text_of(keys_at(keys, keys_n(keys) - 1)->id));
	return 0;
}

static int revoke_here(const struct call *call, struct keys *keys)
{
	struct staff *staff;
	int error = staff_open(&staff, call->folder);
	if (error)
		return error;
	error = keys_revoke(keys, text_of(call->id), staff_has_admin(staff), clock_now_ms());
	staff_close(staff);
	return error;
}

static struct text why_not(const struct call *call, int error)
{
	if (error == ERROR_NOT_FOUND)
		return TEXT("there is no key with this id; attune key list DIR has all.");
	if (error == ERROR_CONFLICT)
		return TEXT("this is the last secret key that may administer, and no admin has an account: make another first.");
	if (error == ERROR_INVALID && !call->id)
		return TEXT("--source is a name of at most 40 letters without blanks, --name one line, --routes groups and paths.");
	return text_of(error_sentence(error));
}

static int act_here(const struct call *call)
{
	struct keys *keys;
	struct buffer answer = BUFFER_INIT(ANSWER_BYTES_MAX);
	struct json_writer out = JSON_WRITER(&answer);
	int error = keys_open(&keys, call->folder);
	if (error)
		return failed(call, text_of(error_sentence(error)));
	json_object_begin(&out);
	if (strcmp(call->act, "list") == 0)
		list_write(&out, keys);
	else if (call->id)
		error = revoke_here(call, keys);
	else
		error = add_here(call, keys, &out);
	if (!error && call->id)
		json_put_bool(&out, "done", true);
	json_object_end(&out);
	keys_close(keys);
	int exit = error ? failed(call, why_not(call, error)) : show(call, buffer_view(&answer));
	buffer_free(&answer);
	return exit;
}

/* ---- by the server ---- */

static void body_write(const struct call *call, struct buffer *body)
{
	struct json_writer out = JSON_WRITER(body);
	struct text rest = text_of(call->routes), one;
	json_object_begin(&out);
	json_put_text(&out, "scope", text_of(call->scope));
	json_put_text(&out, "source", text_of(call->source));
	if (call->name)
		json_put_text(&out, "name", text_of(call->name));
	json_key(&out, TEXT("routes"));
	json_array_begin(&out);
	while (rest.n && text_next(&rest, ',', &one))
		json_write_text(&out, one);
	json_array_end(&out);
	json_object_end(&out);
}

static int act_there(const struct call *call)
{
	char path[200];
	struct buffer answer = BUFFER_INIT(ANSWER_BYTES_MAX), body = BUFFER_INIT(BODY_BYTES_MAX);
	int status;
	if (!call->client.key)
		return failed(call, TEXT("a server runs on this folder: give it a secret key with --key or ATTUNE_KEY."));
	snprintf(path, sizeof path, "/v1/keys/%s", call->id ? call->id : "");
	if (call->id) {
		status = client_delete(&call->client, path, &answer);
	} else if (strcmp(call->act, "list") == 0) {
		status = client_get(&call->client, "/v1/keys", &answer);
	} else {
		body_write(call, &body);
		status = client_post(&call->client, "/v1/keys", buffer_view(&body), &answer);
	}
	int exit = status == 200 ? show(call, buffer_view(&answer)) : failed(call, buffer_view(&answer));
	buffer_free(&answer);
	buffer_free(&body);
	return exit;
}

int verb_key(int argc, char **argv)
{
	struct call call;
	struct stat status;
	char keys[4200];
	int lock = -1, exit = call_read(&call, argc, argv);
	if (exit == EXIT_DONE && call.act) {
		snprintf(keys, sizeof keys, "%s/keys", call.folder);
		int error = stat(keys, &status) != 0 ? ERROR_NOT_FOUND : sodium_init() < 0 ? ERROR_IO : folder_lock(&lock, call.folder);
		if (error == ERROR_NOT_FOUND)
			exit = failed(&call, TEXT("this is no data folder; attune init DIR makes one."));
		else if (error && error != ERROR_BUSY)
			exit = failed(&call, text_of(error_sentence(error)));
		else
			exit = error ? act_there(&call) : act_here(&call);
		folder_unlock(error ? -1 : lock);
	}
	client_close(&call.client);
	return exit;
}
