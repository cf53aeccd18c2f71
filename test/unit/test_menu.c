/* test_menu.c: a menu moves little, only as its owner chose, and every move can be left out again. */
#include "unit.h"

#include "base/clock.h"
#include "customize/menu.h"
#include "customize/next.h"
#include "random.h"

#include <stdio.h>
#include <string.h>

enum { SEED = 20260505, OPTIONS = 9, HOME = 4 };
enum { BALANCE, TRANSFER, PAY_BILL, CARDS, SAVINGS, SHARE_PRICES, LOANS, STATEMENTS, SUPPORT };

static const struct text names[OPTIONS] = {
	{"balance", 7}, {"transfer", 8}, {"pay bill", 8}, {"cards", 5}, {"savings", 7}, {"share prices", 12}, {"loans", 5},
	{"statements", 10}, {"support", 7},
};
static const struct menu_pace *const pace = &menu_pace_days;
static const struct menu_surface plain = {.options_n = OPTIONS, .home_n = HOME};
static const bool support_always[OPTIONS] = {[SUPPORT] = true};
static const struct menu_surface with_support = {.options_n = OPTIONS, .home_n = HOME, .always = support_always};
static const int64_t start_ms = 1777766400000;

union block {
	struct menu menu;
	unsigned char bytes[MENU_BYTES_MAX];
};

static int64_t on_day(int64_t day)
{
	return start_ms + day * MS_A_DAY;
}

static void use(union block *block, uint16_t option, int64_t day)
{
	menu_view(&block->menu, &plain, pace, on_day(day));
	menu_learn(&block->menu, &plain, pace, (struct menu_use){.time_ms = on_day(day), .option = option});
}

static bool propose(const union block *block, int64_t day, struct menu_proposal *proposal)
{
	return menu_propose(&block->menu, &plain, pace, on_day(day), proposal);
}

static int apply(union block *block, struct menu_op op)
{
	return menu_apply_op(&block->menu, &plain, pace, &op);
}

/* All four home options are used but loans were put there long ago; share prices, under More, are used a lot. */
static void share_prices_fan(union block *block)
{
	menu_init(&block->menu, &plain);
	for (int64_t day = 0; day < 28; day++) {
		use(block, BALANCE, day);
		use(block, TRANSFER, day);
		use(block, CARDS, day);
		if (day >= 14)
			use(block, SHARE_PRICES, day);
	}
}

static void menu_proposes_the_much_used_option_for_the_weakest_slot(void **state)
{
	(void)state;
	union block block;
	struct menu_proposal proposal;
	struct buffer sentence = BUFFER_INIT(1000);
	share_prices_fan(&block);
	assert_true(propose(&block, 28, &proposal));
	assert_int_equal(proposal.move, MENU_MOVE_PROMOTE);
	assert_int_equal(proposal.option, SHARE_PRICES);
	assert_int_equal(proposal.over, PAY_BILL);
	assert_int_equal(proposal.slot, 2);
	menu_sentence(&sentence, &proposal, pace, names);
	assert_text_equal(buffer_view(&sentence), "You used share prices 14 times in 30 days; pay bill 0 times in 30 days.");
	buffer_free(&sentence);
}

static void a_promoted_option_takes_one_slot_and_all_others_stay(void **state)
{
	(void)state;
	union block block;
	struct menu_layout before, after;
	share_prices_fan(&block);
	menu_layout_of(&before, &block.menu, &plain);
	struct menu_op op = {.kind = MENU_OP_PROMOTE, .time_ms = on_day(28), .option = SHARE_PRICES, .over = PAY_BILL};
	assert_int_equal(apply(&block, op), 0);
	menu_layout_of(&after, &block.menu, &plain);
	for (int slot = 0; slot < HOME; slot++)
		assert_int_equal(after.home[slot], slot == 2 ? SHARE_PRICES : before.home[slot]);
	assert_int_equal(after.more[0], PAY_BILL);
	assert_int_equal(after.more_n, OPTIONS - HOME);
	assert_int_equal(apply(&block, op), ERROR_CONFLICT);
}

