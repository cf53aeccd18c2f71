/*
 * gathering.h: the records of a customer, gathered to be folded again: what refold.c, refresh.c, past.c and bases.c share.
 *
 * A history is walked from the newest record to the oldest (engine.h, struct history) and folded from the oldest to the
 * newest in the order of time, so it is gathered first. Undo records are heeded while gathering: what they undo is named
 * before it is met. Nothing here takes a lock; the histories were started under that of the customer.
 */
#ifndef ATTUNE_ENGINE_GATHERING_H
#define ATTUNE_ENGINE_GATHERING_H

#include "engine/internal.h"

/*
 * Payloads are kept as
 * long as there is room, and read again for folding beyond it: a history of any size can be folded.
 */
struct gathering {
	struct event *events; /* Those that are due (marked EVENT_TRIMMED) are for the folds that sum up alone. */
	size_t n, capacity;
	struct arena payloads;
	bool again;           /* Some events have no payload here: it has to be read again. */
	const struct event_source *source; /* Who reads it; NULL: event_again. */
	uint64_t *undone;
	size_t undone_n, undone_capacity;
	struct event *bases; /* Of each origin, its newest trim record with a base. */
	size_t bases_n, bases_capacity;
};

void gathering_init(struct gathering *gathering);
void gathering_free(struct gathering *gathering);

/* The kinds of records that some fold wants, with those that gathering itself heeds; and those that folds sum up. */
uint32_t fold_table_kinds(const struct fold_table *table);
uint32_t fold_table_kinds_summed(const struct fold_table *table);

/*
 * Add the records of @history of @kinds that are newer than position @after, at most @n_max of them; what is due (EVENT_TRIMMED)
 * is not counted. *met, if not NULL, gains EVENT_KIND_BITs of all that were met, wanted or not.
 * Errors: those of history_record, ERROR_MEMORY.
 */
int gather(struct gathering *gathering, struct history *history, uint32_t kinds, size_t n_max, uint64_t after, uint32_t *met) MUST_CHECK;

/* Take in one record of others: a trim record's base, an undo. Errors: ERROR_MEMORY. */
int gathering_base(struct gathering *gathering, const struct event *event) MUST_CHECK;
int gathering_undone(struct gathering *gathering, uint64_t position) MUST_CHECK;
bool gathering_is_undone(const struct gathering *gathering, uint64_t position);

/* Put the records into the order of time, as folding wants them. */
void gathering_sort(struct gathering *gathering);

/* @event with its payload, which is in the gathering or in @arena. Errors: those of event_again. */
int gathering_whole(struct engine *engine, const struct gathering *gathering, const struct event *event, struct arena *arena, struct event *whole) MUST_CHECK;

/*
 * Fold what is gathered and sorted into @scratch, under @config; *ordered_until becomes the time of the newest record that an
 * ordered fold has seen. Errors: those of gathering_whole.
 */
int gathering_fold(struct engine *engine, const struct gathering *gathering, const struct config *config, struct fold_scratch *scratch,
                   int64_t *ordered_until) MUST_CHECK;

bool fold_wants(const struct fold *fold, const struct event *event); /* May @fold see @event? */

#endif
