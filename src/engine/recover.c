/*
 * recover.c: coming back after a stop or a crash: the snapshot, then the replay of what came after it.
 *
 * Customers are met in any order, so every record waits for memory. Records are therefore read a little ahead of their
 * turn, and what they will touch is fetched meanwhile; that halves the time.
 */
#include "base/clock.h"
#include "base/damage.h"
#include "base/report.h"
#include "base/thread.h"
#include "engine/dedupe.h"
#include "engine/internal.h"
#include "engine/keyring.h"
#include "engine/seal.h"
#include "engine/seen.h"
#include "engine/slot.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { AHEAD = 16, SEEN_AHEAD = 32 };

struct replay {
	struct engine *engine;
	uint64_t applied_until; /* In the snapshot. */
	struct event ahead[AHEAD]; /* Read, not applied yet: the n before next. */
	uint8_t (*rooms)[EVENT_BYTES_MAX]; /* For each of them, what was sealed. */
	size_t next, n;
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
	if (!a || !b) /* All that one of them had may be given up. */
		return log_gaps(engine->log) ? 0 : ERROR_CORRUPT;
	restate(a, applied, event->position);
	if (b->stale || keyring_is_destroyed(engine->keyring, from)) /* What was joined may hold what has been erased since. */
		a->stale = a->dirty = true;
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
		return log_gaps(engine->log) ? 0 : ERROR_CORRUPT;
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
	if (!customer)
		return 0; /* Erased, as the snapshot says; the slot that said it as well is damaged. */
	uint64_t *head = event->header.kind == EVENT_DECISION ? &origin->decision_head : &origin->head;
	uint64_t applied = customer->applied;
	if (event->position > *head) {
		*head = event->position;
		origin->dirty = true;
		if (event->header.flags & EVENT_TRIMMED) {
			; /* Only a link of the chain. */
		} else if (event->header.kind != EVENT_DECISION) {
			origin->events++;
			customer->events++;
		} else {
			origin->decisions++;
		}
	}
	if (event->position > applied) {
		if (!partition_spare(engine, partition_of(engine, customer->number)))
			return ERROR_MEMORY;
		customer_apply(engine, customer, event);
	}
	if (event->header.kind == EVENT_LINK && !(event->header.flags & EVENT_TRIMMED))
		error = replay_link(engine, event);
	else if (event->header.kind == EVENT_MERGE)
		error = replay_merge(engine, event, applied);
	else if (event->header.kind == EVENT_SPLIT)
		error = replay_split(engine, event, applied);
	return error;
}

static int record_apply(struct engine *engine, struct event *event)
{
	int32_t value = 0;
	int lost = names_of(engine, &event->header);
	if (lost)
		return lost;
	if (event->header.kind == EVENT_NAME)
		return name_replay(engine, event);
	if (event->header.kind == EVENT_TALLY)
		tallies_restore(engine, event->payload);
	if (event->header.kind == EVENT_CONFIGURED)
		return configured_restore(engine, event->payload);
	if (event->header.origin_number == 0)
		return 0;
	event_names(engine, event);
	int error = replay_of_customer(engine, event);
	if (!error && !(event->header.flags & EVENT_TRIMMED) && engine->options.column && engine->options.column(event, &value))
		error = columns_add(engine->columns, event->position, &event->header, value);
	return error;
}

/* Fetch where @event belongs. What is not there yet will be made when its turn comes. */
static void places_fetch(struct engine *engine, const struct event *event)
{
	__builtin_prefetch(engine_origin(engine, event->header.origin_number), 1);
	__builtin_prefetch(customer_at(engine, event->header.origin_number), 1);
}

static void states_fetch(struct engine *engine, const struct event *event)
{
	const struct origin *origin = engine_origin(engine, event->header.origin_number);
	const struct customer *customer = origin ? customer_at(engine, atomic_load(&origin->customer)) : NULL;
	for (size_t at = 0; customer && at < customer->states_bytes && at < 1024; at += 64)
		__builtin_prefetch(customer->states + at);
}

/* Is @event sealed with a key that is damaged, or that there is no slot for: then the keys are older than the data. */
static int record_is_shut(struct engine *engine, const struct event *event, bool *shut)
{
	uint32_t number = event->header.origin_number;
	*shut = event->header.key_version && engine->keyring && keyring_is_damaged(engine->keyring, number);
	if (*shut || !event->header.key_version || !engine->keyring || number <= keyring_made(engine->keyring))
		return 0;
	*shut = true;
	return keyring_lose(engine->keyring, number);
}

/* What cannot be opened is a link of its chain and no more. */
static void record_shut(struct event *event)
{
	static const char empty[] = {VALUE_OBJECT, 0, 0, 0, 0};
	event->header.flags |= EVENT_TRIMMED;
	event->header.key_version = 0;
	event->payload = (struct value){(const uint8_t *)empty, sizeof empty};
}

/*
 * A record of somebody erased: nothing is left but that they were there. Who was parted from another before may still stand in the states of
 * that customer.
 */
