/* server_start.c: opening a data folder and everything in it, and closing it again. */
#include "serve/server.h"

#include "base/clock.h"
#include "base/damage.h"
#include "base/folder_lock.h"
#include "base/inventory.h"
#include "base/kept_file.h"
#include "base/refusal.h"
#include "base/report.h"
#include "engine/give_up.h"
#include "engine/keyring.h"
#include "serve/buying_models.h"
#include "serve/dead_letters.h"
#include "serve/erasure.h"
#include "serve/hub.h"
#include "serve/pace.h"
#include "serve/session.h"
#include "serve/spool.h"
#include "serve/tokens.h"
#include "serve/standing.h"
#include "serve/noted.h"
#include "serve/signer.h"
#include "serve/worth.h"
#include "serve/retention_run.h"
#include "trust/erasures.h"
#include "trust/retention.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int key_read(const char *folder, uint8_t key[DIRECTORY_KEY_BYTES])
{
	static const struct kept_file file = {"directory-key", "no customer is found by an identifier", "a backup"};
	return kept_file_secret(folder, &file, key, DIRECTORY_KEY_BYTES);
}

static uint32_t config_version(const struct config *config)
{
	return config ? config->version : 0;
}

/* The key under which the keys of customers are kept: ATTUNE_NODE_KEY (64 hex digits), else a file that is made when missing. */
static int node_key_read(const char *folder, uint8_t key[KEYRING_KEY_BYTES])
{
	static const struct kept_file file = {ENGINE_SEALING_FOLDER "/node-key", "no key of a customer can be made, for all need the node key", "a copy of the keys"};
	int error = keyring_node_key(key);
	if (error != ERROR_NOT_FOUND)
		return error;
	return kept_file_secret(folder, &file, key, KEYRING_KEY_BYTES);
}

/*
 * Did a start fail as the log in @part of the data folder is damaged, and is it to go on without what is? Then it is set aside and
 * named: what is sound is answered from, and what is gone can be had again from a backup alone.
 */
static bool damage_gives_way(struct server *server, const char *part, int error)
{
	char folder[4200];
	struct log_repaired repaired;
	struct damage damage;
	if (error != ERROR_CORRUPT || strcmp(server->settings.damaged_log, "continue") != 0 || !damage_refusal(&damage) ||
	    strncmp(damage.file, part, strlen(part)) != 0)
		return false;
	snprintf(folder, sizeof folder, "%s/%s", server->folder, part);
	error = strcmp(part, "log") == 0 ? engine_give_up(server->folder, &repaired) : log_repair(folder, &repaired);
	if (error || repaired.gaps == 0)
		return false;
	report(REPORT_ERROR, "log_given_up", "%s is damaged in %llu places (%llu bytes): they are set aside in %s/damaged-*, and the start goes on without what lay there.",
	       part, (unsigned long long)repaired.gaps, (unsigned long long)repaired.bytes, part);
	damage_accept(part, "The damaged bytes are set aside in a file beside it; restore a backup to have what lay there again.");
	return true;
}

/* Lost or damaged, the log of events still knows the numbers of its names: the start goes on, and says so (configurations_settle). */
static int configuration_start(struct server *server, const struct server_options *options, const struct config **config)
{
	int error = configurations_open(&server->configurations, server->folder, options->kinds, config);
	if (damage_gives_way(server, "configuration", error))
		error = configurations_open(&server->configurations, server->folder, options->kinds, config);
	return error;
}

static int engine_start(struct server *server, const struct server_options *options)
{
	uint8_t key[DIRECTORY_KEY_BYTES], node_key[KEYRING_KEY_BYTES];
	const struct config *config = NULL;
	size_t erased_n;
	int error = key_read(server->folder, key);
	if (!error)
		error = erasures_open(&server->erasures, server->folder, server->started_ms);
	if (!error)
		error = signer_open(&server->signer, server->folder);
	if (!error)
		error = node_key_read(server->folder, node_key);
	if (!error)
		error = configuration_start(server, options, &config);
	if (error)
		return error;
	const struct settings *settings = &server->settings;
	struct engine_options engine = {
		.folder = server->folder, .folds = options->folds, .directory_key = key, .node_key = node_key,
		.seal = strcmp(settings->seal, "off") != 0, .erased = erasures_origins(server->erasures, &erased_n), .memory_max = (size_t)settings->memory_max << 20,
		.dedupe_memory_max = (size_t)settings->dedupe_memory_max << 20, .snapshot_every_ms = settings->snapshot_every_s * 1000,
		.log_segment_bytes = (size_t)settings->log_segment_mb << 20,
		.log_reserve_bytes = (size_t)settings->disk_reserve_mb << 20, .config = config, .column = options->column,
		.names_public_max = (uint32_t)settings->names_from_public_max, .config_version = config_version, .serves = retention_serves};
	engine.erased_n = erased_n;
	error = engine_open(&server->engine, &engine);
	if (damage_gives_way(server, "log", error))
		error = engine_open(&server->engine, &engine);
	sodium_memzero(node_key, sizeof node_key);
	if (!error)
		error = configurations_settle(&server->configurations, server->engine);
	if (error == ERROR_DENIED)
		refuse(error, "The keys in %s/" ENGINE_SEALING_FOLDER " were made with another node key: give that one in ATTUNE_NODE_KEY or put its file back.",
		       server->folder);
	return error;
}

