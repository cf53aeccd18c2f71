/*
 * fuzz_collect.c: any bytes as the body of a call that collects, through the whole server: parsing, checking, whose it is,
 * folds, log, answer.
 *
 * An input is four digits, a line end and the body. The digits choose the route, who calls and how the key comes, how the
 * body is packed, and what a public key may say of identity. In a plain body the byte 1 stands for the write key, 2 for the
 * secret key and 3 for a customer's token. The server goes on from input to input and is checked as a whole now and then
 * (world_check), so what fails may need the inputs before it.
 */
#include "collect_world.h"

#include "serve/collect.h"
#include "serve/dead_letters.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS = 4, HEAD_BYTES = DIGITS + 1, INPUTS_A_WORLD = 2000, LISTED_MAX = 100, BODY_DEPTH_MAX = 24 };

enum caller_way { BY_SECRET, BY_WRITE, BY_BASIC, BY_TOKEN, BY_BODY, BY_NONSENSE, BY_COOKIE, BY_OWN_PAGE, BY_QUERY, CALLER_WAYS };

static const struct {
	const char *path;
	bool many;
} routes_tried[] = {{"/v1/track", false},    {"/v1/page", false},  {"/v1/screen", false}, {"/v1/identify", false}, {"/v1/group", false},
                    {"/v1/alias", false},    {"/v1/batch", true},  {"/v1/import", true},  {"/v1/m", false}};
enum { ROUTES = sizeof routes_tried / sizeof *routes_tried, ROUTE_IMPORT = 7, ROUTE_METRICS = 8 };

static struct world world;

struct counts {
	uint64_t accepted, duplicates, refused, letters;
};

static struct counts counts_now(void)
{
	const struct server_figures *figures = &world.server->figures;
	return (struct counts){figures->events_accepted, figures->events_duplicate, figures->events_rejected,
	                       dead_letters_count(world.server->dead_letters)};
}

static struct counts counts_since(struct counts before)
{
	struct counts now = counts_now();
	return (struct counts){now.accepted - before.accepted, now.duplicates - before.duplicates, now.refused - before.refused,
	                       now.letters - before.letters};
}

/* ---- the request ---- */

/* A body with keys in it, in memory of exactly its size, so that a sanitizer sees a read past its end. */
static char *body_make(struct text given, bool plain, struct text *body)
{
	struct buffer out = BUFFER_INIT(REQUEST_BODY_BYTES_MAX);
	const struct text keys[] = {text_of(world.write_key), text_of(world.secret_key), world.token};
	for (size_t i = 0; i < given.n; i++) {
		unsigned char c = (unsigned char)given.p[i];
		if (plain && c >= 1 && c <= 3)
			buffer_text(&out, keys[c - 1]);
		else
			buffer_char(&out, given.p[i]);
	}
	char *exact = malloc(out.n ? out.n : 1);
	MUST(exact);
	if (out.n && !out.failed)
		memcpy(exact, out.p, out.n);
	*body = (struct text){exact, out.failed ? 0 : out.n};
	buffer_free(&out);
	return exact;
}

static void caller_put(struct sent *sent, enum caller_way way, char header[256])
{
	char user[KEY_TEXT_BYTES + 2], encoded[2 * KEY_TEXT_BYTES];
	snprintf(user, sizeof user, "%s:", world.write_key);
	sodium_bin2base64(encoded, sizeof encoded, (const uint8_t *)user, strlen(user), sodium_base64_VARIANT_ORIGINAL);
	*header = 0;
	if (way == BY_SECRET)
		snprintf(header, 256, "Bearer %s", world.secret_key);
	else if (way == BY_WRITE)
		snprintf(header, 256, "Bearer %s", world.write_key);
	else if (way == BY_BASIC)
		snprintf(header, 256, "Basic %s", encoded);
	else if (way == BY_TOKEN)
		snprintf(header, 256, "Bearer %.*s", TEXT_ARGS(world.token));
	else if (way == BY_NONSENSE)
		snprintf(header, 256, "Bearer at_write_nonsense");
	sent->authorization = text_of(header);
	if (way == BY_COOKIE || way == BY_OWN_PAGE)
		sent->cookie = text_of(world.secret_key);
	sent->same_site = way == BY_OWN_PAGE;
	if (way == BY_QUERY)
		sent->token = world.token;
}

/* ---- the answer ---- */

/* A refusal says what, and what it says is true: there is room for names. */
static void refusal_check(struct json refusal)
{
	struct text code = json_text(json_get(refusal, TEXT("code")));
	MUST(code.n && json_text(json_get(refusal, TEXT("message"))).n);
	MUST(!text_equal(code, TEXT("too_many_names")) ||
	     dictionary_count(engine_dictionary(world.server->engine)) == DICTIONARY_NAMES_MAX);
}

static void error_check(const struct http_exchange *x, struct json root, bool many, struct counts moved)
{
	static const int statuses[] = {400, 401, 403, 415}; /* 429 and 503 say that the server is too busy: it is not. */
	bool documented = false;
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		documented |= x->status == statuses[i];
	MUST(documented);
	refusal_check(root);
	MUST(moved.accepted == 0 && moved.duplicates == 0);
	MUST(moved.refused == 0 || (!many && moved.refused == 1 && x->status == 400));
}

