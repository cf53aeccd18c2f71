/* customer_api.c: who a customer is, what is known, what happened; finding, joining and parting customers. */
#include "serve/api.h"

#include "base/clock.h"
#include "customize/decision.h"
#include "customize/habit.h"
#include "identify/resolve.h"
#include "identify/trait.h"
#include "interact/contact.h"
#include "interact/matter.h"
#include "interact/preference.h"
#include "interact/touchpoint.h"
#include "trust/consent.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LIST_MAX = 200, LIST_SCAN_MAX = 2000000, TIMELINE_MAX = 1000, KNOWN_FIELDS_MAX = 60, REASON_LOOKBACK_MS = MS_A_DAY };

/* ---- the card ---- */

static struct text name_of(struct request *request, uint32_t number)
{
	return dictionary_name(engine_dictionary(request->server->engine), number);
}

static void identifiers_write(struct request *request, struct json_writer *out, struct text state)
{
	struct identifier_known known;
	json_key(out, TEXT("identifiers"));
	json_array_begin(out);
	for (size_t at = 0; identifier_next(state, &at, &known);) {
		json_object_begin(out);
		json_put_text(out, "type", known.identifier.type);
		json_put_text(out, "value", known.identifier.value);
		json_put_time(out, "since", known.since_ms);
		json_put_text(out, "source", name_of(request, known.source));
		json_object_end(out);
	}
	json_array_end(out);
}

static void traits_write(struct request *request, struct json_writer *out, struct text state)
{
	struct latest trait;
	json_key(out, TEXT("traits"));
	json_array_begin(out);
	for (size_t at = 0; latest_next(state, &at, &trait);) {
		if (trait.value.n == 0)
			continue;
		json_object_begin(out);
		json_put_text(out, "name", trait.key);
		json_key(out, TEXT("value"));
		value_write_json(out, trait.value);
		json_put_text(out, "source", name_of(request, trait.source));
		json_put_time(out, "time", trait.order);
		json_object_end(out);
	}
	json_array_end(out);
}

static void preferences_write(struct request *request, struct json_writer *out, struct text state)
{
	struct latest preference;
	char id[24];
	(void)request;
	json_key(out, TEXT("preferences"));
	json_array_begin(out);
	for (size_t at = 0; latest_next(state, &at, &preference);) {
		if (preference.value.n == 0)
			continue;
		json_object_begin(out);
		json_put_text(out, "name", preference.key);
		json_key(out, TEXT("value"));
		value_write_json(out, preference.value);
		json_put_text(out, "channel", text_of(channel_name((enum channel)preference.channel)));
		json_put_text(out, "undo", record_format(id, 'u', preference.position));
		json_object_end(out);
	}
	json_array_end(out);
}

static void consents_write(struct json_writer *out, const struct config *config, struct text state)
{
	const struct purposes *purposes = purposes_of(config);
	struct consent_state last;
	json_key(out, TEXT("consents"));
	json_array_begin(out);
	for (size_t i = 0; i < purposes->n; i++) {
		const struct purpose *purpose = &purposes->items[i];
		bool answered = consent_last(state, purpose, &last);
		json_object_begin(out);
		json_put_text(out, "purpose", purpose->name);
		json_put_text(out, "title", purpose->title);
		json_put_text(out, "text", purpose->text);
		json_put_text(out, "version", purpose->version);
		json_key(out, TEXT("answer"));
		if (answered)
			json_write_text(out, last.said_yes ? TEXT("yes") : TEXT("no"));
		else
			json_write_null(out);
		if (answered) {
			json_put_bool(out, "holds", last.yes);
			json_put_time(out, "time", last.time_ms);
			json_put_text(out, "channel", text_of(channel_name(last.channel)));
			json_put_text(out, "version_shown", last.version);
		}
		json_object_end(out);
	}
	json_array_end(out);
}

static void channels_write(struct json_writer *out, const struct contacts *contacts)
{
	json_key(out, TEXT("channels"));
	json_array_begin(out);
	for (unsigned i = 1; i < CHANNEL_COUNT; i++) {
		if (!contacts->channels[i].events)
			continue;
		json_object_begin(out);
		json_put_text(out, "channel", text_of(channel_name((enum channel)i)));
		json_put_int(out, "contacts", contacts->channels[i].contacts);
		json_put_int(out, "events", contacts->channels[i].events);
		json_put_time(out, "last", contacts->channels[i].last_ms);
		json_object_end(out);
	}
	json_array_end(out);
}

