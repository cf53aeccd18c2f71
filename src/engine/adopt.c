/* adopt.c: records of another folder, appended. */
#include "engine/adopt.h"

#include "base/clock.h"
#include "engine/internal.h"
#include "event/reference.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { WAIT_MS = 10000, TRIES = 100, HISTORY_BYTES_MAX = 512 * 1024 * 1024 };

/* A record that is here, by what it says. */
struct present {
	XXH128_hash_t says;
	uint64_t position;
	bool taken;
};

struct adopting {
	struct engine *engine;
	struct adoption *adoption;
	struct adopted *out;
	uint32_t origins[CUSTOMER_ORIGINS_MAX]; /* Numbers of the histories. */
	struct present *present;                /* Ordered. */
	size_t present_n, present_capacity;
	struct buffer payload;                  /* Of the record that is under way. */
	bool is_new;                            /* None of the histories was here. */
};

static uint32_t customer_of(struct engine *engine, uint32_t origin)
{
	return origin ? atomic_load_explicit(&engine_origin(engine, origin)->customer, memory_order_acquire) : 0;
}

static uint32_t history_find(struct engine *engine, struct origin_id id)
{
	return directory_find(engine->directory, directory_hash_id(id));
}

static struct identifier_hash link_hash(struct engine *engine, struct value payload)
{
	return directory_hash(engine->directory, value_text(value_get(payload, TEXT("type"))), value_text(value_get(payload, TEXT("value"))));
}

static struct value payload_of(const struct adopt_record *record)
{
	return (struct value){(const uint8_t *)record->payload.p, record->payload.n};
}

/* ---- what is here already ---- */

bool engine_history_is_erased(struct engine *engine, struct origin_id id)
{
	uint32_t number = history_find(engine, id);
	return number && !customer_of(engine, number);
}

/* Has the customer with @number one of the histories? */
static bool is_ours(struct engine *engine, const struct adoption *adoption, uint32_t number)
{
	for (size_t i = 0; i < adoption->histories_n; i++)
		if (customer_of(engine, history_find(engine, adoption->ids[i])) == number)
			return true;
	return false;
}

void engine_adopt_look(struct engine *engine, const struct adoption *adoption, struct adopt_found *found)
{
	*found = (struct adopt_found){0};
	for (size_t i = 0; i < adoption->histories_n; i++) {
		uint32_t customer = customer_of(engine, history_find(engine, adoption->ids[i]));
		found->erased += engine_history_is_erased(engine, adoption->ids[i]);
		found->histories += customer != 0;
	}
	for (size_t i = 0; i < adoption->records_n && !found->is_other; i++) {
		const struct adopt_record *record = &adoption->records[i];
		if (record->header.kind != EVENT_LINK)
			continue;
		uint32_t customer = customer_of(engine, directory_find(engine->directory, link_hash(engine, payload_of(record))));
		found->is_other = customer && !is_ours(engine, adoption, customer);
	}
}

/* What a record says, whatever its position. What joins and parts is written by the engine in its own words. */
static XXH128_hash_t says_of(const struct event_header *header, uint32_t history, struct text payload)
{
	const bool moves = header->kind == EVENT_MERGE || header->kind == EVENT_SPLIT;
	const uint64_t numbers[] = {header->kind, header->flags, header->channel, header->source, (uint64_t)header->time_ms,
	                            (uint64_t)header->received_ms, header->message_hash, header->name, header->touchpoint, history};
	XXH128_hash_t head = XXH3_128bits(numbers, sizeof numbers);
	return moves ? head : XXH3_128bits_withSeed(payload.p, payload.n, head.low64 ^ head.high64);
}

static int compare_present(const void *a, const void *b)
{
	const struct present *left = a, *right = b;
	int order = memcmp(&left->says, &right->says, sizeof left->says);
	return order ? order : left->position < right->position ? -1 : left->position > right->position;
}

static int history_index(const struct adopting *adopting, uint32_t origin)
{
	for (size_t i = 0; i < adopting->adoption->histories_n; i++)
		if (adopting->origins[i] == origin)
			return (int)i;
	return -1;
}

static uint64_t itself(void *arg, uint64_t position)
{
	(void)arg;
	return position;
}

static int present_walk(struct adopting *adopting, struct history *history)
{
	struct event event;
	bool more = true;
	int error = history_next(history, &event, &more);
	for (; !error && more; error = error ? error : history_next(history, &event, &more)) {
		int index = history_index(adopting, event.header.origin_number);
		if (index < 0)
			continue;
		buffer_reset(&adopting->payload); /* In the words of a copy. */
		error = reference_renumber(&adopting->payload, (enum event_kind)event.header.kind, event.payload, itself, NULL);
		if (!error)
			error = memory_grow(&adopting->present, &adopting->present_capacity, adopting->present_n + 1, sizeof *adopting->present);
		if (!error)
			adopting->present[adopting->present_n++] = (struct present){
				.says = says_of(&event.header, (uint32_t)index, buffer_view(&adopting->payload)),
				.position = event.position};
	}
	return error;
}

