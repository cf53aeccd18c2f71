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
#include "serve/signals.h"

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
	while (json_next_item(&cursor, list, &item))
		category_take(collect, event, said, text_or_number(collect->request->arena, item), yes);
}

static void said_read(struct collect *collect, struct incoming *event, struct said *said)
{
	struct json preferences = json_get(event->in.consent, TEXT("categoryPreferences")), lists = event->in.consentManagement, answer;
	struct json_cursor cursor = {0};
	struct text category, provider = json_text(json_get(lists, TEXT("provider")));
	*said = (struct said){.any = json_type_of(preferences) == JSON_OBJECT};
	while (json_next_member(&cursor, preferences, &category, &answer))
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

/* Whose act is noted, and beside what. */
struct noting {
	struct request *request;
	const struct event_header *like; /* The header of what it came with: time, source, channel, whether that is vouched for. */
	struct customer *customer;       /* Locked and fresh. */
	uint32_t origin;
	struct segments_left *left;
	uint64_t *wait_for;
	struct claim claim;              /* What the sender may say of this customer. */
	struct text anonymous;           /* The anonymousId that a public key speaks for. */
};

/* Would @act, as it will be recorded in @write, leave everything as it is? What is held changes nothing, so it is new once. */
static bool adds_nothing(const struct noting *noting, const struct consent_act *act, const struct engine_write *write, uint64_t bit)
{
	struct engine *engine = noting->request->server->engine;
	const struct config *config = engine_config(engine);
	struct text state = reader_service(engine, noting->customer, &consent_fold);
	struct event asked = {.position = INT64_MAX, .header = write->header, .payload = {(const uint8_t *)write->payload.p, write->payload.n}};
	asked.header.origin_number = noting->origin;
	if (event_is_held(&asked))
		return claim_has_yes(reader_service(engine, noting->customer, &claim_fold), noting->anonymous, act->purpose);
	return (consent_mask_with(state, config, &asked, noting->request->now_ms) & bit) == (consent_mask(state, config, noting->request->now_ms) & bit);
}

/* Append an act; with @if_it_changes only when it adds something. */
static int act_append(const struct noting *noting, const struct consent_act *given, bool if_it_changes)
{
	struct consent_act own = *given, *act = &own;
	struct claim claim = noting->claim;
	own.anonymous = noting->anonymous;
	claim.kind = EVENT_CONSENT;
	claim.is_no = !act->yes;
	struct engine *engine = noting->request->server->engine;
	const struct config *config = engine_config(engine);
	uint64_t bit = purpose_find(config, act->purpose)->mask, position = 0;
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	struct engine_write write = {.header = *noting->like};
	int error = consent_encode(&payload, config, act);
	write.header.kind = EVENT_CONSENT;
	write.header.message_hash = 0;
	write.header.name = write.header.touchpoint = 0;
	write.header.purposes = PURPOSE_SERVICE;
	write.header.flags = (uint8_t)((write.header.flags & ~(EVENT_OF_KNOWN | EVENT_HELD)) | claim_flags(&claim));
	write.payload = buffer_view(&payload);
	if (!error && if_it_changes)
		if_it_changes = adds_nothing(noting, act, &write, bit);
	if (!error && !if_it_changes)
		error = engine_prompt_check(noting->customer);
	if (!error && !if_it_changes && !noting->left->reason) /* The first act that is made: browsers say the same with every event. */
		segments_left_before(noting->left, noting->request, noting->customer, UINT64_MAX, "consent");
	if (!error && !if_it_changes)
		error = engine_append(engine, noting->customer, noting->origin, &write, &position);
	if (!error && !if_it_changes)
		*noting->wait_for = position > *noting->wait_for ? position : *noting->wait_for;
	buffer_free(&payload);
	return error;
}

static int said_apply(const struct noting *noting, const struct incoming *event, const struct said *said)
{
	struct request *request = noting->request;
	struct engine *engine = request->server->engine;
	const struct purposes *purposes = purposes_of(engine_config(engine));
	bool is_answer = event->kind == EVENT_TRACK && text_equal(event->name, TEXT("Segment Consent Preference Updated"));
	uint64_t holds = reader_consents(engine, noting->customer, request->now_ms);
	int error = 0;
	for (size_t i = 0; i < purposes->n && !error; i++) {
		const struct purpose *purpose = &purposes->items[i];
		bool yes = said->yes & purpose->mask;
		if (!((said->yes | said->no) & purpose->mask) || (!is_answer && yes == ((holds & purpose->mask) != 0)))
			continue;
		error = act_append(noting, &(struct consent_act){
			.purpose = purpose->name, .yes = yes, .method = TEXT("api"), .control = text_of(said->control),
			.time_ms = event->write.header.time_ms}, !is_answer);
	}
	return error;
}

/* ---- the browser's own signal ---- */

bool signals_gpc_said(struct request *request)
{
	return strcmp(request->server->settings.gpc, "off") != 0 && text_equal(http_header_of(request->http, "Sec-GPC"), TEXT("1"));
}

/* A no to sharing, noted once a purpose: an explicit yes after it holds, and both stand in the ledger. */
static int gpc_note(const struct noting *noting)
{
	struct server *server = noting->request->server;
	const struct purposes *purposes = purposes_of(engine_config(server->engine));
	bool marketing = strcmp(server->settings.gpc, "marketing") == 0;
	int error = 0;
	for (size_t i = 0; i < purposes->n && !error; i++) {
		const struct purpose *purpose = &purposes->items[i];
		if (purpose->class != PURPOSE_CLASS_SHARING && !(marketing && purpose->class == PURPOSE_CLASS_MARKETING))
			continue;
		if (consent_signal_is_noted(reader_service(server->engine, noting->customer, &consent_fold), purpose))
			continue;
		error = act_append(noting, &(struct consent_act){
			.purpose = purpose->name, .actor = TEXT(SIGNALS_GPC_ACTOR), .method = TEXT("api"), .control = TEXT("Sec-GPC"),
			.time_ms = noting->request->now_ms}, false);
	}
	return error;
}

/* The customer is locked. */
static int heed_locked(const struct noting *noting)
{
	struct engine *engine = noting->request->server->engine;
	int error = customer_refresh(engine, noting->customer);
	if (!error && !customer_has(engine, noting->customer, noting->origin))
		error = ERROR_BUSY;
	if (error)
		return error;
	error = gpc_note(noting);
	segments_left_after(noting->left, noting->request, noting->customer);
	return error;
}

int signals_heed(struct request *request, uint32_t origin, enum channel channel)
{
	if (request->caller.scope == KEY_SECRET || !signals_gpc_said(request))
		return 0;
	struct event_header like = request_header(request, EVENT_CONSENT, channel);
	struct segments_left *left = arena_zero_alloc(request->arena, 1, sizeof *left);
	struct customer *customer = left ? customer_lock_of(request->server->engine, origin) : NULL;
	if (!customer)
		return left ? ERROR_NOT_FOUND : ERROR_MEMORY;
	if (request->caller.scope == KEY_WRITE)
		like.flags |= EVENT_UNVERIFIED;
	/* A public key decides for nobody who is known, and a signal is a no. */
	const struct claim claim = {.is_vouched = request->caller.scope != KEY_WRITE, .kind = EVENT_CONSENT, .is_no = true};
	int error = heed_locked(&(struct noting){request, &like, customer, origin, left, &request->wait_for, claim, {"", 0}});
	customer_unlock(request->server->engine, customer);
	segments_left_tell(left, request->server);
	return error;
}

/* ---- beside an event ---- */

bool signals_are_there(const struct collect *collect, const struct incoming *event)
{
	return collect->gpc || json_type_of(event->in.consent) == JSON_OBJECT || json_type_of(event->in.consentManagement) == JSON_OBJECT;
}

int signals_apply(struct collect *collect, struct incoming *event, struct customer *customer, uint32_t origin, uint64_t *may, struct segments_left *left)
{
	const struct noting noting = {collect->request, &event->write.header, customer, origin, left, &collect->wait_for, event->claim,
	                              incoming_speaker(collect, event)};
	struct said said;
	int error = collect->gpc ? gpc_note(&noting) : 0;
	said_read(collect, event, &said);
	*may = said.any ? PURPOSE_SERVICE | said.yes : UINT64_MAX;
	return error || !said.any ? error : said_apply(&noting, event, &said);
}
