/* The engine against a plain model: who is whom, what is known, and that nothing depends on how it came to be known. */
#include "unit.h"

#include "folder.h"
#include "random.h"
#include "world.h"

#include "base/damage.h"
#include "engine/configured.h"
#include "base/clock.h"
#include "engine/dedupe.h"
#include "engine/give_up.h"
#include "engine/store.h"
#include "engine/tally.h"
#include "engine/verify.h"
#include "event/columns.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t decisions_seen(const struct world *world)
{
	uint64_t n = 0;
	for (size_t i = 0; i < world->witness.n; i++)
		n += world->witness.items[i].event.header.kind == EVENT_DECISION;
	return n;
}

static void the_engine_agrees_with_a_plain_model(void **state)
{
	(void)state;
	for (uint64_t run = 0, seed = seed_of(0); run < 6; run++) {
		struct world world;
		world_start(&world, seed + run);
		for (int round = 0; round < ROUNDS; round++) {
			for (int i = 0; i < STEPS; i++)
				step(&world);
			if (round % 2)
				world_reopen(&world);
			groups_compare(&world);
			assert_int_equal(engine_figures(world.engine).decisions, decisions_seen(&world));
			assert_true(house_compare(world.engine, &world.witness) > 0);
		}
		struct verify verify;
		uint64_t end = log_end(engine_log(world.engine));
		assert_int_equal(log_wait(engine_log(world.engine), end, 10000), 0);
		assert_int_equal(engine_verify(world.folder, &verify, NULL, NULL), 0);
		assert_int_equal(verify.events + verify.decisions, world.witness.n);
		assert_true(verify.last == end && verify.names == dictionary_count(engine_dictionary(world.engine)));
		world_end(&world);
	}
}

static void state_take(struct world *world, uint32_t origin, struct arena *arena, struct text *states)
{
	struct customer *customer = customer_lock_of(world->engine, origin);
	assert_int_equal(customer_refresh(world->engine, customer), 0);
	for (size_t f = 0; f < house_folds.n; f++)
		states[f] = customer_state(world->engine, customer, f, arena);
	customer_unlock(world->engine, customer);
}

static void joined_and_parted_is_as_if_never_joined(void **state)
{
	(void)state;
	struct world world;
	struct arena arena;
	struct text before[2][FOLDS_MAX], after[FOLDS_MAX];
	uint64_t position;
	struct event_header header = {.time_ms = TIME0, .received_ms = TIME0, .purposes = 1};
	arena_init(&arena, 1 << 24);
	world_start(&world, seed_of(0));
	uint32_t a = meet(&world, 0, 15), b = meet(&world, 1, 15);
	for (int i = 0; i < 100; i++)
		append(&world, i % 2 ? a : b, i % 5 ? EVENT_TRACK : EVENT_IDENTIFY, 0);
	state_take(&world, a, &arena, before[0]);
	state_take(&world, b, &arena, before[1]);
	assert_int_equal(resolve_merge(world.engine, a, b, &header, TEXT("staff"), &position), 0);
	assert_int_equal(customer_number(&world, b), a);
	state_take(&world, a, &arena, after);
	assert_false(text_equal(after[0], before[0][0]));
	assert_int_equal(engine_snapshot(world.engine), 0);
	engine_close(world.engine);
	world_open(&world);
	assert_int_equal(resolve_split(world.engine, b, &header, TEXT("staff"), &position), 0);
	for (int i = 0; i < 2; i++) {
		state_take(&world, i ? b : a, &arena, after);
		for (size_t f = 0; f < house_folds.n; f++)
			assert_true(text_equal(after[f], before[i][f]));
	}
	assert_true(house_compare(world.engine, &world.witness) == 2);
	world_end(&world);
	arena_free(&arena);
}

