/*
 * segments_api.c: segments: how many are in each, who they are, and why.
 *
 * A count rests on all customers who agreed to the segment's purpose; the others are said as withheld. Naming members needs
 * their yes to "analytics" as well, as every list behind a figure does.
 */
#include "serve/api.h"
#include "serve/segments.h"

#include "identify/trait.h"
#include "interact/preference.h"
#include "measure/share.h"
#include "trust/reader.h"

#include <inttypes.h>
#include <stdio.h>

enum { LIST_MAX = 200, FACTS_BYTES_MAX = 4 * 1024 * 1024 };

int segments_facts_read(struct segment_facts *facts, struct engine *engine, struct customer *customer, struct arena *arena, int64_t now_ms)
{
	struct reader reader;
	int error = reader_open(&reader, engine, customer, arena, PURPOSE_OWN, now_ms);
	if (error)
		return error;
	*facts = (struct segment_facts){.traits = reader_state(&reader, &trait_fold), .preferences = reader_state(&reader, &preference_fold),
	                                .consents = reader.consents, .now_ms = now_ms, .config = reader.config};
	reader.purpose = segments_of(reader.config)->masks & reader.consents;
	facts->times = reader_state(&reader, &segment_fold);
	return 0;
}

void segments_card_write(struct request *request, struct json_writer *out, struct customer *customer)
{
	struct segment_facts facts;
	int error = segments_facts_read(&facts, request->server->engine, customer, request->arena, request->now_ms);
	json_key(out, TEXT("segments"));
	json_array_begin(out);
	const struct segments *segments = error ? NULL : segments_of(facts.config);
	for (size_t i = 0; segments && i < segments->n; i++) {
		const struct segment *segment = &segments->items[i];
		if (segment_member(segments, segment, &facts) != SEGMENT_IN)
			continue;
		json_object_begin(out);
		json_put_text(out, "segment", segment->name);
		json_put_text(out, "title", segment->title);
		json_put_text(out, "purpose", segment->purpose);
		json_key(out, TEXT("reasons"));
		segment_write_reasons(out, segments, segment, &facts);
		json_object_end(out);
	}
	json_array_end(out);
}

/* ---- all segments ---- */

struct count {
	uint64_t members, withheld;
};

struct counting {
	struct request *request;
	struct arena arena;           /* Of one customer at a time. */
	struct count counts[SEGMENTS_MAX];
	uint64_t customers;
	int64_t at_ms;
	int error;
};

static bool count_one(void *arg, struct customer *customer)
{
	struct counting *counting = arg;
	struct segment_facts facts;
	if (customer->events == 0)
		return true;
	arena_reset(&counting->arena);
	int error = segments_facts_read(&facts, counting->request->server->engine, customer, &counting->arena, counting->at_ms);
	if (error == ERROR_NOT_FOUND)
		return true; /* Joined to another meanwhile. */
	counting->error = error;
	const struct segments *segments = error ? NULL : segments_of(facts.config);
	for (size_t i = 0; segments && i < segments->n; i++) {
		enum segment_member member = segment_member(segments, &segments->items[i], &facts);
		counting->counts[i].members += member == SEGMENT_IN;
		counting->counts[i].withheld += member == SEGMENT_WITHHELD;
	}
	counting->customers++;
	return !error;
}

static void segment_head_write(struct json_writer *out, const struct config *config, const struct segment *segment)
{
	const struct purpose *purpose = purpose_find(config, segment->purpose);
	json_put_text(out, "segment", segment->name);
	json_put_text(out, "title", segment->title);
	json_put_text(out, "rule", segment->text);
	json_put_text(out, "purpose", segment->purpose);
	json_put_text(out, "purpose_title", purpose ? purpose->title : TEXT(""));
}

/* "members", of those who agreed; null when they are too few. */
static void count_write(struct request *request, const struct count *count, uint64_t customers)
{
	struct json_writer *out = &request->out;
	uint64_t agreed = customers - count->withheld;
	bool shown = count->members == 0 || count->members >= (uint64_t)request->server->settings.aggregate_min;
	struct share share = share_of(count->members, agreed);
	json_key(out, TEXT("members"));
	if (shown)
		json_write_int(out, (int64_t)count->members);
	else
		json_write_null(out);
	json_put_int(out, "agreed", (int64_t)agreed);
	json_put_int(out, "withheld", (int64_t)count->withheld);
	if (!shown || agreed == 0)
		return;
	share_put(out, share);
}

