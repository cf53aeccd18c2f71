/*
 * signals.c: what arrives beside an event and says yes or no: the consents in its context, and the browser's Sec-GPC.
 *
 *   context.consent.categoryPreferences   {category: true | false}, as Segment's SDKs send it
 *   context.consentManagement             {allowedConsentIds, deniedConsentIds, provider, resolutionStrategy}, as RudderStack's do
 *
 * A category is a purpose by its name, or by "categories" of the source's document. Only what changes something becomes an
 * act, and all of it when the event itself is the customer's answer (Segment Consent Preference Updated). A purpose that such
 * an event leaves out or denies may not be served by this event, whatever the customer agreed to. A category that nobody
 * knows is a warning in the answer and counted at /metrics.
 */
#include "serve/incoming.h"
#include "serve/segments_left.h"

#include "interact/touchpoint.h"
#include "trust/consent.h"
#include "trust/reader.h"

#include <stdio.h>
#include <string.h>

enum { CONTROL_BYTES = 100 };

/* What an event's context said: bits of purposes. */
struct said {
	uint64_t yes, no;
	bool any;                  /* It spoke of consent at all. */
	char control[CONTROL_BYTES];
};

static void category_take(struct collect *collect, struct incoming *event, struct said *said, struct text category, bool yes)
{
	const struct config *config = engine_config(collect->engine);
	const struct purpose *purpose = purpose_find(config, source_category(config, collect->source, category));
	said->any = true;
	if (!purpose)
		return incoming_warn(collect, event, "unknown_category", category);
	*(yes ? &said->yes : &said->no) |= purpose->mask;
}

static void list_take(struct collect *collect, struct incoming *event, struct said *said, struct json list, bool yes)
{
	struct json_cursor cursor = {0};
	struct json item;
	said->any |= json_type_of(list) == JSON_ARRAY;
	while (json_next(&cursor, list, NULL, &item))
		category_take(collect, event, said, text_or_number(collect->request->arena, item), yes);
}

static void said_read(struct collect *collect, struct incoming *event, struct said *said)
{
	struct json preferences = json_get(event->in.consent, TEXT("categoryPreferences")), lists = event->in.consentManagement, answer;
	struct json_cursor cursor = {0};
	struct text category, provider = json_text(json_get(lists, TEXT("provider")));
	*said = (struct said){.any = json_type_of(preferences) == JSON_OBJECT};
	while (json_next(&cursor, preferences, &category, &answer))
		category_take(collect, event, said, category, json_bool(answer, false));
	snprintf(said->control, sizeof said->control, "context.consent");
	if (json_type_of(lists) == JSON_OBJECT) {
		list_take(collect, event, said, json_get(lists, TEXT("allowedConsentIds")), true);
		list_take(collect, event, said, json_get(lists, TEXT("deniedConsentIds")), false);
		snprintf(said->control, sizeof said->control, "context.consentManagement%s%.*s", provider.n ? ":" : "", TEXT_ARGS(text_cut(provider, 60)));
	}
	/* Several categories may be one purpose: all of them have to be allowed, or, if it says "or", one. */
	if (text_equal(json_text(json_get(lists, TEXT("resolutionStrategy"))), TEXT("or")))
		said->no &= ~said->yes;
	else
		said->yes &= ~said->no;
}

