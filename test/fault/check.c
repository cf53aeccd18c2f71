/* check.c: see check.h. */
#include "check.h"

#include "house.h"

#include "engine/seal.h"
#include "engine/verify.h"
#include "identify/resolve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IDS_MAX = 4 * 1024 * 1024 };

struct reading {
	struct keyring *keyring;
	struct witness witness;
	uint8_t *times; /* By id: how often it is there. */
	struct text names[DICTIONARY_NAMES_MAX + 1];
	char room[DICTIONARY_NAMES_MAX + 1][64];
	uint32_t names_n;
};

static int each(void *arg, const struct event *event)
{
	struct reading *reading = arg;
	int64_t id;
	if (event->header.kind == EVENT_NAME) {
		struct text name = value_text(value_get(event->payload, TEXT("name")));
		if (++reading->names_n > DICTIONARY_NAMES_MAX || name.n > sizeof reading->room[0])
			abort();
		memcpy(reading->room[reading->names_n], name.p, name.n);
		reading->names[reading->names_n] = (struct text){reading->room[reading->names_n], name.n};
		return 0;
	}
	static uint8_t room[EVENT_BYTES_MAX];
	struct event named = *event;
	if (event->header.key_version) {
		struct text header = {(const char *)&event->header, sizeof event->header};
		int error = seal_open(reading->keyring, event->header.origin_number, event->header.key_version, header, event->sealed, room);
		if (error)
			return error;
		named.payload = (struct value){room, event->header.sealed_length};
	}
	event = &named;
	if (value_int(value_get(event->payload, TEXT("n")), &id) && id >= 0 && id < IDS_MAX)
		reading->times[id]++;
	named.name = reading->names[event->header.name];
	witness_note(&reading->witness, &named);
	return 0;
}

static bool log_is_sound(const char *folder, const uint64_t *acknowledged, size_t n, struct reading *reading)
{
	struct verify verify;
	char sealing[4200];
	snprintf(sealing, sizeof sealing, "%s/" ENGINE_SEALING_FOLDER, folder);
	int error = keyring_open(&reading->keyring, sealing, house_node_key);
	if (error) {
		fprintf(stderr, "keys: %s\n", error_name(error));
		return false;
	}
	error = engine_verify(folder, &verify, each, reading);
	keyring_close(reading->keyring);
	if (error) {
		fprintf(stderr, "verify: %s: %s\n", error_name(error), verify.problem);
		return false;
	}
	for (size_t i = 0; i < n; i++)
		if (reading->times[acknowledged[i]] != 1) {
			fprintf(stderr, "event %llu was acknowledged and is there %u times\n", (unsigned long long)acknowledged[i],
			        reading->times[acknowledged[i]]);
			return false;
		}
	for (size_t id = 0; id < IDS_MAX; id++)
		if (reading->times[id] > 1) {
			fprintf(stderr, "event %zu is there %u times\n", id, reading->times[id]);
			return false;
		}
	return true;
}

static bool takes_another(struct engine *engine)
{
	static const char empty[] = {VALUE_OBJECT, 0, 0, 0, 0};
	struct resolve_request request = {.header = {.time_ms = 1, .received_ms = 1, .purposes = 1}, .n = 1,
	                                  .identifiers = {{IDENTIFIER_EMAIL, TEXT("after@the.crash")}}};
	struct engine_write write = {.header = {.kind = EVENT_TRACK, .time_ms = 1, .received_ms = 1}, .payload = {empty, sizeof empty}};
	uint64_t position;
	uint32_t origin;
	if (resolve(engine, &request, &origin) != 0)
		return false;
	struct customer *customer = customer_lock_of(engine, origin);
	int error = engine_append(engine, customer, origin, &write, &position);
	customer_unlock(engine, customer);
	return !error && log_wait(engine_log(engine), position, 10000) == 0 && engine_snapshot(engine) == 0;
}

bool folder_is_sound(const char *folder, const uint64_t *acknowledged, size_t n)
{
	struct engine *engine;
	struct reading *reading = calloc(1, sizeof *reading);
	struct config *config = house_config();
	bool sound = false;
	reading->times = calloc(IDS_MAX, 1);
	int error = house_open(&engine, folder, config); /* First, as a server does: it cuts what was torn. */
	if (error) {
		fprintf(stderr, "cannot open: %s\n", error_name(error));
	} else {
		sound = log_is_sound(folder, acknowledged, n, reading) && house_compare(engine, &reading->witness) >= 0;
		witness_listen(&reading->witness, engine);
		sound = sound && takes_another(engine) && house_compare(engine, &reading->witness) > 0;
		engine_close(engine);
	}
	if (sound) { /* And once more, from the snapshot just taken. */
		error = house_open(&engine, folder, config);
		sound = !error && house_compare(engine, &reading->witness) > 0;
		if (!error)
			engine_close(engine);
	}
	config_free(config);
	witness_free(&reading->witness);
	free(reading->times);
	free(reading);
	return sound;
}
