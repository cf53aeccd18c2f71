/* operations_api.c: health, metrics, the description of the interface, keys, streams. */
#include "serve/api.h"
#include "serve/noted.h"
#include "serve/tokens.h"

#include "base/clock.h"
#include "base/damage.h"
#include "engine/dedupe.h"
#include "engine/tally.h"
#include "event/columns.h"
#include "serve/caller.h"
#include "serve/dead_letters.h"
#include "serve/hub.h"
#include "serve/spool.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void text_reply(struct request *request, const char *text)
{
	request->http->type = "text/plain; charset=utf-8";
	buffer_string(&request->http->out, text);
}

void api_health(struct request *request)
{
	text_reply(request, "ok\n");
}

/* What was found damaged: the server goes on without it, but somebody should know. */
static void damage_write(struct buffer *out)
{
	struct damage pieces[DAMAGE_MAX];
	size_t n = damage_list(pieces, DAMAGE_MAX);
	for (size_t i = 0; i < n; i++)
		buffer_format(out, "damaged: %s at byte %" PRIu64 " (%s): %s %s\n", pieces[i].file, pieces[i].offset,
		              damage_effect_name(pieces[i].effect), pieces[i].what, pieces[i].remedy);
}

void api_ready(struct request *request)
{
	if (log_figures(engine_log(request->server->engine)).full)
		return reply_error(request, 503, "disk_full", "The disk is full: events are refused until there is room.");
	if (atomic_load(&request->server->stopping))
		return reply_error(request, 503, "closed", "The server is stopping.");
	text_reply(request, "ready\n");
	damage_write(&request->http->out);
}

/* ---- metrics ---- */

static void metric(struct buffer *out, const char *name, const char *type, const char *help, double value)
{
	buffer_format(out, "# HELP attune_%s %s\n# TYPE attune_%s %s\nattune_%s %.15g\n", name, help, name, type, name, value);
}

static void latency_write(struct buffer *out, const struct server_figures *figures)
{
	uint64_t sum = 0;
	double seconds = (double)atomic_load(&figures->latency_us) / 1e6;
	buffer_string(out, "# HELP attune_request_seconds Time from a whole request to its answer.\n# TYPE attune_request_seconds histogram\n");
	for (size_t i = 0; i < 32; i++) {
		sum += atomic_load(&figures->latency[i]);
		buffer_format(out, "attune_request_seconds_bucket{le=\"%.6f\"} %" PRIu64 "\n", (double)((uint64_t)1 << i) / 1e6, sum);
	}
	buffer_format(out, "attune_request_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\nattune_request_seconds_sum %.6f\nattune_request_seconds_count %" PRIu64 "\n", sum, seconds, sum);
}

/* What forms asked is counted for ever; here it begins at the start, as all counters do. */
static void asked_write(struct server *server, struct buffer *out)
{
	static const char *const names[] = {"fields_asked_total", "fields_not_asked_total"};
	static const char *const helps[] = {"Fields of forms that had to be asked.", "Fields of forms that were known and not asked."};
	struct tally tallies[TALLIES_MAX];
	size_t n = engine_tallies(server->engine, tallies);
	for (size_t kind = 0; kind < 2; kind++) {
		buffer_format(out, "# HELP attune_%s %s\n# TYPE attune_%s counter\n", names[kind], helps[kind], names[kind]);
		for (size_t i = 0; i < n; i++)
			buffer_format(out, "attune_%s{touchpoint=\"%s\"} %" PRIu64 "\n", names[kind], tallies[i].name,
			              tallies[i].n[kind] - tallies[i].before[kind]);
	}
}