static void an_undo_that_is_undone_undoes_nothing(void **state)
{
	(void)state;
	struct world world;
	struct arena arena;
	struct text first[FOLDS_MAX], undone[FOLDS_MAX], again[FOLDS_MAX];
	arena_init(&arena, 1 << 20);
	world_start(&world, 5);
	uint32_t origin = meet(&world, 0, 1);
	uint64_t position = append(&world, origin, EVENT_IDENTIFY, 0);
	state_take(&world, origin, &arena, first);
	uint64_t undo = append(&world, origin, EVENT_UNDO, position);
	state_take(&world, origin, &arena, undone);
	append(&world, origin, EVENT_UNDO, undo);
	state_take(&world, origin, &arena, again);
	assert_false(text_equal(first[1], undone[1]));
	assert_int_equal(undone[1].n, 0);
	assert_true(text_equal(first[1], again[1]));
	world_end(&world);
	arena_free(&arena);
}

/* Write @record to the log of a fresh folder behind what an engine wrote, and say what verify says. */
static int verified_with(const struct event_header *header, struct verify *verify)
{
	static const char empty[] = {VALUE_OBJECT, 0, 0, 0, 0};
	struct world world;
	char path[128];
	struct log *log;
	uint64_t position;
	world_start(&world, 1);
	append(&world, meet(&world, 0, 15), EVENT_TRACK, 0);
	engine_close(world.engine);
	snprintf(path, sizeof path, "%s/log", world.folder);
	struct log_options options = {.folder = path, .segment_bytes = 1 << 20, .pending_bytes_max = 256 * 1024};
	assert_int_equal(log_open(&log, &options, 0), 0);
	struct event_header copy = *header;
	copy.payload_length = 5;
	struct text parts[] = {{(const char *)&copy, sizeof copy}, {empty, sizeof empty}};
	assert_int_equal(log_append(log, parts, 2, &position), 0);
	log_close(log);
	int error = engine_verify(world.folder, verify, NULL, NULL);
	if (error)
		assert_true(verify->bad == position && verify->problem[0]);
	config_free(world.config);
	witness_free(&world.witness);
	folder_remove(world.folder);
	return error;
}

static void verify_finds_what_does_not_fit(void **state)
{
	(void)state;
	struct verify verify;
	struct event_header fits = {.kind = EVENT_TRACK, .origin_number = 2, .origin = {{9}}}, header;
	assert_int_equal(verified_with(&fits, &verify), 0);
	assert_int_equal(verify.origins, 2);
	header = fits;
	header.origin_number = 1;
	assert_int_equal(verified_with(&header, &verify), ERROR_CORRUPT);
	assert_non_null(strstr(verify.problem, "two ids"));
	header = fits;
	header.previous = 80;
	assert_int_equal(verified_with(&header, &verify), ERROR_CORRUPT);
	assert_non_null(strstr(verify.problem, "chain"));
	header = fits;
	header.name = 77;
	assert_int_equal(verified_with(&header, &verify), ERROR_CORRUPT);
	header = (struct event_header){.kind = EVENT_NAME, .name = 9};
	assert_int_equal(verified_with(&header, &verify), ERROR_CORRUPT);
	header = fits;
	header.kind = EVENT_MERGE;
	assert_int_equal(verified_with(&header, &verify), ERROR_CORRUPT);
	header.kind = 31;
	assert_int_equal(verified_with(&header, &verify), ERROR_CORRUPT);
}

/* ---- threads ---- */

enum { THREADS = 4, THREAD_EVENTS = 400, CROWD = 40 };

struct crowd {
	struct engine *engine;
	uint64_t seed;
	atomic_bool *stop;
};

static void *crowd_run(void *arg)
{
	struct crowd *crowd = arg;
	struct world world = {.engine = crowd->engine, .seed = crowd->seed};
	for (int i = 0; i < THREAD_EVENTS; i++) {
		char room[IDENTIFIERS][32];
		struct resolve_request request;
		uint32_t origin;
		request_fill(&request, room, random_below(&world.seed, CROWD), 1 + random_below(&world.seed, 15));
		while (again(resolve(world.engine, &request, &origin)))
			;
		append(&world, origin, i % 4 ? EVENT_TRACK : EVENT_IDENTIFY, 0);
		if (i % 64 == 0) {
			struct customer *customer = customer_lock_of(world.engine, origin);
			if (customer_refresh(world.engine, customer) != 0)
				abort();
			customer_unlock(world.engine, customer);
		}
	}
	return NULL;
}

