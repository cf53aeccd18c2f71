/*
 * house.h: what this house is made of: its folds, its kinds of configuration, its columns. The only place that knows all.
 */
#ifndef ATTUNE_CLI_HOUSE_H
#define ATTUNE_CLI_HOUSE_H

#include "engine/config_build.h"
#include "engine/engine.h"

#define ATTUNE_VERSION "0.1.0"

extern const struct fold_table house_folds;
extern const struct config_kinds house_kinds;

/* Which events make a row for whole-base questions, and its value in hundredths: the first there is of amount, total, revenue,
 * value, stars and seconds. */
bool house_column(const struct event *event, int32_t *value);

#endif
