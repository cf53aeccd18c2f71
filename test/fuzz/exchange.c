/* exchange.c: see exchange.h. */
#include "exchange.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
	if (http->under_way && http->exchange.stream)
		http->exchange.stream->closed(http->exchange.stream);
	http_source_drop(&http->exchange);
	if (http->under_way)
		http->options.done(http->options.arg, &http->exchange);
	http->under_way = false;
	arena_reset(&arena);
	buffer_reset(&out);
	http->exchange = (struct http_exchange){.arena = arena, .out = out};
}

void exchange_over(void)
{
	exchange_end(started);
}

/* The client of a stream reads what is there and goes away with the next request. */
static void stream_read(struct http_exchange *x)
{
	char piece[4096];
	x->type = "text/event-stream";
	x->stream->exchange = x;
	for (long n; (n = x->stream->read(x->stream, piece, sizeof piece)) > 0;)
		buffer_append(&x->out, piece, (size_t)n);
}

/* A client that takes all of it: then it stands in out. */
static void source_take(struct http_exchange *x)
{
	char piece[4096];
	uint64_t at = 0;
	for (long n; x->source && (n = x->source->read(x->source, at, piece, sizeof piece)) > 0; at += (uint64_t)n)
		buffer_append(&x->out, piece, (size_t)n);
	http_source_drop(x);
}

void http_source_drop(struct http_exchange *exchange)
{
	struct http_source *source = exchange->source;
	exchange->source = NULL;
	if (source)
		source->close(source);
}

static bool is_clean(struct text text)
{
	return text.n == 0 || (text_is_utf8(text) && !memchr(text.p, 0, text.n));
}

/* What http.c finds in a head that is not clean. */
static const char *malformed_of(const struct sent *sent)
{
	if (!is_clean(sent->path))
		return "The path";
	for (size_t i = 0; i < sent->query_n; i++)
		if (!is_clean(sent->query[i].value))
			return "The query";
	return is_clean(sent->authorization) && is_clean(sent->cookie) ? NULL : "A header";
}

const struct http_exchange *exchange_send(const struct sent *sent)
{
	struct http *http = started;
	struct http_exchange *x = &http->exchange;
	exchange_end(http);
	x->method = sent->method;
	x->path = sent->path;
	x->body = sent->body;
	x->malformed = malformed_of(sent);
	x->state = (void *)(uintptr_t)sent;
	x->status = 200;
	x->type = "application/json";
	http->resumed = false;
	http->under_way = true;
	assert(sent->body.n <= http->options.body_bytes_max);
	enum http_next next = http->options.handle(http->options.arg, x);
	if (next == HTTP_STREAM)
		stream_read(x);
	if (next == HTTP_PAUSE) {
		x->paused(x);
		pthread_mutex_lock(&http->lock);
		while (!http->resumed)
			pthread_cond_wait(&http->wake, &http->lock);
		pthread_mutex_unlock(&http->lock);
	}
	source_take(x);
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

static const struct sent_pair *pair_of(const struct sent_pair *pairs, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(pairs[i].name, name) == 0)
			return &pairs[i];
	return NULL;
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
	const struct sent_pair *pair = pair_of(sent->headers, sent->headers_n, name);
	return pair && text_is_utf8(pair->value) ? given(pair->value) : (struct text){"", 0};
}

struct text http_query(struct http_exchange *exchange, const char *name)
{
	const struct sent *sent = exchange->state;
	const struct sent_pair *pair = pair_of(sent->query, sent->query_n, name);
	return strcmp(name, "token") == 0 && sent->token.n ? sent->token : pair ? given(pair->value) : (struct text){"", 0};
}

bool http_query_has(struct http_exchange *exchange, const char *name)
{
	const struct sent *sent = exchange->state;
	return pair_of(sent->query, sent->query_n, name) || http_query(exchange, name).n > 0;
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
