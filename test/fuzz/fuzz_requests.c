/*
 * fuzz_requests.c: any route, asked by anybody with anything, through the whole server.
 *
 * Whatever is asked, the answer is one that is documented: never a 5xx but 503, JSON where it says so; and nobody learns of the victim,
 * in whose records a mark stands, but the company, or whoever was made one with the victim by it. The server goes on from input to input,
 * so what fails may need the inputs before it; now and then its log is verified and read again, and a new world begins.
 */
#include "collect_world.h"
#include "request_grammar.h"

#include "base/clock.h"
#include "engine/verify.h"
#include "serve/session.h"
#include "serve/staff.h"

#include <stdio.h>
#include <string.h>

enum { INPUTS_A_WORLD = 400, TOKEN_S = 20 * 3600 };
#define MARK "quincunx"

static struct world world;
static struct pool pool;
static struct arena tokens;
static struct text lone_token;
static char form_token[KEYS_MARK_BYTES], sessions[5][SESSION_ID_BYTES];
static uint32_t victim;  /* The origin that the mark is in. */

/* ---- the world ---- */

static void send_secret(const char *path, const char *body)
{
	char bearer[KEY_TEXT_BYTES + 8];
	snprintf(bearer, sizeof bearer, "Bearer %s", world.secret_key);
	const struct http_exchange *x =
		exchange_send(&(struct sent){.method = HTTP_POST, .path = text_of(path), .body = text_of(body), .authorization = text_of(bearer)});
	MUST(x->status == 200);
	pool_learn(&pool, buffer_view(&x->out));
}

static void people_make(void)
{
	send_secret("/v1/batch", "{\"batch\":[{\"type\":\"identify\",\"userId\":\"ana\",\"traits\":{\"email\":\"ana@example.org\",\"name\":\"Ana\"}},"
	                         "{\"type\":\"track\",\"userId\":\"ana\",\"event\":\"Cash Withdrawn\",\"properties\":{\"amount\":80}},"
	                         "{\"type\":\"track\",\"anonymousId\":\"anon-1\",\"event\":\"Product Viewed\",\"properties\":{\"product\":\"loan\"}},"
	                         "{\"type\":\"identify\",\"userId\":\"lone-walker\",\"traits\":{\"name\":\"Lone\"}},"
	                         "{\"type\":\"identify\",\"userId\":\"the-victim\",\"traits\":{\"name\":\"" MARK " name\",\"city\":\"" MARK " city\"}},"
	                         "{\"type\":\"track\",\"userId\":\"the-victim\",\"event\":\"Order Completed\",\"properties\":{\"note\":\"" MARK "\"}}]}");
	send_secret("/v1/decide", "{\"customer\":{\"identifier\":\"user:ana\"},\"surface\":\"machine-withdrawal\"}");
	victim = customer_named(world.server, TEXT("user:the-victim"));
	MUST(victim);
}

static void callers_make(void)
{
	static const unsigned roles[] = {ROLE_ADMIN, ROLE_SERVICE, ROLE_MANAGER, ROLE_PRIVACY, ROLE_ANALYST};
	struct buffer message = BUFFER_INIT(8192);
	arena_init(&tokens, 64 * 1024);
	MUST(token_sign(world.server->keys, &tokens, TEXT("user:lone-walker"), clock_now_ms() / 1000 + TOKEN_S, &lone_token) == 0);
	for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
		session_begin(world.server->sessions, &(struct account){.name = "demo", .roles = roles[i]}, clock_now_ms(), sessions[i]);
	buffer_string(&message, "portal ");
	buffer_text(&message, lone_token);
	keys_mark(world.server->keys, buffer_view(&message), form_token);
	buffer_free(&message);
}

static void world_begin(void)
{
	world.harbour = true;
	world_open(&world);
	pool.n = 0;
	people_make();
	callers_make();
}

