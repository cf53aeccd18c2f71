/* rights_api.c: /v1/requests: what customers ask by right, with due dates; made, extended, closed. */
#include "serve/api.h"
#include "serve/noted.h"
#include "serve/rights.h"

#include "base/clock.h"

enum { LIST_MAX = 1000 };

/* ---- the list ---- */

static bool state_read(struct request *request, bool *any, enum rights_state *state)
{
	struct text wanted = http_query(request->http, "state");
	*any = text_equal(wanted, TEXT("all"));
	*state = RIGHTS_OPEN;
	if (*any || wanted.n == 0 || text_equal(wanted, TEXT("open")))
		return true;
	for (*state = RIGHTS_DONE; *state <= RIGHTS_REFUSED; ++*state)
		if (text_equal(wanted, text_of(rights_state_name(*state))))
			return true;
	reply_error(request, 400, "invalid_state", "\"state\" must be open, done, refused or all.");
	return false;
}

static void list_end(struct request *request, uint64_t next, size_t overdue, size_t total)
{
	char id[24];
	json_array_end(&request->out);
	json_put_int(&request->out, "total", (int64_t)total);
	json_put_int(&request->out, "overdue", (int64_t)overdue);
	json_key(&request->out, TEXT("next"));
	if (next)
		json_write_text(&request->out, record_format(id, 'r', next));
	else
		json_write_null(&request->out);
	json_object_end(&request->out);
}

/* A customer sees their own, newest last. */
static void own_list(struct request *request, bool any, enum rights_state wanted)
{
	struct rights_request rights;
	struct text state;
	size_t n = 0, overdue = 0;
	uint32_t origin = request_customer_path(request, TEXT("me"));
	if (!origin)
		return;
	int error = rights_state_read(request, origin, &state);
	if (error)
		return reply_failure(request, error);
	json_object_begin(&request->out);
	json_key(&request->out, TEXT("requests"));
	json_array_begin(&request->out);
	for (size_t at = 0; rights_next(state, &at, &rights);) {
		if (!any && rights.state != wanted)
			continue;
		n++;
		overdue += rights_is_overdue(&rights, request->now_ms);
		rights_write(request, &rights, 0);
	}
	list_end(request, 0, overdue, n);
}

void api_requests(struct request *request)
{
	struct rights_list list;
	enum rights_state state;
	bool any;
	int64_t n;
	uint64_t after = 0, next = 0;
	size_t at = 0, overdue = 0, written = 0;
	if (!state_read(request, &any, &state) || !request_number(request, "n", 100, 1, LIST_MAX, &n))
		return;
	if (http_query(request->http, "after").n && !record_parse(http_query(request->http, "after"), 'r', &after))
		return reply_error(request, 400, "invalid_cursor", "\"after\" must be the \"next\" of the page before.");
	if (request->caller.scope == KEY_CUSTOMER)
		return own_list(request, any, state);
	int error = rights_list_read(request, any, state, &list);
	if (error)
		return reply_failure(request, error);
	for (size_t i = 0; i < list.n; i++) {
		overdue += rights_is_overdue(&list.items[i].request, request->now_ms);
		if (after && list.items[i].request.id == after)
			at = i + 1;
	}
	json_object_begin(&request->out);
	json_key(&request->out, TEXT("requests"));
	json_array_begin(&request->out);
	for (; at < list.n && written < (size_t)n; at++, written++)
		rights_write(request, &list.items[at].request, list.items[at].customer);
	if (at < list.n)
		next = list.items[at - 1].request.id;
	list_end(request, next, overdue, list.n + list.left_out);
	rights_list_free(&list);
}

/* ---- making ---- */

static void made_write(struct request *request, uint32_t origin, uint64_t position)
{
	struct rights_request rights;
	struct text state;
	char id[24];
	int error = rights_state_read(request, origin, &state);
	if (!error && !rights_find(state, position, &rights))
		error = ERROR_NOT_FOUND;
	if (error)
		return reply_failure(request, error);
	json_object_begin(&request->out);
	json_put_bool(&request->out, "done", true);
	json_put_text(&request->out, "undo", record_format(id, 'u', position));
	json_key(&request->out, TEXT("request"));
	rights_write(request, &rights, 0);
	json_object_end(&request->out);
}

