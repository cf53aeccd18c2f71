/* layers.c: attune layers check | trace | ripple | walk DIR: the five layers of a folder of configuration. */
#include "cli/house.h"
#include "cli/verb.h"

#include "base/unit.h"
#include "measure/layers/layers_write.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 256 * 1024 * 1024 };

struct call {
	const char *task, *folder, *change, *node, *channel;
	enum layers_map map;
	bool json;
};

static int usage(FILE *out)
{
	fputs("usage: attune layers check  DIR [--json]\n"
	      "       attune layers trace  DIR --node EXPERIENCE [--map is|must-be|should-be] [--json]\n"
	      "       attune layers ripple DIR --if NODE.LIMIT=VALUE [--map ...] [--json]\n"
	      "       attune layers walk   DIR --node EXPERIENCE [--channel app] [--map ...] [--json]\n\n"
	      "check   is the picture of the five layers whole? Says what is wrong and what is missing.\n"
	      "trace   what an experience needs, layer by layer.\n"
	      "ripple  which experiences and promises a limit reaches: --if card-system.hours=nightly\n"
	      "walk    a made-up customer goes through an experience: what each layer has to do, and where it cannot.\n", out);
	return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

static int call_read(struct call *call, int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},          {"help", no_argument, NULL, 'h'},
	                                        {"if", required_argument, NULL, 'i'},      {"node", required_argument, NULL, 'n'},
	                                        {"channel", required_argument, NULL, 'c'}, {"map", required_argument, NULL, 'm'}, {0}};
	static const char *const tasks[] = {"check", "trace", "ripple", "walk"};
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (option) {
		case 'j': call->json = true; break;
		case 'i': call->change = optarg; break;
		case 'n': call->node = optarg; break;
		case 'c': call->channel = optarg; break;
		case 'm':
			if (layers_map_parse(text_of(optarg), &call->map) == 0)
				break;
			fprintf(stderr, "attune layers: --map is is, must-be or should-be, not \"%s\"\n", optarg);
			return EXIT_USAGE;
		default: return option == 'h' ? -1 : EXIT_USAGE;
		}
	}
	if (optind + 2 != argc)
		return usage(stderr);
	call->task = argv[optind];
	call->folder = argv[optind + 1];
	bool known = false;
	for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
		known |= strcmp(call->task, tasks[i]) == 0;
	if (!known || (strcmp(call->task, "ripple") == 0) != (call->change != NULL) ||
	    (strcmp(call->task, "trace") == 0 || strcmp(call->task, "walk") == 0) != (call->node != NULL))
		return usage(stderr);
	return EXIT_DONE;
}

static void say(void *arg, const struct config_problem *problem)
{
	(void)arg;
	fprintf(stderr, "%.*s:%u:%u: %s\n", TEXT_ARGS(problem->file), problem->line, problem->column, problem->message);
}

static int node_read(const struct layers *layers, const char *name, uint32_t *node)
{
	const struct layer_node *found = layers_find(layers, text_of(name));
	if (!found) {
		fprintf(stderr, "attune layers: there is no node \"%s\"\n", name);
		return EXIT_FAILED;
	}
	*node = (uint32_t)(found - layers->nodes);
	return EXIT_DONE;
}

/* ---- for people ---- */

static void time_print(const char *before, int64_t ms)
{
	struct buffer words = BUFFER_INIT(64);
	if (ms > 0) {
		duration_say(&words, ms);
		printf("%s%.*s", before, TEXT_ARGS(buffer_view(&words)));
	}
	buffer_free(&words);
}

static void finding_print(void *arg, const struct layer_node *node, const char *sentence)
{
	size_t *n = arg;
	++*n;
	printf("%.*s:%u: %s %.*s: %s\n", TEXT_ARGS(node->document->file), node->document->line, layer_name(node->layer), TEXT_ARGS(node->id), sentence);
}

static void check_print(const struct layers *layers)
{
	size_t findings = 0, of_layer[LAYERS_N] = {0};
	for (size_t i = 0; i < layers->n; i++)
		of_layer[layers->nodes[i].layer]++;
	layers_findings(layers, finding_print, &findings);
	for (unsigned layer = 0; layer < LAYERS_N; layer++)
		printf("%s%zu %s%s", layer ? ", " : "", of_layer[layer], layer_name((enum layer)layer), of_layer[layer] == 1 ? "" : "s");
	printf("; %zu promises; %zu findings.\n", layers->promises->n, findings);
}

static void node_print(const struct layer_node *node, const struct limits *sum)
{
	printf("  %-12s %-28.*s", layer_name(node->layer), TEXT_ARGS(node->id));
	time_print(" takes ", sum->takes_ms);
	time_print(", closed up to ", sum->closed_ms);
	putchar('\n');
}

static int trace_print(const struct layers *layers, enum layers_map map, uint32_t node, struct arena *arena)
{
	struct limits *sums = arena_alloc(arena, (layers->n + 1) * sizeof *sums);
	bool *needed = arena_alloc(arena, layers->n + 1);
	if (!sums || !needed)
		return ERROR_MEMORY;
	layers_sum(layers, map, NULL, sums);
	layers_needed(layers, map, node, needed);
	printf("%.*s needs:\n", TEXT_ARGS(layers->nodes[node].title));
	for (size_t i = node; i < layers->n; i++)
		if (needed[i])
			node_print(&layers->nodes[i], &sums[i]);
	return 0;
}

