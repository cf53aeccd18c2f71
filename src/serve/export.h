/*
 * export.h: everything about one customer, to take along: as one JSON document, or as a zip that opens as a page.
 *
 * The zip, file by file: the enum below; schema/ has a JSON Schema for each of them, and manifest.json lists all with their SHA-256, is
 * signed with the node's certificate key (manifest.sig, 64 bytes), and says which places of the data folder they come from (places.h).
 * Another node takes it in again (import_api.c). Private to serve/.
 */
#ifndef ATTUNE_SERVE_EXPORT_H
#define ATTUNE_SERVE_EXPORT_H

#include "serve/consent_acts.h"
#include "serve/packing.h"
#include "serve/server.h"

/* The version of the zip's format: raised when a file or a member changes its meaning. */
enum { EXPORT_MONTHS = 12, EXPORT_FORMAT = 1, EXPORT_SCHEMAS_MAX = 16 };
#define EXPORT_FORMAT_NAME "attune-customer"

/* X(symbol, name): the order is that of making them; the manifest counts all others. */
#define COPY_FILE_NAMES(X)                                                                                                \
	X(COPY_PAGE, "index.html") X(COPY_DOCUMENT, "customer.json") X(COPY_EVENTS, "events.ndjson") X(COPY_TABLE, "events.csv") \
	X(COPY_DECISIONS, "decisions.ndjson") X(COPY_IDENTITIES, "identities.ndjson") X(COPY_CONSENTS, "consents.jsonld")       \
	X(COPY_DERIVED, "derived.ndjson") X(COPY_RECIPIENTS, "recipients.json") X(COPY_REFUSED, "refused.ndjson")               \
	X(COPY_AUDIT, "audit.ndjson") X(COPY_MANIFEST, "manifest.json") X(COPY_SIGNATURE, "manifest.sig")

enum copy_file {
#define X(symbol, name) symbol,
	COPY_FILE_NAMES(X)
#undef X
	COPY_FILES
};
extern const char *const copy_names[COPY_FILES];

/* How often something happened in each of the last months, the oldest first, by channel. */
struct export_year {
	int64_t begins_ms[EXPORT_MONTHS];
	uint32_t events[EXPORT_MONTHS];
	uint64_t all;
};

/* A copy while it is made, and until it was read; in the request's arena. */
struct copy {
	struct http_source source;
	struct spool_claim claim;
	struct packing packing;            /* Its files, in the order of copy_names, and then the schemas. */
	struct request *request;
	uint32_t origin;
	struct arena arena;                /* Of the histories. */
	struct history events, decisions;  /* As they were at one moment. */
	uint64_t position;                 /* Of the newest record at that moment. */
	struct consent_acts *acts;
	struct text consents, identifiers; /* States of their folds. */
	char cid[33];
	char digest[65];                   /* Of what is in it; empty when something arrived meanwhile. */
	uint64_t moves;                    /* Records that join and part, which the digest leaves out. */
	bool without_worth;                /* There is no price list to reckon by. */
	uint64_t counts[COPY_FILES];       /* Lines, or things in a list. */
	char schema_names[EXPORT_SCHEMAS_MAX][40];
	size_t schemas_n;
	struct export_year year;
};

/* What @file is written to: call copy_pour after each piece, or copy_line after a line that ends there and is counted. */
static inline struct buffer *copy_out(struct copy *copy, enum copy_file file)
{
	return &copy->packing.files[file].in;
}
static inline void copy_pour(struct copy *copy, enum copy_file file)
{
	packing_pour(&copy->packing, &copy->packing.files[file]);
}
static inline void copy_line(struct copy *copy, enum copy_file file)
{
	buffer_char(copy_out(copy, file), '\n');
	copy->counts[file]++;
	copy_pour(copy, file);
}

/* The page of the copy, on its own: no script, no link to a server. Errors: those of portal_read, ERROR_LIMIT. */
int export_page_write(struct request *request, uint32_t origin, const struct export_year *year, struct buffer *out) MUST_CHECK;

/* export_record.c: a record, whole, as a line: what a timeline shows of it, and what another node needs to have the same. */
void export_record_write(struct copy *copy, enum copy_file file, const struct event *event);
void export_row_write(struct copy *copy, const struct event *event); /* Of events.csv. */

/* export_trust.c: consents.jsonld, recipients.json and identities.ndjson. */
void export_consents_write(struct copy *copy);
void export_recipients_write(struct copy *copy);
void export_identity_take(struct copy *copy, const struct event *event); /* Of the history: what joined and parted. */
int export_identities_write(struct copy *copy) MUST_CHECK;

/* export_derived.c: derived.ndjson. Errors: ERROR_NOT_FOUND, ERROR_MEMORY, ERROR_CORRUPT; or the error is answered and 1 returned. */
int export_derived_write(struct copy *copy) MUST_CHECK;

/* export_schema.c: the schemas; export_manifest.c: the manifest, and what it is signed with. All else is there. */
void export_schemas_write(struct copy *copy);
void export_manifest_write(struct copy *copy);

/* Answer with the zip of the customer with @origin. */
void export_zip_reply(struct request *request, uint32_t origin);

#endif
