/* http.c: libmicrohttpd with its thread pool on epoll, suspending and resuming. */
#include "serve/http.h"

#include "base/clock.h"
#include "base/report.h"
#include "base/thread.h"

#include <arpa/inet.h>
#include <assert.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CONNECTION_BYTES = 32 * 1024, /* Up to here the library takes it from the heap; beyond, it maps memory anew for each connection. */
	POOL_MAX = 1024,
	KEEP_BYTES = 1024 * 1024,
	REQUEST_TIMEOUTS = 4,
	WATCH_MS = 500,
	IDLE_MS = 500, /* A connection that asks for nothing may be ended after this time, when another needs its place. */
	SWALLOW_BYTES_MAX = 8 * 1024 * 1024,
	SOURCE_BLOCK = 32 * 1024,
	CONNECTIONS_ENDING = 64, /* Ended, but not closed yet by the library. */
};

/* A connection, as the watchman sees it. */
struct client {
	int socket;
	in_addr_t address;
	bool ended;                  /* Its place was given to another: it counts no more. */
	_Atomic int64_t reading_ns;  /* Since when a request is awaited or coming in; 0: it is being answered. */
	_Atomic int64_t taken_by_ns; /* By when an answer from a source must have been taken; 0: there is none. */
	struct client *next, *previous;
};

struct http {
	struct http_options options;
	struct MHD_Daemon *_Atomic daemon; /* NULL while it starts, when requests may be answered already. */
	int quiesced;
	pthread_mutex_t lock;      /* Protects the pool of exchanges. */
	struct state *pool;
	size_t pool_n;
	pthread_mutex_t clients_lock; /* Protects the list; a socket in it is open while the lock is held. */
	pthread_cond_t clients_over;
	struct client *clients;
	size_t clients_n;            /* Without those that are ended. */
	in_addr_t proxy;             /* Not bounded as one address; INADDR_NONE: there is none. */
	bool closing;
	pthread_t watchman;
};

enum phase { READING, SWALLOWING, REFUSED, ANSWERED };

/* An exchange and what http.c keeps for it. */
struct state {
	struct http_exchange exchange;
	struct http *http;
	struct MHD_Connection *connection;
	struct buffer body;
	enum phase phase;
	atomic_int stream_asleep;
	struct state *next;
};

static struct state *state_take(struct http *http)
{
	pthread_mutex_lock(&http->lock);
	struct state *state = http->pool;
	if (state) {
		http->pool = state->next;
		http->pool_n--;
	}
	pthread_mutex_unlock(&http->lock);
	if (!state) {
		state = memory_zero_alloc(1, sizeof *state);
		if (!state)
			return NULL;
		arena_init(&state->exchange.arena, HTTP_ARENA_BYTES);
		state->exchange.out = BUFFER_INIT(HTTP_REPLY_BYTES_MAX);
		state->http = http;
	}
	return state;
}

static void state_free(struct state *state)
{
	arena_free(&state->exchange.arena);
	buffer_free(&state->exchange.out);
	buffer_free(&state->body);
	memory_free(state);
}

/* Back to the pool, empty, unless it has grown large. */
static void state_give(struct state *state)
{
	struct http *http = state->http;
	struct arena arena = state->exchange.arena;
	struct buffer out = state->exchange.out;
	arena_reset(&arena);
	buffer_reset(&out);
	buffer_reset(&state->body);
	state->exchange = (struct http_exchange){.arena = arena, .out = out};
	state->phase = READING;
	pthread_mutex_lock(&http->lock);
	bool keep = http->pool_n < POOL_MAX && out.capacity <= KEEP_BYTES && state->body.capacity <= KEEP_BYTES;
	if (keep) {
		state->next = http->pool;
		http->pool = state;
		http->pool_n++;
	}
	pthread_mutex_unlock(&http->lock);
	if (!keep)
		state_free(state);
}

