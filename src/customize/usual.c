/* usual.c: the latest uses, and what they say about now. */
#include "customize/usual.h"

#include "base/clock.h"

#include <assert.h>
#include <string.h>

/* The circumstances. Each selects the remembered uses that are like now in its way. */
enum table {
	TABLE_ANY,       /* All. */
	TABLE_AFTER,     /* Those after the same value as the last. */
	TABLE_DAY,       /* On this day of the month, or next to it. */
	TABLE_WEEKDAY,
	TABLE_HOUR,
	TABLE_CONTEXT_1,
	TABLE_CONTEXT_2,
	TABLE_DAY_AFTER, /* After the same value and about this day of the month. */
	TABLE_PART,      /* In this part of the month: the first three days, the last four, or between. */
};
_Static_assert(TABLE_PART + 1 == USUAL_TABLES, "a table was added without its weight");

enum { RECORD_ONE = 1024, RIGHT_ONE = 65535, NO_TEXT = 0xff, WITH_NONE = 0xff };

/* A remembered use: 6 bytes. */
struct use {
	uint8_t value, with; /* Indices of texts. */
	uint8_t day_weekday; /* Day of the month * 8 + weekday. */
	uint8_t hour_gap;    /* Hour slot * 16 + whole days since the use before, at most 15. */
	uint8_t contexts[USUAL_CONTEXTS_MAX];
};
_Static_assert(sizeof(struct use) == 6, "six bytes a use");

const struct usual_pace usual_pace_default = {
	.base = {1, 2, 2, 1, 0.5, 1, 1, 3, 0.5},
	.fade = 0.95,
	.near = 0.3,
	.record_least = 0.7,
	.share_least = 0.45,
	.trials_least = 3,
};

void usual_init(struct usual *state)
{
	memset(state, 0, sizeof *state);
	state->bytes = sizeof *state;
	for (size_t i = 0; i < USUAL_TABLES; i++)
		state->table_right[i] = RIGHT_ONE / 2;
}

uint8_t usual_context_hash(struct text text)
{
	uint32_t hash = 2166136261u; /* FNV-1a. */
	for (size_t i = 0; i < text.n; i++)
		hash = (hash ^ (uint8_t)text.p[i]) * 16777619u;
	return text.n ? (uint8_t)(1 + (hash ^ hash >> 16) % 255) : 0;
}

static struct use *uses_of(struct usual *state)
{
	return (struct use *)state->packed;
}

static const struct use *use_at(const struct usual *state, size_t i)
{
	return (const struct use *)state->packed + i;
}

/* The text of index @at, which exists. */
static struct text text_at(const struct usual *state, size_t at)
{
	const uint8_t *p = state->packed + state->uses_n * sizeof(struct use);
	while (at--)
		p += 1 + *p;
	return (struct text){(const char *)p + 1, *p};
}

static uint8_t text_index(const struct usual *state, struct text text)
{
	for (uint8_t i = 0; i < state->texts_n; i++)
		if (text_equal(text_at(state, i), text))
			return i;
	return NO_TEXT;
}

static int day_of(const struct use *use)
{
	return use->day_weekday >> 3;
}

static int part_of(int day)
{
	return day == 0 ? -1 : day <= 3 ? 0 : day >= 28 ? 2 : 1;
}

/* How near two days of the month are, 0 to 1; the last days of a month are next to the first. */
static double nearness(int a, int b, double near)
{
	int apart = a > b ? a - b : b - a;
	if (a == 0 || b == 0)
		return 0;
	if (apart == 0)
		return 1;
	return apart == 1 || apart == 30 ? near : 0;
}

/* How much use @i is like @now in the way of @table; @last is the newest value. */
static double likeness(const struct usual *state, const struct usual_pace *pace, const struct usual_context *now, size_t i,
                       enum table table)
{
	const struct use *use = use_at(state, i), *last = use_at(state, state->uses_n - 1);
	bool follows = i > 0 && use_at(state, i - 1)->value == last->value;
	switch (table) {
	case TABLE_ANY:
		return 1;
	case TABLE_AFTER:
		return follows;
	case TABLE_DAY:
		return nearness(day_of(use), now->day_of_month, pace->near);
	case TABLE_WEEKDAY:
		return now->weekday < 7 && (use->day_weekday & 7) == now->weekday;
	case TABLE_HOUR:
		return now->hour_slot < 8 && use->hour_gap >> 4 == now->hour_slot;
	case TABLE_CONTEXT_1:
		return now->contexts[0] && use->contexts[0] == now->contexts[0];
	case TABLE_CONTEXT_2:
		return now->contexts[1] && use->contexts[1] == now->contexts[1];
	case TABLE_DAY_AFTER:
		return follows ? nearness(day_of(use), now->day_of_month, pace->near) : 0;
	case TABLE_PART:
		return now->day_of_month && part_of(day_of(use)) == part_of(now->day_of_month);
	}
	return 0;
}

