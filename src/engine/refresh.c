/* refresh.c: a customer as it is now: folded again from all its records, without keeping others from theirs. */
#include "engine/gathering.h"

enum {
	HISTORY_ARENA_BYTES = 64 * 1024 * 1024, /* What lasts through a walk; a record at a time comes to it. */
	REFRESH_TRIES = 4,
	FOLD_TRIES = 8,      /* Of one gathering: each folds what came meanwhile as well. */
	CATCH_UP_FIRST = 16, /* Records that came meanwhile and are applied under the lock at the end: a fifth of a millisecond; ... */
	CATCH_UP_MAX = 512,  /* ... twice as many at each try, for a customer to whom things happen faster than they are folded. */
};

/* These change what came before them: there is no going on from what was folded without them. */
static const uint32_t changing = EVENT_KIND_BIT(EVENT_UNDO) | EVENT_KIND_BIT(EVENT_TRIM) | EVENT_KIND_BIT(EVENT_MERGE) | EVENT_KIND_BIT(EVENT_SPLIT) |
                                 EVENT_KIND_BIT(EVENT_CONFIRM);

/* A customer who is being folded without the lock, up to position until. */
struct refresh {
	struct engine *engine;
	struct customer *customer;
	const struct config *config;
	struct gathering gathering;
	struct fold_scratch scratch;
	struct arena arena;
	int64_t ordered_until;
	uint64_t until;
	uint32_t origins_n;
	size_t catch_up;
	bool done;   /* The states are in their place. */
	bool in_vain; /* Something changed what was gathered: all over again. */
};

/* What was applied to a customer while it was folded. */
struct meanwhile {
	struct event events[CATCH_UP_MAX]; /* The newest first. */
	size_t n;
	bool fits; /* These are all, and each goes on from what was there before. */
};

/* Find the records of the customer, who is locked, behind what was folded. */
static int meanwhile_find(struct refresh *refresh, struct arena *arena, struct meanwhile *found)
{
	struct history history;
	bool more = true;
	int error = history_start(&history, refresh->engine, refresh->customer, arena, HISTORY_EVENTS | HISTORY_DECISIONS);
	found->fits = true;
	for (found->n = 0; !error && found->fits; found->n++) {
		struct event event;
		error = history_record(&history, &event, &more);
		if (error || !more || event.position <= refresh->until)
			break;
		found->fits = found->n < refresh->catch_up && !(changing & EVENT_KIND_BIT(event.header.kind));
		if (found->fits)
			found->events[found->n] = event;
	}
	return error;
}

/* Put the states in their place and apply what came meanwhile, unless that is too much to do under the lock. */
static int states_take(struct refresh *refresh)
{
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	struct engine *engine = refresh->engine;
	struct customer *customer = refresh->customer;
	struct meanwhile *meanwhile = NULL;
	int error = 0;
	arena_init(&arena, HISTORY_ARENA_BYTES);
	if (customer->applied != refresh->until) {
		meanwhile = arena_alloc(&arena, sizeof *meanwhile);
		error = meanwhile ? meanwhile_find(refresh, &arena, meanwhile) : ERROR_MEMORY;
		if (error || !meanwhile->fits)
			return error;
	}
	if (!partition_spare(engine, partition_of(engine, customer->number)))
		return ERROR_MEMORY;
	customer_states_store(engine, partition_of(engine, customer->number), customer, &refresh->scratch);
	customer->ordered_until = refresh->ordered_until;
	customer->config_mark = config_mark_of(refresh->config);
	customer->stale = customer->ordered_stale = false;
	customer->dirty = true;
	customer->due = states_due(engine->options.folds, &refresh->scratch);
	customer_set_aside_find(engine, customer);
	refresh->done = true;
	for (size_t i = meanwhile ? meanwhile->n : 0; i-- > 0;) {
		if (!partition_spare(engine, partition_of(engine, customer->number)))
			customer->stale = true; /* It is folded again when there is memory. */
		customer_apply(engine, customer, &meanwhile->events[i]);
	}
	return 0;
}

