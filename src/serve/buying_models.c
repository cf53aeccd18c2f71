/* buying_models.c: building models in the background. */
#include "serve/buying_models.h"

#include "base/clock.h"
#include "base/thread.h"
#include "customize/surface.h"
#include "trust/reader.h"

#include <pthread.h>
#include <stdatomic.h>

enum { READER_ARENA_BYTES = 4 * 1024 * 1024, SLICE_CUSTOMERS = 256 };

struct buying_models {
	struct engine *engine;
	_Atomic(const struct buying_model *) current;
	_Atomic uint64_t purchases; /* Seen since the start; a change of it is what makes a new model worth while. */
	pthread_t thread;
	bool running;
	pthread_mutex_t lock;      /* Of what follows. */
	pthread_cond_t wake;
	bool stopping;
	struct {
		struct buying_model *model;
		int64_t until_ms;
	} old[BUYING_OLD_MAX];     /* Only the thread touches these. */
	size_t old_n;
};

static void changed(void *arg, struct engine *engine, const struct customer *customer, const struct event *event)
{
	struct buying_models *models = arg;
	(void)customer;
	if (event->header.kind == EVENT_CONSENT || event->header.kind == EVENT_MERGE ||
	    (event->header.kind == EVENT_TRACK && purchase_is_event(engine_config(engine), event->name)))
		atomic_fetch_add_explicit(&models->purchases, 1, memory_order_relaxed);
}

/* ---- building ---- */

struct pass {
	struct buying_models *models;
	struct buying_builder *builder;
	struct arena arena;
	uint64_t purposes; /* Of the surfaces that recommend. */
};

static uint64_t purposes_of_surfaces(const struct config *config)
{
	const struct surface *surface;
	uint64_t purposes = 0;
	for (size_t at = 0; (surface = surface_next(config, &at));)
		if (surface->type == SURFACE_RECOMMEND)
			purposes |= surface->purpose;
	return purposes;
}

static bool customer_add(void *arg, struct customer *customer)
{
	struct pass *pass = arg;
	struct reader reader;
	arena_reset(&pass->arena);
	if (reader_open(&reader, pass->models->engine, customer, &pass->arena, PURPOSE_SERVICE, clock_now_ms()) != 0)
		return true; /* Joined to another meanwhile, or no memory: it counts in the next model. */
	struct text purchases = reader_state(&reader, &purchase_fold);
	if (purchases.n)
		buying_add(pass->builder, purchases, reader.consents & pass->purposes);
	return true;
}

static bool is_stopping(struct buying_models *models)
{
	pthread_mutex_lock(&models->lock);
	bool stopping = models->stopping;
	pthread_mutex_unlock(&models->lock);
	return stopping;
}

static void old_free(struct buying_models *models, int64_t now_ms)
{
	size_t kept = 0;
	for (size_t i = 0; i < models->old_n; i++) {
		if (models->old[i].until_ms <= now_ms)
			buying_free(models->old[i].model);
		else
			models->old[kept++] = models->old[i];
	}
	models->old_n = kept;
}

static void swap_in(struct buying_models *models, struct buying_model *model, int64_t now_ms)
{
	const struct buying_model *before = atomic_exchange(&models->current, model);
	if (before) {
		models->old[models->old_n].model = (struct buying_model *)before;
		models->old[models->old_n++].until_ms = now_ms + BUYING_KEPT_MS;
	}
}

static int build(struct buying_models *models, const struct config *config)
{
	struct pass pass = {.models = models, .purposes = purposes_of_surfaces(config)};
	struct buying_model *model;
	int64_t now_ms = clock_now_ms();
	uint32_t after = 0, last = engine_origins(models->engine);
	int error = buying_begin(&pass.builder, products_of(config), now_ms);
	if (error)
		return error;
	arena_init(&pass.arena, READER_ARENA_BYTES);
	while (after < last && !is_stopping(models)) {
		uint32_t from = after;
		engine_each_customer(models->engine, &after, SLICE_CUSTOMERS, customer_add, &pass);
		if (after == from)
			break;
	}
	arena_free(&pass.arena);
	error = buying_end(pass.builder, &model);
	if (!error)
		swap_in(models, model, now_ms);
	return error;
}

static void *run(void *arg)
{
	struct buying_models *models = arg;
	uint64_t seen = UINT64_MAX;
	uint32_t version = UINT32_MAX;
	thread_name_patient("buying", THREAD_BACKGROUND);
	while (!is_stopping(models)) {
		const struct config *config = engine_config(models->engine);
		uint64_t purchases = atomic_load(&models->purchases), begun_ns = clock_monotonic_ns();
		old_free(models, clock_now_ms());
		if (products_of(config)->n && models->old_n < BUYING_OLD_MAX && (purchases != seen || config->version != version) && build(models, config) == 0) {
			seen = purchases;
			version = config->version;
		}
		int64_t took_ms = (int64_t)((clock_monotonic_ns() - begun_ns) / 1000000);
		struct timespec deadline = clock_deadline((int)(BUYING_PAUSE_MS + BUYING_PAUSE_TIMES * took_ms));
		pthread_mutex_lock(&models->lock);
		if (!models->stopping)
			pthread_cond_timedwait(&models->wake, &models->lock, &deadline);
		pthread_mutex_unlock(&models->lock);
	}
	return NULL;
}

/* ---- from outside ---- */

int buying_models_start(struct buying_models **out, struct engine *engine)
{
	struct buying_models *models = memory_zero_alloc(1, sizeof *models);
	if (!models)
		return ERROR_MEMORY;
	models->engine = engine;
	pthread_mutex_init(&models->lock, NULL);
	clock_condition_init(&models->wake);
	if (pthread_create(&models->thread, NULL, run, models) != 0) {
		buying_models_stop(models);
		return ERROR_MEMORY;
	}
	models->running = true;
	engine_listen(engine, changed, models);
	*out = models;
	return 0;
}

void buying_models_stop(struct buying_models *models)
{
	if (!models)
		return;
	pthread_mutex_lock(&models->lock);
	models->stopping = true;
	pthread_cond_broadcast(&models->wake);
	pthread_mutex_unlock(&models->lock);
	if (models->running)
		pthread_join(models->thread, NULL);
	old_free(models, INT64_MAX);
	buying_free((struct buying_model *)atomic_load(&models->current));
	pthread_mutex_destroy(&models->lock);
	pthread_cond_destroy(&models->wake);
	memory_free(models);
}

const struct buying_model *buying_models_get(const struct buying_models *models)
{
	return models ? atomic_load_explicit(&models->current, memory_order_acquire) : NULL;
}