void api_requests_post(struct request *request)
{
	struct json root;
	struct event decision;
	struct rights_act act = {.act = "made"};
	enum channel channel = CHANNEL_NONE;
	uint64_t position;
	if (!request_json(request, &root))
		return;
	struct text about = json_text(json_get(root, TEXT("decision")));
	act.text = json_text(json_get(root, TEXT("text")));
	channel_parse(json_text(json_get(root, TEXT("channel"))), &channel);
	if (!rights_type_parse(json_text(json_get(root, TEXT("type"))), &act.type))
		return reply_error(request, 400, "invalid_type", "\"type\" must be access, correct, erase, restrict, portability or person.");
	if (act.text.n > RIGHTS_TEXT_BYTES)
		return reply_error(request, 400, "text_too_long", "\"text\" has at most %d bytes.", RIGHTS_TEXT_BYTES);
	uint32_t origin = request_customer_body(request, json_get(root, TEXT("customer")));
	if (!origin)
		return;
	if (about.n && (!record_parse(about, 'd', &act.decision) || record_own(request, origin, act.decision, &decision) != 0 ||
	                decision.header.kind != EVENT_DECISION))
		return reply_error(request, 404, "no_decision", "There is no such decision of this customer.");
	int error = rights_make(request, origin, &act, channel, &position);
	if (error == ERROR_LIMIT)
		return reply_error(request, 409, "many_requests", "This customer has %d open requests, which is as many as one can: they have to be answered first.", RIGHTS_OPEN_MAX);
	if (error)
		return reply_failure(request, error);
	made_write(request, origin, position);
}

/* ---- extending and closing ---- */

/* The request of the path: its record's customer, and its state now. 0: that it is not there is answered. */
static uint32_t request_find(struct request *request, struct rights_request *rights)
{
	struct event made;
	struct text state;
	uint64_t position;
	if (record_parse(request->parameters[0], 'r', &position) &&
	    engine_event(request->server->engine, position, request->arena, &made) == 0 && made.header.kind == EVENT_REQUEST &&
	    rights_state_read(request, made.header.origin_number, &state) == 0 && rights_find(state, position, rights))
		return made.header.origin_number;
	reply_error(request, 404, "no_request", "There is no such request; GET /v1/requests lists them.");
	return 0;
}

/* What the body asks to do with @rights, into @act. False: that it cannot be is answered. */
static bool act_read(struct request *request, struct json root, const struct rights_request *rights, struct rights_act *act)
{
	struct text state = json_text(json_get(root, TEXT("state"))), until = json_text(json_get(root, TEXT("extended_until")));
	act->because = json_text(json_get(root, TEXT("because")));
	act->act = until.n ? "extended" : text_equal(state, TEXT("done")) ? "done" : text_equal(state, TEXT("refused")) ? "refused" : NULL;
	if (!act->act || (until.n && state.n))
		reply_error(request, 400, "invalid_state", "Say {\"state\": \"done\" or \"refused\"} or {\"extended_until\": time}, each with \"because\".");
	else if (act->because.n == 0 && act->act[0] != 'd')
		reply_error(request, 400, "no_reason", "Who refuses or extends a request says why: \"because\" is sent to the customer's own page.");
	else if (act->because.n > RIGHTS_BECAUSE_BYTES)
		reply_error(request, 400, "text_too_long", "\"because\" has at most %d bytes.", RIGHTS_BECAUSE_BYTES);
	else if (until.n && (clock_parse(until, &act->until_ms) != 0 || act->until_ms <= rights->due_ms || act->until_ms > rights_extended_max(rights->received_ms)))
		reply_error(request, 422, "invalid_until", "\"extended_until\" must be a time after it is due and at most three months after it was received.");
	else if (rights->state != RIGHTS_OPEN)
		reply_error(request, 409, "closed", "This request is closed already; closing can be undone for 30 days.");
	else
		return true;
	return false;
}

void api_request_act(struct request *request)
{
	struct json root;
	struct rights_request rights;
	struct rights_act act = {.by = caller_name(request)};
	uint64_t position = 0;
	char id[24];
	uint32_t origin = request_find(request, &rights);
	if (!origin || !request_json(request, &root) || !act_read(request, root, &rights, &act))
		return;
	act.request = rights.id;
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	struct engine_write write = {.header = request_header(request, EVENT_REQUEST, CHANNEL_NONE)};
	int error = rights_encode(&payload, &act);
	write.payload = buffer_view(&payload);
	if (!error)
		error = request_append(request, origin, &write, &position);
	buffer_free(&payload);
	if (error)
		return reply_failure(request, error);
	noted_act(request, &(struct noted){.what = AUDIT_REQUEST, .origin = origin, .reason = act.because, .words = text_of(act.act)});
	json_object_begin(&request->out);
	json_put_bool(&request->out, "done", true);
	json_put_text(&request->out, "undo", record_format(id, 'u', position));
	json_object_end(&request->out);
}