/* Gather what is newer than what is gathered already, and fold it all. Locked on entry and return, but not between. */
static int gather_and_fold(struct refresh *refresh)
{
	struct engine *engine = refresh->engine;
	struct customer *customer = refresh->customer;
	struct partition *partition = partition_of(engine, customer->number);
	struct history events, decisions;
	const uint64_t after = refresh->until;
	uint32_t kinds = fold_table_kinds(engine->options.folds), met = 0;
	int error = history_start(&events, engine, customer, &refresh->arena, HISTORY_EVENTS);
	events.due = fold_table_kinds_summed(engine->options.folds);
	if (!error)
		error = history_start(&decisions, engine, customer, &refresh->arena, HISTORY_DECISIONS);
	if (error)
		return error;
	refresh->until = customer->applied;
	customer_unlock(engine, customer);
	/* Only folds with a window want decisions, so the newest of them are enough. */
	error = gather(&refresh->gathering, &events, kinds, CUSTOMER_EVENTS_MAX, after, &met);
	if (!error && (kinds & EVENT_KIND_BIT(EVENT_DECISION)))
		error = gather(&refresh->gathering, &decisions, kinds, FOLD_WINDOW_EVENTS, after, &met);
	refresh->in_vain = after && (met & changing);
	if (!error && !refresh->in_vain) {
		gathering_sort(&refresh->gathering);
		error = gathering_fold(engine, &refresh->gathering, refresh->config, &refresh->scratch, &refresh->ordered_until);
	}
	pthread_mutex_lock(&partition->lock);
	return error;
}

/* Fold a customer until what came meanwhile is little enough to be applied under the lock. Locked on entry and return. */
static int refresh_once(struct refresh *refresh)
{
	struct customer *customer = refresh->customer;
	int error = 0;
	refresh->until = 0;
	refresh->in_vain = false;
	refresh->origins_n = customer->origins_n;
	refresh->config = engine_config(refresh->engine);
	gathering_init(&refresh->gathering);
	arena_init(&refresh->arena, HISTORY_ARENA_BYTES);
	for (int i = 0; i < FOLD_TRIES && !error && !refresh->done && !refresh->in_vain; i++) {
		error = gather_and_fold(refresh);
		if (error)
			break;
		refresh->done = customer->origin_first == 0; /* It is somebody else's by now. */
		refresh->catch_up = (size_t)CATCH_UP_FIRST << i < CATCH_UP_MAX ? (size_t)CATCH_UP_FIRST << i : CATCH_UP_MAX;
		refresh->in_vain |= customer->origins_n != refresh->origins_n;
		if (!refresh->done && !refresh->in_vain)
			error = states_take(refresh);
	}
	arena_free(&refresh->arena);
	gathering_free(&refresh->gathering);
	return error;
}

/* ---- threads that must not fold a long history ---- */

static _Thread_local struct {
	bool prompt;
	uint32_t put_off;
} calling;

void engine_prompt_begin(void)
{
	calling.prompt = true;
	calling.put_off = 0;
}

uint32_t engine_prompt_end(void)
{
	calling.prompt = false;
	return calling.put_off;
}

int engine_prompt_check(const struct customer *customer)
{
	if (!calling.prompt || customer->events <= ENGINE_PROMPT_EVENTS)
		return 0;
	calling.put_off = customer->number;
	return ERROR_LATER;
}

int customer_refresh(struct engine *engine, struct customer *customer)
{
	struct refresh refresh = {.engine = engine, .customer = customer};
	if (customer_is_shut(engine, customer))
		return ERROR_DAMAGED;
	if (!customer->stale && !customer->ordered_stale && customer->config_mark == config_mark_of(engine_config(engine)))
		return 0;
	int error = engine_prompt_check(customer);
	if (!error)
		error = fold_scratch_init(&refresh.scratch, engine->options.folds);
	if (error)
		return error;
	for (int i = 0; i < REFRESH_TRIES && !refresh.done && !error; i++)
		error = refresh_once(&refresh);
	atomic_fetch_add_explicit(&engine->refolds_n, 1, memory_order_relaxed);
	fold_scratch_free(&refresh.scratch);
	return error || refresh.done ? error : ERROR_BUSY;
}
