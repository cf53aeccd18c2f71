/* scenes.c: a small house with three customers, one of whom was erased, and what is done to it. */
#include "scenes.h"

#include "../fuzz/exchange.h"
#include "base/clock.h"
#include "base/damage.h"
#include "base/folder_search.h"
#include "base/refusal.h"
#include "base/report.h"
#include "cli/house.h"
#include "cli/verb.h"
#include "engine/verify.h"
#include "serve/dead_letters.h"
#include "serve/server.h"
#include "trust/erasures.h"

#include <getopt.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 200, FILE_BYTES_MAX = 64 * 1024 };

static struct told *told;
static struct server *server;
static bool start_mends; /* What is changed in place may be half changed: a start finishes it, and says so. */
static char work[PATH_BYTES], data[PATH_BYTES], backup[PATH_BYTES], keys_copy[PATH_BYTES], restored[PATH_BYTES];

void scene_wrong(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("wrong: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	_exit(SCENE_WRONG);
}

void scene_begin(const char *folder, struct told *shared)
{
	told = shared;
	snprintf(work, sizeof work, "%.150s", folder);
	snprintf(data, sizeof data, "%.150s/data", folder);
	snprintf(backup, sizeof backup, "%.150s/backup", folder);
	snprintf(keys_copy, sizeof keys_copy, "%.150s/keys", folder);
	snprintf(restored, sizeof restored, "%.150s/restored", folder);
	report_level_set(REPORT_ERROR);
	if (sodium_init() < 0)
		scene_wrong("no randomness");
}

/* ---- the server ---- */

static int start(const char *folder)
{
	struct server_options options = {.folder = folder, .folds = &house_folds, .kinds = &house_kinds, .column = house_column};
	settings_default(&options.settings);
	options.settings.workers = 1;
	options.settings.port = 0;
	options.settings.memory_max = 64;
	options.settings.dedupe_memory_max = 4;
	options.settings.snapshot_every_s = 86400;
	options.settings.log_segment_mb = 1;
	options.settings.disk_reserve_mb = 1;
	return server_start(&server, &options);
}

static void stop(void)
{
	if (server)
		server_stop(server);
	server = NULL;
}

static void must_start(const char *folder)
{
	char why[2 * REFUSAL_BYTES];
	int error = start(folder);
	if (error)
		scene_wrong("%s does not start: %s: %s", folder, error_name(error), refusal_sentence(error, why));
	struct damage found[DAMAGE_MAX];
	size_t n = damage_list(found, DAMAGE_MAX);
	for (size_t i = 0; i < n; i++)
		if (!start_mends || found[i].effect != DAMAGE_REBUILT)
			scene_wrong("damage is named at the start of %s, and nothing was damaged: %s: %s", folder, found[i].file, found[i].what);
}

/* SCENE_DONE, or what @error says on standard error. */
static int said(int error)
{
	char why[2 * REFUSAL_BYTES];
	if (!error)
		return SCENE_DONE;
	fprintf(stderr, "%s: %s\n", error_name(error), refusal_sentence(error, why));
	return SCENE_FAILED;
}

static const struct http_exchange *ask(enum http_method method, const char *path, const char *body)
{
	static char bearer[KEY_TEXT_BYTES + 8];
	static const struct sent_pair reason = {"X-Attune-Reason", {"a test", 6}};
	snprintf(bearer, sizeof bearer, "Bearer %s", told->secret_key);
	return exchange_send(&(struct sent){.method = method, .path = text_of(path), .body = text_of(body), .authorization = text_of(bearer),
	                                    .headers = &reason, .headers_n = 1});
}

/* Was it done? What failed is the server's fault, never that of who asked, and said. What does not fit into memory http.c answers. */
static int answered(const struct http_exchange *x)
{
	struct text body = buffer_view(&x->out);
	if (x->out.failed) {
		fputs("memory: the answer does not fit\n", stderr);
		return SCENE_FAILED;
	}
	if (x->status == 200)
		return SCENE_DONE;
	fprintf(stderr, "%d %.*s\n", x->status, TEXT_ARGS(body));
	if (x->status < 500 && x->status != 429)
		scene_wrong("the answer %d blames who asked", x->status);
	return SCENE_FAILED;
}

static void must_answer(enum http_method method, const char *path, const char *body)
{
	const struct http_exchange *x = ask(method, path, body);
	if (x->status != 200 || x->out.failed)
		scene_wrong("%s: %d %.*s", path, x->status, TEXT_ARGS(buffer_view(&x->out)));
}

static bool cid_of(const char *name, char cid[SCENE_CID_BYTES])
{
	uint32_t origin = customer_named(server, text_of(name));
	struct customer *customer = origin ? customer_lock_of(server->engine, origin) : NULL;
	if (!customer)
		return false;
	origin_format(cid, customer_id(server->engine, customer));
	cid[SCENE_CID_BYTES - 1] = 0;
	customer_unlock(server->engine, customer);
	return true;
}

/* ---- verbs ---- */

static int verb(int (*run)(int argc, char **argv), const char *name, const char *a, const char *b, const char *c, const char *d)
{
	const char *words[] = {name, a, b, c, d, NULL};
	char room[5][PATH_BYTES], *argv[6] = {0};
	int argc = 0;
	for (; words[argc]; argc++) {
		snprintf(room[argc], sizeof room[argc], "%s", words[argc]);
		argv[argc] = room[argc];
	}
	optind = 0;
	damage_clear();
	refusal_clear();
	return run(argc, argv);
}

static void must_verify(const char *folder)
{
	if (verb(verb_verify, "verify", folder, NULL, NULL, NULL) != EXIT_DONE)
		scene_wrong("%s is not sound", folder);
	damage_clear();
	report_level_set(REPORT_ERROR);
}

static struct verify counted(const char *folder)
{
	struct verify found;
	if (engine_verify(folder, &found, NULL, NULL) != 0)
		scene_wrong("the log of %s: %s", folder, found.problem);
	return found;
}

static void remove_folder(const char *path)
{
	char command[PATH_BYTES + 20];
	snprintf(command, sizeof command, "rm -rf '%s'", path);
	if (system(command) != 0)
		scene_wrong("%s cannot be removed", path);
}

/* ---- the house ---- */

static const char BATCH[] =
	"{\"batch\":["
	"{\"type\":\"identify\",\"messageId\":\"b-1\",\"userId\":\"eva\",\"anonymousId\":\"anon-eva\",\"traits\":{\"email\":\"eva.marker@example.org\",\"name\":\"Eva Marker\"}},"
	"{\"type\":\"track\",\"messageId\":\"b-2\",\"userId\":\"ben\",\"event\":\"Brand New Thing\",\"properties\":{\"amount\":50,\"note\":\"blue\"}},"
	"{\"type\":\"track\",\"messageId\":\"b-3\",\"userId\":\"ben\",\"anonymousId\":\"anon-ben\",\"event\":\"Cash Withdrawn\",\"properties\":{\"amount\":100}},"
	"{\"type\":\"page\",\"messageId\":\"b-4\",\"anonymousId\":\"anon-new\",\"name\":\"Home\"},"
	"{\"type\":\"alias\",\"messageId\":\"b-5\",\"userId\":\"eva\",\"previousId\":\"eva-before\"}]}";

static const char FIRST[] =
	"{\"batch\":["
	"{\"type\":\"identify\",\"messageId\":\"f-1\",\"userId\":\"ana\",\"anonymousId\":\"anon-ana\",\"traits\":{\"email\":\"ana.marker@example.org\",\"name\":\"Ana Marker\"}},"
	"{\"type\":\"track\",\"messageId\":\"f-2\",\"userId\":\"ana\",\"event\":\"Cash Withdrawn\",\"properties\":{\"amount\":100}},"
	"{\"type\":\"track\",\"messageId\":\"f-3\",\"userId\":\"ben\",\"event\":\"Cash Withdrawn\",\"properties\":{\"amount\":200}},"
	"{\"type\":\"page\",\"messageId\":\"f-4\",\"userId\":\"ben\",\"name\":\"Home\",\"timestamp\":\"2020-01-01T10:00:00Z\"},"
	"{\"type\":\"page\",\"messageId\":\"f-5\",\"userId\":\"ben\",\"name\":\"Cards\",\"timestamp\":\"2020-01-02T10:00:00Z\"},"
	"{\"type\":\"screen\",\"messageId\":\"f-6\",\"userId\":\"ana\",\"name\":\"Start\",\"timestamp\":\"2020-01-03T10:00:00Z\"},"
	"{\"type\":\"identify\",\"messageId\":\"f-7\",\"userId\":\"zoe\",\"traits\":{\"email\":\"zoe.marker@example.org\"}}]}";

static const char SECOND[] =
	"{\"batch\":[{\"type\":\"track\",\"messageId\":\"s-1\",\"userId\":\"ana\",\"event\":\"Bill Paid\",\"properties\":{\"amount\":10}},"
	"{\"type\":\"track\",\"messageId\":\"s-2\",\"userId\":\"dan\",\"event\":\"Order Completed\",\"properties\":{\"amount\":10}}]}";

static const char DECIDE[] = "{\"customer\":{\"identifier\":\"user:ben\"},\"surface\":\"app-home\",\"durable\":true}";

/* How long what is kept comes later than the first events, some of which are too old by then. */
static void configuration_add(bool retention)
{
	static const char *const names[] = {"purposes.yaml", "matters.yaml", "sources.yaml", "surfaces.yaml", "touchpoints.yaml", "journeys.yaml", "layers.yaml", "retention.yaml"};
	static char bytes[sizeof names / sizeof *names][FILE_BYTES_MAX];
	struct config_file files[sizeof names / sizeof *names];
	struct config_log *config_log;
	char path[4096];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/demo/harbour/%s", ATTUNE_SOURCE, names[i]);
		FILE *file = fopen(path, "rb");
		if (!file)
			scene_wrong("%s is not there", path);
		files[i] = (struct config_file){text_of(names[i]), {bytes[i], fread(bytes[i], 1, FILE_BYTES_MAX, file)}};
		fclose(file);
	}
	snprintf(path, sizeof path, "%s/configuration", data);
	struct config_version version = {.files = files, .files_n = sizeof names / sizeof *names - !retention};
	if (config_log_open(&config_log, path) != 0 || config_log_add(config_log, &version, "every") != 0)
		scene_wrong("no configuration");
	config_log_close(config_log);
}

