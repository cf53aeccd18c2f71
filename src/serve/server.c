/* server.c: replies, routing, the life of a request, and what handlers share. */
#include "serve/server.h"

#include "base/clock.h"
#include "identify/resolve.h"
#include "serve/caller.h"
#include "serve/collect.h"
#include "serve/copy_read.h"
#include "serve/pace.h"
#include "serve/standing.h"
#include "trust/reader.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { BODY_DEPTH_MAX = 24, QUICK_EVENTS_MAX = 4 * ENGINE_PROMPT_EVENTS /* Of a history that the quick lane reads: ten milliseconds. */ };

/* ---- replies ---- */

static void secure(struct request *request)
{
	http_reply_header(request->http, "X-Content-Type-Options", "nosniff");
}

static void retry_after(struct request *request)
{
	char *seconds = arena_alloc(request->arena, 24);
	if (seconds)
		snprintf(seconds, 24, "%lld", (long long)(request->retry_after_s ? request->retry_after_s : 1));
	http_reply_header(request->http, "Retry-After", seconds ? seconds : "1");
}

void reply_error(struct request *request, int status, const char *code, const char *format, ...)
{
	char message[400];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	buffer_reset(&request->http->out);
	request->out = JSON_WRITER(&request->http->out);
	request->http->status = status;
	request->http->fixed = (struct text){0};
	http_source_drop(request->http);
	request->http->type = "application/json";
	request->wait_for = 0;
	if (request->route && request->route->refuse) {
		request->http->headers_n = 0; /* A redirect may stand there already. */
		secure(request);
		request->route->refuse(request, status, code);
	} else {
		json_object_begin(&request->out);
		json_put_text(&request->out, "code", text_of(code));
		json_put_text(&request->out, "message", text_of(message));
		json_object_end(&request->out);
	}
	if (status == 429 || status == 503)
		retry_after(request);
}

void reply_failure(struct request *request, int error)
{
	static const struct {
		int error, status;
	} statuses[] = {{ERROR_INVALID, 400},   {ERROR_NOT_FOUND, 404}, {ERROR_EXISTS, 409}, {ERROR_LIMIT, 429}, {ERROR_DENIED, 403},
	                {ERROR_CONFLICT, 409},  {ERROR_BUSY, 429},      {ERROR_FULL, 503},   {ERROR_CLOSED, 503},  {ERROR_REBUILDING, 503}, {ERROR_MEMORY, 503}};
	int status = 500;
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		if (statuses[i].error == error)
			status = statuses[i].status;
	reply_error(request, status, error_name(error), "%s", error_sentence(error));
}

/* What a thread keeps for its life: the buffers are what makes parsing and encoding fast. */
static _Thread_local struct {
	struct json_parser *parser;
	struct buffer buffer;
} kept;
static pthread_key_t kept_key; /* Its destructor frees what the thread kept. */

static void kept_free(void *of)
{
	(void)of;
	json_parser_free(kept.parser);
	buffer_free(&kept.buffer);
}

static void kept_key_make(void)
{
	int error = pthread_key_create(&kept_key, kept_free);
	assert(error == 0);
	(void)error;
}

static void kept_free_at_end(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, kept_key_make);
	pthread_setspecific(kept_key, &kept);
}

struct json_parser *thread_parser(void)
{
	if (!kept.parser) {
		kept.parser = json_parser_new(REQUEST_BODY_BYTES_MAX, BODY_DEPTH_MAX);
		kept_free_at_end();
	}
	return kept.parser;
}

struct buffer *thread_buffer(void)
{
	if (kept.buffer.bytes_max == 0) {
		kept.buffer = BUFFER_INIT(2 * REQUEST_BODY_BYTES_MAX);
		kept_free_at_end();
	}
	buffer_reset(&kept.buffer);
	return &kept.buffer;
}

