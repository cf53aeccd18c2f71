/* whose.c: whose an event is, by what its sender may say of identity. */
#include "serve/incoming.h"
#include "serve/tokens.h"

#include "base/clock.h"
#include "trust/erasures.h"
#include "trust/reader.h"

#include <string.h>

static void identifier_add(struct resolve_request *wanted, struct arena *arena, struct text type, struct text value)
{
	struct identifier identifier = {type, value};
	char *copy = arena_alloc(arena, IDENTIFIER_BYTES_MAX);
	if (!copy || value.n == 0 || value.n > IDENTIFIER_BYTES_MAX || wanted->n == IDENTIFIERS_AN_EVENT_MAX)
		return;
	identifier = identifier_normalise(identifier, copy);
	if (!identifier_is_usable(identifier))
		return;
	for (size_t i = 0; i < wanted->n; i++)
		if (text_equal(wanted->identifiers[i].type, identifier.type) && text_equal(wanted->identifiers[i].value, identifier.value))
			return;
	wanted->identifiers[wanted->n++] = identifier;
}

static void external_ids_add(struct resolve_request *wanted, struct arena *arena, struct json list)
{
	struct json_cursor cursor = {0};
	struct json item;
	while (json_next_item(&cursor, list, &item)) {
		struct text type = json_text(json_get(item, TEXT("type"))), collection = json_text(json_get(item, TEXT("collection")));
		if (type.n && (collection.n == 0 || text_equal(collection, TEXT("users"))))
			identifier_add(wanted, arena, type, text_or_number(arena, json_get(item, TEXT("id"))));
	}
}

/* The other id of an alias: somebody's userId, or else an anonymousId. */
static void previous_add(struct collect *collect, struct incoming *event, struct resolve_request *wanted)
{
	struct arena *arena = collect->request->arena;
	struct identifier previous = {IDENTIFIER_USER, text_or_number(arena, event->of.previousId)};
	bool was_user = resolve_find(collect->engine, previous) != 0;
	identifier_add(wanted, arena, was_user ? IDENTIFIER_USER : IDENTIFIER_ANONYMOUS, previous.value);
}

/* Everything that says who it is, as somebody trusted says it. */
static void identifiers_trusted(struct collect *collect, struct incoming *event, struct resolve_request *wanted)
{
	struct arena *arena = collect->request->arena;
	struct json traits = event->of.traits, of_context = event->in.traits;
	identifier_add(wanted, arena, IDENTIFIER_USER, event->user_id);
	if (event->kind == EVENT_IDENTIFY)
		identifier_add(wanted, arena, IDENTIFIER_EMAIL, json_text(json_get(traits, TEXT("email"))));
	identifier_add(wanted, arena, IDENTIFIER_EMAIL, json_text(json_get(of_context, TEXT("email"))));
	identifier_add(wanted, arena, IDENTIFIER_ANONYMOUS, event->anonymous_id);
	external_ids_add(wanted, arena, event->in.externalIds);
	if (event->kind != EVENT_ALIAS)
		return;
	previous_add(collect, event, wanted);
	wanted->explicit_link = true;
}

/*
 * A token vouches for the pair of its userId and an anonymousId and for nothing else that the event says: somebody who is
 * signed in could otherwise name the e-mail address or the userId of another and be taken for that person.
 */
static void identifiers_vouched(struct collect *collect, struct incoming *event, struct resolve_request *wanted)
{
	struct arena *arena = collect->request->arena;
	identifier_add(wanted, arena, IDENTIFIER_USER, event->user_id);
	identifier_add(wanted, arena, IDENTIFIER_ANONYMOUS, event->anonymous_id);
	struct text previous = text_or_number(arena, json_get(event->json, TEXT("previousId")));
	if (event->kind == EVENT_ALIAS && !resolve_find(collect->engine, (struct identifier){IDENTIFIER_USER, previous}))
		identifier_add(wanted, arena, IDENTIFIER_ANONYMOUS, previous);
}