/* Customers, one of them erased; then a second life that ended without a stop, so that the next start has something to replay. */
static void house_make(void)
{
	struct keys *keys;
	char path[100];
	if (mkdir(data, 0700) != 0)
		scene_wrong("%s cannot be made", data);
	configuration_add(false);
	if (keys_open(&keys, data) != 0 || keys_add(keys, &(struct key_made){.scope = KEY_SECRET, .source = TEXT("backend")}, told->secret_key) != 0)
		scene_wrong("no key");
	keys_close(keys);
	must_start(data);
	must_answer(HTTP_POST, "/v1/import", FIRST);
	must_answer(HTTP_POST, "/v1/decide", DECIDE);
	if (!cid_of("user:zoe", told->zoe))
		scene_wrong("zoe is not there");
	snprintf(path, sizeof path, "/v1/customers/%s", told->zoe);
	must_answer(HTTP_DELETE, path, "");
	stop();
	configuration_add(true);
	must_start(data);
	must_answer(HTTP_POST, "/v1/batch", SECOND);
	exchange_over();
	struct verify found = counted(data);
	told->events = found.events;
	told->decisions = found.decisions;
}

static void byte_flip(const char *name, long at)
{
	char path[PATH_BYTES + 40];
	snprintf(path, sizeof path, "%s/%s", data, name);
	FILE *file = fopen(path, "r+b");
	int c = file && fseek(file, at, SEEK_SET) == 0 ? fgetc(file) : EOF;
	if (c == EOF || fseek(file, at, SEEK_SET) != 0 || fputc(c ^ 0x55, file) == EOF || fclose(file) != 0)
		scene_wrong("%s cannot be damaged", path);
}