static void *snapshots_run(void *arg)
{
	struct crowd *crowd = arg;
	while (!atomic_load(crowd->stop))
		if (engine_snapshot(crowd->engine) != 0)
			abort();
	return NULL;
}

static void threads_and_snapshots_leave_what_one_thread_would(void **state)
{
	(void)state;
	struct world world;
	world_start(&world, seed_of(0));
	for (int round = 0; round < 3; round++) {
		pthread_t threads[THREADS], snapshots;
		struct crowd crowds[THREADS + 1];
		atomic_bool stop = false;
		for (unsigned i = 0; i <= THREADS; i++)
			crowds[i] = (struct crowd){world.engine, random_next(&world.seed), &stop};
		pthread_create(&snapshots, NULL, snapshots_run, &crowds[THREADS]);
		for (int i = 0; i < THREADS; i++)
			pthread_create(&threads[i], NULL, crowd_run, &crowds[i]);
		pthread_join(threads[0], NULL);
		atomic_store(&stop, true); /* The last pass ends while the others still join customers. */
		for (int i = 1; i < THREADS; i++)
			pthread_join(threads[i], NULL);
		pthread_join(snapshots, NULL);
		witness_sort(&world.witness);
		assert_true(house_compare(world.engine, &world.witness) > 0);
		world_kill(&world);
		assert_true(house_compare(world.engine, &world.witness) > 0);
	}
	/* The columns have each track event once, whatever the passes did. */
	struct column_event *rows;
	size_t n, tracks = 0;
	assert_int_equal(columns_select(engine_columns(world.engine), INT64_MIN, INT64_MAX, 1 << 20, &rows, &n), 0);
	for (size_t i = 0; i < world.witness.n; i++)
		tracks += world.witness.items[i].event.header.kind == EVENT_TRACK;
	assert_int_equal(n, tracks);
	memory_free(rows);
	world_end(&world);
}

/* ---- memory ---- */

/* Let the first, second ... allocation of @act fail until none does; it must say so and then succeed. */
static int without_memory(int (*act)(struct world *), struct world *world)
{
	for (uint64_t nth = 1; nth < 10000; nth++) {
		memory_fail_at(nth);
		int error = act(world);
		bool failed = memory_count() >= nth;
		memory_fail_at(0);
		if (!failed) {
			assert_int_equal(error, 0);
			return (int)nth;
		}
		if (error)
			assert_int_equal(error, ERROR_MEMORY);
	}
	fail_msg("the failures do not end");
	return 0;
}

static int act_meet(struct world *world)
{
	char room[IDENTIFIERS][32];
	struct resolve_request request;
	uint32_t origin;
	request_fill(&request, room, world->event_n, 15);
	return resolve(world->engine, &request, &origin);
}

static int act_append(struct world *world)
{
	static const char empty[] = {VALUE_OBJECT, 0, 0, 0, 0};
	struct engine_write write = {.header = {.kind = EVENT_IDENTIFY, .time_ms = TIME0, .received_ms = TIME0},
															 .payload = {empty, 5}};
	uint64_t position;
	struct customer *customer = customer_lock_of(world->engine, 1);
	int error = engine_append(world->engine, customer, 1, &write, &position);
	customer_unlock(world->engine, customer);
	return error;
}

static int act_merge(struct world *world)
{
	struct event_header header = {.time_ms = TIME0, .received_ms = TIME0};
	uint64_t position;
	int error = resolve_merge(world->engine, 1, 2, &header, TEXT("why"), &position);
	return error == ERROR_CONFLICT ? 0 : error;
}

