/* backup.c: attune backup and attune restore: a data folder copied, and brought back. */
#include "cli/verb.h"

#include "base/checked_file.h"
#include "base/clock.h"
#include "base/folder.h"
#include "base/inventory.h"
#include "base/memory.h"
#include "base/refusal.h"
#include "engine/backup.h"
#include "engine/engine.h"
#include "engine/keyring_check.h"
#include "engine/verify.h"
#include "serve/erasure.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char WHOLE[] = "backup.json"; /* Written last: a backup without it is not whole. */

static const char TAKEN[] = "taken";      /* In a copy of the keys: when it was made, in ms since 1970. */

struct call {
	const char *verb, *from, *to;
	const char *sealing; /* Of restore: where the keys come from. */
	bool json, keys;     /* keys: of backup: only them. */
};

static int usage(FILE *out, const char *verb)
{
	if (strcmp(verb, "backup") == 0)
		fputs("usage: attune backup DIR TO [--keys] [--json]\n\nCopies the data folder DIR to the new folder TO, with or without a server running on it, and\n"
		      "checks the whole log on the way. Finished files of the log are hard links when TO is on the same disk.\n"
		      "The copy holds all secrets but the keys that customers' records are sealed with; those are copied with\n"
		      "--keys, to a place of their own. Copies of the keys that are older than 7 days are not taken back:\n"
		      "make them often, and throw the old ones away, or what was erased could come back.\n", out);
	else
		fputs("usage: attune restore BACKUP DIR --sealing KEYS [--json]\n\nBrings BACKUP (made by attune backup) back as the new data folder DIR and checks it. KEYS is the folder\n"
		      "\"sealing\" of the data folder that is or was in use, or a copy made with attune backup --keys. Who was\n"
		      "erased since the backup is erased again when the server starts, before it serves anybody.\n", out);
	return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

static int call_read(struct call *call, int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {"keys", no_argument, NULL, 'k'},
	                                        {"sealing", required_argument, NULL, 's'}, {0}};
	*call = (struct call){.verb = argv[0]};
	const bool is_backup = strcmp(argv[0], "backup") == 0;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == 'h') {
			usage(stdout, argv[0]);
			exit(EXIT_DONE);
		}
		if (option == 'j')
			call->json = true;
		else if (option == 'k' && is_backup)
			call->keys = true;
		else if (option == 's' && !is_backup)
			call->sealing = optarg;
		else
			return usage(stderr, argv[0]);
	}
	if (optind + 2 != argc)
		return usage(stderr, argv[0]);
	call->from = argv[optind];
	call->to = argv[optind + 1];
	return EXIT_DONE;
}

static int failed(const struct call *call, int error)
{
	char why[2 * REFUSAL_BYTES];
	fprintf(stderr, "attune %s: %s to %s: %s\n", call->verb, call->from, call->to,
	        error == ERROR_NOT_FOUND ? "there is no data folder" : refusal_sentence(error, why));
	return EXIT_FAILED;
}

static int whole_write(const struct call *call, const struct backup *backup)
{
	char path[4200], now[CLOCK_TEXT_BYTES];
	clock_format(now, clock_now_ms());
	snprintf(path, sizeof path, "%s/%s", call->to, WHOLE);
	struct buffer text = BUFFER_INIT(1000);
	buffer_format(&text, "{\"taken\":\"%s\",\"segments\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"last\":\"%" PRIx64 "\"}\n", now, backup->segments,
	              backup->bytes, backup->last);
	int error = text.failed ? ERROR_MEMORY : file_replace(path, buffer_view(&text));
	buffer_free(&text);
	return error;
}

static int keys_copy(const struct call *call)
{
	char now[32];
	int error = engine_backup_sealing(call->from, call->to);
	if (error)
		return failed(call, error);
	int n = snprintf(now, sizeof now, "%" PRId64, clock_now_ms());
	error = checked_write(call->to, TAKEN, (struct text){now, (size_t)n});
	if (error)
		return failed(call, error);
	if (call->json)
		printf("{\"keys\":true}\n");
	else
		printf("%s has the keys of %s. It is taken back for 7 days; then throw it away.\n", call->to, call->from);
	return EXIT_DONE;
}

