/* correct.c: corrections of stated traits. */
#include "serve/correct.h"

#include "base/code.h"
#include "identify/trait.h"
#include "serve/api.h"
#include "serve/noted.h"
#include "trust/reader.h"

#include <stdio.h>

bool correction_of(const struct event *event, struct correction *correction)
{
	struct value stated = value_get(event->payload, TEXT("correction"));
	if (event->header.kind != EVENT_IDENTIFY || value_type_of(stated) != VALUE_OBJECT)
		return false;
	if (correction)
		*correction = (struct correction){value_text(value_get(stated, TEXT("trait"))), value_text(value_get(stated, TEXT("because"))),
		                                  value_get(stated, TEXT("old")), value_get(stated, TEXT("value"))};
	return true;
}

/* What is stated under @name now; false when nothing is. The state is copied, so the value lives as long as the request. */
static int stated_find(struct request *request, uint32_t origin, struct text name, struct value *old)
{
	struct reader reader;
	struct latest trait;
	struct text traits = {0};
	struct customer *customer = customer_lock_of(request->server->engine, origin);
	if (!customer)
		return ERROR_NOT_FOUND;
	int error = reader_open(&reader, request->server->engine, customer, request->arena, PURPOSE_OWN, request->now_ms);
	if (!error)
		traits = reader_state(&reader, &trait_fold);
	customer_unlock(request->server->engine, customer);
	if (error)
		return error;
	if (!latest_find(traits, name, &trait) || trait.value.n == 0)
		return ERROR_NOT_FOUND;
	*old = trait.value;
	return 0;
}

static void encode(struct buffer *out, const struct correction *correction, struct text by)
{
	size_t object = value_open(out, VALUE_OBJECT);
	value_put_key(out, TEXT("traits"));
	size_t traits = value_open(out, VALUE_OBJECT);
	value_put_key(out, correction->trait);
	value_put(out, correction->value);
	value_close(out, traits);
	value_put_key(out, TEXT("correction"));
	size_t inner = value_open(out, VALUE_OBJECT);
	value_put_key(out, TEXT("trait"));
	value_put_text(out, correction->trait);
	value_put_key(out, TEXT("old"));
	value_put(out, correction->old);
	value_put_key(out, TEXT("value"));
	value_put(out, correction->value);
	if (correction->because.n) {
		value_put_key(out, TEXT("because"));
		value_put_text(out, correction->because);
	}
	value_put_key(out, TEXT("by"));
	value_put_text(out, by);
	value_close(out, inner);
	value_close(out, object);
}

/* A trait that holds a code gets one, in its usual form, which is encoded in @room; false when the value is none. */
static bool code_take(struct correction *correction, char room[CODE_BYTES_MAX + 8])
{
	const enum code_kind kind = code_kind_of(correction->trait);
	struct buffer out = {.p = room, .capacity = CODE_BYTES_MAX + 8, .bytes_max = CODE_BYTES_MAX + 8};
	char form[CODE_BYTES_MAX];
	if (kind == CODE_NONE || value_type_of(correction->value) == VALUE_NULL)
		return true;
	struct text code = code_read(kind, value_text(correction->value), form);
	if (code.n == 0)
		return false;
	value_put_text(&out, code);
	correction->value = (struct value){(const uint8_t *)out.p, out.n};
	return true;
}

int correction_append(struct request *request, uint32_t origin, const struct correction *given, enum channel channel, uint64_t *position)
{
	struct correction correction = *given;
	enum value_type type = value_type_of(given->value);
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	struct engine_write write = {.header = request_header(request, EVENT_IDENTIFY, channel)};
	char words[AUDIT_WORDS_BYTES];
	char room[CODE_BYTES_MAX + 8];
	if (type == VALUE_ABSENT || type == VALUE_ARRAY || type == VALUE_OBJECT)
		return ERROR_INVALID;
	if (!code_take(&correction, room))
		return ERROR_INVALID;
	if (given->because.n > CORRECT_BECAUSE_BYTES || correction.value.n > LATEST_VALUE_BYTES_MAX)
		return ERROR_LIMIT;
	int error = stated_find(request, origin, given->trait, &correction.old);
	if (!error && value_equal(correction.old, correction.value))
		error = ERROR_CONFLICT;
	if (error)
		return error;
	encode(&payload, &correction, caller_name(request));
	write.payload = buffer_view(&payload);
	error = payload.failed ? ERROR_LIMIT : request_append(request, origin, &write, position);
	buffer_free(&payload);
	int n = snprintf(words, sizeof words, "the trait %.*s", TEXT_ARGS(text_cut(given->trait, 200)));
	if (!error) /* Which trait, never what it says. */
		noted_act(request, &(struct noted){.what = AUDIT_CORRECT, .origin = origin, .words = {words, (size_t)n}});
	return error;
}

/* ---- the interface ---- */

void api_correct(struct request *request)
{
	struct json root;
	enum channel channel = CHANNEL_NONE;
	uint64_t position = 0;
	char id[24];
	struct buffer value = BUFFER_INIT(EVENT_BYTES_MAX);
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	if (!origin || !request_json(request, &root))
		return;
	struct json given = json_get(root, TEXT("value"));
	struct correction correction = {.trait = json_text(json_get(root, TEXT("trait"))), .because = json_text(json_get(root, TEXT("because")))};
	channel_parse(json_text(json_get(root, TEXT("channel"))), &channel);
	int error = json_type_of(given) == JSON_ABSENT ? ERROR_INVALID : value_put_json(&value, given, 2);
	correction.value = (struct value){(const uint8_t *)value.p, value.n};
	if (!error)
		error = correction_append(request, origin, &correction, channel, &position);
	buffer_free(&value);
	if (error == ERROR_NOT_FOUND)
		return reply_error(request, 404, "no_trait", "Nothing is stated under \"%.*s\"; the card lists what is.", TEXT_ARGS(text_cut(correction.trait, 80)));
	if (error == ERROR_INVALID)
		return code_kind_of(correction.trait) != CODE_NONE
		           ? reply_error(request, 400, "invalid_value", "The trait \"%.*s\" must be %s, or null to take it away.", TEXT_ARGS(correction.trait), code_allowed(code_kind_of(correction.trait)))
		           : reply_error(request, 400, "invalid_value", "\"value\" must be a text, a number, true, false, or null to take it away.");
	if (error == ERROR_CONFLICT)
		return reply_error(request, 409, "same_value", "It stands so already; nothing was changed.");
	if (error == ERROR_LIMIT)
		return reply_error(request, 400, "value_too_long", "A value has at most %d bytes, and \"because\" %d.", LATEST_VALUE_BYTES_MAX, CORRECT_BECAUSE_BYTES);
	if (error)
		return reply_failure(request, error);
	json_object_begin(&request->out);
	json_put_bool(&request->out, "done", true);
	json_put_text(&request->out, "undo", record_format(id, 'u', position));
	json_object_end(&request->out);
}