/* The belief in every value, and what each circumstance alone would say. */
struct evidence {
	double score[USUAL_USES_MAX * 2]; /* By text index. */
	double weight;                    /* The sum of the circumstances' weights: the largest possible score. */
	uint8_t top[USUAL_TABLES];        /* NO_TEXT: the circumstance has never been met. */
	uint8_t best;
	bool is_offer;                    /* But for the record. */
};

static void weigh_table(const struct usual *state, const struct usual_pace *pace, const struct usual_context *now,
                        enum table table, struct evidence *evidence)
{
	double count[USUAL_USES_MAX * 2] = {0}, total = 0, fade = 1;
	for (size_t i = state->uses_n; i-- > 0;) {
		double like = likeness(state, pace, now, i, table);
		if (like <= 0)
			continue;
		count[use_at(state, i)->value] += like * fade;
		total += like * fade;
		fade *= pace->fade;
	}
	double right = state->table_right[table] / (double)RIGHT_ONE;
	double weight = pace->base[table] * right * right * right;
	evidence->top[table] = NO_TEXT;
	if (total <= 0)
		return;
	evidence->weight += weight;
	double most = 0;
	for (uint8_t v = 0; v < state->texts_n; v++) {
		evidence->score[v] += weight * count[v] / (total + 0.5);
		if (count[v] > most) {
			most = count[v];
			evidence->top[table] = v;
		}
	}
}

/*
 * Does @value belong to other days than this one? Whoever pays the rent on the 11th pays something else on the
 * 20th: a value that keeps to a day of the month, or to a weekday, says nothing on the others. Two uses on one
 * day of the month are hardly chance; on one weekday four are.
 */
static bool is_off_day(const struct usual *state, const struct usual_context *now, uint8_t value)
{
	unsigned on_day[32] = {0}, on_weekday[8] = {0}, n = 0, day_most = 0, weekday_most = 0;
	bool same_day = now->day_of_month == 0, same_weekday = now->weekday >= 7;
	for (size_t i = 0; i < state->uses_n; i++) {
		const struct use *use = use_at(state, i);
		if (use->value != value)
			continue;
		unsigned day = ++on_day[day_of(use)], weekday = ++on_weekday[use->day_weekday & 7];
		day_most = day > day_most && day_of(use) ? day : day_most;
		weekday_most = weekday > weekday_most && (use->day_weekday & 7) < 7 ? weekday : weekday_most;
		same_day |= day_of(use) == now->day_of_month;
		same_weekday |= (use->day_weekday & 7) == now->weekday;
		n++;
	}
	bool keeps_day = n >= 2 && day_most * 4 >= n * 3, keeps_weekday = n >= 4 && weekday_most * 4 >= n * 3;
	return (keeps_day && !same_day) || (keeps_weekday && !same_weekday);
}

static void weigh(const struct usual *state, const struct usual_pace *pace, const struct usual_context *now,
                  struct evidence *evidence)
{
	memset(evidence, 0, sizeof *evidence);
	for (int table = 0; table < USUAL_TABLES; table++)
		weigh_table(state, pace, now, (enum table)table, evidence);
	evidence->best = NO_TEXT;
	for (uint8_t v = 0; v < state->texts_n; v++)
		if (evidence->score[v] > 0 && (evidence->best == NO_TEXT || evidence->score[v] > evidence->score[evidence->best]))
			evidence->best = v;
	evidence->is_offer = evidence->best != NO_TEXT && evidence->score[evidence->best] >= pace->share_least * evidence->weight &&
	                     !is_off_day(state, now, evidence->best);
}

/* The companion used most with @value, the newer uses counting more; WITH_NONE when there is none. */
static uint8_t companion_of(const struct usual *state, const struct usual_pace *pace, uint8_t value)
{
	double count[USUAL_USES_MAX * 2 + 1] = {0}, most = 0, fade = 1;
	uint8_t best = WITH_NONE;
	for (size_t i = state->uses_n; i-- > 0;) {
		const struct use *use = use_at(state, i);
		if (use->value != value)
			continue;
		size_t at = use->with == WITH_NONE ? USUAL_USES_MAX * 2 : use->with;
		count[at] += fade;
		fade *= pace->fade;
		if (count[at] > most) {
			most = count[at];
			best = use->with;
		}
	}
	return best;
}

