/* customer.c: the table of origins and customers, their locks and their states. */
#include "engine/config.h"
#include "engine/internal.h"
#include "engine/keyring.h"

#include <assert.h>
#include <string.h>

enum { STATES_ROUND = 16 };

static struct chunk *chunk_of(struct engine *engine, uint32_t number)
{
	uint32_t index = number / CHUNK_ITEMS;
	return index < CHUNKS_MAX ? atomic_load_explicit(&engine->chunks[index], memory_order_acquire) : NULL;
}

struct customer *customer_at(struct engine *engine, uint32_t number)
{
	struct chunk *chunk = chunk_of(engine, number);
	return chunk && number ? &chunk->customers[number % CHUNK_ITEMS] : NULL;
}

struct origin *engine_origin(struct engine *engine, uint32_t number)
{
	struct chunk *chunk = chunk_of(engine, number);
	return chunk && number ? &chunk->origins[number % CHUNK_ITEMS] : NULL;
}

uint32_t engine_origins(struct engine *engine)
{
	return atomic_load_explicit(&engine->origins_n, memory_order_acquire);
}

struct partition *partition_of(struct engine *engine, uint32_t number)
{
	return &engine->partitions[number % PARTITIONS];
}

void engine_structure_lock(struct engine *engine)
{
	pthread_mutex_lock(&engine->structure);
}

void engine_structure_unlock(struct engine *engine)
{
	pthread_mutex_unlock(&engine->structure);
}

struct customer *customer_lock(struct engine *engine, uint32_t number)
{
	struct customer *customer = customer_at(engine, number);
	if (!customer)
		return NULL;
	pthread_mutex_lock(&partition_of(engine, number)->lock);
	if (customer->origin_first)
		return customer;
	pthread_mutex_unlock(&partition_of(engine, number)->lock);
	return NULL;
}

struct customer *customer_lock_of(struct engine *engine, uint32_t number)
{
	struct origin *origin = engine_origin(engine, number);
	while (origin) {
		uint32_t belongs = atomic_load_explicit(&origin->customer, memory_order_acquire);
		if (belongs == 0)
			return NULL;
		struct customer *customer = customer_lock(engine, belongs);
		if (customer && atomic_load_explicit(&origin->customer, memory_order_relaxed) == belongs)
			return customer;
		if (customer)
			customer_unlock(engine, customer);
	}
	return NULL;
}

void customer_unlock(struct engine *engine, struct customer *customer)
{
	pthread_mutex_unlock(&partition_of(engine, customer->number)->lock);
}

bool customer_is_shut(struct engine *engine, const struct customer *customer)
{
	if (keyring_damaged(engine->keyring) == 0)
		return false;
	for (uint32_t number = customer->origin_first; number; number = engine_origin(engine, number)->next)
		if (keyring_is_damaged(engine->keyring, number))
			return true;
	return false;
}

bool customer_has(struct engine *engine, const struct customer *customer, uint32_t origin)
{
	return customer->origin_first && atomic_load(&engine_origin(engine, origin)->customer) == customer->number;
}

struct origin_id customer_id(struct engine *engine, const struct customer *customer)
{
	return engine_origin(engine, customer->number)->id;
}

int origin_reserve(struct engine *engine, uint32_t number)
{
	uint32_t index = number / CHUNK_ITEMS;
	if (number == 0 || index >= CHUNKS_MAX)
		return ERROR_LIMIT;
	if (chunk_of(engine, number))
		return 0;
	struct chunk *chunk = memory_zero_alloc(1, sizeof *chunk);
	if (!chunk)
		return ERROR_MEMORY;
	atomic_store_explicit(&engine->chunks[index], chunk, memory_order_release);
	return 0;
}

void origin_give(struct engine *engine, struct customer *customer, uint32_t number)
{
	struct origin *origin = engine_origin(engine, number);
	origin->next = customer->origin_first;
	customer->origin_first = number;
	customer->origins_n++;
	customer->events += origin->events;
	atomic_store_explicit(&origin->customer, customer->number, memory_order_release);
}

