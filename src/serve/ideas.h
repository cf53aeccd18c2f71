/*
 * ideas.h: all ideas together, and what one customer does with them: for the interface and for the customer's own page.
 */
#ifndef ATTUNE_SERVE_IDEAS_H
#define ATTUNE_SERVE_IDEAS_H

#include "interact/voice/idea.h"
#include "serve/server.h"

enum { IDEAS_A_CUSTOMER_MAX = 10 };

/* Everybody's part, gathered by walking all customers' states: for a worker. Errors: ERROR_MEMORY. */
int ideas_read(struct request *request, struct idea_list *list) MUST_CHECK;

/* May the votes for @idea be shown? Not of fewer customers than aggregates may show. */
bool idea_votes_may_show(const struct request *request, const struct idea *idea);

/* The part of the customer of @origin, copied to the request's arena. Errors: ERROR_NOT_FOUND, ERROR_MEMORY, ERROR_CORRUPT. */
int idea_state_read(struct request *request, uint32_t origin, struct text *state, uint32_t *customer) MUST_CHECK;

/*
 * The customer of @origin proposes an idea; its id is made from the title and lives in the request's arena; *@undo is its record.
 * Errors: ERROR_INVALID (no title, or one or a text that is too long), ERROR_LIMIT (IDEAS_A_CUSTOMER_MAX are there), those of
 * request_append.
 */
int idea_propose(struct request *request, uint32_t origin, struct text title, struct text text, enum channel channel, struct text *id,
                 uint64_t *undo) MUST_CHECK;

/* "support", "withdraw" or "try". Errors: ERROR_INVALID (another word), ERROR_NOT_FOUND (no such idea), those of request_append. */
int idea_act(struct request *request, uint32_t origin, struct text idea, struct text act, enum channel channel, uint64_t *undo) MUST_CHECK;

#endif