/* Which kind of slot the sentence names: where the value was chosen most surely. */
static void justify(const struct usual *state, const struct usual_context *now, uint8_t value, struct usual_guess *guess)
{
	double most = 0;
	for (enum usual_slot slot = USUAL_ANY_TIME; slot <= USUAL_DAY_OF_MONTH; slot++) {
		uint8_t hits = 0, trials = 0;
		for (size_t i = 0; i < state->uses_n; i++) {
			const struct use *use = use_at(state, i);
			bool in = slot == USUAL_ANY_TIME || (slot == USUAL_WEEKDAY && now->weekday < 7 && (use->day_weekday & 7) == now->weekday) ||
			          (slot == USUAL_DAY_OF_MONTH && now->day_of_month && day_of(use) == now->day_of_month);
			trials += in;
			hits += in && use->value == value;
		}
		double sure = trials ? (hits + 1.0) / (trials + 2.0) : 0;
		if (sure <= most)
			continue;
		most = sure;
		guess->slot = slot;
		guess->slot_hits = hits;
		guess->slot_trials = trials;
	}
}

static double precision_of(const struct usual *state)
{
	double all = state->recent_hits + state->recent_misses;
	return all > 0 ? state->recent_hits / all : 0;
}

void usual_guess(const struct usual *state, const struct usual_pace *pace, const struct usual_context *now,
                 struct usual_guess *guess)
{
	struct evidence evidence;
	*guess = (struct usual_guess){.hits = state->hits, .trials = state->trials, .precision = precision_of(state)};
	weigh(state, pace, now, &evidence);
	if (evidence.best == NO_TEXT)
		return;
	uint8_t first = evidence.best;
	for (uint8_t v = first; v != NO_TEXT && guess->n < USUAL_ALTERNATIVES_MAX;) {
		uint8_t with = companion_of(state, pace, v);
		guess->choices[guess->n++] = (struct usual_choice){
			.value = text_at(state, v),
			.with = with == WITH_NONE ? (struct text){0} : text_at(state, with),
			.share = evidence.score[v] / evidence.weight,
		};
		evidence.score[v] = 0;
		v = NO_TEXT;
		for (uint8_t i = 0; i < state->texts_n; i++)
			if (evidence.score[i] > 0 && (v == NO_TEXT || evidence.score[i] > evidence.score[v]))
				v = i;
	}
	justify(state, now, first, guess);
	guess->has_guess = state->trials >= pace->trials_least && guess->precision >= pace->record_least && evidence.is_offer;
}

static void count_trial(struct usual *state, bool hit)
{
	state->recent_hits = (uint16_t)(state->recent_hits * 9 / 10 + (hit ? RECORD_ONE : 0));
	state->recent_misses = (uint16_t)(state->recent_misses * 9 / 10 + (hit ? 0 : RECORD_ONE));
	if (state->trials < UINT16_MAX) {
		state->trials++;
		state->hits = (uint16_t)(state->hits + hit);
	}
}

/*
 * Would it have been right? Only what would have been offered is a trial, whatever the record says; each circumstance
 * alone is scored always.
 */
static void score_silently(struct usual *state, const struct usual_pace *pace, const struct usual_use *use)
{
	struct evidence evidence;
	weigh(state, pace, &use->context, &evidence);
	if (evidence.best == NO_TEXT)
		return;
	uint8_t value = text_index(state, use->value), with = use->with.n ? text_index(state, use->with) : WITH_NONE;
	bool known = value != NO_TEXT && (use->with.n == 0 || with != NO_TEXT);
	bool hit = known && evidence.best == value && companion_of(state, pace, value) == with;
	if (evidence.is_offer)
		count_trial(state, hit);
	for (int table = 0; table < USUAL_TABLES; table++) {
		if (evidence.top[table] == NO_TEXT)
			continue;
		uint32_t right = state->table_right[table] * 7u / 8 + (evidence.top[table] == value ? RIGHT_ONE / 8 : 0);
		state->table_right[table] = (uint16_t)right;
	}
}

