/* renew.c: one table of what can be given up, and what that costs. */
#include "cli/renew.h"

#include "cli/verb.h"

#include "base/folder.h"
#include "base/folder_lock.h"
#include "base/inventory.h"
#include "base/json.h"
#include "base/refusal.h"
#include "serve/keys.h"
#include "serve/staff.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

struct renewable {
	const char *name;
	const char *with[4]; /* Derived or belonging files that go with it. */
	const char *costs;
};

static const struct renewable renewables[] = {
	{"directory-key", {"lookup"},
	 "Everything is read again from the log. For 30 days after an erasure, late events about that customer are no longer kept out."},
	{"signing-secret", {0}, "Every customer token that is in use ends; your backend must sign with the new secret."},
	{"certificate-key", {0}, "Certificates and copies that were signed before can only be checked with the old public key: keep its PEM file."},
	{"audit-key", {0}, "Entries before and after name the same customer by different hashes: /v1/audit finds only the newer ones."},
	{"tokens-ended", {0}, "Customer tokens that had been ended let in again until they expire, within a day; renew signing-secret as well to end all of them."},
	{"keys", {0}, "Every write key and secret key ends. New ones are shown now and never again."},
	{"staff", {0}, "Every account of staff ends. An invitation for a first account is shown now."},
	{"sealing/erasures", {"sealing/erasures-head"},
	 "All certificates of erasures are gone. Who was erased stays erased here, but data from an older backup would bring them back."},
	{"sealing/slots", {"sealing/slots-head", "lookup"},
	 "Everything sealed about every customer becomes unreadable for ever: each answers \"damaged\" and can only be erased."},
	{"sealing/node-key", {"sealing/slots", "sealing/slots-head", "lookup"},
	 "Everything sealed about every customer becomes unreadable for ever: each answers \"damaged\" and can only be erased."},
};
enum { RENEWABLES_N = sizeof renewables / sizeof *renewables };

void renew_usage(void)
{
	for (size_t i = 0; i < RENEWABLES_N; i++)
		printf("  %-18s %s\n", renewables[i].name, renewables[i].costs);
}

static int aside(const char *folder, const char *name)
{
	char path[4200], to[FILE_ASIDE_BYTES];
	snprintf(path, sizeof path, "%.3900s/%.200s", folder, name);
	int error = file_set_aside(path, to);
	return error == ERROR_NOT_FOUND ? 0 : error;
}

/* What is shown once. */
struct shown {
	char write_key[KEY_TEXT_BYTES], secret_key[KEY_TEXT_BYTES], invitation[STAFF_TOKEN_BYTES];
};

static int keys_make(const char *folder, bool add, struct shown *shown)
{
	struct keys *keys;
	int error = keys_open(&keys, folder);
	if (error)
		return error;
	if (add)
		error = keys_add(keys, &(struct key_made){.scope = KEY_WRITE, .source = TEXT("web")}, shown->write_key);
	if (!error && add)
		error = keys_add(keys, &(struct key_made){.scope = KEY_SECRET, .source = TEXT("backend")}, shown->secret_key);
	keys_close(keys);
	return error;
}

static int staff_make(const char *folder, struct shown *shown)
{
	struct staff *staff;
	int error = staff_open(&staff, folder);
	if (error)
		return error;
	error = staff_invite(staff, TEXT(""), ROLE_ADMIN, shown->invitation);
	staff_close(staff);
	return error;
}

static int renew_one(const char *folder, const struct renewable *item, struct shown *shown)
{
	int error = inventory_settle(folder, true);
	if (!error)
		error = aside(folder, item->name);
	for (size_t i = 0; i < sizeof item->with / sizeof *item->with && item->with[i] && !error; i++) {
		error = aside(folder, item->with[i]);
		if (!error)
			error = inventory_remove(folder, item->with[i]);
	}
	if (!error)
		error = inventory_remove(folder, item->name);
	if (!error && strcmp(item->name, "keys") == 0)
		error = keys_make(folder, true, shown);
	else if (!error && strcmp(item->name, "signing-secret") == 0)
		error = keys_make(folder, false, shown);
	else if (!error && strcmp(item->name, "staff") == 0)
		error = staff_make(folder, shown);
	return error; /* The others are made by the next start. */
}

static void shown_write(const struct renewable *item, const struct shown *shown, bool json)
{
	struct buffer out = BUFFER_INIT(8192);
	struct json_writer writer = JSON_WRITER(&out);
	json_object_begin(&writer);
	json_put_text(&writer, "renewed", text_of(item->name));
	json_put_text(&writer, "costs", text_of(item->costs));
	if (*shown->write_key) {
		json_put_text(&writer, "write_key", text_of(shown->write_key));
		json_put_text(&writer, "secret_key", text_of(shown->secret_key));
	}
	if (*shown->invitation)
		json_put_text(&writer, "setup_token", text_of(shown->invitation));
	json_object_end(&writer);
	if (json)
		printf("%.*s\n", TEXT_ARGS(buffer_view(&out)));
	else
		printf("Renewed %s. %s\n", item->name, item->costs);
	if (!json && *shown->write_key)
		printf("\n  write key    %s\n  secret key   %s\n", shown->write_key, shown->secret_key);
	if (!json && *shown->invitation)
		printf("\n  invitation   %s\n", shown->invitation);
	buffer_free(&out);
}

int renew(const char *folder, const char *name, bool json)
{
	char why[2 * REFUSAL_BYTES];
	const struct renewable *item = NULL;
	struct shown shown = {0};
	int lock = -1;
	for (size_t i = 0; i < RENEWABLES_N; i++)
		if (strcmp(renewables[i].name, name) == 0)
			item = &renewables[i];
	if (!item) {
		fprintf(stderr, "attune init: \"%s\" cannot be renewed; `attune init --help` lists what can\n", name);
		return EXIT_USAGE;
	}
	if (!inventory_is_there(folder, INVENTORY_FILE) && !inventory_is_there(folder, "log")) {
		fprintf(stderr, "attune init: %s is no data folder\n", folder);
		return EXIT_FAILED;
	}
	int error = sodium_init() < 0 ? ERROR_IO : folder_lock(&lock, folder);
	if (!error)
		error = renew_one(folder, item, &shown);
	folder_unlock(lock);
	if (error) {
		fprintf(stderr, "attune init: %s: %s\n", folder, refusal_sentence(error, why));
		return EXIT_FAILED;
	}
	shown_write(item, &shown, json);
	return EXIT_DONE;
}
