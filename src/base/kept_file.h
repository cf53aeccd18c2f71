/*
 * kept_file.h: the small files that a data folder cannot do without: secrets, keys, accounts, registers.
 *
 * One is a checked file that is listed in the inventory. One that is missing or damaged is never made again in silence:
 * reading it is refused, and damage.h says which file, what depends on it, and which backup has it. Giving it up on
 * purpose is `attune init DIR --renew NAME`. Only a folder that never had it gets a new one.
 */
#ifndef ATTUNE_BASE_KEPT_FILE_H
#define ATTUNE_BASE_KEPT_FILE_H

#include "base/text.h"

struct kept_file {
	const char *name;    /* Below the data folder: "sealing/node-key". */
	const char *without; /* What is not possible without it: "no customer is found by an identifier". */
	const char *copy;    /* Where a copy is: "a backup", "a copy of the keys". */
};

/*
 * Read @file of the data folder @folder into @content. Errors: ERROR_NOT_FOUND (it was never made: make it),
 * ERROR_CORRUPT (damaged, or missing though it was made: entered in damage.h), ERROR_IO, ERROR_MEMORY.
 */
int kept_file_read(const char *folder, const struct kept_file *file, struct buffer *content) MUST_CHECK;

/* Write it, durably, and list it. Errors: ERROR_IO, ERROR_FULL, ERROR_MEMORY. */
int kept_file_write(const char *folder, const struct kept_file *file, struct text content) MUST_CHECK;

/* Enter in damage.h that it cannot be used, because it @is ("damaged", "missing"). Returns ERROR_CORRUPT. */
int kept_file_refuse(const struct kept_file *file, const char *is);

/* Read a secret of exactly @n random bytes; made when it never was. Errors: as kept_file_read and kept_file_write. */
int kept_file_secret(const char *folder, const struct kept_file *file, uint8_t *secret, size_t n) MUST_CHECK;

#endif
