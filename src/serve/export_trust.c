/*
 * export_trust.c: what the customer agreed to, who gets it, and by what the customer is known: consents.jsonld, recipients.json,
 * identities.ndjson.
 *
 * Consents have the fields of ISO/IEC TS 27560 as far as they are known here, in the words of the Data Privacy Vocabulary. The context
 * stands in the file: whoever reads it fetches nothing.
 */
#include "serve/export.h"

#include "identify/identifier.h"
#include "identify/resolve.h"
#include "serve/card.h"
#include "serve/controller.h"

#include <stdio.h>

/* ---- consents ---- */

static const char context[] =
	"{\"dpv\":\"https://w3id.org/dpv#\",\"dct\":\"http://purl.org/dc/terms/\",\"foaf\":\"http://xmlns.com/foaf/0.1/\",\"xsd\":\"http://www.w3.org/2001/XMLSchema#\","
	"\"attune\":\"urn:attune:\",\"id\":\"@id\",\"type\":\"@type\",\"schema_version\":\"dct:conformsTo\",\"record\":\"dct:identifier\","
	"\"controller\":\"dpv:hasDataController\",\"name\":\"dpv:hasName\",\"address\":\"dpv:hasAddress\",\"contact\":\"dpv:hasContact\","
	"\"officer\":\"dpv:hasDataProtectionOfficer\",\"url\":\"foaf:page\","
	"\"principal\":{\"@id\":\"dpv:hasDataSubject\",\"@type\":\"@id\"},\"purpose\":\"dpv:hasPurpose\",\"title\":\"dct:title\","
	"\"class\":\"attune:class\",\"categories\":\"dpv:hasPersonalData\",\"recipients\":\"dpv:hasRecipient\",\"retention\":\"dpv:hasStorageCondition\","
	"\"automated\":\"dpv:hasAutomationLevel\",\"lawful_basis\":\"dpv:hasLegalBasis\",\"status\":\"dpv:hasConsentStatus\","
	"\"notice\":\"dpv:hasNotice\",\"version\":\"dct:hasVersion\",\"sha256\":\"attune:sha256\",\"text\":\"dct:description\","
	"\"language\":\"dct:language\",\"jurisdiction\":\"dpv:hasJurisdiction\",\"actor\":\"dpv:isIndicatedBy\",\"method\":\"dpv:hasIndicationMethod\","
	"\"control\":\"attune:control\",\"channel\":\"attune:channel\",\"source\":\"dct:source\",\"verified\":\"attune:verified\","
	"\"evidence\":\"attune:evidence\",\"because\":\"attune:because\",\"origin\":\"attune:origin\",\"undone\":\"attune:undone\","
	"\"withdrawal\":\"dpv:isExercisedAt\",\"occurred\":{\"@id\":\"dpv:isIndicatedAtTime\",\"@type\":\"xsd:dateTime\"},"
	"\"received\":{\"@id\":\"dct:created\",\"@type\":\"xsd:dateTime\"},\"valid_until\":{\"@id\":\"dct:valid\",\"@type\":\"xsd:dateTime\"}}";

/* What the purpose says today beside what was shown then. */
static void purpose_write(struct json_writer *out, const struct purpose *purpose, struct text name)
{
	json_key(out, TEXT("purpose"));
	json_object_begin(out);
	json_put_text(out, "record", name);
	if (purpose) {
		json_put_text(out, "title", purpose->title);
		json_put_text(out, "class", text_of(purpose_class_name(purpose->class)));
		json_put_text(out, "version", purpose->version);
		json_put_bool(out, "automated", purpose->automated);
		json_put_text(out, "retention", purpose->retention);
		json_put_text(out, "lawful_basis", purpose->basis.n ? purpose->basis : TEXT("consent"));
		json_key(out, TEXT("categories"));
		value_write_json(out, purpose->categories);
		json_key(out, TEXT("recipients"));
		value_write_json(out, purpose->recipients);
	}
	json_object_end(out);
}

static void notice_write(struct json_writer *out, const struct event *event)
{
	char hex[CONSENT_SHA256_HEX + 1];
	struct text id = value_text(value_at(event->payload, TEXT("notice.id")));
	json_key(out, TEXT("notice"));
	json_object_begin(out);
	json_put_text(out, "record", id.n ? id : value_text(value_get(event->payload, TEXT("purpose"))));
	json_put_text(out, "version", value_text(value_get(event->payload, TEXT("version"))));
	json_put_text(out, "sha256", consent_act_hash(event, hex));
	json_put_text(out, "text", value_text(value_get(event->payload, TEXT("text"))));
	json_object_end(out);
}

