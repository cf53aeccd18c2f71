/* folder_check.c: one piece after another. */
#include "cli/folder_check.h"

#include "base/checked_file.h"
#include "base/damage.h"
#include "base/folder_lock.h"
#include "base/inventory.h"
#include "base/json.h"
#include "base/kept_file.h"
#include "engine/keyring_check.h"
#include "engine/verify_derived.h"
#include "log/log.h"
#include "serve/dead_letters.h"
#include "trust/audit.h"
#include "trust/erasures.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct kept_file smalls[] = {
	{"directory-key", "no customer is found by an identifier", "a backup"},
	{"signing-secret", "no customer token can be checked", "a backup"},
	{"certificate-key", "certificates of erasures cannot be signed", "a backup"},
	{"audit-key", "entries of the audit log cannot say about whom they are", "a backup"},
	{"keys", "no program may call", "a backup"},
	{"staff", "nobody of staff can sign in", "a backup"},
	{"sealing/node-key", "no key of a customer can be made, for all need the node key", "a copy of the keys"},
};

/* Is @name missed in @folder when it is not there? In a backup the keys and their register are not: they are copied apart. */
static bool is_missed(const char *folder, const char *name)
{
	return inventory_has(folder, name) && !(strncmp(name, "sealing/", 8) == 0 && inventory_is_there(folder, "backup.json"));
}

static int smalls_check(const char *folder)
{
	int error = 0;
	for (size_t i = 0; i < sizeof smalls / sizeof *smalls && !error; i++) {
		struct buffer content = BUFFER_INIT(CHECKED_BYTES_MAX);
		error = checked_read(folder, smalls[i].name, &content);
		if (error == ERROR_CORRUPT || (error == ERROR_NOT_FOUND && is_missed(folder, smalls[i].name)))
			(void)kept_file_refuse(&smalls[i], error == ERROR_CORRUPT ? "damaged" : "missing");
		error = error == ERROR_CORRUPT || error == ERROR_NOT_FOUND ? 0 : error;
		if (content.p)
			memset(content.p, 0, content.n);
		buffer_free(&content);
	}
	return error;
}

static void slot_say(void *arg, uint32_t number, enum keyring_slot what)
{
	(void)arg;
	if (what == KEYRING_SLOT_DAMAGED)
		damage_found("sealing/slots", (uint64_t)number * 64, DAMAGE_LOST, "Put a copy of the keys back over the folder sealing, or erase the customer.",
		             "The key of history %" PRIu32 " is damaged: what was sealed with it cannot be read. If nobody uses it yet, a start makes it again.", number);
}

static int slots_check(const char *folder)
{
	static const struct kept_file slots = {"sealing/slots", "nothing that is kept about customers can be opened", "a copy of the keys"};
	struct keyring_found found;
	char path[4200];
	snprintf(path, sizeof path, "%.4000s/sealing", folder);
	int error = keyring_check(path, NULL, &found, slot_say, NULL);
	if (error == ERROR_NOT_FOUND) {
		if (is_missed(folder, slots.name))
			(void)kept_file_refuse(&slots, "missing");
		return 0;
	}
	if (error)
		return error;
	if (!found.head_is_sound || !found.copy_is_sound)
		damage_found(found.head_is_sound ? "sealing/slots-head" : "sealing/slots", 0, found.head_is_sound || found.copy_is_sound ? DAMAGE_REBUILT : DAMAGE_REFUSED,
		             "Run `attune repair DIR`, which makes it again.", "%s of the keys %s damaged.",
		             found.head_is_sound ? "The copy of the head" : found.copy_is_sound ? "The head" : "The head and its copy", found.head_is_sound || found.copy_is_sound ? "is" : "are");
	if (found.lost)
		damage_found("sealing/slots", 64, DAMAGE_LOST, "If there is a newer copy of the keys, restore again with it; else erase these customers.",
		             "%" PRIu32 " keys are younger than the copy of the keys that was brought back: what they sealed cannot be read.", found.lost);
	return 0;
}