/* What repair can make again: the head of the keys, a line of the register, the inventory. */
static void house_break(void)
{
	byte_flip("sealing/slots", 0);
	byte_flip("sealing/erasures", 10);
	byte_flip("inventory", 0);
}

void scene_make(const char *kind)
{
	house_make();
	if (strcmp(kind, "kept") == 0 && (verb(verb_backup, "backup", data, backup, NULL, NULL) != EXIT_DONE ||
	                                  verb(verb_backup, "backup", data, keys_copy, "--keys", NULL) != EXIT_DONE))
		scene_wrong("no backup");
	if (strcmp(kind, "broken") == 0)
		house_break();
	_exit(0); /* The server was not stopped. */
}

/* ---- what holds whatever was done ---- */

static void erased_check(const char *folder, const char *marker)
{
	static const char *const spared[] = {"configuration/", NULL};
	struct folder_search found;
	struct text text = text_of(marker);
	if (folder_search(&found, folder, spared, &text, 1, UINT64_MAX) != 0 || !found.is_whole || found.found)
		scene_wrong("%s stands in %s of %s", marker, found.where, folder);
}

static void registers_check(void)
{
	struct erasure erasure;
	char path[100];
	snprintf(path, sizeof path, "/v1/customers/%s", told->zoe);
	if (ask(HTTP_GET, path, "")->status != 404)
		scene_wrong("who was erased is there again");
	if (erasures_count(server->erasures) == 0)
		scene_wrong("the register of erasures is empty");
	for (size_t i = 0; erasures_get(server->erasures, i, &erasure); i++)
		if (!erasure.done || erasure.certificate.n == 0)
			scene_wrong("an erasure is not finished after a start");
}