/* Who answers for the data today; null where the configuration does not say it. */
static void controller_write(struct json_writer *out, const struct controller *controller)
{
	char id[CONTROLLER_ID_BYTES];
	json_key(out, TEXT("controller"));
	if (!controller)
		return json_write_null(out);
	json_object_begin(out);
	json_put_text(out, "id", controller_id(controller, id));
	json_put_text(out, "type", TEXT("dpv:DataController"));
	controller_members_write(out, controller);
	json_object_end(out);
}

/* Under which law, as the act itself says it; else that of whoever answers for the data. */
static void jurisdiction_write(struct json_writer *out, const struct event *event, const struct controller *controller)
{
	struct text said = value_text(value_get(event->payload, TEXT("jurisdiction")));
	if (said.n == 0 && controller)
		said = controller->jurisdiction;
	if (said.n)
		json_put_text(out, "jurisdiction", said);
}

static void said_write(struct json_writer *out, const struct event *event)
{
	static const char *const members[] = {"method", "control", "language", "evidence", "because"};
	struct text actor = value_text(value_get(event->payload, TEXT("actor")));
	int64_t until;
	json_put_text(out, "actor", actor.n ? actor : TEXT("subject"));
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		struct text text = value_text(value_get(event->payload, text_of(members[i])));
		if (text.n == 0)
			continue;
		json_key(out, text_of(members[i]));
		json_write_text(out, text);
	}
	if (value_int(value_get(event->payload, TEXT("valid_until")), &until))
		json_put_time(out, "valid_until", until);
	json_put_bool(out, "verified", !(event->header.flags & EVENT_UNVERIFIED));
	json_put_text(out, "channel", text_of(channel_name((enum channel)event->header.channel)));
	json_put_text(out, "source", event->source);
	json_put_time(out, "occurred", event->header.time_ms);
	json_put_time(out, "received", event->header.received_ms);
}

static void act_write(struct copy *copy, struct json_writer *out, const struct consent_taken *act)
{
	const struct event *event = &act->event;
	const struct controller *controller = controller_of(engine_config(copy->request->server->engine));
	const bool restricts = event->header.kind == EVENT_RESTRICT;
	char id[24], urn[64], hex[33];
	struct text record = record_format(id, 'e', event->position);
	int n = snprintf(urn, sizeof urn, "urn:attune:record:%.*s", TEXT_ARGS(record));
	json_object_begin(out);
	json_put_text(out, "id", ((struct text){urn, (size_t)n}));
	json_put_text(out, "type", restricts ? TEXT("attune:Restriction") : TEXT("dpv:ConsentRecord"));
	json_put_text(out, "schema_version", TEXT("ISO/IEC TS 27560:2023"));
	json_put_text(out, "record", record);
	n = snprintf(urn, sizeof urn, "urn:attune:customer:%s", copy->cid);
	json_put_text(out, "principal", ((struct text){urn, (size_t)n}));
	json_put_text(out, "origin", text_of(origin_format(hex, event->header.origin)));
	if (restricts) {
		json_put_text(out, "status", value_is_true(value_get(event->payload, TEXT("restricted"))) ? TEXT("restricted") : TEXT("lifted"));
	} else {
		json_put_text(out, "status", text_of(consent_decision_name(consent_act_decision(act))));
		purpose_write(out, purpose_find(engine_config(copy->request->server->engine), consent_act_purpose(act)), consent_act_purpose(act));
		notice_write(out, event);
	}
	controller_write(out, controller);
	said_write(out, event);
	jurisdiction_write(out, event, controller);
	json_put_text(out, "withdrawal", TEXT("/me"));
	json_put_bool(out, "undone", act->undone);
	json_object_end(out);
}

void export_consents_write(struct copy *copy)
{
	struct json_writer out = JSON_WRITER(copy_out(copy, COPY_CONSENTS));
	json_object_begin(&out);
	json_key(&out, TEXT("@context"));
	json_write_raw(&out, text_of(context));
	json_key(&out, TEXT("@graph"));
	json_array_begin(&out);
	for (size_t i = 0; i < copy->acts->n; i++) {
		act_write(copy, &out, &copy->acts->items[i]);
		copy_pour(copy, COPY_CONSENTS);
	}
	json_array_end(&out);
	json_put_bool(&out, "attune:cut", copy->acts->cut);
	json_object_end(&out);
	copy->counts[COPY_CONSENTS] = copy->acts->n;
}

