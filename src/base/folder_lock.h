/*
 * folder_lock.h: one process at a time writes a data folder.
 *
 * Whoever is going to write anything in a data folder takes its lock first, before reading or repairing a single file:
 * two that rewrite the same file lose what one of them wrote. Reading (verify, backup) needs no lock.
 */
#ifndef ATTUNE_BASE_FOLDER_LOCK_H
#define ATTUNE_BASE_FOLDER_LOCK_H

#include "base/error.h"

#define FOLDER_LOCK_FILE "lock"

/*
 * Lock the data folder @folder, which must be there, for this process: *@lock is to be given to folder_unlock.
 * FOLDER/lock then names the process. A process that ends without unlocking leaves no lock behind.
 * Errors: ERROR_BUSY (another process has it), ERROR_IO; the reason is noted in refusal.h.
 */
int folder_lock(int *lock, const char *folder) MUST_CHECK;

/* Negative: does nothing. */
void folder_unlock(int lock);

#endif
