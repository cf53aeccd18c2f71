/* world.c: random acts on an engine and on its model. */
#include "world.h"

#include "folder.h"
#include "random.h"

#include "engine/verify.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A person has user or phone, e-mail and two browsers; neighbours (2k, 2k + 1) may be joined without breaking a limit. */
struct identifier identifier_of(unsigned person, unsigned which, char room[32])
{
	static const char *const words[] = {"user", "email", "anonymous", "anonymous"};
	bool phone = which == 0 && person % 2;
	int n = which == 1 ? snprintf(room, 32, "p%u@x.org", person) : snprintf(room, 32, "p%u-%u", person, which);
	return (struct identifier){text_of(phone ? "phone" : words[which]), {room, (size_t)n}};
}

/* The pending block of the log is full now and then: trying again is what callers do. */
bool again(int error)
{
	if (error == ERROR_BUSY)
		usleep(500);
	else if (error)
		abort(); /* Not an assertion: those know one thread only. */
	return error == ERROR_BUSY;
}

void world_open(struct world *world)
{
	assert_int_equal(house_open(&world->engine, world->folder, world->config), 0);
	witness_listen(&world->witness, world->engine);
}

void world_start(struct world *world, uint64_t seed)
{
	memset(world, 0, sizeof *world);
	folder_new(world->folder);
	world->config = house_config();
	world->seed = seed;
	world_open(world);
}

void world_end(struct world *world)
{
	engine_close(world->engine);
	config_free(world->config);
	witness_free(&world->witness);
	folder_remove(world->folder);
}

static void group_join(struct world *world, uint32_t a, uint32_t b)
{
	for (uint32_t i = 0; i < ORIGINS_MAX; i++)
		if (world->group_of[i] == b)
			world->group_of[i] = a;
}

static struct event_header header_of(struct world *world, enum event_kind kind, int64_t time)
{
	uint32_t name = 0;
	char word[24];
	struct text names[] = {TEXT("Bill Issued"), TEXT("Bill Paid"), TEXT("Balance Seen")};
	uint32_t pick = random_below(&world->seed, 5);
	snprintf(word, sizeof word, "Thing %u", random_below(&world->seed, 40));
	if (kind == EVENT_TRACK)
		while (again(engine_name(world->engine, pick < 3 ? names[pick] : text_of(word), &name)))
			;
	return (struct event_header){.kind = (uint16_t)kind, .channel = (uint8_t)(1 + random_below(&world->seed, 4)), .time_ms = time,
	                             .received_ms = time, .purposes = 1, .name = name, .message_hash = random_next(&world->seed) | 4};
}

static void text_put(struct buffer *out, const char *key, const char *text)
{
	value_put_key(out, text_of(key));
	value_put_text(out, text_of(text));
}

static void payload_put(struct world *world, struct buffer *out, enum event_kind kind, uint64_t target)
{
	char word[32], anonymous[8];
	snprintf(word, sizeof word, "v%u", random_below(&world->seed, 1000));
	size_t object = value_open(out, VALUE_OBJECT);
	value_put_key(out, TEXT("n"));
	value_put_int(out, world->event_n++);
	snprintf(anonymous, sizeof anonymous, "a%u", random_below(&world->seed, 3));
	text_put(out, "anonymousId", anonymous);
	if (kind == EVENT_CONFIRM) {
		value_close(out, object);
		return;
	}
	if (kind == EVENT_UNDO) {
		value_put_key(out, TEXT("position"));
		value_put_int(out, (int64_t)target);
	} else if (kind == EVENT_CONSENT) {
		text_put(out, "purpose", random_below(&world->seed, 2) ? "marketing" : "personalisation");
		text_put(out, "answer", random_below(&world->seed, 2) ? "yes" : "no");
		text_put(out, "version", "1");
		text_put(out, "actor", random_below(&world->seed, 4) ? "subject" : "system:gpc");
	} else if (kind == EVENT_RESTRICT) {
		value_put_key(out, TEXT("restricted"));
		value_put_bool(out, random_below(&world->seed, 2));
	} else {
		const char *part = kind == EVENT_IDENTIFY ? "traits" : kind == EVENT_PREFERENCE ? "set" : "properties";
		value_put_key(out, text_of(part));
		size_t inner = value_open(out, VALUE_OBJECT);
		char key[8];
		snprintf(key, sizeof key, "k%u", random_below(&world->seed, 6));
		text_put(out, key, word);
		snprintf(word, sizeof word, "b%u", random_below(&world->seed, 5));
		text_put(out, "bill", word);
		value_close(out, inner);
	}
	value_close(out, object);
}

