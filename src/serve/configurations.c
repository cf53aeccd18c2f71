/* configurations.c: versions of the configuration, kept and brought back. */
#include "serve/configurations.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/report.h"
#include "engine/engine.h"

#include <stdio.h>

static const size_t ARENA_BYTES = (size_t)256 * 1024 * 1024;

static void problem_report(void *arg, const struct config_problem *problem)
{
	(void)arg;
	report(REPORT_WARNING, "configuration", "%.*s line %u: %s", TEXT_ARGS(problem->file), problem->line, problem->message);
}

/* Build version @number (0: the newest) from the log. */
static int version_build(struct configurations *configurations, uint32_t number, struct config **config)
{
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	struct config_version version;
	arena_init(&arena, ARENA_BYTES);
	int error = config_log_read(configurations->log, number, &arena, &version);
	return error ? error : config_build(config, configurations->kinds, &version, problem_report, NULL);
}

int configurations_open(struct configurations *configurations, const char *folder, const struct config_kinds *kinds,
                        const struct config **config)
{
	char path[4200];
	struct config *newest = NULL;
	pthread_mutex_init(&configurations->lock, NULL);
	configurations->kinds = kinds;
	snprintf(path, sizeof path, "%s/configuration", folder);
	int error = config_log_open(&configurations->log, path);
	if (!error)
		error = version_build(configurations, 0, &newest);
	if (error)
		return error;
	configurations->items[0].config = newest;
	configurations->n = 1;
	*config = newest;
	return 0;
}

void configurations_close(struct configurations *configurations)
{
	config_log_close(configurations->log);
	for (size_t i = 0; i < configurations->n; i++)
		config_free(configurations->items[i].config);
	pthread_mutex_destroy(&configurations->lock);
}

/* Make room for one more: the one that was used longest ago goes, if nobody can be reading it. Lock held. */
static bool room_make(struct configurations *configurations, const struct config *in_force, int64_t now_ms)
{
	size_t oldest = CONFIGURATIONS_MAX;
	if (configurations->n < CONFIGURATIONS_MAX)
		return true;
	for (size_t i = 0; i < configurations->n; i++)
		if (configurations->items[i].config != in_force &&
		    (oldest == CONFIGURATIONS_MAX || configurations->items[i].used_ms < configurations->items[oldest].used_ms))
			oldest = i;
	if (now_ms - configurations->items[oldest].used_ms < CONFIGURATION_KEPT_MS)
		return false;
	config_free(configurations->items[oldest].config);
	configurations->items[oldest] = configurations->items[--configurations->n];
	return true;
}

static void keep(struct configurations *configurations, struct config *config, int64_t now_ms)
{
	configurations->items[configurations->n].config = config;
	configurations->items[configurations->n++].used_ms = now_ms;
}

/* The one in force has been used until now. Lock held. */
static void used_note(struct configurations *configurations, const struct config *config, int64_t now_ms)
{
	for (size_t i = 0; i < configurations->n; i++)
		if (configurations->items[i].config == config)
			configurations->items[i].used_ms = now_ms;
}

static int apply(struct configurations *configurations, struct engine *engine, struct config_version *version, const char *who,
                 struct config *config)
{
	const struct config *before = engine_config(engine);
	int64_t now_ms = clock_now_ms();
	if (!room_make(configurations, before, now_ms))
		return ERROR_LIMIT;
	version->lasting = config->lasting;
	int error = config_log_add(configurations->log, version, who);
	if (error)
		return error;
	config->version = version->version;
	keep(configurations, config, now_ms);
	used_note(configurations, before, now_ms);
	engine_config_set(engine, config);
	return 0;
}

int configurations_apply(struct configurations *configurations, struct engine *engine, struct config_version *version, const char *who,
                         const struct config **config, void (*problem)(void *, const struct config_problem *), void *arg)
{
	struct config *built = NULL;
	pthread_mutex_lock(&configurations->lock);
	version->lasting = engine_config(engine)->lasting; /* New names get their lasting numbers behind those in force. */
	int error = config_build(&built, configurations->kinds, version, problem, arg);
	if (!error) {
		error = apply(configurations, engine, version, who, built);
		if (error)
			config_free(built);
	}
	pthread_mutex_unlock(&configurations->lock);
	if (!error)
		*config = built;
	return error;
}

const struct config *configurations_get(struct configurations *configurations, struct engine *engine, uint32_t number)
{
	struct config *found = NULL;
	int64_t now_ms = clock_now_ms();
	pthread_mutex_lock(&configurations->lock);
	for (size_t i = 0; i < configurations->n && !found; i++)
		if (configurations->items[i].config->version == number)
			found = configurations->items[i].config;
	if (!found && number && room_make(configurations, engine_config(engine), now_ms) && version_build(configurations, number, &found) == 0)
		keep(configurations, found, now_ms);
	if (found)
		used_note(configurations, found, now_ms);
	pthread_mutex_unlock(&configurations->lock);
	return found;
}
