/* What somebody bought and has, whatever order the orders arrive in. */
#include "unit.h"
#include "random.h"

#include "base/clock.h"
#include "customize/product.h"
#include "customize/purchase.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EVENTS = 40, DAY = 20000 };

static struct config *config;

static void problem_say(void *arg, const struct config_problem *problem)
{
	(void)arg;
	fprintf(stderr, "%u:%u %s\n", problem->line, problem->column, problem->message);
}

static int shop_open(void **state)
{
	static const struct config_kind *const kinds[] = {&purchase_kind};
	static const struct config_kinds table = {kinds, 1};
	static const char text[] = "kind: purchase\nname: shop\nevent: Bought\nreturned: Returned\nlist: lines\nid: id\nquantity: n\ngift: gift\n---\n"
	                           "kind: purchase\nname: desk\nevent: Sold\nid: thing.id\n";
	struct config_file file = {TEXT("shop.yaml"), text_of(text)};
	struct config_version version = {.version = 1, .files = &file, .files_n = 1};
	(void)state;
	return config_build(&config, &table, &version, problem_say, NULL);
}

static int shop_close(void **state)
{
	(void)state;
	config_free(config);
	return 0;
}

struct bench {
	struct fold_state state;
	uint8_t room[FOLD_STATE_BYTES_MAX];
};

static void start(struct bench *bench)
{
	memset(bench, 0, sizeof *bench);
	bench->state = (struct fold_state){.p = bench->room, .capacity = purchase_fold.bytes_max};
}

static void happen(struct bench *bench, const char *name, int day, const char *properties)
{
	struct fold_context context = {.config = config};
	struct json_parser *parser = json_parser_new(1 << 16, 16);
	struct buffer payload = BUFFER_INIT(1 << 16);
	struct event event = {.header = {.kind = EVENT_TRACK, .time_ms = (int64_t)day * MS_A_DAY + 5}, .name = text_of(name)};
	struct json root;
	char json[2000];
	snprintf(json, sizeof json, "{\"properties\":%s}", properties);
	assert_int_equal(json_parse(parser, text_of(json), &root), 0);
	assert_int_equal(value_put_json(&payload, root, 16), 0);
	event.payload = (struct value){(const uint8_t *)payload.p, payload.n};
	purchase_fold.apply(&bench->state, &event, &context);
	assert_true(bench->state.n <= bench->state.capacity);
	buffer_free(&payload);
	json_parser_free(parser);
}

static struct purchase of(const struct bench *bench, const char *id)
{
	struct purchase purchase;
	struct text state = {(const char *)bench->room, bench->state.n};
	for (size_t at = 0; purchase_next(state, &at, &purchase);)
		if (purchase.mark == product_mark(text_of(id)))
			return purchase;
	return (struct purchase){0};
}

static void an_order_is_kept_with_its_units_and_day(void **state)
{
	struct bench bench;
	(void)state;
	start(&bench);
	happen(&bench, "Bought", DAY, "{\"lines\":[{\"id\":\"tea\",\"n\":3},{\"id\":\"pan\"}]}");
	happen(&bench, "Bought", DAY + 30, "{\"lines\":[{\"id\":\"tea\",\"n\":2},{\"id\":\"cup\",\"gift\":true},{\"id\":\"jug\",\"n\":0},{\"n\":4}]}");
	happen(&bench, "Sold", DAY + 1, "{\"thing\":{\"id\":\"card\"}}");
	struct purchase tea = of(&bench, "tea");
	assert_int_equal(tea.orders, 2);
	assert_int_equal(tea.units, 5);
	assert_int_equal(tea.last_units, 2);
	assert_int_equal(tea.days[0], DAY + 30);
	assert_int_equal(tea.days[1], DAY);
	assert_int_equal(tea.days[2], 0);
	assert_int_equal(of(&bench, "pan").units, 1);
	assert_int_equal(of(&bench, "card").days[0], DAY + 1);
	assert_int_equal(bench.state.n, 3 * sizeof tea); /* A gift, none, and nothing named are no purchases. */
}

static void what_goes_back_is_not_owned_even_when_it_is_heard_of_first(void **state)
{
	struct bench bench;
	(void)state;
	start(&bench);
	happen(&bench, "Returned", DAY + 2, "{\"lines\":[{\"id\":\"pan\"}]}");
	assert_int_equal(of(&bench, "pan").days[0], 0);
	happen(&bench, "Bought", DAY, "{\"lines\":[{\"id\":\"pan\"}]}");
	struct purchase pan = of(&bench, "pan");
	assert_false(purchase_is_owned(&pan));
	happen(&bench, "Bought", DAY + 3, "{\"lines\":[{\"id\":\"pan\"}]}");
	pan = of(&bench, "pan");
	assert_true(purchase_is_owned(&pan));
}

static void who_bought_nothing_costs_nothing(void **state)
{
	struct bench bench;
	(void)state;
	start(&bench);
	happen(&bench, "Looked", DAY, "{\"lines\":[{\"id\":\"pan\"}]}");
	happen(&bench, "Bought", DAY, "{\"lines\":\"pan\"}");
	happen(&bench, "Bought", DAY, "{}");
	assert_int_equal(bench.state.n, 0);
}