bool request_json(struct request *request, struct json *root)
{
	struct json_parser *parser = thread_parser();
	int error = parser ? json_parse(parser, request->http->body, root) : ERROR_MEMORY;
	if (error == ERROR_MEMORY)
		reply_failure(request, error);
	else if (error)
		reply_error(request, 400, error == ERROR_LIMIT ? "too_deep" : "invalid_json", "The body is not acceptable JSON: %s",
		            json_parser_error(parser));
	else if (json_type_of(*root) != JSON_OBJECT)
		reply_error(request, 400, "invalid_json", "The body must be a JSON object.");
	else
		return !request->route->body || body_check(request, *root, request->route->body);
	return false;
}

bool request_time(struct request *request, const char *name, int64_t otherwise, int64_t *ms)
{
	struct text text = http_query(request->http, name);
	*ms = otherwise;
	if (text.n == 0 || clock_parse(text, ms) == 0)
		return true;
	reply_error(request, 400, "invalid_time", "\"%s\" must be a time such as 2026-05-03T07:00:00Z.", name);
	return false;
}

bool request_number(struct request *request, const char *name, int64_t otherwise, int64_t smallest, int64_t largest, int64_t *n)
{
	struct text text = http_query(request->http, name);
	*n = otherwise;
	if (text.n == 0 || (text_to_int64(text, n) == 0 && *n >= smallest && *n <= largest))
		return true;
	reply_error(request, 400, "invalid_number", "\"%s\" must be a number from %lld to %lld.", name, (long long)smallest,
	            (long long)largest);
	return false;
}

/* ---- customers ---- */

static uint32_t present_of(struct server *server, uint32_t origin)
{
	return origin ? atomic_load_explicit(&engine_origin(server->engine, origin)->customer, memory_order_acquire) : 0;
}

static uint32_t origin_of_cid(struct server *server, struct text cid)
{
	struct origin_id id;
	if (!origin_parse(cid, &id))
		return 0;
	uint32_t origin = directory_find(engine_directory(server->engine), directory_hash_id(id));
	return present_of(server, origin) ? origin : 0; /* Who was erased is nobody. */
}

uint32_t customer_named(struct server *server, struct text name)
{
	char copy[IDENTIFIER_BYTES_MAX];
	struct identifier identifier;
	uint32_t origin = origin_of_cid(server, name);
	if (origin || !identifier_parse(name, &identifier))
		return origin;
	return resolve_find(server->engine, identifier_normalise(identifier, copy));
}

static uint32_t nobody(struct request *request)
{
	reply_error(request, 404, "not_found", "There is no such customer.");
	return 0;
}

/* Did the customer of @origin say yes to being looked at behind figures? */
static bool has_agreed(struct request *request, uint32_t origin)
{
	struct engine *engine = request->server->engine;
	const struct purpose *purpose = purpose_find(engine_config(engine), TEXT("analytics"));
	struct customer *customer = customer_lock_of(engine, origin);
	if (!customer)
		return false;
	bool agreed = behind_may_name(engine, customer, purpose, request->now_ms);
	customer_unlock(engine, customer);
	return agreed;
}

/* A token sees its own customer. Who else there is it does not learn: no customer and another's are denied alike. */
static uint32_t permitted(struct request *request, uint32_t origin)
{
	struct server *server = request->server;
	if (request->caller.scope == KEY_SECRET && staff_opens_agreed_only(request)) {
		if (origin && has_agreed(request, origin))
			return origin;
		reply_error(request, 403, "outside_role", "Your role opens customers who agreed to be looked at one by one.");
		return 0;
	}
	if (request->caller.scope == KEY_SECRET)
		return origin ? origin : nobody(request);
	if (request->caller.scope == KEY_CUSTOMER && origin &&
	    present_of(server, customer_named(server, request->caller.subject)) == present_of(server, origin))
		return origin;
	reply_error(request, 403, "denied", "This key may not see that customer.");
	return 0;
}

/* The customer of the token itself. */
static uint32_t own(struct request *request)
{
	uint32_t origin = customer_named(request->server, request->caller.subject);
	return origin ? origin : nobody(request);
}

bool request_puts_off(struct request *request, uint32_t origin)
{
	if (!origin || request->lane != LANE_QUICK || request->route->mode != ROUTE_WORKER)
		return false;
	struct customer *customer = customer_lock_of(request->server->engine, origin);
	if (!customer)
		return false;
	request->put_off = customer->events > QUICK_EVENTS_MAX ? customer->number : 0;
	customer_unlock(request->server->engine, customer);
	return request->put_off != 0;
}

