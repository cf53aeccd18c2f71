/*
 * consents_list.c: GET /v1/consents: who agreed to what, of all customers, in pages.
 *
 * A line a customer and purpose that was answered. A page has at most PAGE_MAX customers with lines and looks at LOOK_MAX; where to go on
 * stands in "next", and for CSV in the header X-Attune-Next, which is absent on the last page.
 */
#include "serve/api.h"

#include "base/clock.h"
#include "base/csv_cell.h"
#include "trust/consent.h"
#include "trust/reader.h"

#include <stdio.h>

enum { PAGE_MAX = 5000, LOOK_MAX = 200000 };

struct listing {
	struct request *request;
	const struct purpose *only;   /* NULL: all. */
	bool csv;
	size_t left;
	uint32_t last;
	bool more;
};

static void line_put(struct buffer *out, struct text cid, const struct purpose *purpose, const struct consent_state *last, bool holds)
{
	char said[CLOCK_TEXT_BYTES], until[CLOCK_TEXT_BYTES] = "";
	clock_format(said, last->time_ms);
	if (last->valid_until_ms)
		clock_format(until, last->valid_until_ms);
	csv_cell_put(out, cid);
	buffer_string(out, ",");
	csv_cell_put(out, purpose->name);
	buffer_format(out, ",%s,%s,%s,%s,", consent_decision_name(last->decision), holds ? "yes" : "no", said, until);
	csv_cell_put(out, last->version);
	buffer_format(out, ",%s\n", channel_name(last->channel));
}

static void object_write(struct json_writer *out, struct text cid, const struct purpose *purpose, const struct consent_state *last, bool holds)
{
	json_object_begin(out);
	json_put_text(out, "cid", cid);
	json_put_text(out, "purpose", purpose->name);
	json_put_text(out, "decision", text_of(consent_decision_name(last->decision)));
	json_put_bool(out, "holds", holds);
	json_put_time(out, "time", last->time_ms);
	if (last->valid_until_ms)
		json_put_time(out, "valid_until", last->valid_until_ms);
	json_put_text(out, "version_shown", last->version);
	json_put_text(out, "channel", text_of(channel_name(last->channel)));
	json_object_end(out);
}

static bool list_one(void *arg, struct customer *customer)
{
	struct listing *listing = arg;
	struct request *request = listing->request;
	struct engine *engine = request->server->engine;
	bool any = false;
	char hex[33];
	if (customer_refresh(engine, customer) != 0 || !customer->origin_first)
		return true;
	const struct purposes *purposes = purposes_of(engine_config(engine));
	struct text state = reader_service(engine, customer, &consent_fold), cid = text_of(origin_format(hex, customer_id(engine, customer)));
	uint64_t mask = consent_mask(state, engine_config(engine), request->now_ms);
	for (size_t i = 0; state.n && i < purposes->n; i++) {
		const struct purpose *purpose = &purposes->items[i];
		struct consent_state last;
		if ((listing->only && listing->only != purpose) || !consent_last(state, purpose, request->now_ms, &last))
			continue;
		if (!any && listing->left == 0) {
			listing->more = true;
			return false;
		}
		if (listing->csv)
			line_put(&request->http->out, cid, purpose, &last, mask & purpose->mask);
		else
			object_write(&request->out, cid, purpose, &last, mask & purpose->mask);
		any = true;
	}
	listing->left -= any;
	listing->last = customer->number;
	return true;
}

static void walk(struct listing *listing, uint32_t after)
{
	struct engine *engine = listing->request->server->engine;
	engine_each_customer(engine, &after, LOOK_MAX, list_one, listing);
	listing->more |= after < engine_origins(engine) && listing->last > 0;
}

void api_consents_all(struct request *request)
{
	struct text name = http_query(request->http, "purpose"), format = http_query(request->http, "format");
	int64_t n, after;
	struct listing listing = {.request = request, .csv = text_equal(format, TEXT("csv"))};
	if (!request_number(request, "n", 1000, 1, PAGE_MAX, &n) || !request_number(request, "after", 0, 0, UINT32_MAX, &after))
		return;
	if (format.n && !listing.csv && !text_equal(format, TEXT("json")))
		return reply_error(request, 400, "invalid_format", "\"format\" must be csv or json.");
	if (name.n && !(listing.only = purpose_find(engine_config(request->server->engine), name)))
		return reply_error(request, 422, "unknown_purpose", "There is no purpose \"%.*s\".", TEXT_ARGS(text_cut(name, 80)));
	listing.left = (size_t)n;
	listing.last = (uint32_t)after;
	if (listing.csv) {
		buffer_string(&request->http->out, "cid,purpose,decision,holds,time,valid_until,version_shown,channel\n");
		walk(&listing, (uint32_t)after);
		request->http->type = "text/csv; charset=utf-8";
		char *next = arena_alloc(request->arena, 16);
		if (listing.more && next) {
			snprintf(next, 16, "%u", listing.last);
			http_reply_header(request->http, "X-Attune-Next", next);
		}
		return;
	}
	char next[16];
	json_object_begin(&request->out);
	json_key(&request->out, TEXT("consents"));
	json_array_begin(&request->out);
	walk(&listing, (uint32_t)after);
	json_array_end(&request->out);
	json_key(&request->out, TEXT("next"));
	snprintf(next, sizeof next, "%u", listing.last);
	if (listing.more)
		json_write_text(&request->out, text_of(next));
	else
		json_write_null(&request->out);
	json_object_end(&request->out);
}
