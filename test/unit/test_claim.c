/* Who may say what of a known customer: the rule, and what is held until somebody vouches for it. */
#include "world.h"

#include "identify/claim.h"
#include "identify/trait.h"
#include "interact/preference.h"
#include "trust/consent.h"
#include "trust/reader.h"

static void the_rule_is_one_for_all_kinds(void **state)
{
	static const enum event_kind statements[] = {EVENT_IDENTIFY, EVENT_PREFERENCE, EVENT_CONSENT, EVENT_LAYOUT}, others[] = {EVENT_TRACK, EVENT_PAGE, EVENT_SCREEN, EVENT_GROUP, EVENT_ALIAS};
	(void)state;
	for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
		const enum event_kind kind = statements[i];
		assert_int_equal(claim_flags(&(struct claim){.is_vouched = true, .is_of_known = true, .kind = kind}), 0);
		assert_int_equal(claim_flags(&(struct claim){.kind = kind}), EVENT_UNVERIFIED);
		assert_int_equal(claim_flags(&(struct claim){.is_of_known = true, .kind = kind}), EVENT_UNVERIFIED | EVENT_OF_KNOWN | EVENT_HELD);
		assert_int_equal(claim_flags(&(struct claim){.is_of_known = true, .is_no = true, .kind = kind}), EVENT_UNVERIFIED | EVENT_OF_KNOWN);
	}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_int_equal(claim_flags(&(struct claim){.is_of_known = true, .kind = others[i]}), EVENT_UNVERIFIED);
}

/* A record with a payload of @anonymous and, for a preference, {"set": {"word": VALUE}}. */
static void say(struct world *world, uint32_t origin, enum event_kind kind, uint8_t flags, const char *anonymous, const char *value)
{
	struct buffer payload = BUFFER_INIT(1000);
	size_t object = value_open(&payload, VALUE_OBJECT), set;
	int64_t now = TIME0 + world->event_n++;
	uint64_t position;
	value_put_key(&payload, TEXT("anonymousId"));
	value_put_text(&payload, text_of(anonymous));
	if (kind != EVENT_CONFIRM) {
		value_put_key(&payload, kind == EVENT_PREFERENCE ? TEXT("set") : TEXT("traits"));
		set = value_open(&payload, VALUE_OBJECT);
		value_put_key(&payload, TEXT("word"));
		value_put_text(&payload, text_of(value));
		value_close(&payload, set);
	}
	value_close(&payload, object);
	struct engine_write write = {.payload = buffer_view(&payload), .header = {.kind = (uint16_t)kind, .flags = flags, .time_ms = now, .received_ms = now, .purposes = 1}};
	struct customer *customer = customer_lock_of(world->engine, origin);
	assert_int_equal(engine_append(world->engine, customer, origin, &write, &position), 0);
	customer_unlock(world->engine, customer);
	buffer_free(&payload);
}

static void stated(struct world *world, uint32_t origin, const struct fold *fold, const char *wanted)
{
	struct latest found = {.key = {"", 0}};
	struct customer *customer = customer_lock_of(world->engine, origin);
	assert_int_equal(customer_refresh(world->engine, customer), 0);
	bool any = latest_find(reader_service(world->engine, customer, fold), TEXT("word"), &found);
	assert_int_equal(any, *wanted != 0);
	if (any)
		assert_true(text_equal(value_text(found.value), text_of(wanted)));
	customer_unlock(world->engine, customer);
}

static bool is_open(struct world *world, uint32_t origin, const char *anonymous)
{
	struct customer *customer = customer_lock_of(world->engine, origin);
	assert_int_equal(customer_refresh(world->engine, customer), 0);
	bool open = claim_is_open(reader_service(world->engine, customer, &claim_fold), text_of(anonymous));
	customer_unlock(world->engine, customer);
	return open;
}

static void what_is_held_counts_from_its_confirmation_on_and_no_other_does(void **state)
{
	static const struct {
		enum event_kind kind;
		const struct fold *fold;
	} kinds[] = {{EVENT_PREFERENCE, &preference_fold}, {EVENT_IDENTIFY, &trait_fold}};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct world world;
		world_start(&world, 1);
		const enum event_kind kind = kinds[i].kind;
		const struct fold *fold = kinds[i].fold;
		const uint8_t held = EVENT_UNVERIFIED | EVENT_OF_KNOWN | EVENT_HELD;
		uint32_t origin = meet(&world, 0, 15);
		say(&world, origin, kind, 0, "", "own");
		say(&world, origin, kind, held, "phone", "theirs");
		stated(&world, origin, fold, "own");
		assert_true(is_open(&world, origin, "phone"));
		assert_false(is_open(&world, origin, "desk"));
		say(&world, origin, EVENT_CONFIRM, 0, "desk", NULL);
		stated(&world, origin, fold, "own");
		world_reopen(&world);
		stated(&world, origin, fold, "own");
		say(&world, origin, EVENT_CONFIRM, 0, "phone", NULL);
		stated(&world, origin, fold, "theirs");
		assert_false(is_open(&world, origin, "phone"));
		say(&world, origin, kind, held, "phone", "later"); /* What comes after the confirmation is not covered by it. */
		stated(&world, origin, fold, "theirs");
		assert_true(is_open(&world, origin, "phone"));
		world_kill(&world);
		stated(&world, origin, fold, "theirs");
		assert_true(house_compare(world.engine, &world.witness) > 0);
		world_end(&world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rule_is_one_for_all_kinds),
		cmocka_unit_test(what_is_held_counts_from_its_confirmation_on_and_no_other_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
