/* export.c: everything about one customer, gathered. */
#include "serve/export.h"

#include "base/clock.h"
#include "identify/identifier.h"
#include "serve/api.h"
#include "serve/archive.h"
#include "serve/card.h"
#include "serve/dead_letters.h"
#include "serve/noted.h"
#include "serve/participation.h"
#include "serve/timeline.h"
#include "trust/reader.h"

enum { IDENTIFIERS_MAX = 1000 };

/*
 * The register: every place of the data folder that holds something of a customer, and the file of the copy that has it. A
 * place that holds nothing of customers stands here too, so that none is forgotten.
 */
static const struct {
	const char *place, *holds, *file;
} places[] = {
	{"log", "What happened, what you stated, agreed to and changed, as it came", "events.ndjson"},
	{"log", "What was decided for you, and why", "decisions.ndjson"},
	{"lookup", "What follows from those events, so that it need not be worked out again: who you are, what is known and guessed", "customer.json"},
	{"columns", "A line for each event: its name, time, place and value", "events.csv"},
	{"dead-letters.ndjson", "Events that named you and were refused, and why", "refused.ndjson"},
	{"audit", "Who opened, changed or exported what is kept about you, and the reason they gave; under a hash, not under your name", "audit.ndjson"},
	{"configuration", "Nothing of customers", ""},
	{"seen", "Numbers made from message ids, so that a message sent twice counts once; they name nobody", ""},
	{"sealing", "The key that what is kept about you is sealed with; of those who were erased, that they were", ""},
	{"keys, staff, signing-secret, directory-key, audit-key, certificate-key", "Nothing of customers", ""},
};

/* ---- one JSON document ---- */

static bool event_take(void *arg, const struct event *event)
{
	timeline_event_write(arg, event);
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
	card_write(request, out, customer);
	customer_unlock(request->server->engine, customer);
	int error = part_write(request, origin, out);
	json_key(out, TEXT("events"));
	json_array_begin(out);
	if (!error)
		error = timeline_each(request, origin, HISTORY_EVENTS, event_take, out);
	json_array_end(out);
	json_key(out, TEXT("decisions"));
	json_array_begin(out);
	if (!error)
		error = timeline_each(request, origin, HISTORY_DECISIONS, event_take, out);
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

enum copy_file { COPY_PAGE, COPY_DOCUMENT, COPY_EVENTS, COPY_TABLE, COPY_DECISIONS, COPY_REFUSED, COPY_AUDIT, COPY_MANIFEST, COPY_FILES };
static const char *const copy_names[COPY_FILES] = {
	[COPY_PAGE] = "index.html", [COPY_DOCUMENT] = "customer.json", [COPY_EVENTS] = "events.ndjson", [COPY_TABLE] = "events.csv",
	[COPY_DECISIONS] = "decisions.ndjson", [COPY_REFUSED] = "refused.ndjson", [COPY_AUDIT] = "audit.ndjson", [COPY_MANIFEST] = "manifest.json",
};

struct copy {
	struct request *request;
	uint32_t origin;
	struct buffer files[COPY_FILES];
	struct export_year year;
};

static void copy_init(struct copy *copy, struct request *request, uint32_t origin)
{
	*copy = (struct copy){.request = request, .origin = origin};
	for (int i = 0; i < COPY_FILES; i++)
		copy->files[i] = BUFFER_INIT(EXPORT_BYTES_MAX);
	for (int i = 0; i < EXPORT_MONTHS; i++)
		copy->year.begins_ms[i] = request->now_ms - (EXPORT_MONTHS - i) * MS_A_MONTH;
}

static void copy_free(struct copy *copy)
{
	for (int i = 0; i < COPY_FILES; i++)
		buffer_free(&copy->files[i]);
}

/* A cell as RFC 4180 has it; what a spreadsheet would run is made a text. */
static void cell_put(struct buffer *out, struct text text, char end)
{
	buffer_char(out, '"');
	if (text.n && (text.p[0] == '=' || text.p[0] == '+' || text.p[0] == '-' || text.p[0] == '@'))
		buffer_char(out, '\'');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"')
			buffer_char(out, '"');
		buffer_char(out, text.p[i]);
	}
	buffer_char(out, '"');
	buffer_char(out, end);
}

static void row_put(struct copy *copy, const struct event *event)
{
	char moment[CLOCK_TEXT_BYTES];
	struct buffer properties = BUFFER_INIT(64 * 1024);
	struct json_writer out = JSON_WRITER(&properties);
	value_write_json(&out, event->payload);
	cell_put(&copy->files[COPY_TABLE], clock_format(moment, event->header.time_ms), ',');
	cell_put(&copy->files[COPY_TABLE], text_of(event_kind_name((enum event_kind)event->header.kind)), ',');
	cell_put(&copy->files[COPY_TABLE], event->name, ',');
	cell_put(&copy->files[COPY_TABLE], text_of(channel_name((enum channel)event->header.channel)), ',');
	cell_put(&copy->files[COPY_TABLE], event->touchpoint, ',');
	cell_put(&copy->files[COPY_TABLE], event->source, ',');
	cell_put(&copy->files[COPY_TABLE], buffer_view(&properties), '\n');
	buffer_free(&properties);
}

static void line_put(struct buffer *out, const struct event *event)
{
	struct json_writer line = JSON_WRITER(out);
	timeline_event_write(&line, event);
	buffer_char(out, '\n');
}

