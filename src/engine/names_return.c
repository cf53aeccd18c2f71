/*
 * names_return.c: numbers of names that public keys used up, and that no record uses any more, are given back.
 *
 * A number stands in the headers of records and in what is derived from them: states, rows, snapshots. So: find what the
 * log still uses, counting out whoever was erased; take the numbers out of the records of those; drop the snapshot; and
 * write that the numbers are free. The next opening derives everything from the log again. Cut short anywhere, the log and
 * what is derived from it agree, and the next start does it again.
 */
#include "base/memory.h"
#include "base/report.h"
#include "engine/internal.h"
#include "engine/keyring.h"

#include <stddef.h>
#include <string.h>

enum { ROUND_RECORDS = 64 * 1024, WORTH_IT = 16 /* A share of the names of public keys: the next start reads the whole log for it. */, DURABLE_WAIT_MS = 60000 };

struct looking {
	struct engine *engine;
	bool used[DICTIONARY_NAMES_MAX + 1]; /* By number. */
	uint32_t unused[DICTIONARY_NAMES_MAX];
	uint64_t *erased; /* Positions of records of those who were erased, with numbers in them. */
	size_t n, capacity;
	uint64_t next;    /* Where a round was cut short; 0: nowhere. */
};

static int use(struct looking *looking, uint32_t number)
{
	if (number > DICTIONARY_NAMES_MAX)
		return ERROR_CORRUPT;
	looking->used[number] = true;
	return 0;
}

static int record_look(void *arg, uint64_t position, struct text entry)
{
	struct looking *looking = arg;
	struct event_header header;
	if (event_header_read(&header, entry) != 0)
		return ERROR_CORRUPT;
	if (header.kind == EVENT_NAME || !(header.name | header.touchpoint | header.source))
		return 0;
	if (header.origin_number && keyring_is_destroyed(looking->engine->keyring, header.origin_number)) {
		looking->next = position;
		if (looking->n == ROUND_RECORDS)
			return ERROR_CLOSED; /* The rest in the next round. */
		int error = memory_grow(&looking->erased, &looking->capacity, looking->n + 1, sizeof *looking->erased);
		if (!error)
			looking->erased[looking->n++] = position;
		return error;
	}
	int error = use(looking, header.name);
	if (!error)
		error = use(looking, header.touchpoint);
	return error ? error : use(looking, header.source);
}

/* The key of these records is destroyed, so no seal is left that speaks of their headers. */
static void numbers_blank(void *arg, uint64_t position, uint8_t *entry, size_t n)
{
	(void)arg;
	(void)position;
	(void)n;
	struct event_header header;
	memcpy(&header, entry, sizeof header);
	header.name = header.touchpoint = header.source = 0;
	memcpy(entry, &header, sizeof header);
}

/* Find what is used, and take the numbers out of the records of those who were erased. */
static int look(struct looking *looking)
{
	struct log *log = looking->engine->log;
	int error = 0;
	for (bool more = true; more && !error;) {
		looking->n = 0;
		error = log_replay(log, looking->next, record_look, looking);
		more = error == ERROR_CLOSED;
		if (!error || more)
			error = looking->n ? log_rewrite(log, looking->erased, looking->n, numbers_blank, NULL) : 0;
	}
	return error;
}

static size_t unused_find(struct looking *looking)
{
	const struct dictionary *dictionary = looking->engine->dictionary;
	size_t n = 0;
	for (uint32_t number = 1; number <= dictionary_count(dictionary); number++)
		if (dictionary_is_public(dictionary, number) && !looking->used[number])
			looking->unused[n++] = number;
	return n;
}

/* Write that @numbers are free. A number whose record does not fit on the disk is given back another time. */
static int records_append(struct engine *engine, const uint32_t *numbers, size_t n)
{
	int error = 0;
	for (size_t i = 0; i < n && !error;) {
		error = name_return_append(engine, numbers[i]);
		if (error == ERROR_BUSY)
			error = log_wait(engine->log, log_end(engine->log), DURABLE_WAIT_MS);
		else
			i++;
	}
	return error ? error : log_wait(engine->log, log_end(engine->log), DURABLE_WAIT_MS);
}

/* What was given up in the log may have used any number, and a key that is damaged does not say whether it was destroyed. */
static bool is_known_what_is_used(const struct engine *engine)
{
	return !log_gaps(engine->log) && !(engine->keyring && keyring_damaged(engine->keyring));
}

static int look_and_return(struct looking *looking, uint32_t *given)
{
	struct engine *engine = looking->engine;
	int error = look(looking);
	size_t n = error ? 0 : unused_find(looking);
	if (error || n == 0 || n < dictionary_public_count(engine->dictionary) / WORTH_IT)
		return error;
	*given = (uint32_t)n; /* From here on the snapshot may be gone. */
	error = snapshot_drop(engine);
	if (!error)
		error = records_append(engine, looking->unused, n);
	if (!error)
		report(REPORT_INFO, "names_returned", "%zu names of public keys are used by nothing any more: their numbers are free again. Everything is read again from the log.", n);
	return error;
}

int names_return(struct engine *engine, uint32_t *given)
{
	*given = 0;
	if (!dictionary_public_is_full(engine->dictionary) || !dictionary_public_count(engine->dictionary) || !is_known_what_is_used(engine))
		return 0;
	struct looking *looking = memory_zero_alloc(1, sizeof *looking);
	if (!looking)
		return ERROR_MEMORY;
	looking->engine = engine;
	int error = look_and_return(looking, given);
	if (error)
		report(REPORT_WARNING, "names_not_returned", "Names of public keys have used up their numbers, and which are free could not be worked out or written: %s The next start tries again.", error_sentence(error));
	memory_free(looking->erased);
	memory_free(looking);
	return 0;
}
