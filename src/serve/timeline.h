/* timeline.h: a customer's history, written an event at a time. */
#ifndef ATTUNE_SERVE_TIMELINE_H
#define ATTUNE_SERVE_TIMELINE_H

#include "serve/server.h"

/* One event. What documents of kind trait in @limits bind to purposes is left out; NULL: nothing, for it is the customer's own. */
void timeline_event_write(struct json_writer *out, const struct event *event, const struct config *limits);
void timeline_event_members_write(struct json_writer *out, const struct event *event, const struct config *limits); /* Into an object that is open. */

/*
 * Call @each with the history of the customer with @origin, newest first, until it returns false or the history ends; what
 * is at or behind @before (0: nothing) is passed over; @what as in history_start. An event is valid during the call alone:
 * event_copy keeps it. Errors: ERROR_NOT_FOUND, ERROR_MEMORY, ERROR_CORRUPT.
 */
int timeline_each(struct request *request, uint32_t origin, unsigned what, uint64_t before,
                  bool (*each)(void *arg, const struct event *event), void *arg) MUST_CHECK;

#endif