static int act_split(struct world *world)
{
	struct event_header header = {.time_ms = TIME0, .received_ms = TIME0};
	uint64_t position;
	int error = resolve_split(world->engine, 2, &header, TEXT("why"), &position);
	return error == ERROR_CONFLICT ? 0 : error;
}

static int act_refresh(struct world *world)
{
	struct customer *customer = customer_lock_of(world->engine, 1);
	customer->stale = true;
	int error = customer_refresh(world->engine, customer);
	customer_unlock(world->engine, customer);
	return error;
}

static int act_snapshot(struct world *world)
{
	for (uint32_t i = 1; i <= engine_origins(world->engine); i++) {
		struct customer *customer = customer_lock_of(world->engine, i);
		engine_origin(world->engine, i)->dirty = true;
		customer->dirty = true;
		customer_unlock(world->engine, customer);
	}
	return engine_snapshot(world->engine);
}

static void without_memory_nothing_is_half_done(void **state)
{
	(void)state;
	struct world world;
	world_start(&world, 3);
	meet(&world, 0, 15);
	meet(&world, 1, 15);
	for (int i = 0; i < 40; i++)
		append(&world, 1 + (uint32_t)i % 2, EVENT_TRACK, 0);
	world.event_n = 2;
	assert_true(without_memory(act_meet, &world) > 1);
	assert_int_equal(engine_origins(world.engine), 3); /* The failures made nobody. */
	without_memory(act_append, &world);
	assert_true(without_memory(act_refresh, &world) > 1);
	assert_true(without_memory(act_snapshot, &world) > 1);
	assert_true(without_memory(act_merge, &world) > 1);
	assert_true(house_compare(world.engine, &world.witness) == 2);
	assert_true(without_memory(act_split, &world) > 1);
	assert_true(house_compare(world.engine, &world.witness) == 3);
	engine_close(world.engine);
	world.engine = NULL;
	for (uint64_t nth = 1;; nth++) {
		memory_fail_at(nth);
		int error = house_open(&world.engine, world.folder, world.config);
		bool failed = memory_count() >= nth;
		memory_fail_at(0);
		if (error)
			assert_int_equal(error, ERROR_MEMORY);
		else
			engine_close(world.engine);
		if (!failed)
			break;
	}
	world_open(&world);
	assert_true(house_compare(world.engine, &world.witness) == 3);
	world_end(&world);
}

/* The records of origins in a snapshot, as they were before they had the number of decisions. */
struct short_records {
	struct {
		char key[4], value[64];
	} items[64];
	size_t n, bytes;
};

static int record_keep(void *arg, struct text key, struct text value)
{
	struct short_records *records = arg;
	assert_true(records->n < 64 && key.n == 4 && value.n == records->bytes + 8);
	memcpy(records->items[records->n].key, key.p, 4);
	memcpy(records->items[records->n++].value, value.p, records->bytes);
	return 0;
}

static void decisions_are_counted_for_a_snapshot_that_does_not_say(void **state)
{
	(void)state;
	struct world world;
	struct short_records records = {.bytes = 48};
	struct store *store;
	char lookup[80];
	world_start(&world, seed_of(0));
	for (unsigned i = 0; i < 60; i++)
		append(&world, meet(&world, i % 3, 15), i % 4 ? EVENT_DECISION : EVENT_TRACK, 0);
	assert_int_equal(engine_snapshot(world.engine), 0);
	engine_close(world.engine);
	snprintf(lookup, sizeof lookup, "%s/lookup", world.folder);
	struct store_problem problem;
	assert_int_equal(store_open(&store, lookup, &problem), 0);
	assert_int_equal(store_each(store, STORE_ORIGINS, record_keep, &records), 0);
	assert_int_equal(records.n, 3);
	for (size_t i = 0; i < records.n; i++)
		assert_int_equal(store_put(store, STORE_ORIGINS, (struct text){records.items[i].key, 4},
															 (struct text){records.items[i].value, records.bytes}),
										 0);
	assert_int_equal(store_commit(store), 0);
	store_close(store);
	world_open(&world);
	assert_int_equal(engine_figures(world.engine).decisions, 45);
	assert_true(house_compare(world.engine, &world.witness) == 3);
	world_end(&world);
}

