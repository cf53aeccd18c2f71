/*
 * export_derived.c: derived.ndjson: what follows from what is kept, item by item, each with how it was come by, in
 * words.
 *
 * Nothing here is kept apart from the records: it can be worked out again from them, and another node that takes the
 * copy in does. What the customer did not agree to is not worked out, and a line says so.
 */
#include "serve/export.h"
#include "serve/ledger.h"
#include "serve/segments.h"
#include "serve/worth.h"

#include "base/clock.h"
#include "customize/decision.h"
#include "customize/product.h"
#include "customize/purchase.h"
#include "differentiate/need.h"
#include "interact/contact.h"
#include "interact/matter.h"
#include "interact/promise.h"

#include <inttypes.h>
#include <math.h>

enum { HOW_BYTES_MAX = 2000 };

/* A line while it is written; how is a sentence that is put together. */
struct item {
	struct copy *copy;
	struct json_writer line;
	struct buffer how;
};

static void item_begin(struct item *item, struct copy *copy, const char *what, struct text name, struct text title,
											 bool learned)
{
	*item =
		(struct item){.copy = copy, .line = JSON_WRITER(copy_out(copy, COPY_DERIVED)), .how = BUFFER_INIT(HOW_BYTES_MAX)};
	json_object_begin(&item->line);
	json_put_text(&item->line, "item", text_of(what));
	json_put_text(&item->line, "name", name);
	json_put_text(&item->line, "title", title.n ? title : name);
	json_put_bool(&item->line, "learned", learned);
}

static void item_purpose(struct item *item, const struct purpose *purpose)
{
	if (purpose)
		json_put_text(&item->line, "purpose", purpose->name);
}

static void item_end(struct item *item)
{
	json_put_text(&item->line, "how", text_whole(buffer_view(&item->how)));
	json_object_end(&item->line);
	copy_line(item->copy, COPY_DERIVED);
	buffer_free(&item->how);
}

static void withheld_write(struct copy *copy, const char *what, const struct purpose *purpose)
{
	struct item item;
	item_begin(&item, copy, "withheld", text_of(what), (struct text){0}, true);
	item_purpose(&item, purpose);
	buffer_string(&item.how, "Not worked out: that was not agreed to, or all use is restricted.");
	item_end(&item);
}

/* ---- segments ---- */

static void reason_say(void *arg, const struct rule *atom, enum truth truth, struct text says)
{
	struct item *item = arg;
	(void)atom;
	(void)truth;
	if (item->how.n)
		buffer_string(&item->how, "; ");
	buffer_text(&item->how, says);
}

static int segments_write(struct copy *copy, struct customer *customer)
{
	struct request *request = copy->request;
	struct segment_facts facts;
	struct item item;
	int error = segments_facts_read(&facts, request->server->engine, customer, request->arena, request->now_ms);
	const struct segments *segments = error ? NULL : segments_of(facts.config);
	for (size_t i = 0; segments && i < segments->n; i++) {
		const struct segment *segment = &segments->items[i];
		if (segment_member(segments, segment, &facts) != SEGMENT_IN)
			continue;
		item_begin(&item, copy, "segment", segment->name, segment->title, true);
		json_put_text(&item.line, "purpose", segment->purpose);
		segment_each_reason(segments, segment, &facts, reason_say, &item);
		item_end(&item);
	}
	return error;
}

/* ---- guesses ---- */

static int guess_write(struct copy *copy, struct customer *customer, const struct surface *surface)
{
	struct request *request = copy->request;
	const struct purpose *purpose = purpose_of_mask(engine_config(request->server->engine), surface->purpose);
	struct decision *decision = arena_zero_alloc(request->arena, 1, sizeof *decision);
	struct reader reader;
	struct item item;
	int error = decision ? reader_open(&reader, request->server->engine, customer, request->arena, surface->purpose,
																		 request->now_ms)
											 : ERROR_MEMORY;
	if (!error)
		error = decide(decision, &reader, surface, request->now_ms, NULL);
	if (error)
		return error;
	if (decision->no_consent)
		withheld_write(copy, text_terminated(request->arena, surface->name), purpose);
	if (!decision->guess)
		return 0;
	item_begin(&item, copy, "guess", surface->name, (struct text){0}, true);
	item_purpose(&item, purpose);
	json_key(&item.line, TEXT("value"));
	json_array_begin(&item.line);
	for (size_t i = 0; i < decision->options_n; i++)
		if (decision->options[i].source == DECISION_LEARNED)
			value_write_json(&item.line, decision->options[i].value);
	json_array_end(&item.line);
	buffer_text(&item.how, (struct text){decision->why, decision->why_n});
	item_end(&item);
	return 0;
}

