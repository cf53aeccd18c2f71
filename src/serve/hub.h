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

enum { HUB_WATCHERS_MAX = 500, HUB_QUEUE_BYTES = 32 * 1024, HUB_HEARTBEAT_S = 15, HUB_MARK_BYTES = 32 };

struct hub;

struct hub *hub_new(void); /* NULL without memory. */
void hub_close(struct hub *hub); /* End all streams. */
void hub_free(struct hub *hub);

/*
 * Open a stream; @customer zero: all customers. It ends when @holds (NULL: always) no longer holds of @mark, HUB_MARK_BYTES that
 * are copied: asked every HUB_HEARTBEAT_S and at hub_review, under the hub's lock. Errors: ERROR_LIMIT, ERROR_MEMORY.
 */
struct hub_wish {
	struct origin_id customer;
	uint64_t who;        /* The caller, whose streams are counted together; 0: not counted. */
	size_t who_max;      /* So many of them at a time: one more ends the oldest. */
	int64_t until_ms;    /* It ends then, by the wall clock; 0: not by itself. */
	bool (*holds)(void *arg, const uint8_t *mark);
	void *arg;
	uint8_t mark[HUB_MARK_BYTES];
};
int hub_watch(struct hub *hub, const struct hub_wish *wish, struct http_stream **stream) MUST_CHECK;

/* End the streams that no longer hold, now. */
void hub_review(struct hub *hub);

/* Something happened to @customer: tell who watches. Threads: any; quick; under the customer's lock. */
void hub_changed(struct hub *hub, struct origin_id customer, const struct event *event);

/* Send a message of any kind: @data is one line of JSON. @customer zero: only to those who watch all. */
void hub_send(struct hub *hub, struct origin_id customer, const char *event, struct text data);

size_t hub_watchers(struct hub *hub);

#endif
