/* collect_world.c: see collect_world.h. */
#include "collect_world.h"

#include "base/clock.h"
#include "engine/verify.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

enum { REPLY_DEPTH_MAX = JSON_WRITER_DEPTH_MAX, CUSTOMERS_READ_MAX = 4096, TOKEN_S = 20 * 3600 };

/* ---- reading everything ---- */

struct json reply_json(const struct http_exchange *exchange)
{
	static struct json_parser *parser;
	struct json root = {0};
	if (!parser)
		parser = json_parser_new(HTTP_REPLY_BYTES_MAX, REPLY_DEPTH_MAX);
	MUST(parser && !exchange->out.failed);
	MUST(json_parse(parser, buffer_view(&exchange->out), &root) == 0);
	return root;
}

static void read_one(struct world *world, enum http_method method, struct text path, struct text body)
{
	char bearer[KEY_TEXT_BYTES + 8];
	snprintf(bearer, sizeof bearer, "Bearer %s", world->secret_key);
	const struct http_exchange *x =
		exchange_send(&(struct sent){.method = method, .path = path, .body = body, .authorization = text_of(bearer)});
	if (x->status != 200)
		fprintf(stderr, "%.*s: %d %.*s\n", TEXT_ARGS(path), x->status, TEXT_ARGS(buffer_view(&x->out)));
	MUST(x->status == 200);
	reply_json(x);
}

/* The customer's own page: whole, and nothing in it but text of ours and theirs. */
static void page_read(struct world *world, const char *id)
{
	struct arena arena;
	struct text cookie;
	arena_init(&arena, 64 * 1024);
	MUST(token_sign(world->server->keys, &arena, text_of(id), clock_now_ms() / 1000 + TOKEN_S, &cookie) == 0);
	const struct http_exchange *x = exchange_send(&(struct sent){.method = HTTP_GET, .path = TEXT("/me"), .cookie = cookie});
	struct text page = buffer_view(&x->out);
	MUST(x->status == 200 && !x->out.failed && text_is_utf8(page) && text_ends(text_trim(page), TEXT("</html>")));
	for (size_t i = 0; i < page.n; i++)
		MUST((unsigned char)page.p[i] >= ' ' || page.p[i] == '\n' || page.p[i] == '\t');
	arena_free(&arena);
}

struct customers {
	struct world *world;
	struct {
		uint32_t number;
		char id[33];
	} items[CUSTOMERS_READ_MAX];
	size_t n;
};

static bool customer_note(void *arg, struct customer *customer)
{
	struct customers *customers = arg;
	customers->items[customers->n].number = customer->number;
	origin_format(customers->items[customers->n].id, customer_id(customers->world->server->engine, customer));
	customers->items[customers->n].id[32] = 0;
	return ++customers->n < CUSTOMERS_READ_MAX;
}

static void customers_find(struct world *world, struct customers *customers)
{
	uint32_t after = 0;
	customers->world = world;
	customers->n = 0;
	engine_each_customer(world->server->engine, &after, CUSTOMERS_READ_MAX, customer_note, customers);
}

static void everything_read(struct world *world, const struct customers *customers)
{
	static const char *const parts[] = {"", "/timeline", "/identity", "/consents", "/export"};
	static const char *const whole[] = {"/v1/customers", "/v1/overview", "/v1/journeys", "/v1/dead-letters"};
	static const char *const surfaces[] = {"app-home", "machine-withdrawal"};
	char path[100], body[200];
	for (size_t i = 0; i < customers->n; i++) {
		for (size_t s = 0; s < sizeof surfaces / sizeof *surfaces; s++) {
			snprintf(body, sizeof body, "{\"customer\":{\"cid\":\"%s\"},\"surface\":\"%s\"}", customers->items[i].id, surfaces[s]);
			read_one(world, HTTP_POST, TEXT("/v1/decide"), text_of(body));
		}
		for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
			snprintf(path, sizeof path, "/v1/customers/%s%s", customers->items[i].id, parts[p]);
			read_one(world, HTTP_GET, text_of(path), (struct text){"", 0});
		}
		page_read(world, customers->items[i].id);
	}
	for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
		read_one(world, HTTP_GET, text_of(whole[i]), (struct text){"", 0});
}

/* ---- the same from the log alone ---- */

static void names_check(struct world *world)
{
	const struct dictionary *dictionary = engine_dictionary(world->server->engine);
	for (uint32_t i = 1; i <= dictionary_count(dictionary); i++)
		MUST(text_is_utf8(dictionary_name(dictionary, i)));
}

/* What is known of one customer, as a hash. An ordered fold forgets what lies before its window, each time it is folded
 * again at another place: of who has more events only the number is compared. */
static uint64_t customer_hash(struct engine *engine, uint32_t number)
{
	struct customer *customer = customer_lock(engine, number);
	MUST(customer && customer_refresh(engine, customer) == 0 && customer->number == number);
	uint64_t hash = XXH3_64bits_withSeed(&customer->events, sizeof customer->events, customer->origins_n);
	if (customer->events <= FOLD_WINDOW_EVENTS)
		hash = XXH3_64bits_withSeed(customer->states, customer->states_bytes, hash);
	customer_unlock(engine, customer);
	return hash;
}

/* Stop the server, start it again, and compare: from its snapshot, or from the log alone. */
static void restart_check(struct world *world, const struct customers *before, const uint64_t *hashes, bool from_log)
{
	static struct customers after;
	char command[160];
	struct verify found;
	struct engine_figures was = engine_figures(world->server->engine);
	world_stop(world);
	MUST(engine_verify(world->folder, &found, NULL, NULL) == 0);
	snprintf(command, sizeof command, "rm -rf '%s/lookup' '%s/columns'", world->folder, world->folder);
	MUST(!from_log || system(command) == 0);
	world_start(world);
	struct engine_figures is = engine_figures(world->server->engine);
	MUST(is.customers == was.customers && is.origins == was.origins && is.events == was.events);
	customers_find(world, &after);
	MUST(after.n == before->n);
	for (size_t i = 0; i < after.n; i++) {
		MUST(strcmp(after.items[i].id, before->items[i].id) == 0);
		MUST(customer_hash(world->server->engine, after.items[i].number) == hashes[i]);
	}
}

void world_check(struct world *world)
{
	static struct customers customers;
	static uint64_t hashes[CUSTOMERS_READ_MAX];
	customers_find(world, &customers);
	everything_read(world, &customers);
	names_check(world);
	for (size_t i = 0; i < customers.n; i++)
		hashes[i] = customer_hash(world->server->engine, customers.items[i].number);
	restart_check(world, &customers, hashes, false);
	restart_check(world, &customers, hashes, true);
}