int verb_backup(int argc, char **argv)
{
	struct call call;
	struct backup backup;
	int exit = call_read(&call, argc, argv);
	if (exit != EXIT_DONE)
		return exit;
	if (call.keys)
		return keys_copy(&call);
	if (setpriority(PRIO_PROCESS, 0, 10) != 0) /* The server beside it comes first. */
		fprintf(stderr, "attune backup: its priority could not be lowered: %s\n", strerror(errno));
	int error = engine_backup(&backup, call.from, call.to);
	if (!error)
		error = whole_write(&call, &backup);
	if (error)
		return failed(&call, error);
	if (call.json)
		printf("{\"backup\":true,\"segments\":%" PRIu64 ",\"linked\":%" PRIu64 ",\"bytes\":%" PRIu64 "}\n", backup.segments, backup.linked, backup.bytes);
	else
		printf("%s is a whole copy of %s: %" PRIu64 " bytes of log in %" PRIu64 " files, %" PRIu64 " of them links.\n", call.to, call.from,
		       backup.bytes, backup.segments, backup.linked);
	return EXIT_DONE;
}

/* The number in the file of a copy of the keys, with a check behind it, or alone as a person writes it. */
static bool taken_read(const char *folder, int64_t *taken_ms)
{
	struct buffer content = BUFFER_INIT(CHECKED_BYTES_MAX);
	char path[4200], line[64] = {0};
	if (checked_read(folder, TAKEN, &content) == 0)
		snprintf(line, sizeof line, "%.*s", TEXT_ARGS(text_first(buffer_view(&content), sizeof line - 1)));
	buffer_free(&content);
	snprintf(path, sizeof path, "%.4000s/%s", folder, TAKEN);
	FILE *file = *line ? NULL : fopen(path, "re");
	if (file) {
		size_t n = fread(line, 1, sizeof line - 1, file);
		fclose(file);
		line[n] = 0;
	}
	return text_to_int64(text_trim(text_of(line)), taken_ms) == 0 && *taken_ms <= clock_now_ms() + MS_A_DAY;
}

/* A copy of the keys says when it was made; the folder that is in use does not. */
static bool keys_are_old(const struct call *call)
{
	int64_t taken_ms = 0;
	if (!inventory_is_there(call->sealing, TAKEN))
		return false;
	return !taken_read(call->sealing, &taken_ms) || clock_now_ms() - taken_ms > (int64_t)ERASURE_COPY_DAYS * MS_A_DAY;
}

static int keys_restore(const struct call *call)
{
	char path[4200];
	snprintf(path, sizeof path, "%s/" ENGINE_SEALING_FOLDER, call->to);
	int error = engine_backup_sealing(call->sealing, path);
	snprintf(path, sizeof path, "%s/" ENGINE_SEALING_FOLDER "/%s", call->to, TAKEN);
	return error ? error : unlink(path) == 0 || errno == ENOENT ? 0 : ERROR_IO;
}

/* What the log holds that is sealed: how many records, and of which histories. */
struct sealed {
	uint64_t records;
	uint8_t *numbers;    /* A bit a number. */
	size_t capacity;
};

static int sealed_count(void *arg, const struct event *event)
{
	struct sealed *sealed = arg;
	size_t byte = event->header.origin_number / 8, before = sealed->capacity;
	if (event->header.key_version == 0)
		return 0;
	if (memory_grow(&sealed->numbers, &sealed->capacity, byte + 1, 1) != 0)
		return ERROR_MEMORY;
	memset(sealed->numbers + before, 0, sealed->capacity - before);
	sealed->numbers[byte] |= (uint8_t)(1 << event->header.origin_number % 8);
	sealed->records++;
	return 0;
}

static bool is_sealed(const struct sealed *sealed, uint32_t number)
{
	return number / 8 < sealed->capacity && sealed->numbers[number / 8] & 1 << number % 8;
}

/* How the keys fit the data. */
struct fit {
	const struct sealed *sealed;
	uint32_t damaged, younger; /* Histories in use whose key is damaged; whose key the copy does not have. */
};

static void slot_take(void *arg, uint32_t number, enum keyring_slot what)
{
	struct fit *fit = arg;
	if (!is_sealed(fit->sealed, number))
		return;
	fit->damaged += what == KEYRING_SLOT_DAMAGED;
	fit->younger += what == KEYRING_SLOT_LOST;
}

static int keys_refuse(const struct call *call, const char *why)
{
	return refuse(ERROR_CONFLICT, "The keys in %s %s.", call->sealing, why);
}

/* The node's key of the keys in @folder, or of the environment. */
static int node_key_find(const struct call *call, uint8_t key[KEYRING_KEY_BYTES])
{
	struct buffer content = BUFFER_INIT(CHECKED_BYTES_MAX);
	int error = keyring_node_key(key);
	if (error != ERROR_NOT_FOUND)
		return error;
	error = checked_read(call->to, ENGINE_SEALING_FOLDER "/node-key", &content);
	if (!error && content.n == KEYRING_KEY_BYTES)
		memcpy(key, content.p, KEYRING_KEY_BYTES);
	else if (error != ERROR_IO && error != ERROR_MEMORY)
		error = keys_refuse(call, error == ERROR_NOT_FOUND ? "have no node-key: give it in ATTUNE_NODE_KEY" : "have a damaged node-key: use another copy");
	buffer_free(&content);
	return error;
}