void origin_take(struct engine *engine, struct customer *customer, uint32_t number)
{
	struct origin *origin = engine_origin(engine, number);
	uint32_t *link = &customer->origin_first;
	while (*link != number)
		link = &engine_origin(engine, *link)->next;
	*link = origin->next;
	origin->next = 0;
	customer->origins_n--;
	customer->events -= origin->events;
}

int origin_enter(struct engine *engine, uint32_t number, struct origin_id id)
{
	int error = origin_reserve(engine, number);
	if (!error)
		error = directory_set(engine->directory, directory_hash_id(id), number);
	if (error)
		return error;
	struct customer *customer = customer_at(engine, number);
	engine_origin(engine, number)->id = id;
	customer->number = number;
	customer->config_mark = config_mark_of(engine_config(engine));
	origin_give(engine, customer, number);
	atomic_fetch_add(&engine->customers_n, 1);
	if (number > engine_origins(engine))
		atomic_store_explicit(&engine->origins_n, number, memory_order_release);
	return 0;
}

static size_t memory_used(struct engine *engine)
{
	return atomic_load(&engine->state_bytes) + directory_bytes(engine->directory) +
	       (size_t)engine_origins(engine) * sizeof(struct chunk) / CHUNK_ITEMS;
}

int origin_new_as(struct engine *engine, struct origin_id id, uint32_t *origin)
{
	uint32_t number = engine_origins(engine) + 1;
	if (engine->options.memory_max && number % 256 == 0 && memory_used(engine) > engine->options.memory_max)
		return ERROR_LIMIT;
	while (keyring_is_destroyed(engine->keyring, number))
		number++; /* Somebody erased had it, in a life of this folder that a backup was brought back over. */
	if (engine->keyring && !keyring_has(engine->keyring, number))
		return ERROR_BUSY;
	int error = origin_enter(engine, number, id);
	if (!error)
		*origin = number;
	return error;
}

int engine_origin_new(struct engine *engine, uint32_t *origin)
{
	struct origin_id id;
	if (engine->origin_returned) {
		*origin = engine->origin_returned;
		engine->origin_returned = 0;
		return 0;
	}
	origin_random(&id);
	return origin_new_as(engine, id, origin);
}

void engine_origin_return(struct engine *engine, uint32_t origin)
{
	assert(engine_origin(engine, origin)->head == 0);
	engine->origin_returned = origin;
}

/* ---- states ---- */

bool partition_spare(struct engine *engine, struct partition *partition)
{
	if (!partition->spare)
		partition->spare = memory_alloc(engine->states_bytes_max);
	return partition->spare != NULL;
}

void customer_states_free(struct engine *engine, struct customer *customer)
{
	atomic_fetch_sub(&engine->state_bytes, customer->states_capacity);
	memory_free(customer->states);
	customer->states = NULL;
	customer->states_bytes = customer->states_capacity = 0;
}

void customer_states_store(struct engine *engine, struct partition *partition, struct customer *customer,
                           const struct fold_scratch *scratch)
{
	size_t bytes = fold_scratch_bytes(scratch, engine->options.folds);
	size_t wanted = (bytes + STATES_ROUND - 1) & ~(size_t)(STATES_ROUND - 1);
	if (wanted > customer->states_capacity || customer->states_capacity > wanted + 4 * STATES_ROUND) {
		uint8_t *fresh = memory_alloc(wanted);
		if (!fresh && wanted > customer->states_capacity) {
			fresh = partition->spare; /* Kept for this moment: what is in the log must be applied. */
			wanted = engine->states_bytes_max;
			partition->spare = NULL;
		}
		if (fresh) {
			customer_states_free(engine, customer);
			customer->states = fresh;
			customer->states_capacity = (uint32_t)wanted;
			atomic_fetch_add(&engine->state_bytes, wanted);
		}
	}
	assert(bytes <= customer->states_capacity);
	fold_scratch_store(scratch, engine->options.folds, customer->states);
	customer->states_bytes = (uint32_t)bytes;
}

bool customer_is_set_aside(const struct engine *engine, uint32_t number)
{
	const struct customer *customer = customer_at((struct engine *)(uintptr_t)engine, number);
	return customer && atomic_load_explicit(&customer->set_aside, memory_order_relaxed);
}

