/*
 * engine.h: customers, their histories and their states: the heart, which knows nothing about customer experience.
 *
 * A customer is a set of origins; an origin is a chain of records in the log. What is known about a customer is a set
 * of fold states (fold.h), kept in memory, written to snapshots, and derived from the log alone: opening loads the
 * newest snapshot and replays the rest.
 *
 * Locks, in this order: structure → partition (ascending, two at most) → directory shard → de-duplication shard →
 * dictionary → pending block of the log. A partition lock (64 of them; customer number modulo 64) protects its customers' structs
 * and states. The structure lock serialises what changes who belongs to whom: new origins, new identifiers, merge,
 * split. None is held across I/O or a client.
 */
#ifndef ATTUNE_ENGINE_ENGINE_H
#define ATTUNE_ENGINE_ENGINE_H

#include "base/memory.h"
#include "engine/directory.h"
#include "engine/fold.h"
#include "event/dictionary.h"
#include "log/log.h"

enum {
	PARTITIONS = 64,
	CUSTOMER_ORIGINS_MAX = 100,
	CUSTOMER_EVENTS_MAX = 100000,
	CUSTOMERS_MAX = 64 * 1024 * 1024,
};

/* Of the data folder: the keys that records are sealed with, apart from everything else and in no ordinary backup. */
#define ENGINE_SEALING_FOLDER "sealing"

struct engine;
struct columns;
struct dedupe;
struct keyring;
struct matches;

/* An origin: the smallest unit of a customer's history. Numbers are dense from 1 and stay. */
struct origin {
	struct origin_id id;
	uint64_t head;             /* Position of its newest event, 0: none. */
	uint64_t decision_head;    /* Of its newest decision: a chain of its own. */
	uint64_t moved;            /* Position of the merge or split that put it where it is, 0: never. */
	_Atomic uint32_t customer; /* Number of the customer it belongs to. Changes under structure and both partitions. */
	uint32_t next;             /* Next origin of the same customer, 0: last. */
	uint32_t events;
	uint32_t decisions : 31;
	bool dirty : 1; /* Changed since its record in the snapshot. */
};

/* A customer. Protected by its partition's lock. The number is that of its first origin, whose id is its cid. */
struct customer {
	uint32_t number;
	uint32_t origin_first; /* 0: this number is no customer now (joined to another). */
	uint32_t origins_n;
	uint32_t states_bytes, states_capacity;
	uint8_t *states;
	uint64_t applied;      /* Position of the newest record in the states. */
	uint64_t config_mark;  /* Of the configuration the states were folded with. */
	int64_t ordered_until; /* Newest event time that an ordered fold has seen. */
	_Atomic int64_t due;   /* When it wants a timer, 0: never. */
	uint32_t events;
	/* These two are peeked at without the lock, as due is. */
	_Atomic bool stale;         /* No state may be read or go on before all are folded again: joined, parted, undone. */
	_Atomic bool ordered_stale; /* The same of the ordered folds alone: an event came late. The others go on. */
	_Atomic bool set_aside;     /* A fold wants this customer left out of whole-base questions. */
	bool dirty;                 /* Changed since its snapshot. */
};

struct engine_options {
	const char *folder; /* The data directory. */
	const struct fold_table *folds;
	const uint8_t *directory_key; /* DIRECTORY_KEY_BYTES. */
	const uint8_t *node_key; /* KEYRING_KEY_BYTES; NULL: there are no keys, nothing is sealed, nobody can be erased. */
	bool seal;               /* Seal what is written from now on. What was written otherwise stays readable. */
	const uint32_t *erased;  /* Origins whose keys are destroyed before anything is read, if they are there again. */
	size_t erased_n;
	uint32_t names_public_max; /* Names in the dictionary that public keys may bring; 0: no such bound. */
	size_t memory_max;         /* Of customers and directory: beyond it, new customers are refused. 0: none. */
	size_t dedupe_memory_max;  /* 0: 1 GiB. */
	int64_t snapshot_every_ms; /* 0: 60 s; negative: only when closed or asked. */
	size_t log_segment_bytes;  /* 0: as log.h. */
	size_t log_pending_bytes;
	size_t log_reserve_bytes;    /* Of the disk, for stopping and erasing when it is full; 0: none. */
	const struct config *config; /* In force; borrowed until replaced. */
	/* Which column rows an event makes; NULL: none. Returns false for no row. */
	bool (*column)(const struct event *event, int32_t *value);
	uint32_t (*config_version)(const struct config *config); /* For the record's header; NULL: 0. */
	/*
	 * Which purposes may still use this event (its payload not opened)? Others are left out of its header by every
	 * reading. 0: it may not be kept, and is passed over until engine_trim takes it out. NULL: everything may be kept and
	 * used.
	 */
	uint64_t (*serves)(const struct config *config, const struct event *event, int64_t now_ms);
};

