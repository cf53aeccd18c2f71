/* configurations.c: versions of the configuration, kept and brought back. */
#include "serve/configurations.h"

#include "base/clock.h"
#include "base/damage.h"
#include "base/memory.h"
#include "base/report.h"
#include "engine/configured.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

static const char NAME[] = "configuration";

int configurations_settle(struct configurations *configurations, struct engine *engine)
{
	static const char again[] = "Apply the configuration again, or restore this folder from a backup: names keep their numbers.";
	const struct config *config = configurations->items[0].config;
	struct configured known = engine_configured(engine);
	if (known.version > config->version && config->version == 0)
		damage_found(NAME, 0, DAMAGE_LOST, again, "The configuration is gone: version %" PRIu32 " was in force, with %zu purposes of its own.",
		             known.version, known.lasting.n);
	else if (known.version > config->version)
		damage_found(NAME, 0, DAMAGE_LOST, again, "The configuration is older than the log: it ends with version %" PRIu32 ", and version %" PRIu32 " was in force.",
		             config->version, known.version);
	int error = engine_lasting_keep(engine, &config->lasting);
	if (error == ERROR_CONFLICT) {
		damage_found(NAME, 0, DAMAGE_REFUSED, "Restore this folder from the backup that the log comes from.",
		             "The numbers of its purposes are not those in the log: it belongs to another data folder.");
		return ERROR_CORRUPT;
	}
	if (!error && config->version > known.version)
		engine_version_note(engine, config->version);
	return error == ERROR_FULL ? 0 : error; /* Nothing is recorded meanwhile; the next start does it. */
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
	int error = engine_lasting_keep(engine, &config->lasting); /* Before any record has one of the numbers. */
	if (!error)
		error = config_log_add(configurations->log, version, who);
	if (error)
		return error;
	config->version = version->version;
	keep(configurations, config, now_ms);
	used_note(configurations, before, now_ms);
	engine_config_set(engine, config);
	engine_version_note(engine, config->version);
	return 0;
}

struct listener {
	void (*problem)(void *arg, const struct config_problem *problem);
	void *arg;
};

/* Lock held. */
static int build_and_apply(struct configurations *configurations, struct engine *engine, struct config_version *version, const char *who,
                           const struct config **config, struct listener listener)
{
	struct config *built = NULL;
	struct configured known = engine_configured(engine);
	version->lasting = known.lasting; /* New names get their lasting numbers behind those that ever had one. */
	version->version = known.version; /* Also when the log of configurations was lost: records speak of versions. */
	int error = config_build(&built, configurations->kinds, version, listener.problem, listener.arg);
	if (!error) {
		error = apply(configurations, engine, version, who, built);
		if (error)
			config_free(built);
	}
	if (!error)
		*config = built;
	return error;
}

/* ---- documents that were written one at a time: each in a file of its own ---- */

#define WRITTEN TEXT("written/")

static size_t file_find(const struct config_version *version, struct text name)
{
	size_t i = 0;
	while (i < version->files_n && !text_equal(version->files[i].name, name))
		i++;
	return i;
}

/* The files of @version, those of the newest version in the log that were written one at a time, and room for one more. */
static int files_join(struct configurations *configurations, struct config_version *version, struct arena *arena)
{
	struct config_version newest = {0};
	int error = config_log_read(configurations->log, 0, arena, &newest);
	struct config_file *files = error ? NULL : arena_alloc(arena, (version->files_n + newest.files_n + 1) * sizeof *files);
	if (error || !files)
		return error ? error : ERROR_MEMORY;
	size_t n = 0;
	for (; n < version->files_n; n++)
		files[n] = version->files[n];
	for (size_t i = 0; i < newest.files_n; i++)
		if (text_starts(newest.files[i].name, WRITTEN) && file_find(version, newest.files[i].name) == version->files_n)
			files[n++] = newest.files[i];
	version->files = files;
	version->files_n = n;
	return 0;
}

int configurations_apply(struct configurations *configurations, struct engine *engine, struct config_version *version, const char *who,
                         const struct config **config, void (*problem)(void *, const struct config_problem *), void *arg)
{
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	arena_init(&arena, ARENA_BYTES);
	pthread_mutex_lock(&configurations->lock);
	int error = files_join(configurations, version, &arena);
	if (!error)
		error = build_and_apply(configurations, engine, version, who, config, (struct listener){problem, arg});
	pthread_mutex_unlock(&configurations->lock);
	return error;
}

/* Change the file called @name in the files of @version, which has room for one more. */
static int file_set(struct config_version *version, struct config_file *files, struct text name, struct text text)
{
	size_t at = file_find(version, name);
	if (!text.n && at == version->files_n)
		return ERROR_NOT_FOUND;
	if (text.n) {
		files[at] = (struct config_file){name, text};
		version->files_n += at == version->files_n;
	} else {
		files[at] = files[--version->files_n];
	}
	return 0;
}

static int put(struct configurations *configurations, struct config_version *version, const struct config_place *place, struct text text,
               struct arena *arena)
{
	struct buffer name = BUFFER_INIT(1024);
	buffer_format(&name, "%.*s%.*s/%.*s.yaml", TEXT_ARGS(WRITTEN), TEXT_ARGS(place->kind), TEXT_ARGS(place->name));
	int error = config_log_read(configurations->log, 0, arena, version);
	struct config_file *files = error ? NULL : arena_alloc(arena, (version->files_n + 1) * sizeof *files);
	char *own = arena_alloc(arena, name.n + 1);
	if (!error && (!files || !own || name.failed))
		error = ERROR_MEMORY;
	if (!error) {
		memcpy(own, name.p, name.n);
		for (size_t i = 0; i < version->files_n; i++)
			files[i] = version->files[i];
		version->files = files;
		error = file_set(version, files, (struct text){own, name.n}, text);
	}
	buffer_free(&name);
	return error;
}

int configurations_put(struct configurations *configurations, struct engine *engine, const struct config_place *place, struct text text,
                       const char *who, const struct config **config, void (*problem)(void *, const struct config_problem *), void *arg)
{
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	struct config_version version = {0};
	arena_init(&arena, ARENA_BYTES);
	pthread_mutex_lock(&configurations->lock);
	const struct config_document *there = config_find(engine_config(engine), place->kind, place->name);
	int error = there && !text_starts(there->file, WRITTEN) ? ERROR_CONFLICT : put(configurations, &version, place, text, &arena);
	if (!error)
		error = build_and_apply(configurations, engine, &version, who, config, (struct listener){problem, arg});
	pthread_mutex_unlock(&configurations->lock);
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