uint32_t request_customer_path(struct request *request, struct text cid)
{
	bool is_own = text_equal(cid, TEXT("me")) && request->caller.scope == KEY_CUSTOMER;
	uint32_t origin = is_own ? own(request) : permitted(request, origin_of_cid(request->server, cid));
	return origin && request_puts_off(request, origin) ? 0 : origin;
}

uint32_t request_customer_identifier(struct request *request, struct text text)
{
	struct identifier identifier;
	char copy[IDENTIFIER_BYTES_MAX];
	if (!identifier_parse(text, &identifier)) {
		reply_error(request, 400, "invalid_identifier", "An identifier looks like user:ana or email:ana@example.org.");
		return 0;
	}
	uint32_t origin = resolve_find(request->server->engine, identifier_normalise(identifier, copy));
	if (request->caller.scope == KEY_WRITE) {
		/* What a public key may decide for: somebody of whom nothing but anonymousIds is known. */
		if (origin && text_equal(identifier.type, IDENTIFIER_ANONYMOUS) && !customer_is_known(request->server, origin))
			return origin;
		if (!origin && text_equal(identifier.type, IDENTIFIER_ANONYMOUS)) {
			reply_error(request, 404, "not_found", "There is no such customer yet.");
			return 0;
		}
	}
	if (request->caller.scope == KEY_CUSTOMER && text_equal(text, request->caller.subject))
		return own(request);
	origin = permitted(request, origin);
	if (origin && request->caller.scope == KEY_CUSTOMER && request->http->method == HTTP_POST && text_equal(identifier.type, IDENTIFIER_ANONYMOUS)) {
		int error = request_confirm(request, origin, identifier_normalise(identifier, copy).value);
		if (error)
			reply_failure(request, error);
		return error ? 0 : origin;
	}
	return origin;
}

uint32_t request_customer_body(struct request *request, struct json customer)
{
	struct text cid = json_text(json_get(customer, TEXT("cid"))), identifier = json_text(json_get(customer, TEXT("identifier")));
	if (json_type_of(customer) == JSON_ABSENT && request->caller.scope == KEY_CUSTOMER)
		return own(request);
	if (cid.n)
		return permitted(request, origin_of_cid(request->server, cid));
	if (identifier.n)
		return request_customer_identifier(request, identifier);
	reply_error(request, 400, "no_customer", "\"customer\" must say whom: {\"identifier\": \"user:ana\"} or {\"cid\": \"...\"}.");
	return 0;
}

bool customer_is_known(struct server *server, uint32_t origin)
{
	struct identifier_known known;
	bool found = false;
	struct customer *customer = customer_lock_of(server->engine, origin);
	if (!customer)
		return false;
	int error = customer_refresh(server->engine, customer);
	struct text state = reader_service(server->engine, customer, &identifier_fold);
	for (size_t at = 0; identifier_next(state, &at, &known) && !found;)
		found = !text_equal(known.identifier.type, IDENTIFIER_ANONYMOUS);
	customer_unlock(server->engine, customer);
	return found || error;
}

/* ---- routing ---- */

/* Does @path fit @pattern? The parts for {…} are written to @parameters. */
static bool route_fits(const char *pattern, struct text path, struct text *parameters)
{
	struct text rest = text_of(pattern), wanted, given;
	size_t n = 0;
	if (!memchr(pattern, '{', rest.n))
		return text_equal(rest, path);
	while (text_next(&rest, '/', &wanted)) {
		if (!text_next(&path, '/', &given))
			return false;
		if (wanted.n && wanted.p[0] == '{') {
			if (given.n == 0 || n == REQUEST_PARAMETERS_MAX)
				return false;
			parameters[n++] = given;
		} else if (!text_equal(wanted, given)) {
			return false;
		}
	}
	return !path.p;
}