/*
 * Open the data directory, creating what is missing: load the snapshot, replay the log.
 * Errors: ERROR_IO, ERROR_FULL, ERROR_CORRUPT, ERROR_MEMORY, ERROR_BUSY (in use).
 */
int engine_open(struct engine **out, const struct engine_options *options) MUST_CHECK;

/* Write everything, take a last snapshot and close. */
void engine_close(struct engine *engine);

struct log *engine_log(struct engine *engine);
struct directory *engine_directory(struct engine *engine);
struct dictionary *engine_dictionary(struct engine *engine);
struct dedupe *engine_dedupe(struct engine *engine);
struct columns *engine_columns(struct engine *engine);
struct matches *engine_matches(struct engine *engine);
struct keyring *engine_keyring(const struct engine *engine); /* May be NULL. */
const struct fold_table *engine_folds(const struct engine *engine);

/* The configuration in force. Replacing marks all states for folding again where it matters; the old one is the
 * caller's to keep until no thread can read it. */
const struct config *engine_config(struct engine *engine);
void engine_config_set(struct engine *engine, const struct config *config);

/* The number of @name in the dictionary, written to the log when new. Errors: ERROR_LIMIT, ERROR_MEMORY, those of
 * log_append. */
int engine_name(struct engine *engine, struct text name, uint32_t *number) MUST_CHECK;
/*
 * The same for what a sender calls something: where there is no room for a new name (of public keys, with @is_public, there
 * may be engine_options.names_public_max), *number is that of DICTIONARY_OTHER. Errors: ERROR_INVALID (empty or too long),
 * ERROR_LIMIT (there is no room for that either), ERROR_MEMORY, those of log_append.
 */
int engine_name_or_other(struct engine *engine, struct text name, bool is_public, uint32_t *number) MUST_CHECK;

/* ---- locking ---- */

void engine_structure_lock(struct engine *engine);
void engine_structure_unlock(struct engine *engine);

uint32_t engine_origins(struct engine *engine);                       /* Origin numbers are 1 to this. */
struct origin *engine_origin(struct engine *engine, uint32_t number); /* NULL when there is none. */

/* Lock the partition of the customer that origin @origin belongs to, and return it; NULL when there is no such origin.
 */
struct customer *customer_lock_of(struct engine *engine, uint32_t origin) MUST_CHECK;
struct customer *customer_lock(struct engine *engine, uint32_t number) MUST_CHECK;
void customer_unlock(struct engine *engine, struct customer *customer);

/* Does @origin (still) belong to @customer, who is locked? After a refresh it may not. */
bool customer_has(struct engine *engine, const struct customer *customer, uint32_t origin);

/* Is a key of @customer, who is locked, damaged? Then nothing about them is read, written, joined or taken apart: they can
 * only be erased. */
bool customer_is_shut(struct engine *engine, const struct customer *customer);

/* Is customer @number left out of whole-base questions? Needs no lock. */
bool customer_is_set_aside(const struct engine *engine, uint32_t number);

/* The id that names @customer: that of its oldest origin. */
struct origin_id customer_id(struct engine *engine, const struct customer *customer);

/* ---- writing ---- */

/* What is to be written. Texts are borrowed for the call. */
struct engine_write {
	struct event_header header; /* kind, flags, channel, source, times, purposes, message_hash, name, touchpoint. */
	struct text payload;        /* One encoded object (value.h). */
};

/*
 * Append a record to @origin's chain and apply it to @customer, whose partition is locked and to whom @origin belongs.
 * Decisions go to their own chain. A late event leaves the ordered folds to customer_refresh, at the next reading.
 * Errors: ERROR_MEMORY, ERROR_LIMIT, those of log_append. On error nothing was written.
 */
