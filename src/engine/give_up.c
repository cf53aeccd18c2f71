/* give_up.c: bridges over what is gone, and what the next start makes of it. */
#include "engine/give_up.h"

#include "base/memory.h"
#include "engine/internal.h"
#include "engine/keyring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ORIGIN_NUMBER_MAX = 64 * 1024 * 1024 };

/* What the log says of an origin. */
struct chain {
	uint64_t heads[2];  /* Of events, of decisions. */
	uint32_t counts[2];
};

struct walk {
	struct log *log;
	struct chain *chains; /* By number of origin. */
	size_t capacity;
	struct log_bridge *bridges; /* NULL with want_bridges unset. */
	size_t bridges_n, bridges_capacity;
	bool want_bridges;
};

static int bridge_add(struct walk *walk, uint64_t gone, uint64_t before)
{
	if (memory_grow(&walk->bridges, &walk->bridges_capacity, walk->bridges_n + 1, sizeof *walk->bridges) != 0)
		return ERROR_MEMORY;
	walk->bridges[walk->bridges_n++] = (struct log_bridge){gone, before};
	return 0;
}

static int record_note(void *arg, uint64_t position, struct text entry)
{
	struct walk *walk = arg;
	struct event event;
	int error = event_view(&event, entry);
	uint32_t number = error ? 0 : event.header.origin_number;
	if (error || !number)
		return error;
	size_t before = walk->capacity, kind = event.header.kind == EVENT_DECISION;
	if (number > ORIGIN_NUMBER_MAX)
		return ERROR_CORRUPT;
	if (memory_grow(&walk->chains, &walk->capacity, (size_t)number + 1, sizeof *walk->chains) != 0)
		return ERROR_MEMORY;
	memset(walk->chains + before, 0, (walk->capacity - before) * sizeof *walk->chains);
	struct chain *chain = &walk->chains[number];
	if (walk->want_bridges && event.header.previous != chain->heads[kind] && log_is_gap(walk->log, event.header.previous))
		error = bridge_add(walk, event.header.previous, chain->heads[kind]);
	chain->heads[kind] = position;
	chain->counts[kind] += !(event.header.flags & EVENT_TRIMMED);
	return error;
}

static int by_gone(const void *a, const void *b)
{
	const struct log_bridge *left = a, *right = b;
	return (left->gone > right->gone) - (left->gone < right->gone);
}

static int bridges_find(const char *path, struct walk *walk)
{
	struct log_options options = {.folder = path, .read_only = true};
	int error = log_open(&walk->log, &options, 0);
	if (error)
		return error;
	if (log_gaps(walk->log))
		error = log_replay(walk->log, 0, record_note, walk);
	log_close(walk->log);
	if (walk->bridges_n)
		qsort(walk->bridges, walk->bridges_n, sizeof *walk->bridges, by_gone);
	return error;
}

int engine_give_up(const char *folder, struct log_repaired *out)
{
	char path[4200];
	struct walk walk = {.want_bridges = true};
	snprintf(path, sizeof path, "%s/log", folder);
	int error = log_repair(path, out);
	if (!error)
		error = bridges_find(path, &walk);
	if (!error && walk.bridges_n)
		error = log_bridges_write(path, walk.bridges, walk.bridges_n);
	memory_free(walk.chains);
	memory_free(walk.bridges);
	return error;
}

/* ---- the next start ---- */

static void origin_settle(struct engine *engine, uint32_t number, const struct chain *chain)
{
	struct origin *origin = engine_origin(engine, number);
	struct customer *customer = origin ? customer_at(engine, atomic_load(&origin->customer)) : NULL;
	if (!customer || keyring_is_destroyed(engine->keyring, number) ||
	    (origin->head == chain->heads[0] && origin->decision_head == chain->heads[1] && origin->events == chain->counts[0] &&
	     origin->decisions == chain->counts[1]))
		return;
	customer->events += chain->counts[0] - origin->events;
	origin->head = chain->heads[0];
	origin->decision_head = chain->heads[1];
	origin->events = chain->counts[0];
	origin->decisions = chain->counts[1];
	origin->dirty = true;
	customer->dirty = true;
	customer->stale = true;
}

int gaps_settle(struct engine *engine)
{
	static const struct chain none;
	struct walk walk = {.log = engine->log};
	struct buffer settled = BUFFER_INIT(64);
	uint64_t gaps = log_gaps(engine->log);
	int error = gaps ? snapshot_lookup_error(engine, store_get(engine->store, STORE_META, TEXT("gaps"), &settled)) : 0;
	bool known = !error && settled.n == sizeof gaps && memcmp(settled.p, &gaps, sizeof gaps) == 0;
	buffer_free(&settled);
	if (!gaps || known || error)
		return error;
	error = log_replay(engine->log, 0, record_note, &walk);
	for (uint32_t number = 1; number <= engine_origins(engine) && !error; number++)
		origin_settle(engine, number, number < walk.capacity ? &walk.chains[number] : &none);
	memory_free(walk.chains);
	return error;
}

int gaps_write(struct engine *engine)
{
	uint64_t gaps = log_gaps(engine->log);
	return gaps ? store_put(engine->store, STORE_META, TEXT("gaps"), (struct text){(const char *)&gaps, sizeof gaps}) : 0;
}
