/*
 * customer_list.c: finding customers, and listing those behind a figure of the overview.
 *
 * A list by a figure (on a channel, known, agreed to something) opens an aggregate to single customers, which needs their yes
 * to the purpose "analytics": who has not said it is counted as withheld and not named.
 */
#include "serve/api.h"
#include "serve/noted.h"

#include "identify/trait.h"
#include "interact/contact.h"
#include "serve/caller.h"
#include "serve/behind.h"
#include "trust/reader.h"

#include <stdio.h>

enum { LIST_MAX = 200, LIST_SCAN_MAX = 2000000, SEARCH_BYTES_MIN = 2 };

/* A page of the list. With a query all customers are walked, so that it can be said how many fit. */
struct listing {
	struct request *request;
	struct text query;
	size_t left, fit;
	uint32_t after, last;   /* Numbers: write only those beyond after; last is the one written last. */
	bool more;              /* One fits that is not on this page any more. */
	bool agreed_only;       /* For managers: nobody else is named, and with a query nobody else is counted. */
	bool is_figure;         /* A figure is opened, not a name looked for: only when it may be shown. */
	bool counting;          /* The first walk of such a list. */
	bool by_figure, identified, agreed; /* Only who is known by a user id, who agreed to something. */
	enum channel channel;   /* Only who was heard on it; none: everybody. */
	const struct purpose *purpose;
	size_t withheld;
};

static bool fold_contains(struct text text, struct text part)
{
	for (size_t i = 0; i + part.n <= text.n; i++)
		if (text_equal_fold(text_first(text_from(text, i), part.n), part))
			return true;
	return part.n == 0;
}

static bool matches(struct text name, struct text identifiers, struct text query)
{
	struct identifier_known known;
	if (fold_contains(name, query))
		return true;
	for (size_t at = 0; identifier_next(identifiers, &at, &known);)
		if (fold_contains(known.identifier.value, query))
			return true;
	return false;
}

void customer_row_write(struct request *request, struct customer *customer)
{
	struct engine *engine = request->server->engine;
	struct json_writer *out = &request->out;
	struct contacts *contacts = arena_alloc(request->arena, sizeof *contacts);
	struct text identifiers = reader_service(engine, customer, &identifier_fold), traits = reader_service(engine, customer, &trait_fold);
	struct identifier_known known;
	char cid[33], text[IDENTIFIER_BYTES_MAX + IDENTIFIER_TYPE_BYTES_MAX + 2];
	if (!contacts)
		return;
	contacts_read(contacts, reader_service(engine, customer, &contact_fold));
	json_object_begin(out);
	json_put_text(out, "cid", text_of(origin_format(cid, customer_id(request->server->engine, customer))));
	json_put_text(out, "name", trait_display_name(traits, request->arena));
	json_key(out, TEXT("identifiers"));
	json_array_begin(out);
	for (size_t at = 0; identifier_next(identifiers, &at, &known);) {
		int n = snprintf(text, sizeof text, "%.*s:%.*s", TEXT_ARGS(known.identifier.type), TEXT_ARGS(known.identifier.value));
		json_write_text(out, (struct text){text, (size_t)n});
	}
	json_array_end(out);
	json_key(out, TEXT("channels"));
	json_array_begin(out);
	for (unsigned i = 1; i < CHANNEL_COUNT; i++)
		if (contacts->channels[i].events)
			json_write_text(out, text_of(channel_name((enum channel)i)));
	json_array_end(out);
	json_put_time(out, "last_seen", contacts->last_ms);
	json_put_int(out, "events", customer->events);
	json_object_end(out);
}

/* Is @customer, whose states are fresh, behind the figure that is opened? */
static bool is_behind(struct listing *listing, struct customer *customer, struct text identifiers)
{
	struct engine *engine = listing->request->server->engine;
	struct contacts contacts;
	contacts_read(&contacts, reader_service(engine, customer, &contact_fold));
	return !customer->set_aside && (!listing->identified || identifier_count(identifiers, IDENTIFIER_USER) > 0) &&
	       (!listing->agreed || reader_consents(engine, customer, listing->request->now_ms) != PURPOSE_SERVICE) &&
	       (listing->channel == CHANNEL_NONE || contacts.channels[listing->channel].events > 0);
}

static bool row(void *arg, struct customer *customer)
{
	struct listing *listing = arg;
	struct request *request = listing->request;
	struct engine *engine = request->server->engine;
	if (customer_refresh(engine, customer) != 0 || customer->origin_first == 0 || customer->events == 0)
		return true;
	struct text identifiers = reader_service(engine, customer, &identifier_fold);
	struct text name = trait_display_name(reader_service(engine, customer, &trait_fold), request->arena);
	if (!matches(name, identifiers, listing->query))
		return true;
	if (listing->by_figure && !is_behind(listing, customer, identifiers))
		return true;
	bool agreed = reader_agrees(engine, customer, listing->purpose, request->now_ms);
	if (listing->agreed_only && listing->query.n && !agreed)
		return true; /* Not even counted: the count would say that there is somebody of that name. */
	listing->fit += listing->counting || !listing->is_figure;
	if (listing->counting)
		return true;
	if (listing->by_figure && !agreed) {
		listing->withheld++;
		return true;
	}
	if (customer->number <= listing->after)
		return true;
	if (listing->left == 0) {
		listing->more = true;
		return listing->query.n > 0 || listing->by_figure;
	}
	customer_row_write(request, customer);
	listing->last = customer->number;
	listing->left--;
	return true;
}

