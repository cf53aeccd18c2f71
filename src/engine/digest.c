/* digest.c: records numbered anew, folded, hashed. */
#include "engine/digest.h"

#include "engine/config.h"
#include "engine/internal.h"
#include "event/reference.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { PAYLOADS_BYTES_MAX = 64 * 1024 * 1024 /* Kept from one walk to the next; what is beyond is read again. */ };

struct digesting {
	struct engine *engine;
	struct arena *arena, payloads;
	struct event *events;          /* By position; those that join and part left out. */
	size_t n, capacity;
	uint64_t *positions;           /* Theirs, as they were: the place in it and one is the new number. */
	struct value *kept;            /* Their payloads, as they were; empty: it has to be read again. */
	struct buffer renumbered;      /* The payload of the record at hand, with new numbers. */
	uint32_t origins[CUSTOMER_ORIGINS_MAX];
	size_t origins_n;
	uint32_t *names;               /* Of each in the dictionary, its place in the order of first use; 0: not used yet. */
	uint32_t names_n;
	crypto_generichash_state *hash; /* Wants an alignment that an arena does not give. */
};

/* ---- gathering ---- */

static int compare_origins(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
	return left < right ? -1 : left > right;
}

static int compare_positions(const void *a, const void *b)
{
	const struct event *left = a, *right = b;
	return left->position < right->position ? -1 : left->position > right->position;
}

static int gather(struct digesting *digesting, struct history *history)
{
	struct event event;
	bool more = true;
	int error = history_stream(history);
	while (!error) {
		error = history_next(history, &event, &more);
		if (error || !more)
			return error;
		if (event.header.kind == EVENT_MERGE || event.header.kind == EVENT_SPLIT)
			continue;
		error = memory_grow(&digesting->events, &digesting->capacity, digesting->n + 1, sizeof event);
		if (error)
			return error;
		struct text payload = text_copy(&digesting->payloads, (struct text){(const char *)event.payload.p, event.payload.n});
		event.payload = (struct value){(const uint8_t *)payload.p, payload.p ? payload.n : 0};
		event.sealed = (struct text){0};
		digesting->events[digesting->n++] = event;
	}
	return error;
}

/* Where the chains begin and what the states are, at one moment. */
static int begin(struct digesting *digesting, uint32_t origin, struct history *events, struct history *decisions, struct text *states)
{
	struct engine *engine = digesting->engine;
	struct customer *customer = customer_lock_of(engine, origin);
	if (!customer)
		return ERROR_NOT_FOUND;
	int error = customer_refresh(engine, customer);
	if (!error && !customer->origin_first)
		error = ERROR_BUSY;
	for (uint32_t number = error ? 0 : customer->origin_first; number; number = engine_origin(engine, number)->next)
		digesting->origins[digesting->origins_n++] = number;
	if (!error)
		error = history_start(events, engine, customer, digesting->arena, HISTORY_EVENTS);
	if (!error)
		error = history_start(decisions, engine, customer, digesting->arena, HISTORY_DECISIONS);
	if (!error) {
		*states = text_copy(digesting->arena, (struct text){(const char *)customer->states, customer->states_bytes});
		error = states->p ? 0 : ERROR_MEMORY;
	}
	customer_unlock(engine, customer);
	qsort(digesting->origins, digesting->origins_n, sizeof *digesting->origins, compare_origins);
	return error;
}

/* ---- numbering ---- */

static uint64_t position_number(void *arg, uint64_t position)
{
	const struct digesting *digesting = arg;
	size_t low = 0, high = digesting->n;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (digesting->positions[middle] < position)
			low = middle + 1;
		else
			high = middle;
	}
	return low < digesting->n && digesting->positions[low] == position ? low + 1 : 0;
}

static void name_number(struct digesting *digesting, uint32_t *name)
{
	if (*name == 0 || *name > DICTIONARY_NAMES_MAX)
		return;
	if (!digesting->names[*name])
		digesting->names[*name] = ++digesting->names_n;
	*name = digesting->names[*name];
}