/* The log is sound, and a server that reads all of it knows as many customers. */
static void world_end(void)
{
	struct verify found;
	struct engine_figures was = engine_figures(world.server->engine), is;
	world_stop(&world);
	MUST(engine_verify(world.folder, &found, NULL, NULL) == 0);
	world_start(&world);
	is = engine_figures(world.server->engine);
	MUST(is.customers == was.customers && is.origins == was.origins);
	arena_free(&tokens);
	world_close(&world);
}

static void end_at_exit(void)
{
	static bool asked;
	if (!asked)
		atexit(world_end);
	asked = true;
}

static void world_prepare(void)
{
	static unsigned inputs;
	if (world.server && ++inputs >= INPUTS_A_WORLD)
		world_end();
	if (!world.server) {
		world_begin();
		inputs = 0;
	}
	end_at_exit();
}

/* ---- one request ---- */

static void caller_put(struct made *made, char header[KEY_TEXT_BYTES + 608])
{
	struct sent *sent = &made->sent;
	*header = 0;
	if (made->by == BY_SECRET || made->by == BY_WRITE)
		snprintf(header, KEY_TEXT_BYTES + 8, "Bearer %s", made->by == BY_SECRET ? world.secret_key : world.write_key);
	else if (made->by == BY_CUSTOMER)
		snprintf(header, KEY_TEXT_BYTES + 608, "Bearer %.*s", TEXT_ARGS(text_first(lone_token, 600)));
	else if (made->by == BY_NONSENSE)
		snprintf(header, KEY_TEXT_BYTES + 8, "Bearer at_secret_4f2a9c01_nonsense");
	else if (made->by == BY_STAFF)
		sent->cookie = text_of(sessions[made->role]);
	else if (made->by == BY_PORTAL)
		sent->cookie = lone_token;
	else if (made->by == BY_CUSTOMER_QUERY)
		sent->token = lone_token;
	sent->authorization = text_of(header);
}

static uint32_t customer_of(uint32_t origin)
{
	return origin ? atomic_load(&engine_origin(world.server->engine, origin)->customer) : 0;
}

/* Does the company call, or is the caller's customer the victim by now? Then they may know. */
static bool may_know(const struct made *made)
{
	if (made->by == BY_SECRET || made->by == BY_STAFF)
		return true;
	uint32_t lone = customer_of(customer_named(world.server, TEXT("user:lone-walker")));
	return lone && lone == customer_of(victim);
}

static void answer_check(const struct made *made, const struct http_exchange *x)
{
	struct text answer = x->fixed.p ? x->fixed : buffer_view(&x->out);
	bool good = x->status >= 200 && (x->status < 500 || x->status == 503);
	if (!good)
		fprintf(stderr, "%.*s: %d %.*s\n", TEXT_ARGS(made->sent.path), x->status, TEXT_ARGS(answer));
	MUST(good);
	if (strcmp(x->type, "application/json") == 0 && !x->fixed.p && answer.n)
		reply_json(x);
	if (strncmp(x->type, "text/html", 9) == 0 && !x->fixed.p)
		MUST(text_is_utf8(answer));
	if (text_find(answer, TEXT(MARK), NULL) && !may_know(made)) {
		fprintf(stderr, "%.*s tells of somebody else: %.*s\n", TEXT_ARGS(made->sent.path), TEXT_ARGS(text_first(answer, 2000)));
		MUST(false);
	}
	if (made->by == BY_SECRET || made->by == BY_STAFF)
		pool_learn(&pool, text_first(answer, 8192));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct made made;
	char header[KEY_TEXT_BYTES + 608];
	world_prepare();
	made_request(&made, bytes, n, &pool, text_of(form_token));
	caller_put(&made, header);
	/* In memory of exactly its size, so that a sanitizer sees a read past its end. */
	char *body = malloc(made.sent.body.n ? made.sent.body.n : 1);
	MUST(body);
	if (made.sent.body.n)
		memcpy(body, made.sent.body.p, made.sent.body.n);
	made.sent.body.p = body;
	answer_check(&made, exchange_send(&made.sent));
	exchange_over();
	free(body);
	made_free(&made);
	return 0;
}