static void menu_moves_unused_options_off_the_main_menu(void **state)
{
	(void)state;
	union block block;
	struct menu_proposal proposal;
	struct buffer sentence = BUFFER_INIT(1000);
	menu_init(&block.menu, &plain);
	for (int64_t day = 0; day < 59; day++)
		use(&block, (uint16_t)(day % 3), day);
	assert_false(propose(&block, 59, &proposal)); /* Shown for less than 60 days. */
	assert_true(propose(&block, 120, &proposal));
	assert_int_equal(proposal.move, MENU_MOVE_DEMOTE);
	assert_int_equal(proposal.option, CARDS);
	menu_sentence(&sentence, &proposal, pace, names);
	assert_text_equal(buffer_view(&sentence), "You used cards 0 times in 120 days.");
	buffer_free(&sentence);

	struct menu_layout layout;
	assert_int_equal(apply(&block, (struct menu_op){.kind = MENU_OP_DEMOTE, .time_ms = on_day(120), .option = CARDS}), 0);
	menu_layout_of(&layout, &block.menu, &plain);
	assert_int_equal(layout.home[3], MENU_NONE);
	assert_int_equal(layout.home[2], PAY_BILL);
	assert_int_equal(layout.more[0], CARDS); /* At its canonical place, findable. */
	assert_int_equal(apply(&block, (struct menu_op){.kind = MENU_OP_BRING_BACK, .time_ms = on_day(121), .by_customer = true, .option = CARDS}), 0);
	menu_layout_of(&layout, &block.menu, &plain);
	assert_int_equal(layout.home[3], CARDS);
}

static void a_rarely_seen_option_gets_its_fair_try(void **state)
{
	(void)state;
	union block block;
	struct menu_proposal proposal;
	menu_init(&block.menu, &plain);
	for (int64_t day = 0; day < 19; day++)
		use(&block, BALANCE, day * 10);
	assert_false(propose(&block, 190, &proposal)); /* 190 days, but 19 views. */
	use(&block, BALANCE, 191);
	assert_true(propose(&block, 191, &proposal));
}

static void two_uses_or_a_close_race_move_nothing(void **state)
{
	(void)state;
	union block block;
	struct menu_proposal proposal;
	menu_init(&block.menu, &plain);
	use(&block, SAVINGS, 0);
	use(&block, SAVINGS, 0);
	assert_false(propose(&block, 0, &proposal));
	for (int i = 0; i < 4; i++)
		for (uint16_t option = BALANCE; option <= SAVINGS; option++)
			use(&block, option, 1);
	assert_false(propose(&block, 1, &proposal));
}

static void a_moved_slot_rests_and_the_budget_is_two_a_week(void **state)
{
	(void)state;
	union block block;
	struct menu_proposal proposal;
	menu_init(&block.menu, &plain);
	for (uint16_t option = SAVINGS; option < OPTIONS; option++)
		for (int i = 0; i < 6; i++)
			use(&block, option, 0);
	for (int moves = 0; moves < 2; moves++) {
		assert_true(propose(&block, 0, &proposal));
		struct menu_op op = {.kind = MENU_OP_PROMOTE, .time_ms = on_day(0), .option = proposal.option, .over = proposal.over};
		assert_int_equal(apply(&block, op), 0);
	}
	assert_false(propose(&block, 6, &proposal));
	assert_true(propose(&block, 7, &proposal));
	assert_in_range(proposal.over, BALANCE, TRANSFER); /* Not the slots that moved a week ago. */
}

static void a_no_rests_ninety_days_doubles_and_three_are_final(void **state)
{
	(void)state;
	union block block;
	struct menu_proposal proposal;
	int64_t day = 0, rests[] = {90, 180};
	menu_init(&block.menu, &plain);
	for (int no = 0; no < 3; no++) {
		for (int i = 0; i < 8; i++)
			menu_learn(&block.menu, &plain, pace, (struct menu_use){.time_ms = on_day(day), .option = SHARE_PRICES});
		assert_true(propose(&block, day, &proposal));
		assert_int_equal(apply(&block, (struct menu_op){.kind = MENU_OP_DECLINE, .time_ms = on_day(day), .option = SHARE_PRICES}), 0);
		assert_false(propose(&block, day, &proposal));
		if (no == 2)
			break;
		for (int i = 0; i < 40; i++)
			menu_learn(&block.menu, &plain, pace, (struct menu_use){.time_ms = on_day(day), .option = SHARE_PRICES});
		assert_false(propose(&block, day + rests[no] - 1, &proposal));
		day += rests[no];
	}
	for (int i = 0; i < 100; i++)
		menu_learn(&block.menu, &plain, pace, (struct menu_use){.time_ms = on_day(day + 3000), .option = SHARE_PRICES});
	assert_false(propose(&block, day + 3000, &proposal));
}

