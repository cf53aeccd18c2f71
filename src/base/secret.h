/*
 * secret.h: keys in memory: where they lie, and what the process does so that they do not leave it.
 *
 * Memory from here is zeroed, locked (never on a swap disk) and left out of core dumps, as far as the system lets; it is
 * zeroed again when it is given back. A key in a local variable is zeroed with sodium_memzero when it was used.
 */
#ifndef ATTUNE_BASE_SECRET_H
#define ATTUNE_BASE_SECRET_H

#include "base/error.h"

#include <stddef.h>

/*
 * Whole pages for @bytes, zeroed; NULL without memory. Pages that cannot be locked are used all the same, and one warning
 * says so. Threads: safe.
 */
void *secret_alloc(size_t bytes) __attribute__((malloc, warn_unused_result));
/* Zero and give back what secret_alloc gave for @bytes. NULL does nothing. */
void secret_free(void *p, size_t bytes);

/*
 * For a process that will hold keys, before it does: no core dumps, nobody who traces it or reads its memory but root, and as
 * much locked memory as the system allows.
 */
void secret_process_protect(void);

/*
 * Move the value of the environment variable @name to @out (terminated, at most @max bytes with the end): where it stood it is
 * overwritten, so that neither /proc nor a child shows it.
 * Errors: ERROR_NOT_FOUND (not set), ERROR_LIMIT (longer; it is overwritten as well).
 */
int secret_environment(const char *name, char *out, size_t max) MUST_CHECK;

#endif
