/*
 * configurations.h: the versions of the configuration that are in memory: the one in force, those that a thread may still
 * be reading, and old ones that a question about the past brought back from their log.
 *
 * A request takes a version and reads it until it ends; no request lasts CONFIGURATION_KEPT_MS, so a version that is not in
 * force and was not asked for so long is read by nobody and may go.
 */
#ifndef ATTUNE_SERVE_CONFIGURATIONS_H
#define ATTUNE_SERVE_CONFIGURATIONS_H

#include "engine/config_log.h"

#include <pthread.h>

enum { CONFIGURATIONS_MAX = 64, CONFIGURATION_KEPT_MS = 10 * 60 * 1000 };

struct engine;

struct configurations {
	pthread_mutex_t lock;      /* Of everything here; one version is applied at a time. */
	const struct config_kinds *kinds;
	struct config_log *log;
	struct {
		struct config *config;
		int64_t used_ms;       /* When it was last in force or asked for. */
	} items[CONFIGURATIONS_MAX];
	size_t n;
};

/* Open the log in @folder and build its newest version into *@config. Errors: those of config_log_open and config_build. */
int configurations_open(struct configurations *configurations, const char *folder, const struct config_kinds *kinds,
                        const struct config **config) MUST_CHECK;

/*
 * Once the engine is open: compare what is in force with what its log knows. A configuration that was lost, or is older, is entered in the
 * list of damage; what the log does not know yet is recorded. Errors: ERROR_CORRUPT (the two contradict each other), those of the log.
 */
int configurations_settle(struct configurations *configurations, struct engine *engine) MUST_CHECK;
void configurations_close(struct configurations *configurations);

/*
 * Build @version behind the one in force, keep it for ever and put it in force; problems go to @problem. *@config is it.
 * Documents that were written one at a time (configurations_put) stay as they are beside the files of @version.
 * Errors: ERROR_INVALID (problems; nothing was changed), ERROR_LIMIT (too many within ten minutes), those of config_log_add.
 */
int configurations_apply(struct configurations *configurations, struct engine *engine, struct config_version *version, const char *who,
                         const struct config **config, void (*problem)(void *arg, const struct config_problem *problem), void *arg)
	MUST_CHECK;

/*
 * Write one document, in a file of its own, or take it away (@text is empty): a new version, as above. @text is a whole document.
 * Errors: ERROR_CONFLICT (it stands in a file that was applied), ERROR_NOT_FOUND (there is none to take away), those above.
 */
struct config_place {
	struct text kind, name;
};
int configurations_put(struct configurations *configurations, struct engine *engine, const struct config_place *place, struct text text,
                       const char *who, const struct config **config, void (*problem)(void *arg, const struct config_problem *problem),
                       void *arg) MUST_CHECK;

/* The configuration as it was in version @number, for as long as a request lasts; NULL when there is none, or no memory. */
const struct config *configurations_get(struct configurations *configurations, struct engine *engine, uint32_t number);

#endif
