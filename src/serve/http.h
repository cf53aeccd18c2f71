/*
 * http.h: HTTP/1.1 on libmicrohttpd: the only file that knows it.
 *
 * An exchange is one request and its reply. The handler runs in one of the daemon's threads when the request has come in
 * whole; it answers at once, or pauses the exchange and hands it to somebody who calls http_resume. Bodies are bounded
 * before they are read. A client that is silent for timeout_s is cut off, and one that has not sent a request whole
 * within four times that, however busily it drips.
 */
#ifndef ATTUNE_SERVE_HTTP_H
#define ATTUNE_SERVE_HTTP_H

#include "base/memory.h"
#include "base/text.h"

enum { HTTP_HEADERS_MAX = 12, HTTP_ARENA_BYTES = 64 * 1024 * 1024, HTTP_REPLY_BYTES_MAX = 64 * 1024 * 1024 };

struct http;
struct http_exchange;

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_DELETE, HTTP_OPTIONS, HTTP_HEAD, HTTP_OTHER };

/* What a handler wants next. */
enum http_next {
	HTTP_REPLY,  /* Send the reply. */
	HTTP_PAUSE,  /* Suspend, then call exchange->paused; somebody will call http_resume, once. */
	HTTP_STREAM, /* Send headers, then whatever exchange->stream gives. */
};

struct http_header {
	const char *name, *value; /* Static or in the exchange's arena. */
};

/* A body that comes in pieces. read fills at most @max bytes: >0 bytes given, 0 nothing now (the exchange is suspended;
 * call http_stream_wake when there is more), <0 the end. closed is called once, when the client is gone. */
struct http_stream {
	long (*read)(struct http_stream *stream, char *out, size_t max);
	void (*closed)(struct http_stream *stream);
	struct http_exchange *_Atomic exchange; /* Set by http once the reply begins; before, nobody sleeps who could be woken. */
};

/*
 * A body that is there, but not in memory. read fills at most @max bytes from @at on: how many, or below zero when it cannot (the
 * connection is then cut, so that nobody takes half for the whole). close is called once: when all is sent, the client is gone or
 * has not taken it within http's patience (SOURCE_PATIENCE_S and a second for each SOURCE_BYTES_A_S), or another reply is made instead.
 */
enum { SOURCE_PATIENCE_S = 600, SOURCE_BYTES_A_S = 32 * 1024 };
struct http_source {
	uint64_t bytes;
	long (*read)(struct http_source *source, uint64_t at, char *out, size_t max);
	void (*close)(struct http_source *source);
};

struct http_exchange {
	/* The request. */
	enum http_method method;
	struct text path, body;
	const char *malformed;          /* Which part of the request's head is not UTF-8: "The path"; NULL: all of it is. */
	struct arena arena;
	/* The reply. */
	int status;
	const char *type;               /* "application/json" */
	struct buffer out;
	struct text fixed;              /* A body that outlives the exchange, instead of out. */
	struct http_source *source;     /* The same, read while it is sent; NULL: none. */
	struct http_header headers[HTTP_HEADERS_MAX];
	size_t headers_n;
	void (*paused)(struct http_exchange *exchange);
	struct http_stream *stream;
	/* For the handler: kept between the calls for one exchange. */
	void *user;
	void *state;                    /* Private to http.c. */
};

struct http_options {
	const char *address;
	uint16_t port;                  /* 0: any free one; http_port says which. */
	unsigned threads, connections_max, timeout_s;
	unsigned connections_an_address; /* So many for one address, but for that of the proxy; 0: no such bound. */
	const char *proxy;               /* An address, or empty. */
	size_t body_bytes_max;          /* Larger requests are answered 413. */
	size_t (*body_bytes)(void *arg, struct http_exchange *exchange); /* The same for this one; NULL: as above. Asked before the body is read. */
	bool (*unwanted)(void *arg, struct http_exchange *exchange); /* Asked before the body is read: true when its answer is made already,
	                                   * and the connection ends with it. NULL: never. */
	enum http_next (*handle)(void *arg, struct http_exchange *exchange);
	void (*refused)(void *arg, struct http_exchange *exchange); /* Makes the reply for a body that is too large. */
	void (*done)(void *arg, struct http_exchange *exchange);    /* The exchange is over: free what user holds. */
	void *arg;
};

/*
 * Begin to listen. When connections are used up, or those of one address, a new one takes the place of the one that has
 * waited longest for a request, of the same address where that is at its bound; only when all are at work it is refused.
 * Errors: ERROR_IO (the port is taken or may not be used), ERROR_MEMORY.
 */
int http_start(struct http **out, const struct http_options *options) MUST_CHECK;
uint16_t http_port(const struct http *http);
unsigned http_connections(const struct http *http);

/* Stop listening; connections are served on. */
void http_quiesce(struct http *http);
/* End all. Every paused exchange must have been resumed before. */
void http_stop(struct http *http);

/* Go on with a paused exchange: its reply is ready. Threads: any. */
void http_resume(struct http_exchange *exchange);
void http_stream_wake(struct http_stream *stream);

/*
 * What the request says beside its body is UTF-8, or the exchange is marked as malformed before it is handled. Other
 * headers than Attune's own may hold other bytes, as browsers send them; those headers read as empty.
 */
struct text http_header_of(struct http_exchange *exchange, const char *name); /* Empty without. */
struct text http_query(struct http_exchange *exchange, const char *name);     /* Decoded; empty without. */
bool http_query_has(struct http_exchange *exchange, const char *name);
struct text http_cookie(struct http_exchange *exchange, const char *name);
/* Who is at the other end of the connection: an address such as 127.0.0.1, in the exchange's arena; empty when it cannot be told. */
struct text http_peer(struct http_exchange *exchange);
/* Close the source of @exchange, if it has one: its reply is another. */
void http_source_drop(struct http_exchange *exchange);
void http_reply_header(struct http_exchange *exchange, const char *name, const char *value);

#endif