static const struct route *route_find(struct request *request, bool *path_known)
{
	struct http_exchange *x = request->http;
	enum http_method method = x->method == HTTP_HEAD ? HTTP_GET : x->method;
	*path_known = false;
	for (const struct route *route = routes; route->path; route++) {
		if (!route_fits(route->path, x->path, request->parameters))
			continue;
		*path_known = true;
		if (route->method == method)
			return route;
	}
	return NULL;
}

static void cors(struct request *request)
{
	struct text origin = http_header_of(request->http, "Origin");
	if (origin.n == 0 || !text_starts(request->http->path, TEXT("/v1/")))
		return;
	http_reply_header(request->http, "Access-Control-Allow-Origin", origin.p);
	http_reply_header(request->http, "Access-Control-Expose-Headers", "Retry-After, X-RateLimit-Reset");
	http_reply_header(request->http, "Vary", "Origin");
	if (request->http->method != HTTP_OPTIONS)
		return;
	http_reply_header(request->http, "Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS");
	http_reply_header(request->http, "Access-Control-Allow-Headers", "Authorization, Content-Type, X-Retry-Count, X-Attune, X-Attune-Reason");
	http_reply_header(request->http, "Access-Control-Max-Age", "900");
}

/* Find the route and check who calls. False: an answer stands already. */
static bool prepare(struct request *request)
{
	bool path_known;
	cors(request);
	secure(request);
	if (request->http->malformed) {
		reply_error(request, 400, "invalid_utf8", "%s must be UTF-8 without zero bytes.", request->http->malformed);
		return false;
	}
	request->route = route_find(request, &path_known);
	if (request->http->method == HTTP_OPTIONS && path_known) {
		request->http->status = 204;
		return false;
	}
	if (!request->route) {
		if (path_known)
			reply_error(request, 405, "method_not_allowed", "This path does not take that method.");
		else
			reply_error(request, 404, "no_route", "There is nothing at this path; /openapi.json lists what there is.");
		return false;
	}
	if (request->route->scopes == 0)
		return true;
	if (request->route->scopes & KEY_WRITE && request->http->method == HTTP_POST &&
	    http_header_of(request->http, "Authorization").n == 0)
		return true; /* The key may stand in the body: the handler looks. */
	request_caller(request, (struct text){0});
	return request_permitted(request);
}

/* ---- the life of a request ---- */

static void figures_note(struct request *request)
{
	struct server_figures *figures = &request->server->figures;
	unsigned class = (unsigned)request->http->status / 100;
	uint64_t us = (clock_monotonic_ns() - request->begun_ns) / 1000;
	unsigned bucket = us ? 64 - (unsigned)__builtin_clzll(us) : 0;
	atomic_fetch_add_explicit(&figures->requests[class < 6 ? class : 5], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&figures->latency[bucket < 32 ? bucket : 31], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&figures->latency_us, us, memory_order_relaxed);
}

static void on_durable(struct log_waiter *waiter, int error)
{
	struct request *request = (struct request *)((char *)waiter - offsetof(struct request, waiter));
	if (error)
		reply_error(request, 503, "unknown", "It is not known whether this was stored: send it again with the same messageId.");
	http_resume(request->http);
}

static void pause_until_durable(struct http_exchange *exchange)
{
	struct request *request = exchange->user;
	request->waiter = (struct log_waiter){.position = request->wait_for, .call = on_durable};
	log_when_durable(engine_log(request->server->engine), &request->waiter);
}

/* ---- work that is not done at once ---- */

/* Backends ask for many customers at a time; a page asks for what it shows, a customer for one thing after the other. */
enum { INLINE_BYTES_MAX = 8 * 1024, INLINE_KEY_BYTES_MAX = 128 * 1024 };
enum { WAITING_KEY_MAX = 500, WAITING_STAFF_MAX = 64, WAITING_CUSTOMER_MAX = 24, WAITING_ADDRESS_MAX = 64 };

static size_t request_waiting_max(const struct request *request)
{
	const struct caller *caller = &request->caller;
	return caller->staff.n ? WAITING_STAFF_MAX : caller->key ? WAITING_KEY_MAX : caller->scope == KEY_CUSTOMER ? WAITING_CUSTOMER_MAX : WAITING_ADDRESS_MAX;
}

