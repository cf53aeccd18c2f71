/* timeline.c: what happened, newest first, in pages. */
#include "serve/timeline.h"

#include "serve/api.h"
#include "serve/noted.h"
#include "trust/trait_use.h"

enum { TIMELINE_MAX = 1000 };

/* What was stated, without the traits that are bound to purposes by @limits. */
static void traits_write(struct json_writer *out, const struct event *event, const struct config *limits)
{
	struct value_cursor cursor = {0};
	struct value value, correction = value_get(event->payload, TEXT("correction"));
	struct text name;
	bool cut = false;
	json_key(out, TEXT("properties"));
	json_object_begin(out);
	while (value_next_member(&cursor, value_get(event->payload, TEXT("traits")), &name, &value)) {
		if (limits && trait_use_find(limits, name)) {
			cut = true;
			continue;
		}
		json_key(out, name);
		value_write_json(out, value);
	}
	json_object_end(out);
	if (cut)
		json_put_bool(out, "traits_withheld", true);
	else if (correction.n) {
		json_key(out, TEXT("correction"));
		value_write_json(out, correction);
	}
}

void timeline_event_members_write(struct json_writer *out, const struct event *event, const struct config *limits)
{
	char id[24];
	struct value properties = value_get(event->payload, TEXT("properties"));
	json_put_text(out, "event", record_format(id, 'e', event->position));
	json_put_time(out, "time", event->header.time_ms);
	json_put_time(out, "received", event->header.received_ms);
	json_put_text(out, "kind", text_of(event_kind_name((enum event_kind)event->header.kind)));
	json_put_text(out, "name", event->name);
	struct text own = text_equal(event->name, DICTIONARY_OTHER) ? value_text(value_get(event->payload, TEXT("name"))) : (struct text){0};
	if (own.n) /* There was no room for it among the names. */
		json_put_text(out, "own_name", own);
	json_put_text(out, "channel", text_of(channel_name((enum channel)event->header.channel)));
	json_put_text(out, "touchpoint", event->touchpoint);
	json_put_text(out, "source", event->source);
	bool of_call = event->header.kind >= EVENT_TRACK && event->header.kind <= EVENT_ALIAS;
	if (of_call)
		json_put_text(out, "messageId", value_text(value_get(event->payload, TEXT("messageId"))));
	if (event->header.kind == EVENT_IDENTIFY)
		return traits_write(out, event, limits);
	json_key(out, TEXT("properties"));
	if (of_call && properties.n == 0) {
		json_object_begin(out);
		json_object_end(out);
	} else {
		value_write_json(out, of_call ? properties : event->payload);
	}
}

void timeline_event_write(struct json_writer *out, const struct event *event, const struct config *limits)
{
	json_object_begin(out);
	timeline_event_members_write(out, event, limits);
	if (event_is_held(event))
		json_put_bool(out, "held", true);
	json_object_end(out);
}

int timeline_each(struct request *request, uint32_t origin, unsigned what, uint64_t before, bool (*each)(void *arg, const struct event *event), void *arg)
{
	struct history history;
	struct event event;
	bool more = true;
	struct customer *customer = customer_lock_of(request->server->engine, origin);
	if (!customer)
		return ERROR_NOT_FOUND;
	int error = history_start(&history, request->server->engine, customer, request->arena, what);
	customer_unlock(request->server->engine, customer);
	if (!error && before)
		error = history_skip(&history, before);
	if (!error)
		error = history_stream(&history);
	while (!error && more) {
		error = history_next(&history, &event, &more);
		if (!error && more && !each(arg, &event))
			break;
	}
	return error;
}

/* ---- in pages ---- */

struct page {
	struct json_writer *out;
	const struct config *limits;
	uint64_t last; /* The position of the last one written. */
	size_t n, written;
	bool more;
};

static bool page_take(void *arg, const struct event *event)
{
	struct page *page = arg;
	page->more = page->written == page->n;
	if (page->more)
		return false;
	timeline_event_write(page->out, event, page->limits);
	page->last = event->position;
	page->written++;
	return true;
}

static void history_page(struct request *request, const char *key, unsigned what)
{
	int64_t n;
	uint64_t before = 0;
	char id[24];
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	if (!origin || !request_number(request, "n", 100, 1, TIMELINE_MAX, &n))
		return;
	if (http_query(request->http, "before").n && !record_parse(http_query(request->http, "before"), 'e', &before))
		return reply_error(request, 400, "invalid_cursor", "\"before\" must be the \"next\" of the page before.");
	if (!noted_opening(request, origin, what == HISTORY_EVENTS ? "timeline" : "decisions"))
		return;
	struct page page = {.out = &request->out, .n = (size_t)n,
	                    .limits = request->caller.scope == KEY_CUSTOMER ? NULL : engine_config(request->server->engine)};
	json_object_begin(&request->out);
	json_key(&request->out, text_of(key));
	json_array_begin(&request->out);
	int error = timeline_each(request, origin, what, before, page_take, &page);
	if (error)
		return reply_failure(request, error);
	json_array_end(&request->out);
	json_key(&request->out, TEXT("next"));
	if (page.more)
		json_write_text(&request->out, record_format(id, 'e', page.last));
	else
		json_write_null(&request->out);
	json_object_end(&request->out);
}

void api_timeline(struct request *request)
{
	history_page(request, "events", HISTORY_EVENTS);
}

void api_decisions(struct request *request)
{
	history_page(request, "decisions", HISTORY_DECISIONS);
}
