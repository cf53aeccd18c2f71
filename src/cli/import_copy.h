/* import_copy.h: a customer's copy (a zip) on its way into a running server. */
#ifndef ATTUNE_CLI_IMPORT_COPY_H
#define ATTUNE_CLI_IMPORT_COPY_H

#include "cli/client.h"

#include <stdbool.h>

struct import_copy_options {
	const char *signed_by;  /* A PEM file: the key that must have signed it; NULL: any. */
	bool erased_again;      /* Also somebody who was erased there. */
	bool json;
};

bool import_is_copy(const char *path); /* Does the file begin as a zip does? */
int import_copy(const struct client *client, const char *path, const struct import_copy_options *options); /* The exit status. */

#endif
