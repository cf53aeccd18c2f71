/* menu.c: fading counts of use, and moves with hysteresis. */
#include "customize/menu.h"

#include "base/clock.h"
#include "customize/decay.h"

#include <assert.h>
#include <string.h>

enum { USE_ONE = 4096, MINUTES_A_DAY = 24 * 60 };
_Static_assert(sizeof(struct menu_record) == 32, "MENU_GROWTH_BYTES counts 32 bytes an option");
_Static_assert(sizeof(struct menu) + MENU_OPTIONS_MAX * sizeof(struct menu_record) <= MENU_BYTES_MAX, "a full menu fits");

const struct menu_pace menu_pace_days = {
	.unit_ms = MS_A_MINUTE,
	.half_life_now = 7 * MINUTES_A_DAY,
	.half_life_habit = 90 * MINUTES_A_DAY,
	.dwell = 14 * MINUTES_A_DAY,
	.budget_window = 7 * MINUTES_A_DAY,
	.budget_moves = 2,
	.decline_rest = 90 * MINUTES_A_DAY,
	.demote_rest = 60 * MINUTES_A_DAY,
	.demote_views = 20,
	.window = 30 * MINUTES_A_DAY,
	.promote_least = 3,
	.promote_ratio = 1.5,
	.promote_lead = 1,
	.demote_below = 0.1,
};

const struct menu_pace menu_pace_events = {
	.unit_ms = 1,
	.half_life_now = 150,
	.half_life_habit = 300,
	.dwell = 200,
	.budget_window = 100,
	.budget_moves = 2,
	.decline_rest = 1300,
	.demote_rest = 1000,
	.demote_views = 20,
	.window = 300,
	.promote_least = 3,
	.promote_ratio = 1.5,
	.promote_lead = 1,
	.demote_below = 0.1,
};

static bool is_always(const struct menu_surface *surface, uint16_t option)
{
	return surface->always && option != MENU_NONE && surface->always[option];
}

static uint16_t canonical(const struct menu_surface *surface, size_t place)
{
	return surface->order ? surface->order[place] : (uint16_t)place;
}

void menu_init(struct menu *state, const struct menu_surface *surface)
{
	assert(surface->home_n >= 1 && surface->home_n <= MENU_HOME_MAX);
	memset(state, 0, sizeof *state);
	state->bytes = sizeof *state;
	state->home_n = surface->home_n;
	for (size_t i = 0; i < MENU_HOME_MAX; i++)
		state->home[i] = MENU_NONE;
	size_t always_left = 0, slot = 0;
	for (size_t i = 0; i < surface->options_n; i++)
		always_left += is_always(surface, (uint16_t)i);
	for (size_t i = 0; i < surface->options_n && slot < state->home_n; i++) {
		uint16_t option = canonical(surface, i);
		bool always = is_always(surface, option);
		if (!always && state->home_n - slot <= always_left)
			continue;
		state->home[slot++] = option;
		always_left -= always;
	}
}

static uint32_t units_of(const struct menu_pace *pace, int64_t time_ms)
{
	int64_t units = time_ms / pace->unit_ms;
	return units < 0 ? 0 : units > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)units;
}

/* Now in units, never before the newest time seen. */
static uint32_t now_of(const struct menu *state, const struct menu_pace *pace, int64_t time_ms)
{
	uint32_t units = units_of(pace, time_ms);
	return units > state->clock ? units : state->clock;
}

static const struct menu_record *record_of(const struct menu *state, uint16_t option)
{
	for (size_t i = 0; i < state->n; i++)
		if (state->records[i].option == option)
			return &state->records[i];
	return NULL;
}

static struct menu_record *record_made(struct menu *state, uint16_t option)
{
	for (size_t i = 0; i < state->n; i++)
		if (state->records[i].option == option)
			return &state->records[i];
	struct menu_record *record = &state->records[state->n++];
	*record = (struct menu_record){.option = option};
	state->bytes += (uint32_t)sizeof *record;
	return record;
}

