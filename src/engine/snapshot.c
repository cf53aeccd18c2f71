/*
 * snapshot.c: the pass that writes changed customers to the store, so that a start replays only what came after.
 *
 * A pass notes the end of the log, waits until every record up to there has been applied (each partition locked once)
 * and is durable, then writes in slices: customers that changed, new identifiers and names, columns of finished rows.
 * Only when all is committed the position moves. A customer's own record says how far it has been applied, and every
 * origin has a record of its own with its chain and whom it belongs to: so a pass that was cut short does no harm, nor
 * does a merge or a split between two slices of one pass.
 */
#include "base/clock.h"
#include "base/report.h"
#include "base/thread.h"
#include "engine/internal.h"
#include "engine/seal.h"
#include "engine/seen.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

enum { SLICE_CUSTOMERS = 64, SLICE_PAUSE_US = 50 /* Who answers goes first. */, SNAPSHOT_EVERY_MS = 60000, STEP_MS = 250, HEAL_AGAIN_MS = 10000 };

static const uint64_t SNAPSHOT_EVERY_BYTES = (uint64_t)1 << 30; /* About two and a half million events. */

/* A customer in the store: this and its states. */
struct customer_record {
	uint64_t applied, config_mark, folds_mark;
	int64_t ordered_until, due;
	uint32_t states_bytes;
	uint8_t stale, key_version, reserved[2]; /* key_version: as of a record in the log; not 0: the states are sealed, bound to this. */
};

struct origin_record {
	struct origin_id id;
	uint64_t head, decision_head, moved;
	uint32_t customer, events, decisions, reserved;
};

/* A record from before decisions were counted ends here. */
enum { ORIGIN_RECORD_SHORT = offsetof(struct origin_record, decisions) };

struct slice {
	struct engine *engine;
	struct buffer bytes;           /* Records, one after another: table, number, length (u32 each), record. */
	uint64_t position_max;
};

static struct text key_of(uint32_t number, uint8_t key[4])
{
	for (int i = 0; i < 4; i++)
		key[i] = (uint8_t)(number >> (24 - 8 * i));
	return (struct text){(const char *)key, 4};
}

/* Enter a record of two parts; false without memory. */
static bool record_put(struct slice *slice, enum store_table table, uint32_t number, struct text head, struct text rest)
{
	uint32_t about[3] = {table, number, (uint32_t)(head.n + rest.n)};
	if (!buffer_reserve(&slice->bytes, sizeof about + head.n + rest.n))
		return false;
	buffer_append(&slice->bytes, about, sizeof about);
	buffer_text(&slice->bytes, head);
	buffer_text(&slice->bytes, rest);
	return true;
}

static void position_note(struct slice *slice, uint64_t position)
{
	if (position > slice->position_max)
		slice->position_max = position;
}

/* An origin that was erased keeps its number and its id: nobody gets them again. */
static void buried_put(struct slice *slice, uint32_t number)
{
	struct engine *engine = slice->engine;
	if (!keyring_is_destroyed(engine->keyring, number) || !engine_origin(engine, number) || !engine_origin(engine, number)->dirty)
		return;
	struct origin_record record = {.id = engine_origin(engine, number)->id};
	if (record_put(slice, STORE_ORIGINS, number, (struct text){(const char *)&record, sizeof record}, TEXT("")))
		engine_origin(engine, number)->dirty = false;
}

static void origin_put(struct slice *slice, uint32_t number)
{
	struct engine *engine = slice->engine;
	struct customer *customer = customer_lock_of(engine, number);
	struct origin *origin = engine_origin(engine, number);
	if (!customer) {
		buried_put(slice, number);
		return;
	}
	struct origin_record record = {origin->id, origin->head, origin->decision_head, origin->moved, customer->number, origin->events,
	                               origin->decisions, 0};
	if (origin->dirty && record_put(slice, STORE_ORIGINS, number, (struct text){(const char *)&record, sizeof record}, TEXT(""))) {
		origin->dirty = false;
		position_note(slice, record.head);
		position_note(slice, record.decision_head);
		position_note(slice, record.moved);
	}
	customer_unlock(engine, customer);
}