static void changed(void *arg, struct engine *engine, const struct customer *customer, const struct event *event)
{
	struct server *server = arg;
	hub_changed(server->hub, customer_id(engine, customer), event);
	noted_record(server, engine, customer, event);
}

static int parts_start(struct server *server, const struct server_options *options)
{
	if (mkdir(server->folder, 0700) != 0 && errno != EEXIST)
		return refuse(ERROR_IO, "%s cannot be made: %s.", server->folder, strerror(errno));
	int error = folder_lock(&server->lock, server->folder); /* Before anything in it is written. */
	if (!error)
		error = keys_open(&server->keys, server->folder);
	if (!error)
		error = tokens_open(&server->tokens, server->folder);
	if (!error)
		error = staff_open(&server->staff, server->folder);
	if (!error)
		error = sessions_open(&server->sessions);
	if (!error)
		error = pace_open(&server->pace);
	if (!error)
		error = spools_open(&server->spools, server->folder, (uint64_t)server->settings.spool_max_mb << 20);
	if (!error)
		error = dead_letters_open(&server->dead_letters, server->folder);
	if (!error)
		error = noted_start(server);
	if (!error)
		error = engine_start(server, options);
	if (!error && !(server->hub = hub_new()))
		error = ERROR_MEMORY;
	if (!error)
		error = erasure_resume(server);
	if (!error)
		engine_listen(server->engine, changed, server);
	if (!error)
		error = buying_models_start(&server->buying, server->engine);
	if (!error)
		error = inventory_settle(server->folder, false);
	if (!error)
		error = retention_run_start(&server->retention, server);
	return error;
}

static int listen_start(struct server *server)
{
	const struct settings *settings = &server->settings;
	struct work_options work = {.threads = (size_t)settings->workers};
	server_answers(server, NULL, &work);
	int error = work_open(&server->work, &work);
	if (error)
		return error;
	struct http_options http = {
		.address = settings->listen, .port = (uint16_t)settings->port, .threads = (unsigned)settings->threads,
		.connections_max = (unsigned)settings->connections_max, .connections_an_address = (unsigned)settings->connections_an_address,
		.proxy = settings->proxy, .timeout_s = (unsigned)settings->timeout_s,
		.body_bytes_max = REQUEST_BODY_BYTES_MAX};
	server_answers(server, &http, NULL);
	error = http_start(&server->http, &http);
	return error ? refuse(error, "Address %s, port %lld cannot be listened on: %s.", settings->listen, (long long)settings->port, strerror(errno)) : 0;
}

int server_start(struct server **out, const struct server_options *options)
{
	struct server *server = memory_zero_alloc(1, sizeof *server);
	if (!server)
		return ERROR_MEMORY;
	server->settings = options->settings;
	server->lock = -1;
	damage_clear();
	refusal_clear();
	server->started_ms = clock_now_ms();
	snprintf(server->folder, sizeof server->folder, "%s", options->folder);
	pthread_mutex_init(&server->worth_lock, NULL);
	pthread_mutex_init(&server->standing_lock, NULL);
	for (size_t i = 0; i < MESSAGE_LOCKS; i++)
		pthread_mutex_init(&server->message_locks[i], NULL);
	int error = parts_start(server, options);
	if (!error)
		error = listen_start(server);
	if (error) {
		server_stop(server);
		return error;
	}
	*out = server;
	return 0;
}

uint16_t server_port(const struct server *server)
{
	return http_port(server->http);
}

void server_stop(struct server *server)
{
	if (server->http)
		http_quiesce(server->http);
	atomic_store(&server->stopping, true);
	if (server->work)
		work_stop(server->work);
	if (server->hub)
		hub_close(server->hub);
	if (server->engine)
		log_reserve_spend(engine_log(server->engine)); /* On a full disk, what is pending can now be written. */
	/* What was taken in is answered before the connections are cut; who does not read the answer is not waited for longer. */
	for (int i = 0; i < 5000 && atomic_load(&server->under_way); i++)
		usleep(1000);
	http_stop(server->http);
	worth_view_forget(server);
	standing_free(server);
	buying_models_stop(server->buying);
	retention_run_stop(server->retention);
	engine_close(server->engine);
	hub_free(server->hub);
	dead_letters_close(server->dead_letters);
	erasures_close(server->erasures);
	signer_close(server->signer);
	audit_close(server->audit);
	configurations_close(&server->configurations);
	pace_close(server->pace);
	sessions_close(server->sessions);
	staff_close(server->staff);
	keys_close(server->keys);
	tokens_close(server->tokens);
	spools_close(server->spools);
	folder_unlock(server->lock);
	work_free(server->work);
	pthread_mutex_destroy(&server->worth_lock);
	pthread_mutex_destroy(&server->standing_lock);
	for (size_t i = 0; i < MESSAGE_LOCKS; i++)
		pthread_mutex_destroy(&server->message_locks[i]);
	memory_free(server);
}