void api_metrics(struct request *request)
{
	struct server *server = request->server;
	struct buffer *out = &request->http->out;
	const struct server_figures *figures = &server->figures;
	struct engine_figures engine = engine_figures(server->engine);
	struct log_figures log = log_figures(engine_log(server->engine));
	request->http->type = "text/plain; version=0.0.4; charset=utf-8";
	metric(out, "events_accepted_total", "counter", "Events stored.", (double)atomic_load(&figures->events_accepted));
	metric(out, "warnings_total", "counter", "Members of events that were not understood, such as categories of consent without a purpose.", (double)atomic_load(&figures->warnings));
	metric(out, "events_refused_total", "counter", "Events refused, in the dead letters.", (double)atomic_load(&figures->events_rejected));
	metric(out, "events_suppressed_total", "counter", "Events about customers who were erased, from before: not stored.", (double)atomic_load(&figures->events_suppressed));
	metric(out, "names", "gauge", "Different names of events, touchpoints and sources, of 65535.", (double)dictionary_taken(engine_dictionary(server->engine)));
	metric(out, "names_public", "gauge", "Those that public keys brought, of names_from_public_max.", (double)dictionary_public_count(engine_dictionary(server->engine)));
	metric(out, "names_folded_total", "counter", "Names that found no room and were stored as \"other\".", (double)atomic_load(&figures->names_folded));
	metric(out, "events_duplicate_total", "counter", "Events seen before.", (double)atomic_load(&figures->events_duplicate));
	metric(out, "decisions_total", "counter", "Decisions made.", (double)atomic_load(&figures->decisions));
	metric(out, "responses_unknown_total", "counter", "Responses to decisions that are not known: kept, never learned from.",
	       (double)atomic_load(&figures->responses_unknown));
	asked_write(server, out);
	buffer_string(out, "# HELP attune_requests_total Requests by class of status.\n# TYPE attune_requests_total counter\n");
	for (size_t i = 1; i < 6; i++)
		buffer_format(out, "attune_requests_total{status=\"%zuxx\"} %" PRIu64 "\n", i, atomic_load(&figures->requests[i]));
	latency_write(out, figures);
	metric(out, "sign_ins_total", "counter", "Sign-ins of staff.", (double)atomic_load(&figures->sign_ins));
	metric(out, "sign_ins_refused_total", "counter", "Tries to sign in that were refused.", (double)atomic_load(&figures->sign_ins_refused));
	metric(out, "requests_paced_total", "counter", "Requests with customer tokens beyond a limit.", (double)atomic_load(&figures->requests_paced));
	metric(out, "sessions", "gauge", "Sessions of staff.", (double)sessions_count(server->sessions));
	metric(out, "customers", "gauge", "Customers.", (double)engine.customers);
	metric(out, "origins", "gauge", "Origins of customers.", (double)engine.origins);
	metric(out, "events", "gauge", "Events in the histories of customers.", (double)engine.events);
	metric(out, "refolds_total", "counter", "Customers folded again.", (double)engine.refolds);
	metric(out, "snapshots_total", "counter", "Snapshot passes.", (double)engine.snapshots);
	metric(out, "snapshot_seconds", "gauge", "Length of the last snapshot pass.", (double)engine.snapshot_ms / 1000);
	metric(out, "recovery_seconds", "gauge", "Length of the recovery at the start.", (double)engine.recovery_ms / 1000);
	metric(out, "replayed_records", "gauge", "Records replayed at the start.", (double)engine.replayed);
	metric(out, "state_bytes", "gauge", "Memory of customers' states.", (double)engine.state_bytes);
	metric(out, "directory_bytes", "gauge", "Memory of the directory of identifiers.", (double)engine.directory_bytes);
	metric(out, "dedupe_bytes", "gauge", "Memory for recognising messages sent twice.", (double)engine.dedupe_bytes);
	metric(out, "dedupe_reach_seconds", "gauge", "How far back messages sent twice are recognised.",
	       (double)dedupe_reach_ms(engine_dedupe(server->engine), engine_receipt_ms(server->engine, request->now_ms)) / 1000);
	metric(out, "log_commits_total", "counter", "Syncs of the log.", (double)log.commits);
	metric(out, "log_bytes_total", "counter", "Bytes written to the log.", (double)log.bytes);
	metric(out, "log_sync_seconds_total", "counter", "Time spent syncing.", (double)log.sync_ns_total / 1e9);
	metric(out, "log_sync_seconds_max", "gauge", "Longest sync.", (double)log.sync_ns_max / 1e9);
	metric(out, "log_pending_bytes", "gauge", "Bytes waiting to be written.", (double)log.pending_bytes);
	metric(out, "log_full", "gauge", "1 while the disk is full.", log.full);
	metric(out, "damaged_pieces", "gauge", "Pieces of files found damaged since the start; /readyz names them.", (double)damage_count());
	metric(out, "column_rows", "gauge", "Rows for whole-base questions.", (double)columns_rows(engine_columns(server->engine)));
	metric(out, "dead_letters_total", "counter", "Refused events since the start.", (double)dead_letters_count(server->dead_letters));
	metric(out, "audit_lost_total", "counter", "Entries the audit log had no room for since the start.", (double)audit_lost(server->audit));
	const struct spools_figures spools = spools_figures(server->spools);
	metric(out, "spool_bytes", "gauge", "Disk for large answers that wait for their readers.", (double)spools.bytes);
	metric(out, "spool_answers", "gauge", "Large answers that wait for their readers.", (double)spools.claims);
	metric(out, "spool_refused_total", "counter", "Large answers refused, as their callers or all together had too many.", (double)spools.refused);
	metric(out, "streams", "gauge", "Open streams.", (double)hub_watchers(server->hub));
	metric(out, "connections", "gauge", "Open connections.", http_connections(server->http));
	metric(out, "uptime_seconds", "gauge", "Time since the start.", (double)(request->now_ms - server->started_ms) / 1000);
}