static struct tally tally_named(struct world *world, const char *name)
{
	struct tally tallies[TALLIES_MAX];
	size_t n = engine_tallies(world->engine, tallies);
	for (size_t i = 0; i < n; i++)
		if (strcmp(tallies[i].name, name) == 0)
			return tallies[i];
	return (struct tally){0};
}

static void tallies_survive(void **state)
{
	(void)state;
	struct world world;
	struct tally tally;
	char name[16];
	world_start(&world, 1);
	meet(&world, 0, 15);
	engine_tally(world.engine, TEXT("counter"), 3, 1);
	assert_int_equal(engine_snapshot(world.engine), 0); /* This one holds it, */
	engine_tally(world.engine, TEXT("counter"), 2, 0);
	engine_tally(world.engine, TEXT("app"), 0, 7);
	engine_close(world.engine); /* and the log what came after it. */
	world_open(&world);
	tally = tally_named(&world, "counter");
	assert_true(tally.n[0] == 5 && tally.n[1] == 1 && tally.before[0] == 5 && tally.before[1] == 1);
	engine_tally(world.engine, TEXT("counter"), 0, 1);
	usleep((TALLY_EVERY_MS + 1000) * 1000);
	world_kill(&world);
	tally = tally_named(&world, "counter");
	assert_true(tally.n[0] == 5 && tally.n[1] == 2 && tally.before[1] == 2);
	tally = tally_named(&world, "app");
	assert_true(tally.n[0] == 0 && tally.n[1] == 7);
	/* With two of 64 places taken beside "other", 61 more have one of their own. */
	for (int i = 0; i < 70; i++) {
		snprintf(name, sizeof name, "form-%d", i);
		engine_tally(world.engine, text_of(name), 1, 0);
	}
	assert_int_equal(tally_named(&world, "form-60").n[0], 1);
	assert_int_equal(tally_named(&world, "form-61").n[0], 0);
	assert_int_equal(tally_named(&world, "other").n[0], 9);
	assert_int_equal(engine_snapshot(world.engine), 0);
	world_kill(&world);
	assert_int_equal(tally_named(&world, "other").n[0], 9);
	assert_int_equal(tally_named(&world, "counter").n[0], 5);
	assert_true(house_compare(world.engine, &world.witness) == 1);
	world_end(&world);
}

static void a_failed_snapshot_loses_no_identifier(void **state)
{
	(void)state;
	struct world world;
	world_start(&world, 3);
	meet(&world, 0, 15);
	append(&world, 1, EVENT_TRACK, 0);
	for (uint64_t nth = 1;; nth++) { /* Fail at every place of a pass; then a whole one. */
		memory_fail_at(nth);
		int error = act_snapshot(&world);
		bool failed = memory_count() >= nth;
		memory_fail_at(0);
		assert_true(error == 0 || error == ERROR_MEMORY);
		if (!failed)
			break;
	}
	world_kill(&world);
	char room[32];
	for (unsigned i = 0; i < IDENTIFIERS; i++)
		assert_int_equal(resolve_find(world.engine, identifier_of(0, i, room)), 1);
	assert_true(house_compare(world.engine, &world.witness) == 1);
	struct column_event *rows;
	size_t n;
	assert_int_equal(columns_select(engine_columns(world.engine), INT64_MIN, INT64_MAX, 100, &rows, &n), 0);
	assert_int_equal(n, 1);
	memory_free(rows);
	world_end(&world);
}