static void reason_write(struct json_writer *out, struct text text, bool asked)
{
	json_key(out, TEXT("reason"));
	if (text.n == 0) {
		json_write_null(out);
		return;
	}
	json_object_begin(out);
	json_put_text(out, "text", text);
	json_put_text(out, "marked", asked ? TEXT("asked") : TEXT("inferred"));
	json_object_end(out);
}

static void contact_write(struct request *request, struct json_writer *out, const struct contact *contact)
{
	const struct config *config = engine_config(request->server->engine);
	json_object_begin(out);
	json_put_text(out, "channel", text_of(channel_name((enum channel)contact->channel)));
	json_put_text(out, "touchpoint", touchpoint_title(config, name_of(request, contact->touchpoint)));
	json_put_time(out, "start", contact->start_ms);
	json_put_time(out, "end", contact->last_ms);
	json_put_int(out, "events", contact->events);
	reason_write(out, (struct text){contact->reason, contact->reason_n}, true);
	json_object_end(out);
}

/* The open matter that presses most: the one due first, else the oldest. */
static bool pressing(struct text state, struct matter *found)
{
	struct matter matter;
	bool any = false;
	for (size_t at = 0; matter_next(state, &at, &matter);) {
		if (!matter_is_open(&matter))
			continue;
		if (!any || (matter.due_ms && (!found->due_ms || matter.due_ms < found->due_ms)))
			*found = matter;
		any = true;
	}
	return any;
}

/* Why somebody probably comes who did not say: the matter that presses, or what they looked at on another channel lately. */
static struct text reason_inferred(struct request *request, const struct contacts *contacts, const struct contact *present,
                                   const struct matter *matter, char *out, size_t max)
{
	const struct config *config = engine_config(request->server->engine);
	int n = 0;
	if (matter && matter->due_ms && matter->due_ms - request->now_ms < 7 * (int64_t)MS_A_DAY)
		n = snprintf(out, max, "%.*s, %.*s", TEXT_ARGS(matter->kind), TEXT_ARGS(matter->title));
	for (unsigned i = 0; i < contacts->contacts_n && n == 0; i++) {
		const struct contact *contact = &contacts->contacts[i];
		if (contact->touchpoint && (!present || contact->channel != present->channel) &&
		    request->now_ms - contact->last_ms < REASON_LOOKBACK_MS)
			n = snprintf(out, max, "%.*s, on the %s today", TEXT_ARGS(touchpoint_title(config, name_of(request, contact->touchpoint))),
			             channel_name((enum channel)contact->channel));
	}
	if (n == 0 && matter)
		n = snprintf(out, max, "%.*s, %.*s", TEXT_ARGS(matter->kind), TEXT_ARGS(matter->title));
	return (struct text){out, n > 0 && (size_t)n < max ? (size_t)n : 0};
}

static void contacts_write(struct request *request, struct json_writer *out, const struct contacts *contacts, const struct matter *matter)
{
	const struct contact *present = contacts_present(contacts, request->now_ms);
	char inferred[200];
	json_key(out, TEXT("present"));
	struct text guess = reason_inferred(request, contacts, present, matter, inferred, sizeof inferred);
	json_object_begin(out);
	json_key(out, TEXT("channel"));
	if (present)
		json_write_text(out, text_of(channel_name((enum channel)present->channel)));
	else
		json_write_null(out);
	if (present) {
		json_put_text(out, "touchpoint", touchpoint_title(engine_config(request->server->engine), name_of(request, present->touchpoint)));
		json_put_time(out, "start", present->start_ms);
	}
	if (present && present->reason_n)
		reason_write(out, (struct text){present->reason, present->reason_n}, true);
	else
		reason_write(out, guess, false);
	json_object_end(out);
	json_key(out, TEXT("contacts"));
	json_array_begin(out);
	for (unsigned i = 0; i < contacts->contacts_n; i++)
		contact_write(request, out, &contacts->contacts[i]);
	json_array_end(out);
}

static void matters_write(struct json_writer *out, struct text state)
{
	struct matter matter;
	json_key(out, TEXT("open"));
	json_array_begin(out);
	for (size_t at = 0; matter_next(state, &at, &matter);)
		if (matter.opened_by)
			matter_write(out, &matter);
	json_array_end(out);
}