/* ---- the interface described ---- */

static const char *method_name(enum http_method method)
{
	static const char *const names[] = {"get", "post", "put", "delete"};
	return names[method];
}

static void scopes_write(struct json_writer *out, unsigned scopes)
{
	json_key(out, TEXT("security"));
	json_array_begin(out);
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {{KEY_WRITE, "writeKey"}, {KEY_SECRET, "secretKey"}, {KEY_CUSTOMER, "customerToken"}};
	for (size_t i = 0; i < 3; i++)
		if (scopes & names[i].bit) {
			json_object_begin(out);
			json_key(out, text_of(names[i].name));
			json_array_begin(out);
			json_array_end(out);
			json_object_end(out);
		}
	if (scopes & (KEY_SECRET | ROLE_ANY)) {
		char roles[STAFF_ROLES_BYTES];
		struct text rest = roles_format((scopes | ROLE_ADMIN) & ROLE_ANY, roles), role;
		json_object_begin(out);
		json_key(out, TEXT("staffSession"));
		json_array_begin(out);
		while (text_next(&rest, ',', &role))
			json_write_text(out, role);
		json_array_end(out);
		json_object_end(out);
	}
	json_array_end(out);
}

static void parameters_write(struct json_writer *out, struct text path)
{
	struct text part;
	json_key(out, TEXT("parameters"));
	json_array_begin(out);
	while (text_next(&path, '/', &part)) {
		if (part.n < 3 || part.p[0] != '{')
			continue;
		json_object_begin(out);
		json_put_text(out, "name", ((struct text){part.p + 1, part.n - 2}));
		json_put_text(out, "in", TEXT("path"));
		json_put_bool(out, "required", true);
		json_key(out, TEXT("schema"));
		json_write_raw(out, TEXT("{\"type\":\"string\"}"));
		json_object_end(out);
	}
	json_array_end(out);
}

/* The members of a body with their types, as JSON Schema. */
static void body_write(struct json_writer *out, const struct body_member *members)
{
	static const struct {
		unsigned types;
		struct text name;
	} names[] = {{BODY_TEXT, TEXT("string")}, {BODY_NUMBER, TEXT("number")}, {BODY_BOOL, TEXT("boolean")}, {BODY_LIST, TEXT("array")}, {BODY_OBJECT, TEXT("object")}};
	static const char *const around[] = {"content", "application/json", "schema"};
	for (size_t i = 0; i < sizeof around / sizeof *around; i++) {
		json_object_begin(out);
		json_key(out, text_of(around[i]));
	}
	json_object_begin(out);
	json_put_text(out, "type", TEXT("object"));
	json_key(out, TEXT("properties"));
	json_object_begin(out);
	for (; members && members->name; members++) {
		json_key(out, (struct text){members->name, members->name_n});
		json_object_begin(out);
		json_key(out, TEXT("type"));
		json_array_begin(out);
		for (size_t i = 0; i < sizeof names / sizeof *names; i++)
			if (members->types & names[i].types)
				json_write_text(out, names[i].name);
		json_write_text(out, TEXT("null"));
		json_array_end(out);
		json_object_end(out);
	}
	for (size_t i = 0; i < 2 + sizeof around / sizeof *around; i++)
		json_object_end(out);
}

static void operation_write(struct json_writer *out, const struct route *route)
{
	json_key(out, text_of(method_name(route->method)));
	json_object_begin(out);
	json_put_text(out, "summary", text_of(route->sentence));
	parameters_write(out, text_of(route->path));
	if (route->scopes)
		scopes_write(out, route->scopes);
	if (route->method == HTTP_POST) {
		json_key(out, TEXT("requestBody"));
		body_write(out, route->body);
	}
	json_key(out, TEXT("responses"));
	json_write_raw(out, TEXT("{\"200\":{\"description\":\"Done.\"},\"default\":{\"description\":\"What was wrong.\",\"content\":"
	                         "{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/Error\"}}}}}"));
	json_object_end(out);
}

