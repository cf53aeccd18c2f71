/*
 * driver.c: a small program that lives on an engine: two threads write events with known ids, a third takes snapshots, a fourth gives names.
 *
 *   driver FOLDER EVENTS [--first ID] [--seed N] [--acks FILE] [--nosync]
 *
 * An id is acknowledged once its event is durable: as eight bytes in FILE, and by recorder_mark when the recorder is
 * there. A refused event (full disk) is tried again with the same id.
 */
#include "house.h"
#include "random.h"

#include "base/clock.h"
#include "identify/resolve.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void recorder_mark(uint64_t id) __attribute__((weak));

enum { THREADS = 2, BATCH = 4, EVENTS_A_PERSON = 60, NAMES_A_RUN = 500 };

static struct engine *engine;
static atomic_uint_fast64_t next_id, refused;
static uint64_t last_id;
static int acks = -1;
static atomic_bool done;

static void acknowledge(uint64_t id)
{
	if (recorder_mark)
		recorder_mark(id);
	if (acks >= 0 && write(acks, &id, sizeof id) != sizeof id)
		abort();
}

/* What a full disk or a full block refuses is tried again; anything else is a bug. */
static bool again(int error)
{
	if (error == 0)
		return false;
	if (error == ERROR_FULL)
		atomic_fetch_add(&refused, 1);
	else if (error != ERROR_BUSY) {
		fprintf(stderr, "driver: %s\n", error_name(error));
		abort();
	}
	usleep(2000);
	return true;
}

static uint32_t meet(uint64_t id, uint64_t *seed, int64_t now)
{
	char browser[32], user[32];
	unsigned person = (unsigned)(id / EVENTS_A_PERSON);
	struct resolve_request request = {.header = {.time_ms = now, .received_ms = now, .purposes = 1}, .because = TEXT("driver")};
	uint32_t origin, dice = random_below(seed, 3);
	snprintf(user, sizeof user, "u%u", person);
	snprintf(browser, sizeof browser, "b%u-%u", person, random_below(seed, 3));
	if (dice != 0)
		request.identifiers[request.n++] = (struct identifier){IDENTIFIER_ANONYMOUS, text_of(browser)};
	if (dice != 1) /* Both: now the two are known to be one. */
		request.identifiers[request.n++] = (struct identifier){IDENTIFIER_USER, text_of(user)};
	while (again(resolve(engine, &request, &origin)))
		;
	return origin;
}

static uint64_t append(uint64_t id, uint64_t *seed)
{
	struct buffer payload = BUFFER_INIT(8192);
	int64_t now = clock_now_ms();
	uint64_t position;
	uint32_t origin = meet(id, seed, now), name;
	char word[24];
	snprintf(word, sizeof word, "Event %u", random_below(seed, 400));
	while (again(engine_name(engine, text_of(word), &name)))
		;
	size_t object = value_open(&payload, VALUE_OBJECT);
	value_put_key(&payload, TEXT("n"));
	value_put_int(&payload, (int64_t)id);
	value_put_key(&payload, TEXT("traits"));
	size_t traits = value_open(&payload, VALUE_OBJECT);
	value_put_key(&payload, text_of(word));
	value_put_int(&payload, (int64_t)id);
	value_close(&payload, traits);
	value_put_key(&payload, TEXT("filling"));
	char filling[3000];
	memset(filling, 'x', sizeof filling);
	value_put_text(&payload, (struct text){filling, random_below(seed, id % 7 ? 100 : sizeof filling)});
	value_close(&payload, object);
	struct engine_write write = {
		.header = {.kind = id % 3 ? EVENT_TRACK : EVENT_IDENTIFY, .channel = CHANNEL_WEB, .purposes = 1, .name = name, .received_ms = now,
	             .time_ms = now - (random_below(seed, 10) ? 0 : random_below(seed, 100000)), .message_hash = id + 100},
		.payload = buffer_view(&payload)};
	int error;
	do {
		struct customer *customer = customer_lock_of(engine, origin);
		if (!customer)
			abort();
		error = engine_append(engine, customer, origin, &write, &position);
		customer_unlock(engine, customer);
	} while (again(error));
	buffer_free(&payload);
	return position;
}

static void *write_events(void *arg)
{
	uint64_t seed = *(uint64_t *)arg;
	for (;;) {
		uint64_t ids[BATCH], n = 0, wanted = 1 + random_below(&seed, BATCH), position = 0;
		while (n < wanted && (ids[n] = atomic_fetch_add(&next_id, 1)) < last_id)
			position = append(ids[n++], &seed);
		if (position)
			while (again(log_wait(engine_log(engine), position, 1000)))
				;
		for (uint64_t i = 0; i < n; i++)
			acknowledge(ids[i]);
		if (n < wanted)
			return NULL;
	}
}

static void *take_snapshots(void *arg)
{
	(void)arg;
	while (!atomic_load(&done)) {
		int error = engine_snapshot(engine);
		if (error && error != ERROR_FULL && error != ERROR_BUSY)
			abort();
		usleep(3000);
	}
	return NULL;
}

/* Names that no event uses: nothing but their own records says when they are durable, and no snapshot may be ahead of those. */
static void *give_names(void *arg)
{
	uint64_t first = *(uint64_t *)arg;
	for (unsigned i = 0; i < NAMES_A_RUN; i++) {
		char word[48];
		uint32_t number;
		snprintf(word, sizeof word, "Name %" PRIu64 "-%u", first, i);
		while (again(engine_name(engine, text_of(word), &number)))
			;
		usleep(100);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	uint64_t seed = 1, seeds[THREADS];
	bool nosync = false;
	pthread_t threads[THREADS], snapshots, names;
	if (argc < 3)
		return 2;
	for (int i = 3; i < argc; i++) {
		if (strcmp(argv[i], "--nosync") == 0)
			nosync = true;
		else if (i + 1 < argc && strcmp(argv[i], "--first") == 0)
			atomic_store(&next_id, strtoull(argv[++i], NULL, 10));
		else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0)
			seed = strtoull(argv[++i], NULL, 10);
		else if (i + 1 < argc && strcmp(argv[i], "--acks") == 0)
			acks = open(argv[++i], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		else
			return 2;
	}
	uint64_t first = atomic_load(&next_id);
	last_id = first + strtoull(argv[2], NULL, 10);
	struct config *config = house_config();
	int error = house_open(&engine, argv[1], config);
	if (error) {
		fprintf(stderr, "driver: cannot open: %s\n", error_name(error));
		return 3;
	}
	if (nosync)
		log_sync_disable(engine_log(engine));
	pthread_create(&snapshots, NULL, take_snapshots, NULL);
	pthread_create(&names, NULL, give_names, &first);
	for (int i = 0; i < THREADS; i++) {
		seeds[i] = random_next(&seed);
		pthread_create(&threads[i], NULL, write_events, &seeds[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_join(names, NULL);
	atomic_store(&done, true);
	pthread_join(snapshots, NULL);
	engine_close(engine);
	config_free(config);
	printf("%llu refused\n", (unsigned long long)atomic_load(&refused));
	return 0;
}