/* Does the customer of @anonymous have a user id other than @user? Then a mere claim must not touch them. */
static bool belongs_to_other(struct collect *collect, struct text anonymous, struct text user)
{
	uint32_t origin = resolve_find(collect->engine, (struct identifier){IDENTIFIER_ANONYMOUS, anonymous});
	struct customer *customer = origin ? customer_lock_of(collect->engine, origin) : NULL;
	if (!customer)
		return false;
	struct text state = reader_service(collect->engine, customer, &identifier_fold);
	bool other = identifier_count(state, IDENTIFIER_USER) > 0 && !identifier_has(state, (struct identifier){IDENTIFIER_USER, user});
	customer_unlock(collect->engine, customer);
	return other;
}

/* A public key speaks for the anonymousId alone; the rest is a claim that stays apart until somebody vouches for it. */
static void identifiers_public(struct collect *collect, struct incoming *event, struct resolve_request *wanted)
{
	struct arena *arena = collect->request->arena;
	event->write.header.flags |= EVENT_UNVERIFIED;
	if (event->anonymous_id.n && !(event->user_id.n && belongs_to_other(collect, event->anonymous_id, event->user_id)))
		identifier_add(wanted, arena, IDENTIFIER_ANONYMOUS, event->anonymous_id);
	if (wanted->n == 0 && strcmp(collect->server->settings.identify_from_public, "off") != 0)
		identifier_add(wanted, arena, IDENTIFIER_CLAIMED, event->user_id);
}

/* Has the company's backend signed that this is the userId's customer? */
bool incoming_is_vouched(struct collect *collect, struct incoming *event)
{
	struct request *request = collect->request;
	struct text token = json_text(event->in.token), subject = request->caller.subject;
	struct token signed_token;
	if (request->caller.scope != KEY_CUSTOMER &&
	    (token.n == 0 || request_token(request, token, &signed_token) != 0))
		return false;
	if (request->caller.scope != KEY_CUSTOMER)
		subject = signed_token.subject;
	struct identifier named;
	if (identifier_parse(subject, &named) && text_equal(named.type, IDENTIFIER_USER) && event->user_id.n)
		return text_equal(named.value, event->user_id);
	if (event->user_id.n == 0 && identifier_parse(subject, &named) && text_equal(named.type, IDENTIFIER_USER)) {
		event->user_id = named.value; /* Signed in, though the event itself does not say so. */
		return true;
	}
	uint32_t who = customer_named(collect->server, subject);
	uint32_t user = resolve_find(collect->engine, (struct identifier){IDENTIFIER_USER, event->user_id});
	return who && user && atomic_load(&engine_origin(collect->engine, who)->customer) ==
	                              atomic_load(&engine_origin(collect->engine, user)->customer);
}

/* A public key may make only so many customers a minute. */
static bool is_flood(struct collect *collect, const struct resolve_request *wanted)
{
	struct server *server = collect->server;
	int64_t minute = collect->request->now_ms / MS_A_MINUTE;
	if (collect->trusted)
		return false;
	for (size_t i = 0; i < wanted->n; i++)
		if (resolve_find(collect->engine, wanted->identifiers[i]))
			return false;
	if (atomic_exchange(&server->new_customers_minute, minute) != minute)
		atomic_store(&server->new_customers, 0);
	return atomic_fetch_add(&server->new_customers, 1) >= server->settings.new_customers_a_minute;
}

/* Is it about somebody who was erased, from the time before? */
static bool is_erased(struct collect *collect, const struct incoming *event, const struct resolve_request *wanted)
{
	struct erasures *erasures = collect->server->erasures;
	for (size_t i = 0; erasures_any(erasures) && i < wanted->n; i++) {
		struct identifier_hash hash = directory_hash(engine_directory(collect->engine), wanted->identifiers[i].type, wanted->identifiers[i].value);
		if (erasures_suppress(erasures, hash, event->write.header.time_ms, collect->request->now_ms))
			return true;
	}
	return false;
}

int incoming_owner(struct collect *collect, struct incoming *event, uint32_t *origin)
{
	struct resolve_request wanted = {.header = event->write.header, .because = event->message_id};
	wanted.n = 0;
	if (collect->trusted || strcmp(collect->server->settings.identify_from_public, "trusted") == 0)
		identifiers_trusted(collect, event, &wanted);
	else if (event->verified)
		identifiers_vouched(collect, event, &wanted);
	else
		identifiers_public(collect, event, &wanted);
	if (wanted.n == 0) {
		incoming_refuse(event, "blocked_id", "None of its identifiers may be used: they are placeholders or too long.");
		return ERROR_INVALID;
	}
	event->erased = is_erased(collect, event, &wanted);
	if (event->erased)
		return ERROR_DENIED;
	if (is_flood(collect, &wanted))
		return ERROR_BUSY;
	int error = incoming_source(collect, event);
	wanted.header.source = event->write.header.source;
	return error ? error : resolve(collect->engine, &wanted, origin);
}