static void pins_and_what_is_always_shown_never_move(void **state)
{
	(void)state;
	union block block;
	struct menu_layout layout;
	menu_init(&block.menu, &with_support);
	menu_layout_of(&layout, &block.menu, &with_support);
	assert_int_equal(layout.home[3], SUPPORT);
	struct menu_op pin = {.kind = MENU_OP_PIN, .time_ms = on_day(0), .by_customer = true, .option = LOANS, .slot = 0};
	assert_int_equal(menu_apply_op(&block.menu, &with_support, pace, &pin), 0);
	for (int i = 0; i < 200; i++) {
		struct menu_proposal proposal;
		menu_view(&block.menu, &with_support, pace, on_day(i));
		menu_learn(&block.menu, &with_support, pace, (struct menu_use){.time_ms = on_day(i), .option = (uint16_t)(SAVINGS + i / 50)});
		if (!menu_propose(&block.menu, &with_support, pace, on_day(i), &proposal))
			continue;
		struct menu_op op = {.kind = proposal.move == MENU_MOVE_PROMOTE ? MENU_OP_PROMOTE : MENU_OP_DEMOTE, .time_ms = on_day(i),
		                     .option = proposal.option, .over = proposal.over};
		assert_int_equal(menu_apply_op(&block.menu, &with_support, pace, &op), 0);
	}
	menu_layout_of(&layout, &block.menu, &with_support);
	assert_int_equal(layout.home[0], LOANS);
	assert_int_equal(layout.home[3], SUPPORT);
	assert_true(layout.home[1] != TRANSFER || layout.home[2] != PAY_BILL); /* The others did move. */
	struct menu_op refused[] = {
		{.kind = MENU_OP_DEMOTE, .option = LOANS}, {.kind = MENU_OP_DEMOTE, .option = SUPPORT},
		{.kind = MENU_OP_PROMOTE, .option = CARDS, .over = SUPPORT}, {.kind = MENU_OP_PIN, .option = CARDS, .slot = 3},
		{.kind = MENU_OP_SET_ORDER, .order = {BALANCE, TRANSFER, CARDS, LOANS}, .order_n = 4},
	};
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		refused[i].time_ms = on_day(300);
		assert_int_equal(menu_apply_op(&block.menu, &with_support, pace, &refused[i]), ERROR_CONFLICT);
	}
}

/* A year of hard use of everything else, each proposal applied as in mode "do it"; the moves made. */
static int a_year_of_moves(union block *block, int64_t from_day)
{
	int moves = 0;
	for (int i = 0; i < 360; i++) {
		struct menu_proposal proposal;
		int64_t day = from_day + i;
		menu_view(&block->menu, &plain, pace, on_day(day));
		for (int times = 0; times < 5; times++)
			menu_learn(&block->menu, &plain, pace, (struct menu_use){.time_ms = on_day(day), .option = (uint16_t)(SAVINGS + i / 60 % 4)});
		if (!propose(block, day, &proposal))
			continue;
		assert_int_equal(apply(block, (struct menu_op){.kind = proposal.move == MENU_MOVE_PROMOTE ? MENU_OP_PROMOTE : MENU_OP_DEMOTE,
		                                               .time_ms = on_day(day), .option = proposal.option, .over = proposal.over}), 0);
		moves++;
	}
	return moves;
}