static void customer_put(struct slice *slice, uint32_t number)
{
	struct engine *engine = slice->engine;
	struct customer *customer = customer_at(engine, number);
	struct partition *partition = partition_of(engine, number);
	if (!customer)
		return;
	pthread_mutex_lock(&partition->lock);
	struct customer_record record = {
		.applied = customer->applied, .config_mark = customer->config_mark,
		.folds_mark = fold_table_mark(engine->options.folds), .ordered_until = customer->ordered_until, .due = customer->due,
		.states_bytes = customer->states_bytes, .stale = (uint8_t)(customer->stale | customer->ordered_stale << 1),
	};
	struct text head = {(const char *)&record, sizeof record}, states = {(const char *)customer->states, customer->states_bytes};
	if (!customer->origin_first) /* Joined to another: an empty record deletes. */
		head = states = TEXT("");
	if (customer->dirty && record_put(slice, STORE_CUSTOMERS, number, head, states)) {
		customer->dirty = false;
		position_note(slice, record.applied);
	}
	pthread_mutex_unlock(&partition->lock);
}

/* Copy the changed ones among SLICE_CUSTOMERS numbers from @*number on. One lock an item, for a copy. */
static void slice_take(struct slice *slice, uint32_t *number, uint32_t last)
{
	for (size_t i = 0; i < SLICE_CUSTOMERS && *number <= last; i++, ++*number) {
		origin_put(slice, *number);
		customer_put(slice, *number);
	}
}

/* Put a customer's record, its states sealed with the customer's own key; who was erased meanwhile is deleted. */
static int customer_store(struct engine *engine, uint32_t number, struct text record)
{
	struct customer_record head;
	uint8_t key[4];
	if (record.n <= sizeof head || !engine->keyring || !engine->options.seal)
		return store_put(engine->store, STORE_CUSTOMERS, key_of(number, key), record);
	uint8_t *sealed = memory_alloc(record.n + SEAL_BYTES);
	if (!sealed)
		return ERROR_MEMORY;
	memcpy(&head, record.p, sizeof head);
	head.key_version = (uint8_t)seal_version();
	memcpy(sealed, &head, sizeof head);
	int error = seal_close(engine->keyring, number, (struct text){(const char *)&head, sizeof head}, text_from(record, sizeof head),
	                       sealed + sizeof head);
	if (!error || error == ERROR_NOT_FOUND)
		error = store_put(engine->store, STORE_CUSTOMERS, key_of(number, key),
		                  (struct text){(const char *)sealed, error ? 0 : record.n + SEAL_BYTES});
	memory_free(sealed);
	return error;
}

static int slice_write(struct slice *slice)
{
	struct engine *engine = slice->engine;
	if (slice->bytes.failed)
		return ERROR_MEMORY;
	/* Never ahead of the log: what is in the slice is durable before it is committed. */
	int error = slice->position_max ? log_wait(engine->log, slice->position_max, 60000) : 0;
	for (size_t at = 0; at < slice->bytes.n && !error;) {
		uint32_t about[3];
		uint8_t key[4];
		memcpy(about, slice->bytes.p + at, sizeof about);
		at += sizeof about;
		struct text record = {slice->bytes.p + at, about[2]};
		error = about[0] == STORE_CUSTOMERS ? customer_store(engine, about[1], record)
		                                    : store_put(engine->store, (enum store_table)about[0], key_of(about[1], key), record);
		at += about[2];
	}
	return error;
}

