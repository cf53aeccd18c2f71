/*
 * adopt.h: taking in a customer who comes from another data folder: the same histories, record by record, in the order of receipt.
 *
 * Records keep their times, names, senders, flags, purposes and message hashes; positions are new, and references among the records
 * follow. Doing it again adds nothing: a record that is there is known by what it says, however long ago it was taken in, so one that was cut short
 * by a full disk or a crash is finished by doing it again. No timer runs for the customer meanwhile.
 *
 * What joined and parted histories is done again where both are here; a record about a history that is not here is left out.
 */
#ifndef ATTUNE_ENGINE_ADOPT_H
#define ATTUNE_ENGINE_ADOPT_H

#include "engine/engine.h"

struct adopt_record {
	uint64_t position;          /* There: what other records name it by. */
	uint32_t history;           /* Its place among the histories. */
	struct event_header header; /* What an engine_write wants; names and source are numbers of here. */
	struct text payload;        /* One encoded object. */
	uint64_t here;              /* Its position here, once it is: set by engine_adopt. */
};

struct adoption {
	const struct origin_id *names;     /* Of the histories as records call them, the oldest first. */
	const struct origin_id *ids;       /* As they are to be called here: the same, unless one of them was erased here. */
	size_t histories_n;                /* At most CUSTOMER_ORIGINS_MAX; each has a record that is no decision. */
	struct adopt_record *records;      /* By position. */
	size_t records_n;
};

/* What is here of it already. */
struct adopt_found {
	size_t histories;           /* That live here. */
	size_t erased;              /* Whose ids were erased here. */
	bool is_other;              /* An identifier leads to somebody who has none of the histories. */
};
void engine_adopt_look(struct engine *engine, const struct adoption *adoption, struct adopt_found *found);

/* Was the history with @id erased here? Then its id is nobody's any more. */
bool engine_history_is_erased(struct engine *engine, struct origin_id id);

struct adopted {
	uint32_t origin;            /* The first history: its customer is the one who was taken in. */
	uint64_t added, already, left_out;
	uint64_t position;          /* The newest record: wait for it. */
};

/*
 * Take it in. @out counts what was done also on an error; then doing it again goes on. One at a time.
 * Errors: ERROR_BUSY (a key is still being made: nothing was done), ERROR_LIMIT, ERROR_MEMORY, ERROR_CORRUPT, those of log_append.
 */
int engine_adopt(struct engine *engine, struct adoption *adoption, struct arena *arena, struct adopted *out) MUST_CHECK;

#endif