static void any_order_of_arrival_gives_the_same_bytes(void **state)
{
	static const char *const ids[] = {"tea", "pan", "cup"};
	uint64_t seed = (uint64_t)time(NULL);
	struct bench first, second;
	(void)state;
	print_message("seed %llu\n", (unsigned long long)seed);
	for (int round = 0; round < 200; round++) {
		char properties[EVENTS][100];
		int days[EVENTS], order[EVENTS];
		bool back[EVENTS];
		start(&first);
		start(&second);
		for (int i = 0; i < EVENTS; i++) {
			snprintf(properties[i], sizeof properties[i], "{\"lines\":[{\"id\":\"%s\",\"n\":%u}]}", ids[random_below(&seed, 3)], 1 + random_below(&seed, 4));
			days[i] = DAY + (int)random_below(&seed, 25);
			back[i] = random_below(&seed, 6) == 0;
			order[i] = i;
			happen(&first, back[i] ? "Returned" : "Bought", days[i], properties[i]);
		}
		for (int i = EVENTS - 1; i > 0; i--) {
			int j = (int)random_below(&seed, (uint32_t)i + 1), swap = order[i];
			order[i] = order[j];
			order[j] = swap;
		}
		for (int i = 0; i < EVENTS; i++)
			happen(&second, back[order[i]] ? "Returned" : "Bought", days[order[i]], properties[order[i]]);
		assert_int_equal(first.state.n, second.state.n);
		assert_memory_equal(first.room, second.room, first.state.n);
	}
}

static void what_two_parts_of_the_orders_give_merges_to_what_all_give(void **state)
{
	static const char *const ids[] = {"tea", "pan", "cup", "lamp"};
	uint64_t seed = (uint64_t)time(NULL);
	struct bench all, parts[3];
	(void)state;
	print_message("seed %llu\n", (unsigned long long)seed);
	for (int round = 0; round < 300; round++) {
		start(&all);
		for (int part = 0; part < 3; part++)
			start(&parts[part]);
		for (int i = 0; i < EVENTS; i++) {
			char properties[100];
			uint32_t n = random_below(&seed, 40) ? 1 + random_below(&seed, 4) : 60000;
			const char *name = random_below(&seed, 6) ? "Bought" : "Returned";
			int day = DAY + (int)random_below(&seed, 12);
			snprintf(properties, sizeof properties, "{\"lines\":[{\"id\":\"%s\",\"n\":%u}]}", ids[random_below(&seed, 4)], n);
			happen(&all, name, day, properties);
			happen(&parts[random_below(&seed, 3)], name, day, properties);
		}
		for (int part = 1; part < 3; part++)
			purchase_fold.merge(&parts[0].state, (struct text){(const char *)parts[part].room, parts[part].state.n});
		assert_int_equal(parts[0].state.n, all.state.n);
		assert_memory_equal(parts[0].room, all.room, all.state.n);
	}
}

/* A copy of a customer may bring any bytes. */
static void whatever_is_merged_the_state_stays_one(void **state)
{
	uint64_t seed = (uint64_t)time(NULL);
	uint8_t bytes[FOLD_STATE_BYTES_MAX];
	struct bench bench;
	(void)state;
	print_message("seed %llu\n", (unsigned long long)seed);
	for (int round = 0; round < 200; round++) {
		size_t n = random_below(&seed, purchase_fold.bytes_max + 1);
		start(&bench);
		happen(&bench, "Bought", DAY, "{\"lines\":[{\"id\":\"tea\",\"n\":3}]}");
		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)random_below(&seed, 256);
		purchase_fold.merge(&bench.state, (struct text){(const char *)bytes, n});
		purchase_fold.merge(&bench.state, (struct text){(const char *)bytes, n});
		assert_true(bench.state.n <= PURCHASES_MAX * sizeof(struct purchase));
		struct purchase one, last = {0};
		for (size_t at = 0; purchase_next((struct text){(const char *)bench.room, bench.state.n}, &at, &one); last = one)
			assert_true(at == sizeof one || one.mark > last.mark);
	}
}

static void the_state_stays_within_its_bound(void **state)
{
	struct bench bench;
	(void)state;
	start(&bench);
	for (int i = 0; i < PURCHASES_MAX + 50; i++) {
		char properties[100];
		snprintf(properties, sizeof properties, "{\"lines\":[{\"id\":\"p%d\",\"n\":70000}]}", i);
		happen(&bench, "Bought", DAY + i, properties);
	}
	assert_int_equal(bench.state.n, PURCHASES_MAX * sizeof(struct purchase));
	assert_int_equal(of(&bench, "p0").units, 0); /* What was bought longest ago went. */
	assert_int_equal(of(&bench, "p249").units, UINT16_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_is_kept_with_its_units_and_day),
		cmocka_unit_test(what_goes_back_is_not_owned_even_when_it_is_heard_of_first),
		cmocka_unit_test(who_bought_nothing_costs_nothing),
		cmocka_unit_test(any_order_of_arrival_gives_the_same_bytes),
		cmocka_unit_test(what_two_parts_of_the_orders_give_merges_to_what_all_give),
		cmocka_unit_test(whatever_is_merged_the_state_stays_one),
		cmocka_unit_test(the_state_stays_within_its_bound),
	};
	return cmocka_run_group_tests(tests, shop_open, shop_close);
}