static bool is_known(const char *name)
{
	char cid[SCENE_CID_BYTES], path[100];
	if (!cid_of(name, cid))
		return false;
	snprintf(path, sizeof path, "/v1/customers/%s/timeline", cid);
	must_answer(HTTP_GET, path, "");
	return true;
}

/* Everything of before is in @folder, once, and it works. The server runs on it afterwards. */
static void sound(const char *folder, uint64_t more)
{
	if (start_mends) {
		must_start(folder);
		stop();
		start_mends = false;
	}
	must_verify(folder);
	struct verify found = counted(folder);
	if (found.events < told->events || found.events > told->events + more)
		scene_wrong("%" PRIu64 " events in %s; before the act %" PRIu64 ", and it adds %" PRIu64, found.events, folder, told->events, more);
	if (found.decisions < told->decisions || found.decisions > told->decisions + 1)
		scene_wrong("%" PRIu64 " decisions in %s; before the act %" PRIu64, found.decisions, folder, told->decisions);
	must_start(folder);
	registers_check();
	if (!is_known("user:ben") || !is_known("user:dan"))
		scene_wrong("a customer is missing in %s", folder);
	must_answer(HTTP_POST, "/v1/decide", DECIDE);
	if (dead_letters_count(server->dead_letters))
		scene_wrong("a good event was refused for good");
}

static void over(const char *folder)
{
	stop();
	erased_check(folder, "zoe.marker@example.org");
	must_verify(folder);
}

static void plain_check(void)
{
	sound(data, 0);
	if (!is_known("user:ana"))
		scene_wrong("ana is missing");
	over(data);
}

/* ---- the scenes ---- */

static void start_before(void)
{
	must_start(data);
}

static int start_act(void)
{
	int error = start(data);
	if (error)
		return said(error);
	int done = answered(ask(HTTP_POST, "/v1/decide", DECIDE));
	stop();
	return done;
}

static int collect_act(void)
{
	const struct http_exchange *x = ask(HTTP_POST, "/v1/batch", BATCH);
	struct text answer = buffer_view(&x->out);
	if (x->status == 200 && !x->out.failed && !text_equal(answer, TEXT("{\"success\":true}")))
		scene_wrong("good events are refused: %.*s", TEXT_ARGS(answer));
	return answered(x);
}

