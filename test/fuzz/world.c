/* world.c: see world.h. */
#include "world.h"

#include "base/clock.h"
#include "base/report.h"
#include "cli/house.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 64 * 1024, TOKEN_S = 20 * 3600 };

void must_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: must hold: %s\n", file, line, what);
	abort();
}

/* ---- opening and closing ---- */

/* Memory is the fastest disk. */
void world_folder_new(char folder[64])
{
	snprintf(folder, 64, "%s/attune-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	MUST(mkdtemp(folder));
}

void world_folder_remove(const char *path)
{
	char command[128];
	snprintf(command, sizeof command, "rm -rf '%s'", path);
	MUST(system(command) == 0);
}

/* The demo's: there is a kind of everything in it. */
static void configuration_add(const char *folder)
{
	static const char *const names[] = {"purposes.yaml", "matters.yaml", "sources.yaml", "surfaces.yaml", "touchpoints.yaml", "journeys.yaml", "layers.yaml",
	                                    "needs.yaml",    "prices.yaml",  "segments.yaml", "shop.yaml",     "topics.yaml",      "voice.yaml"};
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

void world_start(struct world *world)
{
	struct server_options options = {.folder = world->folder, .folds = &house_folds, .kinds = &house_kinds, .column = house_column};
	settings_default(&options.settings);
	options.settings.workers = 1;
	options.settings.port = 0;
	snprintf(options.settings.harbour, sizeof options.settings.harbour, world->harbour ? "on" : "off");
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
	world_folder_new(world->folder);
	configuration_add(world->folder);
	MUST(keys_open(&keys, world->folder) == 0);
	MUST(keys_add(keys, &(struct key_made){.scope = KEY_WRITE, .source = TEXT("web")}, world->write_key) == 0);
	MUST(keys_add(keys, &(struct key_made){.scope = KEY_SECRET, .source = TEXT("backend")}, world->secret_key) == 0);
	MUST(token_sign(keys, &world->arena, TEXT("user:ana"), clock_now_ms() / 1000 + TOKEN_S, &world->token) == 0);
	keys_close(keys);
	world_start(world);
}

void world_stop(struct world *world)
{
	server_stop(world->server);
	world->server = NULL;
}

void world_close(struct world *world)
{
	world_stop(world);
	world_folder_remove(world->folder);
	arena_free(&world->arena);
}