/* Will a server start with these keys, and on what? Said now, and not by the start. */
static int keys_fit(const struct call *call, struct fit *fit)
{
	char path[4200];
	uint8_t node_key[KEYRING_KEY_BYTES];
	struct keyring_found found;
	snprintf(path, sizeof path, "%s/" ENGINE_SEALING_FOLDER, call->to);
	int error = sodium_init() < 0 ? ERROR_IO : node_key_find(call, node_key);
	if (!error)
		error = keyring_check(path, node_key, &found, slot_take, fit);
	sodium_memzero(node_key, sizeof node_key);
	if (error)
		return error;
	if (!found.node_fits)
		return keys_refuse(call, "were made with another node key: give that one in ATTUNE_NODE_KEY or put its file there");
	if (!found.head_is_sound && !found.copy_is_sound)
		return keys_refuse(call, "are damaged, their head and its copy: use another copy");
	if (found.bytes < ((uint64_t)found.made + 1) * 64)
		return keys_refuse(call, "were cut off: use another copy");
	for (size_t number = (size_t)found.made + 1; number < 8 * fit->sealed->capacity; number++)
		fit->younger += is_sealed(fit->sealed, (uint32_t)number);
	if (!inventory_is_there(call->to, ENGINE_SEALING_FOLDER "/erasures"))
		return keys_refuse(call, "have no register of erasures (the file erasures): use a whole copy");
	return 0;
}

static void fit_show(const struct call *call, const struct fit *fit)
{
	if (fit->younger)
		fprintf(stderr, "attune restore: %" PRIu32 " histories are younger than the keys in %s: what is kept about them cannot be read. All others are whole.\n",
		        fit->younger, call->sealing);
	if (fit->damaged)
		fprintf(stderr, "attune restore: the keys of %" PRIu32 " histories in %s are damaged: what is kept about them cannot be read. All others are whole.\n",
		        fit->damaged, call->sealing);
}

/* The log must be whole, or the copy is no use. */
static int data_check(const struct call *call, const struct backup *backup, struct verify *found, struct sealed *sealed)
{
	*found = (struct verify){0};
	return backup->segments ? engine_verify(call->to, found, sealed_count, sealed) : 0;
}

int verb_restore(int argc, char **argv)
{
	struct call call;
	struct backup backup;
	struct verify found;
	struct stat status;
	char path[4200];
	int exit = call_read(&call, argc, argv);
	if (exit != EXIT_DONE)
		return exit;
	snprintf(path, sizeof path, "%s/%s", call.from, WHOLE);
	if (stat(path, &status) != 0) {
		fprintf(stderr, "attune restore: %s is not a whole backup: it has no %s\n", call.from, WHOLE);
		return EXIT_FAILED;
	}
	if (call.sealing && keys_are_old(&call)) {
		fprintf(stderr, "attune restore: the keys in %s are older than %d days: what was erased since could come back; use newer ones\n", call.sealing,
		        ERASURE_COPY_DAYS);
		return EXIT_FAILED;
	}
	struct sealed sealed = {0};
	struct fit fit = {.sealed = &sealed};
	int error = engine_backup(&backup, call.from, call.to);
	snprintf(path, sizeof path, "%s/%s", call.to, WHOLE);
	if (!error && unlink(path) != 0)
		error = ERROR_IO;
	if (!error)
		error = data_check(&call, &backup, &found, &sealed);
	if (!error && call.sealing)
		error = keys_restore(&call);
	if (!error && call.sealing)
		error = keys_fit(&call, &fit);
	memory_free(sealed.numbers);
	if (error)
		return failed(&call, error);
	if (sealed.records && !call.sealing) {
		fprintf(stderr, "attune restore: %s is there, but %" PRIu64 " of its records are sealed and their keys are not: copy the folder\n"
		        "\"sealing\" of the data folder that was in use to %s/" ENGINE_SEALING_FOLDER " before you start a server, or restore again with --sealing\n",
		        call.to, sealed.records, call.to);
		return EXIT_FAILED;
	}
	fit_show(&call, &fit);
	if (call.json)
		printf("{\"restored\":true,\"records\":%" PRIu64 ",\"events\":%" PRIu64 ",\"unreadable_histories\":%" PRIu32 "}\n", found.records, found.events,
		       fit.younger + fit.damaged);
	else
		printf("%s is restored%s: %" PRIu64 " records, %" PRIu64 " events. Next: attune serve %s\n", call.to, fit.younger || fit.damaged ? "" : " and sound", found.records, found.events,
		       call.to);
	return EXIT_DONE;
}