static uint32_t origin_number(const struct digesting *digesting, uint32_t origin)
{
	for (size_t i = 0; i < digesting->origins_n; i++)
		if (digesting->origins[i] == origin)
			return (uint32_t)i + 1;
	return 0;
}

/* The payload stays where it was kept, as it was: event_renumbered gives the new one. */
static void event_renumber(struct digesting *digesting, struct event *event, uint64_t number)
{
	name_number(digesting, &event->header.name);
	name_number(digesting, &event->header.touchpoint);
	name_number(digesting, &event->header.source);
	event->payload = (struct value){0};
	event->position = number;
	event->header.origin_number = origin_number(digesting, event->header.origin_number);
	event->header.configuration = 0;
}

/* An event_source: as they are. */
static int event_as_it_is(void *arg, const struct event *event, struct arena *arena, struct event *whole)
{
	const struct digesting *digesting = arg;
	return event_again(digesting->engine, event, arena, whole);
}

/* An event_source of renumbered events. */
static int event_renumbered(void *arg, const struct event *event, struct arena *arena, struct event *whole)
{
	struct digesting *digesting = arg;
	const size_t i = (size_t)event->position - 1;
	struct event before = *event;
	before.position = digesting->positions[i];
	before.payload = digesting->kept[i];
	int error = before.payload.n ? 0 : event_again(digesting->engine, &before, arena, &before);
	buffer_reset(&digesting->renumbered);
	if (!error && before.payload.n)
		error = reference_renumber(&digesting->renumbered, (enum event_kind)event->header.kind, before.payload, position_number, digesting);
	*whole = *event;
	whole->payload = (struct value){(const uint8_t *)digesting->renumbered.p, digesting->renumbered.n};
	return error;
}

static int renumber(struct digesting *digesting)
{
	digesting->positions = arena_alloc(digesting->arena, (digesting->n + 1) * sizeof *digesting->positions);
	digesting->names = arena_zero_alloc(digesting->arena, DICTIONARY_NAMES_MAX + 1, sizeof *digesting->names);
	digesting->kept = arena_alloc(digesting->arena, (digesting->n + 1) * sizeof *digesting->kept);
	if (!digesting->positions || !digesting->names || !digesting->kept)
		return ERROR_MEMORY;
	for (size_t i = 0; i < digesting->n; i++) {
		digesting->positions[i] = digesting->events[i].position;
		digesting->kept[i] = digesting->events[i].payload;
	}
	for (size_t i = 0; i < digesting->n; i++)
		event_renumber(digesting, &digesting->events[i], i + 1);
	return 0;
}

/* ---- hashing ---- */

static void bytes_hash(struct digesting *digesting, const void *bytes, size_t n)
{
	const uint64_t length = n; /* So that no two runs of texts are one. */
	crypto_generichash_update(digesting->hash, (const uint8_t *)&length, sizeof length);
	crypto_generichash_update(digesting->hash, bytes, n);
}

static void text_hash(struct digesting *digesting, struct text text)
{
	bytes_hash(digesting, text.p ? text.p : "", text.n);
}

static void event_hash(struct digesting *digesting, const struct event *event)
{
	const struct event_header *header = &event->header;
	const uint64_t numbers[] = {header->kind, header->flags, header->channel, (uint64_t)header->time_ms, (uint64_t)header->received_ms,
	                            header->purposes, header->message_hash, header->origin_number};
	bytes_hash(digesting, numbers, sizeof numbers);
	text_hash(digesting, event->name);
	text_hash(digesting, event->touchpoint);
	text_hash(digesting, event->source);
	bytes_hash(digesting, event->payload.p, event->payload.n);
}

