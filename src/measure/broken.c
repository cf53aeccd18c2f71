/* broken.c: roads of each customer, the signals on them, and what stands out. */
#include "measure/broken.h"

#include "base/clock.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { TAKEN_MAX = 64 /* Of one road by one customer; what is beyond is not looked at. */, STARS_LOW = 200 };
#define FORCED_WITHIN_MS ((int64_t)7 * MS_A_DAY)
#define STARS_AFTER_MS   MS_A_DAY
#define CONTACT_MS       ((int64_t)30 * MS_A_MINUTE)

const char *broken_signal_name(enum broken_signal_kind kind)
{
	static const char *const names[BROKEN_SIGNALS] = {"left", "failed", "forced", "asked", "waited", "stars"};
	return names[kind];
}

/* ---- binding ---- */

static const struct promise_rule *promise_between(const struct promise_rules *promises, const struct journey_rule *rule)
{
	for (size_t i = 0; i < promises->n; i++)
		if (promises->items[i].starts.n && text_equal(promises->items[i].starts, rule->start) && text_equal(promises->items[i].ends, rule->goal))
			return &promises->items[i];
	return NULL;
}

size_t broken_roads_bind(struct broken_road *out, const struct journey_rules *rules, const struct promise_rules *promises,
                         uint32_t (*number)(void *arg, struct text name), void *arg)
{
	size_t n = 0;
	for (size_t i = 0; i < rules->n; i++) {
		const struct journey_rule *rule = &rules->items[i];
		if (!rule->start.n)
			continue;
		struct broken_road *road = &out[n++];
		*road = (struct broken_road){.rule = rule, .start = number(arg, rule->start), .goal = number(arg, rule->goal),
		                             .stars = rule->stars.n ? number(arg, rule->stars) : 0, .promise = promise_between(promises, rule)};
		for (size_t j = 0; j < rule->fails_n; j++)
			road->fails[j] = number(arg, rule->fails[j]);
		for (size_t j = 0; j < rule->asks_n; j++)
			road->asks[j] = number(arg, rule->asks[j]);
	}
	return n;
}

/* ---- one customer on one road ---- */

struct taken {
	size_t start_at, goal_at;      /* Rows; goal_at SIZE_MAX: not reached. */
	int64_t began_ms, end_ms;      /* The goal, or the end of the gap. */
};

struct counting {
	const struct broken_question *question;
	struct broken_spot *spots;
	const struct customer_row *rows; /* Of the customer. */
	size_t n;
	uint32_t customer, road;
	uint32_t (*last)[BROKEN_SIGNALS + 2]; /* By road: the customer counted last for a signal, its n of "left" and "waited". */
	uint32_t *taken_last;
};

enum { DECIDED_LEFT = BROKEN_SIGNALS, DECIDED_WAITED };

static bool is_one_of(uint32_t name, const uint32_t *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (names[i] && names[i] == name)
			return true;
	return false;
}

static size_t roads_taken(const struct counting *counting, const struct broken_road *road, struct taken *taken)
{
	const struct customer_row *rows = counting->rows;
	size_t n = 0, open = 0;
	for (size_t i = 0; i < counting->n; i++) {
		if (rows[i].name == road->start && n < TAKEN_MAX) {
			taken[n++] = (struct taken){i, SIZE_MAX, rows[i].time_ms, rows[i].time_ms + road->rule->gap_ms};
			continue;
		}
		if (rows[i].name != road->goal)
			continue;
		while (open < n && taken[open].end_ms < rows[i].time_ms)
			open++; /* Left before. */
		if (open < n) {
			taken[open].goal_at = i;
			taken[open++].end_ms = rows[i].time_ms;
		}
	}
	return n;
}

static double row_cost(const struct broken_question *question, const struct customer_row *row)
{
	const struct price_line *line =
		row->name < question->index->names_n ? question->index->lines[(size_t)row->name * CHANNEL_COUNT + row->channel] : NULL;
	return line ? price_of(question->prices, line, (enum channel)row->channel, row->value).cost : 0;
}

static bool is_staffed(const struct broken_question *question, const struct customer_row *row)
{
	return question->prices->minute[row->channel] > 0;
}

