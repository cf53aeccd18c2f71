/*
 * buying_models.h: the model of what is bought, kept up to date in the background.
 *
 * One patient thread builds it at the start, after a change of the configuration, and when there were purchases since, at most
 * every BUYING_PAUSE_MS and BUYING_PAUSE_TIMES as long as building took; when nothing changed it does nothing. A model never changes once it is built: the new one is
 * swapped in, and the old one is freed when no request can still be reading it (none lasts BUYING_KEPT_MS).
 */
#ifndef ATTUNE_SERVE_BUYING_MODELS_H
#define ATTUNE_SERVE_BUYING_MODELS_H

#include "customize/buying.h"
#include "engine/engine.h"

enum { BUYING_PAUSE_MS = 2000, BUYING_PAUSE_TIMES = 20, BUYING_KEPT_MS = 10 * 60 * 1000, BUYING_OLD_MAX = 512 };

struct buying_models;

/* Begin to build for @engine, which outlives it. Errors: ERROR_MEMORY. */
int buying_models_start(struct buying_models **out, struct engine *engine) MUST_CHECK;
/* Stop and free; NULL is fine. */
void buying_models_stop(struct buying_models *models);

/* The model in force, for as long as a request lasts; NULL before the first one. */
const struct buying_model *buying_models_get(const struct buying_models *models);

#endif
