/*
 * folder.h: making a folder that is still there after a power cut.
 */
#ifndef ATTUNE_BASE_FOLDER_H
#define ATTUNE_BASE_FOLDER_H

#include "base/error.h"

/* Make the folder @path unless it is there; a new one is durable (its parent is synced). Errors: ERROR_IO, ERROR_FULL. */
int folder_make(const char *path) MUST_CHECK;

/* Make the entries of the folder that holds @path durable. Errors: ERROR_IO. */
int folder_sync_parent(const char *path) MUST_CHECK;

#endif
