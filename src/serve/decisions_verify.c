/*
 * decisions_verify.c: GET /v1/decisions/verify: decisions of all customers made again from the log, and whether each comes out the same.
 *
 * What was undone, corrected or taken out since makes a decision come out otherwise, and rightly: those are listed by name, for whoever
 * has to explain them.
 */
#include "serve/api.h"
#include "serve/deciding.h"

enum { LISTED_MAX = 100, DECISIONS_MAX = 1000000, ARENA_BYTES = 512 * 1024 * 1024 };

struct verifying {
	struct request *request;
	struct arena arena;      /* Of one decision. */
	struct arena walk;       /* Of one customer. */
	int64_t n, same, different, unreadable, left;
	struct { struct origin_id cid; uint64_t position; } listed[LISTED_MAX];
	size_t listed_n;
};

static bool is_same(struct again *again, struct decision *decision)
{
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	decision_encode(&payload, decision);
	bool same = !payload.failed && value_equal((struct value){(const uint8_t *)payload.p, payload.n}, again->record->payload);
	buffer_free(&payload);
	return same;
}

/* Make one decision of the customer in @again again. Errors: ERROR_MEMORY, ERROR_CORRUPT; ERROR_NOT_FOUND: its configuration cannot be read. */
static int decision_verify(struct verifying *verifying, struct again *again, const struct history *chains, bool *same)
{
	struct history events = chains[0], decisions = chains[1];
	struct arena *arena = &verifying->arena;
	arena_reset(arena);
	events.arena = decisions.arena = arena;
	events.heads = arena_alloc(arena, (chains[0].heads_n + 1) * sizeof *events.heads);
	decisions.heads = arena_alloc(arena, (chains[1].heads_n + 1) * sizeof *decisions.heads);
	struct decision *decision = arena_alloc(arena, sizeof *decision);
	if (!events.heads || !decisions.heads || !decision)
		return ERROR_MEMORY;
	for (size_t i = 0; i < chains[0].heads_n; i++)
		events.heads[i] = chains[0].heads[i];
	for (size_t i = 0; i < chains[1].heads_n; i++)
		decisions.heads[i] = chains[1].heads[i];
	again->config = configurations_get(&verifying->request->server->configurations, verifying->request->server->engine, again->record->header.configuration);
	if (!again->config)
		return ERROR_NOT_FOUND;
	int error = past_gather(&again->past, &events, &decisions, again->record->position);
	if (!error)
		error = again_decide(again, NULL, arena, decision, NULL);
	if (!error)
		*same = is_same(again, decision);
	past_free(again->past);
	again->past = NULL;
	return error;
}

static void result_count(struct verifying *verifying, const struct again *again, struct origin_id cid, int error, bool same)
{
	verifying->n++;
	verifying->unreadable += error == ERROR_NOT_FOUND;
	verifying->same += !error && same;
	verifying->different += !error && !same;
	if ((error || !same) && verifying->listed_n < LISTED_MAX) {
		verifying->listed[verifying->listed_n].cid = cid;
		verifying->listed[verifying->listed_n++].position = again->record->position;
	}
}

/* All decisions of a customer, who is locked, and unlocked when this returns. */
static int customer_verify(struct verifying *verifying, struct customer *customer)
{
	struct engine *engine = verifying->request->server->engine;
	struct history chains[2], walk;
	struct again again = {.request = verifying->request, .customer = *customer};
	struct origin_id cid = customer_id(engine, customer);
	struct event record;
	bool more = true, same = false;
	arena_reset(&verifying->walk);
	int error = history_start(&chains[0], engine, customer, &verifying->walk, HISTORY_EVENTS);
	if (!error)
		error = history_start(&chains[1], engine, customer, &verifying->walk, HISTORY_DECISIONS);
	if (!error)
		error = history_start(&walk, engine, customer, &verifying->walk, HISTORY_DECISIONS);
	customer_unlock(engine, customer);
	again.record = &record;
	while (!error && verifying->left && !(error = history_next(&walk, &record, &more)) && more) {
		error = decision_verify(verifying, &again, chains, &same);
		result_count(verifying, &again, cid, error, same);
		verifying->left--;
		error = error == ERROR_NOT_FOUND ? 0 : error;
	}
	return error;
}

static void answer_write(struct verifying *verifying)
{
	struct json_writer *out = &verifying->request->out;
	char id[24], cid[33];
	json_object_begin(out);
	json_put_int(out, "decisions", verifying->n);
	json_put_int(out, "same", verifying->same);
	json_put_int(out, "different", verifying->different);
	json_put_int(out, "unreadable", verifying->unreadable);
	json_put_bool(out, "more", verifying->left == 0);
	json_key(out, TEXT("listed"));
	json_array_begin(out);
	for (size_t i = 0; i < verifying->listed_n; i++) {
		json_object_begin(out);
		json_put_text(out, "cid", text_of(origin_format(cid, verifying->listed[i].cid)));
		json_put_text(out, "decision", record_format(id, 'd', verifying->listed[i].position));
		json_object_end(out);
	}
	json_array_end(out);
	json_object_end(out);
}

void api_decisions_verify(struct request *request)
{
	struct verifying *verifying = arena_zero_alloc(request->arena, 1, sizeof *verifying);
	struct engine *engine = request->server->engine;
	int error = 0;
	if (!verifying)
		return reply_failure(request, ERROR_MEMORY);
	verifying->request = request;
	if (!request_number(request, "n", 10000, 1, DECISIONS_MAX, &verifying->left))
		return;
	arena_init(&verifying->arena, ARENA_BYTES);
	arena_init(&verifying->walk, ARENA_BYTES);
	for (uint32_t number = 1; number <= engine_origins(engine) && verifying->left && !error && !atomic_load(&request->server->stopping); number++) {
		struct customer *customer = customer_lock(engine, number);
		if (customer)
			error = customer_verify(verifying, customer);
	}
	if (error)
		reply_failure(request, error);
	else
		answer_write(verifying);
	arena_free(&verifying->arena);
	arena_free(&verifying->walk);
}