static void refusals_check(struct json root, size_t events, bool import, struct counts moved)
{
	struct json list = json_get(root, TEXT("rejected")), item;
	struct json_cursor cursor = {0};
	int64_t accepted, refused, index, last = -1;
	MUST(json_int(json_get(root, TEXT("accepted")), &accepted) && (uint64_t)accepted == moved.accepted);
	MUST(json_int(json_get(root, TEXT("refused")), &refused) && (uint64_t)refused == moved.refused);
	MUST(json_count(list) == (import || moved.refused < LISTED_MAX ? moved.refused : LISTED_MAX));
	while (json_next_item(&cursor, list, &item)) {
		MUST(json_int(json_get(item, TEXT("index")), &index) && index > last && (size_t)index < events);
		refusal_check(item);
		last = index;
	}
}

/* The answer says what was done: every event of the body was taken, known or refused. */
static void answer_check(const struct http_exchange *x, unsigned route, size_t events, struct counts before)
{
	struct json root = reply_json(x);
	struct counts moved = counts_since(before);
	int64_t duplicates = 0;
	MUST(json_type_of(root) == JSON_OBJECT && moved.letters == moved.refused);
	if (x->status != 200) {
		error_check(x, root, routes_tried[route].many, moved);
		return;
	}
	MUST(json_bool(json_get(root, TEXT("success")), false));
	MUST(moved.accepted + moved.duplicates + moved.refused == (route == ROUTE_METRICS ? 0 : events));
	if (moved.refused)
		refusals_check(root, events, route == ROUTE_IMPORT, moved);
	else
		MUST(json_type_of(json_get(root, TEXT("accepted"))) == JSON_ABSENT);
	json_int(json_get(root, TEXT("duplicates")), &duplicates);
	MUST((uint64_t)duplicates == moved.duplicates);
}

/* How many events are in @body, and does each of them have a messageId? */
static size_t events_count(struct text body, bool many, bool *named)
{
	static struct json_parser *parser;
	struct json root, batch, event;
	struct json_cursor cursor = {0};
	if (!parser)
		parser = json_parser_new(REQUEST_BODY_BYTES_MAX, BODY_DEPTH_MAX);
	*named = false;
	if (!parser || json_parse(parser, body, &root) != 0)
		return 0;
	*named = !many && text_trim(json_text(json_get(root, TEXT("messageId")))).n > 0;
	batch = json_get(root, TEXT("batch"));
	if (!many || json_type_of(batch) != JSON_ARRAY)
		return !many;
	*named = true;
	while (json_next_item(&cursor, batch, &event))
		*named = *named && text_trim(json_text(json_get(event, TEXT("messageId")))).n > 0;
	return json_count(batch);
}

/* Sent again, whatever has a messageId is known and nothing is taken twice. */
static void again(const struct sent *sent, unsigned route, size_t events)
{
	struct counts before = counts_now();
	const struct http_exchange *x = exchange_send(sent);
	answer_check(x, route, events, before);
	struct counts moved = counts_since(before);
	MUST(moved.accepted == 0 && moved.duplicates + moved.refused == events);
}

/* ---- inputs ---- */

static void world_end(void)
{
	world_check(&world);
	world_close(&world);
}

static void world_prepare(void)
{
	static unsigned inputs;
	if (world.server && inputs == INPUTS_A_WORLD) {
		world_end();
		inputs = 0;
	}
	if (!world.server)
		world_open(&world);
	inputs++;
}

/* The last world is checked as well. Not asked for before JSON was read once: at the end its library would be gone first. */
static void end_at_exit(void)
{
	static bool asked;
	if (!asked)
		atexit(world_end);
	asked = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const unsigned choices[DIGITS] = {ROUTES, CALLER_WAYS, 4, 3};
	static const char *const encodings[] = {"", "gzip", "deflate", "br"}, *const publics[] = {"unverified", "trusted", "off"};
	unsigned chosen[DIGITS];
	char header[256];
	bool named;
	if (n < HEAD_BYTES)
		return 0;
	for (size_t i = 0; i < DIGITS; i++)
		chosen[i] = (uint8_t)(bytes[i] - '0') % choices[i];
	world_prepare();
	bool many = routes_tried[chosen[0]].many;
	struct sent sent = {.method = HTTP_POST, .path = text_of(routes_tried[chosen[0]].path), .encoding = text_of(encodings[chosen[2]])};
	char *body = body_make((struct text){(const char *)bytes + HEAD_BYTES, n - HEAD_BYTES}, chosen[2] == 0, &sent.body);
	caller_put(&sent, (enum caller_way)chosen[1], header);
	snprintf(world.server->settings.identify_from_public, SETTING_TEXT_BYTES, "%s", publics[chosen[3]]);
	struct counts before = counts_now();
	const struct http_exchange *x = exchange_send(&sent);
	size_t events = events_count(x->body, many, &named); /* Of the body as it was unpacked. */
	answer_check(x, chosen[0], events, before);
	end_at_exit();
	if (x->status == 200 && named && chosen[0] != ROUTE_METRICS && counts_since(before).refused == 0)
		again(&sent, chosen[0], events);
	free(body);
	return 0;
}
