/*
 * config_log.h: every version of the configuration, kept for ever, in a small log of its own.
 *
 * A version is its files, one entry each, and a closing entry. Reading gives the files of the newest whole version.
 */
#ifndef ATTUNE_ENGINE_CONFIG_LOG_H
#define ATTUNE_ENGINE_CONFIG_LOG_H

#include "engine/config_build.h"

struct config_log;

/* Errors: those of log_open. */
int config_log_open(struct config_log **out, const char *folder) MUST_CHECK;
void config_log_close(struct config_log *config_log);

/* The newest whole version: 0 and no files when there is none. Files are copied to @arena. */
int config_log_newest(struct config_log *config_log, struct arena *arena, uint32_t *version, struct config_file **files, size_t *n)
	MUST_CHECK;

/* Add a version with these files, durably; *@version is its number. Errors: ERROR_LIMIT (a file too large, over 1,000
 * files), those of the log. */
int config_log_add(struct config_log *config_log, const struct config_file *files, size_t n, const char *who, uint32_t *version)
	MUST_CHECK;

#endif
