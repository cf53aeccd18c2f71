/*
 * export.h: everything about one customer, to take along: as one JSON document, or as a zip that opens as a page.
 *
 * The zip has a file for each place of the register in export.c: index.html (a page with a chart of the year),
 * customer.json, events.ndjson, events.csv, decisions.ndjson, refused.ndjson, audit.ndjson, and manifest.json, which lists them with the places they
 * come from. Private to serve/.
 */
#ifndef ATTUNE_SERVE_EXPORT_H
#define ATTUNE_SERVE_EXPORT_H

#include "serve/server.h"

enum { EXPORT_BYTES_MAX = 256 * 1024 * 1024, EXPORT_MONTHS = 12 };

/* How often something happened in each of the last months, the oldest first, by channel. */
struct export_year {
	int64_t begins_ms[EXPORT_MONTHS];
	uint32_t events[EXPORT_MONTHS];
	uint64_t all;
};

/* The page of the copy, on its own: no script, no link to a server. Errors: those of portal_read, ERROR_LIMIT. */
int export_page_write(struct request *request, uint32_t origin, const struct export_year *year, struct buffer *out) MUST_CHECK;

/* Answer with the zip of the customer with @origin. */
void export_zip_reply(struct request *request, uint32_t origin);

#endif
