/*
 * rights.h: requests of customers at the edge: made by them or for them, listed with their due dates, extended and closed.
 *
 * The interface (rights_api.c) and the customer's own page (portal_rights.c) end here.
 */
#ifndef ATTUNE_SERVE_RIGHTS_H
#define ATTUNE_SERVE_RIGHTS_H

#include "serve/server.h"
#include "trust/rights_request.h"

/*
 * Make a request for the customer of @origin; *@position is its id. Notes it in the audit log.
 * Errors: ERROR_LIMIT (RIGHTS_OPEN_MAX are open), those of request_append and customer_refresh.
 */
int rights_make(struct request *request, uint32_t origin, const struct rights_act *act, enum channel channel, uint64_t *position) MUST_CHECK;

/* One request as an object; its reasons are read from its records. With @customer its cid and name too. */
void rights_write(struct request *request, const struct rights_request *rights, uint32_t customer);

/* What the request was made with, and why it was extended or closed: empty without. Borrowed for the request. */
struct rights_words {
	struct text text, extended_because, because, by;
};
struct rights_words rights_words_of(struct request *request, const struct rights_request *rights);

/* The state of the customer of @origin, copied. Errors: those of reader_open, ERROR_NOT_FOUND. */
int rights_state_read(struct request *request, uint32_t origin, struct text *state) MUST_CHECK;

/* All requests of all customers in @state (or all states with @any), the one due first first; at most RIGHTS_LISTED_MAX. */
enum { RIGHTS_LISTED_MAX = 10000 };
struct rights_item {
	struct rights_request request;
	uint32_t customer;
};
struct rights_list {
	struct rights_item *items;   /* Freed with rights_list_free. */
	size_t n, capacity, left_out;
};
int rights_list_read(struct request *request, bool any, enum rights_state state, struct rights_list *list) MUST_CHECK;
void rights_list_free(struct rights_list *list);

#endif