static uint32_t part_length(const struct menu_pace *pace)
{
	return pace->window / MENU_PARTS ? pace->window / MENU_PARTS : 1;
}

/* Bring the state to @time_ms: fade the counts, move the window on. */
static uint32_t advance(struct menu *state, const struct menu_pace *pace, int64_t time_ms)
{
	uint32_t now = now_of(state, pace, time_ms), part = now / part_length(pace);
	if (state->n == 0) {
		state->origin_now = state->origin_habit = now;
		state->part = part;
	}
	uint32_t fade_now = decay_halvings(now - state->origin_now, pace->half_life_now);
	uint32_t fade_habit = decay_halvings(now - state->origin_habit, pace->half_life_habit), shift = part - state->part;
	state->origin_now += fade_now * pace->half_life_now;
	state->origin_habit += fade_habit * pace->half_life_habit;
	state->part = part;
	state->clock = now;
	if (fade_now + fade_habit + shift == 0)
		return now;
	for (size_t i = 0; i < state->n; i++) {
		struct menu_record *record = &state->records[i];
		record->now = decay_halved(record->now, fade_now);
		record->habit = decay_halved(record->habit, fade_habit);
		for (size_t p = MENU_PARTS; p-- > 0;)
			record->parts[p] = p >= shift ? record->parts[p - shift] : 0;
	}
	return now;
}

/* The fading count of uses, 0 without a record: half what is used now, half what is the habit. */
static double use_of(const struct menu *state, const struct menu_pace *pace, const struct menu_record *record, uint32_t now)
{
	if (!record)
		return 0;
	return (decay_count(record->now, USE_ONE, now - state->origin_now, pace->half_life_now) +
	        decay_count(record->habit, USE_ONE, now - state->origin_habit, pace->half_life_habit)) / 2;
}

static uint32_t weight_of(uint32_t elapsed, uint32_t half_life, bool suggested)
{
	uint32_t weight = decay_weight(elapsed, half_life) / (65536 / (USE_ONE / DECAY_ONE));
	return suggested ? weight / 2 : weight;
}

void menu_learn(struct menu *state, const struct menu_surface *surface, const struct menu_pace *pace, struct menu_use use)
{
	assert(use.option < surface->options_n);
	uint32_t now = advance(state, pace, use.time_ms);
	struct menu_record *record = record_made(state, use.option);
	uint32_t add_now = weight_of(now - state->origin_now, pace->half_life_now, use.suggested);
	uint32_t add_habit = weight_of(now - state->origin_habit, pace->half_life_habit, use.suggested);
	if (__builtin_add_overflow(record->now, add_now, &record->now))
		record->now = UINT32_MAX;
	if (__builtin_add_overflow(record->habit, add_habit, &record->habit))
		record->habit = UINT32_MAX;
	record->last_used = now;
	record->views = 0;
	record->parts[0] = (uint8_t)(record->parts[0] + (record->parts[0] < UINT8_MAX));
}

void menu_view(struct menu *state, const struct menu_surface *surface, const struct menu_pace *pace, int64_t time_ms)
{
	assert(state->home_n == surface->home_n);
	uint32_t now = advance(state, pace, time_ms);
	for (size_t slot = 0; slot < state->home_n; slot++) {
		if (state->home[slot] == MENU_NONE)
			continue;
		struct menu_record *record = record_made(state, state->home[slot]);
		record->views = (uint16_t)(record->views + (record->views < UINT16_MAX));
		if (!record->first_shown)
			record->first_shown = now ? now : 1;
	}
}

static int slot_of(const struct menu *state, uint16_t option)
{
	for (int slot = 0; slot < state->home_n; slot++)
		if (state->home[slot] == option)
			return slot;
	return -1;
}

static bool is_movable(const struct menu *state, const struct menu_surface *surface, int slot)
{
	return !(state->pinned & 1u << slot) && !is_always(surface, state->home[slot]);
}

