/* statement.c: facts that come as events and mean more than what happened: consents, preferences, changes of a menu. */
#include "serve/incoming.h"

#include "customize/layout.h"
#include "trust/consent.h"
#include "trust/reader.h"

/* A consent event becomes the record of the ledger. */
static bool consent_read(struct collect *collect, struct incoming *event, struct buffer *out)
{
	struct json properties = event->of.properties;
	struct consent_act act = {.purpose = json_text(json_get(properties, TEXT("purpose"))),
	                          .preset = json_bool(json_get(json_get(properties, TEXT("control")), TEXT("preset")), false),
	                          .text = json_text(json_get(properties, TEXT("text"))),
	                          .version = text_or_number(collect->request->arena, json_get(properties, TEXT("version"))),
	                          .evidence = json_text(json_get(properties, TEXT("evidence")))};
	act.yes = text_equal(event->name, TEXT("Consent Given"));
	buffer_reset(out);
	int error = consent_encode(out, engine_config(collect->engine), &act);
	if (error == ERROR_NOT_FOUND)
		incoming_refuse(event, "unknown_purpose", "There is no purpose \"%.*s\".", TEXT_ARGS(text_cut(act.purpose, 80)));
	else if (error == ERROR_DENIED)
		incoming_refuse(event, "preset_control", "A yes from a control that was ticked beforehand is no consent.");
	else if (error)
		incoming_refuse(event, "event_too_large", "The event is too large.");
	event->write.header.kind = EVENT_CONSENT;
	event->write.payload = buffer_view(out);
	return error == 0;
}

/* {"name", "value"}: a preference stated elsewhere, or before Attune was there. */
static bool preference_read(struct collect *collect, struct incoming *event, struct buffer *out)
{
	struct json properties = event->of.properties;
	struct text name = json_text(json_get(properties, TEXT("name")));
	(void)collect;
	if (name.n == 0 || name.n > LATEST_KEY_BYTES_MAX) {
		incoming_refuse(event, "no_preference", "A preference needs a \"name\" and a \"value\".");
		return false;
	}
	buffer_reset(out);
	size_t object = value_open(out, VALUE_OBJECT);
	value_put_key(out, TEXT("set"));
	size_t set = value_open(out, VALUE_OBJECT);
	value_put_key(out, name);
	int error = value_put_json(out, json_get(properties, TEXT("value")), 4);
	value_close(out, set);
	value_close(out, object);
	event->write.header.kind = EVENT_PREFERENCE;
	event->write.payload = buffer_view(out);
	if (error || out->n > LATEST_VALUE_BYTES_MAX)
		incoming_refuse(event, "event_too_large", "The value of a preference may have at most %d bytes.", LATEST_VALUE_BYTES_MAX);
	return event->code.n == 0;
}

/* {"surface", "op", "option", ...}: a menu changed by its owner, or with its owner's yes, before Attune was there. */
static bool layout_read(struct collect *collect, struct incoming *event, struct buffer *out)
{
	const struct surface *surface = surface_find(engine_config(collect->engine),
	                                             json_text(json_get(event->of.properties, TEXT("surface"))));
	struct menu_op op;
	buffer_reset(out);
	int error = surface && surface->type == SURFACE_MENU ? value_put_json(out, event->of.properties, 4) : ERROR_NOT_FOUND;
	struct value payload = {(const uint8_t *)out->p, out->n};
	if (!error)
		error = layout_decode(payload, surface, event->write.header.time_ms, &op);
	if (error)
		incoming_refuse(event, "no_menu", "A change of a menu needs its \"surface\", an \"op\" and an \"option\" of it.");
	event->write.header.kind = EVENT_LAYOUT;
	event->write.payload = buffer_view(out);
	return error == 0;
}

bool statement_read(struct collect *collect, struct incoming *event, struct buffer *out)
{
	static const struct {
		const char *name;
		bool (*read)(struct collect *collect, struct incoming *event, struct buffer *out);
		bool vouched; /* Only from a secret key or with a customer token. */
	} statements[] = {{"Consent Given", consent_read, false}, {"Consent Withdrawn", consent_read, false},
	                  {"Preference Stated", preference_read, false}, {"Menu Changed", layout_read, true}};
	if (event->kind != EVENT_TRACK)
		return true;
	for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
		if (text_equal(event->name, text_of(statements[i].name)) && (!statements[i].vouched || collect->trusted || event->verified))
			return statements[i].read(collect, event, out);
	return true;
}

/* Segment's context.consent.categoryPreferences: a record for each purpose whose answer changes. Customer locked. */
int categories_apply(struct collect *collect, struct incoming *event, struct customer *customer, uint32_t origin)
{
	struct json preferences = json_get(event->in.consent, TEXT("categoryPreferences"));
	struct json_cursor cursor = {0};
	struct json answer;
	struct text name;
	const struct config *config = engine_config(collect->engine);
	int error = 0;
	while (!error && json_next(&cursor, preferences, &name, &answer)) {
		const struct purpose *purpose = purpose_find(config, name);
		bool yes = json_bool(answer, false), is_yes = purpose && reader_consents(collect->engine, customer) & purpose->mask;
		struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
		struct engine_write write = {.header = event->write.header};
		uint64_t position;
		if (!purpose || yes == is_yes)
			continue;
		error = consent_encode(&payload, config, &(struct consent_act){.purpose = name, .yes = yes});
		write.header.kind = EVENT_CONSENT;
		write.header.message_hash = 0;
		write.payload = buffer_view(&payload);
		if (!error)
			error = engine_append(collect->engine, customer, origin, &write, &position);
		buffer_free(&payload);
	}
	return error;
}