static int customers_write(struct engine *engine)
{
	struct slice slice = {.engine = engine, .bytes = BUFFER_INIT((size_t)256 * 1024 * 1024)};
	uint32_t last = engine_origins(engine), number = 1;
	int error = 0;
	while (number <= last && !error) {
		buffer_reset(&slice.bytes);
		slice.position_max = 0;
		slice_take(&slice, &number, last);
		error = slice_write(&slice);
		if (slice.bytes.n)
			usleep(SLICE_PAUSE_US);
	}
	buffer_free(&slice.bytes);
	return error;
}

static size_t links_count(struct engine *engine)
{
	pthread_mutex_lock(&engine->links_lock);
	size_t n = engine->links_n;
	pthread_mutex_unlock(&engine->links_lock);
	return n;
}

/* Put the first @n new identifiers into the store; links_written forgets them once that is committed. */
static int links_write(struct engine *engine, size_t n)
{
	struct link_note *links = memory_alloc((n + 1) * sizeof *links);
	if (!links)
		return ERROR_MEMORY;
	pthread_mutex_lock(&engine->links_lock);
	if (n)
		memcpy(links, engine->links, n * sizeof *links);
	pthread_mutex_unlock(&engine->links_lock);
	int error = 0;
	for (size_t i = 0; i < n && !error; i++)
		error = store_put(engine->store, STORE_IDENTIFIERS, (struct text){(const char *)&links[i].hash, sizeof links[i].hash},
		                  (struct text){(const char *)&links[i].origin, links[i].origin == DIRECTORY_NONE ? 0 : sizeof links[i].origin});
	memory_free(links);
	return error;
}

static void links_written(struct engine *engine, size_t n)
{
	pthread_mutex_lock(&engine->links_lock);
	engine->links_n -= n;
	if (n)
		memmove(engine->links, engine->links + n, engine->links_n * sizeof *engine->links);
	pthread_mutex_unlock(&engine->links_lock);
}

/* Put names into the store: those with marks above *@written up to @mark, and with the first also which numbers have none. */
static int names_write(struct engine *engine, uint32_t mark, uint32_t *written)
{
	uint32_t last = mark == *written ? 0 : dictionary_count(engine->dictionary);
	int error = 0;
	for (uint32_t number = 1; number <= last && !error; number++) {
		uint8_t key[4];
		char value[1 + DICTIONARY_NAME_BYTES_MAX]; /* Whether a public key brought it, and the name. */
		const uint32_t its = dictionary_mark_of(engine->dictionary, number);
		const struct text name = dictionary_name(engine->dictionary, number);
		if (its > mark || (its <= *written && *written))
			continue;
		value[0] = dictionary_is_public(engine->dictionary, number);
		memcpy(value + 1, name.p, name.n);
		error = store_put(engine->store, STORE_NAMES, key_of(number, key), (struct text){value, name.n + 1});
	}
	if (!error)
		*written = mark;
	return error;
}

int snapshot_day_write(struct engine *engine, int32_t day, uint64_t rows)
{
	uint8_t key[4];
	return store_put(engine->store, STORE_DAYS, key_of((uint32_t)day ^ 0x80000000u, key),
	                 (struct text){(const char *)&rows, sizeof rows});
}

static int day_write(void *arg, int32_t day, uint64_t rows)
{
	return snapshot_day_write(arg, day, rows);
}

static int hour_write(void *arg, int64_t hour, struct seen_length length)
{
	struct engine *engine = arg;
	uint8_t key[4];
	return store_put(engine->store, STORE_HOURS, key_of((uint32_t)hour, key), (struct text){(const char *)&length, length.n ? sizeof length : 0});
}

/* Up to @position all is in the store, and so are the hashes of all messages of the last day. */
static int meta_write(struct engine *engine, uint64_t position)
{
	const struct text value = {(const char *)&position, sizeof position};
	int error = tallies_write(engine);
	if (!error)
		error = configured_write(engine);
	const int64_t receipt_ms = engine_receipt_ms(engine, clock_now_ms());
	if (!error)
		error = store_put(engine->store, STORE_META, TEXT("receipt"), (struct text){(const char *)&receipt_ms, sizeof receipt_ms});
	if (!error)
		error = gaps_write(engine);
	if (!error)
		error = store_put(engine->store, STORE_META, TEXT("seen"), value);
	if (!error)
		error = store_put(engine->store, STORE_META, TEXT("position"), value);
	return error ? error : store_commit(engine->store);
}

