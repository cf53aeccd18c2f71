/*
 * incoming_names.c: numbers for what an event is called, when it is about to be stored and not before: what is refused uses up none.
 *
 * Names from public keys are bounded, for whoever reads a page could use up all. The company's own words are not: those that stand in its
 * configuration, and those that come with a secret key. What finds no room is stored under "other", with its own name beside what it says.
 */
#include "serve/incoming.h"

/* A statement's name is one of a few that we gave ourselves. */
static bool is_public(const struct collect *collect, const struct incoming *event, struct text name)
{
	return !collect->trusted && event->write.header.kind == event->kind && !config_says(engine_config(collect->engine), name);
}

static int name_number(struct collect *collect, struct incoming *event, struct text name, uint32_t *number, bool *folded)
{
	struct dictionary *dictionary = engine_dictionary(collect->engine);
	uint32_t found = dictionary_find(dictionary, name);
	if (name.n == 0)
		return 0;
	if (found) {
		*number = found;
		return 0;
	}
	int error = engine_name_or_other(collect->engine, name, is_public(collect, event, name), number);
	if (error == ERROR_LIMIT || error == ERROR_INVALID)
		incoming_refuse(event, "too_many_names", "There are %d different names of events already.", DICTIONARY_NAMES_MAX);
	if (!error && text_equal(dictionary_name(dictionary, *number), DICTIONARY_OTHER) && !text_equal(name, DICTIONARY_OTHER)) {
		*folded = true;
		incoming_warn(collect, event, "name_folded", name);
		atomic_fetch_add_explicit(&collect->server->figures.names_folded, 1, memory_order_relaxed);
	}
	return error;
}

/* The payload with the event's own name in it. */
static int own_name_put(struct collect *collect, struct incoming *event)
{
	struct buffer larger = BUFFER_INIT(EVENT_BYTES_MAX);
	const struct value payload = {(const uint8_t *)event->write.payload.p, event->write.payload.n};
	struct value_cursor cursor = {0};
	struct value value;
	struct text key;
	size_t object = value_open(&larger, VALUE_OBJECT);
	while (value_next_member(&cursor, payload, &key, &value)) {
		value_put_key(&larger, key);
		value_put(&larger, value);
	}
	value_put_key(&larger, TEXT("name"));
	value_put_text(&larger, event->name);
	value_close(&larger, object);
	struct text copy = larger.failed ? (struct text){0} : text_copy(collect->request->arena, buffer_view(&larger));
	int error = copy.p ? 0 : ERROR_MEMORY;
	if (copy.p)
		event->write.payload = copy;
	buffer_free(&larger);
	return error;
}

bool incoming_names_fit(struct collect *collect, struct incoming *event)
{
	struct dictionary *dictionary = engine_dictionary(collect->engine);
	const size_t more = event->name.n + sizeof "name" + 8;
	if (event->write.payload.n + more <= EVENT_BYTES_MAX || event->name.n == 0 || dictionary_find(dictionary, event->name) ||
	    event->write.header.kind != event->kind)
		return true;
	incoming_refuse(event, "event_too_large", "An event may have at most %d KB, and one of a new name a little less.", EVENT_BYTES_MAX / 1024);
	return false;
}

int incoming_source(struct collect *collect, struct incoming *event)
{
	bool folded = false;
	event->write.header.source = collect->source_number;
	return name_number(collect, event, event->own_source, &event->write.header.source, &folded);
}

int incoming_names(struct collect *collect, struct incoming *event)
{
	bool folded = false, place_folded = false;
	int error = name_number(collect, event, event->name, &event->write.header.name, &folded);
	if (!error)
		error = name_number(collect, event, event->touchpoint, &event->write.header.touchpoint, &place_folded);
	if (!error && folded && event->write.header.kind == event->kind)
		error = own_name_put(collect, event);
	return error;
}