int engine_append(struct engine *engine, struct customer *customer, uint32_t origin, const struct engine_write *write,
									uint64_t *position) MUST_CHECK;

/*
 * Make a new customer with one origin and no events. The structure lock is held. *@origin is its number and the
 * customer's. Nothing is in the log until its first event: until then it is forgotten by a restart.
 * Errors: ERROR_MEMORY, ERROR_LIMIT (memory_max or CUSTOMERS_MAX), ERROR_BUSY (its key is still being made).
 */
int engine_origin_new(struct engine *engine, uint32_t *origin) MUST_CHECK;

/* Give a new origin back whose first event could not be written: the next new one takes its place. Structure lock held.
 */
void engine_origin_return(struct engine *engine, uint32_t origin);

/*
 * Enter the identifier behind @hash as belonging to @origin, after its link record was appended. engine_link_reserve
 * makes room before the record is written, so that entering cannot fail. Structure lock held for both. Errors:
 * ERROR_MEMORY.
 */
int engine_link_reserve(struct engine *engine, struct identifier_hash hash) MUST_CHECK;
void engine_link(struct engine *engine, struct identifier_hash hash, uint32_t origin);

/*
 * Join customer @from to customer @into (numbers, @into the lower: the older id survives; the structure lock is held,
 * no partition is). The merge record goes to @into's first origin; @write's payload (one object) says why. @into is
 * stale afterwards. Errors: ERROR_LIMIT (origins), ERROR_CONFLICT (the same, or @from has no events: the log does not
 * know it), ERROR_MEMORY, those of log_append.
 */
int engine_merge(struct engine *engine, uint32_t into, uint32_t from, struct engine_write *write,
								 uint64_t *position) MUST_CHECK;

/* Make origin @origin a customer of its own again; it must not be its customer's oldest. Structure lock held.
 * Errors: ERROR_CONFLICT (it is the oldest or alone), ERROR_MEMORY, those of log_append. */
int engine_split(struct engine *engine, uint32_t origin, struct engine_write *write, uint64_t *position) MUST_CHECK;

/*
 * Fold @customer's states again from its events if they are stale or were folded with other configuration.
 * The partition is locked on entry and on return, and may have been unlocked between; the customer may have been joined
 * to another meanwhile (origin_first is then 0). Errors: ERROR_DAMAGED (customer_is_shut), ERROR_MEMORY, ERROR_CORRUPT, ERROR_BUSY
 * (it was joined, parted or undone again and again meanwhile), ERROR_LATER (see engine_prompt_begin).
 */
int customer_refresh(struct engine *engine, struct customer *customer) MUST_CHECK;

/*
 * The calling thread answers others and must not fold a long history: until engine_prompt_end, customer_refresh returns
 * ERROR_LATER for a customer of more than ENGINE_PROMPT_EVENTS events. engine_prompt_end says for whom it did so last, 0:
 * for nobody. Threads: of the calling one alone.
 */
enum { ENGINE_PROMPT_EVENTS = 500 };
void engine_prompt_begin(void);
uint32_t engine_prompt_end(void);

/*
 * May the calling thread do to @customer, who is locked, what all states have to be folded again for, such as an answer about
 * a purpose? ERROR_LATER when it must not: asked before anything is written, so that nothing is written twice.
 */
int engine_prompt_check(const struct customer *customer) MUST_CHECK;

/*
 * A customer's past: the records before the one at @until, gathered once, to be folded as often as one likes: as they
 * were, or imagined otherwise. Needs no lock: the chains are those in @events and @decisions (history_start, which
 * does), in whose arena the events lie. Records that were undone later count as they did then; what was taken out or
 * may not be kept any longer is missing. Errors: ERROR_MEMORY, ERROR_CORRUPT.
 */
struct history;
struct past;
int past_gather(struct past **out, struct history *events, struct history *decisions, uint64_t until) MUST_CHECK;
void past_free(struct past *past);

/* The @i-th newest event by its time; NULL beyond the oldest. Borrowed. */
const struct event *past_event(const struct past *past, size_t i);

