/* export.c: everything about one customer, gathered. */
#include "serve/export.h"

#include "base/clock.h"
#include "engine/digest.h"
#include "identify/identifier.h"
#include "serve/api.h"
#include "serve/card.h"
#include "serve/dead_letters.h"
#include "serve/large_reply.h"
#include "serve/noted.h"
#include "serve/participation.h"
#include "serve/timeline.h"
#include "trust/audit.h"
#include "trust/reader.h"

enum { HISTORY_BYTES_MAX = 8 * 1024 * 1024 /* What lasts through a walk. */ };

/* ---- one JSON document ---- */

static bool event_take(void *arg, const struct event *event)
{
	struct large_reply *reply = arg;
	timeline_event_write(&reply->request->out, event, NULL);
	return large_reply_pour(reply);
}

/* What a customer took part in; absent where nobody may look at it, for then it is not worked out either. */
static int part_write(struct request *request, uint32_t origin, struct json_writer *out)
{
	struct participation own;
	bool may = false;
	int error = participation_read(&own, &may, request, origin);
	if (error || !may)
		return error == ERROR_LIMIT ? 0 : error; /* A year of so many events is not summed up; the events are there. */
	json_key(out, TEXT("participation"));
	json_object_begin(out);
	participation_write(out, &own, request->now_ms);
	json_object_end(out);
	return 0;
}

static int document_write(struct large_reply *reply, uint32_t origin)
{
	struct request *request = reply->request;
	struct json_writer *out = &request->out;
	struct customer *customer = request_customer_fresh(request, origin);
	if (!customer)
		return ERROR_NOT_FOUND;
	json_object_begin(out);
	json_put_time(out, "exported", request->now_ms);
	json_key(out, TEXT("customer"));
	card_write(request, out, customer, PURPOSE_OWN);
	customer_unlock(request->server->engine, customer);
	int error = part_write(request, origin, out);
	json_key(out, TEXT("events"));
	json_array_begin(out);
	if (!error)
		error = timeline_each(request, origin, HISTORY_EVENTS, 0, event_take, reply);
	json_array_end(out);
	json_key(out, TEXT("decisions"));
	json_array_begin(out);
	if (!error)
		error = timeline_each(request, origin, HISTORY_DECISIONS, 0, event_take, reply);
	json_array_end(out);
	json_object_end(out);
	return error;
}

/* No copy leaves that is not noted. False: that is answered. */
static bool export_note(struct request *request, uint32_t origin, const char *format)
{
	if (!noted_reason_check(request))
		return false;
	int error = noted_act(request, &(struct noted){.what = AUDIT_EXPORT, .origin = origin, .words = text_of(format), .durable = true});
	if (error)
		reply_failure(request, error);
	return error == 0;
}

void api_export(struct request *request)
{
	struct text format = http_query(request->http, "format");
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	if (!origin)
		return;
	if (format.n && !text_equal(format, TEXT("json")) && !text_equal(format, TEXT("zip")))
		return reply_error(request, 400, "invalid_format", "\"format\" must be json or zip.");
	if (text_equal(format, TEXT("zip")))
		return export_zip_reply(request, origin);
	if (!export_note(request, origin, "json"))
		return;
	struct large_reply *reply = large_reply_begin(request);
	if (reply)
		large_reply_end(reply, document_write(reply, origin));
}

/* ---- the files of the zip ---- */

const char *const copy_names[COPY_FILES] = {
#define X(symbol, name) [symbol] = name,
	COPY_FILE_NAMES(X)
#undef X
};

static long copy_source_read(struct http_source *source, uint64_t at, char *out, size_t max)
{
	return packing_read(&((struct copy *)source)->packing, at, out, max);
}

static void copy_source_close(struct http_source *source)
{
	struct copy *copy = (struct copy *)source;
	packing_free(&copy->packing);
	spool_claim_end(&copy->claim);
}

static void copy_init(struct copy *copy, struct request *request, uint32_t origin)
{
	*copy = (struct copy){.source = {.read = copy_source_read, .close = copy_source_close}, .request = request, .origin = origin};
	copy->claim = (struct spool_claim){.spools = request->server->spools, .who = request_who(request)};
	arena_init(&copy->arena, HISTORY_BYTES_MAX);
	packing_init(&copy->packing, &copy->claim);
	for (int i = 0; i < COPY_FILES; i++)
		packing_add(&copy->packing, copy_names[i]);
	for (int i = 0; i < EXPORT_MONTHS; i++)
		copy->year.begins_ms[i] = request->now_ms - (EXPORT_MONTHS - i) * MS_A_MONTH;
}

/* Everything that is read under the lock: the histories as they are now, and what they led to. */
static int copy_begin(struct copy *copy)
{
	struct engine *engine = copy->request->server->engine;
	struct arena *arena = copy->request->arena;
	struct customer *customer = request_customer_fresh(copy->request, copy->origin);
	if (!customer)
		return ERROR_NOT_FOUND;
	origin_format(copy->cid, customer_id(engine, customer));
	copy->identifiers = text_copy(arena, reader_service(engine, customer, &identifier_fold));
	copy->consents = text_copy(arena, reader_service(engine, customer, &consent_fold));
	int error = history_start(&copy->events, engine, customer, &copy->arena, HISTORY_EVENTS);
	if (!error)
		error = history_stream(&copy->events);
	if (!error)
		error = history_start(&copy->decisions, engine, customer, &copy->arena, HISTORY_DECISIONS);
	if (!error)
		error = history_stream(&copy->decisions);
	struct json_writer document = JSON_WRITER(copy_out(copy, COPY_DOCUMENT));
	json_object_begin(&document);
	json_put_time(&document, "exported", copy->request->now_ms);
	json_key(&document, TEXT("customer"));
	card_write(copy->request, &document, customer, PURPOSE_OWN);
	json_object_end(&document);
	customer_unlock(engine, customer);
	copy->acts = consent_acts_new(arena);
	copy->counts[COPY_DOCUMENT] = copy->counts[COPY_PAGE] = 1;
	return error || copy->acts ? error : ERROR_MEMORY;
}

