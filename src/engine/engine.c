/* engine.c: opening and closing: the snapshot, then the replay of the rest. */
#include "engine/engine.h"

#include "base/clock.h"
#include "base/folder.h"
#include "base/report.h"
#include "engine/dedupe.h"
#include "engine/internal.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const size_t DEDUPE_BYTES_MAX = (size_t)1024 * 1024 * 1024;

struct log *engine_log(struct engine *engine) { return engine->log; }
struct directory *engine_directory(struct engine *engine) { return engine->directory; }
struct dictionary *engine_dictionary(struct engine *engine) { return engine->dictionary; }
struct dedupe *engine_dedupe(struct engine *engine) { return engine->dedupe; }
struct columns *engine_columns(struct engine *engine) { return engine->columns; }
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
		.refolds = atomic_load(&engine->refolds_n), .snapshots = atomic_load(&engine->snapshots_n),
		.replayed = atomic_load(&engine->replayed_n), .state_bytes = atomic_load(&engine->state_bytes),
		.directory_bytes = directory_bytes(engine->directory), .dedupe_bytes = dedupe_bytes(engine->dedupe),
		.snapshot_ms = engine->snapshot_ms, .recovery_ms = engine->recovery_ms,
	};
}

/* ---- replay ---- */

struct replay {
	struct engine *engine;
	uint64_t applied_until; /* In the snapshot: only message ids are of interest up to here. */
	int64_t dedupe_since;
};

static uint32_t origin_of(struct engine *engine, struct value id)
{
	struct origin_id parsed;
	if (!origin_parse(value_text(id), &parsed))
		return 0;
	return directory_find(engine->directory, directory_hash_id(parsed));
}

static int replay_link(struct engine *engine, const struct event *event)
{
	struct text type = value_text(value_get(event->payload, TEXT("type")));
	struct text value = value_text(value_get(event->payload, TEXT("value")));
	struct identifier_hash hash = directory_hash(engine->directory, type, value);
	int error = engine_link_reserve(engine, hash);
	if (!error)
		engine_link(engine, hash, event->header.origin_number);
	return error;
}

static void move(struct engine *engine, uint32_t number, struct customer *to, uint64_t position)
{
	struct origin *origin = engine_origin(engine, number);
	struct customer *from = customer_at(engine, atomic_load(&origin->customer));
	assert(from && to);
	origin_take(engine, from, number);
	origin->moved = position;
	origin->dirty = true;
	origin_give(engine, to, number);
	from->dirty = to->dirty = true;
	if (from->origin_first == 0) {
		customer_states_free(engine, from);
		atomic_fetch_sub(&engine->customers_n, 1);
	}
}

/* The states of @customer may have been written before the move at @position: fold them again. */
static void restate(struct customer *customer, uint64_t applied, uint64_t position)
{
	if (applied < position)
		customer->stale = customer->dirty = true;
}

/* @applied: how far the states of the surviving customer were before this record. */
static int replay_merge(struct engine *engine, const struct event *event, uint64_t applied)
{
	uint32_t into = origin_of(engine, value_get(event->payload, TEXT("into")));
	uint32_t from = origin_of(engine, value_get(event->payload, TEXT("from")));
	struct customer *a = customer_at(engine, into), *b = customer_at(engine, from);
	if (!a || !b)
		return ERROR_CORRUPT;
	restate(a, applied, event->position);
	for (uint32_t number = b->origin_first, next; number; number = next) {
		next = engine_origin(engine, number)->next;
		if (engine_origin(engine, number)->moved < event->position)
			move(engine, number, a, event->position);
	}
	return 0;
}

static int replay_split(struct engine *engine, const struct event *event, uint64_t applied)
{
	uint32_t number = event->header.origin_number;
	struct origin *origin = engine_origin(engine, number);
	struct customer *from = customer_at(engine, origin_of(engine, value_get(event->payload, TEXT("from"))));
	struct customer *alone = customer_at(engine, number);
	if (!from)
		return ERROR_CORRUPT;
	uint32_t belongs = atomic_load(&origin->customer);
	restate(from, belongs == from->number ? applied : from->applied, event->position);
	restate(alone, belongs == number ? applied : alone->applied, event->position);
	if (origin->moved < event->position && belongs != number) {
		move(engine, number, alone, event->position);
		atomic_fetch_add(&engine->customers_n, 1);
	}
	return 0;
}

static int replay_of_customer(struct engine *engine, struct event *event)
{
	uint32_t number = event->header.origin_number;
	struct origin *origin = engine_origin(engine, number);
	int error = 0;
	if (!origin || origin_is_zero(origin->id))
		error = origin_enter(engine, number, event->header.origin);
	if (error)
		return error;
	origin = engine_origin(engine, number);
	if (memcmp(&origin->id, &event->header.origin, sizeof origin->id) != 0)
		return ERROR_CORRUPT;
	struct customer *customer = customer_at(engine, atomic_load(&origin->customer));
	uint64_t *head = event->header.kind == EVENT_DECISION ? &origin->decision_head : &origin->head;
	uint64_t applied = customer->applied;
	if (event->position > *head) {
		*head = event->position;
		origin->dirty = true;
		if (event->header.kind != EVENT_DECISION) {
			origin->events++;
			customer->events++;
		}
	}
	if (event->position > applied) {
		if (!partition_spare(engine, partition_of(engine, customer->number)))
			return ERROR_MEMORY;
		customer_apply(engine, customer, event);
	}
	if (event->header.kind == EVENT_LINK)
		error = replay_link(engine, event);
	else if (event->header.kind == EVENT_MERGE)
		error = replay_merge(engine, event, applied);
	else if (event->header.kind == EVENT_SPLIT)
		error = replay_split(engine, event, applied);
	return error;
}