/* Every record up to the returned position has been applied and has its column row when this returns. */
static uint64_t barrier(struct engine *engine)
{
	uint64_t position = log_end(engine->log);
	pthread_mutex_lock(&engine->structure);
	pthread_mutex_unlock(&engine->structure);
	for (size_t i = 0; i < PARTITIONS; i++) {
		pthread_mutex_lock(&engine->partitions[i].lock);
		pthread_mutex_unlock(&engine->partitions[i].lock);
	}
	dictionary_settle(engine->dictionary);
	return position;
}

/* After a failed pass nobody knows who was written: the next one writes all. */
static void all_dirty(struct engine *engine)
{
	for (uint32_t number = 1, last = engine_origins(engine); number <= last; number++) {
		struct customer *customer = customer_lock_of(engine, number);
		if (customer) {
			engine_origin(engine, number)->dirty = true;
			customer_unlock(engine, customer);
		}
		customer = customer_at(engine, number);
		if (!customer)
			continue;
		pthread_mutex_lock(&partition_of(engine, number)->lock); /* Also of one who was joined to another. */
		customer->dirty = true;
		pthread_mutex_unlock(&partition_of(engine, number)->lock);
	}
}

/* The column rows of those who were forgotten before the pass began are in files now: take them out there. */
static int forgotten_write(struct engine *engine, size_t n)
{
	pthread_mutex_lock(&engine->pass_lock);
	uint32_t *origins = memory_alloc((n + 1) * sizeof *origins);
	if (origins && n)
		memcpy(origins, engine->forgotten, n * sizeof *origins);
	pthread_mutex_unlock(&engine->pass_lock);
	int error = !origins ? ERROR_MEMORY : n ? columns_forget(engine->columns, origins, n) : 0;
	memory_free(origins);
	if (error)
		return error;
	pthread_mutex_lock(&engine->pass_lock);
	engine->forgotten_n -= n;
	if (n)
		memmove(engine->forgotten, engine->forgotten + n, engine->forgotten_n * sizeof *engine->forgotten);
	pthread_mutex_unlock(&engine->pass_lock);
	return 0;
}

/* Rows that may not be kept any longer. */
static int trimmed_write(struct engine *engine)
{
	pthread_mutex_lock(&engine->pass_lock);
	const struct column_place *places = engine->trimmed;
	size_t n = engine->trimmed_n;
	pthread_mutex_unlock(&engine->pass_lock);
	return n ? columns_blank(engine->columns, places, n) : 0;
}