/* What was not acknowledged is sent again, as its sender would; then all of it is there once. */
static void collect_check(void)
{
	sound(data, told->added ? told->added : UINT32_MAX);
	uint64_t added = counted(data).events - told->events;
	if (told->added == 0)
		told->added = added; /* The first time nothing failed. */
	if (told->acknowledged && added != told->added)
		scene_wrong("%" PRIu64 " of %" PRIu64 " acknowledged events are there", added, told->added);
	must_answer(HTTP_POST, "/v1/batch", BATCH);
	exchange_over();
	added = counted(data).events - told->events;
	if (added != told->added)
		scene_wrong("%" PRIu64 " of %" PRIu64 " events are there after they were sent again", added, told->added);
	if (!is_known("user:eva") || !is_known("anonymous:anon-new"))
		scene_wrong("a new customer is missing");
	over(data);
}

static int decide_act(void)
{
	return answered(ask(HTTP_POST, "/v1/decide", DECIDE));
}

static void decide_check(void)
{
	struct verify found = counted(data);
	if (told->acknowledged && found.decisions != told->decisions + 1)
		scene_wrong("an acknowledged decision is not there");
	plain_check();
}

static void snapshot_before(void)
{
	must_start(data);
	must_answer(HTTP_POST, "/v1/batch", BATCH);
	exchange_over();
}

static int snapshot_act(void)
{
	return said(engine_snapshot(server->engine));
}

static void snapshot_check(void)
{
	told->acknowledged = true; /* The batch was, before the fault. */
	collect_check();
}

static char ana[SCENE_CID_BYTES];

static void erase_before(void)
{
	must_start(data);
	if (!cid_of("user:ana", ana))
		scene_wrong("ana is missing");
}

static int erase_act(void)
{
	char path[100];
	snprintf(path, sizeof path, "/v1/customers/%s", ana);
	return answered(ask(HTTP_DELETE, path, ""));
}

static void erase_check(void)
{
	char path[100];
	sound(data, 0);
	bool known = cid_of("user:ana", ana);
	if (told->acknowledged && known)
		scene_wrong("an acknowledged erasure was forgotten");
	if (known && !is_known("user:ana"))
		scene_wrong("half of ana is there");
	snprintf(path, sizeof path, "/v1/customers/%s", ana);
	if (known)
		must_answer(HTTP_DELETE, path, "");
	if (cid_of("user:ana", ana))
		scene_wrong("ana cannot be erased");
	registers_check();
	over(data);
	erased_check(data, "ana.marker@example.org");
	must_start(data);
	if (cid_of("user:ana", ana))
		scene_wrong("ana came back");
	registers_check();
	stop();
}

static int trim(void)
{
	struct trimmed trimmed = {0};
	int error;
	do
		error = engine_trim(server->engine, &trimmed);
	while (!error && trimmed.more);
	return error;
}

static int retain_act(void)
{
	return said(trim());
}

/* What was taken out stays in the log as an empty record, beside one that says so. */
static void retain_check(void)
{
	char cid[SCENE_CID_BYTES], path[100];
	start_mends = true;
	sound(data, told->events);
	int error = trim();
	if (error)
		scene_wrong("what may not be kept cannot be taken out: %s", error_name(error));
	uint64_t kept = 0;
	for (int i = 0; i < 2; i++) {
		size_t at = 0;
		if (!cid_of(i ? "user:ana" : "user:ben", cid))
			scene_wrong("a customer is missing");
		snprintf(path, sizeof path, "/v1/customers/%s/timeline", cid);
		struct text rest = buffer_view(&ask(HTTP_GET, path, "")->out);
		if (text_find(rest, TEXT("2020-01-0"), NULL))
			scene_wrong("what may not be kept is there");
		for (; text_find(rest, TEXT("\"messageId\":\""), &at); kept++)
			rest = text_from(rest, at + 1);
	}
	if (told->kept == 0)
		told->kept = kept; /* The first time nothing failed. */
	if (kept == 0 || kept != told->kept)
		scene_wrong("%" PRIu64 " events are kept, and %" PRIu64 " may be", kept, told->kept);
	over(data);
}