/* Whom the identifier of a link leads to now: one of the customer's histories, or (0) somebody else. */
static void link_hash(struct digesting *digesting, const struct event *event)
{
	struct directory *directory = digesting->engine->directory;
	struct text type = value_text(value_get(event->payload, TEXT("type"))), value = value_text(value_get(event->payload, TEXT("value")));
	uint32_t number = origin_number(digesting, directory_find(directory, directory_hash(directory, type, value)));
	bytes_hash(digesting, &number, sizeof number);
}

static void states_hash(struct digesting *digesting, const struct fold_scratch *scratch)
{
	const struct fold_table *table = digesting->engine->options.folds;
	for (size_t i = 0; i < table->n; i++) {
		text_hash(digesting, text_of(table->folds[i]->name));
		bytes_hash(digesting, scratch->states[i].p, scratch->states[i].n);
	}
}

/* ---- together ---- */

/* Fold the records as they are: do they lead to @states? */
static int agree(struct digesting *digesting, struct text states, struct fold_scratch *scratch, bool *agrees)
{
	const struct fold_table *table = digesting->engine->options.folds;
	const struct event_source source = {event_as_it_is, digesting};
	int error = fold_events(digesting->engine, digesting->events, digesting->n, &source, scratch);
	size_t n = error ? 0 : fold_scratch_bytes(scratch, table);
	uint8_t *bytes = error ? NULL : arena_alloc(digesting->arena, n + 1);
	if (error || !bytes)
		return error ? error : ERROR_MEMORY;
	fold_scratch_store(scratch, table, bytes);
	*agrees = text_equal(states, (struct text){(const char *)bytes, n});
	return 0;
}

static int events_hash(struct digesting *digesting)
{
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	int error = 0;
	arena_init(&arena, 4 * LOG_ENTRY_BYTES_MAX);
	for (size_t i = 0; i < digesting->n && !error; i++) {
		struct event event;
		error = event_renumbered(digesting, &digesting->events[i], &arena, &event);
		if (!error)
			event_hash(digesting, &event);
		if (!error && event.header.kind == EVENT_LINK)
			link_hash(digesting, &event);
	}
	return error;
}

static int all_hash(struct digesting *digesting, struct text states, struct digest *out)
{
	crypto_generichash_state hash;
	struct fold_scratch scratch;
	int error = fold_scratch_init(&scratch, digesting->engine->options.folds);
	if (error)
		return error;
	digesting->hash = &hash;
	crypto_generichash_init(&hash, NULL, 0, DIGEST_BYTES);
	error = agree(digesting, states, &scratch, &out->states_agree);
	if (!error)
		error = renumber(digesting);
	if (!error)
		error = events_hash(digesting);
	if (!error)
		error = fold_events(digesting->engine, digesting->events, digesting->n, &(struct event_source){event_renumbered, digesting}, &scratch);
	if (!error)
		states_hash(digesting, &scratch);
	crypto_generichash_final(&hash, out->hash, DIGEST_BYTES);
	fold_scratch_free(&scratch);
	return error;
}

int customer_digest(struct engine *engine, uint32_t origin, struct arena *arena, struct digest *out)
{
	struct digesting *digesting = arena_zero_alloc(arena, 1, sizeof *digesting);
	struct history events, decisions;
	struct text states;
	if (!digesting)
		return ERROR_MEMORY;
	digesting->engine = engine;
	digesting->arena = arena;
	digesting->renumbered = BUFFER_INIT(2 * EVENT_BYTES_MAX);
	arena_init(&digesting->payloads, PAYLOADS_BYTES_MAX);
	int error = begin(digesting, origin, &events, &decisions, &states);
	if (!error)
		error = gather(digesting, &events);
	if (!error)
		error = gather(digesting, &decisions);
	if (!error) {
		qsort(digesting->events, digesting->n, sizeof *digesting->events, compare_positions);
		error = all_hash(digesting, states, out);
	}
	out->records = digesting->n;
	memory_free(digesting->events);
	buffer_free(&digesting->renumbered);
	arena_free(&digesting->payloads);
	return error;
}