static void assert_known(struct world *world, uint32_t version, const char *names)
{
	struct configured known = engine_configured(world->engine);
	char all[200] = "";
	for (size_t i = 0; i < known.lasting.n; i++)
		snprintf(all + strlen(all), sizeof all - strlen(all), "%.*s ", TEXT_ARGS(known.lasting.names[i]));
	assert_string_equal(all, names);
	assert_int_equal(known.version, version);
}

/* Whether they come back from the snapshot, from the log alone, or from both: and none is ever given another number. */
static void the_log_of_events_knows_lasting_names_and_versions(void **state)
{
	(void)state;
	struct world world;
	char path[128];
	struct config_lasting two = {{TEXT("service-quality"), TEXT("advertising")}, 2}, three = {{two.names[0], two.names[1], TEXT("research-2")}, 3};
	struct config_lasting other = {{two.names[1], two.names[0]}, 2};
	world_start(&world, 1);
	assert_known(&world, 0, "");
	assert_int_equal(engine_lasting_keep(world.engine, &two), 0);
	engine_version_note(world.engine, 7);
	engine_close(world.engine);
	world_open(&world);
	assert_known(&world, 7, "service-quality advertising ");
	assert_int_equal(engine_snapshot(world.engine), 0);
	assert_int_equal(engine_lasting_keep(world.engine, &three), 0);
	assert_int_equal(engine_lasting_keep(world.engine, &two), 0); /* Fewer change nothing. */
	assert_int_equal(engine_lasting_keep(world.engine, &other), ERROR_CONFLICT);
	engine_version_note(world.engine, 6);
	engine_close(world.engine);
	snprintf(path, sizeof path, "%s/lookup", world.folder);
	folder_remove(path);
	snprintf(path, sizeof path, "%s/columns", world.folder);
	folder_remove(path);
	world_open(&world);
	assert_known(&world, 7, "service-quality advertising research-2 ");
	world_end(&world);
}

/* Not even when the folder of the snapshot went with it. */
static void a_log_that_is_gone_whole_is_missed(void **state)
{
	(void)state;
	struct world world;
	char path[128];
	struct engine *engine;
	world_start(&world, 1);
	append(&world, meet(&world, 0, 1), EVENT_TRACK, 0);
	engine_close(world.engine);
	const char *const parts[] = {"log", "lookup", "columns"};
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/%s", world.folder, parts[i]);
		folder_remove(path);
	}
	damage_clear();
	assert_int_equal(house_open(&engine, world.folder, world.config), ERROR_CORRUPT);
	struct damage damage;
	assert_true(damage_refusal(&damage));
	assert_non_null(strstr(damage.file, "log"));
	witness_free(&world.witness);
	config_free(world.config);
	folder_remove(world.folder);
}