/* What the contact with our staff cost that begins at row @i. */
static double contact_cost(const struct counting *counting, size_t i)
{
	const struct customer_row *rows = counting->rows;
	double cost = row_cost(counting->question, &rows[i]);
	for (size_t j = i + 1; j < counting->n && rows[j].time_ms - rows[j - 1].time_ms < CONTACT_MS; j++)
		if (rows[j].channel == rows[i].channel)
			cost += row_cost(counting->question, &rows[j]);
	return cost;
}

/* One more customer of the n of a signal, or of those who showed it; each counts once. */
static bool is_first(struct counting *counting, size_t of)
{
	uint32_t *last = &counting->last[counting->road][of];
	bool first = *last != counting->customer;
	*last = counting->customer;
	return first;
}

/* The touchpoint of more than half of the cases, if there is one (Boyer and Moore 1981). */
static void place_vote(struct broken_signal *signal, uint32_t touchpoint)
{
	if (signal->votes == 0)
		signal->touchpoint = touchpoint;
	signal->votes += signal->touchpoint == touchpoint ? 1 : -1;
}

static void show(struct counting *counting, enum broken_signal_kind kind, const struct taken *taken, struct broken_case found)
{
	struct broken_signal *signal = &counting->spots[counting->road].signals[kind];
	found.road = counting->road;
	found.customer = counting->customer;
	found.kind = kind;
	found.began_ms = taken->began_ms;
	signal->share.k += is_first(counting, kind);
	signal->cost += found.cost;
	place_vote(signal, found.touchpoint);
	if (counting->question->each)
		counting->question->each(counting->question->arg, &found);
}

static void show_row(struct counting *counting, enum broken_signal_kind kind, const struct taken *taken, size_t i, double cost)
{
	const struct customer_row *row = &counting->rows[i];
	show(counting, kind, taken, (struct broken_case){.time_ms = row->time_ms, .touchpoint = row->touchpoint, .cost = cost});
}

/* ---- the signals ---- */

static void errors_look(struct counting *counting, const struct broken_road *road, const struct taken *taken)
{
	const struct customer_row *rows = counting->rows;
	int64_t failed_ms = INT64_MIN;
	for (size_t i = taken->start_at + 1; i < counting->n && rows[i].time_ms <= taken->end_ms; i++) {
		bool fails = is_one_of(rows[i].name, road->fails, road->rule->fails_n);
		if (fails && failed_ms == INT64_MIN)
			show_row(counting, BROKEN_FAILED, taken, i, 0);
		if (fails) {
			failed_ms = rows[i].time_ms;
		} else if (failed_ms != INT64_MIN && rows[i].time_ms <= failed_ms + FORCED_WITHIN_MS && is_staffed(counting->question, &rows[i])) {
			show_row(counting, BROKEN_FORCED, taken, i, contact_cost(counting, i));
			return;
		}
	}
}

static void asked_look(struct counting *counting, const struct broken_road *road, const struct taken *taken)
{
	const struct customer_row *rows = counting->rows;
	for (size_t i = taken->start_at + 1; i < counting->n && rows[i].time_ms <= taken->began_ms + road->rule->gap_ms; i++)
		if (is_one_of(rows[i].name, road->asks, road->rule->asks_n)) {
			show_row(counting, BROKEN_ASKED, taken, i, row_cost(counting->question, &rows[i]));
			return;
		}
}

static void stars_look(struct counting *counting, const struct broken_road *road, const struct taken *taken)
{
	const struct customer_row *rows = counting->rows;
	for (size_t i = taken->start_at + 1; i < counting->n && rows[i].time_ms <= taken->end_ms + STARS_AFTER_MS; i++)
		if (rows[i].name == road->stars && rows[i].value > 0 && rows[i].value <= STARS_LOW) {
			show_row(counting, BROKEN_STARS, taken, i, 0);
			return;
		}
}

static void goal_look(struct counting *counting, const struct broken_road *road, const struct taken *taken)
{
	struct broken_spot *spot = &counting->spots[counting->road];
	bool reached = taken->goal_at != SIZE_MAX;
	if (!reached && taken->end_ms > counting->question->now_ms)
		return; /* Still on the road. */
	spot->signals[BROKEN_LEFT].share.n += is_first(counting, DECIDED_LEFT);
	if (reached)
		return;
	const struct price_line *line = price_find(counting->question->prices, road->rule->goal, CHANNEL_NONE);
	double lost = line ? price_of(counting->question->prices, line, CHANNEL_NONE, 0).income : 0;
	show(counting, BROKEN_LEFT, taken,
	     (struct broken_case){.time_ms = taken->end_ms, .touchpoint = counting->rows[taken->start_at].touchpoint, .cost = lost});
}