uint64_t append(struct world *world, uint32_t origin, enum event_kind kind, uint64_t target)
{
	struct buffer payload = BUFFER_INIT(4096);
	/* A tenth comes late, by up to two days. */
	int64_t late = random_below(&world->seed, 10) ? 0 : random_below(&world->seed, 172800) * INT64_C(1000);
	struct engine_write write = {.header = header_of(world, kind, TIME0 + world->event_n * INT64_C(60000) - late)};
	uint64_t position;
	if (kind == EVENT_CONSENT && random_below(&world->seed, 3) == 0)
		write.header.flags = EVENT_UNVERIFIED;
	if ((kind == EVENT_CONSENT || kind == EVENT_PREFERENCE || kind == EVENT_IDENTIFY) && random_below(&world->seed, 3) == 0)
		write.header.flags = EVENT_UNVERIFIED | EVENT_OF_KNOWN | EVENT_HELD;
	payload_put(world, &payload, kind, target);
	write.payload = buffer_view(&payload);
	int error;
	do {
		struct customer *customer = customer_lock_of(world->engine, origin);
		if (!customer)
			abort();
		error = engine_append(world->engine, customer, origin, &write, &position);
		customer_unlock(world->engine, customer);
	} while (again(error));
	buffer_free(&payload);
	return position;
}

void request_fill(struct resolve_request *request, char room[IDENTIFIERS][32], unsigned person, unsigned mask)
{
	*request = (struct resolve_request){.header = {.time_ms = TIME0, .received_ms = TIME0, .purposes = 1}, .because = TEXT("test")};
	for (unsigned i = 0; i < IDENTIFIERS; i++)
		if (mask & 1u << i)
			request->identifiers[request->n++] = identifier_of(person, i, room[i]);
}

uint32_t meet(struct world *world, unsigned person, unsigned mask)
{
	struct resolve_request request;
	char room[IDENTIFIERS][32];
	uint32_t origin, group = 0;
	request_fill(&request, room, person, mask);
	while (again(resolve(world->engine, &request, &origin)))
		;
	for (unsigned i = 0; i < IDENTIFIERS; i++) {
		uint32_t known = world->origin_of[person][i];
		if (!(mask & 1u << i) || !known)
			continue;
		if (!group)
			group = world->group_of[known];
		else
			group_join(world, group, world->group_of[known]);
	}
	for (unsigned i = 0; i < IDENTIFIERS; i++)
		if ((mask & 1u << i) && !world->origin_of[person][i])
			world->origin_of[person][i] = origin;
	if (!group)
		world->group_of[origin] = origin;
	return origin;
}

uint32_t customer_number(struct world *world, uint32_t origin)
{
	struct origin *found = engine_origin(world->engine, origin);
	assert(found);
	return atomic_load(&found->customer);
}

static void join_neighbours(struct world *world)
{
	unsigned person = random_below(&world->seed, PEOPLE / 2) * 2;
	uint32_t a = world->origin_of[person][0], b = world->origin_of[person + 1][1];
	uint64_t position;
	struct event_header header = {.time_ms = TIME0, .received_ms = TIME0, .purposes = 1};
	if (!a || !b)
		return;
	int error = resolve_merge(world->engine, customer_number(world, a), customer_number(world, b), &header, TEXT("staff"), &position);
	assert_int_equal(error, world->group_of[a] == world->group_of[b] ? ERROR_CONFLICT : 0);
	group_join(world, world->group_of[a], world->group_of[b]);
}

