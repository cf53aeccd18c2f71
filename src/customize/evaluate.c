/* evaluate.c: replays logs of choices, predicting before learning. */
#include "customize/evaluate.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { TOP_N = 5, PROGRESS_EVERY = 4096 };

static bool is_in_half(uint32_t customer, enum evaluate_half half)
{
	return half == EVALUATE_ALL || (customer % 2 == 0) == (half == EVALUATE_EVEN);
}

static void report_progress(const struct evaluate_settings *settings, uint64_t done)
{
	if (settings->progress && done % PROGRESS_EVERY == 0)
		settings->progress(settings->progress_context, done);
}

/* The choices of the customer that starts at @from end before the returned index. */
static size_t end_of(const struct choices *choices, size_t from)
{
	size_t to = from;
	while (to < choices->n && choices->items[to].customer == choices->items[from].customer)
		to++;
	return to;
}

/* Room for one customer's replay as a menu, allocated once. */
struct replay {
	const struct evaluate_settings *settings;
	const struct next_pace *next_pace;
	const struct menu_pace *menu_pace;
	size_t options_n;
	uint64_t *popularity;     /* Of all customers, by option. */
	struct popular {
		uint64_t uses;
		uint16_t option;
	} *others;                /* Sorted: most popular first. */
	uint16_t *order;
	double *scores;
	bool *in_home;
	struct next *next;
	struct menu *menu;
};

static void replay_free(struct replay *replay)
{
	memory_free(replay->popularity);
	memory_free(replay->others);
	memory_free(replay->order);
	memory_free(replay->scores);
	memory_free(replay->in_home);
	memory_free(replay->next);
	memory_free(replay->menu);
}

static int replay_alloc(struct replay *replay, const struct choices *choices, const struct evaluate_settings *settings)
{
	size_t n = choices_options(choices);
	*replay = (struct replay){
		.settings = settings,
		.next_pace = settings->next_pace ? settings->next_pace : &next_pace_default,
		.menu_pace = settings->menu_pace ? settings->menu_pace : choices->has_times ? &menu_pace_days : &menu_pace_events,
		.options_n = n,
		.popularity = memory_zero_alloc(n, sizeof *replay->popularity),
		.others = memory_zero_alloc(n, sizeof *replay->others),
		.order = memory_zero_alloc(n, sizeof *replay->order),
		.scores = memory_zero_alloc(n, sizeof *replay->scores),
		.in_home = memory_zero_alloc(n, sizeof *replay->in_home),
		.next = memory_alloc(EVALUATE_NEXT_BYTES),
		.menu = memory_alloc(sizeof *replay->menu + (n + 1) * sizeof(struct menu_record)),
	};
	for (size_t i = 0; i < choices->n && replay->popularity; i++)
		replay->popularity[choices->items[i].option]++;
	return replay->popularity && replay->others && replay->order && replay->scores && replay->in_home && replay->next &&
	         replay->menu ? 0 : ERROR_MEMORY;
}

static int compare_popular(const void *a, const void *b)
{
	const struct popular *x = a, *y = b;
	if (x->uses != y->uses)
		return x->uses > y->uses ? -1 : 1;
	return x->option < y->option ? -1 : x->option > y->option;
}

/* The canonical order of one customer's menu: how often the others chose each option. */
static void order_by_others(struct replay *replay, const struct choice *own, size_t n)
{
	for (size_t i = 0; i < replay->options_n; i++)
		replay->others[i] = (struct popular){replay->popularity[i], (uint16_t)i};
	for (size_t i = 0; i < n; i++)
		replay->others[own[i].option].uses--;
	qsort(replay->others, replay->options_n, sizeof *replay->others, compare_popular);
	for (size_t i = 0; i < replay->options_n; i++)
		replay->order[i] = replay->others[i].option;
}

static bool is_among(const uint16_t *options, size_t n, uint16_t option)
{
	for (size_t i = 0; i < n; i++)
		if (options[i] == option)
			return true;
	return false;
}

/* The move that is due, made, as for a customer who said: do it. Returns how many home slots changed. */
static uint64_t make_due_move(struct replay *replay, const struct menu_surface *surface, int64_t now_ms)
{
	struct menu_proposal proposal;
	struct menu before = *replay->menu;
	uint64_t changed = 0;
	if (!menu_propose(replay->menu, surface, replay->menu_pace, now_ms, &proposal))
		return 0;
	struct menu_op op = {
		.kind = proposal.move == MENU_MOVE_PROMOTE ? MENU_OP_PROMOTE : MENU_OP_DEMOTE,
		.time_ms = now_ms,
		.option = proposal.option,
		.over = proposal.over,
	};
	int error = menu_apply_op(replay->menu, surface, replay->menu_pace, &op);
	assert(error == 0);
	for (size_t slot = 0; slot < before.home_n; slot++)
		changed += before.home[slot] != replay->menu->home[slot];
	return changed;
}