/* What had been otherwise. Zeros: nothing. */
struct imagined {
	const uint64_t *without; /* Positions of events that had never been. */
	size_t without_n;
	const struct event
		*again; /* An event that had come @again_n times more, a week apart, the newest a week before @again_ms. */
	size_t again_n;
	int64_t again_ms;
};

/*
 * Fold the states of then, with @config, into a customer of its own: *@then has them in @arena and can be given to
 * customer_state and to a reader; it is not in any table. @customer is a copy of the one whose past it is. @imagined
 * may be NULL. Errors: ERROR_MEMORY.
 */
int past_fold(struct past *past, const struct customer *customer, const struct imagined *imagined,
							const struct config *config, struct arena *arena, struct customer *then) MUST_CHECK;

/* ---- forgetting ---- */

/* Who a customer is to the engine: origins, and the hashes of the identifiers that lead to them. */
struct forgetting {
	uint32_t origins[CUSTOMER_ORIGINS_MAX];
	size_t origins_n;
	struct identifier_hash *hashes; /* In the arena it was made with. */
	size_t hashes_n;
	uint64_t events, decisions;
	uint64_t
		sealed_at; /* A sealed record of the customer, 0: none; and how many lie open in the log, those that only join */
	uint64_t unsealed; /* and part left out. Of engine_forgetting alone. */
};

/* What has to be forgotten with the customer of @origin. Errors: ERROR_NOT_FOUND, ERROR_MEMORY, ERROR_CORRUPT. */
int engine_forgetting(struct engine *engine, uint32_t origin, struct arena *arena, struct forgetting *out) MUST_CHECK;

/*
 * Forget the customer of @origin in memory: chains, states and identifiers are gone when this returns, and nobody finds
 * the customer any more; what is on disk goes with engine_forget_stored. @out says what was forgotten, which may be
 * more than engine_forgetting said, as events go on arriving. Errors: ERROR_NOT_FOUND, ERROR_MEMORY (nothing was done).
 */
int engine_forget(struct engine *engine, uint32_t origin, struct arena *arena, struct forgetting *out) MUST_CHECK;

/*
 * Take what was folded from @origins off the disk: snapshots, identifiers and column rows, with a pass of snapshots.
 * Their records in the log cannot be taken out: destroy their keys (keyring_destroy), before or after. May be repeated.
 * Errors: ERROR_IO, ERROR_FULL, ERROR_MEMORY.
 */
int engine_forget_stored(struct engine *engine, const uint32_t *origins, size_t n) MUST_CHECK;

/* Did the start find something of origins whose keys are destroyed? Then a backup came back: take it off the disk
 * again. */
bool engine_found_forgotten(const struct engine *engine);

/* ---- keeping no longer than one may ---- */

struct trimmed {
	uint64_t customers, events; /* Who lost something so far, and how much was taken out. */
	uint64_t folded;  /* Customers whose states were folded again as some purpose may not use an event any more. */
	int64_t since_ms; /* Given: when the last round through all customers began; 0: there was none in this process. */
	uint32_t after;   /* Go on after this customer; 0: from the first. */
	bool more;
};

/*
 * Take what may not be kept any longer (options.serves) out of the log, the columns and the states of the next
 * customers after
 * @trimmed->after, for good; call it again while @trimmed->more. A round that failed or was cut short is done again by
 * the next. Errors: ERROR_BUSY (the log is being copied: try later), ERROR_CORRUPT, ERROR_FULL, ERROR_IO, ERROR_MEMORY.
 * Threads: one at a time.
 */
int engine_trim(struct engine *engine, struct trimmed *trimmed) MUST_CHECK;

/* ---- reading ---- */

/* The state of fold @index, copied to aligned memory in @arena; empty without one. Partition locked, customer fresh.
 * Everything outside trust/ asks trust/reader.h instead. */
struct text customer_state(const struct engine *engine, const struct customer *customer, size_t index,
													 struct arena *arena);

/*
 * Walk a customer's history, newest first: all origins' chains merged by position. The chain heads are read under the
 * lock (history_start), the walk itself needs none. Undone records are walked too. Returns 0 and *@more false at the
 * end.
 */
