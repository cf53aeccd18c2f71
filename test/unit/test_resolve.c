/* Who is whom: two people stay two, what does not fit is remembered, and parting lets it fit again. */
#include "world.h"

#include "folder.h"
#include "random.h"

#include "base/damage.h"
#include "engine/matches.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint32_t meet_as(struct world *world, const char *user, const char *browser)
{
	struct resolve_request request = {.header = {.time_ms = TIME0, .received_ms = TIME0, .purposes = 1}, .n = 2,
	                                  .identifiers = {{IDENTIFIER_USER, text_of(user)}, {IDENTIFIER_ANONYMOUS, text_of(browser)}}};
	uint32_t origin;
	assert_int_equal(resolve(world->engine, &request, &origin), 0);
	return customer_number(world, origin);
}

static void two_people_on_one_browser_stay_two(void **state)
{
	(void)state;
	struct world world;
	world_start(&world, 1);
	uint32_t ana = meet_as(&world, "ana", "kitchen"), ben = meet_as(&world, "ben", "kitchen");
	assert_int_not_equal(ana, ben);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(meet_as(&world, "ana", "kitchen"), ana);
		assert_int_equal(meet_as(&world, "ben", "kitchen"), ben);
	}
	world_kill(&world);
	assert_int_equal(meet_as(&world, "ben", "kitchen"), ben);
	assert_int_equal(meet_as(&world, "ana", "kitchen"), ana);
	world_end(&world);
}

static size_t demotions(const struct world *world)
{
	size_t n = 0;
	for (size_t i = 0; i < world->witness.n; i++)
		n += world->witness.items[i].event.header.kind == EVENT_DEMOTE;
	return n;
}

static void a_demotion_is_recorded_once(void **state)
{
	(void)state;
	struct world world;
	char browser[16];
	world_start(&world, 1);
	uint32_t ana = meet_as(&world, "ana", "kitchen"), ben = meet_as(&world, "ben", "kitchen");
	for (int i = 0; i < 100; i++) {
		assert_int_equal(meet_as(&world, "ana", "kitchen"), ana);
		assert_int_equal(meet_as(&world, "ben", "kitchen"), ben);
	}
	assert_int_equal(demotions(&world), 1);
	/* The same of what belongs to nobody: a sixth browser is not believed to be ana's. */
	for (int i = 0; i < 100; i++) {
		snprintf(browser, sizeof browser, "ana-%d", i % 5);
		assert_int_equal(meet_as(&world, "ana", browser), ana);
	}
	assert_int_equal(demotions(&world), 2);
	assert_int_equal(resolve_find(world.engine, (struct identifier){IDENTIFIER_ANONYMOUS, TEXT("ana-4")}), 0);
	/* What is remembered is not a fact: after a kill it is decided, and recorded, once more. */
	world_kill(&world);
	for (int i = 0; i < 100; i++)
		assert_int_equal(meet_as(&world, "ben", "kitchen"), ben);
	assert_int_equal(demotions(&world), 3);
	assert_true(house_compare(world.engine, &world.witness) == 2);
	world_end(&world);
}

static uint32_t meet_one(struct world *world, struct text type, const char *value)
{
	struct resolve_request request = {.header = {.time_ms = TIME0, .received_ms = TIME0, .purposes = 1}, .n = 1,
	                                  .identifiers = {{type, text_of(value)}}};
	uint32_t origin;
	assert_int_equal(resolve(world->engine, &request, &origin), 0);
	return origin;
}

static void who_is_parted_may_fit_again(void **state)
{
	(void)state;
	struct world world;
	uint64_t position;
	struct event_header header = {.time_ms = TIME0, .received_ms = TIME0, .purposes = 1};
	world_start(&world, 1);
	uint32_t kitchen = meet_one(&world, IDENTIFIER_ANONYMOUS, "kitchen"), ana = meet_one(&world, IDENTIFIER_USER, "ana");
	assert_int_equal(meet_as(&world, "ana", "kitchen"), kitchen); /* Joined; the browser is the oldest of them. */
	uint32_t ben = meet_as(&world, "ben", "kitchen");
	assert_int_not_equal(ben, kitchen);
	assert_int_equal(meet_as(&world, "ben", "kitchen"), ben);
	assert_int_equal(resolve_split(world.engine, ana, &header, TEXT("staff"), &position), 0);
	assert_int_equal(meet_as(&world, "ben", "kitchen"), kitchen); /* Nothing speaks against it any more. */
	assert_int_equal(customer_number(&world, ben), kitchen);
	assert_int_equal(demotions(&world), 1);
	world_end(&world);
}