static int pass(struct engine *engine, uint32_t *names_written)
{
	int64_t begun = clock_now_ms();
	pthread_mutex_lock(&engine->pass_lock);
	size_t forgotten_n = engine->forgotten_n;
	pthread_mutex_unlock(&engine->pass_lock);
	uint64_t position = barrier(engine);
	/* Names and links are counted first: the records of all that are counted stand before the end that is waited for. */
	size_t links_n = links_count(engine);
	uint32_t mark = dictionary_mark(engine->dictionary);
	uint64_t end = log_end(engine->log);
	int error = end ? log_wait(engine->log, end, 60000) : 0;
	if (!error)
		error = names_write(engine, mark, names_written);
	if (!error)
		error = links_write(engine, links_n);
	if (!error)
		error = customers_write(engine);
	if (!error)
		error = store_commit(engine->store); /* What follows is one transaction: rows and position move together. */
	if (!error)
		error = columns_flush(engine->columns, position, day_write, engine);
	if (!error)
		error = seen_flush(engine->seen, engine->log, engine->seen_until, position, engine_receipt_ms(engine, clock_now_ms()) - (int64_t)DEDUPE_HOURS * MS_AN_HOUR, hour_write, engine);
	if (!error && position)
		error = meta_write(engine, position);
	if (error == ERROR_IO) {
		/* A sync that failed is never tried again: what is on disk only a new start can tell. The log has all of it. What could not be
		 * opened for want of a descriptor is ERROR_BUSY, and nothing was written to it. */
		report(REPORT_ERROR, "snapshot_sync_failed", "Writing the snapshot failed: stopping at once; start again to recover.");
		_exit(70);
	}
	if (error) {
		store_abort(engine->store);
		*names_written = 0;
		all_dirty(engine);
		report(REPORT_ERROR, "snapshot_failed", "The snapshot failed: %s It will be tried again.", error_sentence(error));
		return error;
	}
	columns_flushed(engine->columns, position);
	engine->columns_until = position;
	seen_flushed(engine->seen);
	engine->seen_until = position;
	links_written(engine, links_n);
	error = forgotten_write(engine, forgotten_n);
	if (!error)
		error = trimmed_write(engine);
	if (error) {
		report(REPORT_ERROR, "forget_failed", "Rows that had to go could not be taken out: %s It will be tried again.", error_sentence(error));
		return error;
	}
	engine->snapshot_ms = clock_now_ms() - begun;
	atomic_fetch_add(&engine->snapshots_n, 1);
	return 0;
}

/* A pass is due after a while, and under heavy load earlier: what comes after it has to be replayed by a start. */
static bool pass_is_due(struct engine *engine, int64_t last_ms, uint64_t last_bytes)
{
	int64_t every = engine->options.snapshot_every_ms ? engine->options.snapshot_every_ms : SNAPSHOT_EVERY_MS;
	return every > 0 && (clock_now_ms() - last_ms >= every || log_figures(engine->log).bytes - last_bytes >= SNAPSHOT_EVERY_BYTES);
}

static void *thread_run(void *arg)
{
	struct engine *engine = arg;
	int64_t last_ms = clock_now_ms(), tallied_ms = last_ms, heal_ms = 0;
	uint64_t last_bytes = 0;
	uint32_t names_written = 0;
	thread_name("snapshot");
	pthread_mutex_lock(&engine->pass_lock);
	while (!engine->stopping) {
		bool wanted = engine->passes_wanted > engine->passes_done || pass_is_due(engine, last_ms, last_bytes);
		if (!wanted) {
			struct timespec until = clock_deadline(STEP_MS);
			pthread_cond_timedwait(&engine->pass_wake, &engine->pass_lock, &until);
			pthread_mutex_unlock(&engine->pass_lock);
			int64_t now = clock_now_ms();
			if (now - tallied_ms >= TALLY_EVERY_MS) {
				tallies_record(engine);
				tallied_ms = now;
			}
			if (columns_damaged(engine->columns) && now >= heal_ms)
				heal_ms = columns_heal(engine) ? now + HEAL_AGAIN_MS : 0;
			pthread_mutex_lock(&engine->pass_lock);
			continue;
		}
		uint64_t serves = engine->passes_wanted, begun_bytes = log_figures(engine->log).bytes;
		pthread_mutex_unlock(&engine->pass_lock);
		int error = pass(engine, &names_written);
		pthread_mutex_lock(&engine->pass_lock);
		last_ms = clock_now_ms();
		last_bytes = begun_bytes;
		engine->passes_done = serves;
		engine->pass_error = error;
		pthread_cond_broadcast(&engine->pass_done);
	}
	pthread_mutex_unlock(&engine->pass_lock);
	return NULL;
}

