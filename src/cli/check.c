/* check.c: attune check DIR and attune apply DIR: is this configuration right, and put it in force. */
#include "cli/house.h"
#include "cli/verb.h"

#include "cli/client.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 256 * 1024 * 1024 };

static int usage(FILE *out, const char *verb)
{
	if (strcmp(verb, "check") == 0)
		fputs("usage: attune check DIR [--json]\n\nReads the *.yaml files of DIR and says, with line and column, what is wrong.\n", out);
	else
		fputs("usage: attune apply DIR --key SECRET [--server http://127.0.0.1:8080] [--json]\n\n"
		      "Checks the *.yaml files of DIR and puts them in force on a running server.\n", out);
	return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

struct saying {
	bool json;
	size_t n;
	struct json_writer *out;
};

static void say(void *arg, const struct config_problem *problem)
{
	struct saying *saying = arg;
	saying->n++;
	if (!saying->json) {
		fprintf(stderr, "%.*s:%u:%u: %s\n", TEXT_ARGS(problem->file), problem->line, problem->column, problem->message);
		return;
	}
	json_object_begin(saying->out);
	json_put_text(saying->out, "file", problem->file);
	json_put_int(saying->out, "line", problem->line);
	json_put_int(saying->out, "column", problem->column);
	json_put_text(saying->out, "message", text_of(problem->message));
	json_object_end(saying->out);
}

/* Read and check; 0, or the exit status with everything said. */
static int check(const char *verb, const char *folder, bool json, struct arena *arena, struct config_file **files, size_t *n)
{
	struct buffer out = BUFFER_INIT(1 << 20);
	struct json_writer writer = JSON_WRITER(&out);
	struct saying saying = {.json = json, .out = &writer};
	struct config *config = NULL;
	size_t documents = 0;
	int error = config_files_read(arena, folder, files, n);
	if (error || *n == 0) {
		fprintf(stderr, "attune %s: %s: %s\n", verb, folder, error ? error_sentence(error) : "There are no *.yaml files in it.");
		return EXIT_FAILED;
	}
	json_object_begin(&writer);
	json_key(&writer, TEXT("problems"));
	json_array_begin(&writer);
	struct config_version version = {.files = *files, .files_n = *n};
	error = config_build(&config, &house_kinds, &version, say, &saying);
	json_array_end(&writer);
	if (!error)
		documents = config->documents_n;
	json_put_int(&writer, "documents", (int64_t)documents);
	json_object_end(&writer);
	config_free(config);
	if (error && error != ERROR_INVALID)
		fprintf(stderr, "attune %s: %s\n", verb, error_sentence(error));
	if (json && strcmp(verb, "check") == 0)
		printf("%.*s\n", TEXT_ARGS(buffer_view(&out)));
	else if (!error && strcmp(verb, "check") == 0)
		printf("%zu documents in %zu files: all right.\n", documents, *n);
	else if (error)
		fprintf(stderr, "%zu problems; nothing was changed.\n", saying.n);
	buffer_free(&out);
	return error ? EXIT_FAILED : EXIT_DONE;
}

static int apply(const struct client *client, const struct config_file *files, size_t n, bool json)
{
	struct buffer body = BUFFER_INIT(CONFIG_BYTES_MAX * 2), answer = BUFFER_INIT(1 << 20);
	struct json_writer writer = JSON_WRITER(&body);
	json_object_begin(&writer);
	json_key(&writer, TEXT("files"));
	json_array_begin(&writer);
	for (size_t i = 0; i < n; i++) {
		json_object_begin(&writer);
		json_put_text(&writer, "name", files[i].name);
		json_put_text(&writer, "text", files[i].text);
		json_object_end(&writer);
	}
	json_array_end(&writer);
	json_object_end(&writer);
	int status = client_post(client, "/v1/configuration", buffer_view(&body), &answer);
	if (json || status != 200)
		fprintf(status == 200 ? stdout : stderr, "%.*s\n", TEXT_ARGS(buffer_view(&answer)));
	else
		printf("In force: %.*s\n", TEXT_ARGS(buffer_view(&answer)));
	buffer_free(&body);
	buffer_free(&answer);
	return status == 200 ? EXIT_DONE : EXIT_FAILED;
}

static int run(int argc, char **argv, const char *verb)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'},
	                                        {"key", required_argument, NULL, 'k'}, {"server", required_argument, NULL, 's'}, {0}};
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	struct client client;
	struct config_file *files;
	size_t n;
	bool json = false, applying = strcmp(verb, "apply") == 0;
	client_init(&client);
	arena_init(&arena, ARENA_BYTES);
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == 'h')
			return usage(stdout, verb);
		if (option == '?' || (!applying && option != 'j'))
			return usage(stderr, verb);
		json |= option == 'j';
		if (option == 'k')
			client.key = optarg;
		if (option == 's')
			client.server = optarg;
	}
	if (optind + 1 != argc || (applying && !client.key))
		return usage(stderr, verb);
	int exit = check(verb, argv[optind], json, &arena, &files, &n);
	if (exit == EXIT_DONE && applying)
		exit = apply(&client, files, n, json);
	client_close(&client);
	return exit;
}

int verb_check(int argc, char **argv)
{
	return run(argc, argv, "check");
}

int verb_apply(int argc, char **argv)
{
	return run(argc, argv, "apply");
}