void api_segments(struct request *request)
{
	struct engine *engine = request->server->engine;
	struct counting *counting = arena_zero_alloc(request->arena, 1, sizeof *counting);
	struct json_writer *out = &request->out;
	uint32_t after = 0;
	if (!counting)
		return reply_failure(request, ERROR_MEMORY);
	if (!request_time(request, "at", request->now_ms, &counting->at_ms))
		return;
	const struct config *config = engine_config(engine);
	const struct segments *segments = segments_of(config);
	counting->request = request;
	arena_init(&counting->arena, FACTS_BYTES_MAX);
	if (segments->n)
		engine_each_customer(engine, &after, CUSTOMERS_MAX, count_one, counting);
	arena_free(&counting->arena);
	if (counting->error)
		return reply_failure(request, counting->error);
	json_object_begin(out);
	json_put_time(out, "at", counting->at_ms);
	json_put_int(out, "customers", (int64_t)counting->customers);
	json_key(out, TEXT("segments"));
	json_array_begin(out);
	for (size_t i = 0; i < segments->n; i++) {
		json_object_begin(out);
		segment_head_write(out, config, &segments->items[i]);
		count_write(request, &counting->counts[i], counting->customers);
		json_object_end(out);
	}
	json_array_end(out);
	json_object_end(out);
}

/* ---- one segment ---- */

struct listing {
	struct request *request;
	struct arena arena;
	const struct segment *segment;
	const struct purpose *analytics;
	bool writing;                 /* The second walk: the first has counted. */
	uint64_t customers, unnamed;
	struct count count;
	uint32_t after, last;
	size_t left;
	bool more;
	int64_t at_ms;
	int error;
};

static void member_write(struct listing *listing, struct customer *customer, const struct segment_facts *facts)
{
	struct json_writer *out = &listing->request->out;
	json_object_begin(out);
	json_key(out, TEXT("customer"));
	customer_row_write(listing->request, customer);
	json_key(out, TEXT("reasons"));
	segment_write_reasons(out, segments_of(facts->config), listing->segment, facts);
	json_object_end(out);
	listing->last = customer->number;
	listing->left--;
}

static bool list_one(void *arg, struct customer *customer)
{
	struct listing *listing = arg;
	struct segment_facts facts;
	if (customer->events == 0)
		return true;
	arena_reset(&listing->arena);
	int error = segments_facts_read(&facts, listing->request->server->engine, customer, &listing->arena, listing->at_ms);
	if (error == ERROR_NOT_FOUND)
		return true;
	listing->error = error;
	enum segment_member member = error ? SEGMENT_OUT : segment_member(segments_of(facts.config), listing->segment, &facts);
	bool named = listing->analytics && (facts.consents & listing->analytics->mask);
	if (!listing->writing) {
		listing->customers++;
		listing->count.members += member == SEGMENT_IN;
		listing->count.withheld += member == SEGMENT_WITHHELD;
		listing->unnamed += member == SEGMENT_IN && !named;
		return !error;
	}
	if (member != SEGMENT_IN || !named)
		return true;
	if (listing->left == 0) {
		listing->more = true;
		return false;
	}
	member_write(listing, customer, &facts);
	return true;
}

static void members_write(struct listing *listing)
{
	struct request *request = listing->request;
	struct json_writer *out = &request->out;
	uint32_t after = listing->after;
	bool shown = listing->count.members >= (uint64_t)request->server->settings.aggregate_min;
	json_put_bool(out, "hidden", listing->count.members > 0 && !shown);
	json_key(out, TEXT("customers"));
	json_array_begin(out);
	listing->writing = true;
	if (shown)
		engine_each_customer(request->server->engine, &after, CUSTOMERS_MAX, list_one, listing);
	json_array_end(out);
	json_put_int(out, "unnamed", shown ? (int64_t)listing->unnamed : 0);
	json_key(out, TEXT("next"));
	if (listing->more) {
		char digits[16];
		snprintf(digits, sizeof digits, "%" PRIu32, listing->last);
		json_write_text(out, text_of(digits));
	} else {
		json_write_null(out);
	}
}

void api_segment(struct request *request)
{
	struct engine *engine = request->server->engine;
	const struct config *config = engine_config(engine);
	struct listing listing = {.request = request, .segment = segment_find(segments_of(config), request->parameters[0]), .analytics = purpose_find(config, TEXT("analytics"))};
	struct json_writer *out = &request->out;
	uint32_t first = 0;
	int64_t n, after;
	if (!listing.segment)
		return reply_error(request, 404, "no_segment", "No segment is called \"%.*s\": GET /v1/segments names them.", TEXT_ARGS(text_first(request->parameters[0], 60)));
	if (!request_number(request, "n", 50, 1, LIST_MAX, &n) || !request_number(request, "after", 0, 0, UINT32_MAX, &after) ||
	    !request_time(request, "at", request->now_ms, &listing.at_ms))
		return;
	listing.left = (size_t)n;
	listing.after = (uint32_t)after;
	arena_init(&listing.arena, FACTS_BYTES_MAX);
	engine_each_customer(engine, &first, CUSTOMERS_MAX, list_one, &listing);
	json_object_begin(out);
	segment_head_write(out, config, listing.segment);
	json_put_time(out, "at", listing.at_ms);
	count_write(request, &listing.count, listing.customers);
	members_write(&listing);
	json_object_end(out);
	arena_free(&listing.arena);
	if (listing.error)
		reply_failure(request, listing.error);
}