int engine_snapshot(struct engine *engine)
{
	pthread_mutex_lock(&engine->pass_lock);
	uint64_t mine = ++engine->passes_wanted;
	pthread_cond_signal(&engine->pass_wake);
	while (engine->passes_done < mine && !engine->stopping)
		pthread_cond_wait(&engine->pass_done, &engine->pass_lock);
	int error = engine->passes_done < mine ? ERROR_CLOSED : engine->pass_error;
	pthread_mutex_unlock(&engine->pass_lock);
	return error;
}

int snapshot_thread_start(struct engine *engine)
{
	if (pthread_create(&engine->snapshot_thread, NULL, thread_run, engine) != 0)
		return ERROR_MEMORY;
	engine->thread_runs = true;
	return 0;
}

void snapshot_thread_stop(struct engine *engine)
{
	if (!engine->thread_runs)
		return;
	pthread_mutex_lock(&engine->pass_lock);
	engine->stopping = true;
	pthread_cond_broadcast(&engine->pass_wake);
	pthread_cond_broadcast(&engine->pass_done);
	pthread_mutex_unlock(&engine->pass_lock);
	pthread_join(engine->snapshot_thread, NULL);
	engine->thread_runs = false;
}

/* ---- loading ---- */

int snapshot_lookup_error(struct engine *engine, int error)
{
	if (error == ERROR_CORRUPT && !engine->lookup_problem.what)
		engine->lookup_problem.what = "a value is not what was written";
	return error;
}

static uint32_t number_of(struct text key)
{
	uint32_t number = 0;
	for (size_t i = 0; i < key.n; i++)
		number = number << 8 | (uint8_t)key.p[i];
	return number;
}

/* The length of the chain of decisions at @head, for a record that does not say it. */
static int decisions_count(struct engine *engine, uint64_t head, uint32_t *n)
{
	char copy[LOG_ENTRY_BYTES_MAX];
	struct event event;
	struct text entry;
	int error = 0;
	for (*n = 0; head && !error; ++*n) {
		error = log_read(engine->log, head, copy, &entry);
		if (!error)
			error = event_view(&event, entry);
		if (!error && event.header.previous >= head)
			error = ERROR_CORRUPT;
		head = error ? 0 : log_bridged(engine->log, event.header.previous);
	}
	return error;
}

static int origin_load(void *arg, struct text key, struct text value)
{
	struct engine *engine = arg;
	struct origin_record record = {0};
	uint32_t number = number_of(key);
	if (value.n != sizeof record && value.n != ORIGIN_RECORD_SHORT)
		return ERROR_CORRUPT;
	memcpy(&record, value.p, value.n);
	if (record.customer == 0 || keyring_is_destroyed(engine->keyring, number)) {
		engine->found_forgotten |= record.customer != 0;
		return origin_bury(engine, number, record.id);
	}
	int error = value.n == sizeof record ? 0 : decisions_count(engine, record.decision_head, &record.decisions);
	if (!error)
		error = origin_reserve(engine, number);
	if (!error)
		error = origin_reserve(engine, record.customer);
	if (error)
		return error;
	struct origin *origin = engine_origin(engine, number);
	origin->id = record.id;
	origin->head = record.head;
	origin->decision_head = record.decision_head;
	origin->moved = record.moved;
	origin->events = record.events;
	origin->decisions = record.decisions & INT32_MAX;
	customer_at(engine, number)->number = number;
	customer_at(engine, record.customer)->number = record.customer;
	origin_give(engine, customer_at(engine, record.customer), number);
	customer_at(engine, record.customer)->stale = true; /* Until its own record comes. */
	if (number > engine_origins(engine))
		atomic_store(&engine->origins_n, number);
	return directory_set(engine->directory, directory_hash_id(record.id), number);
}

/* @states, sealed or not, become those of @customer, who has room for them. */
static int states_read(struct engine *engine, struct customer *customer, const struct customer_record *record, struct text states)
{
	if (!record->key_version)
		memcpy(customer->states, states.p, record->states_bytes);
	else if (!engine->keyring)
		return ERROR_DENIED;
	else
		return seal_open(engine->keyring, customer->number, record->key_version, (struct text){(const char *)record, sizeof *record}, states,
		                 customer->states);
	return 0;
}

