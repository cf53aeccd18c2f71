/*
 * import.c: attune import: brings a log of events from a file into a running server.
 *
 * A row becomes a track call: its case is the customer (--customer COLUMN takes another), its activity the event, the
 * other columns the properties. Message ids are made from the row, so importing a file twice doubles nothing within the
 * server's memory of a day. Every refused line is reported with its number and reason.
 */
#include "cli/verb.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/progress.h"
#include "cli/client.h"
#include "cli/import_copy.h"
#include "event/import/event_file.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

enum { BATCH_BYTES = 400 * 1000, BATCH_EVENTS = 2000, TRIES = 60 };

struct import {
	struct client client;
	struct event_file *file;
	struct buffer body, answer;
	struct json_writer writer;
	struct progress progress;
	struct json_parser *parser;
	FILE *rejects;
	const char *customer, *type, *channel;
	struct import_copy_options copy;
	uint64_t lines[BATCH_EVENTS]; /* Of the events in the batch, for reports. */
	size_t n;
	uint64_t sent, refused, warned, ordinal;
	bool failed;
};

static int usage(FILE *out)
{
	fputs("usage: attune import FILE --key SECRET [--server URL] [--map FILE.yaml] [--customer COLUMN] [--as user|anonymous]\n"
	      "                     [--channel CHANNEL] [--rejects FILE] [--json]\n"
	      "       attune import COPY.zip --key SECRET [--server URL] [--signed-by KEY.pem] [--erased-again] [--json]\n\n"
	      "FILE is CSV, NDJSON or XES, gzipped or not. The map says which column is what (docs/journeys.md).\n"
	      "COPY.zip is the copy of one customer, as a server makes it: the customer is taken in with everything that is kept.\n"
	      "--signed-by wants it signed with that server's key (/v1/certificate-key); --erased-again also takes who was erased here.\n", out);
	return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

static void reject(void *context, uint64_t line, const char *reason)
{
	struct import *import = context;
	import->refused++;
	fprintf(import->rejects, "line %" PRIu64 ": %s\n", line, reason);
}

/* What the server took without a part that it could not use, such as a currency that is none. */
static void warnings_read(struct import *import, struct json warnings)
{
	struct json_cursor cursor = {0};
	struct json item;
	int64_t index;
	while (json_next_item(&cursor, warnings, &item)) {
		struct text code = json_text(json_get(item, TEXT("code"))), what = json_text(json_get(item, TEXT("what")));
		import->warned++;
		if (json_int(json_get(item, TEXT("index")), &index) && index >= 0 && (size_t)index < import->n)
			fprintf(import->rejects, "line %" PRIu64 ": taken, but not \"%.*s\" (%.*s)\n", import->lines[index], TEXT_ARGS(what), TEXT_ARGS(code));
	}
}

/* What the server refused or left out, with the lines it came from. */
static void answer_read(struct import *import)
{
	struct json root, item;
	struct json_cursor cursor = {0};
	int64_t index;
	if (json_parse(import->parser, buffer_view(&import->answer), &root) != 0)
		return;
	while (json_next_item(&cursor, json_get(root, TEXT("rejected")), &item)) {
		char reason[300];
		struct text message = json_text(json_get(item, TEXT("message")));
		snprintf(reason, sizeof reason, "%.*s", TEXT_ARGS(message));
		if (json_int(json_get(item, TEXT("index")), &index) && index >= 0 && (size_t)index < import->n)
			reject(import, import->lines[index], reason);
	}
	warnings_read(import, json_get(root, TEXT("warnings")));
}

static void batch_begin(struct import *import)
{
	buffer_reset(&import->body);
	import->writer = JSON_WRITER(&import->body);
	import->n = 0;
	json_object_begin(&import->writer);
	json_key(&import->writer, TEXT("batch"));
	json_array_begin(&import->writer);
}

static int batch_send(struct import *import)
{
	uint64_t done, total;
	int status = 0;
	if (import->n == 0)
		return 0;
	json_array_end(&import->writer);
	json_object_end(&import->writer);
	for (int i = 0; i < TRIES; i++) {
		status = client_post(&import->client, "/v1/import", buffer_view(&import->body), &import->answer);
		if (status != 429 && status != 503)
			break;
		usleep(500000); /* The server asks for a moment. */
	}
	if (status != 200) {
		fprintf(stderr, "attune import: %.*s\n", TEXT_ARGS(buffer_view(&import->answer)));
		import->failed = true;
		return ERROR_IO;
	}
	import->sent += import->n;
	answer_read(import);
	event_file_position(import->file, &done, &total);
	import->progress.total = total;
	progress_set(&import->progress, done);
	batch_begin(import);
	return 0;
}

static void message_id_put(struct import *import, const struct event_row *row)
{
	char id[40];
	uint64_t hash = XXH3_64bits_withSeed(row->case_id.p, row->case_id.n, (uint64_t)row->time_ms);
	hash = XXH3_64bits_withSeed(row->activity.p, row->activity.n, hash);
	int n = snprintf(id, sizeof id, "import-%016" PRIx64 "-%" PRIu64, hash, import->ordinal++);
	json_put_text(&import->writer, "messageId", ((struct text){id, (size_t)n}));
}

static void property_put(struct json_writer *out, const struct event_attribute *attribute)
{
	double number;
	json_key(out, attribute->name);
	if (text_to_double(attribute->value, &number) == 0 && attribute->value.n < 16)
		json_write_double(out, number);
	else
		json_write_text(out, attribute->value);
}

static int row(void *context, const struct event_row *row)
{
	struct import *import = context;
	struct json_writer *out = &import->writer;
	const struct event_attribute *who = import->customer ? event_row_find(row, text_of(import->customer)) : NULL;
	if (import->customer && !who) {
		reject(import, event_file_line(import->file), "it does not say whose it is");
		return 0;
	}
	json_object_begin(out);
	json_put_text(out, "type", TEXT("track"));
	message_id_put(import, row);
	json_key(out, text_of(import->type));
	json_write_text(out, who ? who->value : row->case_id);
	json_put_text(out, "event", row->activity);
	json_put_time(out, "timestamp", row->time_ms);
	if (import->channel) {
		json_key(out, TEXT("context"));
		json_object_begin(out);
		json_put_text(out, "channel", text_of(import->channel));
		json_object_end(out);
	}
	json_key(out, TEXT("properties"));
	json_object_begin(out);
	if (who)
		json_put_text(out, "case", row->case_id);
	for (size_t i = 0; i < row->attributes_n; i++)
		if (row->attributes[i].role == EVENT_OTHER && row->attributes[i].name.n)
			property_put(out, &row->attributes[i]);
	json_object_end(out);
	json_object_end(out);
	import->lines[import->n++] = event_file_line(import->file);
	return import->n == BATCH_EVENTS || import->body.n > BATCH_BYTES ? batch_send(import) : 0;
}

static int options_read(int argc, char **argv, struct import *import, const char **map, const char **rejects, bool *json)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {"key", required_argument, NULL, 'k'},
		{"server", required_argument, NULL, 's'}, {"map", required_argument, NULL, 'm'}, {"customer", required_argument, NULL, 'c'},
		{"as", required_argument, NULL, 'a'}, {"rejects", required_argument, NULL, 'r'}, {"channel", required_argument, NULL, 'n'},
		{"signed-by", required_argument, NULL, 'b'}, {"erased-again", no_argument, NULL, 'e'}, {0}};
	import->type = "userId";
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (option) {
		case 'j': *json = true; break;
		case 'k': import->client.key = optarg; break;
		case 's': import->client.server = optarg; break;
		case 'm': *map = optarg; break;
		case 'c': import->customer = optarg; break;
		case 'n': import->channel = optarg; break;
		case 'r': *rejects = optarg; break;
		case 'b': import->copy.signed_by = optarg; break;
		case 'e': import->copy.erased_again = true; break;
		case 'a':
			if (strcmp(optarg, "user") != 0 && strcmp(optarg, "anonymous") != 0)
				return usage(stderr);
			import->type = strcmp(optarg, "anonymous") == 0 ? "anonymousId" : "userId";
			break;
		case 'h': usage(stdout); return -1;
		default: return usage(stderr);
		}
	}
	return optind + 1 == argc && import->client.key ? EXIT_DONE : usage(stderr);
}