static void next_write(struct request *request, struct json_writer *out, const struct matter *matter)
{
	char why[260];
	json_key(out, TEXT("next"));
	struct text step = matter ? matter_next_step(engine_config(request->server->engine), matter->kind) : (struct text){0};
	if (step.n == 0) {
		json_write_null(out);
		return;
	}
	int64_t days = matter->due_ms ? (matter->due_ms - request->now_ms) / MS_A_DAY : 0;
	int n = snprintf(why, sizeof why, "%.*s", TEXT_ARGS(matter->title));
	if (matter->amount_minor)
		n += snprintf(why + n, sizeof why - (size_t)n, ", %" PRId64 ".%02d %.*s", matter->amount_minor / 100,
		              (int)(matter->amount_minor % 100), TEXT_ARGS(matter->currency));
	if (matter->due_ms)
		n += snprintf(why + n, sizeof why - (size_t)n, days >= 0 ? ", due in %" PRId64 " days" : ", overdue by %" PRId64 " days",
		              days >= 0 ? days : -days);
	json_object_begin(out);
	json_put_text(out, "text", step);
	json_put_text(out, "why", ((struct text){why, (size_t)n}));
	json_object_end(out);
}

/* What Attune would guess, per surface, each for its own purpose; where there is no consent it says so. */
static void habits_write(struct request *request, struct json_writer *out, struct customer *customer)
{
	const struct config *config = engine_config(request->server->engine);
	const struct surface *surface;
	bool withheld = false;
	json_key(out, TEXT("habits"));
	json_array_begin(out);
	for (size_t at = 0; (surface = surface_next(config, &at));) {
		struct reader reader;
		struct decision *decision = arena_alloc(request->arena, sizeof *decision);
		if (!decision || surface->type != SURFACE_USUAL ||
		    reader_open(&reader, request->server->engine, customer, request->arena, surface->purpose) != 0 ||
		    decide(decision, &reader, surface, request->now_ms) != 0)
			continue;
		withheld |= decision->no_consent;
		if (!decision->guess)
			continue;
		json_object_begin(out);
		json_put_text(out, "surface", surface->name);
		json_put_text(out, "text", ((struct text){decision->why, decision->why_n}));
		json_put_bool(out, "guess", true);
		json_object_end(out);
	}
	json_array_end(out);
	json_key(out, TEXT("withheld"));
	json_array_begin(out);
	if (withheld)
		json_write_text(out, TEXT("habits: the customer has not agreed to personalisation"));
	json_array_end(out);
}

static void origins_write(struct request *request, struct json_writer *out, const struct customer *customer, struct text identifiers)
{
	struct engine *engine = request->server->engine;
	struct identifier_known known;
	char hex[33];
	json_key(out, TEXT("origins"));
	json_array_begin(out);
	for (uint32_t number = customer->origin_first; number; number = engine_origin(engine, number)->next) {
		const struct origin *origin = engine_origin(engine, number);
		json_object_begin(out);
		json_put_text(out, "origin", text_of(origin_format(hex, origin->id)));
		json_put_bool(out, "first", number == customer->number);
		json_put_int(out, "events", origin->events);
		json_key(out, TEXT("identifiers"));
		json_array_begin(out);
		for (size_t at = 0; identifier_next(identifiers, &at, &known);)
			if (resolve_find(engine, known.identifier) == number) {
				char text[IDENTIFIER_BYTES_MAX + IDENTIFIER_TYPE_BYTES_MAX + 2];
				int n = snprintf(text, sizeof text, "%.*s:%.*s", TEXT_ARGS(known.identifier.type), TEXT_ARGS(known.identifier.value));
				json_write_text(out, (struct text){text, (size_t)n});
			}
		json_array_end(out);
		json_object_end(out);
	}
	json_array_end(out);
}

