/* card.c: a customer's card: everything staff and the customer see at one glance, as one object. */
#include "serve/card.h"
#include "serve/segments.h"

#include "base/clock.h"
#include "base/unit.h"
#include "customize/decision.h"
#include "identify/resolve.h"
#include "identify/trait.h"
#include "interact/contact.h"
#include "interact/matter.h"
#include "interact/preference.h"
#include "interact/promise.h"
#include "interact/touchpoint.h"
#include "trust/consent.h"
#include "trust/trait_use.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { REASON_LOOKBACK_MS = MS_A_DAY };

struct text card_name_of(struct request *request, uint32_t number)
{
	return dictionary_name(engine_dictionary(request->server->engine), number);
}

void card_identifiers_write(struct request *request, struct json_writer *out, struct text state)
{
	struct identifier_known known;
	json_key(out, TEXT("identifiers"));
	json_array_begin(out);
	for (size_t at = 0; identifier_next(state, &at, &known);) {
		json_object_begin(out);
		json_put_text(out, "type", known.identifier.type);
		json_put_text(out, "value", known.identifier.value);
		json_put_time(out, "since", known.since_ms);
		json_put_text(out, "source", card_name_of(request, known.source));
		json_object_end(out);
	}
	json_array_end(out);
}

/* For which of its purposes a trait may be used; nothing for one that is bound to none. */
static void trait_purposes_write(struct request *request, struct json_writer *out, const struct latest *trait)
{
	const struct config *config = engine_config(request->server->engine);
	const struct trait_use *use = trait_use_find(config, trait->key);
	if (!use)
		return;
	json_key(out, TEXT("purposes"));
	json_array_begin(out);
	for (size_t i = 0; i < use->purposes_n; i++)
		if (trait_use_may(config, trait, use->purposes[i]))
			json_write_text(out, purpose_of_mask(config, use->purposes[i])->name);
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
		json_put_text(out, "source", card_name_of(request, trait.source));
		json_put_time(out, "time", trait.order);
		json_put_bool(out, "corrected", trait.tag & TRAIT_CORRECTED);
		trait_purposes_write(request, out, &trait);
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

void card_consent_members_write(struct json_writer *out, const struct purpose *purpose, struct text state, int64_t now_ms)
{
	struct consent_state last;
	bool answered = consent_last(state, purpose, now_ms, &last);
	json_put_text(out, "purpose", purpose->name);
	json_put_text(out, "title", purpose->title);
	json_put_text(out, "text", purpose->text);
	json_put_text(out, "version", purpose->version);
	json_key(out, TEXT("answer"));
	if (!answered)
		return json_write_null(out);
	json_write_text(out, last.said_yes ? TEXT("yes") : TEXT("no"));
	json_put_text(out, "decision", text_of(consent_decision_name(last.decision)));
	json_put_bool(out, "holds", last.yes && !consent_is_restricted(state, NULL));
	json_put_time(out, "time", last.time_ms);
	if (last.valid_until_ms)
		json_put_time(out, "valid_until", last.valid_until_ms);
	json_put_text(out, "channel", text_of(channel_name(last.channel)));
	json_put_text(out, "version_shown", last.version);
}

static void consents_write(struct json_writer *out, const struct reader *reader, struct text state)
{
	const struct purposes *purposes = purposes_of(reader->config);
	json_put_bool(out, "restricted", reader->restricted);
	json_key(out, TEXT("consents"));
	json_array_begin(out);
	for (size_t i = 0; i < purposes->n; i++) {
		json_object_begin(out);
		card_consent_members_write(out, &purposes->items[i], state, reader->now_ms);
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
	json_put_text(out, "touchpoint", touchpoint_title(config, card_name_of(request, contact->touchpoint)));
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

int card_matter_say(const struct config *config, const struct matter *matter, char *out, size_t max)
{
	const struct config_document *document = config_find(config, TEXT("matter"), matter->kind);
	struct text title = document ? value_text(value_get(document->body, TEXT("title"))) : (struct text){0};
	return snprintf(out, max, "%.*s%s%.*s", TEXT_ARGS(title.n ? title : matter->kind), matter->title.n ? ", " : "", TEXT_ARGS(matter->title));
}

/* Why somebody probably comes who did not say: the matter that presses, or what they looked at on another channel lately. */
static struct text reason_inferred(struct request *request, const struct contacts *contacts, const struct contact *present,
                                   const struct matter *matter, char *out, size_t max)
{
	const struct config *config = engine_config(request->server->engine);
	int n = 0;
	if (matter && matter->due_ms && matter->due_ms - request->now_ms < 7 * (int64_t)MS_A_DAY)
		n = card_matter_say(config, matter, out, max);
	for (unsigned i = 0; i < contacts->contacts_n && n == 0; i++) {
		const struct contact *contact = &contacts->contacts[i];
		if (contact->touchpoint && (!present || contact->channel != present->channel) &&
		    request->now_ms - contact->last_ms < REASON_LOOKBACK_MS)
			n = snprintf(out, max, "%.*s, on the %s today", TEXT_ARGS(touchpoint_title(config, card_name_of(request, contact->touchpoint))),
			             channel_name((enum channel)contact->channel));
	}
	if (n == 0 && matter)
		n = card_matter_say(config, matter, out, max);
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
		json_put_text(out, "touchpoint", touchpoint_title(engine_config(request->server->engine), card_name_of(request, present->touchpoint)));
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
	struct buffer why = BUFFER_INIT(512);
	json_key(out, TEXT("next"));
	struct text step = matter ? matter_next_step(engine_config(request->server->engine), matter->kind) : (struct text){0};
	if (step.n == 0) {
		json_write_null(out);
		return;
	}
	int64_t days = matter->due_ms ? (matter->due_ms - request->now_ms) / MS_A_DAY : 0;
	buffer_text(&why, matter->title);
	if (matter->amount_minor) {
		buffer_string(&why, ", ");
		money_say(&why, matter->amount_minor, matter->currency);
	}
	if (matter->due_ms)
		buffer_format(&why, days >= 0 ? ", due in %" PRId64 " days" : ", overdue by %" PRId64 " days", days >= 0 ? days : -days);
	json_object_begin(out);
	json_put_text(out, "text", step);
	json_put_text(out, "why", buffer_view(&why));
	json_object_end(out);
	buffer_free(&why);
}

static void promises_write(struct request *request, struct json_writer *out, struct text state)
{
	const struct config *config = engine_config(request->server->engine);
	struct promise promise;
	json_key(out, TEXT("promises"));
	json_array_begin(out);
	for (size_t at = 0; promise_next(state, &at, &promise);)
		promise_write(out, config, &promise, request->now_ms);
	json_array_end(out);
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
		    reader_open(&reader, request->server->engine, customer, request->arena, surface->purpose, request->now_ms) != 0 ||
		    decide(decision, &reader, surface, request->now_ms, NULL) != 0)
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
	if (withheld) {
		json_object_begin(out);
		json_put_text(out, "what", TEXT("habits"));
		json_put_text(out, "reason", TEXT("no consent"));
		json_object_end(out);
	}
	json_array_end(out);
}

void card_origins_write(struct request *request, struct json_writer *out, const struct customer *customer, struct text identifiers)
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

void card_write(struct request *request, struct json_writer *out, struct customer *customer, uint64_t purpose)
{
	json_object_begin(out);
	card_members_write(request, out, customer, purpose);
	json_object_end(out);
}

void card_members_write(struct request *request, struct json_writer *out, struct customer *customer, uint64_t purpose)
{
	struct reader reader;
	struct matter matter;
	char cid[33];
	int error = reader_open(&reader, request->server->engine, customer, request->arena, purpose, request->now_ms);
	struct contacts *contacts = arena_alloc(request->arena, sizeof *contacts);
	if (!error && contacts) {
		struct text identifiers = reader_state(&reader, &identifier_fold), traits = reader_state(&reader, &trait_fold);
		struct text matters = reader_state(&reader, &matter_fold), preferences = reader_state(&reader, &preference_fold);
		bool presses = pressing(matters, &matter);
		contacts_read(contacts, reader_state(&reader, &contact_fold));
		json_put_text(out, "cid", text_of(origin_format(cid, customer_id(request->server->engine, customer))));
		json_put_text(out, "name", trait_display_name(traits, request->arena));
		json_put_time(out, "since", contacts->first_ms);
		json_put_int(out, "events", customer->events);
		card_identifiers_write(request, out, identifiers);
		traits_write(request, out, traits);
		json_put_bool(out, "traits_withheld", reader.withheld_n > 0); /* Nothing else was asked for that could be. */
		preferences_write(request, out, preferences);
		consents_write(out, &reader, reader_state(&reader, &consent_fold));
		channels_write(out, contacts);
		contacts_write(request, out, contacts, presses ? &matter : NULL);
		matters_write(out, matters);
		next_write(request, out, presses ? &matter : NULL);
		promises_write(request, out, reader_state(&reader, &promise_fold));
		json_key(out, TEXT("accessibility"));
		accessibility_write(out, preference_accessibility(preferences));
		card_origins_write(request, out, customer, identifiers);
		habits_write(request, out, customer);
		segments_card_write(request, out, customer);
	}
}
