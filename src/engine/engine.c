/* engine.c: opening and closing. */
#include "engine/engine.h"

#include "base/clock.h"
#include "base/damage.h"
#include "base/folder.h"
#include "base/inventory.h"
#include "base/kept_file.h"
#include "base/report.h"
#include "engine/dedupe.h"
#include "engine/internal.h"
#include "engine/keyring.h"
#include "engine/matches.h"
#include "engine/seen.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const size_t DEDUPE_BYTES_MAX = (size_t)1024 * 1024 * 1024;

struct log *engine_log(struct engine *engine) { return engine->log; }
struct directory *engine_directory(struct engine *engine) { return engine->directory; }
struct dictionary *engine_dictionary(struct engine *engine) { return engine->dictionary; }
struct dedupe *engine_dedupe(struct engine *engine) { return engine->dedupe; }
struct columns *engine_columns(struct engine *engine) { return engine->columns; }
struct matches *engine_matches(struct engine *engine) { return engine->matches; }
struct keyring *engine_keyring(const struct engine *engine) { return engine->keyring; }
const struct fold_table *engine_folds(const struct engine *engine) { return engine->options.folds; }

const struct config *engine_config(struct engine *engine)
{
	return atomic_load_explicit(&engine->config, memory_order_acquire);
}

void engine_config_set(struct engine *engine, const struct config *config)
{
	atomic_store_explicit(&engine->config, config, memory_order_release);
}

struct engine_figures engine_figures(struct engine *engine)
{
	return (struct engine_figures){
		.customers = atomic_load(&engine->customers_n), .origins = engine_origins(engine), .events = atomic_load(&engine->events_n),
		.decisions = atomic_load(&engine->decisions_n),
		.refolds = atomic_load(&engine->refolds_n), .snapshots = atomic_load(&engine->snapshots_n),
		.replayed = atomic_load(&engine->replayed_n), .state_bytes = atomic_load(&engine->state_bytes),
		.directory_bytes = directory_bytes(engine->directory), .dedupe_bytes = dedupe_bytes(engine->dedupe),
		.snapshot_ms = engine->snapshot_ms, .recovery_ms = engine->recovery_ms,
	};
}

int engine_tables(const char *folder, void (*each)(void *, struct text), void *arg)
{
	return store_tables(folder, each, arg);
}

/* ---- opening and closing ---- */

static int partitions_init(struct engine *engine)
{
	for (size_t i = 0; i < engine->options.folds->n; i++)
		engine->states_bytes_max += engine->options.folds->folds[i]->bytes_max;
	engine->states_bytes_max += FOLDS_MAX * sizeof(uint16_t) + 64;
	for (size_t i = 0; i < PARTITIONS; i++) {
		pthread_mutex_init(&engine->partitions[i].lock, NULL);
		int error = fold_scratch_init(&engine->partitions[i].scratch, engine->options.folds);
		if (error)
			return error;
	}
	return 0;
}

static void engine_free(struct engine *engine)
{
	for (uint32_t number = 1; number <= engine_origins(engine); number++)
		if (customer_at(engine, number))
			customer_states_free(engine, customer_at(engine, number));
	for (size_t i = 0; i < CHUNKS_MAX; i++)
		memory_free(atomic_load(&engine->chunks[i]));
	for (size_t i = 0; i < PARTITIONS; i++) {
		fold_scratch_free(&engine->partitions[i].scratch);
		memory_free(engine->partitions[i].spare);
		pthread_mutex_destroy(&engine->partitions[i].lock);
	}
	columns_close(engine->columns);
	store_close(engine->store);
	keyring_close(engine->keyring);
	seen_close(engine->seen);
	dedupe_free(engine->dedupe);
	configured_free(&engine->configured);
	matches_free(engine->matches);
	dictionary_free(engine->dictionary);
	directory_free(engine->directory);
	memory_free(engine->names_lost);
	memory_free(engine->links);
	memory_free(engine->forgotten);
	pthread_mutex_destroy(&engine->structure);
	pthread_mutex_destroy(&engine->links_lock);
	pthread_mutex_destroy(&engine->tallies.lock);
	pthread_mutex_destroy(&engine->pass_lock);
	pthread_cond_destroy(&engine->pass_wake);
	pthread_cond_destroy(&engine->pass_done);
	pthread_cond_destroy(&engine->upkeep_wake);
	memory_free(engine);
}

/* Rows are of all customers together, so they are sealed with one key: made of the node's, which no backup holds. */
static int columns_part_open(struct engine *engine)
{
	static const uint8_t use[] = "rows for figures";
	const struct engine_options *options = &engine->options;
	char path[4096];
	uint8_t key[COLUMNS_KEY_BYTES];
	snprintf(path, sizeof path, "%s/columns", options->folder);
	if (options->node_key)
		crypto_generichash(key, sizeof key, use, sizeof use - 1, options->node_key, KEYRING_KEY_BYTES);
	int error = columns_open(&engine->columns, path, options->node_key ? key : NULL, options->seal);
	sodium_memzero(key, sizeof key);
	return error;
}

/* Say that a folder that follows from the log was lost. It is made again. */
static void lost_say(const char *folder, const char *name)
{
	if (!inventory_is_there(folder, name) && inventory_has(folder, name))
		damage_found(name, 0, DAMAGE_REBUILT, "Nothing to do.", "The folder was missing; what was in it was made again from the log.");
}

static int lookup_part_open(struct engine *engine)
{
	const char *folder = engine->options.folder;
	char path[4096];
	snprintf(path, sizeof path, "%.4000s/lookup", folder);
	int error = store_open(&engine->store, path, &engine->lookup_problem);
	return error ? error : inventory_add(folder, "lookup");
}

