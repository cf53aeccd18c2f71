/* export.c: everything about one customer, gathered. */
#include "serve/export.h"

#include "base/clock.h"
#include "engine/digest.h"
#include "identify/identifier.h"
#include "serve/api.h"
#include "serve/archive.h"
#include "serve/card.h"
#include "serve/dead_letters.h"
#include "serve/noted.h"
#include "serve/participation.h"
#include "serve/timeline.h"
#include "trust/audit.h"
#include "trust/reader.h"

enum { HISTORY_BYTES_MAX = 512 * 1024 * 1024, SCHEMA_BYTES_MAX = 64 * 1024 };

/* ---- one JSON document ---- */

static bool event_take(void *arg, const struct event *event)
{
	timeline_event_write(arg, event, NULL);
	return true;
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

static int document_write(struct request *request, uint32_t origin, struct json_writer *out)
{
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
		error = timeline_each(request, origin, HISTORY_EVENTS, 0, event_take, out);
	json_array_end(out);
	json_key(out, TEXT("decisions"));
	json_array_begin(out);
	if (!error)
		error = timeline_each(request, origin, HISTORY_DECISIONS, 0, event_take, out);
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
	int error = document_write(request, origin, &request->out);
	if (error && request->http->status < 400) /* Not found stands already. */
		reply_failure(request, error);
}

/* ---- the files of the zip ---- */

const char *const copy_names[COPY_FILES] = {
#define X(symbol, name) [symbol] = name,
	COPY_FILE_NAMES(X)
#undef X
};

static void copy_init(struct copy *copy, struct request *request, uint32_t origin)
{
	*copy = (struct copy){.request = request, .origin = origin};
	arena_init(&copy->arena, HISTORY_BYTES_MAX);
	for (int i = 0; i < COPY_FILES; i++)
		copy->files[i] = BUFFER_INIT(EXPORT_BYTES_MAX);
	for (int i = 0; i < EXPORT_SCHEMAS_MAX; i++)
		copy->schemas[i] = BUFFER_INIT(SCHEMA_BYTES_MAX);
	for (int i = 0; i < EXPORT_MONTHS; i++)
		copy->year.begins_ms[i] = request->now_ms - (EXPORT_MONTHS - i) * MS_A_MONTH;
}

static void copy_free(struct copy *copy)
{
	for (int i = 0; i < COPY_FILES; i++)
		buffer_free(&copy->files[i]);
	for (int i = 0; i < EXPORT_SCHEMAS_MAX; i++)
		buffer_free(&copy->schemas[i]);
	arena_free(&copy->arena);
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
	struct json_writer document = JSON_WRITER(&copy->files[COPY_DOCUMENT]);
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
	buffer_string(&copy->files[COPY_TABLE], "time,kind,name,channel,touchpoint,source,content\n");
	for (; !error && more && !copy->files[COPY_EVENTS].failed; error = history_next(&copy->events, &event, &more)) {
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
	for (; !error && more && !copy->files[COPY_DECISIONS].failed; error = history_next(&copy->decisions, &event, &more)) {
		copy->position = event.position > copy->position ? event.position : copy->position;
		export_record_write(copy, COPY_DECISIONS, &event);
	}
	return error;
}

static bool is_own_identifier(void *arg, struct identifier named)
{
	const struct copy *copy = arg;
	return identifier_has(copy->identifiers, named);
}

static int refused_gather(struct copy *copy)
{
	struct buffer *out = &copy->files[COPY_REFUSED];
	int error = dead_letters_about(copy->request->server->dead_letters, is_own_identifier, copy, out);
	for (size_t i = 0; i < out->n; i++)
		copy->counts[COPY_REFUSED] += out->p[i] == '\n';
	return error;
}

static void audit_take(void *arg, struct text line)
{
	struct copy *copy = arg;
	buffer_text(&copy->files[COPY_AUDIT], line);
	buffer_char(&copy->files[COPY_AUDIT], '\n');
	copy->counts[COPY_AUDIT]++;
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
		error = export_page_write(copy->request, copy->origin, &copy->year, &copy->files[COPY_PAGE]);
	if (error)
		return error;
	export_consents_write(copy);
	export_recipients_write(copy);
	export_schemas_write(copy);
	export_manifest_write(copy);
	for (int i = 0; !error && i < COPY_FILES; i++)
		error = copy->files[i].failed ? ERROR_LIMIT : 0;
	for (size_t i = 0; !error && i < copy->schemas_n; i++)
		error = copy->schemas[i].failed ? ERROR_LIMIT : 0;
	return error;
}

void export_zip_reply(struct request *request, uint32_t origin)
{
	struct archive archive = {0};
	struct copy *copy = export_note(request, origin, "zip") ? arena_alloc(request->arena, sizeof *copy) : NULL;
	if (!copy)
		return;
	copy_init(copy, request, origin);
	int error = copy_gather(copy);
	for (int i = 0; i < COPY_FILES; i++)
		archive_add(&archive, copy_names[i], buffer_view(&copy->files[i]));
	for (size_t i = 0; i < copy->schemas_n; i++)
		archive_add(&archive, copy->schema_names[i], buffer_view(&copy->schemas[i]));
	if (!error) {
		buffer_reset(&request->http->out);
		error = archive_finish(&archive, request->now_ms, &request->http->out);
	}
	copy_free(copy);
	if (error && request->http->status < 400)
		return reply_failure(request, error);
	if (error)
		return;
	request->http->type = "application/zip";
	http_reply_header(request->http, "Content-Disposition", "attachment; filename=\"what-is-known-about-me.zip\"");
}
