/* forget.c: taking a customer out of everything that was folded. */
#include "engine/internal.h"
#include "engine/matches.h"

#include <assert.h>
#include <string.h>

struct finding {
	struct engine *engine;
	const struct forgetting *forgetting;
	struct arena *arena;
	struct identifier_hash *hashes;
	size_t n, capacity;
	bool failed;
};

static bool is_among(const struct forgetting *forgetting, uint32_t origin)
{
	for (size_t i = 0; i < forgetting->origins_n; i++)
		if (forgetting->origins[i] == origin)
			return true;
	return false;
}

/* The id of an origin names nobody, and records of others speak of it: joined with, parted from. It stays. */
static bool is_own_id(struct engine *engine, struct identifier_hash hash, uint32_t origin)
{
	struct identifier_hash own = directory_hash_id(engine_origin(engine, origin)->id);
	return own.high == hash.high && own.low == hash.low;
}

static void entry_find(void *arg, struct identifier_hash hash, uint32_t origin)
{
	struct finding *finding = arg;
	if (!is_among(finding->forgetting, origin) || is_own_id(finding->engine, hash, origin))
		return;
	if (finding->n == finding->capacity) {
		size_t capacity = finding->capacity ? 2 * finding->capacity : 32;
		struct identifier_hash *grown = arena_alloc(finding->arena, capacity * sizeof *grown);
		if (!grown) {
			finding->failed = true;
			return;
		}
		if (finding->n)
			memcpy(grown, finding->hashes, finding->n * sizeof *grown);
		finding->hashes = grown;
		finding->capacity = capacity;
	}
	finding->hashes[finding->n++] = hash;
}

/* The origins of @customer, locked, and all that leads to them. Structure lock held, so nothing is linked meanwhile. */
static int find(struct engine *engine, const struct customer *customer, struct arena *arena, struct forgetting *out)
{
	struct finding finding = {.engine = engine, .forgetting = out, .arena = arena};
	*out = (struct forgetting){.events = customer->events};
	for (uint32_t number = customer->origin_first; number; number = engine_origin(engine, number)->next) {
		out->origins[out->origins_n++] = number;
		out->decisions += engine_origin(engine, number)->decisions;
	}
	directory_each(engine->directory, entry_find, &finding);
	if (finding.failed)
		return ERROR_MEMORY;
	out->hashes = finding.hashes;
	out->hashes_n = finding.n;
	return 0;
}

/* Walk one chain by its headers: what is sealed, what lies open. */
static int chain_look(struct engine *engine, uint64_t head, struct forgetting *out)
{
	char local[LOG_ENTRY_BYTES_MAX];
	struct text entry;
	struct event event;
	int error = 0;
	while (head && !error) {
		error = log_read(engine->log, head, local, &entry);
		if (!error)
			error = event_view(&event, entry);
		if (!error && event.header.previous >= head)
			error = ERROR_CORRUPT;
		if (error)
			break;
		if (event.header.key_version)
			out->sealed_at = head;
		else
			out->unsealed += event.header.kind != EVENT_MERGE && event.header.kind != EVENT_SPLIT && !(event.header.flags & EVENT_TRIMMED);
		head = log_bridged(engine->log, event.header.previous);
	}
	return error;
}

int engine_forgetting(struct engine *engine, uint32_t origin, struct arena *arena, struct forgetting *out)
{
	uint64_t heads[2 * CUSTOMER_ORIGINS_MAX];
	size_t heads_n = 0;
	pthread_mutex_lock(&engine->structure);
	struct customer *customer = customer_lock_of(engine, origin);
	int error = customer ? find(engine, customer, arena, out) : ERROR_NOT_FOUND;
	for (size_t i = 0; i < out->origins_n && !error; i++) {
		heads[heads_n++] = engine_origin(engine, out->origins[i])->head;
		heads[heads_n++] = engine_origin(engine, out->origins[i])->decision_head;
	}
	if (customer)
		customer_unlock(engine, customer);
	pthread_mutex_unlock(&engine->structure);
	for (size_t i = 0; i < heads_n && !error; i++)
		error = chain_look(engine, heads[i], out);
	return error;
}