static int keyring_part_open(struct engine *engine)
{
	static const struct kept_file slots = {ENGINE_SEALING_FOLDER "/slots", "nothing that is kept about customers can be opened", "a copy of the keys"};
	const char *folder = engine->options.folder;
	char path[4096];
	if (!inventory_is_there(folder, slots.name) && inventory_has(folder, slots.name))
		return kept_file_refuse(&slots, "missing");
	snprintf(path, sizeof path, "%.4000s/" ENGINE_SEALING_FOLDER, folder);
	int error = keyring_open(&engine->keyring, path, engine->options.node_key);
	return error ? error : inventory_add(folder, slots.name);
}

static int parts_open(struct engine *engine)
{
	char path[4096];
	const struct engine_options *options = &engine->options;
	engine->directory = directory_new(options->directory_key);
	engine->dictionary = dictionary_new();
	engine->dedupe = dedupe_new(options->dedupe_memory_max ? options->dedupe_memory_max : DEDUPE_BYTES_MAX);
	engine->matches = matches_new();
	if (engine->dictionary && options->names_public_max)
		dictionary_public_bound(engine->dictionary, options->names_public_max);
	if (!engine->directory || !engine->dictionary || !engine->dedupe || !engine->matches)
		return ERROR_MEMORY;
	int error = folder_make(options->folder);
	if (error)
		return error;
	lost_say(options->folder, "columns");
	lost_say(options->folder, "seen");
	error = columns_part_open(engine);
	if (!error)
		error = inventory_add(options->folder, "columns");
	if (error)
		return error;
	snprintf(path, sizeof path, "%s/seen", options->folder);
	error = seen_open(&engine->seen, path);
	if (!error)
		error = inventory_add(options->folder, "seen");
	if (error)
		return error;
	error = lookup_part_open(engine);
	if (error || !options->node_key)
		return error;
	error = keyring_part_open(engine);
	for (size_t i = 0; i < options->erased_n && !error; i++)
		if (!keyring_is_destroyed(engine->keyring, options->erased[i]))
			error = keyring_destroy(engine->keyring, &options->erased[i], 1);
	return error;
}

/* The log is the truth: a folder that lost it has nothing to be made again from. */
static bool log_is_there(const char *folder)
{
	if (inventory_is_there(folder, "log/0000000000000000.segment") || !inventory_has(folder, "log"))
		return true;
	damage_found("log/0000000000000000.segment", 0, DAMAGE_REFUSED, "Restore a backup with `attune restore`.", "The first file of the log is missing: without it nothing is known about anybody.");
	return false;
}

/* *@given: numbers of names were given back, and nothing is open: once more. */
static int open_once(struct engine **out, const struct engine_options *options, struct store_problem *problem, uint32_t *given)
{
	struct engine *engine = memory_zero_alloc(1, sizeof *engine);
	if (!engine)
		return ERROR_MEMORY;
	engine->options = *options;
	atomic_store(&engine->config, options->config);
	pthread_mutex_init(&engine->structure, NULL);
	pthread_mutex_init(&engine->links_lock, NULL);
	pthread_mutex_init(&engine->tallies.lock, NULL);
	configured_init(&engine->configured);
	pthread_mutex_init(&engine->pass_lock, NULL);
	clock_condition_init(&engine->pass_wake);
	clock_condition_init(&engine->pass_done);
	clock_condition_init(&engine->upkeep_wake);
	int error = log_is_there(options->folder) ? partitions_init(engine) : ERROR_CORRUPT;
	if (!error)
		error = parts_open(engine);
	if (!error)
		error = recover(engine);
	if (!error)
		error = inventory_add(options->folder, "log");
	if (!error && given)
		error = names_return(engine, given);
	bool ends = error || (given && *given);
	if (!ends)
		error = snapshot_thread_start(engine);
	if (!ends && !error && (error = upkeep_thread_start(engine)))
		snapshot_thread_stop(engine);
	if (error || ends) {
		*problem = engine->lookup_problem;
		log_close(engine->log);
		engine_free(engine);
		return error;
	}
	*out = engine;
	return 0;
}

/* The lookups follow from the log: damaged ones are put aside, whole, and made again. */
static int lookup_set_aside(const char *folder, const struct store_problem *problem)
{
	char path[4096], aside[FILE_ASIDE_BYTES], remedy[DAMAGE_TEXT_BYTES];
	snprintf(path, sizeof path, "%.4000s/lookup", folder);
	int error = file_set_aside(path, aside);
	if (error)
		return error;
	snprintf(remedy, sizeof remedy, "Nothing to do; the folder %.100s may be thrown away.", strrchr(aside, '/') + 1);
	damage_found("lookup/data.mdb", problem->offset, DAMAGE_REBUILT, remedy, "The snapshot was damaged (%s); everything was read again from the log.", problem->what);
	return 0;
}

int engine_open(struct engine **out, const struct engine_options *options)
{
	struct store_problem problem = {0};
	uint32_t given = 0;
	lost_say(options->folder, "lookup");
	int error = open_once(out, options, &problem, &given);
	if (error == ERROR_CORRUPT && problem.what)
		error = lookup_set_aside(options->folder, &problem);
	else if (error || !given)
		return error;
	return error ? error : open_once(out, options, &problem, NULL);
}

void engine_close(struct engine *engine)
{
	if (!engine)
		return;
	log_reserve_spend(engine->log);
	tallies_record(engine);
	if (engine->options.snapshot_every_ms >= 0 && engine_snapshot(engine) != 0)
		report(REPORT_WARNING, "last_snapshot_failed", "The last snapshot failed; the next start replays more of the log.");
	snapshot_thread_stop(engine);
	upkeep_thread_stop(engine);
	log_close(engine->log);
	engine_free(engine);
}