static int replay_buried(struct engine *engine, const struct event *event)
{
	int error = origin_bury(engine, event->header.origin_number, event->header.origin);
	if (error || event->header.kind != EVENT_SPLIT || event->header.key_version)
		return error;
	struct customer *from = customer_at(engine, origin_of(engine, value_get(event->payload, TEXT("from"))));
	if (from && from->origin_first)
		from->stale = from->dirty = true;
	return 0;
}

int keys_refuse(uint32_t number)
{
	damage_found(ENGINE_SEALING_FOLDER "/slots", (uint64_t)number * SLOT_BYTES, DAMAGE_REFUSED, "Put the keys of this data folder back over the folder sealing, or restore a backup.",
	             "The key of history %u does not open what was sealed with it: the keys are those of other data.", number);
	return ERROR_DENIED;
}

static int replay_record(void *arg, uint64_t position, struct text entry)
{
	struct replay *replay = arg;
	struct engine *engine = replay->engine;
	struct event *event = &replay->ahead[replay->next];
	if (position <= replay->applied_until)
		return 0;
	int error = replay->n == AHEAD ? record_apply(engine, event) : 0;
	replay->n -= replay->n == AHEAD; /* Its place is this one's now. */
	if (!error)
		error = event_view(event, entry);
	if (error)
		return error;
	if (keyring_is_destroyed(engine->keyring, event->header.origin_number))
		return replay_buried(engine, event);
	if (event->header.key_version && event->header.sealed_length > EVENT_BYTES_MAX)
		return ERROR_CORRUPT;
	bool shut;
	error = record_is_shut(engine, event, &shut);
	if (error)
		return error;
	if (shut)
		record_shut(event);
	if (event->header.key_version)
		error = event_unseal(engine, event, replay->rooms[replay->next]);
	if (error)
		return error == ERROR_CORRUPT ? keys_refuse(event->header.origin_number) : error;
	event->position = position;
	places_fetch(engine, event);
	if (replay->n >= AHEAD / 2)
		states_fetch(engine, &replay->ahead[(replay->next + AHEAD / 2) % AHEAD]);
	replay->n++;
	replay->next = (replay->next + 1) % AHEAD;
	atomic_fetch_add_explicit(&engine->replayed_n, 1, memory_order_relaxed);
	return 0;
}

static int replay_rest(struct replay *replay)
{
	int error = 0;
	for (; replay->n && !error; replay->n--)
		error = record_apply(replay->engine, &replay->ahead[(replay->next + AHEAD - replay->n) % AHEAD]);
	return error;
}

/*
 * Which messages have been seen is found in the files of hashes, and for what came after the last pass in the headers of the log: a
 * second thread does that meanwhile. Without the files the log of a day is read.
 */
struct seen_read {
	struct engine *engine;
	int64_t since_ms, newest_ms; /* By the clock of receipts. */
	struct {
		uint64_t hash;
		int64_t received_ms;
	} ahead[SEEN_AHEAD]; /* A hash of 0: nothing. */
	size_t next;
	pthread_t thread;
	int error;
};

/* Note the oldest of those read ahead, and put @hash in its place. */
static int seen_note(struct seen_read *read, uint64_t hash, int64_t received_ms)
{
	bool seen;
	uint64_t oldest = read->ahead[read->next].hash;
	int error = oldest ? dedupe_note(read->engine->dedupe, oldest, read->ahead[read->next].received_ms, &seen) : 0;
	read->ahead[read->next].hash = hash;
	read->ahead[read->next].received_ms = received_ms;
	read->next = (read->next + 1) % SEEN_AHEAD;
	return error;
}

static int seen_record(void *arg, uint64_t position, struct text entry)
{
	struct seen_read *read = arg;
	struct event_header header;
	(void)position;
	if (event_header_read(&header, entry) != 0)
		return ERROR_CORRUPT;
	const int64_t received_ms = receipt_of_record(&header);
	if (!header.message_hash || received_ms < read->since_ms)
		return 0;
	read->newest_ms = received_ms > read->newest_ms ? received_ms : read->newest_ms;
	dedupe_fetch(read->engine->dedupe, header.message_hash, received_ms);
	return seen_note(read, header.message_hash, received_ms);
}

/* Before the first pass of snapshots only the log knows how late it was. */
static int newest_find(void *arg, uint64_t position, struct text entry)
{
	struct seen_read *read = arg;
	struct event_header header;
	(void)position;
	if (event_header_read(&header, entry) != 0)
		return ERROR_CORRUPT;
	if (header.message_hash && receipt_of_record(&header) > read->newest_ms)
		read->newest_ms = receipt_of_record(&header);
	return 0;
}

static void *seen_run(void *arg)
{
	struct seen_read *read = arg;
	struct engine *engine = read->engine;
	thread_name("seen");
	if (!read->newest_ms)
		read->error = log_replay(engine->log, 0, newest_find, read);
	if (read->newest_ms)
		read->since_ms = read->newest_ms - (int64_t)DEDUPE_HOURS * MS_AN_HOUR;
	if (read->error)
		return NULL;
	if (seen_load(engine->seen, engine->dedupe, read->since_ms) != 0) {
		seen_reset(engine->seen);
		engine->seen_until = 0;
	}
	read->error = log_replay(engine->log, engine->seen_until, seen_record, read);
	for (size_t i = 0; i < SEEN_AHEAD && !read->error; i++)
		read->error = seen_note(read, 0, 0);
	return NULL;
}