uint64_t request_who(struct request *request)
{
	const struct caller *caller = &request->caller;
	struct pace *pace = request->server->pace;
	if (caller->staff.n)
		return pace_mark(pace, TEXT("staff"), caller->staff);
	if (caller->key)
		return pace_mark(pace, TEXT("key"), text_of(caller->key->id));
	if (caller->scope == KEY_CUSTOMER) { /* However a token names the customer. */
		uint32_t customer = present_of(request->server, customer_named(request->server, caller->subject));
		return pace_mark(pace, TEXT("customer"), (struct text){(const char *)&customer, sizeof customer});
	}
	return pace_mark(pace, TEXT("address"), request_address(request));
}

static void pause_for_work(struct http_exchange *exchange)
{
	struct request *request = exchange->user;
	int error = work_add(request->server->work, request->lane, &request->work);
	if (!error)
		return;
	if (error == ERROR_CLOSED) /* The workers may have gone home already. */
		reply_error(request, 503, "closed", "The server is stopping: ask it again when it is back.");
	else
		reply_error(request, 429, "busy", "Too many of your questions are waiting: ask again when some are answered.");
	http_resume(exchange);
}

static enum http_next pause_in(struct request *request, enum lane lane, uint64_t who, size_t running_max)
{
	request->lane = lane;
	request->work.who = who;
	request->work.waiting_max = request_waiting_max(request);
	request->work.running_max = running_max;
	request->http->paused = pause_for_work;
	return HTTP_PAUSE;
}

/* A handler met a history that takes too long where it runs: it begins again in the large lane, in the turn of @customer. */
static enum http_next put_off(struct request *request, uint32_t customer)
{
	struct http_exchange *x = request->http;
	buffer_reset(&x->out);
	request->out = JSON_WRITER(&x->out);
	x->status = 200;
	x->type = "application/json";
	x->fixed = (struct text){0};
	x->headers_n = request->headers_n;
	request->wait_for = 0;
	request->retry_after_s = 0;
	request->put_off = 0;
	return pause_in(request, LANE_LARGE, pace_mark(request->server->pace, TEXT("customer"), (struct text){(const char *)&customer, sizeof customer}), 1);
}

static enum http_next finish(struct request *request)
{
	if (request->streaming)
		return HTTP_STREAM;
	if (request->wait_for == 0 || request->wait_for <= log_durable(engine_log(request->server->engine)))
		return HTTP_REPLY;
	request->http->paused = pause_until_durable;
	return HTTP_PAUSE;
}

/* Answer at once, or begin again where a long history may be folded. */
static enum http_next answer(struct request *request)
{
	engine_prompt_begin();
	request->route->handle(request);
	uint32_t customer = engine_prompt_end();
	return customer ? put_off(request, customer) : finish(request);
}

static void work_run(void *arg, struct work_item *item)
{
	struct request *request = (struct request *)((char *)item - offsetof(struct request, work));
	(void)arg;
	if (request->route->mode == ROUTE_INLINE && request->lane == LANE_QUICK) {
		if (answer(request) == HTTP_PAUSE)
			return request->http->paused(request->http);
		return http_resume(request->http);
	}
	request->route->handle(request);
	if (request->put_off) {
		put_off(request, request->put_off);
		return pause_for_work(request->http);
	}
	if (request->wait_for == 0)
		return http_resume(request->http);
	pause_until_durable(request->http);
}

/*
 * Would the other connections of this thread wait too long for this one? Every byte of a body costs its reader, a byte from a
 * public key up to ten times as much as one from a backend (names, links). Such a batch is for the workers, one of a caller at a time.
 */
static bool is_long(const struct request *request)
{
	return request->http->body.n > (request->caller.scope == KEY_SECRET ? INLINE_KEY_BYTES_MAX : INLINE_BYTES_MAX);
}

