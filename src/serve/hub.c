/* hub.c: streams. */
#include "serve/hub.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct watcher {
	struct http_stream stream;
	struct hub *hub;
	struct hub_wish wish;
	pthread_mutex_t lock;     /* Protects queue and its marks. */
	struct buffer queue;
	bool missed, over;        /* over is written under the hub's lock as well. */
	uint64_t opened_ns;
};

struct hub {
	pthread_mutex_t lock;     /* Protects the list. Taken before a watcher's lock. */
	struct watcher *watchers[HUB_WATCHERS_MAX];
	_Atomic size_t n;
	pthread_cond_t beat;
	pthread_t heart;
	bool closing;
};

static void put(struct watcher *watcher, const char *event, struct text data)
{
	pthread_mutex_lock(&watcher->lock);
	if (watcher->queue.n + data.n + strlen(event) + 32 > HUB_QUEUE_BYTES)
		watcher->missed = true;
	else if (*event)
		buffer_format(&watcher->queue, "event: %s\ndata: %.*s\n\n", event, TEXT_ARGS(data));
	else
		buffer_string(&watcher->queue, ": here\n\n");
	pthread_mutex_unlock(&watcher->lock);
	http_stream_wake(&watcher->stream);
}

static bool is_for(const struct watcher *watcher, struct origin_id customer)
{
	return origin_is_zero(watcher->wish.customer) || memcmp(&watcher->wish.customer, &customer, sizeof customer) == 0;
}

void hub_send(struct hub *hub, struct origin_id customer, const char *event, struct text data)
{
	if (atomic_load_explicit(&hub->n, memory_order_relaxed) == 0)
		return;
	pthread_mutex_lock(&hub->lock);
	for (size_t i = 0; i < hub->n; i++)
		if (is_for(hub->watchers[i], customer))
			put(hub->watchers[i], event, data);
	pthread_mutex_unlock(&hub->lock);
}

/* Which parts of what a page shows an event changes. */
static const char *what_of(enum event_kind kind)
{
	switch (kind) {
	case EVENT_TRACK:
		return "[\"timeline\",\"matters\",\"menu\"]";
	case EVENT_SCREEN:
	case EVENT_PAGE:
		return "[\"timeline\",\"menu\"]";
	case EVENT_PREFERENCE:
		return "[\"timeline\",\"preferences\",\"menu\"]";
	case EVENT_LAYOUT:
		return "[\"timeline\",\"menu\"]";
	case EVENT_CONSENT:
	case EVENT_RESTRICT:
		return "[\"timeline\",\"consents\",\"menu\"]";
	case EVENT_UNDO:
	case EVENT_CONFIRM:
		return "[\"timeline\",\"preferences\",\"menu\",\"consents\",\"matters\"]";
	case EVENT_DECISION:
		return NULL; /* Looking at something is no change. */
	default:
		return "[\"timeline\"]";
	}
}

void hub_changed(struct hub *hub, struct origin_id customer, const struct event *event)
{
	const char *what = what_of(event->header.kind);
	char data[200], hex[33];
	if (!what || atomic_load_explicit(&hub->n, memory_order_relaxed) == 0)
		return;
	int n = snprintf(data, sizeof data, "{\"cid\":\"%s\",\"what\":%s}", origin_format(hex, customer), what);
	hub_send(hub, customer, "changed", (struct text){data, (size_t)n});
}

static long stream_read(struct http_stream *stream, char *out, size_t max)
{
	struct watcher *watcher = (struct watcher *)stream;
	long n;
	pthread_mutex_lock(&watcher->lock);
	if (watcher->missed && watcher->queue.n == 0) {
		buffer_string(&watcher->queue, "event: missed\ndata: {}\n\n");
		watcher->missed = false;
	}
	n = (long)(watcher->queue.n < max ? watcher->queue.n : max);
	if (n) {
		memcpy(out, watcher->queue.p, (size_t)n);
		memmove(watcher->queue.p, watcher->queue.p + n, watcher->queue.n - (size_t)n);
		watcher->queue.n -= (size_t)n;
	} else if (watcher->over) {
		n = -1;
	}
	pthread_mutex_unlock(&watcher->lock);
	return n;
}

static void stream_closed(struct http_stream *stream)
{
	struct watcher *watcher = (struct watcher *)stream;
	struct hub *hub = watcher->hub;
	pthread_mutex_lock(&hub->lock);
	for (size_t i = 0; i < hub->n; i++)
		if (hub->watchers[i] == watcher) {
			hub->watchers[i] = hub->watchers[hub->n - 1];
			hub->n--;
			break;
		}
	pthread_mutex_unlock(&hub->lock);
	pthread_mutex_destroy(&watcher->lock);
	buffer_free(&watcher->queue);
	memory_free(watcher);
}

/* Under the hub's lock. */
static void watcher_end(struct watcher *watcher)
{
	pthread_mutex_lock(&watcher->lock);
	watcher->over = true;
	pthread_mutex_unlock(&watcher->lock);
	http_stream_wake(&watcher->stream);
}

/* When the caller of @wish has as many streams as may be, the oldest makes room: often its client is gone, and nobody knows
 * yet. Under the hub's lock. */