static enum http_method method_of(const char *name)
{
	static const char *const names[] = {"GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return (enum http_method)i;
	return HTTP_OTHER;
}

static ssize_t stream_read(void *arg, uint64_t at, char *out, size_t max)
{
	struct state *state = arg;
	struct http_stream *stream = state->exchange.stream;
	(void)at;
	/* Asleep is said before looking: who adds something afterwards sees it and wakes us. */
	atomic_store(&state->stream_asleep, 1);
	long n = stream->read(stream, out, max);
	if (n == 0) {
		if (atomic_load(&state->stream_asleep))
			MHD_suspend_connection(state->connection);
		return 0;
	}
	atomic_store(&state->stream_asleep, 0);
	return n < 0 ? MHD_CONTENT_READER_END_OF_STREAM : n;
}

static ssize_t source_read(void *arg, uint64_t at, char *out, size_t max)
{
	struct state *state = arg;
	struct http_source *source = state->exchange.source;
	long n = source->read(source, at, out, max);
	return n > 0 ? n : MHD_CONTENT_READER_END_WITH_ERROR;
}

/* The answer comes from a source: its client has so long to take it. */
static void source_begin(struct state *state)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(state->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct client *client = info ? info->socket_context : NULL;
	int64_t seconds = SOURCE_PATIENCE_S + (int64_t)(state->exchange.source->bytes / SOURCE_BYTES_A_S);
	if (client)
		atomic_store_explicit(&client->taken_by_ns, (int64_t)clock_monotonic_ns() + seconds * 1000000000, memory_order_relaxed);
}

static struct MHD_Response *response_make(struct state *state, bool streaming)
{
	struct http_exchange *x = &state->exchange;
	struct text body = x->fixed.p ? x->fixed : buffer_view(&x->out);
	if (streaming)
		return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, stream_read, state, NULL);
	if (x->source) {
		source_begin(state);
		return MHD_create_response_from_callback(x->source->bytes, SOURCE_BLOCK, source_read, state, NULL);
	}
	if (x->out.failed && !x->fixed.p) {
		x->status = 413;
		x->type = "application/json";
		body = TEXT("{\"code\":\"too_large\",\"message\":\"The answer is larger than the server can give at once: ask for fewer with n=, or for a shorter time.\"}");
	}
	return MHD_create_response_from_buffer(body.n, (void *)(uintptr_t)(body.p ? body.p : ""), MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result reply_queue(struct state *state, bool streaming)
{
	struct http_exchange *x = &state->exchange;
	struct MHD_Response *response = response_make(state, streaming);
	if (!response)
		return MHD_NO;
	if (x->type)
		MHD_add_response_header(response, "Content-Type", x->type);
	for (size_t i = 0; i < x->headers_n; i++)
		MHD_add_response_header(response, x->headers[i].name, x->headers[i].value);
	enum MHD_Result result = MHD_queue_response(state->connection, (unsigned)x->status, response);
	MHD_destroy_response(response);
	return result;
}

/* ---- clients that dawdle ---- */

/*
 * The library cuts off who is silent for timeout_s. Who sends a byte now and then is never silent, and could hold a
 * connection for hours; so a request must have come in whole within REQUEST_TIMEOUTS times that.
 */
static void *watchman_run(void *arg)
{
	struct http *http = arg;
	int64_t longest_ns = (int64_t)http->options.timeout_s * REQUEST_TIMEOUTS * 1000000000;
	thread_name("watchman");
	pthread_mutex_lock(&http->clients_lock);
	while (!http->closing) {
		struct timespec until = clock_deadline(WATCH_MS);
		pthread_cond_timedwait(&http->clients_over, &http->clients_lock, &until);
		int64_t now = (int64_t)clock_monotonic_ns();
		for (struct client *client = http->clients; client; client = client->next) {
			int64_t since = atomic_load_explicit(&client->reading_ns, memory_order_relaxed);
			int64_t taken_by = atomic_load_explicit(&client->taken_by_ns, memory_order_relaxed);
			if ((since && now - since > longest_ns) || (taken_by && now > taken_by))
				shutdown(client->socket, SHUT_RDWR);
		}
	}
	pthread_mutex_unlock(&http->clients_lock);
	return NULL;
}

/* ---- places for connections ---- */

static void client_end(struct http *http, struct client *client)
{
	if (client->ended)
		return;
	client->ended = true;
	http->clients_n--;
}

/*
 * End the connection that has waited longest for a request: of any address, or of @address, when it has waited for IDLE_MS. False
 * when there is none: an address that opens connections faster than it can use them costs others less by being refused. Lock held.
 */
static bool idlest_end(struct http *http, const in_addr_t *address)
{
	struct client *idlest = NULL;
	int64_t since = address ? (int64_t)clock_monotonic_ns() - IDLE_MS * 1000000ll : INT64_MAX;
	for (struct client *client = http->clients; client; client = client->next) {
		int64_t reading = atomic_load_explicit(&client->reading_ns, memory_order_relaxed);
		if (!client->ended && reading && reading < since && (!address || client->address == *address)) {
			idlest = client;
			since = reading;
		}
	}
	if (!idlest)
		return false;
	client_end(http, idlest);
	shutdown(idlest->socket, SHUT_RDWR);
	return true;
}

static bool address_is_full(const struct http *http, in_addr_t address)
{
	size_t n = 0, most = http->options.connections_an_address;
	if (most == 0 || address == http->proxy || http->clients_n < most)
		return false;
	for (const struct client *client = http->clients; client; client = client->next)
		n += !client->ended && client->address == address;
	return n >= most;
}

static in_addr_t address_of(const struct sockaddr *address)
{
	return address && address->sa_family == AF_INET ? ((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr : INADDR_NONE;
}

static enum MHD_Result connection_wanted(void *arg, const struct sockaddr *from, socklen_t n)
{
	struct http *http = arg;
	in_addr_t address = address_of(from);
	(void)n;
	pthread_mutex_lock(&http->clients_lock);
	bool room = !address_is_full(http, address) || idlest_end(http, &address);
	if (room && http->clients_n >= http->options.connections_max)
		room = idlest_end(http, NULL);
	pthread_mutex_unlock(&http->clients_lock);
	return room ? MHD_YES : MHD_NO;
}

static void connection_notify(void *arg, struct MHD_Connection *connection, void **context, enum MHD_ConnectionNotificationCode code)
{
	struct http *http = arg;
	struct client *client = *context;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		*context = client = info ? memory_zero_alloc(1, sizeof *client) : NULL;
		if (!client)
			return;
		const union MHD_ConnectionInfo *from = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
		client->socket = info->connect_fd;
		client->address = from ? address_of(from->client_addr) : INADDR_NONE;
		atomic_store(&client->reading_ns, (int64_t)clock_monotonic_ns());
		pthread_mutex_lock(&http->clients_lock);
		client->next = http->clients;
		if (client->next)
			client->next->previous = client;
		http->clients = client;
		http->clients_n++;
		pthread_mutex_unlock(&http->clients_lock);
	} else if (client) {
		pthread_mutex_lock(&http->clients_lock);
		client_end(http, client);
		if (client->next)
			client->next->previous = client->previous;
		if (client->previous)
			client->previous->next = client->next;
		else
			http->clients = client->next;
		pthread_mutex_unlock(&http->clients_lock);
		memory_free(client);
		*context = NULL;
	}
}

static void reading_since(struct MHD_Connection *connection, int64_t ns)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct client *client = info ? info->socket_context : NULL;
	if (!client)
		return;
	atomic_store_explicit(&client->reading_ns, ns, memory_order_relaxed);
	atomic_store_explicit(&client->taken_by_ns, 0, memory_order_relaxed);
}

/* ---- requests ---- */

/* Bytes of a head, with their length: a name or a value may hold a 0, which no text of ours may. */
static bool is_clean(const char *bytes, size_t n)
{
	return !bytes || (!memchr(bytes, 0, n) && text_is_utf8((struct text){bytes, n}));
}

static enum MHD_Result query_check(void *arg, enum MHD_ValueKind kind, const char *name, size_t name_n, const char *value, size_t value_n)
{
	struct http_exchange *x = arg;
	(void)kind;
	if (!is_clean(name, name_n) || !is_clean(value, value_n))
		x->malformed = "The query";
	return MHD_YES;
}

static enum MHD_Result header_check(void *arg, enum MHD_ValueKind kind, const char *name, size_t name_n, const char *value, size_t value_n)
{
	static const struct text ours[] = {TEXT("Cookie"), TEXT("Authorization"), TEXT("X-Attune"), TEXT("X-Attune-Reason")};
	struct http_exchange *x = arg;
	(void)kind;
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (text_equal_fold((struct text){name, name_n}, ours[i]) && !is_clean(value, value_n))
			x->malformed = "A header";
	return MHD_YES;
}

/* Everything that is read of a request's head is checked here, once. */
static void head_check(struct http_exchange *x, struct MHD_Connection *connection)
{
	MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, query_check, x);
	MHD_get_connection_values_n(connection, MHD_HEADER_KIND, header_check, x);
	if (!text_is_utf8(x->path))
		x->malformed = "The path";
}

static enum MHD_Result handle(struct state *state)
{
	struct http_exchange *x = &state->exchange;
	reading_since(state->connection, 0);
	x->body = buffer_view(&state->body);
	state->phase = ANSWERED;
	thread_prompt();
	switch (state->http->options.handle(state->http->options.arg, x)) {
	case HTTP_REPLY:
		return reply_queue(state, false);
	case HTTP_STREAM:
		atomic_store(&x->stream->exchange, x);
		return reply_queue(state, true);
	case HTTP_PAUSE:
		/* First suspended, then published: who resumes it cannot be too early. */
		MHD_suspend_connection(state->connection);
		x->paused(x);
		return MHD_YES;
	}
	return MHD_NO;
}

static enum MHD_Result begin(struct http *http, struct MHD_Connection *connection, const char *path, const char *method, void **user)
{
	struct state *state = state_take(http);
	if (!state)
		return MHD_NO;
	struct http_exchange *x = &state->exchange;
	state->connection = connection;
	atomic_store(&state->stream_asleep, 0);
	x->state = state;
	x->method = method_of(method);
	x->path = text_copy(&x->arena, text_of(path));
	state->body.bytes_max = http->options.body_bytes && x->path.p ? http->options.body_bytes(http->options.arg, x) : http->options.body_bytes_max;
	x->status = 200;
	x->type = "application/json";
	*user = state;
	if (x->path.p)
		head_check(x, connection);
	if (x->path.p && http->options.unwanted && http->options.unwanted(http->options.arg, x)) {
		state->phase = REFUSED;
		http_reply_header(x, "Connection", "close");
		return reply_queue(state, false);
	}
	int64_t length;
	struct text declared = http_header_of(x, "Content-Length");
	if (declared.n && text_to_int64(declared, &length) == 0) {
		if (length > (int64_t)state->body.bytes_max) {
			http->options.refused(http->options.arg, x);
			/* A client that is still writing when the connection closes never sees why. So the body is read and
			 * dropped first, unless it is huge or the client asks before sending it. */
			state->phase = SWALLOWING;
			if (length <= SWALLOW_BYTES_MAX && http_header_of(x, "Expect").n == 0)
				return MHD_YES;
			state->phase = REFUSED;
			http_reply_header(x, "Connection", "close");
			return reply_queue(state, false);
		}
		buffer_reserve(&state->body, (size_t)length);
	}
	return x->path.p ? MHD_YES : MHD_NO;
}

static enum MHD_Result access_handler(void *arg, struct MHD_Connection *connection, const char *path, const char *method,
                                      const char *version, const char *data, size_t *data_n, void **user)
{
	struct http *http = arg;
	struct state *state = *user;
	(void)version;
	if (!state)
		return begin(http, connection, path, method, user);
	if (*data_n) {
		if (state->phase == READING)
			buffer_append(&state->body, data, *data_n);
		*data_n = 0;
		return MHD_YES;
	}
	if (state->phase == REFUSED)
		return MHD_YES;
	if (state->phase == SWALLOWING) {
		state->phase = REFUSED;
		return reply_queue(state, false);
	}
	if (state->phase == ANSWERED)
		return reply_queue(state, false);
	if (state->body.failed) {
		state->phase = REFUSED;
		http->options.refused(http->options.arg, &state->exchange);
		return reply_queue(state, false);
	}
	return handle(state);
}

static void completed(void *arg, struct MHD_Connection *connection, void **user, enum MHD_RequestTerminationCode code)
{
	struct http *http = arg;
	struct state *state = *user;
	(void)code;
	reading_since(connection, (int64_t)clock_monotonic_ns());
	if (!state)
		return;
	if (state->exchange.stream)
		state->exchange.stream->closed(state->exchange.stream);
	http_source_drop(&state->exchange);
	http->options.done(http->options.arg, &state->exchange);
	state_give(state);
	*user = NULL;
}

void http_source_drop(struct http_exchange *exchange)
{
	struct http_source *source = exchange->source;
	exchange->source = NULL;
	if (source)
		source->close(source);
}

void http_resume(struct http_exchange *exchange)
{
	struct state *state = exchange->state;
	MHD_resume_connection(state->connection);
}

void http_stream_wake(struct http_stream *stream)
{
	struct http_exchange *exchange = atomic_load(&stream->exchange);
	struct state *state = exchange ? exchange->state : NULL;
	if (state && atomic_exchange(&state->stream_asleep, 0))
		MHD_resume_connection(state->connection);
}

static void quiet(void *arg, const char *format, va_list args)
{
	char message[256];
	(void)arg;
	vsnprintf(message, sizeof message, format, args);
	report(REPORT_DEBUG, "http", "%s", message);
}

static void http_free(struct http *http)
{
	while (http->pool) {
		struct state *state = http->pool;
		http->pool = state->next;
		state_free(state);
	}
	pthread_cond_destroy(&http->clients_over);
	pthread_mutex_destroy(&http->clients_lock);
	pthread_mutex_destroy(&http->lock);
	memory_free(http);
}

int http_start(struct http **out, const struct http_options *options)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(options->port)};
	if (inet_pton(AF_INET, options->address, &address.sin_addr) != 1)
		return ERROR_INVALID;
	struct http *http = memory_zero_alloc(1, sizeof *http);
	if (!http)
		return ERROR_MEMORY;
	http->options = *options;
	http->quiesced = -1;
	http->proxy = inet_addr(options->proxy && options->proxy[0] ? options->proxy : "none");
	pthread_mutex_init(&http->lock, NULL);
	pthread_mutex_init(&http->clients_lock, NULL);
	clock_condition_init(&http->clients_over);
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | MHD_USE_ITC;
	*out = http; /* Before the first request can ask for it. */
	http->daemon = MHD_start_daemon(
		flags, options->port, connection_wanted, http, access_handler, http, MHD_OPTION_EXTERNAL_LOGGER, quiet, NULL, MHD_OPTION_NOTIFY_COMPLETED,
		completed, http, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_THREAD_POOL_SIZE, options->threads,
		MHD_OPTION_CONNECTION_LIMIT, (options->connections_max + CONNECTIONS_ENDING) * options->threads, MHD_OPTION_CONNECTION_TIMEOUT, options->timeout_s,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_LISTEN_BACKLOG_SIZE, 1024u, MHD_OPTION_NOTIFY_CONNECTION, connection_notify, http, MHD_OPTION_END);
	int error = !http->daemon ? ERROR_IO : 0;
	if (!error && pthread_create(&http->watchman, NULL, watchman_run, http) != 0) {
		MHD_stop_daemon(http->daemon);
		error = ERROR_MEMORY;
	}
	if (error) {
		*out = NULL;
		http_free(http);
	}
	return error;
}

