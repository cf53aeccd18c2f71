/* internal.h: what the files of engine/ share. Nobody else includes it. */
#ifndef ATTUNE_ENGINE_INTERNAL_H
#define ATTUNE_ENGINE_INTERNAL_H

#include "engine/receipt.h"
#include "engine/configured.h"
#include "engine/engine.h"
#include "engine/store.h"
#include "engine/tally.h"
#include "event/columns.h"

#include <pthread.h>
#include <stdatomic.h>

enum { CHUNK_ITEMS = 4096, CHUNKS_MAX = CUSTOMERS_MAX / CHUNK_ITEMS, LISTENERS_MAX = 8 };

struct chunk {
	struct origin origins[CHUNK_ITEMS];
	struct customer customers[CHUNK_ITEMS];
};

struct partition {
	pthread_mutex_t lock;
	struct fold_scratch scratch; /* For applying under the lock. */
	uint8_t *spare;              /* Room for any customer's states, so that applying never fails. */
};

struct link_note {
	struct identifier_hash hash;
	uint32_t origin;
};

struct tallies {
	pthread_mutex_t lock; /* After all other locks. */
	struct tally items[TALLIES_MAX];
	size_t n;
	bool changed;
};

struct known_configuration {
	pthread_mutex_t lock;   /* After all other locks but the log's. */
	uint32_t version;
	struct config_lasting lasting;
	uint64_t position;      /* Of the newest record with lasting names. */
	struct arena arena;     /* Of the names. */
};

struct engine {
	struct engine_options options;
	struct log *log;
	struct directory *directory;
	struct dictionary *dictionary;
	struct dedupe *dedupe;
	struct receipt receipt; /* Started before anything is received. */
	struct columns *columns;
	struct matches *matches;
	struct keyring *keyring; /* NULL: none. */
	struct seen *seen;
	uint64_t columns_until; /* Position up to which columns are in files. The snapshot thread's. */
	uint64_t seen_until; /* Position up to which seen covers the log. The snapshot thread's. */
	struct store *store;
	struct store_problem lookup_problem; /* what is set: the lookups are damaged, and the engine cannot be opened with them. */
	_Atomic(const struct config *) config;
	size_t states_bytes_max; /* Of one customer: all folds at their bounds. */

	pthread_mutex_t structure;
	struct chunk *_Atomic chunks[CHUNKS_MAX];
	_Atomic uint32_t origins_n;
	_Atomic uint64_t customers_n, events_n, decisions_n, refolds_n, snapshots_n, replayed_n;
	_Atomic size_t state_bytes;
	_Atomic int64_t snapshot_ms, recovery_ms;
	struct partition partitions[PARTITIONS];

	pthread_mutex_t links_lock; /* New identifiers since the last snapshot pass. */
	struct link_note *links;    /* Kept until the pass that writes them has committed. */
	size_t links_n, links_capacity;
	struct tallies tallies;
	struct known_configuration configured;
	bool *names_lost;    /* By number; NULL: nothing was given up in the log. */
	uint32_t *forgotten; /* Origins whose column rows the next pass takes out. Under pass_lock. */
	size_t forgotten_n, forgotten_capacity;
	bool found_forgotten;
	const struct column_place *trimmed; /* Rows that the next pass blanks. Under pass_lock, engine_trim's. */
	size_t trimmed_n;
	_Atomic bool adopting;    /* A customer is being taken in: timers wait that long. */
	uint32_t origin_returned; /* An origin nobody uses, 0: none. Under structure. */

	pthread_mutex_t pass_lock; /* For the sleep of the threads below and for who waits for a pass. */
	pthread_cond_t pass_wake, pass_done, upkeep_wake;
	uint64_t passes_wanted, passes_done;
	int pass_error;
	_Atomic bool stopping;
	bool thread_runs, upkeep_runs;
	pthread_t snapshot_thread, upkeep_thread;

	struct {
		void (*changed)(void *, struct engine *, const struct customer *, const struct event *);
		void *arg;
	} listeners[LISTENERS_MAX];
	_Atomic size_t listeners_n;
};