static int ripple_print(const struct layers *layers, enum layers_map map, const struct layers_change *change, struct arena *arena)
{
	struct limits *was = arena_alloc(arena, (layers->n + 1) * sizeof *was), *now = arena_alloc(arena, (layers->n + 1) * sizeof *now);
	bool *reached = arena_alloc(arena, layers->n + 1);
	if (!was || !now || !reached)
		return ERROR_MEMORY;
	layers_sum(layers, map, NULL, was);
	layers_sum(layers, map, change, now);
	layers_reached(layers, change->node, reached);
	for (size_t i = 0; i < layers->n; i++) {
		const struct layer_node *node = &layers->nodes[i];
		if (!reached[i] || node->layer > LAYER_INTERACTION || node->removed[map])
			continue;
		printf("%s %.*s", layer_name(node->layer), TEXT_ARGS(node->title));
		time_print(": takes ", limits_wait_ms(&now[i]));
		putchar('\n');
		for (size_t j = 0; j < node->promises_n; j++) {
			const struct promise_rule *promise = &layers->promises->items[node->promises[j]];
			if (promise_is_at_risk(promise, &now[i]))
				printf("  promise \"%.*s\" at risk%s\n", TEXT_ARGS(promise->says), promise_is_at_risk(promise, &was[i]) ? ", as before" : "");
		}
	}
	return 0;
}

static void walk_print(const struct layers *layers, uint32_t node, const struct walk *walk)
{
	size_t cannot = 0;
	for (size_t i = 0, step = SIZE_MAX; i < walk->n; i++) {
		const struct walk_node *found = &walk->nodes[i];
		if (found->step != step)
			printf("%zu. %.*s\n", found->step + 1, TEXT_ARGS(layers->nodes[layers->nodes[node].needs[found->step]].title));
		step = found->step;
		cannot += found->cannot;
		if (found->cannot)
			printf("   cannot: %s %.*s: %s\n", layer_name(layers->nodes[found->node].layer), TEXT_ARGS(layers->nodes[found->node].id), found->why);
	}
	time_print("All of it takes ", walk->takes_ms);
	time_print(", promised is ", walk->within_ms);
	printf("%s%zu cannot, %zu forced changes of channel.\n", walk->takes_ms > 0 ? "; " : "", cannot, walk->forced);
}

/* ---- the tasks ---- */

struct answer {
	struct layers_view view;
	struct buffer bytes;
	struct json_writer json;
};

static int task_run(const struct call *call, const struct layers *layers, struct answer *answer)
{
	struct arena *arena = answer->view.arena;
	struct layers_change change;
	struct walk walk;
	uint32_t node = 0;
	char problem[200];
	if (call->node && node_read(layers, call->node, &node) != EXIT_DONE)
		return ERROR_NOT_FOUND;
	if (strcmp(call->task, "check") == 0) {
		if (!call->json)
			check_print(layers);
		return call->json ? layers_write(&answer->json, &answer->view) : 0;
	}
	if (call->change) {
		int error = layers_change_parse(layers, call->map, text_of(call->change), &change, problem);
		if (error)
			fprintf(stderr, "attune layers: %s\n", problem);
		return error         ? ERROR_NOT_FOUND :
		       call->json    ? layers_write_ripple(&answer->json, &answer->view, call->map, &change) :
		                       ripple_print(layers, call->map, &change, arena);
	}
	if (strcmp(call->task, "trace") == 0)
		return call->json ? layers_write_trace(&answer->json, &answer->view, call->map, node) : trace_print(layers, call->map, node, arena);
	int error = layers_walk(&walk, layers, node, call->map, text_of(call->channel ? call->channel : ""), arena);
	if (error || call->json)
		return error ? error : layers_write_walk(&answer->json, &answer->view, node, &walk);
	walk_print(layers, node, &walk);
	return 0;
}

static int answer_make(const struct call *call, const struct config *config, struct arena *arena)
{
	const struct layers *layers = layers_of(config);
	struct answer answer = {.view = {.layers = layers, .arena = arena}, .bytes = BUFFER_INIT(64 << 20)};
	answer.json = JSON_WRITER(&answer.bytes);
	if (layers->n == 0) {
		fprintf(stderr, "attune layers: %s has no experience, interaction, touchpoint, procedure or system\n", call->folder);
		return EXIT_FAILED;
	}
	json_object_begin(&answer.json);
	int error = task_run(call, layers, &answer);
	json_object_end(&answer.json);
	if (!error && answer.bytes.failed)
		error = ERROR_MEMORY;
	if (!error && call->json)
		printf("%.*s\n", TEXT_ARGS(buffer_view(&answer.bytes)));
	if (error && error != ERROR_NOT_FOUND)
		fprintf(stderr, "attune layers: %s\n", error == ERROR_INVALID ? "only an experience can be walked" : error_sentence(error));
	buffer_free(&answer.bytes);
	return error ? EXIT_FAILED : EXIT_DONE;
}

int verb_layers(int argc, char **argv)
{
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	struct call call = {0};
	struct config_file *files;
	struct config *config = NULL;
	struct config_version version = {0};
	arena_init(&arena, ARENA_BYTES);
	int exit = call_read(&call, argc, argv);
	if (exit != EXIT_DONE)
		return exit == -1 ? usage(stdout) : exit;
	int error = config_files_read(&arena, call.folder, &files, &version.files_n);
	if (error || version.files_n == 0) {
		fprintf(stderr, "attune layers: %s: %s\n", call.folder, error ? error_sentence(error) : "There are no *.yaml files in it.");
		return EXIT_FAILED;
	}
	version.files = files;
	error = config_build(&config, &house_kinds, &version, say, NULL);
	if (error && error != ERROR_INVALID)
		fprintf(stderr, "attune layers: %s\n", error_sentence(error));
	exit = error ? EXIT_FAILED : answer_make(&call, config, &arena);
	config_free(config);
	return exit;
}