uint16_t http_port(const struct http *http)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_BIND_PORT);
	return info ? info->port : 0;
}

unsigned http_connections(const struct http *http)
{
	struct MHD_Daemon *daemon = http->daemon;
	const union MHD_DaemonInfo *info = daemon ? MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS) : NULL;
	return info ? info->num_connections : 0;
}

void http_quiesce(struct http *http)
{
	http->quiesced = MHD_quiesce_daemon(http->daemon);
}

void http_stop(struct http *http)
{
	if (!http)
		return;
	pthread_mutex_lock(&http->clients_lock);
	http->closing = true;
	pthread_cond_signal(&http->clients_over);
	pthread_mutex_unlock(&http->clients_lock);
	pthread_join(http->watchman, NULL);
	MHD_stop_daemon(http->daemon);
	if (http->quiesced >= 0)
		close(http->quiesced);
	http_free(http);
}

static struct text value_of(struct http_exchange *exchange, enum MHD_ValueKind kind, const char *name)
{
	struct state *state = exchange->state;
	const char *value = MHD_lookup_connection_value(state->connection, kind, name);
	struct text text = value ? text_of(value) : (struct text){"", 0};
	return kind != MHD_HEADER_KIND || text_is_utf8(text) ? text : (struct text){"", 0};
}

