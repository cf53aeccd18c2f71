/*
 * exchange.h: http.h without a network, so that a fuzz target can ask the real server.
 *
 * The functions of http.h stand here once more; linked before the server's library they take the place of http.c, the only
 * file that knows libmicrohttpd. Everything behind them is the product. One exchange at a time, from one thread.
 */
#ifndef ATTUNE_TEST_FUZZ_EXCHANGE_H
#define ATTUNE_TEST_FUZZ_EXCHANGE_H

#include "serve/http.h"

struct sent_pair {
	const char *name;
	struct text value;
};

/* A request. What is not there is empty. Borrowed until the next one. */
struct sent {
	enum http_method method;
	struct text path, body;
	struct text authorization, encoding, cookie, token; /* The token is that of ?token=. */
	bool same_site;                                     /* With the header X-Attune. */
	const struct sent_pair *headers, *query;            /* Others; a header that is not UTF-8 reads as empty, as in http.c. */
	size_t headers_n, query_n;
};

/* Give @sent to the server that was started last and wait for its reply: status, type and out. Valid until the next one. */
const struct http_exchange *exchange_send(const struct sent *sent);

/* The reply was read: what @sent borrows may go. */
void exchange_over(void);

#endif