struct customer *customer_at(struct engine *engine, uint32_t number); /* NULL beyond the end. */
struct partition *partition_of(struct engine *engine, uint32_t number);

/* Make chunks so that origin @number can be entered. Structure lock held, or opening. */
int origin_reserve(struct engine *engine, uint32_t number) MUST_CHECK;
/* Enter origin @number as a customer of its own. */
int origin_enter(struct engine *engine, uint32_t number, struct origin_id id) MUST_CHECK;
/* A new one whose id is given. Structure lock held. Errors: as engine_origin_new. */
int origin_new_as(struct engine *engine, struct origin_id id, uint32_t *origin) MUST_CHECK;
/* Unlink @origin from its customer's list; put it into another's. Structure and both partitions locked, or opening. */
void origin_take(struct engine *engine, struct customer *customer, uint32_t origin);
void origin_give(struct engine *engine, struct customer *customer, uint32_t origin);

/* Apply one decoded record to @customer's states (partition locked), or mark it stale. Never fails: see spare. */
void customer_apply(struct engine *engine, struct customer *customer, const struct event *event);
bool partition_spare(struct engine *engine, struct partition *partition); /* False without memory. */
/* Replace the states by those in @scratch. */
void customer_states_store(struct engine *engine, struct partition *partition, struct customer *customer,
													 const struct fold_scratch *scratch);
/* The earliest moment that a state in @scratch waits for, 0: none. */
int64_t states_due(const struct fold_table *table, const struct fold_scratch *scratch);
void customer_states_free(struct engine *engine, struct customer *customer);
/* From @customer's states as they are: is it set aside? Partition locked, or opening. */
void customer_set_aside_find(struct engine *engine, struct customer *customer);

/* As history_next, but with those that may not be kept any longer: marked EVENT_TRIMMED, without payload (see
 * history.due). */
int history_record(struct history *history, struct event *event, bool *more) MUST_CHECK;
/* @seen once more, with its payload, which is in the log or in @arena, which is reset; what was found of it then stays as it was. Errors: those of
 * history_record. */
int event_again(struct engine *engine, const struct event *seen, struct arena *arena, struct event *event) MUST_CHECK;
/* The record at which the @i-th chain of @history stands, without going on. */
int history_head(struct history *history, size_t i, struct event *event) MUST_CHECK;

/* A trim record to be written: what the folds that sum up keep of @origin's events that are due. Borrowed from the
 * arena. */
struct base_made {
	uint32_t origin;
	uint64_t before;        /* The trim record that had the base until now; 0: none. */
	struct text payload;    /* Empty: no event that is due changes the base. */
	const uint64_t *covers; /* Events that are in this base, or in the one before, and are still there. */
	size_t covers_n;
	bool full; /* There are more: of this origin only what is covered may go, and the rest with the next round. */
};
/* One for each origin of a history (started under the lock, walked here) that has such events; none when nothing of
 * @kinds, of which some are due, is summed up. Errors: ERROR_MEMORY, ERROR_CORRUPT. */
int bases_make(struct history *history, uint32_t kinds, struct base_made *made, size_t *n) MUST_CHECK;

/* Gives @event its payload, in @arena (which it may reset) or valid until it is asked again. Errors: those of event_again. */
struct event_source {
	int (*whole)(void *arg, const struct event *event, struct arena *arena, struct event *whole);
	void *arg;
};
/* Fold @n records, which stand by position, undone ones left out, into @scratch under the configuration in force. Those
 * without a payload get it from @source. Errors: ERROR_MEMORY, those of @source. */
int fold_events(struct engine *engine, const struct event *events, size_t n, const struct event_source *source,
								struct fold_scratch *scratch) MUST_CHECK;

/* Open the payload of a sealed record into @room (header.sealed_length bytes). Errors: those of seal_open. */
int event_unseal(struct engine *engine, struct event *event, uint8_t *room) MUST_CHECK;
/* Enter origin @number as one that was erased: it has its place and its id, and is nobody. Opening, or structure
 * locked. */
