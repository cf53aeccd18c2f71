/* A customer taken in by another engine is the same there, however often and wherever it was cut short. */
#include "unit.h"

#include "folder.h"
#include "random.h"
#include "world.h"

#include "base/memory.h"
#include "engine/adopt.h"
#include "engine/digest.h"
#include "event/reference.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 256 * 1024 * 1024 };

/* A customer's histories and records, as a copy has them. */
struct taken {
	struct arena arena;
	struct origin_id ids[CUSTOMER_ORIGINS_MAX];
	struct adopt_record *records;
	size_t capacity;
	struct adoption adoption;
	uint32_t numbers[CUSTOMER_ORIGINS_MAX];
};

static int compare_numbers(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
	return left < right ? -1 : left > right;
}

static int compare_records(const void *a, const void *b)
{
	const struct adopt_record *left = a, *right = b;
	return left->position < right->position ? -1 : left->position > right->position;
}

static uint32_t name_in(struct engine *to, struct text name)
{
	uint32_t number = 0;
	while (name.n && again(engine_name(to, name, &number)))
		;
	return number;
}

static void record_take(struct taken *taken, struct engine *to, const struct event *event)
{
	struct adopt_record record = {.position = event->position, .header = {
		.kind = event->header.kind, .flags = event->header.flags, .channel = event->header.channel, .time_ms = event->header.time_ms,
		.received_ms = event->header.received_ms, .purposes = event->header.purposes, .message_hash = event->header.message_hash,
		.name = name_in(to, event->name), .touchpoint = name_in(to, event->touchpoint), .source = name_in(to, event->source)}};
	record.payload = text_copy(&taken->arena, (struct text){(const char *)event->payload.p, event->payload.n});
	while (taken->numbers[record.history] != event->header.origin_number)
		record.history++;
	assert_int_equal(memory_grow(&taken->records, &taken->capacity, taken->adoption.records_n + 1, sizeof record), 0);
	taken->records[taken->adoption.records_n++] = record;
}

static void take(struct taken *taken, struct engine *from, struct engine *to, uint32_t origin)
{
	struct history history;
	struct event event;
	bool more = true;
	*taken = (struct taken){0};
	arena_init(&taken->arena, ARENA_BYTES);
	struct customer *customer = customer_lock_of(from, origin);
	for (uint32_t number = customer->origin_first; number; number = engine_origin(from, number)->next)
		taken->numbers[taken->adoption.histories_n++] = number;
	assert_int_equal(history_start(&history, from, customer, &taken->arena, HISTORY_EVENTS | HISTORY_DECISIONS), 0);
	customer_unlock(from, customer);
	qsort(taken->numbers, taken->adoption.histories_n, sizeof *taken->numbers, compare_numbers);
	for (size_t i = 0; i < taken->adoption.histories_n; i++)
		taken->ids[i] = engine_origin(from, taken->numbers[i])->id;
	while (history_next(&history, &event, &more) == 0 && more)
		record_take(taken, to, &event);
	qsort(taken->records, taken->adoption.records_n, sizeof *taken->records, compare_records);
	taken->adoption.names = taken->adoption.ids = taken->ids;
	taken->adoption.records = taken->records;
}

static void taken_free(struct taken *taken)
{
	memory_free(taken->records);
	arena_free(&taken->arena);
}

static struct digest digest_in(struct engine *engine, uint32_t origin)
{
	struct digest digest = {0};
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	arena_init(&arena, ARENA_BYTES);
	assert_int_equal(customer_digest(engine, origin, &arena, &digest), 0);
	assert_true(digest.states_agree);
	return digest;
}

static bool is_same(struct digest a, struct digest b)
{
	return a.records == b.records && memcmp(a.hash, b.hash, sizeof a.hash) == 0;
}

static int adopt(struct world *to, struct taken *taken, struct adopted *adopted)
{
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	arena_init(&arena, ARENA_BYTES);
	for (size_t i = 0; i < taken->adoption.records_n; i++)
		taken->records[i].here = 0;
	int error;
	do
		error = engine_adopt(to->engine, &taken->adoption, &arena, adopted);
	while (error == ERROR_BUSY && adopted->added == 0 && again(error));
	return error;
}

/* Every customer of a random world, into another world, in an order of its own. */
static void who_is_taken_in_is_the_same(void **state)
{
	(void)state;
	for (uint64_t run = 0, seed = seed_of(12); run < 4; run++) {
		struct world from, to;
		size_t customers = 0;
		world_start(&from, seed + run);
		world_start(&to, seed + 100 + run);
		for (int i = 0; i < 6 * STEPS; i++)
			step(&from);
		for (uint32_t origin = engine_origins(from.engine); origin > 0; origin--) {
			struct taken taken;
			struct adopted adopted, twice;
			struct adopt_found found;
			if (customer_number(&from, origin) != origin || engine_origin(from.engine, origin)->head == 0)
				continue;
			take(&taken, from.engine, to.engine, origin);
			engine_adopt_look(to.engine, &taken.adoption, &found);
			assert_true(found.histories == 0 && !found.is_other && !found.erased);
			assert_int_equal(adopt(&to, &taken, &adopted), 0);
			assert_int_equal(adopted.added + adopted.left_out, taken.adoption.records_n);
			struct digest there = digest_in(from.engine, origin), here = digest_in(to.engine, adopted.origin);
			assert_true(is_same(there, here));
			assert_int_equal(adopt(&to, &taken, &twice), 0);
			assert_true(twice.added == 0 && twice.already == adopted.added && twice.origin == adopted.origin);
			assert_true(is_same(here, digest_in(to.engine, adopted.origin)));
			taken_free(&taken);
			customers++;
		}
		assert_true(customers > 5);
		world_reopen(&to);
		assert_int_equal(house_compare(to.engine, &to.witness), customers);
		world_end(&from);
		world_end(&to);
	}
}