static void score_choice(struct replay *replay, uint16_t chosen, struct evaluate_menu *result)
{
	uint16_t best[TOP_N], suggested[EVALUATE_SUGGESTIONS_MAX];
	const struct menu *menu = replay->menu;
	next_score(replay->next, replay->next_pace, replay->scores, replay->options_n);
	size_t n = next_best(replay->scores, replay->options_n, NULL, best, TOP_N);
	for (size_t slot = 0; slot < menu->home_n; slot++)
		if (menu->home[slot] != MENU_NONE)
			replay->in_home[menu->home[slot]] = true;
	size_t suggested_n = next_best(replay->scores, replay->options_n, replay->in_home, suggested,
	                               replay->settings->suggestions);
	bool in_home = replay->in_home[chosen];
	for (size_t slot = 0; slot < menu->home_n; slot++)
		if (menu->home[slot] != MENU_NONE)
			replay->in_home[menu->home[slot]] = false;
	result->events++;
	result->top1 += n > 0 && best[0] == chosen;
	result->top5 += is_among(best, n, chosen);
	result->in_home += in_home;
	result->in_view += in_home || is_among(suggested, suggested_n, chosen);
}

static void replay_menu(struct replay *replay, const struct choice *own, size_t n, bool has_times, struct evaluate_menu *result)
{
	struct menu_surface surface = {.options_n = (uint16_t)replay->options_n, .home_n = (uint16_t)replay->settings->slots,
	                               .order = replay->order};
	order_by_others(replay, own, n);
	next_init(replay->next);
	menu_init(replay->menu, &surface);
	for (size_t i = 0; i < n; i++) {
		int64_t now_ms = has_times ? own[i].context.time_ms : (int64_t)i + 1;
		menu_view(replay->menu, &surface, replay->menu_pace, now_ms);
		score_choice(replay, own[i].option, result);
		next_learn(replay->next, replay->next_pace, own[i].option, EVALUATE_NEXT_BYTES);
		menu_learn(replay->menu, &surface, replay->menu_pace, (struct menu_use){.time_ms = now_ms, .option = own[i].option});
		result->changes += make_due_move(replay, &surface, now_ms);
		report_progress(replay->settings, result->events);
	}
}

int evaluate_menu(struct evaluate_menu *result, const struct choices *choices, const struct evaluate_settings *settings)
{
	assert(choices->sorted && settings->suggestions <= EVALUATE_SUGGESTIONS_MAX);
	struct evaluate_menu counts = {0};
	struct replay replay;
	int error = replay_alloc(&replay, choices, settings);
	for (size_t from = 0, to; error == 0 && from < choices->n; from = to) {
		to = end_of(choices, from);
		if (!is_in_half(choices->items[from].customer, settings->half))
			continue;
		replay_menu(&replay, choices->items + from, to - from, choices->has_times, &counts);
		counts.customers++;
	}
	replay_free(&replay);
	if (error == 0)
		*result = counts;
	return error;
}

static void replay_usual(const struct evaluate_settings *settings, const struct choice *own, size_t n, struct usual *state,
                         struct evaluate_usual *result)
{
	const struct usual_pace *pace = settings->usual_pace ? settings->usual_pace : &usual_pace_default;
	usual_init(state);
	for (size_t i = 0; i < n; i++) {
		struct usual_guess guess;
		usual_guess(state, pace, &own[i].context, &guess);
		if (i >= EVALUATE_USES_BEFORE) {
			bool top = guess.n > 0 && text_equal(guess.choices[0].value, own[i].value);
			result->events++;
			result->top1 += top;
			result->offered += guess.has_guess;
			result->right += guess.has_guess && top && text_equal(guess.choices[0].with, own[i].with);
		}
		usual_learn(state, pace, &(struct usual_use){.context = own[i].context, .value = own[i].value, .with = own[i].with});
		report_progress(settings, result->events);
	}
}

int evaluate_usual(struct evaluate_usual *result, const struct choices *choices, const struct evaluate_settings *settings)
{
	assert(choices->sorted);
	struct evaluate_usual counts = {0};
	struct usual *state = memory_alloc(USUAL_BYTES_MAX);
	if (!state)
		return ERROR_MEMORY;
	for (size_t from = 0, to; from < choices->n; from = to) {
		to = end_of(choices, from);
		if (!is_in_half(choices->items[from].customer, settings->half))
			continue;
		replay_usual(settings, choices->items + from, to - from, state, &counts);
		counts.customers++;
	}
	memory_free(state);
	*result = counts;
	return 0;
}
