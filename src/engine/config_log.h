/*
 * config_log.h: every version of the configuration, kept for ever, in a small log of its own.
 *
 * A version is its files, one entry each, and a closing entry, which also has the names with a lasting number up to and
 * with this version. Reading gives the newest whole version.
 */
#ifndef ATTUNE_ENGINE_CONFIG_LOG_H
#define ATTUNE_ENGINE_CONFIG_LOG_H

#include "engine/config_build.h"

struct config_log;

/* Errors: those of log_open. */
int config_log_open(struct config_log **out, const char *folder) MUST_CHECK;
void config_log_close(struct config_log *config_log);

/* Version @number, 0: the newest whole one, without files when there is none. Texts are copied to @arena.
 * Errors: ERROR_NOT_FOUND (no such version), those of log_replay, ERROR_MEMORY. */
int config_log_read(struct config_log *config_log, uint32_t number, struct arena *arena, struct config_version *version) MUST_CHECK;

/* Add a version with the files and lasting names of @version, durably; its number becomes the next one after its own and after the newest. Errors: ERROR_LIMIT (a file too
 * large, over 1,000 files), those of the log. */
int config_log_add(struct config_log *config_log, struct config_version *version, const char *who) MUST_CHECK;

#endif