static enum http_next handle(void *arg, struct http_exchange *exchange)
{
	struct server *server = arg;
	struct request *request = arena_zero_alloc(&exchange->arena, 1, sizeof *request);
	if (!request) {
		exchange->status = 503;
		return HTTP_REPLY;
	}
	exchange->user = request;
	atomic_fetch_add(&server->under_way, 1); /* Until done. */
	request->server = server;
	request->http = exchange;
	request->arena = &exchange->arena;
	request->out = JSON_WRITER(&exchange->out);
	request->now_ms = clock_now_ms();
	request->begun_ns = clock_monotonic_ns();
	if (atomic_load(&server->stopping)) {
		/* Counted first, then looked: who stops the server either sees this request or is seen by it. */
		http_reply_header(exchange, "Connection", "close");
		reply_error(request, 503, "closed", "The server is stopping: ask it again when it is back.");
		return HTTP_REPLY;
	}
	if (!prepare(request))
		return HTTP_REPLY;
	request->headers_n = exchange->headers_n;
	if (request->route->mode != ROUTE_INLINE)
		return pause_in(request, request->route->mode == ROUTE_LARGE ? LANE_LARGE : LANE_QUICK, request_who(request),
		                request->caller.scope == KEY_CUSTOMER ? 1 : WORK_THREADS_MAX);
	return is_long(request) ? pause_in(request, LANE_QUICK, request_who(request), 1) : answer(request);
}

/* A copy is larger than other bodies: from an admin, and from nobody else. */
static size_t body_bytes(void *arg, struct http_exchange *exchange)
{
	struct request request = {.server = arg, .http = exchange, .arena = &exchange->arena, .now_ms = clock_now_ms()};
	if (exchange->method != HTTP_POST || !text_equal(exchange->path, TEXT("/v1/customers/import")))
		return REQUEST_BODY_BYTES_MAX;
	request_caller(&request, (struct text){0});
	const bool may = request.caller.scope == KEY_SECRET && (request.caller.staff.n == 0 || request.caller.roles & ROLE_ADMIN);
	return may ? COPY_PACKED_BYTES_MAX : REQUEST_BODY_BYTES_MAX;
}

/* Calls that collect, by their path: short ones of the browser's SDK as well. Who is asked to decide sends nothing to be kept. */
static bool is_collecting(const struct http_exchange *exchange)
{
	for (const struct route *route = routes; route->path; route++)
		if (route->method == HTTP_POST && route->collects && text_equal(exchange->path, text_of(route->path)))
			return true;
	return false;
}

static bool unwanted(void *arg, struct http_exchange *exchange)
{
	struct request *request = exchange->method == HTTP_POST && is_collecting(exchange) ? arena_zero_alloc(&exchange->arena, 1, sizeof *request) : NULL;
	if (!request)
		return false;
	*request = (struct request){.server = arg, .http = exchange, .arena = &exchange->arena, .now_ms = clock_now_ms(), .begun_ns = clock_monotonic_ns()};
	bool is = collect_is_unwanted(request);
	if (is)
		cors(request);
	return is;
}

static void refused(void *arg, struct http_exchange *exchange)
{
	struct server *server = arg;
	struct request request = {.server = server, .http = exchange, .arena = &exchange->arena};
	cors(&request);
	atomic_fetch_add(&server->figures.requests_refused, 1);
	if (body_bytes(server, exchange) == COPY_PACKED_BYTES_MAX)
		return reply_error(&request, 413, "too_large", "The zip has more than %d MiB: a copy can be taken out at any size, but taken in only up to that.",
		                   COPY_PACKED_BYTES_MAX >> 20);
	reply_error(&request, strcmp(exchange->path.p, "/v1/import") == 0 ? 413 : 400, "too_large",
	            "The body is larger than %d KiB: send smaller batches.", REQUEST_BODY_BYTES_MAX / 1024);
}

static void done(void *arg, struct http_exchange *exchange)
{
	struct request *request = exchange->user;
	struct server *server = arg;
	if (!request)
		return;
	collect_drop(request->collect);
	figures_note(request);
	atomic_fetch_sub(&server->under_way, 1);
}

void server_answers(struct server *server, struct http_options *http, struct work_options *work)
{
	if (http) {
		http->body_bytes = body_bytes;
		http->unwanted = unwanted;
		http->handle = handle;
		http->refused = refused;
		http->done = done;
		http->arg = server;
	}
	if (work) {
		work->run = work_run;
		work->arg = server;
	}
}