static int entry_pass(void *arg, uint64_t position, struct text entry)
{
	(void)arg;
	(void)position;
	(void)entry;
	return 0;
}

/* Damage in it is entered by the log itself. */
static int configuration_check(const char *folder)
{
	char path[4200];
	struct log *log;
	snprintf(path, sizeof path, "%.4000s/configuration", folder);
	struct log_options options = {.folder = path, .read_only = true};
	int error = log_open(&log, &options, 0);
	if (error)
		return error == ERROR_CORRUPT || error == ERROR_NOT_FOUND ? 0 : error;
	error = log_replay(log, 0, entry_pass, NULL);
	if (error == ERROR_CORRUPT && damage_count() == 0)
		damage_found("configuration", 0, DAMAGE_REFUSED, "Restore a backup.", "An entry of the configuration cannot be read.");
	log_close(log);
	return error == ERROR_CORRUPT ? 0 : error;
}

static int audit_check(const char *folder)
{
	struct audit_verified found = {0};
	int error = audit_verify(&found, folder, NULL);
	if (error == ERROR_CORRUPT)
		damage_found("audit", 0, DAMAGE_LOST, "`attune verify --audit DIR` says more. Put the file back from a backup, if it is evidence.", "%s", found.problem);
	return error == ERROR_CORRUPT || error == ERROR_NOT_FOUND ? 0 : error;
}

int folder_check(const char *folder, bool alone, struct folder_found *out)
{
	int lock = -1;
	*out = (struct folder_found){0};
	int error = inventory_check(folder);
	if (!error)
		error = smalls_check(folder);
	if (!error)
		error = slots_check(folder);
	if (!error)
		error = inventory_is_there(folder, "sealing/erasures") || is_missed(folder, "sealing/erasures") ? erasures_check(folder) : 0;
	if (!error)
		error = dead_letters_check(folder);
	if (!error)
		error = audit_check(folder);
	if (!error)
		error = configuration_check(folder);
	if (error)
		return error;
	out->log_error = engine_verify(folder, &out->log, NULL, NULL);
	if (!alone && inventory_is_there(folder, FOLDER_LOCK_FILE))
		error = folder_lock(&lock, folder);
	out->is_running = error == ERROR_BUSY;
	if (error && !out->is_running && access(folder, W_OK) == 0) /* Else nobody can lock it, nor write to it. */
		return error;
	error = out->is_running ? 0 : engine_verify_derived(folder, false);
	folder_unlock(lock);
	return error;
}

void folder_damage_print(const char *verb, bool json)
{
	static struct damage list[DAMAGE_MAX];
	struct buffer text = BUFFER_INIT(1 << 20);
	struct json_writer out = JSON_WRITER(&text);
	size_t n = damage_list(list, DAMAGE_MAX);
	if (json)
		json_array_begin(&out);
	for (size_t i = 0; i < n; i++) {
		if (!json) {
			fprintf(stderr, "attune %s: %s at byte %" PRIu64 ": %s %s\n", verb, list[i].file, list[i].offset, list[i].what, list[i].remedy);
			continue;
		}
		json_object_begin(&out);
		json_put_text(&out, "file", text_of(list[i].file));
		json_put_int(&out, "offset", (int64_t)list[i].offset);
		json_put_text(&out, "effect", text_of(damage_effect_name(list[i].effect)));
		json_put_text(&out, "what", text_of(list[i].what));
		json_put_text(&out, "remedy", text_of(list[i].remedy));
		json_object_end(&out);
	}
	if (json)
		json_array_end(&out);
	if (json && text.failed)
		printf(",\"damaged\":null");
	else if (json)
		printf(",\"damaged\":%.*s", TEXT_ARGS(buffer_view(&text)));
	buffer_free(&text);
}