/* The free slot, or else the one of the least used option that may move and has stayed @dwell units; -1: none. */
static int weakest_slot(const struct menu *state, const struct menu_surface *surface, const struct menu_pace *pace,
                        uint32_t now, uint32_t dwell)
{
	int weakest = slot_of(state, MENU_NONE);
	double least = 0;
	if (weakest >= 0)
		return weakest;
	for (int slot = 0; slot < state->home_n; slot++) {
		bool stayed = !state->since[slot] || now - state->since[slot] >= dwell;
		double use = use_of(state, pace, record_of(state, state->home[slot]), now);
		/* Of equals the last: the top of the menu is known best. */
		if (is_movable(state, surface, slot) && stayed && (weakest < 0 || use <= least)) {
			weakest = slot;
			least = use;
		}
	}
	return weakest;
}

static bool is_declined(const struct menu_record *record, uint32_t now)
{
	return record->no_count >= MENU_NO_MAX || record->declined_until > now;
}

static bool find_promotion(const struct menu *state, const struct menu_surface *surface, const struct menu_pace *pace,
                           uint32_t now, struct menu_proposal *proposal)
{
	double most = 0;
	uint16_t candidate = MENU_NONE;
	for (size_t i = 0; i < state->n; i++) {
		const struct menu_record *record = &state->records[i];
		if (slot_of(state, record->option) >= 0 || is_declined(record, now))
			continue;
		double use = use_of(state, pace, record, now);
		if (use > most) {
			most = use;
			candidate = record->option;
		}
	}
	if (candidate == MENU_NONE || most < pace->promote_least)
		return false;
	int slot = weakest_slot(state, surface, pace, now, pace->dwell);
	if (slot < 0)
		return false;
	uint16_t over = state->home[slot];
	if (over != MENU_NONE && most < pace->promote_ratio * use_of(state, pace, record_of(state, over), now) + pace->promote_lead)
		return false;
	*proposal = (struct menu_proposal){.move = MENU_MOVE_PROMOTE, .option = candidate, .over = over, .slot = (uint16_t)slot};
	return true;
}

static bool find_demotion(const struct menu *state, const struct menu_surface *surface, const struct menu_pace *pace,
                          uint32_t now, struct menu_proposal *proposal)
{
	for (int slot = state->home_n - 1; slot >= 0; slot--) {
		const struct menu_record *record = state->home[slot] == MENU_NONE ? NULL : record_of(state, state->home[slot]);
		if (!record || !is_movable(state, surface, slot) || is_declined(record, now))
			continue;
		uint32_t from = record->last_used > record->first_shown ? record->last_used : record->first_shown;
		from = state->since[slot] > from ? state->since[slot] : from;
		if (record->views < pace->demote_views || !record->first_shown || now - from < pace->demote_rest ||
		    use_of(state, pace, record, now) >= pace->demote_below)
			continue;
		*proposal = (struct menu_proposal){.move = MENU_MOVE_DEMOTE, .option = record->option, .over = MENU_NONE,
		                                   .slot = (uint16_t)slot};
		return true;
	}
	return false;
}

struct menu_evidence menu_evidence_of(const struct menu *state, const struct menu_pace *pace, uint16_t option, int64_t now_ms)
{
	const struct menu_record *record = record_of(state, option);
	uint32_t now = now_of(state, pace, now_ms), shift = now / part_length(pace) - state->part;
	struct menu_evidence evidence = {.window = pace->window};
	if (!record)
		return evidence;
	for (size_t p = 0; p + shift < MENU_PARTS; p++)
		evidence.uses += record->parts[p];
	uint32_t from = record->last_used > record->first_shown ? record->last_used : record->first_shown;
	if (evidence.uses == 0 && now - from > pace->window)
		evidence.window = now - from;
	return evidence;
}

bool menu_propose(const struct menu *state, const struct menu_surface *surface, const struct menu_pace *pace, int64_t now_ms,
                  struct menu_proposal *proposal)
{
	uint32_t now = now_of(state, pace, now_ms), spent = 0;
	struct menu_proposal found;
	for (size_t i = 0; i < MENU_MOVES_MAX; i++)
		spent += state->moves[i] && now - state->moves[i] < pace->budget_window;
	if (state->mode == MENU_NO || spent >= pace->budget_moves)
		return false;
	if (!find_promotion(state, surface, pace, now, &found) && !find_demotion(state, surface, pace, now, &found))
		return false;
	found.option_evidence = menu_evidence_of(state, pace, found.option, now_ms);
	if (found.over != MENU_NONE)
		found.over_evidence = menu_evidence_of(state, pace, found.over, now_ms);
	*proposal = found;
	return true;
}