/* Name the keys: what was sealed and the slot of origin @number are each as they were written, and do not fit each other. Returns ERROR_DENIED. */
int keys_refuse(uint32_t number);
int origin_bury(struct engine *engine, uint32_t number, struct origin_id id) MUST_CHECK;

/*
 * Names from the log, each with the number that its record says. Where records were given up with a damaged part of the log
 * some have no name any more, or may have got another: those go by "lost name N". names_lost_find looks for them, behind
 * what the snapshot has (@applied_until); names_of sees to the numbers in the header of a record that is about to be
 * replayed. Errors: ERROR_CORRUPT, ERROR_MEMORY.
 */
int names_lost_find(struct engine *engine, uint64_t applied_until) MUST_CHECK;
int names_of(struct engine *engine, const struct event_header *header) MUST_CHECK;
int name_replay(struct engine *engine, const struct event *event) MUST_CHECK;

/*
 * Give back the numbers of names that public keys brought and that no record uses any more, when those keys have used up
 * theirs. Called while opening, with all read. *@given: how many; if any, this engine is to be closed and opened again.
 */
int names_return(struct engine *engine, uint32_t *given) MUST_CHECK;
/* Append the record that says so of @number. Errors: those of log_append. */
int name_return_append(struct engine *engine, uint32_t number) MUST_CHECK;

uint64_t config_mark_of(const struct config *config);
void event_names(struct engine *engine, struct event *event);
/* May it be kept at this moment? Names set, payload not looked at. */
uint64_t event_serves(struct engine *engine, const struct event *event,
											int64_t now_ms); /* See engine_options.serves. */

/* Append a record of the tallies that changed. Without room now, the next one has them. */
void tallies_record(struct engine *engine);
/* From a record or a snapshot: what is larger counts. */
void tallies_restore(struct engine *engine, struct value payload);
int tallies_write(struct engine *engine) MUST_CHECK; /* Into the store's open transaction. */
int tallies_load(struct engine *engine) MUST_CHECK;

/* What the log knows of the configuration: from a record, into the store's open transaction, from the store. */
void configured_init(struct known_configuration *known);
void configured_free(struct known_configuration *known);
int configured_restore(struct engine *engine, struct value payload) MUST_CHECK;
int configured_write(struct engine *engine) MUST_CHECK;
int configured_load(struct engine *engine) MUST_CHECK;

/* After a start with a log in which something was given up: histories end with what is there, and are counted again. Then, that this was
 * done, into the store's open transaction. */
int gaps_settle(struct engine *engine) MUST_CHECK;
int gaps_write(struct engine *engine) MUST_CHECK;

/* Pass on @error of reading the store; ERROR_CORRUPT has the lookups put aside and made again. */
int snapshot_lookup_error(struct engine *engine, int error) MUST_CHECK;
int snapshot_load(struct engine *engine) MUST_CHECK;
/* Drop it, durably, so that the next start reads the whole log. Which messages were seen stays. */
int snapshot_drop(struct engine *engine) MUST_CHECK;
/* The time of receipt as of the last pass; 0: none. */
int snapshot_receipt(struct engine *engine, int64_t *receipt_ms) MUST_CHECK;
int snapshot_position(struct engine *engine, uint64_t *position) MUST_CHECK;
/* Which hours of seen messages count, and up to where they cover the log. */
int snapshot_hours(struct engine *engine) MUST_CHECK;
int snapshot_thread_start(struct engine *engine) MUST_CHECK;
void snapshot_thread_stop(struct engine *engine);
int upkeep_thread_start(struct engine *engine) MUST_CHECK;
void upkeep_thread_stop(struct engine *engine);
int recover(struct engine *engine) MUST_CHECK;

/* The length of a day of columns, in the open transaction; 0: it is to be made again. */
int snapshot_day_write(struct engine *engine, int32_t day, uint64_t rows) MUST_CHECK;
/* Make damaged days of columns again. By the snapshot thread, or while it does not run. Errors: those of columns_rebuild_end, log_replay. */
int columns_heal(struct engine *engine) MUST_CHECK;

/* Records newest first: note what @event confirms, and set its @confirmed when a record before it in the walk confirmed it. */
void confirms_take(struct confirms *confirms, struct event *event);

#endif