static void what_a_hand_put_somewhere_stays_there_until_the_hand_lets_go(void **state)
{
	(void)state;
	union block block;
	struct menu_layout layout;
	struct menu_op cards_first = {.kind = MENU_OP_SET_ORDER, .time_ms = on_day(0), .by_customer = true, .stated_n = 1,
	                              .order = {CARDS, BALANCE, TRANSFER, PAY_BILL}, .order_n = HOME};
	for (int by_hand = 0; by_hand < 2; by_hand++) {
		menu_init(&block.menu, &plain);
		assert_int_equal(apply(&block, (struct menu_op){.kind = MENU_OP_SET_MODE, .mode = MENU_DO, .time_ms = on_day(0)}), 0);
		cards_first.stated_n = (uint16_t)by_hand;
		assert_int_equal(apply(&block, cards_first), 0);
		assert_true(a_year_of_moves(&block, 1) >= 3);
		menu_layout_of(&layout, &block.menu, &plain);
		assert_int_equal(layout.pinned, by_hand);
		assert_true((layout.home[0] == CARDS) == by_hand); /* Without the pin learning takes the unused tile away. */
	}
	/* A later order keeps it pinned where it goes, and its owner may take it off home. */
	struct menu_op transfer_first = {.kind = MENU_OP_SET_ORDER, .time_ms = on_day(400), .by_customer = true, .stated_n = 1,
	                                 .order = {TRANSFER, CARDS, BALANCE, LOANS}, .order_n = HOME};
	assert_int_equal(apply(&block, transfer_first), 0);
	menu_layout_of(&layout, &block.menu, &plain);
	assert_int_equal(layout.pinned, 3);
	struct menu_op off = {.kind = MENU_OP_DEMOTE, .option = CARDS, .time_ms = on_day(401)};
	assert_int_equal(apply(&block, off), ERROR_CONFLICT);
	off.by_customer = true;
	assert_int_equal(apply(&block, off), 0);
	menu_layout_of(&layout, &block.menu, &plain);
	assert_int_equal(layout.pinned, 1);
	assert_int_equal(layout.home[1], MENU_NONE);
	transfer_first.stated_n = HOME + 1;
	assert_int_equal(apply(&block, transfer_first), ERROR_INVALID);
}

static void a_menu_whose_owner_said_no_is_left_alone(void **state)
{
	(void)state;
	union block block;
	struct menu_proposal proposal;
	share_prices_fan(&block);
	assert_int_equal(block.menu.mode, MENU_UNASKED);
	assert_int_equal(apply(&block, (struct menu_op){.kind = MENU_OP_SET_MODE, .mode = MENU_NO, .time_ms = on_day(28)}), 0);
	assert_false(propose(&block, 28, &proposal));
	assert_int_equal(apply(&block, (struct menu_op){.kind = MENU_OP_SET_MODE, .mode = MENU_ASK, .time_ms = on_day(28)}), 0);
	assert_true(propose(&block, 28, &proposal));
}

static void suggested_uses_count_half(void **state)
{
	(void)state;
	union block block;
	struct menu_proposal proposal;
	menu_init(&block.menu, &plain);
	for (int i = 0; i < 5; i++)
		menu_learn(&block.menu, &plain, pace, (struct menu_use){.time_ms = on_day(0), .option = LOANS, .suggested = true});
	assert_false(propose(&block, 0, &proposal));
	menu_learn(&block.menu, &plain, pace, (struct menu_use){.time_ms = on_day(0), .option = LOANS, .suggested = true});
	assert_true(propose(&block, 0, &proposal));
}

/* One thing that happened to a menu, as the engine would record it. */
struct happening {
	bool is_op;
	uint16_t used;
	struct menu_op op;
};

static struct happening random_happening(uint64_t *seed, int64_t day)
{
	struct happening it = {.is_op = random_below(seed, 3) == 0, .used = (uint16_t)random_below(seed, OPTIONS)};
	it.op = (struct menu_op){
		.kind = (enum menu_op_kind)random_below(seed, MENU_OP_DECLINE + 1),
		.mode = (enum menu_mode)random_below(seed, 5),
		.time_ms = on_day(day),
		.by_customer = random_below(seed, 2),
		.option = (uint16_t)random_below(seed, OPTIONS + 1),
		.over = (uint16_t)(random_below(seed, 4) ? random_below(seed, OPTIONS + 1) : MENU_NONE),
		.slot = (uint16_t)random_below(seed, HOME + 1),
		.order_n = (uint16_t)(random_below(seed, 8) ? HOME : random_below(seed, HOME + 2)),
	};
	it.op.stated_n = (uint16_t)random_below(seed, HOME + 2);
	for (int slot = 0; slot < HOME; slot++)
		it.op.order[slot] = (uint16_t)((it.op.option + slot * (1 + random_below(seed, 2))) % OPTIONS);
	return it;
}

