/*
 * fold.h: one part of what we know about a customer, derived from the customer's events alone.
 *
 * A state is flat and relocatable: bytes without pointers. apply is pure (no clock, no random, no store) and cannot
 * fail: it gets room for bytes_max and leaves the state at its true length. A fold that is not ordered gives the same
 * bytes whatever order events come in, so it keeps integers and whatever the newest position or time says; an ordered
 * one is applied in the canonical order (event time, position), and the engine re-folds when an event comes late.
 */
#ifndef ATTUNE_ENGINE_FOLD_H
#define ATTUNE_ENGINE_FOLD_H

#include "event/event.h"

enum { FOLDS_MAX = 24, FOLD_STATE_BYTES_MAX = 16 * 1024, FOLD_WINDOW_EVENTS = 512 };

struct config;

struct fold_state {
	uint8_t *p;
	uint32_t n, capacity;
};

struct fold_context {
	const struct config *config;
};

struct fold {
	const char *name;           /* Of the state, in snapshots and exports. */
	uint32_t version;           /* Raised when apply changes meaning: older states are re-folded. */
	uint32_t bytes_max;
	uint32_t kinds;             /* EVENT_KIND_BITs of the events it wants. */
	/* Learned about the customer: what it may be used for, if the customer agreed; for all else it reads as absent. NULL: stated, or what the service runs on. */
	uint64_t (*purposes)(const struct config *config);
	/* Take out of a copy of the state what may not be used for @purpose; true: something went. NULL: all of it may. */
	bool (*limit)(struct fold_state *copy, const struct config *config, uint64_t purpose);
	bool ordered;
	uint32_t window_events_max; /* An ordered fold sees at most so many of the newest events; 0: all. */
	/*
	 * It sums up what the service runs on: not ordered, without purposes, and merge takes the state of other events in, with the same
	 * result as applying them, whatever the bytes of @other. What retention takes out it keeps as a base (fold_base.h); all others forget.
	 */
	bool summarises;
	bool at_once;               /* Not ordered, and its state only grows: it is applied to states too that are to be folded again, so that nobody reads it too low. */
	bool takes_held;            /* It keeps account of what is held (EVENT_HELD). No other fold sees that before it is confirmed. */
	void (*apply)(struct fold_state *state, const struct event *event, const struct fold_context *context);
	void (*merge)(struct fold_state *state, struct text other); /* NULL unless it summarises. */
	int64_t (*due)(struct text state); /* When it wants a timer record; 0: never. NULL: never. */
	bool (*sets_aside)(struct text state); /* Must this customer be left out of whole-base questions? NULL: never. */
};

/* The folds of the house, in the order of their states. main.c makes the table; the engine only walks it. */
struct fold_table {
	const struct fold *const *folds;
	size_t n;
};

/* Where @fold stands in @table; it must stand there. */
size_t fold_table_index(const struct fold_table *table, const struct fold *fold);

/* A 64-bit mark of the table: names, versions and order. A state written under another mark is folded again. */
uint64_t fold_table_mark(const struct fold_table *table);

/*
 * The states of one customer in one buffer: a length (u16) a fold, then the states one after another.
 * fold_states_get borrows the state of fold @index; empty when it has none yet.
 */
struct text fold_states_get(struct text states, size_t folds_n, size_t index);

/* Scratch for applying: one buffer a thread, room for every fold. */
struct fold_scratch {
	uint8_t *bytes; /* folds_n buffers of their bytes_max. */
	struct fold_state states[FOLDS_MAX];
};
int fold_scratch_init(struct fold_scratch *scratch, const struct fold_table *table) MUST_CHECK;
void fold_scratch_free(struct fold_scratch *scratch);
void fold_scratch_load(struct fold_scratch *scratch, const struct fold_table *table, struct text states);
/* Bytes that the states in @scratch take together, with their lengths; and write them to @out. */
size_t fold_scratch_bytes(const struct fold_scratch *scratch, const struct fold_table *table);
void fold_scratch_store(const struct fold_scratch *scratch, const struct fold_table *table, uint8_t *out);

#endif