static void promise_look(struct counting *counting, const struct broken_road *road, const struct taken *taken)
{
	struct broken_spot *spot = &counting->spots[counting->road];
	int64_t due_ms = taken->began_ms + road->promise->within_ms;
	bool reached = taken->goal_at != SIZE_MAX;
	if (!reached && due_ms > counting->question->now_ms)
		return;
	spot->signals[BROKEN_WAITED].share.n += is_first(counting, DECIDED_WAITED);
	if (!reached || taken->end_ms > due_ms)
		show(counting, BROKEN_WAITED, taken,
		     (struct broken_case){.time_ms = due_ms, .touchpoint = counting->rows[reached ? taken->goal_at : taken->start_at].touchpoint});
}

static void road_look(struct counting *counting, const struct broken_road *road, const struct taken *taken)
{
	const struct broken_question *question = counting->question;
	if (counting->taken_last[counting->road] != counting->customer)
		counting->spots[counting->road].customers++;
	counting->taken_last[counting->road] = counting->customer;
	if (question->taken)
		question->taken(question->arg, counting->road, counting->customer, taken->began_ms, taken->goal_at != SIZE_MAX);
	if (road->rule->fails_n)
		errors_look(counting, road, taken);
	if (road->rule->asks_n)
		asked_look(counting, road, taken);
	if (road->rule->stars.n)
		stars_look(counting, road, taken);
	if (road->promise)
		promise_look(counting, road, taken);
	goal_look(counting, road, taken);
}

static void customer_look(struct counting *counting)
{
	const struct broken_question *question = counting->question;
	struct taken taken[TAKEN_MAX];
	for (counting->road = 0; counting->road < question->roads_n; counting->road++) {
		const struct broken_road *road = &question->roads[counting->road];
		size_t n = road->start ? roads_taken(counting, road, taken) : 0;
		for (size_t i = 0; i < n; i++)
			if (taken[i].began_ms >= question->from_ms && taken[i].began_ms < question->to_ms)
				road_look(counting, road, &taken[i]);
	}
}

/* ---- all of them ---- */

static bool staff_is_priced(const struct price_list *prices)
{
	for (unsigned i = 0; i < CHANNEL_COUNT; i++)
		if (prices->minute[i] > 0)
			return true;
	return false;
}

static void spot_begin(struct broken_spot *spot, const struct broken_road *road, const struct broken_question *question)
{
	*spot = (struct broken_spot){.road = road};
	for (unsigned i = 0; i < BROKEN_SIGNALS; i++)
		spot->signals[i].kind = (enum broken_signal_kind)i;
	spot->signals[BROKEN_LEFT].measured = true;
	spot->signals[BROKEN_FAILED].measured = road->rule->fails_n > 0;
	spot->signals[BROKEN_FORCED].measured = road->rule->fails_n > 0 && staff_is_priced(question->prices);
	spot->signals[BROKEN_ASKED].measured = road->rule->asks_n > 0;
	spot->signals[BROKEN_WAITED].measured = road->promise != NULL;
	spot->signals[BROKEN_STARS].measured = road->rule->stars.n > 0;
}

static void shares_make(struct broken_spot *spots, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (unsigned kind = 0; kind < BROKEN_SIGNALS; kind++) {
			struct broken_signal *signal = &spots[i].signals[kind];
			bool decided = kind == BROKEN_LEFT || kind == BROKEN_WAITED;
			signal->share = share_of(signal->share.k, decided ? signal->share.n : spots[i].customers);
		}
}

struct weighed {
	double value;
	uint64_t weight;
};

static int compare_weighed(const void *a, const void *b)
{
	double left = ((const struct weighed *)a)->value, right = ((const struct weighed *)b)->value;
	return (left > right) - (left < right);
}