static void replay(union block *block, const struct happening *all, size_t n, size_t left_out)
{
	memset(block, 0, sizeof *block);
	menu_init(&block->menu, &with_support);
	for (size_t i = 0; i < n; i++) {
		if (i == left_out)
			continue;
		if (!all[i].is_op) {
			menu_view(&block->menu, &with_support, pace, all[i].op.time_ms);
			menu_learn(&block->menu, &with_support, pace, (struct menu_use){.time_ms = all[i].op.time_ms, .option = all[i].used});
			continue;
		}
		union block before = *block;
		if (menu_apply_op(&block->menu, &with_support, pace, &all[i].op) != 0)
			assert_memory_equal(&before, block, sizeof before);
	}
}

static void assert_sound(const union block *block)
{
	struct menu_layout layout;
	unsigned seen[OPTIONS] = {0};
	assert_true(menu_bytes(&block->menu) <= MENU_BYTES_MAX);
	menu_layout_of(&layout, &block->menu, &with_support);
	for (int slot = 0; slot < layout.home_n; slot++)
		if (layout.home[slot] != MENU_NONE)
			seen[layout.home[slot]]++;
	assert_int_equal(seen[SUPPORT], 1);
	for (int i = 0; i < layout.more_n; i++)
		seen[layout.more[i]]++;
	for (int option = 0; option < OPTIONS; option++)
		assert_int_equal(seen[option], 1); /* Nothing disappears, nothing is there twice. */
}

static void undo_by_leaving_an_operation_out_gives_the_same_bytes(void **state)
{
	(void)state;
	enum { N = 200 };
	static struct happening all[N];
	printf("seed %d\n", SEED);
	uint64_t seed = SEED;
	for (int round = 0; round < 30; round++) {
		union block with, without, never;
		size_t undone = 50 + random_below(&seed, 100);
		for (size_t i = 0; i < N; i++)
			all[i] = random_happening(&seed, (int64_t)i);
		all[undone].is_op = true;
		replay(&with, all, N, SIZE_MAX);
		assert_sound(&with);
		replay(&without, all, N, undone);
		assert_sound(&without);
		memmove(&all[undone], &all[undone + 1], (N - undone - 1) * sizeof *all);
		replay(&never, all, N - 1, SIZE_MAX);
		assert_memory_equal(&without, &never, sizeof never);
	}
}

static void the_largest_menu_fits_and_ten_options_take_some_hundred_bytes(void **state)
{
	(void)state;
	static const struct menu_surface largest = {.options_n = MENU_OPTIONS_MAX, .home_n = MENU_HOME_MAX};
	union block *block = test_malloc(sizeof *block);
	uint64_t seed = SEED;
	menu_init(&block->menu, &largest);
	for (int i = 0; i < 3000; i++) {
		menu_view(&block->menu, &largest, pace, on_day(i));
		menu_learn(&block->menu, &largest, pace, (struct menu_use){.time_ms = on_day(i), .option = (uint16_t)random_below(&seed, MENU_OPTIONS_MAX)});
		assert_true(menu_bytes(&block->menu) <= MENU_BYTES_MAX);
	}
	printf("%zu bytes of at most %d\n", menu_bytes(&block->menu), MENU_BYTES_MAX);
	assert_true(MENU_BYTES_MAX + NEXT_BYTES_MAX <= 4096);
	share_prices_fan(block);
	assert_true(menu_bytes(&block->menu) <= 512);
	test_free(block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(menu_proposes_the_much_used_option_for_the_weakest_slot),
		cmocka_unit_test(a_promoted_option_takes_one_slot_and_all_others_stay),
		cmocka_unit_test(menu_moves_unused_options_off_the_main_menu),
		cmocka_unit_test(a_rarely_seen_option_gets_its_fair_try),
		cmocka_unit_test(two_uses_or_a_close_race_move_nothing),
		cmocka_unit_test(a_moved_slot_rests_and_the_budget_is_two_a_week),
		cmocka_unit_test(a_no_rests_ninety_days_doubles_and_three_are_final),
		cmocka_unit_test(pins_and_what_is_always_shown_never_move),
		cmocka_unit_test(what_a_hand_put_somewhere_stays_there_until_the_hand_lets_go),
		cmocka_unit_test(a_menu_whose_owner_said_no_is_left_alone),
		cmocka_unit_test(suggested_uses_count_half),
		cmocka_unit_test(undo_by_leaving_an_operation_out_gives_the_same_bytes),
		cmocka_unit_test(the_largest_menu_fits_and_ten_options_take_some_hundred_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