static void split_some(struct world *world)
{
	uint32_t origin = 1 + random_below(&world->seed, engine_origins(world->engine));
	uint32_t customer = customer_number(world, origin), fresh = 0;
	uint64_t position;
	struct event_header header = {.time_ms = TIME0, .received_ms = TIME0, .purposes = 1};
	int error = resolve_split(world->engine, origin, &header, TEXT("staff"), &position);
	assert_int_equal(error, customer == origin ? ERROR_CONFLICT : 0);
	if (error)
		return;
	for (uint32_t i = 0; i < ORIGINS_MAX; i++) /* A group's name may be any number nobody has: its own, if that is free. */
		fresh |= world->group_of[i] == origin && i != origin;
	for (uint32_t i = 0; fresh && i < ORIGINS_MAX; i++)
		if (world->group_of[i] == origin && i != origin)
			world->group_of[i] = customer + ORIGINS_MAX;
	world->group_of[origin] = origin;
}

static void undo_some(struct world *world)
{
	const struct event *event = &world->witness.items[random_below(&world->seed, (uint32_t)world->witness.n)].event;
	if (event->header.kind == EVENT_LINK || event->header.kind == EVENT_MERGE || event->header.kind == EVENT_SPLIT || event->header.kind == EVENT_CONFIRM)
		return;
	append(world, event->header.origin_number, EVENT_UNDO, event->position);
}

void step(struct world *world)
{
	static const enum event_kind kinds[] = {EVENT_TRACK, EVENT_TRACK, EVENT_TRACK, EVENT_IDENTIFY, EVENT_CONSENT,
	                                        EVENT_PREFERENCE, EVENT_PAGE, EVENT_DECISION, EVENT_RESTRICT, EVENT_CONFIRM};
	uint32_t dice = random_below(&world->seed, 100);
	if (dice < 3)
		join_neighbours(world);
	else if (dice < 7 && world->witness.n)
		split_some(world);
	else if (dice < 12 && world->witness.n)
		undo_some(world);
	else {
		unsigned person = random_below(&world->seed, PEOPLE), mask = 1 + random_below(&world->seed, 15);
		append(world, meet(world, person, mask), kinds[random_below(&world->seed, sizeof kinds / sizeof *kinds)], 0);
	}
	if (dice == 50)
		assert_int_equal(engine_snapshot(world->engine), 0);
}

void groups_compare(struct world *world)
{
	uint32_t n = engine_origins(world->engine);
	for (uint32_t a = 1; a <= n; a++)
		for (uint32_t b = 1; b < a; b++)
			if (world->group_of[a] && world->group_of[b] &&
			    (world->group_of[a] == world->group_of[b]) != (customer_number(world, a) == customer_number(world, b)))
				fail_msg("origins %u and %u: groups %u %u, customers %u %u", a, b, world->group_of[a], world->group_of[b],
				         customer_number(world, a), customer_number(world, b));
	for (unsigned person = 0; person < PEOPLE; person++)
		for (unsigned i = 0; i < IDENTIFIERS; i++) {
			char room[32];
			assert_int_equal(resolve_find(world->engine, identifier_of(person, i, room)), world->origin_of[person][i]);
		}
}

/* As after a kill: a copy of the data folder, taken while it is open. */
void world_kill(struct world *world)
{
	char copy[64], command[256];
	assert_int_equal(log_wait(engine_log(world->engine), log_end(engine_log(world->engine)), 10000), 0);
	folder_new(copy);
	snprintf(command, sizeof command, "cp -a '%s/.' '%s'", world->folder, copy);
	assert_int_equal(system(command), 0);
	engine_close(world->engine);
	folder_remove(world->folder);
	memcpy(world->folder, copy, sizeof copy);
	world_open(world);
}

void world_reopen(struct world *world)
{
	switch (random_below(&world->seed, 3)) {
	case 0:
		world_kill(world);
		break;
	case 1:
		assert_int_equal(engine_snapshot(world->engine), 0);
		engine_close(world->engine);
		world_open(world);
		break;
	default:
		engine_close(world->engine);
		world_open(world);
	}
}

uint64_t seed_of(uint64_t otherwise)
{
	const char *given = getenv("ATTUNE_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : otherwise ? otherwise : (uint64_t)time(NULL);
	print_message("ATTUNE_SEED=%llu\n", (unsigned long long)seed);
	return seed;
}