static int guesses_write(struct copy *copy, struct customer *customer)
{
	const struct config *config = engine_config(copy->request->server->engine);
	const struct surface *surface;
	int error = 0;
	for (size_t at = 0; !error && (surface = surface_next(config, &at));)
		error = guess_write(copy, customer, surface);
	return error;
}

/* ---- what the service runs on ---- */

static void matters_write(struct copy *copy, struct text state)
{
	struct matter matter;
	struct item item;
	char id[24];
	for (size_t at = 0; matter_next(state, &at, &matter);) {
		item_begin(&item, copy, "matter", matter.kind, matter.title, false);
		json_key(&item.line, TEXT("value"));
		json_write_text(&item.line, matter_is_open(&matter) ? TEXT("open") : TEXT("closed"));
		json_key(&item.line, TEXT("events"));
		json_array_begin(&item.line);
		if (matter.opened_by)
			json_write_text(&item.line, record_format(id, 'e', matter.opened_by));
		if (matter.closed_by)
			json_write_text(&item.line, record_format(id, 'e', matter.closed_by));
		json_array_end(&item.line);
		buffer_string(&item.how,
									matter_is_open(&matter) ? "An event opened it and none has closed it." : "An event closed it.");
		item_end(&item);
	}
}

static void promises_write(struct copy *copy, struct text state)
{
	const struct config *config = engine_config(copy->request->server->engine);
	struct promise promise;
	struct item item;
	for (size_t at = 0; promise_next(state, &at, &promise);) {
		const struct promise_rule *rule = promise_rule_of(config, &promise);
		item_begin(&item, copy, "promise", rule ? rule->name : TEXT("removed"), rule ? rule->says : (struct text){0},
							 false);
		json_put_text(&item.line, "value", text_of(promise_state_name(promise_state(&promise, copy->request->now_ms))));
		if (rule)
			buffer_format(&item.how, "It was made by %.*s, and %.*s keeps it.", TEXT_ARGS(rule->starts),
										TEXT_ARGS(rule->ends));
		else
			buffer_string(&item.how, "The rule that it came from is no longer configured.");
		item_end(&item);
	}
}

static void contacts_write(struct copy *copy, const struct contacts *contacts)
{
	struct item item;
	for (unsigned i = 1; i < CHANNEL_COUNT; i++) {
		if (!contacts->channels[i].events)
			continue;
		item_begin(&item, copy, "contacts", text_of(channel_name((enum channel)i)), (struct text){0}, false);
		json_put_int(&item.line, "value", contacts->channels[i].contacts);
		buffer_format(&item.how, "Counted from %u events on this channel; a pause ends a contact.",
									(unsigned)contacts->channels[i].events);
		item_end(&item);
	}
}

/* Retention takes orders out and leaves this: so it stands here in words, whatever the orders are. */
static void bought_write(struct copy *copy, struct text state)
{
	const struct products *products = products_of(engine_config(copy->request->server->engine));
	struct purchase purchase;
	struct item item;
	for (size_t at = 0; purchase_next(state, &at, &purchase);) {
		const struct product *product = product_of_mark(products, purchase.mark);
		item_begin(&item, copy, "bought", product ? product->name : TEXT("removed"),
							 product ? product->title : TEXT("A product that is not offered any longer"), false);
		json_put_int(&item.line, "value", purchase.units - purchase.returned);
		if (purchase.days[0])
			json_put_time(&item.line, "since", (int64_t)purchase.days[0] * MS_A_DAY);
		buffer_format(
			&item.how, "From %u orders%s: bought %u, gave back %u. It stays known when orders may not be kept any longer.",
			(unsigned)purchase.orders, purchase.days[0] ? ", of which the newest was on the day in \"since\"" : "",
			(unsigned)purchase.units, (unsigned)purchase.returned);
		item_end(&item);
	}
}

static int of_customer_write(struct copy *copy)
{
	struct request *request = copy->request;
	struct reader reader;
	struct contacts *contacts = arena_zero_alloc(request->arena, 1, sizeof *contacts);
	struct customer *customer = contacts ? request_customer_fresh(request, copy->origin) : NULL;
	if (!customer)
		return contacts ? ERROR_NOT_FOUND : ERROR_MEMORY;
	int error = reader_open(&reader, request->server->engine, customer, request->arena, PURPOSE_SERVICE, request->now_ms);
	if (!error) {
		contacts_read(contacts, reader_state(&reader, &contact_fold));
		contacts_write(copy, contacts);
		matters_write(copy, reader_state(&reader, &matter_fold));
		promises_write(copy, reader_state(&reader, &promise_fold));
		bought_write(copy, reader_state(&reader, &purchase_fold));
		error = segments_write(copy, customer);
	}
	if (!error)
		error = guesses_write(copy, customer);
	customer_unlock(request->server->engine, customer);
	return error;
}

/* ---- worth and stars ---- */