/* Which figure is opened. False with the error answered. */
static bool figure_read(struct request *request, struct listing *listing)
{
	struct text channel = http_query(request->http, "channel"), who = http_query(request->http, "who");
	listing->identified = text_equal(who, TEXT("identified"));
	listing->agreed = text_equal(who, TEXT("agreed"));
	listing->agreed_only = staff_opens_agreed_only(request);
	listing->is_figure = channel.n > 0 || who.n > 0;
	listing->by_figure = listing->is_figure || listing->agreed_only;
	listing->purpose = purpose_find(engine_config(request->server->engine), TEXT("analytics"));
	if (who.n && !listing->identified && !listing->agreed)
		reply_error(request, 400, "invalid_who", "\"who\" must be identified or agreed.");
	else if (channel.n && !channel_parse(channel, &listing->channel))
		reply_error(request, 400, "invalid_channel", "There is no channel \"%.*s\".", TEXT_ARGS(text_first(channel, 40)));
	else
		return true;
	return false;
}

/* Who serves customers finds one by what is known; who looks at figures sees who is behind them. Nobody but an admin lists all. */
static bool may_list(struct request *request)
{
	const struct caller *caller = &request->caller;
	bool searches = http_query(request->http, "q").n >= SEARCH_BYTES_MIN, by_figure = http_query(request->http, "channel").n || http_query(request->http, "who").n;
	if (caller->scope != KEY_SECRET)
		reply_error(request, 403, "denied", "Listing customers needs a secret key.");
	else if (caller->staff.n && !(caller->roles & ROLE_ADMIN) && by_figure && !(caller->roles & ROLE_MANAGER))
		reply_error(request, 403, "outside_role", "Your role does not open figures. Find a customer by name or identifier: ?q=.");
	else if (caller->staff.n && !(caller->roles & (ROLE_ADMIN | ROLE_MANAGER)) && !searches)
		reply_error(request, 403, "outside_role", "Your role finds a customer by name or identifier: ?q=.");
	else
		return true;
	return false;
}

/* A figure too small to be shown is not opened either. */
static bool figure_may_show(struct listing *listing)
{
	uint32_t at = 0;
	listing->counting = true;
	engine_each_customer(listing->request->server->engine, &at, LIST_SCAN_MAX, row, listing);
	listing->counting = false;
	return behind_may_show(listing->request, listing->fit);
}

static void identified_card(struct request *request, struct text identifier)
{
	uint32_t origin = request_customer_identifier(request, identifier);
	if (origin && noted_opening(request, origin, "card"))
		customer_card(request, origin, 0);
}

void api_customers(struct request *request)
{
	int64_t n, after;
	struct text identifier = http_query(request->http, "identifier");
	if (identifier.n)
		return identified_card(request, identifier);
	if (!may_list(request))
		return;
	if (!request_number(request, "n", 50, 1, LIST_MAX, &n) || !request_number(request, "after", 0, 0, UINT32_MAX, &after))
		return;
	struct listing listing = {.request = request, .query = http_query(request->http, "q"), .left = (size_t)n};
	listing.after = (uint32_t)after;
	if (!figure_read(request, &listing))
		return;
	bool all = listing.query.n > 0 || listing.by_figure; /* So that it can be said how many fit. */
	uint32_t at = all ? 0 : listing.after;
	struct json_writer *out = &request->out;
	bool shown = !listing.is_figure || figure_may_show(&listing);
	json_object_begin(out);
	json_key(out, TEXT("customers"));
	json_array_begin(out);
	if (shown)
		engine_each_customer(request->server->engine, &at, LIST_SCAN_MAX, row, &listing);
	json_array_end(out);
	json_key(out, TEXT("next"));
	if (listing.more) {
		char digits[16];
		snprintf(digits, sizeof digits, "%u", listing.last);
		json_write_text(out, text_of(digits));
	} else {
		json_write_null(out);
	}
	json_put_int(out, "total", (int64_t)(!shown ? 0 : all ? listing.fit : engine_figures(request->server->engine).customers));
	if (listing.by_figure) {
		json_put_bool(out, "hidden", !shown);
		json_put_int(out, "withheld", (int64_t)listing.withheld);
		json_put_text(out, "purpose", listing.purpose ? listing.purpose->title : TEXT(""));
	}
	json_object_end(out);
}