static int customer_load(void *arg, struct text key, struct text value)
{
	struct engine *engine = arg;
	struct customer_record record;
	struct customer *customer = customer_at(engine, number_of(key));
	if (value.n < sizeof record)
		return ERROR_CORRUPT;
	memcpy(&record, value.p, sizeof record);
	if (value.n != sizeof record + record.states_bytes + (record.key_version ? SEAL_BYTES : 0) || record.states_bytes > engine->states_bytes_max)
		return ERROR_CORRUPT;
	if (!customer || !customer->origin_first)
		return 0; /* Joined to another while the pass was on its way, or erased. */
	customer->applied = record.applied;
	customer->config_mark = record.config_mark;
	customer->ordered_until = record.ordered_until;
	customer->due = record.due;
	customer->ordered_stale = record.stale & 2;
	customer->stale = (record.stale & 1) || record.folds_mark != fold_table_mark(engine->options.folds) || keyring_is_destroyed(engine->keyring, customer->number);
	if (customer->stale || record.states_bytes == 0)
		return 0;
	customer->states_capacity = (record.states_bytes + 63) & ~63u;
	customer->states = memory_alloc(customer->states_capacity);
	if (!customer->states) {
		customer->states_capacity = 0;
		return ERROR_MEMORY;
	}
	customer->states_bytes = record.states_bytes;
	atomic_fetch_add(&engine->state_bytes, customer->states_capacity);
	int error = states_read(engine, customer, &record, text_from(value, sizeof record));
	if (error == ERROR_DAMAGED || error == ERROR_BUSY) { /* Its key is damaged, or was lost: recover() says so when all is read. */
		customer_states_free(engine, customer);
		customer->stale = true;
		return error == ERROR_BUSY && !keyring_is_damaged(engine->keyring, customer->number) ? keyring_lose(engine->keyring, customer->number) : 0;
	}
	if (!error)
		customer_set_aside_find(engine, customer);
	return error == ERROR_CORRUPT ? keys_refuse(customer->number) : error; /* The store has checked the value. */
}

/* Whose key was destroyed without those of the customer they belonged to: that customer's states may still hold what they said. */
static int forgotten_restate(void *arg, struct text key, struct text value)
{
	struct engine *engine = arg;
	struct origin_record record = {0};
	memcpy(&record, value.p, value.n < sizeof record ? value.n : sizeof record);
	struct customer *customer = keyring_is_destroyed(engine->keyring, number_of(key)) ? customer_at(engine, record.customer) : NULL;
	if (customer && customer->origin_first)
		customer->stale = customer->dirty = true;
	return 0;
}

static int identifier_load(void *arg, struct text key, struct text value)
{
	struct engine *engine = arg;
	struct identifier_hash hash;
	uint32_t origin;
	if (key.n != sizeof hash || value.n != sizeof origin)
		return ERROR_CORRUPT;
	memcpy(&hash, key.p, sizeof hash);
	memcpy(&origin, value.p, sizeof origin);
	if (!keyring_is_destroyed(engine->keyring, origin))
		return directory_set(engine->directory, hash, origin);
	engine->found_forgotten = true;
	if (memory_grow(&engine->links, &engine->links_capacity, engine->links_n + 1, sizeof *engine->links) != 0)
		return ERROR_MEMORY;
	engine->links[engine->links_n++] = (struct link_note){hash, DIRECTORY_NONE}; /* The next pass takes it out. */
	return 0;
}

static int name_load(void *arg, struct text key, struct text value)
{
	struct engine *engine = arg;
	if (value.n == 0 || (uint8_t)value.p[0] > 1)
		return ERROR_CORRUPT;
	if (value.n == 1)
		return dictionary_give_back(engine->dictionary, number_of(key));
	return (value.p[0] ? dictionary_restore_public : dictionary_restore)(engine->dictionary, number_of(key), text_from(value, 1));
}