static void line_write(struct copy *copy, const struct ledger_line *ledger, const struct worth_view *view)
{
	struct item item;
	char id[24];
	item_begin(&item, copy, "worth", ledger->event, (struct text){0}, true);
	item_purpose(&item, view->purpose);
	json_put_double(&item.line, "value", worth_amount(ledger->sum.income - ledger->sum.cost));
	json_key(&item.line, TEXT("events"));
	json_array_begin(&item.line);
	for (size_t i = 0; i < ledger->n && i < LEDGER_LINE_EVENTS; i++)
		json_write_text(&item.line, record_format(id, 'e', ledger->positions[i]));
	json_array_end(&item.line);
	buffer_format(&item.how,
								"%u times on the channel %s in twelve months, by the price list: brought %.2f, cost %.2f; gave the "
								"customer %.2f, took %.2f.",
								ledger->n, channel_name(ledger->channel), worth_amount(ledger->sum.income),
								worth_amount(ledger->sum.cost), worth_amount(ledger->sum.given), worth_amount(ledger->sum.lost));
	item_end(&item);
}

static void rank_write(struct copy *copy, const struct worth_view *view, const struct worth_customer *own)
{
	const struct needs *needs = needs_of(view->config);
	struct item item;
	item_begin(&item, copy, "rank", text_of(worth_tiers[own->tier].name), (struct text){0}, true);
	item_purpose(&item, view->purpose);
	buffer_string(&item.how, "By the profit of twelve months among all who agreed to be counted.");
	item_end(&item);
	item_begin(&item, copy, "rank", text_of(worth_names[own->name].name), text_of(worth_names[own->name].title), true);
	item_purpose(&item, view->purpose);
	buffer_format(&item.how,
								"By how lately (%" PRId64 " days ago), how often (%" PRId64
								" times) and for how much (%.2f) something was bought.",
								(int64_t)own->recency_days, (int64_t)own->frequency, worth_amount(own->money));
	item_end(&item);
	item_begin(&item, copy, "give-and-get", text_of(worth_cells[own->cell].name), text_of(worth_cells[own->cell].title),
						 true);
	item_purpose(&item, view->purpose);
	buffer_string(&item.how, "By what this customer brings and gets, each beside all who agreed to be counted.");
	item_end(&item);
	if (own->need == NEED_NONE)
		return;
	item_begin(&item, copy, "need", needs->items[own->need].name, needs->items[own->need].title, true);
	item_purpose(&item, view->purpose);
	buffer_format(&item.how, "From %u events that show it, more than others have.", (unsigned)own->need_events);
	item_end(&item);
}

static void star_write(struct copy *copy, const struct stars_contact *contact, const struct ledger *ledger,
											 const struct worth_view *view)
{
	struct item item;
	char id[24];
	item_begin(&item, copy, "stars", contact->name, (struct text){0}, true);
	item_purpose(&item, view->purpose);
	json_put_int(&item.line, "value", contact->stars);
	json_put_time(&item.line, "since", contact->start_ms);
	json_key(&item.line, TEXT("events"));
	json_array_begin(&item.line);
	json_write_text(&item.line, record_format(id, 'e', contact->position));
	json_array_end(&item.line);
	stars_say(&item.how, contact, &ledger->prices->goal, ledger->prices->currency);
	item_end(&item);
}

static int worth_write(struct copy *copy, const struct worth_view *view)
{
	struct request *request = copy->request;
	struct ledger *ledger = arena_alloc(request->arena, sizeof *ledger);
	struct history history;
	uint32_t number = 0;
	bool may = false;
	int error =
		ledger ? ledger_open(ledger, request, copy->origin, view->purpose, &may, &number, &history) : ERROR_MEMORY;
	if (error)
		return error;
	if (!may) {
		withheld_write(copy, "worth", view->purpose);
		return 0;
	}
	error = ledger_read(ledger, request, &history, view->purpose->mask, request->now_ms + 1);
	for (size_t i = 0; !error && i < ledger->lines_n; i++)
		line_write(copy, &ledger->lines[i], view);
	for (size_t i = error ? 0 : ledger->contacts_n; i > 0; i--)
		star_write(copy, &ledger->contacts[i - 1], ledger, view);
	const struct worth_customer *own = error ? NULL : worth_find(&view->worth, number);
	if (own)
		rank_write(copy, view, own);
	return error;
}

int export_derived_write(struct copy *copy)
{
	int error = of_customer_write(copy);
	/* What a copy holds must not depend on a document that only figures need. */
	copy->without_worth = price_list_of(engine_config(copy->request->server->engine))->n == 0;
	if (error || copy->without_worth)
		return error;
	struct worth_view *view = error ? NULL : worth_view_take(copy->request);
	if (error)
		return error;
	if (!view)
		return 1;
	error = worth_write(copy, view);
	worth_view_give(view);
	return error;
}
