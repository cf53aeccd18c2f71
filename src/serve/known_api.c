/* known_api.c: which of a form's fields are known, so that nobody is asked twice. */
#include "serve/api.h"

#include "engine/tally.h"
#include "identify/trait.h"
#include "interact/preference.h"
#include "serve/card.h"
#include "trust/reader.h"

enum { KNOWN_FIELDS_MAX = 60 };

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
		while (!hit && value_type_of(entry.value) == VALUE_OBJECT && value_next_member(&cursor, entry.value, &key, &item))
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
	json_put_text(out, "source", card_name_of(request, found.source));
	json_key(out, TEXT("since"));
	if (found.since_ms)
		json_write_time(out, found.since_ms);
	else
		json_write_null(out);
	json_object_end(out);
}

/* The fields asked about: as given, or those that the touchpoint's form asks for, with commas between. */
static struct text fields_asked(struct request *request)
{
	struct text given = http_query(request->http, "fields"), copy;
	struct buffer fields = BUFFER_INIT(8192);
	struct value_cursor cursor = {0};
	struct value item;
	const struct config *config = engine_config(request->server->engine);
	const struct config_document *touchpoint =
		config && given.n == 0 ? config_find(config, TEXT("touchpoint"), http_query(request->http, "touchpoint")) : NULL;
	while (touchpoint && value_next_item(&cursor, value_get(touchpoint->body, TEXT("asks")), &item)) {
		buffer_string(&fields, fields.n ? "," : "");
		buffer_text(&fields, value_text(item));
	}
	copy = fields.failed ? (struct text){0} : text_copy(request->arena, buffer_view(&fields));
	buffer_free(&fields);
	return given.n || !copy.p ? given : copy;
}

/* Count what the form of @touchpoint had to ask and what it had not. Only a name that the configuration knows is one. */
static void asked_note(struct engine *engine, struct text touchpoint, size_t asked, size_t not_asked)
{
	if (touchpoint.n == 0 || !config_find(engine_config(engine), TEXT("touchpoint"), touchpoint))
		touchpoint = TEXT("other");
	engine_tally(engine, touchpoint, asked, not_asked);
}

void api_known(struct request *request)
{
	struct reader reader;
	struct text rest = fields_asked(request), field, missing[KNOWN_FIELDS_MAX];
	size_t of = 0, missing_n = 0;
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	struct customer *customer = origin ? request_customer_fresh(request, origin) : NULL;
	if (!customer)
		return;
	int error = reader_open(&reader, request->server->engine, customer, request->arena, PURPOSE_SERVICE, request->now_ms);
	struct text traits = {0}, preferences = {0};
	if (!error) {
		traits = reader_state(&reader, &trait_fold);
		preferences = reader_state(&reader, &preference_fold);
	}
	customer_unlock(request->server->engine, customer);
	if (error)
		return reply_failure(request, error);
	if (rest.n == 0)
		return reply_error(request, 400, "no_fields", "\"fields\" must name the form's fields, fields=name,email, or \"touchpoint\" one that asks for some.");
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
	asked_note(request->server->engine, http_query(request->http, "touchpoint"), missing_n, of - missing_n);
}