struct text http_header_of(struct http_exchange *exchange, const char *name)
{
	return value_of(exchange, MHD_HEADER_KIND, name);
}

struct text http_query(struct http_exchange *exchange, const char *name)
{
	return value_of(exchange, MHD_GET_ARGUMENT_KIND, name);
}

bool http_query_has(struct http_exchange *exchange, const char *name)
{
	struct state *state = exchange->state;
	const char *value;
	size_t n;
	/* Also without a value: "?invited". */
	return MHD_lookup_connection_value_n(state->connection, MHD_GET_ARGUMENT_KIND, name, strlen(name), &value, &n) == MHD_YES;
}

struct text http_cookie(struct http_exchange *exchange, const char *name)
{
	return value_of(exchange, MHD_COOKIE_KIND, name);
}

struct text http_peer(struct http_exchange *exchange)
{
	struct state *state = exchange->state;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(state->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	char address[INET_ADDRSTRLEN];
	if (!info || info->client_addr->sa_family != AF_INET ||
	    !inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)info->client_addr)->sin_addr, address, sizeof address))
		return (struct text){"", 0};
	struct text copy = text_copy(&exchange->arena, text_of(address));
	return copy.p ? copy : (struct text){"", 0};
}

void http_reply_header(struct http_exchange *exchange, const char *name, const char *value)
{
	assert(exchange->headers_n < HTTP_HEADERS_MAX);
	exchange->headers[exchange->headers_n++] = (struct http_header){name, value};
}
