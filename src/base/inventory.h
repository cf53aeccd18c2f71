/*
 * inventory.h: which files of a data folder were made, so that one that is missing is noticed and never made again in silence.
 *
 * FOLDER/inventory (a checked file) has a line with the name of each. A file is written first and listed second: a crash
 * between leaves a file that is there and gets listed at the next start. What is listed and not there was lost.
 */
#ifndef ATTUNE_BASE_INVENTORY_H
#define ATTUNE_BASE_INVENTORY_H

#include "base/error.h"

#include <stdbool.h>

#define INVENTORY_FILE "inventory"
enum { INVENTORY_BYTES_MAX = 4096 };

/* All names that are ever listed. */
#define INVENTORY_NAMES(X)                                                                                                       \
	X("directory-key") X("signing-secret") X("certificate-key") X("audit-key") X("keys") X("staff") X("configuration") X("log")   \
	X("sealing/node-key") X("sealing/slots") X("sealing/erasures") X("audit") X("audit/head") X("dead-letters.ndjson") \
	X("lookup") X("columns") X("seen")

/*
 * Was @name made in the data folder @folder? When the inventory itself is missing or damaged: yes, if the folder has a
 * log, for then it is not new. The missing inventory is named in damage.h, and is made again from what is there.
 */
bool inventory_has(const char *folder, const char *name);

/* List @name, unless it is. Does nothing while a lost inventory is not settled. Errors: ERROR_IO, ERROR_FULL, ERROR_MEMORY. */
int inventory_add(const char *folder, const char *name) MUST_CHECK;

/* Take @name off, if it is listed: it is given up on purpose. Errors: as inventory_add. */
int inventory_remove(const char *folder, const char *name) MUST_CHECK;

/*
 * Make a missing or damaged inventory again, once everything was opened: of the names in INVENTORY_NAMES those that are
 * there, or with @all every one. Does nothing when it is sound, or the folder is new. Errors: as inventory_add.
 */
int inventory_settle(const char *folder, bool all) MUST_CHECK;

/* For verify: enter in damage.h when the list is damaged or missing, and change nothing. Errors: ERROR_IO, ERROR_MEMORY. */
int inventory_check(const char *folder) MUST_CHECK;

/* Is FOLDER/NAME there? Errors are taken for yes: whoever opens it meets them. */
bool inventory_is_there(const char *folder, const char *name);

#endif
