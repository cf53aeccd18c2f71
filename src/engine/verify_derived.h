/*
 * verify_derived.h: are the parts of a data folder that follow from the log sound: lookup, columns, seen?
 *
 * Everything that is not goes into damage.h; all of it is made again by a start. No server may run meanwhile.
 */
#ifndef ATTUNE_ENGINE_VERIFY_DERIVED_H
#define ATTUNE_ENGINE_VERIFY_DERIVED_H

#include "base/error.h"

#include <stdbool.h>

/* Check @folder; with @aside a damaged lookup is given another name, so that the next start makes it again. Errors: ERROR_IO, ERROR_MEMORY,
 * ERROR_FULL. */
int engine_verify_derived(const char *folder, bool aside) MUST_CHECK;

#endif
