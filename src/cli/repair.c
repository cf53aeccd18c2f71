/* repair.c: attune repair: makes again what can be made again, and says what cannot. */
#include "cli/folder_check.h"
#include "cli/verb.h"

#include "base/checked_file.h"
#include "base/damage.h"
#include "base/folder_lock.h"
#include "base/inventory.h"
#include "base/refusal.h"
#include "base/report.h"
#include "engine/engine.h"
#include "engine/give_up.h"
#include "engine/keyring_check.h"
#include "engine/verify_derived.h"
#include "serve/dead_letters.h"
#include "trust/erasures.h"

#include <getopt.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

struct repaired {
	bool keys;
	uint64_t register_lines;
	size_t letters;
	struct log_repaired log;
};

static int usage(FILE *out)
{
	fputs("usage: attune repair DIR [--drop-damaged-log] [--json]\n\nMakes again what is damaged in the data folder DIR and follows from something else: the heads of the keys, the\n"
	      "inventory; takes lines that cannot be read out of the register of erasures and the refused events (a copy stays\n"
	      "beside them); puts a damaged snapshot aside, which the next start makes again from the log, as it does rows and\n"
	      "hashes. Keys that were cut off are given up. Then says what is still damaged. No server may run on DIR.\n\n"
	      "The log is not touched, unless --drop-damaged-log is given: then what is damaged in it is given up for good\n"
	      "(copied to files damaged-OFFSET beside it). Restore a backup instead, if there is one.\n", out);
	return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

static int keys_repair(const char *folder, bool *changed)
{
	char path[4200];
	uint8_t key[KEYRING_KEY_BYTES];
	struct buffer content = BUFFER_INIT(CHECKED_BYTES_MAX);
	const char *given = getenv("ATTUNE_NODE_KEY");
	size_t n = 0;
	int error = 0;
	if (given && (sodium_hex2bin(key, sizeof key, given, strlen(given), NULL, &n, NULL) != 0 || n != sizeof key))
		return refuse(ERROR_INVALID, "ATTUNE_NODE_KEY must be 64 hex digits.");
	if (!given)
		error = checked_read(folder, ENGINE_SEALING_FOLDER "/node-key", &content);
	if (!given && !error && content.n == sizeof key)
		memcpy(key, content.p, sizeof key);
	buffer_free(&content);
	if (error == ERROR_NOT_FOUND || error == ERROR_CORRUPT)
		return 0; /* The check says so. */
	snprintf(path, sizeof path, "%.4000s/" ENGINE_SEALING_FOLDER, folder);
	if (!error)
		error = keyring_repair(path, key, changed);
	return error == ERROR_NOT_FOUND ? 0 : error;
}

static bool nobody(void *arg, struct identifier named)
{
	(void)arg;
	(void)named;
	return false;
}

static int registers_repair(const char *folder, struct repaired *out)
{
	struct erasures *erasures;
	struct dead_letters *letters;
	size_t n;
	int error = erasures_open(&erasures, folder, clock_now_ms());
	if (!error) {
		error = erasures_repair(erasures, &out->register_lines);
		erasures_close(erasures);
	}
	if (error == ERROR_CORRUPT)
		error = 0; /* It is missing: the check says so. */
	if (error)
		return error;
	error = dead_letters_open(&letters, folder);
	if (error)
		return error;
	error = dead_letters_forget(letters, nobody, NULL, &n); /* Takes out what cannot be read. */
	dead_letters_close(letters);
	return error;
}

static int repair(const char *folder, bool drop, struct repaired *out)
{
	int error = keys_repair(folder, &out->keys);
	if (!error)
		error = registers_repair(folder, out);
	if (!error && drop)
		error = engine_give_up(folder, &out->log);
	if (!error)
		error = engine_verify_derived(folder, true);
	return error ? error : inventory_settle(folder, false);
}

static int failed(const char *folder, int error)
{
	char why[2 * REFUSAL_BYTES];
	fprintf(stderr, "attune repair: %s: %s\n", folder, refusal_sentence(error, why));
	return EXIT_FAILED;
}

/* What is damaged still is the answer of the exit status; what the next start makes again is not. */
static int show(const char *folder, const struct repaired *done, const struct folder_found *found, bool json)
{
	struct damage list[DAMAGE_MAX];
	size_t n = damage_list(list, DAMAGE_MAX), left = found->log_error ? 1 : 0;
	for (size_t i = 0; i < n; i++)
		left += list[i].effect != DAMAGE_REBUILT;
	if (json)
		printf("{\"repaired\":true,\"keys\":%s,\"register_lines\":%" PRIu64 ",\"log_bytes\":%" PRIu64 ",\"sound\":%s", done->keys ? "true" : "false", done->register_lines,
		       done->log.bytes, left ? "false" : "true");
	folder_damage_print("repair", json);
	if (json)
		puts("}");
	else
		printf("%s: %s%s%s.\n", folder, done->keys ? "the heads of the keys were made again; " : "", done->register_lines ? "lines were taken out of the register of erasures; " : "",
		       left ? "something is still damaged" : n ? "the next start makes the rest again" : "nothing is damaged any more");
	return left ? EXIT_FAILED : EXIT_DONE;
}

int verb_repair(int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {"drop-damaged-log", no_argument, NULL, 'd'}, {0}};
	struct repaired done = {0};
	struct folder_found found;
	bool json = false, drop = false;
	int lock;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option != 'j' && option != 'd')
			return usage(option == 'h' ? stdout : stderr);
		json |= option == 'j';
		drop |= option == 'd';
	}
	if (optind + 1 != argc)
		return usage(stderr);
	const char *folder = argv[optind];
	report_level_set((enum report_level)(REPORT_ERROR + 1)); /* The list is printed in the end. */
	int error = sodium_init() < 0 ? ERROR_IO : folder_lock(&lock, folder);
	if (error)
		return failed(folder, error);
	error = repair(folder, drop, &done);
	damage_clear();
	if (!error)
		error = folder_check(folder, true, &found);
	folder_unlock(lock);
	return error ? failed(folder, error) : show(folder, &done, &found, json);
}