static void oldest_end(struct hub *hub, const struct hub_wish *wish)
{
	struct watcher *oldest = NULL;
	size_t own = 0;
	for (size_t i = 0; i < hub->n; i++) {
		struct watcher *watcher = hub->watchers[i];
		if (watcher->wish.who != wish->who || watcher->over)
			continue;
		own++;
		oldest = !oldest || watcher->opened_ns < oldest->opened_ns ? watcher : oldest;
	}
	if (own >= wish->who_max && oldest)
		watcher_end(oldest);
}

int hub_watch(struct hub *hub, const struct hub_wish *wish, struct http_stream **stream)
{
	struct watcher *watcher = memory_zero_alloc(1, sizeof *watcher);
	if (!watcher)
		return ERROR_MEMORY;
	watcher->stream = (struct http_stream){.read = stream_read, .closed = stream_closed};
	watcher->hub = hub;
	watcher->wish = *wish;
	watcher->opened_ns = clock_monotonic_ns();
	watcher->queue = BUFFER_INIT(HUB_QUEUE_BYTES + 1024);
	buffer_string(&watcher->queue, "retry: 1000\n\nevent: hello\ndata: {}\n\n");
	pthread_mutex_init(&watcher->lock, NULL);
	pthread_mutex_lock(&hub->lock);
	int error = hub->n == HUB_WATCHERS_MAX || hub->closing ? ERROR_LIMIT : 0;
	if (!error && wish->who)
		oldest_end(hub, wish);
	if (!error)
		hub->watchers[hub->n++] = watcher;
	if (!error && wish->until_ms)
		pthread_cond_signal(&hub->beat); /* Its end may be the next. */
	pthread_mutex_unlock(&hub->lock);
	if (error) {
		pthread_mutex_destroy(&watcher->lock);
		buffer_free(&watcher->queue);
		memory_free(watcher);
		return error;
	}
	*stream = &watcher->stream;
	return 0;
}

/* End the streams whose time is over, and sleep no longer than until the next one's. Lock held. */
static int ends_soon(struct hub *hub)
{
	int64_t now = clock_now_ms(), soonest = HUB_HEARTBEAT_S * MS_A_SECOND;
	for (size_t i = 0; i < hub->n; i++) {
		int64_t left = hub->watchers[i]->wish.until_ms - now;
		if (hub->watchers[i]->wish.until_ms && left <= 0)
			watcher_end(hub->watchers[i]);
		else if (hub->watchers[i]->wish.until_ms && left < soonest)
			soonest = left;
	}
	return (int)soonest;
}

/* Asked without the lock, which every change of a customer takes: the answer may wait for a file. */
void hub_review(struct hub *hub)
{
	struct hub_wish *wishes = memory_alloc(HUB_WATCHERS_MAX * sizeof *wishes);
	size_t n = 0;
	if (!wishes)
		return; /* The next heartbeat asks again. */
	pthread_mutex_lock(&hub->lock);
	for (size_t i = 0; i < hub->n; i++)
		if (hub->watchers[i]->wish.holds)
			wishes[n++] = hub->watchers[i]->wish;
	pthread_mutex_unlock(&hub->lock);
	for (size_t w = 0; w < n; w++) {
		if (wishes[w].holds(wishes[w].arg, wishes[w].mark))
			continue;
		pthread_mutex_lock(&hub->lock);
		for (size_t i = 0; i < hub->n; i++)
			if (hub->watchers[i]->wish.holds && memcmp(hub->watchers[i]->wish.mark, wishes[w].mark, HUB_MARK_BYTES) == 0)
				watcher_end(hub->watchers[i]);
		pthread_mutex_unlock(&hub->lock);
	}
	memory_free(wishes);
}

static void *heart_run(void *arg)
{
	struct hub *hub = arg;
	thread_name("streams");
	int64_t beat_ms = clock_monotonic_ms();
	pthread_mutex_lock(&hub->lock);
	while (!hub->closing) {
		struct timespec until = clock_deadline(ends_soon(hub));
		pthread_cond_timedwait(&hub->beat, &hub->lock, &until);
		if (clock_monotonic_ms() - beat_ms < HUB_HEARTBEAT_S * MS_A_SECOND)
			continue;
		beat_ms = clock_monotonic_ms();
		for (size_t i = 0; i < hub->n && !hub->closing; i++)
			put(hub->watchers[i], "", (struct text){0});
		pthread_mutex_unlock(&hub->lock);
		hub_review(hub);
		pthread_mutex_lock(&hub->lock);
	}
	pthread_mutex_unlock(&hub->lock);
	return NULL;
}

struct hub *hub_new(void)
{
	struct hub *hub = memory_zero_alloc(1, sizeof *hub);
	if (!hub)
		return NULL;
	pthread_mutex_init(&hub->lock, NULL);
	clock_condition_init(&hub->beat);
	if (pthread_create(&hub->heart, NULL, heart_run, hub) != 0) {
		memory_free(hub);
		return NULL;
	}
	return hub;
}

void hub_close(struct hub *hub)
{
	pthread_mutex_lock(&hub->lock);
	hub->closing = true;
	pthread_cond_broadcast(&hub->beat);
	for (size_t i = 0; i < hub->n; i++)
		watcher_end(hub->watchers[i]);
	pthread_mutex_unlock(&hub->lock);
	pthread_join(hub->heart, NULL);
}

void hub_free(struct hub *hub)
{
	if (!hub)
		return;
	pthread_mutex_destroy(&hub->lock);
	pthread_cond_destroy(&hub->beat);
	memory_free(hub);
}

size_t hub_watchers(struct hub *hub)
{
	return atomic_load(&hub->n);
}
