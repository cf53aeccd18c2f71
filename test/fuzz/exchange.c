/* exchange.c: see exchange.h. */
#include "exchange.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct http {
	struct http_options options;
	struct http_exchange exchange;
	bool under_way;  /* The exchange has a reply that was not given back yet. */
	bool resumed;    /* Protected by lock. */
	pthread_mutex_t lock;
	pthread_cond_t wake;
};

static struct http *started;

int http_start(struct http **out, const struct http_options *options)
{
	struct http *http = memory_zero_alloc(1, sizeof *http);
	if (!http)
		return ERROR_MEMORY;
	http->options = *options;
	arena_init(&http->exchange.arena, HTTP_ARENA_BYTES);
	http->exchange.out = BUFFER_INIT(HTTP_REPLY_BYTES_MAX);
	pthread_mutex_init(&http->lock, NULL);
	pthread_cond_init(&http->wake, NULL);
	*out = started = http;
	return 0;
}

/* The end of an exchange: as after the last byte of a reply went out. */
static void exchange_end(struct http *http)
{
	struct arena arena = http->exchange.arena;
	struct buffer out = http->exchange.out;
	if (http->under_way)
		http->options.done(http->options.arg, &http->exchange);
	http->under_way = false;
	arena_reset(&arena);
	buffer_reset(&out);
	http->exchange = (struct http_exchange){.arena = arena, .out = out};
}

const struct http_exchange *exchange_send(const struct sent *sent)
{
	struct http *http = started;
	struct http_exchange *x = &http->exchange;
	exchange_end(http);
	x->method = sent->method;
	x->path = sent->path;
	x->body = sent->body;
	x->state = (void *)(uintptr_t)sent;
	x->status = 200;
	x->type = "application/json";
	http->resumed = false;
	http->under_way = true;
	assert(sent->body.n <= http->options.body_bytes_max);
	enum http_next next = http->options.handle(http->options.arg, x);
	assert(next != HTTP_STREAM);
	if (next == HTTP_PAUSE) {
		x->paused(x);
		pthread_mutex_lock(&http->lock);
		while (!http->resumed)
			pthread_cond_wait(&http->wake, &http->lock);
		pthread_mutex_unlock(&http->lock);
	}
	return x;
}

void http_resume(struct http_exchange *exchange)
{
	struct http *http = started;
	assert(exchange == &http->exchange);
	pthread_mutex_lock(&http->lock);
	assert(!http->resumed); /* Once, and only what was paused. */
	http->resumed = true;
	pthread_cond_signal(&http->wake);
	pthread_mutex_unlock(&http->lock);
}

/* The server waits until no request is under way: the last reply is given back here. */
void http_quiesce(struct http *http)
{
	exchange_end(http);
}

void http_stop(struct http *http)
{
	if (!http)
		return;
	arena_free(&http->exchange.arena);
	buffer_free(&http->exchange.out);
	pthread_cond_destroy(&http->wake);
	pthread_mutex_destroy(&http->lock);
	memory_free(http);
	started = NULL;
}

uint16_t http_port(const struct http *http)
{
	return http->options.port;
}

unsigned http_connections(const struct http *http)
{
	return http->under_way;
}

void http_stream_wake(struct http_stream *stream)
{
	(void)stream;
}

static struct text given(struct text text)
{
	return text.n ? text : (struct text){"", 0};
}

struct text http_header_of(struct http_exchange *exchange, const char *name)
{
	const struct sent *sent = exchange->state;
	if (strcmp(name, "Authorization") == 0)
		return given(sent->authorization);
	if (strcmp(name, "Content-Encoding") == 0)
		return given(sent->encoding);
	if (strcmp(name, "X-Attune") == 0 && sent->same_site)
		return TEXT("1");
	return (struct text){"", 0};
}

struct text http_query(struct http_exchange *exchange, const char *name)
{
	const struct sent *sent = exchange->state;
	return strcmp(name, "token") == 0 ? given(sent->token) : (struct text){"", 0};
}

bool http_query_has(struct http_exchange *exchange, const char *name)
{
	return http_query(exchange, name).n > 0;
}

struct text http_cookie(struct http_exchange *exchange, const char *name)
{
	const struct sent *sent = exchange->state;
	(void)name; /* The same for the console and the portal: what it opens depends on what is in it. */
	return given(sent->cookie);
}

struct text http_peer(struct http_exchange *exchange)
{
	(void)exchange;
	return TEXT("127.0.0.1");
}

void http_reply_header(struct http_exchange *exchange, const char *name, const char *value)
{
	assert(exchange->headers_n < HTTP_HEADERS_MAX);
	exchange->headers[exchange->headers_n++] = (struct http_header){name, value};
}