/* The card of a customer who is locked and fresh, as an object. */
void card_write(struct request *request, struct json_writer *out, struct customer *customer)
{
	struct reader reader;
	struct matter matter;
	char cid[33];
	int error = reader_open(&reader, request->server->engine, customer, request->arena, PURPOSE_SERVICE);
	struct contacts *contacts = arena_alloc(request->arena, sizeof *contacts);
	json_object_begin(out);
	if (!error && contacts) {
		struct text identifiers = reader_state(&reader, &identifier_fold), traits = reader_state(&reader, &trait_fold);
		struct text matters = reader_state(&reader, &matter_fold), preferences = reader_state(&reader, &preference_fold);
		bool presses = pressing(matters, &matter);
		contacts_read(contacts, reader_state(&reader, &contact_fold));
		json_put_text(out, "cid", text_of(origin_format(cid, customer_id(request->server->engine, customer))));
		json_put_text(out, "name", trait_display_name(traits, request->arena));
		json_put_time(out, "since", contacts->first_ms);
		json_put_int(out, "events", customer->events);
		identifiers_write(request, out, identifiers);
		traits_write(request, out, traits);
		preferences_write(request, out, preferences);
		consents_write(out, reader.config, reader_state(&reader, &consent_fold));
		channels_write(out, contacts);
		contacts_write(request, out, contacts, presses ? &matter : NULL);
		matters_write(out, matters);
		next_write(request, out, presses ? &matter : NULL);
		json_key(out, TEXT("accessibility"));
		accessibility_write(out, preference_accessibility(preferences));
		origins_write(request, out, customer, identifiers);
		habits_write(request, out, customer);
	}
	json_object_end(out);
}

/* Lock the customer of @origin, fresh; NULL with the error answered. */
static struct customer *fresh(struct request *request, uint32_t origin)
{
	struct customer *customer = customer_lock_of(request->server->engine, origin);
	if (!customer) {
		reply_failure(request, ERROR_NOT_FOUND);
		return NULL;
	}
	int error = customer_refresh(request->server->engine, customer);
	if (!error && customer->origin_first)
		return customer;
	customer_unlock(request->server->engine, customer);
	reply_failure(request, error ? error : ERROR_BUSY);
	return NULL;
}

static void card(struct request *request, uint32_t origin)
{
	struct customer *customer = origin ? fresh(request, origin) : NULL;
	if (!customer)
		return;
	card_write(request, &request->out, customer);
	customer_unlock(request->server->engine, customer);
}

void api_card(struct request *request)
{
	card(request, request_customer_path(request, request->parameters[0]));
}

struct text customer_name(struct request *request, uint32_t origin, char *copy, size_t max)
{
	struct customer *customer = customer_lock_of(request->server->engine, origin);
	size_t n = 0;
	if (customer) {
		size_t index = fold_table_index(engine_folds(request->server->engine), &trait_fold);
		struct text traits = customer_state(request->server->engine, customer, index, request->arena);
		struct text name = text_first(trait_display_name(traits, request->arena), max);
		while (name.n && !text_is_utf8(name))
			name.n--;
		memcpy(copy, name.p, name.n);
		n = name.n;
		customer_unlock(request->server->engine, customer);
	}
	return (struct text){copy, n};
}

/* ---- finding ---- */

