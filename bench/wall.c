/*
 * bench/wall.c: what the wall costs a decision: bench_wall FOLDER (an empty one).
 *
 * One customer with a yes and a month of uses; the menu of fifty candidates of bench/decide. The same decision, its record and its
 * answer are made with a reader that was opened, and with one that was filled in by hand as if everything had been agreed to.
 */
#include "base/clock.h"
#include "base/json.h"
#include "cli/house.h"
#include "customize/decision.h"
#include "engine/keyring.h"
#include "interact/preference.h"
#include "trust/reader.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 15, DECISIONS = 20000, USES = 20, PAYLOAD_BYTES = 400 };

static const int64_t BEGIN_MS = 1767225600000, A_DAY_MS = 86400000;

struct bench {
	struct engine *engine;
	struct config *config;
	const struct surface *surface;
	struct arena arena;
	struct customer customer;
	struct buffer out;
	int64_t now_ms;
};

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "bench_wall: %s failed\n", what);
	exit(1);
}

static void problem(void *arg, const struct config_problem *problem)
{
	(void)arg;
	fprintf(stderr, "%u: %s\n", problem->line, problem->message);
}

static void config_make(struct bench *bench)
{
	struct config_version version = {.version = 1};
	struct arena arena;
	struct config_file *files;
	arena_init(&arena, 1 << 20);
	must(config_files_read(&arena, "bench/decide", &files, &version.files_n) == 0, "reading bench/decide");
	version.files = files;
	must(config_build(&bench->config, &house_kinds, &version, problem, NULL) == 0, "the configuration");
	arena_free(&arena);
}

static void engine_start(struct bench *bench, const char *folder)
{
	static const uint8_t key[DIRECTORY_KEY_BYTES] = {1}, node[KEYRING_KEY_BYTES] = {2};
	struct engine_options options = {
		.folder = folder, .folds = &house_folds, .directory_key = key, .node_key = node, .seal = true, .dedupe_memory_max = 1 << 20,
		.snapshot_every_ms = -1, .log_segment_bytes = 1 << 20, .log_pending_bytes = 256 * 1024, .config = bench->config, .column = house_column};
	must(engine_open(&bench->engine, &options) == 0, "opening an engine there");
}

/* What folds make of a yes and of uses on the days after it. */
static void customer_make(struct bench *bench)
{
	struct fold_scratch scratch;
	struct fold_context context = {.config = bench->config};
	struct json_parser *parser = json_parser_new(4096, 16);
	must(parser && fold_scratch_init(&scratch, &house_folds) == 0, "memory");
	for (int i = 0; i <= USES; i++) {
		char name[8], bytes[PAYLOAD_BYTES], json[200];
		struct buffer payload = {.p = bytes, .capacity = sizeof bytes, .bytes_max = sizeof bytes};
		struct json root;
		snprintf(name, sizeof name, "o%02d", i * i % 50);
		struct event event = {.position = (uint64_t)i + 1, .name = text_of(name), .header = {.kind = i ? EVENT_SCREEN : EVENT_CONSENT, .channel = CHANNEL_APP,
			.time_ms = BEGIN_MS + i * A_DAY_MS, .received_ms = BEGIN_MS + i * A_DAY_MS, .origin_number = 1, .purposes = ~(uint64_t)0}};
		snprintf(json, sizeof json, i ? "{\"properties\":{\"name\":\"%s\"}}" : "{\"purpose\":\"personalisation\",\"answer\":\"yes\",\"version\":\"1\"}", name);
		must(json_parse(parser, text_of(json), &root) == 0 && value_put_json(&payload, root, 16) == 0, "an event");
		event.payload = (struct value){(const uint8_t *)bytes, payload.n};
		for (size_t f = 0; f < house_folds.n; f++)
			if (house_folds.folds[f]->kinds & EVENT_KIND_BIT(event.header.kind))
				house_folds.folds[f]->apply(&scratch.states[f], &event, &context);
	}
	bench->customer = (struct customer){.number = 1, .origin_first = 1, .origins_n = 1, .states_bytes = (uint32_t)fold_scratch_bytes(&scratch, &house_folds)};
	bench->customer.states = malloc(bench->customer.states_bytes);
	must(bench->customer.states, "memory");
	fold_scratch_store(&scratch, &house_folds, bench->customer.states);
	bench->now_ms = BEGIN_MS + (USES + 1) * A_DAY_MS;
	fold_scratch_free(&scratch);
	json_parser_free(parser);
}

static void decide_once(struct bench *bench, bool opened)
{
	struct decision *decision = arena_alloc(&bench->arena, sizeof *decision);
	struct reader reader = {.engine = bench->engine, .config = bench->config, .customer = &bench->customer, .arena = &bench->arena,
	                        .purpose = bench->surface->purpose, .consents = ~(uint64_t)0, .now_ms = bench->now_ms};
	struct json_writer writer = JSON_WRITER(&bench->out);
	must(!opened || reader_open_then(&reader, bench->engine, &bench->customer, bench->config, &bench->arena, bench->surface->purpose, bench->now_ms) == 0, "opening a reader");
	must(decision && decide(decision, &reader, bench->surface, bench->now_ms, NULL) == 0 && !decision->no_consent, "deciding");
	decision_encode(&bench->out, decision);
	json_object_begin(&writer);
	decision_write(&writer, decision, reader_state(&reader, &preference_fold), 1);
	json_object_end(&writer);
	must(!bench->out.failed, "writing the answer");
	bench->out.n = 0;
	arena_reset(&bench->arena);
}

/* Nanoseconds a decision. */
static double measure(struct bench *bench, bool opened)
{
	uint64_t begun = clock_monotonic_ns();
	for (int i = 0; i < DECISIONS; i++)
		decide_once(bench, opened);
	return (double)(clock_monotonic_ns() - begun) / DECISIONS;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	static struct bench bench;
	double with[ROUNDS], costs[ROUNDS];
	must(argc == 2, "usage: bench_wall FOLDER; it");
	config_make(&bench);
	engine_start(&bench, argv[1]);
	bench.surface = surface_find(bench.config, TEXT("bench-menu"));
	must(bench.surface, "finding the menu");
	arena_init(&bench.arena, 8 << 20);
	bench.out = BUFFER_INIT(64 * 1024);
	customer_make(&bench);
	measure(&bench, true);
	for (int i = 0; i < ROUNDS; i++) {
		double without = measure(&bench, false);
		with[i] = measure(&bench, true);
		costs[i] = with[i] / without - 1;
	}
	qsort(with, ROUNDS, sizeof *with, by_size);
	qsort(costs, ROUNDS, sizeof *costs, by_size);
	printf("what was agreed to, looked up and heeded: %+.1f %% of a decision of %.0f ns with its record and answer (%+.1f to %+.1f over %d rounds)\n",
	       100 * costs[ROUNDS / 2], with[ROUNDS / 2], 100 * costs[0], 100 * costs[ROUNDS - 1], ROUNDS);
	engine_close(bench.engine);
	config_free(bench.config);
	return 0;
}
