/*
 * hub.h: who watches: open streams (server-sent events) and what they are told.
 *
 * A watcher sees one customer's changes, or everybody's. Each has a bounded queue; a watcher that does not keep up loses
 * messages and is told so ("event: missed"), so that its page reads everything anew. Messages go out within a moment;
 * every HUB_HEARTBEAT_S a comment keeps the line open.
 */
#ifndef ATTUNE_SERVE_HUB_H
#define ATTUNE_SERVE_HUB_H

#include "event/event.h"
#include "serve/http.h"

enum { HUB_WATCHERS_MAX = 500, HUB_QUEUE_BYTES = 32 * 1024, HUB_HEARTBEAT_S = 15 };

struct hub;

struct hub *hub_new(void); /* NULL without memory. */
void hub_close(struct hub *hub); /* End all streams. */
void hub_free(struct hub *hub);

/* Open a stream; @customer zero: all customers. Errors: ERROR_LIMIT, ERROR_MEMORY. */
int hub_watch(struct hub *hub, struct origin_id customer, struct http_stream **stream) MUST_CHECK;

/* Something happened to @customer: tell who watches. Threads: any; quick; under the customer's lock. */
void hub_changed(struct hub *hub, struct origin_id customer, const struct event *event);

/* Send a message of any kind: @data is one line of JSON. @customer zero: only to those who watch all. */
void hub_send(struct hub *hub, struct origin_id customer, const char *event, struct text data);

size_t hub_watchers(struct hub *hub);

#endif