static int present_of(struct adopting *adopting, uint32_t origin)
{
	struct history history;
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	struct customer *customer = customer_lock_of(adopting->engine, origin);
	if (!customer)
		return 0;
	arena_init(&arena, HISTORY_BYTES_MAX);
	int error = history_start(&history, adopting->engine, customer, &arena, HISTORY_EVENTS | HISTORY_DECISIONS);
	customer_unlock(adopting->engine, customer);
	return error ? error : present_walk(adopting, &history);
}

/* One that was cut short may have left the histories apart. */
static int present_find(struct adopting *adopting)
{
	uint32_t customers[CUSTOMER_ORIGINS_MAX];
	size_t n = 0;
	int error = 0;
	for (size_t i = 0; i < adopting->adoption->histories_n && !error; i++) {
		size_t seen = 0;
		uint32_t customer = customer_of(adopting->engine, adopting->origins[i]);
		while (seen < n && customers[seen] != customer)
			seen++;
		if (seen < n)
			continue;
		customers[n++] = customer;
		error = present_of(adopting, adopting->origins[i]);
	}
	if (!error && adopting->present_n)
		qsort(adopting->present, adopting->present_n, sizeof *adopting->present, compare_present);
	return error;
}

/* The position of a record that says the same and stands for no other; 0: there is none. */
static uint64_t present_take(struct adopting *adopting, XXH128_hash_t says)
{
	size_t low = 0, high = adopting->present_n;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (memcmp(&adopting->present[middle].says, &says, sizeof says) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < adopting->present_n && memcmp(&adopting->present[low].says, &says, sizeof says) == 0; low++)
		if (!adopting->present[low].taken) {
			adopting->present[low].taken = true;
			return adopting->present[low].position;
		}
	return 0;
}

/* ---- references ---- */

static uint64_t here_of(void *arg, uint64_t position)
{
	const struct adoption *adoption = arg;
	size_t low = 0, high = adoption->records_n;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (adoption->records[middle].position < position)
			low = middle + 1;
		else
			high = middle;
	}
	return low < adoption->records_n && adoption->records[low].position == position ? adoption->records[low].here : 0;
}

/* ---- writing ---- */

/* The pending block is full: let it be written. The customer is not locked. */
static int room_wait(struct adopting *adopting, int error, int *tries)
{
	if (error != ERROR_BUSY || ++*tries > TRIES)
		return error;
	error = log_wait(adopting->engine->log, log_end(adopting->engine->log), WAIT_MS);
	return error == ERROR_BUSY ? 0 : error;
}

static int record_put(struct adopting *adopting, const struct adopt_record *record, uint64_t *position)
{
	struct engine *engine = adopting->engine;
	const struct engine_write write = {record->header, buffer_view(&adopting->payload)};
	const uint32_t origin = adopting->origins[record->history];
	struct customer *customer = customer_lock_of(engine, origin);
	if (!customer)
		return ERROR_NOT_FOUND; /* Erased meanwhile. */
	customer->stale = true; /* Folded once, when all is there. */
	int error = engine_append(engine, customer, origin, &write, position);
	customer_unlock(engine, customer);
	return error;
}

/* Two numbers of origins become one customer. Structure lock held. */
static int join(struct adopting *adopting, uint32_t a, uint32_t b, const struct event_header *header, struct text because, uint64_t *position)
{
	struct engine_write write = {*header, because};
	uint32_t into = customer_of(adopting->engine, a), from = customer_of(adopting->engine, b);
	if (!into || !from || into == from)
		return ERROR_CONFLICT;
	return engine_merge(adopting->engine, into < from ? into : from, into < from ? from : into, &write, position);
}

static uint32_t history_named(const struct adopting *adopting, struct value id)
{
	struct origin_id named;
	if (!origin_parse(value_text(id), &named))
		return 0;
	for (size_t i = 0; i < adopting->adoption->histories_n; i++)
		if (memcmp(&adopting->adoption->names[i], &named, sizeof named) == 0)
			return adopting->origins[i];
	return 0;
}

/* Structure lock held. ERROR_CONFLICT: it cannot be done again here, and is left out. */
static int move_put(struct adopting *adopting, const struct adopt_record *record, uint64_t *position)
{
	const struct value payload = payload_of(record), because = value_get(payload, TEXT("because"));
	const struct text words = {(const char *)because.p, because.n};
	if (!because.n)
		return ERROR_CONFLICT;
	if (record->header.kind == EVENT_MERGE)
		return join(adopting, history_named(adopting, value_get(payload, TEXT("into"))), history_named(adopting, value_get(payload, TEXT("from"))),
		            &record->header, words, position);
	struct engine_write write = {record->header, words};
	return engine_split(adopting->engine, adopting->origins[record->history], &write, position);
}