/* The share of a signal that a quarter of the customers are within, on the roads that do best; 0 with fewer than two roads. */
static double quartile_of(const struct broken_spot *spots, size_t n, unsigned kind, struct weighed *room)
{
	uint64_t total = 0, sum = 0;
	size_t found = 0, i = 0;
	for (size_t j = 0; j < n; j++)
		if (spots[j].signals[kind].measured && spots[j].signals[kind].share.n) {
			room[found] = (struct weighed){spots[j].signals[kind].share.value, spots[j].signals[kind].share.n};
			total += room[found++].weight;
		}
	if (found < 2)
		return 0;
	qsort(room, found, sizeof *room, compare_weighed);
	while (i + 1 < found && 4 * (sum + room[i].weight) < total)
		sum += room[i++].weight;
	return room[i].value;
}

static void breaks_make(struct broken_spot *spots, size_t n, struct weighed *room)
{
	double usual[BROKEN_SIGNALS];
	for (unsigned kind = 0; kind < BROKEN_SIGNALS; kind++)
		usual[kind] = quartile_of(spots, n, kind, room);
	for (size_t i = 0; i < n; i++) {
		double whole = 1;
		for (unsigned kind = 0; kind < BROKEN_SIGNALS; kind++) {
			struct broken_signal *signal = &spots[i].signals[kind];
			const struct promise_rule *promise = spots[i].road->promise;
			bool allowed = kind == BROKEN_WAITED && promise && promise->kept >= 0; /* A comparison with NAN is false. */
			signal->baseline = allowed ? 1 - promise->kept : usual[kind];
			double excess = signal->share.low - signal->baseline;
			signal->excess = signal->measured && signal->share.n && excess > 0 ? excess : 0;
			whole *= 1 - BROKEN_HARM * signal->excess;
			spots[i].cost += signal->cost;
		}
		spots[i].score = 1 - whole;
	}
}

int broken_find(struct broken_spot *spots, const struct customer_rows *rows, const struct broken_question *question)
{
	struct counting counting = {.question = question, .spots = spots};
	counting.last = memory_zero_alloc(question->roads_n + 1, sizeof *counting.last);
	counting.taken_last = memory_zero_alloc(question->roads_n + 1, sizeof *counting.taken_last);
	struct weighed *room = memory_alloc((question->roads_n + 1) * sizeof *room);
	bool enough = counting.last && counting.taken_last && room;
	for (size_t i = 0; enough && i < question->roads_n; i++)
		spot_begin(&spots[i], &question->roads[i], question);
	for (size_t at = 0, end; enough && at < rows->n; at = end) {
		end = customer_rows_end(rows, at);
		counting.rows = &rows->items[at];
		counting.n = end - at;
		counting.customer = rows->items[at].customer;
		customer_look(&counting);
	}
	if (enough) {
		shares_make(spots, question->roads_n);
		breaks_make(spots, question->roads_n, room);
	}
	memory_free(counting.last);
	memory_free(counting.taken_last);
	memory_free(room);
	return enough ? 0 : ERROR_MEMORY;
}

/* ---- the order ---- */

static int compare_numbers(double left, double right)
{
	return (left < right) - (left > right);
}

static int compare_signals(const void *a, const void *b)
{
	const struct broken_signal *left = a, *right = b;
	int by_people = compare_numbers(left->excess * (double)left->share.n, right->excess * (double)right->share.n);
	bool both = (left->excess > 0) == (right->excess > 0);
	int by_cost = both ? compare_numbers(left->cost, right->cost) : 0;
	return by_cost ? by_cost : by_people ? by_people : (left->kind > right->kind) - (left->kind < right->kind);
}

static int compare_spots(const void *a, const void *b)
{
	const struct broken_spot *left = a, *right = b;
	int by_people = compare_numbers(left->score * left->customers, right->score * right->customers);
	int by_cost = compare_numbers(left->cost, right->cost);
	return by_people ? by_people : by_cost ? by_cost : text_compare(left->road->rule->name, right->road->rule->name);
}

void broken_rank(struct broken_spot *spots, size_t n)
{
	for (size_t i = 0; i < n; i++)
		qsort(spots[i].signals, BROKEN_SIGNALS, sizeof *spots[i].signals, compare_signals);
	qsort(spots, n, sizeof *spots, compare_spots);
}
