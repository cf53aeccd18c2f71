/*
 * response_api.c: POST /v1/response: what the customer did with a decision, or answered to its question.
 *
 * A response to a decision that is not known, or not this customer's, is kept in the customer's history and counted, and
 * nothing more: it teaches nothing, and a yes in it agrees to nothing, for nobody can say what was asked.
 */
#include "serve/api.h"
#include "serve/change.h"
#include "serve/question.h"
#include "serve/signals.h"

#include "customize/decision.h"

#include <string.h>

struct response {
	uint64_t position;      /* Of the decision it speaks of, known or not. */
	bool suggestion;        /* It answers the decision's question ... */
	struct text answer;     /* ... so. */
};

static enum suggestion_kind suggestion_kind_of(struct text name)
{
	if (text_equal(name, TEXT("question")))
		return SUGGESTION_QUESTION;
	return text_equal(name, TEXT("consent")) ? SUGGESTION_CONSENT : text_equal(name, TEXT("demote")) ? SUGGESTION_DEMOTE : SUGGESTION_PROMOTE;
}

/* The words of a question too long for its record: as they were configured when it was asked. */
static struct text text_asked(struct request *request, const struct event *decision, const struct surface *now, struct text language)
{
	const struct config *config = configurations_get(&request->server->configurations, request->server->engine, decision->header.configuration);
	const struct surface *then = config ? surface_find(config, decision->name) : NULL;
	struct text found, own = value_text(language_of((then ? then : now)->asks, language, &found));
	return language.n && own.n ? own : then ? then->ask : now->ask;
}

/* Do what the customer said yes or no to. */
static int suggestion_apply(struct request *request, uint32_t origin, const struct event *decision, struct text answer, uint64_t *undo)
{
	struct value ask = value_get(decision->payload, TEXT("ask"));
	const struct surface *surface = surface_find(engine_config(request->server->engine), decision->name);
	enum suggestion_kind kind = suggestion_kind_of(value_text(value_get(ask, TEXT("kind"))));
	bool yes = text_equal(answer, TEXT("yes"));
	enum channel channel = (enum channel)decision->header.channel;
	if (!surface)
		return ERROR_NOT_FOUND;
	if (kind == SUGGESTION_QUESTION)
		return 0; /* Not answering changes nothing. */
	if (kind == SUGGESTION_CONSENT) {
		struct text purpose = value_text(value_get(ask, TEXT("purpose"))), text = value_text(value_get(ask, TEXT("text")));
		struct text language = value_text(value_get(ask, TEXT("language")));
		struct consent_act act = {.purpose = purpose.n ? purpose : surface->purpose_name, .yes = yes,
		                          .text = text.n ? text : text_asked(request, decision, surface, language), .language = language, .method = TEXT("button")};
		struct segments_left *left = arena_alloc(request->arena, sizeof *left);
		return left ? consent_append(request, origin, &act, channel, undo, left) : ERROR_MEMORY;
	}
	struct menu_op op = {.kind = !yes ? MENU_OP_DECLINE : kind == SUGGESTION_PROMOTE ? MENU_OP_PROMOTE : MENU_OP_DEMOTE,
	                     .time_ms = request->now_ms, .option = decision_option_of(surface, value_get(ask, TEXT("option"))),
	                     .over = decision_option_of(surface, value_get(ask, TEXT("over")))};
	if (op.option == MENU_NONE)
		return ERROR_NOT_FOUND;
	return layout_append(request, origin, surface, &op, channel, undo);
}

/* What was chosen, as the caller says it. */
static int choice_put(struct buffer *payload, struct json root)
{
	static const char *const members[] = {"option", "value"};
	int error = 0;
	for (size_t i = 0; i < 2 && !error; i++) {
		struct json member = json_get(root, text_of(members[i]));
		if (json_type_of(member) <= JSON_NULL)
			continue;
		value_put_key(payload, text_of(members[i]));
		error = value_put_json(payload, member, 4);
	}
	return error;
}