void api_openapi(struct request *request)
{
	struct json_writer *out = &request->out;
	json_object_begin(out);
	json_put_text(out, "openapi", TEXT("3.1.0"));
	json_key(out, TEXT("info"));
	json_write_raw(out, TEXT("{\"title\":\"Attune\",\"version\":\"1\",\"license\":{\"name\":\"Apache-2.0\",\"identifier\":\"Apache-2.0\"}}"));
	json_key(out, TEXT("paths"));
	json_object_begin(out);
	for (const struct route *route = routes; route->path; route++) {
		bool first = true;
		for (const struct route *before = routes; before < route && first; before++)
			first = strcmp(before->path, route->path) != 0;
		if (!first)
			continue;
		json_key(out, text_of(route->path));
		json_object_begin(out);
		for (const struct route *same = route; same->path; same++)
			if (strcmp(same->path, route->path) == 0)
				operation_write(out, same);
		json_object_end(out);
	}
	json_object_end(out);
	json_key(out, TEXT("components"));
	json_write_raw(out, TEXT("{\"schemas\":{\"Error\":{\"type\":\"object\",\"required\":[\"code\",\"message\"],\"properties\":{\"code\":"
	                         "{\"type\":\"string\"},\"message\":{\"type\":\"string\"}}}},\"securitySchemes\":{\"writeKey\":{\"type\":\"http\",\"scheme\":"
	                         "\"basic\"},\"secretKey\":{\"type\":\"http\",\"scheme\":\"bearer\"},\"customerToken\":{\"type\":\"http\",\"scheme\":"
	                         "\"bearer\",\"bearerFormat\":\"JWT\"},\"staffSession\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"" CONSOLE_COOKIE "\"}}}"));
	json_object_end(out);
}

/* ---- dead letters, streams, keys ---- */

void api_dead_letters(struct request *request)
{
	int64_t n;
	if (!request_number(request, "n", 100, 1, 1000, &n))
		return;
	json_object_begin(&request->out);
	json_key(&request->out, TEXT("letters"));
	int error = dead_letters_write(request->server->dead_letters, &request->out, (size_t)n);
	if (error)
		return reply_failure(request, error);
	json_put_int(&request->out, "since_start", (int64_t)dead_letters_count(request->server->dead_letters));
	json_object_end(&request->out);
}

/* A line that staff opened ends with their session. */
static bool session_holds(void *arg, const uint8_t *mark)
{
	struct server *server = arg;
	struct session session;
	struct account account;
	return session_marked(server->sessions, mark, clock_now_ms(), &session) && session_account(server, &session, &account);
}

void api_stream(struct request *request)
{
	struct hub_wish wish = {.arg = request->server, .who = request_who(request), .who_max = (size_t)request->server->settings.streams_a_caller};
	struct http_stream *stream;
	struct session session;
	request->http->type = "text/event-stream";
	if (request->http->method == HTTP_HEAD)
		return; /* The library would send a body of unknown length after all. */
	if (request->caller.scope == KEY_CUSTOMER) {
		uint32_t origin = request_customer_path(request, TEXT("me"));
		struct customer *customer = origin ? customer_lock_of(request->server->engine, origin) : NULL;
		if (!customer)
			return;
		wish.customer = customer_id(request->server->engine, customer);
		customer_unlock(request->server->engine, customer);
		wish.until_ms = request->caller.token.expires_s * MS_A_SECOND;
	}
	if (request->caller.scope == KEY_CUSTOMER || request->caller.key) { /* It ends with what let its caller in. */
		wish.holds = token_mark_holds;
		token_mark(request->server, &request->caller, wish.mark);
	}
	if (request->caller.staff.n && session_find(request->server->sessions, http_cookie(request->http, CONSOLE_COOKIE), request->now_ms, &session)) {
		wish.holds = session_holds;
		memcpy(wish.mark, session.mark, sizeof wish.mark);
	}
	int error = hub_watch(request->server->hub, &wish, &stream);
	if (error == ERROR_LIMIT)
		return reply_error(request, 503, "busy", "Too many streams are open.");
	if (error)
		return reply_failure(request, error);
	http_reply_header(request->http, "Cache-Control", "no-store");
	http_reply_header(request->http, "X-Accel-Buffering", "no");
	request->http->stream = stream;
	request->streaming = true;
}

void api_snapshot(struct request *request)
{
	int error = engine_snapshot(request->server->engine);
	if (error)
		return reply_failure(request, error);
	json_object_begin(&request->out);
	json_put_bool(&request->out, "done", true);
	json_object_end(&request->out);
}