static void write_count(struct buffer *out, struct text name, struct menu_evidence evidence, const struct menu_pace *pace)
{
	int64_t days = (int64_t)evidence.window * pace->unit_ms / MS_A_DAY;
	buffer_format(out, "%.*s %u time%s in ", TEXT_ARGS(name), evidence.uses, evidence.uses == 1 ? "" : "s");
	if (pace->unit_ms > 1)
		buffer_format(out, "%lld day%s", (long long)days, days == 1 ? "" : "s");
	else
		buffer_format(out, "%u choices", evidence.window);
}

void menu_sentence(struct buffer *out, const struct menu_proposal *proposal, const struct menu_pace *pace,
                   const struct text *names)
{
	buffer_string(out, "You used ");
	write_count(out, names[proposal->option], proposal->option_evidence, pace);
	if (proposal->over != MENU_NONE) {
		buffer_string(out, "; ");
		write_count(out, names[proposal->over], proposal->over_evidence, pace);
	}
	buffer_char(out, '.');
}

static void put(struct menu *state, int slot, uint16_t option, uint32_t now)
{
	state->home[slot] = option;
	state->since[slot] = now ? now : 1;
}

static void spend(struct menu *state, const struct menu_op *op, uint32_t now)
{
	if (op->by_customer)
		return;
	memmove(&state->moves[1], &state->moves[0], sizeof state->moves - sizeof state->moves[0]);
	state->moves[0] = now ? now : 1;
}

static int promote(struct menu *state, const struct menu_surface *surface, const struct menu_op *op, uint32_t now)
{
	int slot = slot_of(state, op->over);
	if (op->over != MENU_NONE && op->over >= surface->options_n)
		return ERROR_INVALID;
	if (slot < 0 || slot_of(state, op->option) >= 0 || (op->over != MENU_NONE && !is_movable(state, surface, slot)))
		return ERROR_CONFLICT;
	put(state, slot, op->option, now);
	spend(state, op, now);
	return 0;
}

static int demote(struct menu *state, const struct menu_surface *surface, const struct menu_op *op, uint32_t now)
{
	int slot = slot_of(state, op->option);
	bool movable = slot >= 0 && (op->by_customer ? !is_always(surface, op->option) : is_movable(state, surface, slot));
	if (!movable)
		return ERROR_CONFLICT;
	put(state, slot, MENU_NONE, now);
	state->pinned = (uint16_t)(state->pinned & ~(1u << slot)); /* Whose hand put it there may take it away. */
	spend(state, op, now);
	return 0;
}

static int bring_back(struct menu *state, const struct menu_surface *surface, const struct menu_pace *pace,
                      const struct menu_op *op, uint32_t now)
{
	int slot = weakest_slot(state, surface, pace, now, 0);
	if (slot < 0 || slot_of(state, op->option) >= 0)
		return ERROR_CONFLICT;
	put(state, slot, op->option, now);
	return 0;
}

static int pin(struct menu *state, const struct menu_surface *surface, const struct menu_op *op, uint32_t now)
{
	int from = slot_of(state, op->option), to = op->slot;
	if (op->slot >= state->home_n)
		return ERROR_INVALID;
	uint16_t there = state->home[to];
	bool pinned_elsewhere = from >= 0 && from != to && (state->pinned & 1u << from);
	if (from != to && ((state->pinned & 1u << to) || (from < 0 && is_always(surface, there))))
		return ERROR_CONFLICT;
	if (from != to) {
		if (from >= 0)
			put(state, from, there, now);
		if (pinned_elsewhere)
			state->pinned = (uint16_t)(state->pinned & ~(1u << from));
		put(state, to, op->option, now);
	}
	state->pinned = (uint16_t)(state->pinned | 1u << to);
	return 0;
}