void customer_set_aside_find(struct engine *engine, struct customer *customer)
{
	const struct fold_table *table = engine->options.folds;
	struct text states = {(const char *)customer->states, customer->states_bytes};
	bool aside = false;
	for (size_t i = 0; i < table->n; i++)
		aside |= table->folds[i]->sets_aside && table->folds[i]->sets_aside(fold_states_get(states, table->n, i));
	customer->set_aside = aside;
}

int64_t states_due(const struct fold_table *table, const struct fold_scratch *scratch)
{
	int64_t earliest = 0;
	for (size_t i = 0; i < table->n; i++) {
		const struct fold_state *state = &scratch->states[i];
		if (!table->folds[i]->due || !state->n)
			continue;
		int64_t due = table->folds[i]->due((struct text){(const char *)state->p, state->n});
		if (due && (!earliest || due < earliest))
			earliest = due;
	}
	return earliest;
}

void customer_apply(struct engine *engine, struct customer *customer, const struct event *event)
{
	const struct fold_table *table = engine->options.folds;
	struct partition *partition = partition_of(engine, customer->number);
	uint32_t bit = EVENT_KIND_BIT(event->header.kind);
	bool wanted = false, ordered = false, sets_aside = false, at_once = false;
	customer->applied = event->position;
	customer->dirty = true;
	if (event->header.flags & EVENT_TRIMMED)
		return;
	for (size_t i = 0; i < table->n; i++) {
		wanted |= table->folds[i]->kinds & bit;
		ordered |= table->folds[i]->ordered && (table->folds[i]->kinds & bit);
		sets_aside |= table->folds[i]->sets_aside && (table->folds[i]->kinds & bit);
		at_once |= table->folds[i]->at_once && (table->folds[i]->kinds & bit);
	}
	if (event->header.kind == EVENT_UNDO || event->header.kind == EVENT_TRIM || event->header.kind == EVENT_CONFIRM)
		customer->stale = true;
	if (ordered && event->header.time_ms < customer->ordered_until)
		customer->ordered_stale = true;
	if (ordered && event->header.time_ms > customer->ordered_until)
		customer->ordered_until = event->header.time_ms;
	const struct config *config = engine_config(engine);
	customer->stale |= wanted && customer->config_mark != config_mark_of(config);
	if (!wanted || (customer->stale && !at_once))
		return;
	struct fold_context context = {.config = config};
	struct text states = {(const char *)customer->states, customer->states_bytes};
	fold_scratch_load(&partition->scratch, table, states);
	for (size_t i = 0; i < table->n; i++)
		if ((table->folds[i]->kinds & bit) && !(table->folds[i]->ordered && customer->ordered_stale) &&
		    (table->folds[i]->at_once || !customer->stale) && (table->folds[i]->takes_held || !event_is_held(event)))
			table->folds[i]->apply(&partition->scratch.states[i], event, &context);
	customer->due = states_due(table, &partition->scratch);
	customer_states_store(engine, partition, customer, &partition->scratch);
	if (sets_aside)
		customer_set_aside_find(engine, customer);
}

struct text customer_state(const struct engine *engine, const struct customer *customer, size_t index, struct arena *arena)
{
	struct text states = {(const char *)customer->states, customer->states_bytes};
	struct text state = fold_states_get(states, engine->options.folds->n, index);
	char *copy = state.n ? arena_alloc(arena, state.n) : NULL;
	if (!copy)
		return (struct text){0};
	memcpy(copy, state.p, state.n);
	return (struct text){copy, state.n};
}

uint64_t config_mark_of(const struct config *config)
{
	return config ? config->mark : 0;
}

void engine_each_customer(struct engine *engine, uint32_t *after, size_t n, bool (*each)(void *, struct customer *), void *arg)
{
	uint32_t last = engine_origins(engine);
	while (*after < last && n) {
		struct customer *customer = customer_lock(engine, ++*after);
		if (!customer)
			continue;
		bool more = each(arg, customer);
		customer_unlock(engine, customer);
		n--;
		if (!more)
			return;
	}
}