static int read_all(struct import *import, const char *path)
{
	struct event_sink sink = {.context = import, .row = row, .reject = reject};
	progress_start(&import->progress, "importing", 0);
	batch_begin(import);
	int error = event_file_read(import->file, &sink);
	if (!import->failed) {
		if (error)
			fprintf(stderr, "attune import: %s: %s\n", path, event_file_problem(import->file));
		if (batch_send(import) != 0)
			error = ERROR_IO;
	}
	progress_end(&import->progress);
	return error;
}

static void summary(const struct import *import, uint64_t ns, bool json)
{
	double seconds = (double)ns / 1e9;
	printf(json ? "{\"sent\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"warnings\":%" PRIu64 ",\"seconds\":%.3f}\n"
	            : "%" PRIu64 " events sent, %" PRIu64 " lines refused, %" PRIu64 " warnings, %.1f s\n", import->sent, import->refused, import->warned, seconds);
}

int verb_import(int argc, char **argv)
{
	struct import *import = memory_zero_alloc(1, sizeof *import);
	struct event_map event_map = {0};
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	const char *map = NULL, *rejects = NULL;
	char problem[EVENT_MAP_ERROR_BYTES];
	bool json = false;
	if (!import)
		return EXIT_FAILED;
	arena_init(&arena, 1 << 20);
	client_init(&import->client);
	import->rejects = stderr;
	import->body = BUFFER_INIT(4 * BATCH_BYTES);
	import->answer = BUFFER_INIT(1 << 20);
	import->parser = json_parser_new(1 << 20, 16);
	uint64_t begun = clock_monotonic_ns();
	int exit = options_read(argc, argv, import, &map, &rejects, &json);
	if (exit == EXIT_DONE && map && event_map_read(&event_map, &arena, map, problem) != 0) {
		fprintf(stderr, "attune import: %s: %s\n", map, problem);
		exit = EXIT_FAILED;
	}
	if (exit == EXIT_DONE && rejects && !(import->rejects = fopen(rejects, "we"))) {
		fprintf(stderr, "attune import: %s cannot be written\n", rejects);
		exit = EXIT_FAILED;
	}
	import->copy.json = json;
	if (exit == EXIT_DONE && import_is_copy(argv[optind])) {
		exit = import_copy(&import->client, argv[optind], &import->copy);
	} else if (exit == EXIT_DONE) {
		int error = event_file_open(&import->file, argv[optind], map ? &event_map : NULL);
		if (error)
			fprintf(stderr, "attune import: %s: %s\n", argv[optind], error_sentence(error));
		else
			error = read_all(import, argv[optind]);
		if (!error || import->sent)
			summary(import, clock_monotonic_ns() - begun, json);
		exit = error ? EXIT_FAILED : EXIT_DONE;
		event_file_close(import->file);
	}
	if (rejects && import->rejects)
		fclose(import->rejects);
	json_parser_free(import->parser);
	buffer_free(&import->body);
	buffer_free(&import->answer);
	client_close(&import->client);
	memory_free(import);
	return exit < 0 ? EXIT_DONE : exit;
}