/* Memory ends at a random moment; doing it again, perhaps after a crash, finishes it. */
static void what_was_cut_short_is_finished(void **state)
{
	(void)state;
	uint64_t seed = seed_of(21);
	size_t cut = 0;
	for (uint64_t run = 0; run < 12; run++) {
		struct world from, to;
		struct taken taken;
		struct adopted adopted = {0};
		world_start(&from, seed + run);
		world_start(&to, seed + 50 + run);
		for (int i = 0; i < 3 * STEPS; i++)
			step(&from);
		uint32_t origin = customer_number(&from, 1);
		take(&taken, from.engine, to.engine, origin);
		struct digest there = digest_in(from.engine, origin);
		memory_fail_at(1 + random_below(&seed, (uint32_t)(2 * taken.adoption.records_n)));
		int error = adopt(&to, &taken, &adopted);
		memory_fail_at(0);
		cut += error != 0 && adopted.added > 0 && adopted.added < taken.adoption.records_n;
		if (run % 2)
			world_reopen(&to);
		uint64_t first = adopted.added;
		assert_int_equal(adopt(&to, &taken, &adopted), 0);
		assert_true(adopted.added + adopted.already + adopted.left_out == taken.adoption.records_n && adopted.already <= first);
		assert_true(is_same(there, digest_in(to.engine, adopted.origin)));
		taken_free(&taken);
		world_end(&from);
		world_end(&to);
	}
	assert_true(cut >= 3); /* Else nothing was tried. */
}

/* What a digest must not overlook. */
static void a_digest_tells_one_record_from_another(void **state)
{
	(void)state;
	struct world world;
	world_start(&world, 5);
	uint32_t origin = meet(&world, 0, 15);
	struct digest before = digest_in(world.engine, origin);
	assert_true(is_same(before, digest_in(world.engine, origin)));
	uint64_t wish = append(&world, origin, EVENT_PREFERENCE, 0);
	struct digest with = digest_in(world.engine, origin);
	append(&world, origin, EVENT_UNDO, wish);
	struct digest undone = digest_in(world.engine, origin);
	assert_true(!is_same(before, with) && !is_same(with, undone) && !is_same(before, undone));
	world_end(&world);
}

static uint64_t known_number(void *arg, uint64_t position)
{
	(void)arg;
	return position == 281474976710999 ? 12 : 0;
}

static void references_follow_and_nothing_else_does(void **state)
{
	(void)state;
	static const struct {
		enum event_kind kind;
		const char *before, *after;
	} cases[] = {
		{EVENT_UNDO, "{\"position\":281474976710999}", "{\"position\":12}"},
		{EVENT_UNDO, "{\"position\":281474976710000,\"n\":281474976710999}", "{\"position\":0,\"n\":281474976710999}"},
		{EVENT_RESPONSE, "{\"decision\":281474976710999,\"value\":{\"decision\":281474976710999}}", "{\"decision\":12,\"value\":{\"decision\":281474976710999}}"},
		{EVENT_RESPONSE, "{\"decision\":\"d123\",\"unknown\":true}", "{\"decision\":\"d123\",\"unknown\":true}"},
		{EVENT_REQUEST, "{\"act\":\"done\",\"request\":281474976710999,\"decision\":5}", "{\"act\":\"done\",\"request\":12,\"decision\":0}"},
		{EVENT_TRACK, "{\"properties\":{\"stars\":4,\"decision\":281474976710999},\"decision\":281474976710999}", "{\"properties\":{\"stars\":4,\"decision\":12},\"decision\":281474976710999}"},
		{EVENT_TRACK, "{\"properties\":{\"decision\":5,\"position\":281474976710999}}", "{\"properties\":{\"decision\":5,\"position\":281474976710999}}"},
		{EVENT_IDENTIFY, "{\"traits\":{\"position\":281474976710999}}", "{\"traits\":{\"position\":281474976710999}}"},
	};
	struct json_parser *parser = json_parser_new(1 << 16, 16);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buffer payload = BUFFER_INIT(1 << 16), out = BUFFER_INIT(1 << 16), json = BUFFER_INIT(1 << 16);
		struct json_writer writer = JSON_WRITER(&json);
		struct json root;
		assert_int_equal(json_parse(parser, text_of(cases[i].before), &root), 0);
		assert_int_equal(value_put_json(&payload, root, 16), 0);
		assert_int_equal(reference_renumber(&out, cases[i].kind, (struct value){(const uint8_t *)payload.p, payload.n}, known_number, NULL), 0);
		assert_true(value_check(buffer_view(&out)));
		value_write_json(&writer, (struct value){(const uint8_t *)out.p, out.n});
		assert_text_equal(buffer_view(&json), cases[i].after);
		buffer_free(&payload);
		buffer_free(&out);
		buffer_free(&json);
	}
	json_parser_free(parser);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_taken_in_is_the_same),
		cmocka_unit_test(what_was_cut_short_is_finished),
		cmocka_unit_test(a_digest_tells_one_record_from_another),
		cmocka_unit_test(references_follow_and_nothing_else_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