/* One byte of the record at @position, which is alone in its block. */
static void record_damage(const struct world *world, uint64_t position)
{
	char path[128];
	uint8_t byte;
	snprintf(path, sizeof path, "%s/log/0000000000000000.segment", world->folder);
	int file = open(path, O_RDWR);
	off_t at = (off_t)(position & 0xffffffffffff) + 30;
	assert_int_equal(pread(file, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(file, &byte, 1, at), 1);
	close(file);
}

static uint64_t append_alone(struct world *world, uint32_t origin)
{
	uint64_t position = append(world, origin, EVENT_TRACK, 0);
	assert_int_equal(log_wait(engine_log(world->engine), position, 10000), 0);
	return position;
}

/* Records before and behind it belong to the same histories still; a history that ends with it ends before it. */
static void a_record_that_was_given_up_takes_nothing_else_with_it(void **state)
{
	(void)state;
	for (int kind = 0; kind < 6; kind++) { /* In the middle of a history, or its end; with the snapshot, with an old one, without. */
		struct world world;
		char path[128];
		struct log_repaired repaired;
		struct verify verify;
		uint64_t positions[9];
		world_start(&world, 3);
		uint32_t a = meet(&world, 0, 15), b = meet(&world, 1, 15);
		for (int i = 0; i < 9; i++) {
			positions[i] = append_alone(&world, i % 2 ? a : b);
			if (kind / 2 == 1 && i == 2)
				assert_int_equal(engine_snapshot(world.engine), 0);
		}
		if (kind / 2 == 0)
			assert_int_equal(engine_snapshot(world.engine), 0);
		engine_close(world.engine);
		record_damage(&world, positions[kind % 2 ? 8 : 5]);
		if (kind / 2 == 2) {
			snprintf(path, sizeof path, "%s/lookup", world.folder);
			folder_remove(path);
			snprintf(path, sizeof path, "%s/columns", world.folder);
			folder_remove(path);
		}
		assert_int_equal(engine_give_up(world.folder, &repaired), 0);
		assert_int_equal(repaired.gaps, 1);
		for (size_t i = 0; i < world.witness.n; i++)
			if (world.witness.items[i].event.position == positions[kind % 2 ? 8 : 5]) {
				free((void *)(uintptr_t)world.witness.items[i].event.payload.p);
				world.witness.items[i] = world.witness.items[--world.witness.n];
			}
		world_open(&world);
		append_alone(&world, a);
		append_alone(&world, b);
		assert_int_equal(house_compare(world.engine, &world.witness), 2);
		assert_int_equal(engine_verify(world.folder, &verify, NULL, NULL), 0);
		assert_int_equal(engine_snapshot(world.engine), 0);
		engine_close(world.engine);
		world_open(&world);
		assert_int_equal(house_compare(world.engine, &world.witness), 2);
		world_end(&world);
	}
}

/* The world's events were received months ago by the wall clock: as if it had jumped between a kill and the next start. */
static void messages_are_known_after_a_kill_whatever_the_clock_says(void **state)
{
	(void)state;
	struct world world;
	bool seen;
	size_t n = 0;
	world_start(&world, 3);
	for (unsigned i = 0; i < 60; i++)
		append(&world, meet(&world, i % PEOPLE, 15), EVENT_TRACK, 0);
	world_kill(&world);
	for (size_t i = 0; i < world.witness.n; i++) {
		const struct event_header *header = &world.witness.items[i].event.header;
		if (!header->message_hash || header->received_ms < TIME0)
			continue;
		assert_int_equal(dedupe_note(engine_dedupe(world.engine), header->message_hash, engine_receipt_ms(world.engine, clock_now_ms()), &seen), 0);
		assert_true(seen);
		n++;
	}
	assert_true(n > 40);
	world_end(&world);
}

static void names_check(struct world *world)
{
	struct dictionary *names = engine_dictionary(world->engine);
	char name[32];
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof name, "public %d", i);
		uint32_t number = dictionary_find(names, text_of(name));
		assert_true(i < 5 ? number && dictionary_is_public(names, number) : !number);
	}
	assert_int_equal(dictionary_public_count(names), 5);
	assert_false(dictionary_is_public(names, dictionary_find(names, TEXT("of the company"))));
	assert_false(dictionary_is_public(names, dictionary_find(names, DICTIONARY_OTHER)));
}

static void who_brought_a_name_is_known_after_replay_and_after_a_snapshot(void **state)
{
	(void)state;
	struct world world;
	struct verify verify;
	char name[32];
	uint32_t number;
	world_start(&world, seed_of(0));
	dictionary_public_bound(engine_dictionary(world.engine), 5);
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof name, "public %d", i);
		assert_int_equal(engine_name_or_other(world.engine, text_of(name), true, &number), 0);
		assert_text_equal(dictionary_name(engine_dictionary(world.engine), number), i < 5 ? name : "other");
	}
	assert_int_equal(engine_name_or_other(world.engine, TEXT("of the company"), false, &number), 0);
	assert_text_equal(dictionary_name(engine_dictionary(world.engine), number), "of the company");
	names_check(&world);
	world_kill(&world); /* The log alone. */
	names_check(&world);
	assert_int_equal(engine_snapshot(world.engine), 0);
	engine_close(world.engine);
	world_open(&world); /* The snapshot. */
	names_check(&world);
	dictionary_public_bound(engine_dictionary(world.engine), 6);
	assert_int_equal(engine_name_or_other(world.engine, TEXT("one more"), true, &number), 0);
	assert_text_equal(dictionary_name(engine_dictionary(world.engine), number), "one more");
	assert_int_equal(engine_name_or_other(world.engine, TEXT("two more"), true, &number), 0);
	assert_text_equal(dictionary_name(engine_dictionary(world.engine), number), "other");
	assert_int_equal(log_wait(engine_log(world.engine), log_end(engine_log(world.engine)), 10000), 0);
	assert_int_equal(engine_verify(world.folder, &verify, NULL, NULL), 0);
	world_end(&world);
}