static int unpin(struct menu *state, const struct menu_op *op)
{
	int slot = slot_of(state, op->option);
	if (slot < 0 || !(state->pinned & 1u << slot))
		return ERROR_CONFLICT;
	state->pinned = (uint16_t)(state->pinned & ~(1u << slot));
	return 0;
}

/*
 * The customer's own order. What was put there by hand is pinned: a place that learning takes away again is no place given.
 * Earlier pins stay with their options; what is always shown must be in it.
 */
static int set_order(struct menu *state, const struct menu_surface *surface, const struct menu_op *op, uint32_t now)
{
	uint16_t pinned = 0;
	if (op->order_n != state->home_n || op->stated_n > op->order_n)
		return ERROR_INVALID;
	for (int i = 0; i < op->order_n; i++) {
		uint16_t option = op->order[i];
		if (option != MENU_NONE && option >= surface->options_n)
			return ERROR_INVALID;
		for (int j = 0; j < i; j++)
			if (option != MENU_NONE && op->order[j] == option)
				return ERROR_INVALID;
		int slot = option == MENU_NONE ? -1 : slot_of(state, option);
		if (option != MENU_NONE && (i < op->stated_n || (slot >= 0 && (state->pinned & 1u << slot))))
			pinned = (uint16_t)(pinned | 1u << i);
	}
	for (int slot = 0; slot < state->home_n; slot++) {
		bool stays = !is_always(surface, state->home[slot]);
		for (int i = 0; i < op->order_n; i++)
			stays |= op->order[i] == state->home[slot];
		if (!stays)
			return ERROR_CONFLICT;
	}
	for (int slot = 0; slot < state->home_n; slot++)
		if (state->home[slot] != op->order[slot])
			put(state, slot, op->order[slot], now);
	state->pinned = pinned;
	return 0;
}

static int decline(struct menu *state, const struct menu_pace *pace, const struct menu_op *op, uint32_t now)
{
	struct menu_record *record = record_made(state, op->option);
	if (record->no_count < MENU_NO_MAX)
		record->no_count++;
	record->declined_until = now + (pace->decline_rest << (record->no_count - 1));
	return 0;
}

int menu_apply_op(struct menu *state, const struct menu_surface *surface, const struct menu_pace *pace, const struct menu_op *op)
{
	bool has_option = op->kind != MENU_OP_SET_ORDER && op->kind != MENU_OP_SET_MODE;
	uint32_t now = now_of(state, pace, op->time_ms);
	if (has_option && op->option >= surface->options_n)
		return ERROR_INVALID;
	switch (op->kind) {
	case MENU_OP_PROMOTE:
		return promote(state, surface, op, now);
	case MENU_OP_DEMOTE:
		return demote(state, surface, op, now);
	case MENU_OP_BRING_BACK:
		return bring_back(state, surface, pace, op, now);
	case MENU_OP_PIN:
		return pin(state, surface, op, now);
	case MENU_OP_UNPIN:
		return unpin(state, op);
	case MENU_OP_SET_ORDER:
		return set_order(state, surface, op, now);
	case MENU_OP_SET_MODE:
		if (op->mode > MENU_DO)
			return ERROR_INVALID;
		state->mode = (uint8_t)op->mode;
		return 0;
	case MENU_OP_DECLINE:
		return decline(state, pace, op, now);
	}
	return ERROR_INVALID;
}

void menu_layout_of(struct menu_layout *layout, const struct menu *state, const struct menu_surface *surface)
{
	assert(surface->options_n <= MENU_OPTIONS_MAX);
	memset(layout, 0, sizeof *layout);
	layout->home_n = state->home_n;
	layout->pinned = state->pinned;
	layout->mode = state->mode;
	memcpy(layout->home, state->home, sizeof layout->home);
	for (size_t i = 0; i < surface->options_n; i++) {
		uint16_t option = canonical(surface, i);
		if (slot_of(state, option) < 0)
			layout->more[layout->more_n++] = option;
	}
}
