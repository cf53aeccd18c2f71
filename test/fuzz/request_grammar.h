/*
 * request_grammar.h: bytes read as choices that make a request: any route, and a path, query, head and body that fit it, or nearly.
 *
 * Every input makes some request, and a small change of the input makes a small change of the request. Names and values are those that
 * the product knows, ids that earlier answers named, and whatever the input itself has.
 */
#ifndef ATTUNE_TEST_FUZZ_REQUEST_GRAMMAR_H
#define ATTUNE_TEST_FUZZ_REQUEST_GRAMMAR_H

#include "exchange.h"
#include "serve/server.h"

enum { MADE_HEADERS_MAX = 6, MADE_QUERY_MAX = 5, MADE_BODY_BYTES_MAX = 48 * 1024, POOL_IDS = 32, POOL_ID_BYTES = 48 };

enum made_by { BY_NOBODY, BY_SECRET, BY_WRITE, BY_CUSTOMER, BY_STAFF, BY_PORTAL, BY_CUSTOMER_QUERY, BY_NONSENSE, MADE_BY };

/* Ids that answers named: cids, records, certificates. The newest push out the oldest. */
struct pool {
	char ids[POOL_IDS][POOL_ID_BYTES];
	size_t n;
};
void pool_learn(struct pool *pool, struct text answer);

struct made {
	const struct route *route;
	enum made_by by;
	unsigned role;              /* Which of the roles, for staff. */
	struct sent sent;           /* Without what the caller brings. */
	struct sent_pair headers[MADE_HEADERS_MAX], query[MADE_QUERY_MAX];
	struct buffer path, body, texts; /* What sent borrows. */
};

/* Make a request of @bytes. @form_token stands in forms of the portal. Free it with made_free. */
void made_request(struct made *made, const uint8_t *bytes, size_t n, const struct pool *pool, struct text form_token);
void made_free(struct made *made);

#endif
