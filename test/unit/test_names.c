/* test_names.c: numbers of names that public keys used up, and that nothing uses any more, are free again. */
#include "world.h"

#include "engine/digest.h"
#include "engine/keyring.h"
#include "engine/verify.h"
#include "event/dictionary.h"

#include <stdio.h>

enum { BOUND = 8 };

static void opened(struct world *world)
{
	struct engine_options options;
	house_options(&options, world->folder, world->config);
	options.names_public_max = BOUND;
	assert_int_equal(engine_open(&world->engine, &options), 0);
}

static void started(struct world *world)
{
	world_start(world, 1);
	engine_close(world->engine);
	opened(world);
}

static uint32_t met(struct world *world, const char *user)
{
	struct resolve_request request = {.header = {.time_ms = TIME0, .received_ms = TIME0, .purposes = 1}, .n = 1,
	                                  .identifiers = {{IDENTIFIER_USER, text_of(user)}}};
	uint32_t origin;
	assert_int_equal(resolve(world->engine, &request, &origin), 0);
	return origin;
}

/* A public key sends an event of @name, which happened at @place. */
static void send(struct world *world, uint32_t origin, const char *name, const char *place)
{
	static const char empty[] = {VALUE_OBJECT, 0, 0, 0, 0};
	struct engine_write write = {.header = {.kind = EVENT_TRACK, .time_ms = TIME0, .received_ms = TIME0, .purposes = 1}, .payload = {empty, sizeof empty}};
	uint64_t position;
	assert_int_equal(engine_name_or_other(world->engine, text_of(name), true, &write.header.name), 0);
	assert_int_equal(engine_name_or_other(world->engine, text_of(place), true, &write.header.touchpoint), 0);
	struct customer *customer = customer_lock_of(world->engine, origin);
	assert_non_null(customer);
	assert_int_equal(engine_append(world->engine, customer, origin, &write, &position), 0);
	customer_unlock(world->engine, customer);
}

static uint32_t number_of(struct world *world, const char *name)
{
	return dictionary_find(engine_dictionary(world->engine), text_of(name));
}

static void settled(struct world *world)
{
	assert_int_equal(log_wait(engine_log(world->engine), log_end(engine_log(world->engine)), 10000), 0);
}

static void erase(struct world *world, uint32_t origin)
{
	struct arena arena;
	struct forgetting gone;
	arena_init(&arena, 1 << 20);
	settled(world);
	assert_int_equal(engine_forget(world->engine, origin, &arena, &gone), 0);
	assert_int_equal(keyring_destroy(engine_keyring(world->engine), gone.origins, gone.origins_n), 0);
	assert_int_equal(engine_forget_stored(world->engine, gone.origins, gone.origins_n), 0);
	arena_free(&arena);
}

static void verified(struct world *world)
{
	struct verify verify;
	settled(world);
	int error = engine_verify(world->folder, &verify, NULL, NULL);
	if (error)
		fail_msg("%s", verify.problem);
}

static struct digest digest_of(struct world *world, uint32_t origin)
{
	struct arena arena;
	struct digest digest;
	arena_init(&arena, 1 << 20);
	assert_int_equal(customer_digest(world->engine, origin, &arena, &digest), 0);
	assert_true(digest.states_agree);
	arena_free(&arena);
	return digest;
}

/* Somebody with the public key uses up all names, and is erased. Ben's two stay. */
static void used_up(struct world *world, uint32_t *ben)
{
	char name[16];
	*ben = met(world, "ben");
	send(world, *ben, "page 0", "page 1");
	uint32_t flood = met(world, "flood");
	for (int i = 0; i < 2 * BOUND; i++) {
		snprintf(name, sizeof name, "page %d", i);
		send(world, flood, name, "page 1");
	}
	assert_int_equal(number_of(world, "page 8"), 0);
	assert_true(dictionary_public_is_full(engine_dictionary(world->engine)));
	erase(world, flood);
}

static void names_of_who_was_erased_are_given_back_and_others_keep_theirs(void **state)
{
	(void)state;
	struct world world;
	uint32_t ben;
	started(&world);
	used_up(&world, &ben);
	struct digest before = digest_of(&world, ben);
	uint32_t page_0 = number_of(&world, "page 0"), page_1 = number_of(&world, "page 1");
	engine_close(world.engine);
	opened(&world);
	assert_int_equal(number_of(&world, "page 0"), page_0);
	assert_int_equal(number_of(&world, "page 1"), page_1);
	assert_int_equal(dictionary_public_count(engine_dictionary(world.engine)), 2);
	for (int i = 2; i < BOUND; i++) {
		char name[16];
		snprintf(name, sizeof name, "page %d", i);
		assert_int_equal(number_of(&world, name), 0);
	}
	struct digest after = digest_of(&world, ben);
	assert_memory_equal(before.hash, after.hash, sizeof after.hash);
	verified(&world);
	world_end(&world);
}

static void numbers_given_back_have_new_names_after_the_log_as_after_the_snapshot(void **state)
{
	(void)state;
	struct world world;
	uint32_t ben;
	started(&world);
	used_up(&world, &ben);
	engine_close(world.engine);
	opened(&world);
	uint32_t most = dictionary_count(engine_dictionary(world.engine));
	send(&world, ben, "new 0", "new 1");
	uint32_t new_0 = number_of(&world, "new 0"), new_1 = number_of(&world, "new 1");
	assert_true(new_0 && new_1 && new_0 <= most && new_1 <= most);
	struct digest before = digest_of(&world, ben);
	for (int snapshot = 0; snapshot < 2; snapshot++) {
		if (snapshot)
			assert_int_equal(engine_snapshot(world.engine), 0);
		engine_close(world.engine);
		opened(&world);
		assert_int_equal(number_of(&world, "new 0"), new_0);
		assert_int_equal(number_of(&world, "new 1"), new_1);
		assert_int_equal(dictionary_count(engine_dictionary(world.engine)), most);
		assert_int_equal(dictionary_public_count(engine_dictionary(world.engine)), 4);
		assert_memory_equal(digest_of(&world, ben).hash, before.hash, DIGEST_BYTES);
	}
	send(&world, ben, "new 2", "new 3"); /* Numbers that the snapshot knew as free. */
	assert_true(number_of(&world, "new 2") <= most && number_of(&world, "new 3") <= most);
	verified(&world);
	world_end(&world);
}

static void names_in_use_are_not_given_back_however_full_it_is(void **state)
{
	(void)state;
	struct world world;
	started(&world);
	uint32_t ben = met(&world, "ben");
	for (int i = 0; i < BOUND; i++) {
		char name[16];
		snprintf(name, sizeof name, "page %d", i);
		send(&world, ben, name, "page 0");
	}
	settled(&world);
	engine_close(world.engine);
	opened(&world);
	assert_true(dictionary_public_is_full(engine_dictionary(world.engine)));
	assert_int_equal(dictionary_public_count(engine_dictionary(world.engine)), BOUND);
	verified(&world);
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_who_was_erased_are_given_back_and_others_keep_theirs),
		cmocka_unit_test(numbers_given_back_have_new_names_after_the_log_as_after_the_snapshot),
		cmocka_unit_test(names_in_use_are_not_given_back_however_full_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
