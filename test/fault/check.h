/* check.h: is a data folder what its acknowledgements promise? */
#ifndef ATTUNE_TEST_CHECK_H
#define ATTUNE_TEST_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Open @folder, as a server would, and check: it opens; every record is whole; each of the @n ids in @acknowledged is
 * there once and no id twice; all that is known equals folding from scratch; it takes another event and keeps it.
 * Says on standard error what is wrong.
 */
bool folder_is_sound(const char *folder, const uint64_t *acknowledged, size_t n);

#endif