static bool history_take(void *arg, const struct event *event)
{
	struct copy *copy = arg;
	line_put(&copy->files[COPY_EVENTS], event);
	row_put(copy, event);
	copy->year.all++;
	for (int i = EXPORT_MONTHS; i-- > 0;)
		if (event->header.time_ms >= copy->year.begins_ms[i]) {
			copy->year.events[i]++;
			break;
		}
	return !copy->files[COPY_EVENTS].failed && !copy->files[COPY_TABLE].failed;
}

static bool decision_take(void *arg, const struct event *event)
{
	struct copy *copy = arg;
	line_put(&copy->files[COPY_DECISIONS], event);
	return !copy->files[COPY_DECISIONS].failed;
}

static int refused_gather(struct copy *copy)
{
	struct reader reader;
	struct identifier_known known;
	struct text values[IDENTIFIERS_MAX];
	size_t n = 0;
	struct customer *customer = request_customer_fresh(copy->request, copy->origin);
	if (!customer)
		return ERROR_NOT_FOUND;
	int error = reader_open(&reader, copy->request->server->engine, customer, copy->request->arena, PURPOSE_SERVICE, copy->request->now_ms);
	struct text state = error ? (struct text){0} : reader_state(&reader, &identifier_fold);
	customer_unlock(copy->request->server->engine, customer);
	for (size_t at = 0; n < IDENTIFIERS_MAX && identifier_next(state, &at, &known);)
		values[n++] = known.identifier.value;
	return error ? error : dead_letters_about(copy->request->server->dead_letters, values, n, &copy->files[COPY_REFUSED]);
}

static void audit_take(void *arg, struct text line)
{
	buffer_text(arg, line);
	buffer_char(arg, '\n');
}

/* What the audit log says about the customer, this copy's own entry among it. */
static int audit_gather(struct copy *copy)
{
	struct server *server = copy->request->server;
	struct audit_question *question = arena_zero_alloc(copy->request->arena, 1, sizeof *question);
	struct customer *customer = question ? customer_lock_of(server->engine, copy->origin) : NULL;
	char cid[33];
	int error = 0;
	if (!customer)
		return question ? ERROR_NOT_FOUND : ERROR_MEMORY;
	origin_format(cid, customer_id(server->engine, customer));
	customer_unlock(server->engine, customer);
	question->n = SIZE_MAX;
	question->abouts_n = noted_abouts(server, text_of(cid), question->abouts);
	do
		error = audit_read(server->audit, question, audit_take, &copy->files[COPY_AUDIT], &question->before);
	while (!error && question->before);
	return error;
}

static void manifest_make(struct copy *copy)
{
	struct json_writer out = JSON_WRITER(&copy->files[COPY_MANIFEST]);
	const struct fold_table *folds = engine_folds(copy->request->server->engine);
	json_object_begin(&out);
	json_put_text(&out, "about", TEXT("A copy of everything that is kept about one customer. Open index.html; the other files are for programs."));
	json_put_time(&out, "made", copy->request->now_ms);
	json_put_int(&out, "events", (int64_t)copy->year.all);
	json_key(&out, TEXT("places"));
	json_array_begin(&out);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		json_object_begin(&out);
		json_put_text(&out, "place", text_of(places[i].place));
		json_put_text(&out, "holds", text_of(places[i].holds));
		json_put_text(&out, "file", text_of(places[i].file));
		json_object_end(&out);
	}
	json_array_end(&out);
	json_key(&out, TEXT("follows_from_events"));
	json_array_begin(&out);
	for (size_t i = 0; i < folds->n; i++) {
		json_object_begin(&out);
		json_put_text(&out, "state", text_of(folds->folds[i]->name));
		json_put_bool(&out, "learned", folds->folds[i]->personal);
		json_object_end(&out);
	}
	json_array_end(&out);
	json_object_end(&out);
}

static int copy_gather(struct copy *copy)
{
	struct json_writer document = JSON_WRITER(&copy->files[COPY_DOCUMENT]);
	buffer_string(&copy->files[COPY_TABLE], "time,kind,name,channel,touchpoint,source,content\n");
	int error = document_write(copy->request, copy->origin, &document);
	if (!error)
		error = timeline_each(copy->request, copy->origin, HISTORY_EVENTS, history_take, copy);
	if (!error)
		error = timeline_each(copy->request, copy->origin, HISTORY_DECISIONS, decision_take, copy);
	if (!error)
		error = refused_gather(copy);
	if (!error)
		error = audit_gather(copy);
	if (!error)
		error = export_page_write(copy->request, copy->origin, &copy->year, &copy->files[COPY_PAGE]);
	manifest_make(copy);
	for (int i = 0; !error && i < COPY_FILES; i++)
		error = copy->files[i].failed ? ERROR_LIMIT : 0;
	return error;
}

void export_zip_reply(struct request *request, uint32_t origin)
{
	struct archive archive = {0};
	struct copy copy;
	if (!export_note(request, origin, "zip"))
		return;
	copy_init(&copy, request, origin);
	int error = copy_gather(&copy);
	for (int i = 0; i < COPY_FILES; i++)
		archive_add(&archive, copy_names[i], buffer_view(&copy.files[i]));
	if (!error) {
		buffer_reset(&request->http->out);
		error = archive_finish(&archive, request->now_ms, &request->http->out);
	}
	copy_free(&copy);
	if (error && request->http->status < 400)
		return reply_failure(request, error);
	request->http->type = "application/zip";
	http_reply_header(request->http, "Content-Disposition", "attachment; filename=\"what-is-known-about-me.zip\"");
}