static int ended(int exit)
{
	return exit == EXIT_DONE ? SCENE_DONE : SCENE_FAILED;
}

static int backup_act(void)
{
	return ended(verb(verb_backup, "backup", data, backup, NULL, NULL));
}

static void restored_check(void)
{
	sound(restored, 0);
	if (!is_known("user:ana"))
		scene_wrong("ana is not in what was restored");
	over(restored);
}

static void restore_must(const char *keys)
{
	remove_folder(restored);
	if (verb(verb_restore, "restore", backup, restored, "--sealing", keys) != EXIT_DONE)
		scene_wrong("the backup cannot be restored");
}

static void backup_check(void)
{
	char sealing[PATH_BYTES + 20];
	if (!told->acknowledged)
		remove_folder(backup);
	if (!told->acknowledged && backup_act() != SCENE_DONE)
		scene_wrong("no backup can be made afterwards");
	snprintf(sealing, sizeof sealing, "%s/" ENGINE_SEALING_FOLDER, data);
	restore_must(sealing);
	restored_check();
	plain_check();
}

static int backup_keys_act(void)
{
	return ended(verb(verb_backup, "backup", data, keys_copy, "--keys", NULL));
}

static void backup_keys_check(void)
{
	if (!told->acknowledged)
		remove_folder(keys_copy);
	if (!told->acknowledged && backup_keys_act() != SCENE_DONE)
		scene_wrong("no copy of the keys can be made afterwards");
	if (backup_act() != SCENE_DONE)
		scene_wrong("no backup can be made afterwards");
	restore_must(keys_copy);
	restored_check();
}

static int restore_act(void)
{
	return ended(verb(verb_restore, "restore", backup, restored, "--sealing", keys_copy));
}

static void restore_check(void)
{
	if (!told->acknowledged)
		restore_must(keys_copy);
	restored_check();
	restore_must(keys_copy); /* The backup can be restored again. */
	must_verify(restored);
}

static int verify_act(void)
{
	return ended(verb(verb_verify, "verify", data, NULL, NULL, NULL));
}

/* Something is damaged for sure: whoever says that all is sound has not looked. */
static int verify_broken_act(void)
{
	if (verb(verb_verify, "verify", data, NULL, NULL, NULL) == EXIT_DONE)
		scene_wrong("a damaged folder is called sound");
	return SCENE_FAILED;
}

static int repair_act(void)
{
	return ended(verb(verb_repair, "repair", data, NULL, NULL, NULL));
}

static void broken_check(void)
{
	if (repair_act() != SCENE_DONE)
		scene_wrong("it cannot be repaired afterwards");
	damage_clear();
	must_verify(data);
	must_start(data);
	if (!is_known("user:ana") || !is_known("user:ben") || !is_known("user:dan"))
		scene_wrong("a customer is missing after the repair");
	stop();
	must_verify(data);
}

const struct scene scenes[] = {
	{"start", "plain", NULL, start_act, stop, plain_check, false},
	{"collect", "plain", start_before, collect_act, stop, collect_check, false},
	{"decide", "plain", start_before, decide_act, stop, decide_check, false},
	{"snapshot", "plain", snapshot_before, snapshot_act, stop, snapshot_check, false},
	{"erase", "plain", erase_before, erase_act, stop, erase_check, false},
	{"retain", "plain", start_before, retain_act, stop, retain_check, false},
	{"backup", "plain", NULL, backup_act, NULL, backup_check, false},
	{"backup-keys", "plain", NULL, backup_keys_act, NULL, backup_keys_check, false},
	{"restore", "kept", NULL, restore_act, NULL, restore_check, false},
	{"verify", "plain", NULL, verify_act, NULL, plain_check, true},
	{"verify-broken", "broken", NULL, verify_broken_act, NULL, broken_check, false},
	{"repair", "broken", NULL, repair_act, NULL, broken_check, false},
	{0},
};