static int response_append(struct request *request, uint32_t origin, const struct event *decision, struct json root, struct text answer)
{
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	struct engine_write write = {.header = request_header(request, EVENT_RESPONSE, (enum channel)decision->header.channel)};
	const struct surface *surface = surface_find(engine_config(request->server->engine), decision->name);
	struct text kind = value_text(value_at(decision->payload, TEXT("ask.kind")));
	uint64_t position;
	size_t object = value_open(&payload, VALUE_OBJECT);
	value_put_key(&payload, TEXT("decision"));
	value_put_int(&payload, (int64_t)decision->position);
	if (answer.n && kind.n && surface) {
		value_put_key(&payload, TEXT("answer"));
		value_put_text(&payload, answer);
		value_put_key(&payload, TEXT("mark"));
		value_put_int(&payload, surface->mark);
		value_put_key(&payload, TEXT("kind"));
		value_put_int(&payload, suggestion_kind_of(kind));
	}
	int error = choice_put(&payload, root);
	value_close(&payload, object);
	write.header.name = decision->header.name;
	write.payload = buffer_view(&payload);
	if (!error)
		error = payload.failed || payload.n > EVENT_BYTES_MAX ? ERROR_LIMIT : request_append(request, origin, &write, &position);
	buffer_free(&payload);
	return error;
}

/*
 * Keep a response to a decision that is not known. The decision stays the text that was sent, which nothing takes for a
 * decision's position, and neither the surface nor the kind of question is said, without which no fold learns from it.
 */
static int unknown_append(struct request *request, uint32_t origin, const struct response *response, struct json root,
                          uint64_t *position)
{
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	enum channel channel = CHANNEL_NONE;
	channel_parse(json_text(json_get(root, TEXT("channel"))), &channel);
	struct engine_write write = {.header = request_header(request, EVENT_RESPONSE, channel)};
	char id[24];
	size_t object = value_open(&payload, VALUE_OBJECT);
	value_put_key(&payload, TEXT("decision"));
	value_put_text(&payload, record_format(id, 'd', response->position));
	value_put_key(&payload, TEXT("unknown"));
	value_put_bool(&payload, true);
	if (response->suggestion) {
		value_put_key(&payload, TEXT("answer"));
		value_put_text(&payload, response->answer);
	}
	int error = choice_put(&payload, root);
	value_close(&payload, object);
	write.payload = buffer_view(&payload);
	if (!error)
		error = payload.failed || payload.n > EVENT_BYTES_MAX ? ERROR_LIMIT : request_append(request, origin, &write, position);
	buffer_free(&payload);
	return error;
}

static void unknown_take(struct request *request, uint32_t origin, const struct response *response, struct json root)
{
	char id[24];
	uint64_t position;
	int error = unknown_append(request, origin, response, root, &position);
	if (error)
		return reply_failure(request, error);
	atomic_fetch_add_explicit(&request->server->figures.responses_unknown, 1, memory_order_relaxed);
	json_object_begin(&request->out);
	json_put_bool(&request->out, "known", false);
	json_put_bool(&request->out, "done", false);
	json_put_text(&request->out, "event", record_format(id, 'e', position));
	json_object_end(&request->out);
}

/* The answer to a question. False: an error is answered. */
static bool question_take(struct request *request, uint32_t origin, const struct event *decision, const struct question *question,
                          struct json root)
{
	int error = question_answer_append(request, origin, decision, question, json_get(root, TEXT("value")));
	if (error == ERROR_INVALID)
		reply_error(request, 400, "invalid_answer", "\"value\" must be an answer on the scale \"%s\" of the question.",
		            question_scales[question->scale].name);
	else if (error == ERROR_CONFLICT)
		reply_error(request, 409, "already_answered", "This question was answered already; one asking has one answer.");
	else if (error)
		reply_failure(request, error);
	return error == 0;
}