static void count_all(struct engine *engine)
{
	uint64_t customers = 0, events = 0, decisions = 0;
	for (uint32_t number = 1; number <= engine_origins(engine); number++) {
		const struct origin *origin = engine_origin(engine, number);
		const struct customer *customer = customer_at(engine, number);
		decisions += origin ? origin->decisions : 0;
		if (customer && customer->origin_first) {
			customers++;
			events += customer->events;
		}
	}
	atomic_store(&engine->customers_n, customers);
	atomic_store(&engine->events_n, events);
	atomic_store(&engine->decisions_n, decisions);
}

static int log_start(struct engine *engine, uint64_t applied_until)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/log", engine->options.folder);
	struct log_options options = {.folder = path, .segment_bytes = engine->options.log_segment_bytes,
	                              .pending_bytes_max = engine->options.log_pending_bytes,
	                              .reserve_bytes = engine->options.log_reserve_bytes};
	return log_open(&engine->log, &options, applied_until);
}

static int states_recover(struct engine *engine, uint64_t applied_until)
{
	struct replay replay = {.engine = engine, .applied_until = applied_until};
	replay.rooms = memory_alloc(AHEAD * sizeof *replay.rooms);
	int error = replay.rooms ? snapshot_load(engine) : ERROR_MEMORY;
	if (!error)
		error = names_lost_find(engine, applied_until);
	if (!error)
		error = log_replay(engine->log, applied_until, replay_record, &replay);
	if (!error)
		error = replay_rest(&replay);
	memory_free(replay.rooms);
	return error;
}

/* Is the newest record of the chain at @head sealed? */
static bool head_is_sealed(struct engine *engine, uint64_t head)
{
	char copy[LOG_ENTRY_BYTES_MAX];
	struct event event;
	struct text entry;
	return head && log_read(engine->log, head, copy, &entry) == 0 && event_view(&event, entry) == 0 && event.header.key_version;
}

/* Those from the snapshot whose keys are not there: sealed or not, their newest records say. */
static int keys_lose(struct engine *engine)
{
	int error = 0;
	for (uint32_t number = keyring_made(engine->keyring) + 1; number <= engine_origins(engine) && !error; number++) {
		const struct origin *origin = engine_origin(engine, number);
		if (origin && atomic_load(&origin->customer) && !keyring_is_damaged(engine->keyring, number) &&
		    (head_is_sealed(engine, origin->head) || head_is_sealed(engine, origin->decision_head)))
			error = keyring_lose(engine->keyring, number);
	}
	return error;
}

/* All is read: make keys for whoever comes, and shut those whose keys are damaged. */
static int keys_settle(struct engine *engine)
{
	int error = keys_lose(engine);
	if (!error)
		error = keyring_settle(engine->keyring, engine_origins(engine));
	if (error == ERROR_FULL)
		error = 0; /* New customers wait until there is room; it is tried again for each. */
	for (uint32_t number = 1; number <= engine_origins(engine) && keyring_damaged(engine->keyring) && !error; number++) {
		struct customer *customer = customer_at(engine, keyring_is_damaged(engine->keyring, number) ? atomic_load(&engine_origin(engine, number)->customer) : 0);
		if (customer) {
			customer->stale = true;
			customer->due = 0;
		}
	}
	return error;
}

int recover(struct engine *engine)
{
	int64_t begun = clock_now_ms();
	struct seen_read seen = {.engine = engine};
	uint64_t applied_until;
	int error = snapshot_position(engine, &applied_until);
	if (!error)
		error = snapshot_receipt(engine, &seen.newest_ms);
	seen.since_ms = begun - (int64_t)DEDUPE_HOURS * MS_AN_HOUR; /* With nothing received yet it does not matter. */
	if (!error)
		error = snapshot_hours(engine);
	if (!error)
		error = log_start(engine, applied_until);
	if (error)
		return error;
	bool beside = pthread_create(&seen.thread, NULL, seen_run, &seen) == 0;
	error = states_recover(engine, applied_until);
	if (!error)
		error = gaps_settle(engine);
	if (!error && engine->keyring)
		error = keys_settle(engine);
	if (beside)
		pthread_join(seen.thread, NULL);
	else
		seen_run(&seen);
	receipt_start(&engine->receipt, seen.newest_ms, (struct receipt_now){clock_now_ms(), (int64_t)(clock_monotonic_ns() / 1000000)});
	engine->columns_until = applied_until;
	if (!error && columns_heal(engine) != 0)
		report(REPORT_WARNING, "rebuild_later", "Figures of damaged days wait until their rows could be made again.");
	count_all(engine);
	engine->recovery_ms = clock_now_ms() - begun;
	return error ? error : seen.error;
}