struct text incoming_speaker(const struct collect *collect, const struct incoming *event)
{
	return collect->trusted || event->verified ? (struct text){"", 0} : event->anonymous_id;
}

/* ---- confirming ---- */

/* Record that @anonymous is the customer's, with the header of what says so. It stands in the history where what it confirms stands. */
static int confirm_append(struct engine *engine, struct customer *customer, const struct event_header *like, struct text anonymous, uint64_t *wait_for)
{
	uint32_t origin = resolve_find(engine, (struct identifier){IDENTIFIER_ANONYMOUS, anonymous});
	if (!origin || !customer_has(engine, customer, origin) || !claim_is_open(reader_service(engine, customer, &claim_fold), anonymous))
		return 0;
	struct buffer payload = BUFFER_INIT(1024);
	struct engine_write write = {.header = *like};
	uint64_t position = 0;
	size_t object = value_open(&payload, VALUE_OBJECT);
	value_put_key(&payload, TEXT("anonymousId"));
	value_put_text(&payload, anonymous);
	value_close(&payload, object);
	write.header.kind = EVENT_CONFIRM;
	write.header.message_hash = 0;
	write.header.name = write.header.touchpoint = 0;
	write.header.time_ms = write.header.received_ms;
	write.header.purposes = PURPOSE_SERVICE;
	write.payload = buffer_view(&payload);
	int error = payload.failed ? ERROR_LIMIT : engine_append(engine, customer, origin, &write, &position);
	if (!error)
		*wait_for = position > *wait_for ? position : *wait_for;
	buffer_free(&payload);
	return error;
}

int incoming_confirm(struct collect *collect, const struct incoming *event, struct customer *customer)
{
	const bool links = event->kind == EVENT_IDENTIFY || event->kind == EVENT_ALIAS;
	struct text anonymous = event->anonymous_id;
	if (collect->import || event->user_id.n == 0 || !(event->verified || (collect->trusted && links)))
		return 0;
	if (event->kind == EVENT_ALIAS && anonymous.n == 0)
		anonymous = text_or_number(collect->request->arena, event->of.previousId);
	return anonymous.n ? confirm_append(collect->engine, customer, &event->write.header, anonymous, &collect->wait_for) : 0;
}

int request_confirm(struct request *request, uint32_t origin, struct text anonymous)
{
	struct engine *engine = request->server->engine;
	const struct event_header like = request_header(request, EVENT_CONFIRM, CHANNEL_NONE);
	struct customer *customer = customer_lock_of(engine, origin);
	if (!customer)
		return ERROR_NOT_FOUND;
	int error = customer_refresh(engine, customer);
	if (!error)
		error = confirm_append(engine, customer, &like, anonymous, &request->wait_for);
	customer_unlock(engine, customer);
	return error;
}

/* A refused event may be wrong anywhere, so nothing that was read of it before is relied on. */
void incoming_named(struct collect *collect, struct incoming *event, struct resolve_request *named)
{
	struct arena *arena = collect->request->arena;
	named->n = 0;
	if (json_type_of(event->json) != JSON_OBJECT)
		return;
	incoming_pick(event);
	identifier_add(named, arena, IDENTIFIER_USER, text_or_number(arena, event->of.userId));
	identifier_add(named, arena, IDENTIFIER_ANONYMOUS, text_or_number(arena, event->of.anonymousId));
	previous_add(collect, event, named);
	identifier_add(named, arena, IDENTIFIER_EMAIL, json_text(json_get(event->of.traits, TEXT("email"))));
	identifier_add(named, arena, IDENTIFIER_EMAIL, json_text(json_get(event->in.traits, TEXT("email"))));
	if (!collect->trusted)
		identifier_add(named, arena, IDENTIFIER_CLAIMED, text_or_number(arena, event->of.userId));
	struct identifier caller;
	if (identifier_parse(collect->request->caller.subject, &caller))
		identifier_add(named, arena, caller.type, caller.value);
	external_ids_add(named, arena, event->in.externalIds);
}