static void word_spoil(const char *path, const char *word)
{
	static char bytes[1 << 20];
	int file = open(path, O_RDWR | O_CLOEXEC);
	ssize_t n = pread(file, bytes, sizeof bytes, 0);
	size_t word_n = strlen(word), met = 0;
	assert_true(n > 0 && (size_t)n < sizeof bytes);
	for (ssize_t at = 0; at + (ssize_t)word_n <= n; at++)
		if (memcmp(bytes + at, word, word_n) == 0) {
			met++;
			assert_int_equal(pwrite(file, "~", 1, at + (ssize_t)word_n - 1), 1);
		}
	assert_true(met > 0);
	close(file);
}

/* It is looked up by its name: under another it would be missed, and what the lookups hold be added once more. */
static void a_position_that_lost_its_name_is_damage_and_counts_nothing_twice(void **state)
{
	(void)state;
	struct world world;
	static struct damage found[DAMAGE_MAX];
	struct column_event *rows;
	char path[100];
	size_t n = 0, again = 0;
	world_start(&world, seed_of(0));
	for (unsigned i = 0; i < 20; i++)
		append(&world, meet(&world, i % 3, 15), EVENT_TRACK, 0);
	assert_int_equal(columns_select(engine_columns(world.engine), 0, INT64_MAX / 2, 100, &rows, &n), 0);
	memory_free(rows);
	assert_int_equal(engine_snapshot(world.engine), 0);
	engine_close(world.engine);
	snprintf(path, sizeof path, "%s/lookup/data.mdb", world.folder);
	word_spoil(path, "position");
	damage_clear();
	world_open(&world);
	assert_int_equal(damage_list(found, DAMAGE_MAX), 1);
	assert_string_equal(found[0].file, "lookup/data.mdb");
	assert_int_equal(columns_select(engine_columns(world.engine), 0, INT64_MAX / 2, 100, &rows, &again), 0);
	memory_free(rows);
	assert_int_equal(again, n);
	assert_true(house_compare(world.engine, &world.witness) == 3);
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_engine_agrees_with_a_plain_model),
		cmocka_unit_test(who_brought_a_name_is_known_after_replay_and_after_a_snapshot),
		cmocka_unit_test(joined_and_parted_is_as_if_never_joined),
		cmocka_unit_test(an_undo_that_is_undone_undoes_nothing),
		cmocka_unit_test(verify_finds_what_does_not_fit),
		cmocka_unit_test(threads_and_snapshots_leave_what_one_thread_would),
		cmocka_unit_test(without_memory_nothing_is_half_done),
		cmocka_unit_test(decisions_are_counted_for_a_snapshot_that_does_not_say),
		cmocka_unit_test(tallies_survive),
		cmocka_unit_test(a_failed_snapshot_loses_no_identifier),
		cmocka_unit_test(the_log_of_events_knows_lasting_names_and_versions),
		cmocka_unit_test(a_log_that_is_gone_whole_is_missed),
		cmocka_unit_test(a_record_that_was_given_up_takes_nothing_else_with_it),
		cmocka_unit_test(messages_are_known_after_a_kill_whatever_the_clock_says),
		cmocka_unit_test(a_position_that_lost_its_name_is_damage_and_counts_nothing_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