static void year_take(struct copy *copy, const struct event *event)
{
	copy->year.all++;
	for (int i = EXPORT_MONTHS; i-- > 0;)
		if (event->header.time_ms >= copy->year.begins_ms[i]) {
			copy->year.events[i]++;
			break;
		}
}

static int histories_write(struct copy *copy)
{
	struct event event;
	bool more = true, wants = true;
	int error = history_next(&copy->events, &event, &more);
	buffer_string(copy_out(copy, COPY_TABLE), "time,kind,name,channel,touchpoint,source,content\n");
	for (; !error && more && !copy->packing.error; error = history_next(&copy->events, &event, &more)) {
		copy->position = event.position > copy->position ? event.position : copy->position;
		export_record_write(copy, COPY_EVENTS, &event);
		export_row_write(copy, &event);
		export_identity_take(copy, &event);
		year_take(copy, &event);
		copy->moves += event.header.kind == EVENT_MERGE || event.header.kind == EVENT_SPLIT;
		wants = wants && consent_acts_take(copy->acts, &event);
	}
	consent_acts_done(copy->acts);
	more = true;
	if (!error)
		error = history_next(&copy->decisions, &event, &more);
	for (; !error && more && !copy->packing.error; error = history_next(&copy->decisions, &event, &more)) {
		copy->position = event.position > copy->position ? event.position : copy->position;
		export_record_write(copy, COPY_DECISIONS, &event);
	}
	return error ? error : copy->packing.error;
}

static bool is_own_identifier(void *arg, struct identifier named)
{
	const struct copy *copy = arg;
	return identifier_has(copy->identifiers, named);
}

static void refused_written(void *arg)
{
	struct copy *copy = arg;
	copy->counts[COPY_REFUSED]++;
	copy_pour(copy, COPY_REFUSED);
}

static int refused_gather(struct copy *copy)
{
	return dead_letters_about(copy->request->server->dead_letters, is_own_identifier, copy, copy_out(copy, COPY_REFUSED), refused_written);
}

static void audit_take(void *arg, struct text line)
{
	struct copy *copy = arg;
	buffer_text(copy_out(copy, COPY_AUDIT), line);
	copy_line(copy, COPY_AUDIT);
}

/* What the audit log says about the customer, this copy's own entry among it. */
static int audit_gather(struct copy *copy)
{
	struct server *server = copy->request->server;
	struct audit_question *question = arena_zero_alloc(copy->request->arena, 1, sizeof *question);
	int error = 0;
	if (!question)
		return ERROR_MEMORY;
	question->n = SIZE_MAX;
	question->abouts_n = noted_abouts(server, text_of(copy->cid), question->abouts);
	do
		error = audit_read(server->audit, question, audit_take, copy, &question->before);
	while (!error && question->before);
	return error;
}

/* Is it of the same records? Something may have arrived since. */
static int digest_take(struct copy *copy)
{
	struct digest digest;
	int error = digest_of(copy->request->server, copy->origin, &digest, copy->digest);
	if (error || digest.records != copy->counts[COPY_EVENTS] + copy->counts[COPY_DECISIONS] - copy->moves)
		copy->digest[0] = 0;
	return error;
}

static int copy_gather(struct copy *copy)
{
	int error = copy_begin(copy);
	if (!error)
		error = histories_write(copy);
	if (!error)
		error = digest_take(copy);
	if (!error)
		error = export_identities_write(copy);
	if (!error)
		error = export_derived_write(copy);
	if (!error)
		error = refused_gather(copy);
	if (!error)
		error = audit_gather(copy);
	if (!error)
		error = export_page_write(copy->request, copy->origin, &copy->year, copy_out(copy, COPY_PAGE));
	if (error)
		return error;
	export_consents_write(copy);
	export_recipients_write(copy);
	export_schemas_write(copy);
	export_manifest_write(copy);
	return packing_finish(&copy->packing, copy->request->now_ms);
}

void export_zip_reply(struct request *request, uint32_t origin)
{
	struct copy *copy = export_note(request, origin, "zip") ? arena_alloc(request->arena, sizeof *copy) : NULL;
	if (!copy)
		return;
	copy_init(copy, request, origin);
	int error = copy_gather(copy);
	arena_free(&copy->arena);
	if (error) {
		int spooled = copy->packing.error;
		copy_source_close(&copy->source);
		if (spooled)
			spool_refuse(request, spooled);
		else if (request->http->status < 400)
			reply_failure(request, error);
		return;
	}
	buffer_free(&request->http->out); /* It waits for its reader without. */
	copy->source.bytes = copy->packing.bytes;
	request->http->source = &copy->source;
	request->http->type = "application/zip";
	http_reply_header(request->http, "Content-Disposition", "attachment; filename=\"what-is-known-about-me.zip\"");
}