static void known_take(struct request *request, uint32_t origin, const struct response *response, const struct event *decision,
                       struct json root)
{
	char id[24];
	uint64_t undo = 0;
	if (response->suggestion && value_type_of(value_get(decision->payload, TEXT("ask"))) != VALUE_OBJECT)
		return reply_error(request, 400, "no_suggestion", "Nothing was asked there.");
	const struct question *question = question_of_decision(engine_config(request->server->engine), decision);
	if (question && json_type_of(json_get(root, TEXT("value"))) != JSON_ABSENT && !question_take(request, origin, decision, question, root))
		return;
	if (question && question->scale == QUESTION_RANK)
		undo = request->wait_for; /* The answer, which was appended last. */
	int error = response_append(request, origin, decision, root, response->answer);
	if (!error && response->suggestion)
		error = suggestion_apply(request, origin, decision, response->answer, &undo);
	if (error)
		return reply_failure(request, error);
	json_object_begin(&request->out);
	json_put_bool(&request->out, "known", true);
	json_put_bool(&request->out, "done", true);
	if (undo)
		json_put_text(&request->out, "undo", record_format(id, 'u', undo));
	json_object_end(&request->out);
}

/* Which decision is spoken of, and what was answered to its question. False: the error is answered. */
static bool response_read(struct request *request, struct json root, struct response *response)
{
	struct text id = json_text(json_get(root, TEXT("decision"))), suggestion = json_text(json_get(root, TEXT("suggestion")));
	struct text answer = json_text(json_get(root, TEXT("answer")));
	const char *code = NULL, *message = NULL;
	uint64_t asked = 0;
	response->suggestion = suggestion.n > 0;
	response->answer = suggestion.n ? answer : (struct text){0};
	if (suggestion.n && record_parse(suggestion, 's', &asked) && id.n == 0)
		response->position = asked;
	else if (!record_parse(id, 'd', &response->position))
		code = "no_decision", message = "\"decision\" must be the id of a decision.";
	else if (suggestion.n && asked != response->position)
		code = "no_suggestion", message = "That suggestion does not belong to that decision.";
	if (!code && suggestion.n && !text_equal(answer, TEXT("yes")) && !text_equal(answer, TEXT("no")) && !text_equal(answer, TEXT("never")))
		code = "no_answer", message = "\"answer\" must be yes, no or never.";
	if (code)
		reply_error(request, 400, code, "%s", message);
	return !code;
}

void api_response(struct request *request)
{
	struct json root;
	struct event decision;
	struct response response = {0};
	enum channel channel = CHANNEL_NONE;
	if (!request_json(request, &root) || !response_read(request, root, &response))
		return;
	struct engine *engine = request->server->engine;
	struct json customer = json_get(root, TEXT("customer"));
	if (request->caller.scope != KEY_CUSTOMER && json_type_of(customer) == JSON_ABSENT) {
		/* Nobody is named: it is the decision's customer, or nobody's. */
		if (engine_event(engine, response.position, request->arena, &decision) != 0 || decision.header.kind != EVENT_DECISION)
			return reply_error(request, 404, "no_decision",
			                   "There is no such decision. Name the \"customer\", and the response is kept all the same.");
		return known_take(request, decision.header.origin_number, &response, &decision, root);
	}
	uint32_t origin = request_customer_body(request, customer);
	if (!origin)
		return;
	channel_parse(json_text(json_get(root, TEXT("channel"))), &channel);
	int error = signals_heed(request, origin, channel); /* First: a yes that is the answer comes after it, and holds. */
	if (error)
		return reply_failure(request, error);
	if (record_own(request, origin, response.position, &decision) == 0 && decision.header.kind == EVENT_DECISION)
		known_take(request, decision.header.origin_number, &response, &decision, root);
	else
		unknown_take(request, origin, &response, root);
}