/* One event of few people who share much, or one act of staff; the answer says whom it came to. */
static uint32_t mix(struct world *world, uint64_t *seed)
{
	static const char *const types[] = {"user", "email", "anonymous", "anonymous"};
	struct resolve_request request = {.header = {.time_ms = TIME0, .received_ms = TIME0, .purposes = 1}};
	char room[4][16];
	uint64_t position;
	uint32_t dice = random_below(seed, 100), a = random_below(seed, 40), b = random_below(seed, 40), origin = 0;
	if (dice < 4)
		return resolve_split(world->engine, a, &request.header, TEXT("staff"), &position) == 0;
	if (dice < 6) /* Numbers nobody has are refused. */
		return resolve_merge(world->engine, a, b, &request.header, TEXT("staff"), &position) == 0;
	for (unsigned i = 0, mask = 1 + random_below(seed, 15); i < 4; i++) {
		int n = snprintf(room[i], sizeof room[i], "%c%u@x", 'a' + (int)(i < 3 ? i : 2), random_below(seed, 6));
		if (mask & 1u << i)
			request.identifiers[request.n++] = (struct identifier){text_of(types[i]), {room[i], (size_t)n}};
	}
	request.explicit_link = dice < 8;
	assert_int_equal(resolve(world->engine, &request, &origin), 0);
	return origin;
}

static void what_is_remembered_is_what_would_be_decided(void **state)
{
	(void)state;
	size_t fewer = 0;
	for (uint64_t run = 0, seed = seed_of(0); run < 20; run++) {
		struct world remembers, forgets;
		uint64_t a = seed + run, b = seed + run;
		world_start(&remembers, 1);
		world_start(&forgets, 1);
		for (int i = 0; i < 400; i++) {
			matches_clear(engine_matches(forgets.engine));
			uint32_t decided = mix(&forgets, &b), remembered = mix(&remembers, &a);
			if (remembered != decided)
				fail_msg("event %d: origin %u, not %u", i, remembered, decided);
		}
		uint32_t n = engine_origins(forgets.engine);
		assert_int_equal(engine_origins(remembers.engine), n);
		for (uint32_t origin = 1; origin <= n; origin++)
			assert_int_equal(customer_number(&remembers, origin), customer_number(&forgets, origin));
		assert_true(demotions(&remembers) <= demotions(&forgets));
		fewer += demotions(&forgets) - demotions(&remembers);
		world_end(&remembers);
		world_end(&forgets);
	}
	assert_true(fewer > 0);
}

static void an_identifier_given_twice_is_one(void **state)
{
	(void)state;
	struct world world;
	struct resolve_request request = {.header = {.time_ms = TIME0, .received_ms = TIME0, .purposes = 1}, .n = 3,
	                                  .identifiers = {{IDENTIFIER_USER, TEXT("ana")}, {IDENTIFIER_USER, TEXT("ana")},
	                                                  {IDENTIFIER_ANONYMOUS, TEXT("x")}}};
	uint32_t origin;
	world_start(&world, 1);
	assert_int_equal(resolve(world.engine, &request, &origin), 0);
	assert_int_equal(world.witness.n, 2);
	for (size_t i = 0; i < world.witness.n; i++)
		assert_int_equal(world.witness.items[i].event.header.kind, EVENT_LINK);
	world_end(&world);
}

static uint32_t meet_by(struct world *world, struct identifier identifier)
{
	struct resolve_request request = {.header = {.time_ms = TIME0, .received_ms = TIME0, .purposes = 1}, .n = 1, .identifiers = {identifier}};
	uint32_t origin;
	assert_int_equal(resolve(world->engine, &request, &origin), 0);
	return origin;
}

