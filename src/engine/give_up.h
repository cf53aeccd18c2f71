/*
 * give_up.h: going on without what is damaged in the log, when there is no backup.
 *
 * log_repair sets the damaged bytes aside. A history is a chain of records, each of which leads to the one before it; where one is gone, a
 * bridge leads on to what was before that, so a history loses nothing but the records that are gone. The next start counts again.
 */
#ifndef ATTUNE_ENGINE_GIVE_UP_H
#define ATTUNE_ENGINE_GIVE_UP_H

#include "engine/engine.h"
#include "log/log.h"

/*
 * Give up what is damaged in the log of the data folder @folder, on which no server runs. May be repeated. The folders lookup, columns and
 * seen stay. Errors: those of log_repair and log_bridges_write, ERROR_MEMORY.
 */
int engine_give_up(const char *folder, struct log_repaired *out) MUST_CHECK;

#endif
