/*
 * configured.h: what the log of events knows of the configuration: which version was in force last, and the lasting numbers of names.
 *
 * A lasting number stands in records, so what it means stands among them, too: a record says it before the first that carries it. So
 * the log of configurations can be lost, and names that are applied again have the numbers that they always had.
 */
#ifndef ATTUNE_ENGINE_CONFIGURED_H
#define ATTUNE_ENGINE_CONFIGURED_H

#include "engine/config.h"
#include "engine/engine.h"

struct configured {
	uint32_t version;              /* The greatest that was in force; 0: none yet. */
	struct config_lasting lasting; /* The texts live as long as the engine. */
};
struct configured engine_configured(struct engine *engine);

/*
 * Record that the names in @lasting have their numbers, and wait until that is durable. Does nothing when the log has them all. Threads: safe.
 * Errors: ERROR_CONFLICT (the log has another name at one of the numbers), those of log_append and log_wait, ERROR_MEMORY.
 */
int engine_lasting_keep(struct engine *engine, const struct config_lasting *lasting) MUST_CHECK;

/* Record that version @number is in force. It is durable some time later. */
void engine_version_note(struct engine *engine, uint32_t number);

#endif