/* Structure lock held. Who was met meanwhile under this identifier is the same person. */
static int link_put(struct adopting *adopting, const struct adopt_record *record, uint64_t *position)
{
	struct engine *engine = adopting->engine;
	const uint32_t origin = adopting->origins[record->history];
	struct identifier_hash hash = link_hash(engine, payload_of(record));
	uint32_t met = directory_find(engine->directory, hash);
	int error = engine_link_reserve(engine, hash);
	if (!error)
		error = record_put(adopting, record, position);
	if (error)
		return error;
	if (met && customer_of(engine, met) && customer_of(engine, met) != customer_of(engine, origin)) {
		struct buffer because = BUFFER_INIT(64);
		struct event_header header = {.time_ms = clock_now_ms(), .received_ms = clock_now_ms(), .purposes = 1};
		uint64_t joined;
		value_put_text(&because, TEXT("import"));
		error = because.failed ? ERROR_MEMORY : join(adopting, origin, met, &header, buffer_view(&because), &joined);
		buffer_free(&because);
	}
	engine_link(engine, hash, origin);
	return error == ERROR_CONFLICT ? 0 : error;
}

static int kind_put(struct adopting *adopting, const struct adopt_record *record, uint64_t *position)
{
	const bool moves = record->header.kind == EVENT_MERGE || record->header.kind == EVENT_SPLIT;
	if (!moves && record->header.kind != EVENT_LINK)
		return record_put(adopting, record, position);
	engine_structure_lock(adopting->engine);
	int error = moves ? move_put(adopting, record, position) : link_put(adopting, record, position);
	engine_structure_unlock(adopting->engine);
	return error;
}

static int record_take(struct adopting *adopting, struct adopt_record *record)
{
	int tries = 0;
	buffer_reset(&adopting->payload);
	int error = reference_renumber(&adopting->payload, (enum event_kind)record->header.kind, payload_of(record), here_of, adopting->adoption);
	if (error)
		return error;
	record->here = present_take(adopting, says_of(&record->header, record->history, buffer_view(&adopting->payload)));
	if (record->here) {
		adopting->out->already++;
		return 0;
	}
	for (;;) {
		error = kind_put(adopting, record, &record->here);
		if (error == ERROR_CONFLICT) {
			record->here = 0;
			adopting->out->left_out++;
			return 0;
		}
		if (!error)
			break;
		error = room_wait(adopting, error, &tries);
		if (error)
			return error;
	}
	adopting->out->added++;
	adopting->out->position = record->here;
	return 0;
}

/* ---- the histories ---- */

static int histories_make(struct adopting *adopting)
{
	struct engine *engine = adopting->engine;
	const struct adoption *adoption = adopting->adoption;
	int error = 0;
	adopting->is_new = true;
	for (size_t i = 0; i < adoption->histories_n; i++) {
		adopting->origins[i] = history_find(engine, adoption->ids[i]);
		adopting->is_new &= adopting->origins[i] == 0;
	}
	engine_structure_lock(engine);
	atomic_store(&engine->adopting, true);
	for (size_t i = 0; i < adoption->histories_n && !error; i++)
		if (!adopting->origins[i])
			error = origin_new_as(engine, adoption->ids[i], &adopting->origins[i]);
	engine_structure_unlock(engine);
	return error;
}

/* Histories that were one customer there are one here, though what joined them was said by somebody who is not here. */
static int rest_join(struct adopting *adopting)
{
	struct event_header header = {.time_ms = clock_now_ms(), .received_ms = clock_now_ms(), .purposes = 1};
	struct buffer because = BUFFER_INIT(64);
	int error = 0, tries = 0;
	value_put_text(&because, TEXT("import"));
	for (size_t i = 1; i < adopting->adoption->histories_n && adopting->is_new && !error; i++) {
		do {
			engine_structure_lock(adopting->engine);
			error = join(adopting, adopting->origins[0], adopting->origins[i], &header, buffer_view(&because), &adopting->out->position);
			engine_structure_unlock(adopting->engine);
			error = error == ERROR_CONFLICT ? 0 : error;
		} while (error == ERROR_BUSY && room_wait(adopting, error, &tries) == 0);
	}
	buffer_free(&because);
	return error;
}

static int fold_again(struct adopting *adopting)
{
	struct customer *customer = customer_lock_of(adopting->engine, adopting->origins[0]);
	if (!customer)
		return ERROR_NOT_FOUND;
	int error = customer_refresh(adopting->engine, customer);
	customer_unlock(adopting->engine, customer);
	return error;
}

int engine_adopt(struct engine *engine, struct adoption *adoption, struct arena *arena, struct adopted *out)
{
	struct adopting *adopting = arena_zero_alloc(arena, 1, sizeof *adopting);
	*out = (struct adopted){0};
	if (!adopting)
		return ERROR_MEMORY;
	*adopting = (struct adopting){.engine = engine, .adoption = adoption, .out = out, .payload = BUFFER_INIT(2 * EVENT_BYTES_MAX)};
	int error = histories_make(adopting);
	if (!error)
		error = present_find(adopting);
	for (size_t i = 0; i < adoption->records_n && !error; i++)
		error = record_take(adopting, &adoption->records[i]);
	if (!error)
		error = rest_join(adopting);
	if (!error)
		error = fold_again(adopting);
	atomic_store(&engine->adopting, false);
	out->origin = adopting->origins[0];
	buffer_free(&adopting->payload);
	memory_free(adopting->present);
	return error;
}