/* Take the text of index @at out; the indices after it move down. */
static void text_drop(struct usual *state, uint8_t at)
{
	uint8_t *p = (uint8_t *)text_at(state, at).p - 1;
	size_t n = 1u + *p;
	memmove(p, p + n, (size_t)((uint8_t *)state + state->bytes - (p + n)));
	state->bytes = (uint16_t)(state->bytes - n);
	state->texts_n--;
	struct use *uses = uses_of(state);
	for (size_t i = 0; i < state->uses_n; i++) {
		uses[i].value = (uint8_t)(uses[i].value - (uses[i].value > at));
		if (uses[i].with != WITH_NONE)
			uses[i].with = (uint8_t)(uses[i].with - (uses[i].with > at));
	}
}

static bool text_is_used(const struct usual *state, uint8_t at)
{
	for (size_t i = 0; i < state->uses_n; i++)
		if (use_at(state, i)->value == at || use_at(state, i)->with == at)
			return true;
	return false;
}

static void forget_oldest(struct usual *state)
{
	assert(state->uses_n > 0);
	struct use oldest = *use_at(state, 0);
	memmove(state->packed, state->packed + sizeof oldest, state->bytes - sizeof *state - sizeof oldest);
	state->bytes = (uint16_t)(state->bytes - sizeof oldest);
	state->uses_n--;
	if (oldest.with != WITH_NONE && oldest.with != oldest.value && !text_is_used(state, oldest.with)) {
		text_drop(state, oldest.with);
		if (oldest.value > oldest.with)
			oldest.value--;
	}
	if (!text_is_used(state, oldest.value))
		text_drop(state, oldest.value);
}

/* One habit needs few uses to be known by; a rotation of several needs some of each. */
static size_t uses_wanted(const struct usual *state)
{
	size_t wanted = 0;
	for (uint8_t v = 0; v < state->texts_n; v++) {
		size_t times = 0;
		for (size_t i = 0; i < state->uses_n; i++)
			times += use_at(state, i)->value == v;
		wanted += times >= 2 ? 12 : 0;
	}
	return wanted < USUAL_USES_LEAST ? USUAL_USES_LEAST : wanted > USUAL_USES_MAX ? USUAL_USES_MAX : wanted;
}

static uint8_t text_add(struct usual *state, struct text text)
{
	uint8_t at = text_index(state, text);
	if (at != NO_TEXT)
		return at;
	uint8_t *end = (uint8_t *)state + state->bytes;
	*end = (uint8_t)text.n;
	memcpy(end + 1, text.p, text.n);
	state->bytes = (uint16_t)(state->bytes + 1 + text.n);
	return state->texts_n++;
}

static void remember(struct usual *state, const struct usual_use *use)
{
	size_t needed = sizeof(struct use) + 2 + use->value.n + use->with.n;
	while (state->uses_n && (state->uses_n >= uses_wanted(state) || state->bytes + needed > USUAL_BYTES_MAX))
		forget_oldest(state);
	int64_t day = use->context.time_ms / MS_A_DAY;
	uint16_t today = day < 0 ? 0 : day > UINT16_MAX ? UINT16_MAX : (uint16_t)day;
	int gap = today > state->last_day ? today - state->last_day : 0;
	struct use fresh = {
		.value = text_add(state, use->value),
		.with = use->with.n ? text_add(state, use->with) : WITH_NONE,
		.day_weekday = (uint8_t)(use->context.day_of_month << 3 | (use->context.weekday & 7)),
		.hour_gap = (uint8_t)((use->context.hour_slot & 15) << 4 | (gap > 15 ? 15 : gap)),
		.contexts = {use->context.contexts[0], use->context.contexts[1]},
	};
	struct use *uses = uses_of(state);
	memmove(&uses[state->uses_n + 1], &uses[state->uses_n], state->bytes - sizeof *state - state->uses_n * sizeof fresh);
	uses[state->uses_n++] = fresh;
	state->bytes = (uint16_t)(state->bytes + sizeof fresh);
	state->last_day = today;
	assert(state->bytes <= USUAL_BYTES_MAX);
}

void usual_learn(struct usual *state, const struct usual_pace *pace, const struct usual_use *use)
{
	assert(use->context.day_of_month <= 31 && use->context.weekday <= 7 && use->context.hour_slot <= 8);
	if (use->value.n == 0 || use->value.n > USUAL_VALUE_BYTES_MAX || use->with.n > USUAL_WITH_BYTES_MAX)
		return;
	score_silently(state, pace, use);
	remember(state, use);
}
