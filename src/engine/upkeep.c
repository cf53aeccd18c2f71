/* upkeep.c: looks after customers whom nobody touches: what waits for a moment, and states that are out of date. */
#include "base/clock.h"
#include "base/thread.h"
#include "engine/internal.h"

enum {
	STEP_MS = 250,
	REFRESH_A_ROUND = 100,   /* Customers folded again in a round ... */
	LONG_EVERY_MS = 1000,    /* ... and one of a long history (ENGINE_PROMPT_EVENTS) in this time: late events can put one out of date again and again. */
};

static void timer_append(struct engine *engine, struct customer *customer, int64_t now)
{
	static const char empty[] = {VALUE_OBJECT, 0, 0, 0, 0};
	struct engine_write write = {.header = {.kind = EVENT_TIMER, .time_ms = customer->due, .received_ms = now, .purposes = 1},
	                             .payload = {empty, sizeof empty}};
	uint64_t position;
	customer->due = 0;
	if (engine_append(engine, customer, customer->number, &write, &position) != 0)
		customer->due = write.header.time_ms; /* No room now: the next round tries again. */
}

/* Looks without the lock: what it misses the next round sees. */
static bool is_stale(struct customer *customer)
{
	return atomic_load_explicit(&customer->stale, memory_order_relaxed) || atomic_load_explicit(&customer->ordered_stale, memory_order_relaxed);
}

/* Fold @customer (locked) again, if a long history may have its turn now. Returns whether it was. */
static bool refresh_in_turn(struct engine *engine, struct customer *customer, int64_t now, int64_t *long_ms)
{
	if (customer->events > ENGINE_PROMPT_EVENTS) {
		if (now - *long_ms < LONG_EVERY_MS)
			return false;
		*long_ms = now;
	}
	return customer_refresh(engine, customer) == 0;
}

/*
 * Append a timer record to every customer who waits for a moment that has come, and fold again some of those whose states are
 * out of date.
 */
static void round_run(struct engine *engine, int64_t now, int64_t *long_ms)
{
	uint32_t last = engine_origins(engine);
	size_t refreshed = 0;
	for (uint32_t number = 1; number <= last && !engine->stopping; number++) {
		struct customer *customer = customer_at(engine, number);
		int64_t due = customer ? atomic_load_explicit(&customer->due, memory_order_relaxed) : 0;
		bool stale = customer && refreshed < REFRESH_A_ROUND && is_stale(customer);
		if (!stale && (due == 0 || due > now))
			continue;
		customer = customer_lock(engine, number);
		if (!customer)
			continue;
		if (stale && refresh_in_turn(engine, customer, now, long_ms))
			refreshed++;
		if (customer->origin_first && customer->due && customer->due <= now && !atomic_load_explicit(&engine->adopting, memory_order_relaxed))
			timer_append(engine, customer, now);
		customer_unlock(engine, customer);
	}
}

static void *thread_run(void *arg)
{
	struct engine *engine = arg;
	int64_t long_ms = 0;
	thread_name_patient("upkeep", THREAD_BACKGROUND);
	pthread_mutex_lock(&engine->pass_lock);
	while (!engine->stopping) {
		struct timespec until = clock_deadline(STEP_MS);
		pthread_cond_timedwait(&engine->upkeep_wake, &engine->pass_lock, &until);
		pthread_mutex_unlock(&engine->pass_lock);
		round_run(engine, clock_now_ms(), &long_ms);
		pthread_mutex_lock(&engine->pass_lock);
	}
	pthread_mutex_unlock(&engine->pass_lock);
	return NULL;
}

int upkeep_thread_start(struct engine *engine)
{
	if (pthread_create(&engine->upkeep_thread, NULL, thread_run, engine) != 0)
		return ERROR_MEMORY;
	engine->upkeep_runs = true;
	return 0;
}

void upkeep_thread_stop(struct engine *engine)
{
	if (!engine->upkeep_runs)
		return;
	pthread_mutex_lock(&engine->pass_lock);
	engine->stopping = true;
	pthread_cond_broadcast(&engine->upkeep_wake);
	pthread_mutex_unlock(&engine->pass_lock);
	pthread_join(engine->upkeep_thread, NULL);
	engine->upkeep_runs = false;
}
