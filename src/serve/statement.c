/* statement.c: facts that come as events and mean more than what happened: consents, preferences, changes of a menu. */
#include "serve/incoming.h"

#include "base/code.h"
#include "customize/layout.h"
#include "serve/change.h"

#include <stdio.h>

enum { SOURCE_BYTES_MAX = 100 };

/* Who may say who spoke: a secret key. An import that does not say it speaks for itself. */
static bool actor_read(struct collect *collect, struct incoming *event, struct consent_act *act)
{
	struct text actor = json_text(json_get(event->of.properties, TEXT("actor")));
	if (actor.n && !collect->trusted && !text_equal(actor, TEXT("subject"))) {
		incoming_refuse(event, "invalid_actor", "Only a secret key may say that somebody else than the customer spoke.");
		return false;
	}
	act->actor = actor;
	if (actor.n || !collect->import)
		return true;
	char *made = arena_alloc(collect->request->arena, SOURCE_BYTES_MAX);
	int n = made ? snprintf(made, SOURCE_BYTES_MAX, "import:%.*s", TEXT_ARGS(text_cut(collect->source, 80))) : 0;
	act->actor = (struct text){made, (size_t)n};
	return true;
}

/* A consent event becomes the record of the ledger. */
static bool consent_read(struct collect *collect, struct incoming *event, struct buffer *out)
{
	struct consent_act act;
	const char *code;
	char message[CONSENT_MESSAGE_BYTES];
	consent_members_read(collect->request->arena, event->of.properties, &act);
	act.yes = text_equal(event->name, TEXT("Consent Given"));
	act.imported = collect->import;
	act.anonymous = incoming_speaker(collect, event);
	act.time_ms = event->write.header.time_ms;
	if (!actor_read(collect, event, &act))
		return false;
	if (!consent_is_acceptable(engine_config(collect->engine), &act, &code, message)) {
		incoming_refuse(event, code, "%s", message);
		return false;
	}
	buffer_reset(out);
	int error = consent_encode(out, engine_config(collect->engine), &act);
	if (error && out->starved)
		return false; /* The sender can do nothing about it, but send it again. */
	if (error)
		incoming_refuse(event, "event_too_large", "The event is too large.");
	event->write.header.kind = EVENT_CONSENT;
	event->write.payload = buffer_view(out);
	return event->code.n == 0;
}

/* {"name", "value"}: a preference stated elsewhere, or before Attune was there. */
static bool preference_read(struct collect *collect, struct incoming *event, struct buffer *out)
{
	struct json properties = event->of.properties;
	struct text name = json_text(json_get(properties, TEXT("name")));
	struct text speaker = incoming_speaker(collect, event);
	if (name.n == 0 || name.n > LATEST_KEY_BYTES_MAX) {
		incoming_refuse(event, "no_preference", "A preference needs a \"name\" and a \"value\".");
		return false;
	}
	buffer_reset(out);
	size_t object = value_open(out, VALUE_OBJECT);
	value_put_key(out, TEXT("set"));
	size_t set = value_open(out, VALUE_OBJECT);
	value_put_key(out, name);
	int error = preference_value_put(out, name, json_get(properties, TEXT("value")));
	value_close(out, set);
	size_t stated = out->n;
	if (speaker.n) {
		value_put_key(out, TEXT("anonymousId"));
		value_put_text(out, speaker);
	}
	value_close(out, object);
	event->write.header.kind = EVENT_PREFERENCE;
	event->write.payload = buffer_view(out);
	if (error == ERROR_INVALID)
		incoming_refuse(event, "invalid_preference", "The preference \"%.*s\" must be %s.", TEXT_ARGS(name), code_allowed(code_kind_of(name)));
	else if (error || stated > LATEST_VALUE_BYTES_MAX)
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