enum { HISTORY_EVENTS = 1, HISTORY_DECISIONS = 2, CONFIRMS_MAX = 64 };
/* Hashes of the anonymousIds that were confirmed. Beyond CONFIRMS_MAX of a customer, what the older ones said stays held. */
struct confirms {
	uint64_t speakers[CONFIRMS_MAX];
	size_t n;
};
struct history {
	struct engine *engine;
	struct arena *arena;
	uint64_t *heads;
	size_t heads_n;
	struct confirms confirms;     /* By the records that were walked: newer than those that come. */
	struct history_cover *covers; /* history.c's: what counts in a base already. */
	uint8_t *room;                /* history.c's: of history_stream. */
	uint32_t due; /* EVENT_KIND_BITs of which what may not be kept, but is still there, is wanted with its payload: for
									 history_record. */
};
int history_start(struct history *history, struct engine *engine, const struct customer *customer, struct arena *arena,
									unsigned what) MUST_CHECK;
int history_next(struct history *history, struct event *event, bool *more) MUST_CHECK;

/*
 * From now on the payload of a record is valid until the next one is asked for, and the walk takes no more of the arena than
 * one record needs, however long the history is. Errors: ERROR_MEMORY.
 */
int history_stream(struct history *history) MUST_CHECK;

/* Make *@copy @event with a payload of its own in @arena, for whoever keeps a record of such a walk. Errors: ERROR_MEMORY. */
int event_copy(struct event *copy, const struct event *event, struct arena *arena) MUST_CHECK;

/*
 * Pass over the records at and behind @before; nothing of them is opened, and what they undo or confirm is not known then.
 * Errors: ERROR_CORRUPT.
 */
int history_skip(struct history *history, uint64_t before) MUST_CHECK;

/*
 * Call @each with header, names and position of all records of @customer, chain by chain, also of what was taken out or
 * may not be kept: nothing is unsealed. The customer is locked on entry and not on return. Ends at once when @each
 * returns not 0, which is returned. Errors: ERROR_CORRUPT, those of log_read.
 */
int history_headers(struct engine *engine, struct customer *customer, int (*each)(void *arg, const struct event *event),
										void *arg) MUST_CHECK;

/* The time of receipt for de-duplication (dedupe_note) when the wall clock says @now_ms. See receipt.h. Threads: safe. */
int64_t engine_receipt_ms(struct engine *engine, int64_t now_ms);

/* Does @event make a row for whole-base questions? */
bool engine_counts(const struct engine *engine, const struct event *event);
/* The same, and the value of that row. */
bool engine_value(const struct engine *engine, const struct event *event, int32_t *value);

/* The record at @position with its names; payload in the log or in @arena. Errors: ERROR_NOT_FOUND (also when it is of
 * somebody who was erased, or may not be kept any longer), ERROR_CORRUPT, ERROR_MEMORY. */
int engine_event(struct engine *engine, uint64_t position, struct arena *arena, struct event *event) MUST_CHECK;

/* Call @each for customers in ascending number from *@after on, at most @n, each locked; stops when it returns false.
 */
void engine_each_customer(struct engine *engine, uint32_t *after, size_t n,
													bool (*each)(void *arg, struct customer *customer), void *arg);

/* Call @each with the name of every table that is really in the lookups in @folder, for comparing them with the
 * register of places; beside the server or without one. Errors: ERROR_IO (there are none), ERROR_CORRUPT, ERROR_MEMORY.
 */
int engine_tables(const char *folder, void (*each)(void *arg, struct text name), void *arg) MUST_CHECK;

/* Take a snapshot now and wait for it. Errors: ERROR_IO, ERROR_FULL. */
int engine_snapshot(struct engine *engine) MUST_CHECK;

/* Who wants to know of changes: called after a record was applied, under the partition lock: be quick. */
void engine_listen(struct engine *engine,
									 void (*changed)(void *arg, struct engine *engine, const struct customer *customer,
																	 const struct event *event),
									 void *arg);

struct engine_figures {
	uint64_t customers, origins, events, decisions, refolds, snapshots, replayed;
	size_t state_bytes, directory_bytes, dedupe_bytes;
	int64_t snapshot_ms, recovery_ms;
};
struct engine_figures engine_figures(struct engine *engine);

#endif
