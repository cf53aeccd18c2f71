/* collect_world.c: see collect_world.h. */
#include "collect_world.h"

#include "base/clock.h"
#include "base/report.h"
#include "cli/house.h"
#include "engine/verify.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

enum { REPLY_DEPTH_MAX = JSON_WRITER_DEPTH_MAX, CUSTOMERS_READ_MAX = 4096, FILE_BYTES_MAX = 64 * 1024, TOKEN_S = 20 * 3600 };

void must_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: must hold: %s\n", file, line, what);
	abort();
}

/* ---- opening and closing ---- */

/* Memory is the fastest disk. */
static void folder_new(char folder[64])
{
	snprintf(folder, 64, "%s/attune-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	MUST(mkdtemp(folder));
}

static void folder_remove(const char *path)
{
	char command[128];
	snprintf(command, sizeof command, "rm -rf '%s'", path);
	MUST(system(command) == 0);
}

/* The demo's: there is a kind of everything in it. */
static void configuration_add(const char *folder)
{
	static const char *const names[] = {"purposes.yaml", "matters.yaml", "sources.yaml", "surfaces.yaml", "touchpoints.yaml", "journeys.yaml", "layers.yaml"};
	static char bytes[sizeof names / sizeof *names][FILE_BYTES_MAX];
	struct config_file files[sizeof names / sizeof *names];
	struct config_log *config_log;
	char path[4096];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/demo/harbour/%s", ATTUNE_SOURCE, names[i]);
		FILE *file = fopen(path, "rb");
		MUST(file);
		files[i] = (struct config_file){text_of(names[i]), {bytes[i], fread(bytes[i], 1, FILE_BYTES_MAX, file)}};
		fclose(file);
	}
	snprintf(path, sizeof path, "%s/configuration", folder);
	MUST(config_log_open(&config_log, path) == 0);
	struct config_version version = {.files = files, .files_n = sizeof names / sizeof *names};
	MUST(config_log_add(config_log, &version, "fuzz") == 0);
	config_log_close(config_log);
}

static void server_begin(struct world *world)
{
	struct server_options options = {.folder = world->folder, .folds = &house_folds, .kinds = &house_kinds, .column = house_column};
	settings_default(&options.settings);
	options.settings.workers = 1;
	options.settings.dedupe_memory_max = 64;
	options.settings.snapshot_every_s = 86400;
	options.settings.log_segment_mb = 32;
	options.settings.new_customers_a_minute = 100000000;
	options.settings.customer_requests_a_minute = options.settings.address_requests_a_minute = 1000000;
	MUST(server_start(&world->server, &options) == 0);
	log_sync_disable(engine_log(world->server->engine));
}

void world_open(struct world *world)
{
	struct keys *keys;
	MUST(sodium_init() >= 0);
	report_level_set(REPORT_ERROR);
	arena_init(&world->arena, 64 * 1024);
	folder_new(world->folder);
	configuration_add(world->folder);
	MUST(keys_open(&keys, world->folder) == 0);
	MUST(keys_add(keys, &(struct key_made){.scope = KEY_WRITE, .source = TEXT("web")}, world->write_key) == 0);
	MUST(keys_add(keys, &(struct key_made){.scope = KEY_SECRET, .source = TEXT("backend")}, world->secret_key) == 0);
	MUST(token_sign(keys, &world->arena, TEXT("user:ana"), clock_now_ms() / 1000 + TOKEN_S, &world->token) == 0);
	keys_close(keys);
	server_begin(world);
}

void world_close(struct world *world)
{
	server_stop(world->server);
	world->server = NULL;
	folder_remove(world->folder);
	arena_free(&world->arena);
}

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
	server_stop(world->server);
	MUST(engine_verify(world->folder, &found, NULL, NULL) == 0);
	snprintf(command, sizeof command, "rm -rf '%s/lookup' '%s/columns'", world->folder, world->folder);
	MUST(!from_log || system(command) == 0);
	server_begin(world);
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