/* Append an act; with @if_it_changes only when afterwards something else holds. */
static int act_append(struct collect *collect, struct incoming *event, struct customer *customer, uint32_t origin,
                      const struct consent_act *act, bool if_it_changes, struct segments_left *left)
{
	const struct config *config = engine_config(collect->engine);
	uint64_t bit = purpose_find(config, act->purpose)->mask, position;
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	struct engine_write write = {.header = event->write.header};
	int error = consent_encode(&payload, config, act);
	write.header.kind = EVENT_CONSENT;
	write.header.message_hash = 0;
	write.header.name = write.header.touchpoint = 0;
	write.header.purposes = PURPOSE_SERVICE;
	write.payload = buffer_view(&payload);
	if (!error && if_it_changes) {
		struct event asked = {.position = INT64_MAX, .header = write.header, .payload = {(const uint8_t *)payload.p, payload.n}};
		struct text state = reader_service(collect->engine, customer, &consent_fold);
		asked.header.origin_number = origin;
		if_it_changes = (consent_mask_with(state, config, &asked, collect->request->now_ms) & bit) ==
		                (consent_mask(state, config, collect->request->now_ms) & bit);
	}
	if (!error && !if_it_changes && !left->reason) /* The first act that is made: browsers say the same with every event. */
		segments_left_before(left, collect->request, customer, UINT64_MAX, "consent");
	if (!error && !if_it_changes)
		error = engine_append(collect->engine, customer, origin, &write, &position);
	if (!error && !if_it_changes)
		collect->wait_for = position > collect->wait_for ? position : collect->wait_for;
	buffer_free(&payload);
	return error;
}

static int said_apply(struct collect *collect, struct incoming *event, struct customer *customer, uint32_t origin, const struct said *said, struct segments_left *left)
{
	const struct purposes *purposes = purposes_of(engine_config(collect->engine));
	bool is_answer = event->kind == EVENT_TRACK && text_equal(event->name, TEXT("Segment Consent Preference Updated"));
	uint64_t holds = reader_consents(collect->engine, customer, collect->request->now_ms);
	int error = 0;
	for (size_t i = 0; i < purposes->n && !error; i++) {
		const struct purpose *purpose = &purposes->items[i];
		bool yes = said->yes & purpose->mask;
		if (!((said->yes | said->no) & purpose->mask) || (!is_answer && yes == ((holds & purpose->mask) != 0)))
			continue;
		error = act_append(collect, event, customer, origin, &(struct consent_act){
			.purpose = purpose->name, .yes = yes, .method = TEXT("api"), .control = text_of(said->control),
			.time_ms = event->write.header.time_ms}, !is_answer, left);
	}
	return error;
}

/* Sec-GPC: 1 is a no to sharing, noted once a purpose: an explicit yes after it holds, and both stand in the ledger. */
static int gpc_apply(struct collect *collect, struct incoming *event, struct customer *customer, uint32_t origin, struct segments_left *left)
{
	const struct purposes *purposes = purposes_of(engine_config(collect->engine));
	bool marketing = strcmp(collect->server->settings.gpc, "marketing") == 0;
	int error = 0;
	for (size_t i = 0; i < purposes->n && !error; i++) {
		const struct purpose *purpose = &purposes->items[i];
		if (purpose->class != PURPOSE_CLASS_SHARING && !(marketing && purpose->class == PURPOSE_CLASS_MARKETING))
			continue;
		if (consent_signal_is_noted(reader_service(collect->engine, customer, &consent_fold), purpose))
			continue;
		error = act_append(collect, event, customer, origin, &(struct consent_act){
			.purpose = purpose->name, .actor = TEXT("system:gpc"), .method = TEXT("api"), .control = TEXT("Sec-GPC"),
			.time_ms = collect->request->now_ms}, false, left);
	}
	return error;
}

bool signals_are_there(const struct collect *collect, const struct incoming *event)
{
	return collect->gpc || json_type_of(event->in.consent) == JSON_OBJECT || json_type_of(event->in.consentManagement) == JSON_OBJECT;
}

int signals_apply(struct collect *collect, struct incoming *event, struct customer *customer, uint32_t origin, uint64_t *may, struct segments_left *left)
{
	struct said said;
	int error = collect->gpc ? gpc_apply(collect, event, customer, origin, left) : 0;
	said_read(collect, event, &said);
	*may = said.any ? PURPOSE_SERVICE | said.yes : UINT64_MAX;
	return error || !said.any ? error : said_apply(collect, event, customer, origin, &said, left);
}
