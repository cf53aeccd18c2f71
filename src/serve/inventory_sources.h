/*
 * inventory_sources.h: which senders know the same customers: by who said each of a customer's identifiers first.
 *
 * Private to serve/.
 */
#ifndef ATTUNE_SERVE_INVENTORY_SOURCES_H
#define ATTUNE_SERVE_INVENTORY_SOURCES_H

#include "serve/server.h"

/* Walk all customers, and write "sources" into an object that is open. Pairs of too few customers are left out. Errors: ERROR_MEMORY. */
int inventory_sources_write(struct request *request) MUST_CHECK;

#endif