/* ---- recipients ---- */

void export_recipients_write(struct copy *copy)
{
	const struct purposes *purposes = purposes_of(engine_config(copy->request->server->engine));
	struct json_writer out = JSON_WRITER(copy_out(copy, COPY_RECIPIENTS));
	struct consent_state last;
	json_object_begin(&out);
	json_put_bool(&out, "restricted", consent_is_restricted(copy->consents, NULL));
	json_key(&out, TEXT("recipients"));
	json_array_begin(&out);
	for (size_t i = 0; i < purposes->n; i++) {
		const struct purpose *purpose = &purposes->items[i];
		if (!consent_last(copy->consents, purpose, copy->request->now_ms, &last) || !last.yes)
			continue;
		json_object_begin(&out);
		json_put_text(&out, "purpose", purpose->name);
		json_put_text(&out, "title", purpose->title);
		json_put_time(&out, "agreed", last.time_ms);
		json_key(&out, TEXT("recipients"));
		json_array_begin(&out);
		struct value_cursor cursor = {0};
		struct value name;
		while (value_next_item(&cursor, purpose->recipients, &name))
			json_write_text(&out, value_text(name));
		json_array_end(&out);
		json_object_end(&out);
		copy->counts[COPY_RECIPIENTS]++;
	}
	json_array_end(&out);
	json_object_end(&out);
}

/* ---- identities ---- */

static void line_begin(struct copy *copy, struct json_writer *line, const char *kind, struct origin_id origin)
{
	char hex[33];
	*line = JSON_WRITER(copy_out(copy, COPY_IDENTITIES));
	json_object_begin(line);
	json_put_text(line, "kind", text_of(kind));
	json_put_text(line, "origin", text_of(origin_format(hex, origin)));
}

static void line_end(struct copy *copy, struct json_writer *line)
{
	json_object_end(line);
	copy_line(copy, COPY_IDENTITIES);
}

void export_identity_take(struct copy *copy, const struct event *event)
{
	static const uint32_t kinds = EVENT_KIND_BIT(EVENT_LINK) | EVENT_KIND_BIT(EVENT_CLAIM) | EVENT_KIND_BIT(EVENT_DEMOTE) |
	                              EVENT_KIND_BIT(EVENT_MERGE) | EVENT_KIND_BIT(EVENT_SPLIT) | EVENT_KIND_BIT(EVENT_ALIAS);
	struct json_writer line;
	char id[24];
	if (!(kinds & EVENT_KIND_BIT(event->header.kind)))
		return;
	line_begin(copy, &line, event_kind_name((enum event_kind)event->header.kind), event->header.origin);
	json_put_text(&line, "event", record_format(id, 'e', event->position));
	json_put_time(&line, "since", event->header.time_ms);
	json_put_text(&line, "source", event->source);
	json_key(&line, TEXT("says"));
	value_write_json(&line, event->payload);
	line_end(copy, &line);
}

static void identifier_write(struct copy *copy, const struct identifier_known *known)
{
	struct engine *engine = copy->request->server->engine;
	uint32_t origin = resolve_find(engine, known->identifier);
	struct json_writer line;
	char id[24];
	line_begin(copy, &line, "identifier", origin ? engine_origin(engine, origin)->id : (struct origin_id){0});
	json_put_text(&line, "event", record_format(id, 'e', known->position));
	json_put_text(&line, "type", known->identifier.type);
	json_put_text(&line, "value", known->identifier.value);
	json_put_time(&line, "since", known->since_ms);
	json_put_text(&line, "source", card_name_of(copy->request, known->source));
	line_end(copy, &line);
}

int export_identities_write(struct copy *copy)
{
	struct engine *engine = copy->request->server->engine;
	struct identifier_known known;
	struct json_writer line;
	for (size_t at = 0; identifier_next(copy->identifiers, &at, &known);)
		identifier_write(copy, &known);
	struct customer *customer = customer_lock_of(engine, copy->origin);
	if (!customer)
		return ERROR_NOT_FOUND;
	for (uint32_t number = customer->origin_first; number; number = engine_origin(engine, number)->next) {
		const struct origin *origin = engine_origin(engine, number);
		line_begin(copy, &line, "history", origin->id);
		json_put_bool(&line, "first", number == customer->number);
		json_put_int(&line, "events", origin->events);
		json_put_int(&line, "decisions", origin->decisions);
		line_end(copy, &line);
	}
	customer_unlock(engine, customer);
	return 0;
}