/* Nobody belongs to @customer any more, and nothing is known. Structure and partition locked. */
/* What is left of an origin: its id, and a place that is nobody's. Others look at whose it is without a lock. */
static void origin_clear(struct origin *origin)
{
	assert(origin);
	atomic_store_explicit(&origin->customer, 0, memory_order_release);
	origin->head = origin->decision_head = origin->moved = 0;
	origin->next = origin->events = 0;
	origin->decisions = 0;
	origin->dirty = true;
}

static void bury_all(struct engine *engine, struct customer *customer, const struct forgetting *forgetting)
{
	for (size_t i = 0; i < forgetting->origins_n; i++)
		origin_clear(engine_origin(engine, forgetting->origins[i]));
	customer_states_free(engine, customer);
	customer->origin_first = customer->origins_n = customer->events = 0;
	customer->stale = customer->ordered_stale = false;
	customer->due = customer->ordered_until = 0;
	customer->dirty = true;
	atomic_fetch_sub(&engine->customers_n, 1);
	atomic_fetch_sub(&engine->events_n, forgetting->events);
	atomic_fetch_sub(&engine->decisions_n, forgetting->decisions);
}

/* The store learns with the next pass that these identifiers are nobody's. */
static void links_forget(struct engine *engine, const struct forgetting *forgetting)
{
	pthread_mutex_lock(&engine->links_lock);
	for (size_t i = 0; i < forgetting->hashes_n; i++)
		engine->links[engine->links_n++] = (struct link_note){forgetting->hashes[i], DIRECTORY_NONE};
	pthread_mutex_unlock(&engine->links_lock);
}

int engine_forget(struct engine *engine, uint32_t origin, struct arena *arena, struct forgetting *out)
{
	pthread_mutex_lock(&engine->structure);
	struct customer *customer = customer_lock_of(engine, origin);
	int error = customer ? find(engine, customer, arena, out) : ERROR_NOT_FOUND;
	if (!error) {
		pthread_mutex_lock(&engine->links_lock);
		error = memory_grow(&engine->links, &engine->links_capacity, engine->links_n + out->hashes_n, sizeof *engine->links);
		pthread_mutex_unlock(&engine->links_lock);
	}
	if (!error) {
		for (size_t i = 0; i < out->hashes_n; i++)
			directory_remove(engine->directory, out->hashes[i]);
		links_forget(engine, out);
		bury_all(engine, customer, out);
		matches_clear(engine->matches);
	}
	if (customer)
		customer_unlock(engine, customer);
	pthread_mutex_unlock(&engine->structure);
	return error;
}

int engine_forget_stored(struct engine *engine, const uint32_t *origins, size_t n)
{
	pthread_mutex_lock(&engine->pass_lock);
	int error = memory_grow(&engine->forgotten, &engine->forgotten_capacity, engine->forgotten_n + n, sizeof *engine->forgotten);
	for (size_t i = 0; i < n && !error; i++)
		engine->forgotten[engine->forgotten_n++] = origins[i];
	pthread_mutex_unlock(&engine->pass_lock);
	return error ? error : engine_snapshot(engine);
}

int origin_bury(struct engine *engine, uint32_t number, struct origin_id id)
{
	int error = origin_reserve(engine, number);
	if (error)
		return error;
	struct origin *origin = engine_origin(engine, number);
	if (atomic_load(&origin->customer))
		return 0; /* Found alive before its key was known to be destroyed: no such order exists at a start. */
	origin->id = id;
	origin_clear(origin);
	customer_at(engine, number)->number = number;
	customer_at(engine, number)->dirty = true;
	if (number > engine_origins(engine))
		atomic_store_explicit(&engine->origins_n, number, memory_order_release);
	return directory_set(engine->directory, directory_hash_id(id), number);
}

bool engine_found_forgotten(const struct engine *engine)
{
	return engine->found_forgotten;
}