struct listing {
	struct request *request;
	struct text query;
	size_t left;
	bool any;
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

static void row_write(struct listing *listing, struct customer *customer, struct text name, struct text identifiers)
{
	struct request *request = listing->request;
	struct json_writer *out = &request->out;
	struct contacts *contacts = arena_alloc(request->arena, sizeof *contacts);
	size_t index = fold_table_index(engine_folds(request->server->engine), &contact_fold);
	struct identifier_known known;
	char cid[33], text[IDENTIFIER_BYTES_MAX + IDENTIFIER_TYPE_BYTES_MAX + 2];
	if (!contacts)
		return;
	contacts_read(contacts, customer_state(request->server->engine, customer, index, request->arena));
	json_object_begin(out);
	json_put_text(out, "cid", text_of(origin_format(cid, customer_id(request->server->engine, customer))));
	json_put_text(out, "name", name);
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

static bool row(void *arg, struct customer *customer)
{
	struct listing *listing = arg;
	struct request *request = listing->request;
	const struct fold_table *table = engine_folds(request->server->engine);
	if (customer_refresh(request->server->engine, customer) != 0 || customer->origin_first == 0 || customer->events == 0)
		return true;
	struct text states = {(const char *)customer->states, customer->states_bytes};
	struct text identifiers = fold_states_get(states, table->n, fold_table_index(table, &identifier_fold));
	struct text traits = fold_states_get(states, table->n, fold_table_index(table, &trait_fold));
	struct text name = trait_display_name(traits, request->arena);
	if (!matches(name, identifiers, listing->query))
		return true;
	row_write(listing, customer, name, identifiers);
	return --listing->left > 0;
}

void api_customers(struct request *request)
{
	int64_t n, after;
	struct text identifier = http_query(request->http, "identifier");
	if (identifier.n) {
		card(request, request_customer_identifier(request, identifier));
		return;
	}
	if (request->caller.scope != KEY_SECRET)
		return reply_error(request, 403, "denied", "Listing customers needs a secret key.");
	if (!request_number(request, "n", 50, 1, LIST_MAX, &n) || !request_number(request, "after", 0, 0, UINT32_MAX, &after))
		return;
	struct listing listing = {.request = request, .query = http_query(request->http, "q"), .left = (size_t)n};
	uint32_t at = (uint32_t)after;
	struct json_writer *out = &request->out;
	json_object_begin(out);
	json_key(out, TEXT("customers"));
	json_array_begin(out);
	engine_each_customer(request->server->engine, &at, LIST_SCAN_MAX, row, &listing);
	json_array_end(out);
	json_key(out, TEXT("next"));
	if (at < engine_origins(request->server->engine)) {
		char digits[16];
		snprintf(digits, sizeof digits, "%u", at);
		json_write_text(out, text_of(digits));
	} else {
		json_write_null(out);
	}
	json_put_int(out, "total", (int64_t)engine_figures(request->server->engine).customers);
	json_object_end(out);
}

/* ---- the timeline ---- */

static void event_write(struct request *request, struct json_writer *out, const struct event *event)
{
	char id[24];
	struct value properties = value_get(event->payload, TEXT("properties"));
	(void)request;
	json_object_begin(out);
	json_put_text(out, "event", record_format(id, 'e', event->position));
	json_put_time(out, "time", event->header.time_ms);
	json_put_time(out, "received", event->header.received_ms);
	json_put_text(out, "kind", text_of(event_kind_name((enum event_kind)event->header.kind)));
	json_put_text(out, "name", event->name);
	json_put_text(out, "channel", text_of(channel_name((enum channel)event->header.channel)));
	json_put_text(out, "touchpoint", event->touchpoint);
	json_put_text(out, "source", event->source);
	bool of_call = event->header.kind >= EVENT_TRACK && event->header.kind <= EVENT_ALIAS;
	if (of_call)
		json_put_text(out, "messageId", value_text(value_get(event->payload, TEXT("messageId"))));
	json_key(out, TEXT("properties"));
	if (event->header.kind == EVENT_IDENTIFY)
		properties = value_get(event->payload, TEXT("traits"));
	if (of_call && properties.n == 0) {
		json_object_begin(out);
		json_object_end(out);
	} else {
		value_write_json(out, of_call ? properties : event->payload);
	}
	json_object_end(out);
}

/* Write at most @n events older than @before (a position, 0: from the newest); *@last is the position of the last one written. */
static int history_write(struct request *request, uint32_t origin, unsigned what, uint64_t before, size_t n, uint64_t *last, bool *more)
{
	struct history history;
	struct event event;
	size_t written = 0;
	struct customer *customer = customer_lock_of(request->server->engine, origin);
	if (!customer)
		return ERROR_NOT_FOUND;
	int error = history_start(&history, request->server->engine, customer, request->arena, what);
	customer_unlock(request->server->engine, customer);
	*more = true;
	while (!error && *more) {
		error = history_next(&history, &event, more);
		if (error || !*more || (before && event.position >= before))
			continue;
		if (written == n)
			break;
		event_write(request, &request->out, &event);
		*last = event.position;
		written++;
	}
	return error;
}

static void history_page(struct request *request, const char *key, unsigned what)
{
	int64_t n;
	uint64_t before = 0, last = 0;
	bool more = false;
	char id[24];
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	if (!origin || !request_number(request, "n", 100, 1, TIMELINE_MAX, &n))
		return;
	if (http_query(request->http, "before").n && !record_parse(http_query(request->http, "before"), 'e', &before))
		return reply_error(request, 400, "invalid_cursor", "\"before\" must be the \"next\" of the page before.");
	json_object_begin(&request->out);
	json_key(&request->out, text_of(key));
	json_array_begin(&request->out);
	int error = history_write(request, origin, what, before, (size_t)n, &last, &more);
	if (error)
		return reply_failure(request, error);
	json_array_end(&request->out);
	json_key(&request->out, TEXT("next"));
	if (more)
		json_write_text(&request->out, record_format(id, 'e', last));
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

/* ---- what a form need not ask ---- */

/* Is @field (contact_after) the name @known (contact.after, contactAfter, address.street)? */
static bool same_name(struct text field, struct text known)
{
	size_t i = 0, j = 0;
	while (i < field.n || j < known.n) {
		while (i < field.n && (field.p[i] == '_' || field.p[i] == '-' || field.p[i] == '.'))
			i++;
		while (j < known.n && (known.p[j] == '_' || known.p[j] == '-' || known.p[j] == '.'))
			j++;
		if (i == field.n || j == known.n)
			break;
		char a = field.p[i], b = known.p[j];
		if ((a | 32) != (b | 32))
			return false;
		i++;
		j++;
	}
	return i == field.n && j == known.n;
}

struct found {
	struct value value;
	uint32_t source;
	int64_t since_ms;
	bool any;
};

static void find_in(struct found *found, struct text state, struct text field, bool by_time)
{
	struct latest entry;
	for (size_t at = 0; !found->any && latest_next(state, &at, &entry);) {
		struct value_cursor cursor = {0};
		struct value inner = entry.value, item;
		struct text key;
		bool hit = same_name(field, entry.key) && value_type_of(entry.value) > VALUE_NULL;
		/* A field of the address is a field of the form: street, city. */
		while (!hit && value_type_of(entry.value) == VALUE_OBJECT && value_next(&cursor, entry.value, &key, &item))
			if (same_name(field, key) && value_type_of(item) > VALUE_NULL) {
				hit = true;
				inner = item;
			}
		if (hit)
			*found = (struct found){inner, entry.source, by_time ? entry.order : 0, true};
	}
}

/* full_name is the name a person goes by, however it was stated. */
static struct text name_field(struct text field, struct text traits, struct arena *arena)
{
	if (same_name(field, TEXT("full_name")) || same_name(field, TEXT("name")))
		return trait_display_name(traits, arena);
	return (struct text){0};
}

static void field_write(struct request *request, struct text field, struct found found, struct text name)
{
	struct json_writer *out = &request->out;
	json_key(out, field);
	json_object_begin(out);
	json_key(out, TEXT("value"));
	if (found.any)
		value_write_json(out, found.value);
	else
		json_write_text(out, name);
	json_put_text(out, "source", name_of(request, found.source));
	json_key(out, TEXT("since"));
	if (found.since_ms)
		json_write_time(out, found.since_ms);
	else
		json_write_null(out);
	json_object_end(out);
}

void api_known(struct request *request)
{
	struct reader reader;
	struct text rest = http_query(request->http, "fields"), field, missing[KNOWN_FIELDS_MAX];
	size_t of = 0, missing_n = 0;
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	struct customer *customer = origin ? fresh(request, origin) : NULL;
	if (!customer)
		return;
	int error = reader_open(&reader, request->server->engine, customer, request->arena, PURPOSE_SERVICE);
	struct text traits = {0}, preferences = {0};
	if (!error) {
		traits = reader_state(&reader, &trait_fold);
		preferences = reader_state(&reader, &preference_fold);
	}
	customer_unlock(request->server->engine, customer);
	if (error)
		return reply_failure(request, error);
	if (rest.n == 0)
		return reply_error(request, 400, "no_fields", "\"fields\" must name the form's fields: fields=name,email.");
	json_object_begin(&request->out);
	json_key(&request->out, TEXT("known"));
	json_object_begin(&request->out);
	while (of < KNOWN_FIELDS_MAX && text_next(&rest, ',', &field)) {
		struct found found = {0};
		field = text_trim(field);
		if (field.n == 0)
			continue;
		of++;
		find_in(&found, traits, field, true);
		find_in(&found, preferences, field, false);
		struct text name = found.any ? (struct text){0} : name_field(field, traits, request->arena);
		if (found.any || name.n)
			field_write(request, field, found, name);
		else
			missing[missing_n++] = field;
	}
	json_object_end(&request->out);
	json_key(&request->out, TEXT("ask"));
	json_array_begin(&request->out);
	for (size_t i = 0; i < missing_n; i++)
		json_write_text(&request->out, missing[i]);
	json_array_end(&request->out);
	json_put_int(&request->out, "not_asked", (int64_t)(of - missing_n));
	json_put_int(&request->out, "of", (int64_t)of);
	json_object_end(&request->out);
	asked_note(request->server, http_query(request->http, "touchpoint"), of - missing_n, missing_n);
}

/* ---- identity, consents, export ---- */

void api_identity(struct request *request)
{
	struct reader reader;
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	struct customer *customer = origin ? fresh(request, origin) : NULL;
	char cid[33];
	if (!customer)
		return;
	int error = reader_open(&reader, request->server->engine, customer, request->arena, PURPOSE_SERVICE);
	if (!error) {
		struct text identifiers = reader_state(&reader, &identifier_fold);
		json_object_begin(&request->out);
		json_put_text(&request->out, "cid", text_of(origin_format(cid, customer_id(request->server->engine, customer))));
		identifiers_write(request, &request->out, identifiers);
		origins_write(request, &request->out, customer, identifiers);
		json_object_end(&request->out);
	}
	customer_unlock(request->server->engine, customer);
	if (error)
		reply_failure(request, error);
}

void api_consents(struct request *request)
{
	struct reader reader;
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	struct customer *customer = origin ? fresh(request, origin) : NULL;
	if (!customer)
		return;
	int error = reader_open(&reader, request->server->engine, customer, request->arena, PURPOSE_SERVICE);
	json_object_begin(&request->out);
	if (!error)
		consents_write(&request->out, reader.config, reader_state(&reader, &consent_fold));
	json_object_end(&request->out);
	customer_unlock(request->server->engine, customer);
	if (error)
		reply_failure(request, error);
}

void api_export(struct request *request)
{
	uint64_t last;
	bool more;
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	struct customer *customer = origin ? fresh(request, origin) : NULL;
	struct json_writer *out = &request->out;
	if (!customer)
		return;
	json_object_begin(out);
	json_put_time(out, "exported", request->now_ms);
	json_key(out, TEXT("customer"));
	card_write(request, out, customer);
	customer_unlock(request->server->engine, customer);
	json_key(out, TEXT("events"));
	json_array_begin(out);
	int error = history_write(request, origin, HISTORY_EVENTS, 0, CUSTOMER_EVENTS_MAX, &last, &more);
	json_array_end(out);
	json_key(out, TEXT("decisions"));
	json_array_begin(out);
	if (!error)
		error = history_write(request, origin, HISTORY_DECISIONS, 0, CUSTOMER_EVENTS_MAX, &last, &more);
	if (error)
		return reply_failure(request, error);
	json_array_end(out);
	json_object_end(out);
}

/* ---- joining and parting ---- */

void api_merge(struct request *request)
{
	struct json root;
	uint64_t position;
	uint32_t a = request_customer_path(request, request->parameters[0]);
	if (!a || !request_json(request, &root))
		return;
	struct text with = json_text(json_get(root, TEXT("with")));
	uint32_t b = request_customer_path(request, with);
	if (!b)
		return;
	a = atomic_load(&engine_origin(request->server->engine, a)->customer);
	b = atomic_load(&engine_origin(request->server->engine, b)->customer);
	struct event_header header = request_header(request, EVENT_MERGE, CHANNEL_NONE);
	struct text because = json_text(json_get(root, TEXT("because")));
	int error = resolve_merge(request->server->engine, a, b, &header, because.n ? because : TEXT("a person said so"), &position);
	if (error)
		return reply_failure(request, error);
	request->wait_for = position;
	card(request, a < b ? a : b);
}

void api_split(struct request *request)
{
	struct json root;
	uint64_t position;
	uint32_t customer = request_customer_path(request, request->parameters[0]);
	if (!customer || !request_json(request, &root))
		return;
	struct text part = json_text(json_get(root, TEXT("origin")));
	uint32_t origin = request_customer_path(request, part);
	if (!origin)
		return;
	struct engine *engine = request->server->engine;
	if (atomic_load(&engine_origin(engine, origin)->customer) != atomic_load(&engine_origin(engine, customer)->customer))
		return reply_error(request, 409, "conflict", "That origin does not belong to that customer.");
	struct event_header header = request_header(request, EVENT_SPLIT, CHANNEL_NONE);
	struct text because = json_text(json_get(root, TEXT("because")));
	int error = resolve_split(engine, origin, &header, because.n ? because : TEXT("a person said so"), &position);
	if (error == ERROR_CONFLICT)
		return reply_error(request, 409, "conflict", "The oldest origin stays: part one of the others from it.");
	if (error)
		return reply_failure(request, error);
	request->wait_for = position;
	card(request, origin);
}
