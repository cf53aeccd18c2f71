/*
 * undo.h: taking an act back within UNDO_DAYS: which acts can be, by whom, and how.
 *
 * What a customer did: consents, preferences, menus, corrections, ideas and votes, rankings, requests. What staff did: closing
 * and extending requests, joining and parting customers. The record of an act gets an undo record, and it is as if it had
 * never been; joining is taken back by parting what it brought, parting by joining again.
 */
#ifndef ATTUNE_SERVE_UNDO_H
#define ATTUNE_SERVE_UNDO_H

#include "serve/server.h"

enum { UNDO_DAYS = 30 };

/*
 * The route that acts like @event are made by; NULL when it is no act that can be undone. Whoever may use that route may undo the
 * act, and nobody else: so who may not merge customers cannot undo a merge, and a customer undoes what customers do.
 */
const struct route *undo_route(const struct event *event);

/* May the customer undo @event on their own? */
bool undo_is_own(const struct event *event);

/* Is @event so old that it stays? */
bool undo_is_late(const struct event *event, int64_t now_ms);

/*
 * Take back the record at @position, which is of the customer of @origin. Notes it in the audit log.
 * Errors: ERROR_NOT_FOUND (no record of this customer, or none that a customer may take back), ERROR_DENIED (the caller may not do such an
 * act, or it is a customer's no, which staff do not take back), ERROR_LIMIT (more than UNDO_DAYS
 * ago), ERROR_CONFLICT (customers were merged or split otherwise since), those of request_append, resolve_merge and resolve_split.
 */
int undo_act(struct request *request, uint32_t origin, uint64_t position) MUST_CHECK;

#endif
