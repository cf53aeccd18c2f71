/*
 * backup.h: a copy of a data folder, beside the server that writes it or without one.
 *
 * What is looked up is copied first and the log last, so the copy's snapshot is never ahead of its log. Finished files of
 * the log are hard-linked where the disk is the same, everything else is copied. The whole log is read and checked on
 * the way: a backup that could not be restored is an error now, not then.
 *
 * The keys that records are sealed with are not in it, or an erasure would end at the oldest backup: they are copied apart
 * (engine_backup_sealing), and such copies are kept for days, not years.
 */
#ifndef ATTUNE_ENGINE_BACKUP_H
#define ATTUNE_ENGINE_BACKUP_H

#include "base/error.h"

#include <stdint.h>

struct backup {
	uint64_t segments, linked; /* Files of the log; those of them that are links. */
	uint64_t bytes;            /* Of the log. */
	uint64_t last;             /* Position of the newest entry. */
};

/*
 * Copy the data folder @from to the new folder @to. The same brings a backup back.
 * Errors: ERROR_NOT_FOUND (no data folder), ERROR_CONFLICT (@to is there and not empty), ERROR_CORRUPT (damaged log),
 * ERROR_FULL, ERROR_IO, ERROR_MEMORY. After an error @to is not whole.
 */
int engine_backup(struct backup *out, const char *from, const char *to) MUST_CHECK;

/*
 * Copy the keys alone, which engine_backup leaves out: the sealing folder of the data folder @from (or @from itself, when it is such a
 * folder) to the new folder @to. Errors: ERROR_NOT_FOUND (there are no keys), ERROR_CONFLICT, ERROR_FULL, ERROR_IO.
 */
int engine_backup_sealing(const char *from, const char *to) MUST_CHECK;

#endif