static int day_load(void *arg, struct text key, struct text value)
{
	struct engine *engine = arg;
	uint64_t rows;
	if (value.n != sizeof rows)
		return ERROR_CORRUPT;
	memcpy(&rows, value.p, sizeof rows);
	return columns_restore(engine->columns, (int32_t)(number_of(key) ^ 0x80000000u), rows);
}

int snapshot_drop(struct engine *engine)
{
	static const enum store_table tables[] = {STORE_NAMES, STORE_ORIGINS, STORE_CUSTOMERS, STORE_IDENTIFIERS, STORE_DAYS};
	static const char *const known[] = {"position", "tallies", "configured", "gaps"};
	int error = 0;
	for (size_t i = 0; i < sizeof tables / sizeof *tables && !error; i++)
		error = store_drop(engine->store, tables[i]);
	for (size_t i = 0; i < sizeof known / sizeof *known && !error; i++)
		error = store_put(engine->store, STORE_META, text_of(known[i]), TEXT(""));
	if (!error)
		error = store_commit(engine->store);
	if (error)
		store_abort(engine->store);
	return error ? error : store_sync(engine->store);
}

int snapshot_load(struct engine *engine)
{
	uint64_t position;
	int error = snapshot_position(engine, &position);
	if (!error && position) /* Before the first whole pass the log is read from its start, and numbers had other names there. */
		error = store_each(engine->store, STORE_NAMES, name_load, engine);
	if (!error)
		error = store_each(engine->store, STORE_ORIGINS, origin_load, engine);
	if (!error)
		error = store_each(engine->store, STORE_CUSTOMERS, customer_load, engine);
	if (!error && engine->found_forgotten)
		error = store_each(engine->store, STORE_ORIGINS, forgotten_restate, engine);
	if (!error)
		error = store_each(engine->store, STORE_IDENTIFIERS, identifier_load, engine);
	if (!error)
		error = store_each(engine->store, STORE_DAYS, day_load, engine);
	if (!error)
		error = tallies_load(engine);
	if (!error)
		error = configured_load(engine);
	return error ? snapshot_lookup_error(engine, error) : columns_restored(engine->columns);
}

static int hour_load(void *arg, struct text key, struct text value)
{
	struct engine *engine = arg;
	struct seen_length length;
	if (value.n != sizeof length)
		return ERROR_CORRUPT;
	memcpy(&length, value.p, sizeof length);
	return seen_restore(engine->seen, number_of(key), length);
}

static int position_read(struct engine *engine, struct text key, uint64_t *position)
{
	struct buffer value = BUFFER_INIT(64);
	int error = store_get(engine->store, STORE_META, key, &value);
	*position = 0;
	if (!error && value.n == sizeof *position)
		memcpy(position, value.p, sizeof *position);
	buffer_free(&value);
	return snapshot_lookup_error(engine, error);
}

int snapshot_hours(struct engine *engine)
{
	int error = position_read(engine, TEXT("seen"), &engine->seen_until);
	return snapshot_lookup_error(engine, error ? error : store_each(engine->store, STORE_HOURS, hour_load, engine));
}

int snapshot_receipt(struct engine *engine, int64_t *receipt_ms)
{
	uint64_t kept;
	int error = position_read(engine, TEXT("receipt"), &kept);
	if (!error)
		*receipt_ms = (int64_t)kept;
	return error;
}

static int meta_known(void *arg, struct text key, struct text value)
{
	(void)arg;
	(void)key;
	(void)value;
	return 0;
}

int snapshot_position(struct engine *engine, uint64_t *position)
{
	/* What is looked up by its name must not be missed because that is damaged: walking checks all names. */
	int error = store_each(engine->store, STORE_META, meta_known, NULL);
	if (!error)
		error = position_read(engine, TEXT("position"), position);
	return snapshot_lookup_error(engine, error);
}