/* The identifiers of the customer of @origin, freshly read, in @room. */
static struct text identifiers_of(struct world *world, uint32_t origin, struct arena *room)
{
	struct customer *customer = customer_lock_of(world->engine, origin);
	assert_non_null(customer);
	assert_int_equal(customer_refresh(world->engine, customer), 0);
	struct text state = customer_state(world->engine, customer, 0, room);
	customer_unlock(world->engine, customer);
	return state;
}

/* A crash between two slots, or a backup from before they were parted: only one of two origins that are one customer is destroyed. */
static void what_was_erased_alone_stays_in_nobodys_states(void **state)
{
	(void)state;
	const struct identifier both[2] = {{IDENTIFIER_USER, TEXT("ana")}, {IDENTIFIER_ANONYMOUS, TEXT("kitchen")}};
	const struct event_header header = {.time_ms = TIME0, .received_ms = TIME0, .purposes = 1};
	for (size_t erased = 0; erased < 2; erased++)
		for (int parted = 0; parted < 2; parted++) {
			struct world world;
			struct arena room;
			uint32_t origins[2];
			uint64_t position;
			arena_init(&room, 1 << 20);
			world_start(&world, 1);
			for (size_t i = 0; i < 2; i++)
				origins[i] = meet_by(&world, both[i]);
			assert_int_equal(resolve_merge(world.engine, origins[0], origins[1], &header, TEXT("staff"), &position), 0);
			assert_int_equal(identifier_count(identifiers_of(&world, origins[0], &room), both[erased].type), 1);
			assert_int_equal(engine_snapshot(world.engine), 0);
			if (parted)
				assert_int_equal(resolve_split(world.engine, origins[1], &header, TEXT("staff"), &position), 0);
			assert_int_equal(keyring_destroy(engine_keyring(world.engine), &origins[erased], 1), 0);
			world_kill(&world);
			struct text left = identifiers_of(&world, origins[!erased], &room);
			assert_int_equal(identifier_count(left, both[erased].type), 0);
			assert_int_equal(identifier_count(left, both[!erased].type), 1);
			world_end(&world);
			arena_free(&room);
		}
}

static void slots_of_other_data_are_refused_by_name(void **state)
{
	(void)state;
	for (int snapshot = 0; snapshot < 2; snapshot++) {
		struct world world, other;
		struct damage damage;
		struct engine *engine;
		char command[300], lookup[80];
		world_start(&world, 1);
		world_start(&other, 2);
		meet_as(&world, "ana", "kitchen");
		if (snapshot)
			assert_int_equal(engine_snapshot(world.engine), 0);
		engine_close(world.engine);
		engine_close(other.engine);
		snprintf(command, sizeof command, "cp '%s'/sealing/slots* '%s'/sealing/", other.folder, world.folder);
		assert_int_equal(system(command), 0);
		damage_clear();
		assert_int_equal(house_open(&engine, world.folder, world.config), ERROR_DENIED);
		assert_true(damage_refusal(&damage));
		assert_string_equal(damage.file, "sealing/slots");
		assert_int_equal(damage_count(), 1);
		snprintf(lookup, sizeof lookup, "%s/lookup", world.folder);
		assert_int_equal(access(lookup, F_OK), 0); /* It is sound, and stays where it is. */
		world_open(&other);
		world_end(&other);
		config_free(world.config);
		witness_free(&world.witness);
		folder_remove(world.folder);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_people_on_one_browser_stay_two),
		cmocka_unit_test(a_demotion_is_recorded_once),
		cmocka_unit_test(who_is_parted_may_fit_again),
		cmocka_unit_test(what_is_remembered_is_what_would_be_decided),
		cmocka_unit_test(an_identifier_given_twice_is_one),
		cmocka_unit_test(what_was_erased_alone_stays_in_nobodys_states),
		cmocka_unit_test(slots_of_other_data_are_refused_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