static int replay_dedupe(struct replay *replay, const struct event_header *header)
{
	bool seen;
	if (!header->message_hash || header->received_ms < replay->dedupe_since)
		return 0;
	return dedupe_note(replay->engine->dedupe, header->message_hash, header->received_ms, &seen);
}

static int replay_record(void *arg, uint64_t position, struct text entry)
{
	struct replay *replay = arg;
	struct engine *engine = replay->engine;
	struct event event;
	if (position <= replay->applied_until) {
		struct event_header header;
		if (entry.n < sizeof header)
			return ERROR_CORRUPT;
		memcpy(&header, entry.p, sizeof header);
		return replay_dedupe(replay, &header);
	}
	int error = event_decode(&event, entry);
	if (error)
		return error;
	event.position = position;
	atomic_fetch_add_explicit(&engine->replayed_n, 1, memory_order_relaxed);
	if (event.header.kind == EVENT_NAME)
		return dictionary_restore(engine->dictionary, event.header.name, value_text(value_get(event.payload, TEXT("name"))));
	error = replay_dedupe(replay, &event.header);
	if (error || event.header.origin_number == 0)
		return error;
	event_names(engine, &event);
	error = replay_of_customer(engine, &event);
	int32_t value = 0;
	if (!error && engine->options.column && engine->options.column(&event, &value))
		error = columns_add(engine->columns, position, &event.header, value);
	return error;
}

static void count_all(struct engine *engine)
{
	uint64_t customers = 0, events = 0;
	for (uint32_t number = 1; number <= engine_origins(engine); number++) {
		const struct customer *customer = customer_at(engine, number);
		if (customer && customer->origin_first) {
			customers++;
			events += customer->events;
		}
	}
	atomic_store(&engine->customers_n, customers);
	atomic_store(&engine->events_n, events);
}

int recover(struct engine *engine)
{
	struct replay replay = {.engine = engine, .dedupe_since = clock_now_ms() - (int64_t)DEDUPE_HOURS * MS_AN_HOUR};
	int64_t begun = clock_now_ms();
	uint64_t from;
	int error = snapshot_position(engine, &replay.applied_until);
	if (!error)
		error = snapshot_load(engine);
	if (!error)
		error = snapshot_position_before(engine, replay.dedupe_since, &from);
	if (error)
		return error;
	char path[4096];
	snprintf(path, sizeof path, "%s/log", engine->options.folder);
	struct log_options options = {.folder = path, .segment_bytes = engine->options.log_segment_bytes,
	                              .pending_bytes_max = engine->options.log_pending_bytes};
	error = log_open(&engine->log, &options, replay.applied_until);
	if (!error)
		error = log_replay(engine->log, from, replay_record, &replay);
	count_all(engine);
	engine->recovery_ms = clock_now_ms() - begun;
	return error;
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
	dedupe_free(engine->dedupe);
	dictionary_free(engine->dictionary);
	directory_free(engine->directory);
	memory_free(engine->links);
	pthread_mutex_destroy(&engine->structure);
	pthread_mutex_destroy(&engine->links_lock);
	pthread_mutex_destroy(&engine->pass_lock);
	pthread_cond_destroy(&engine->pass_wake);
	pthread_cond_destroy(&engine->pass_done);
	memory_free(engine);
}

static int parts_open(struct engine *engine)
{
	char path[4096];
	const struct engine_options *options = &engine->options;
	engine->directory = directory_new(options->directory_key);
	engine->dictionary = dictionary_new();
	engine->dedupe = dedupe_new(options->dedupe_memory_max ? options->dedupe_memory_max : DEDUPE_BYTES_MAX);
	if (!engine->directory || !engine->dictionary || !engine->dedupe)
		return ERROR_MEMORY;
	int error = folder_make(options->folder);
	if (error)
		return error;
	snprintf(path, sizeof path, "%s/columns", options->folder);
	error = columns_open(&engine->columns, path);
	if (error)
		return error;
	snprintf(path, sizeof path, "%s/lookup", options->folder);
	return store_open(&engine->store, path);
}

int engine_open(struct engine **out, const struct engine_options *options)
{
	struct engine *engine = memory_zero_alloc(1, sizeof *engine);
	if (!engine)
		return ERROR_MEMORY;
	engine->options = *options;
	atomic_store(&engine->config, options->config);
	pthread_mutex_init(&engine->structure, NULL);
	pthread_mutex_init(&engine->links_lock, NULL);
	pthread_mutex_init(&engine->pass_lock, NULL);
	pthread_cond_init(&engine->pass_wake, NULL);
	pthread_cond_init(&engine->pass_done, NULL);
	int error = partitions_init(engine);
	if (!error)
		error = parts_open(engine);
	if (!error)
		error = recover(engine);
	if (!error)
		error = snapshot_thread_start(engine);
	if (error) {
		log_close(engine->log);
		engine_free(engine);
		return error;
	}
	*out = engine;
	return 0;
}

void engine_close(struct engine *engine)
{
	if (!engine)
		return;
	if (engine->options.snapshot_every_ms >= 0 && engine_snapshot(engine) != 0)
		report(REPORT_WARNING, "last_snapshot_failed", "The last snapshot failed; the next start replays more of the log.");
	snapshot_thread_stop(engine);
	log_close(engine->log);
	engine_free(engine);
}
