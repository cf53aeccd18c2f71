/* incoming_encode.c: the payload of an event: what it says, with codes that were checked. */
#include "serve/incoming.h"

#include "base/code.h"

/* In which parts of an event a member's name means a code: elsewhere "language" may be that of a film. */
enum part { PART_PROPERTIES = 1, PART_TRAITS = 2, PART_CONTEXT = 4 };

/* Where a member stands, for a warning. */
struct place {
	const struct place *above; /* NULL: the part itself. */
	struct text name;
};

struct encoding {
	struct collect *collect;
	struct incoming *event;
	struct buffer *out;
};

static enum code_kind kind_in(enum part part, struct text name)
{
	const enum code_kind kind = code_kind_of(name);
	switch (kind) {
	case CODE_NONE:
		return CODE_NONE;
	case CODE_CURRENCY:
		return part == PART_CONTEXT ? CODE_NONE : kind;
	case CODE_LANGUAGE:
		return part == PART_TRAITS || (part == PART_CONTEXT && text_equal(name, TEXT("locale"))) ? kind : CODE_NONE;
	case CODE_ZONE:
		return part == PART_PROPERTIES ? CODE_NONE : kind;
	}
	return CODE_NONE;
}

static void place_write(struct buffer *out, const struct place *place)
{
	if (place->above) {
		place_write(out, place->above);
		buffer_char(out, '.');
	}
	buffer_text(out, place->name);
}

static void code_warn(struct encoding *encoding, enum code_kind kind, const struct place *place)
{
	struct buffer path = BUFFER_INIT(EVENT_BYTES_MAX);
	place_write(&path, place);
	incoming_warn(encoding->collect, encoding->event, kind == CODE_CURRENCY ? "invalid_currency" : kind == CODE_LANGUAGE ? "invalid_language" : "invalid_timezone",
	              path.failed ? place->name : buffer_view(&path));
	buffer_free(&path);
}

static int value_encode(struct encoding *encoding, enum part part, const struct place *place, struct json json, unsigned depth_max);

static int member_encode(struct encoding *encoding, enum part part, const struct place *place, struct json json, unsigned depth_max)
{
	const enum code_kind kind = kind_in(part, place->name);
	char room[CODE_BYTES_MAX];
	if (kind == CODE_NONE || json_type_of(json) <= JSON_NULL) {
		value_put_key(encoding->out, place->name);
		return value_encode(encoding, part, place, json, depth_max);
	}
	struct text code = code_read(kind, json_text(json), room);
	if (code.n) {
		value_put_key(encoding->out, place->name);
		value_put_text(encoding->out, code);
	} else {
		code_warn(encoding, kind, place);
	}
	return 0;
}

static int value_encode(struct encoding *encoding, enum part part, const struct place *place, struct json json, unsigned depth_max)
{
	const enum json_type type = json_type_of(json);
	struct json_cursor cursor = {0};
	struct json item;
	struct place inner = {.above = place};
	if (type != JSON_ARRAY && type != JSON_OBJECT)
		return value_put_json(encoding->out, json, depth_max);
	int error = depth_max == 0 ? ERROR_LIMIT : 0;
	size_t opened = value_open(encoding->out, type == JSON_ARRAY ? VALUE_ARRAY : VALUE_OBJECT);
	if (type == JSON_ARRAY)
		while (!error && json_next_item(&cursor, json, &item))
			error = value_encode(encoding, part, place, item, depth_max - 1);
	else
		while (!error && json_next_member(&cursor, json, &inner.name, &item))
			error = member_encode(encoding, part, &inner, item, depth_max - 1);
	value_close(encoding->out, opened);
	return error ? error : encoding->out->failed ? ERROR_LIMIT : 0;
}

static bool part_put(struct encoding *encoding, enum part part, struct text name, struct json json)
{
	const struct place place = {.name = name};
	if (json_type_of(json) <= JSON_NULL)
		return true;
	value_put_key(encoding->out, name);
	return value_encode(encoding, part, &place, json, EVENT_NESTING_MAX) == 0;
}

/* One member of a context. Its traits are traits; its other objects hold what they like. */
static bool context_member_put(struct encoding *encoding, struct text name, struct json json)
{
	const struct place context = {.name = TEXT("context")}, place = {&context, name};
	const bool is_traits = text_equal(name, TEXT("traits"));
	if (is_traits || kind_in(PART_CONTEXT, name) != CODE_NONE)
		return member_encode(encoding, is_traits ? PART_TRAITS : PART_CONTEXT, &place, json, EVENT_NESTING_MAX - 1) == 0;
	value_put_key(encoding->out, name);
	return value_put_json(encoding->out, json, EVENT_NESTING_MAX - 1) == 0;
}

/* The event's context over the batch's, without the token: that is for us alone. */
static bool context_put(struct encoding *encoding, struct json own, struct json shared)
{
	struct json_cursor cursor = {0};
	struct json value;
	struct text key;
	bool good = true;
	if (json_count(own) == 0 && json_count(shared) == 0)
		return true;
	value_put_key(encoding->out, TEXT("context"));
	size_t object = value_open(encoding->out, VALUE_OBJECT);
	while (good && json_next_member(&cursor, own, &key, &value))
		good = text_equal(key, TEXT("token")) || context_member_put(encoding, key, value);
	cursor = (struct json_cursor){0};
	while (good && json_next_member(&cursor, shared, &key, &value))
		good = text_equal(key, TEXT("token")) || json_type_of(json_get(own, key)) != JSON_ABSENT || context_member_put(encoding, key, value);
	value_close(encoding->out, object);
	return good;
}

static void text_put(struct buffer *out, struct text key, struct text text)
{
	if (text.n == 0)
		return;
	value_put_key(out, key);
	value_put_text(out, text);
}

static bool id_put(struct buffer *out, struct text name, struct json id)
{
	if (json_type_of(id) <= JSON_NULL)
		return true;
	value_put_key(out, name);
	return value_put_json(out, id, EVENT_NESTING_MAX) == 0;
}

bool incoming_encode(struct collect *collect, struct incoming *event, struct buffer *out)
{
	struct encoding encoding = {collect, event, out};
	size_t object = value_open(out, VALUE_OBJECT);
	text_put(out, TEXT("messageId"), event->message_id);
	text_put(out, TEXT("userId"), event->user_id);
	text_put(out, TEXT("anonymousId"), event->anonymous_id);
	bool good = true;
	if (event->kind == EVENT_GROUP)
		good = id_put(out, TEXT("groupId"), event->of.groupId);
	if (event->kind == EVENT_ALIAS)
		good = id_put(out, TEXT("previousId"), event->of.previousId);
	good = good && part_put(&encoding, PART_PROPERTIES, TEXT("properties"), event->of.properties) &&
	       part_put(&encoding, PART_TRAITS, TEXT("traits"), event->of.traits) && context_put(&encoding, event->of.context, collect->context);
	value_close(out, object);
	if (out->starved)
		return false; /* The sender can do nothing about it, but send it again. */
	if (!good && !out->failed)
		incoming_refuse(event, "too_deep", "The event is nested more than %d levels.", EVENT_NESTING_MAX);
	else if (!good || out->failed || out->n > EVENT_BYTES_MAX)
		incoming_refuse(event, "event_too_large", "An event may have at most %d KB.", EVENT_BYTES_MAX / 1024);
	event->write.payload = buffer_view(out);
	return event->code.n == 0;
}
