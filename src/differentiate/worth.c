/* worth.c: customers summed up row by row, then ranked. */
#include "differentiate/worth.h"

#include "base/clock.h"
#include "base/memory.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

const struct worth_word worth_tiers[WORTH_TIERS] = {
	{"most", "Bring half of the profit"}, {"some", "Bring some"}, {"below", "Cost more than they bring"}};
const struct worth_word worth_cells[WORTH_CELLS] = {
	{"none", "Not looked at"}, {"give-back", "Give back"}, {"keep", "Keep"}, {"earn", "Earn"}, {"simplify", "Simplify"}};
const struct worth_word worth_names[WORTH_NAMES] = {
	{"none", "Bought nothing"}, {"champion", "Champion"}, {"loyal", "Loyal"}, {"new", "New"}, {"potential", "Could become loyal"},
	{"attention", "Needs attention"}, {"at-risk", "At risk"}, {"lost", "Lost"}, {"hibernating", "Hibernating"}};

/* ---- one customer after another ---- */

static uint32_t number_of(void *arg, struct text name)
{
	return dictionary_find(arg, name);
}

/* Beyond WORTH_LINES_MAX kinds of what is done, further ones are in no line. */
static void line_add(struct worth *worth, const struct price_line *price, const struct customer_row *row, const struct price_exact *exact)
{
	size_t i = 0;
	while (i < worth->lines_n && !(worth->lines[i].price == price && worth->lines[i].channel == row->channel))
		i++;
	if (i == WORTH_LINES_MAX)
		return;
	struct worth_line *line = &worth->lines[i];
	if (i == worth->lines_n) {
		worth->lines_n++;
		*line = (struct worth_line){.price = price, .channel = row->channel};
	}
	line->n++;
	line->customers += line->last != row->customer;
	line->last = row->customer;
	line->profit += exact->income - exact->cost;
	line->got += exact->given - exact->lost;
}

static void row_add(struct worth *worth, const struct worth_question *question, const struct price_line *line, const struct customer_row *row)
{
	struct price_exact price = price_exact_of(question->prices, line, (enum channel)row->channel, row->value);
	struct worth_customer *customer = &worth->customers[worth->n];
	line_add(worth, line, row, &price);
	customer->profit += price.income - price.cost;
	customer->got += price.given - price.lost;
	if (line->income == 0 && line->margin == 0)
		return;
	customer->frequency++;
	customer->money += price.income;
	customer->recency_days = (uint32_t)((question->to_ms - row->time_ms) / MS_A_DAY); /* Rows come in the order of time. */
}

struct tables {
	struct price_index index;
	uint8_t *needs;             /* By the number of an event's name. */
	uint32_t (*own)[NEEDS_MAX]; /* Events of each need, by customer. */
};

static void rows_sum(struct worth *out, const struct customer_rows *rows, const struct worth_question *question, struct tables *tables)
{
	for (size_t at = 0, end; at < rows->n; at = end) {
		struct worth_customer *customer = &out->customers[out->n];
		end = customer_rows_end(rows, at);
		customer->customer = rows->items[at].customer;
		customer->events = (uint32_t)(end - at);
		for (; at < end; at++) {
			const struct customer_row *row = &rows->items[at];
			if (row->name >= tables->index.names_n)
				continue; /* A name that came after the question. */
			const struct price_line *line = tables->index.lines[(size_t)row->name * CHANNEL_COUNT + row->channel];
			uint8_t need = tables->needs[row->name];
			if (line)
				row_add(out, question, line, row);
			if (need == NEED_NONE)
				continue;
			tables->own[out->n][need]++;
			customer->need_events++;
			out->need_events[need]++;
		}
		out->n++;
	}
}

static size_t customers_count(const struct customer_rows *rows)
{
	size_t n = 0;
	for (size_t at = 0; at < rows->n; at = customer_rows_end(rows, at))
		n++;
	return n;
}

static int sum(struct worth *out, const struct customer_rows *rows, const struct worth_question *question, struct arena *arena)
{
	struct tables tables;
	size_t n = customers_count(rows);
	uint32_t names_n = dictionary_count(question->names) + 1;
	int error = price_index_make(&tables.index, arena, question->prices, names_n, number_of, (void *)(uintptr_t)question->names);
	if (error)
		return error;
	out->customers = memory_zero_alloc(n + 1, sizeof *out->customers);
	out->by_profit = memory_zero_alloc(n + 1, sizeof *out->by_profit);
	out->lines = memory_zero_alloc(WORTH_LINES_MAX, sizeof *out->lines);
	tables.own = memory_zero_alloc(n + 1, sizeof *tables.own);
	tables.needs = arena_alloc(arena, names_n);
	if (out->customers && out->by_profit && out->lines && tables.own && tables.needs) {
		for (uint32_t i = 0; i < names_n; i++)
			tables.needs[i] = need_of_event(question->needs, dictionary_name(question->names, i));
		rows_sum(out, rows, question, &tables);
		for (size_t i = 0; i < out->n; i++)
			out->customers[i].need = need_of(question->needs, tables.own[i], out->need_events);
	} else {
		error = ERROR_MEMORY;
	}
	memory_free(tables.own);
	return error;
}

/* ---- ranks ---- */

/* Measures in the order in which each is ranked: itself, then what decides between equals. */
static const uint8_t orders[WORTH_MEASURES][WORTH_MEASURES] = {
	[MEASURE_RECENCY] = {MEASURE_RECENCY, MEASURE_FREQUENCY, MEASURE_MONEY},
	[MEASURE_FREQUENCY] = {MEASURE_FREQUENCY, MEASURE_RECENCY, MEASURE_MONEY},
	[MEASURE_MONEY] = {MEASURE_MONEY, MEASURE_FREQUENCY, MEASURE_RECENCY}};

/* The more, the better. */
static int64_t measured(const struct worth_customer *customer, uint8_t measure)
{
	return measure == MEASURE_RECENCY ? -(int64_t)customer->recency_days : measure == MEASURE_FREQUENCY ? (int64_t)customer->frequency : customer->money;
}

static int compare_by(const struct worth_customer *a, const struct worth_customer *b, enum worth_measure measure)
{
	for (size_t i = 0; i < WORTH_MEASURES; i++) {
		int64_t left = measured(a, orders[measure][i]), right = measured(b, orders[measure][i]);
		if (left != right)
			return left < right ? -1 : 1;
	}
	return 0;
}

#define COMPARE(name, measure)                                                          \
	static int name(const void *a, const void *b)                                       \
	{                                                                                   \
		const struct worth_customer *const *left = a, *const *right = b;                \
		return compare_by(*left, *right, measure);                                      \
	}
COMPARE(by_recency, MEASURE_RECENCY)
COMPARE(by_frequency, MEASURE_FREQUENCY)
COMPARE(by_money, MEASURE_MONEY)

static void cut_note(struct worth_cut *cut, int64_t value)
{
	if (cut->n == 0 || value < cut->low)
		cut->low = value;
	if (cut->n == 0 || value > cut->high)
		cut->high = value;
	cut->n++;
}

static void rank(struct worth *worth, struct worth_customer **buyers, enum worth_measure measure)
{
	static int (*const compare[WORTH_MEASURES])(const void *, const void *) = {by_recency, by_frequency, by_money};
	size_t n = worth->buyers, first = 0;
	qsort(buyers, n, sizeof *buyers, compare[measure]);
	for (size_t i = 0; i < n; i++) {
		if (compare_by(buyers[i], buyers[first], measure) != 0)
			first = i;
		buyers[i]->ranks[measure] = (uint8_t)(1 + first * WORTH_RANKS / n);
		int64_t value = measured(buyers[i], (uint8_t)measure);
		cut_note(&worth->cuts[measure][buyers[i]->ranks[measure]], measure == MEASURE_RECENCY ? -value : value);
	}
}

enum worth_name worth_name_of(const uint8_t ranks[WORTH_MEASURES])
{
	/* From top to bottom, first match wins. "New" stands before "potential" and "lost" before "hibernating", or they would never be met. */
	static const struct {
		enum worth_name name;
		uint8_t r_low, r_high, fm_low, fm_high;
	} table[] = {{NAME_CHAMPION, 4, 5, 4, 5}, {NAME_LOYAL, 2, 5, 3, 5},     {NAME_NEW, 4, 5, 0, 1},  {NAME_POTENTIAL, 3, 5, 1, 3},
	             {NAME_ATTENTION, 2, 3, 2, 3}, {NAME_AT_RISK, 0, 2, 2, 5}, {NAME_LOST, 0, 1, 0, 1}, {NAME_HIBERNATING, 1, 2, 1, 2}};
	uint8_t r = ranks[MEASURE_RECENCY], fm = (uint8_t)((ranks[MEASURE_FREQUENCY] + ranks[MEASURE_MONEY] + 1) / 2);
	if (r == 0)
		return NAME_NONE;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (r >= table[i].r_low && r <= table[i].r_high && fm >= table[i].fm_low && fm <= table[i].fm_high)
			return table[i].name;
	return NAME_HIBERNATING;
}

static int ranks_make(struct worth *worth)
{
	struct worth_customer **buyers = memory_zero_alloc(worth->n + 1, sizeof *buyers);
	if (!buyers)
		return ERROR_MEMORY;
	for (size_t i = 0; i < worth->n; i++)
		if (worth->customers[i].frequency)
			buyers[worth->buyers++] = &worth->customers[i];
	for (unsigned measure = 0; measure < WORTH_MEASURES && worth->buyers; measure++)
		rank(worth, buyers, (enum worth_measure)measure);
	for (size_t i = 0; i < worth->n; i++)
		worth->customers[i].name = (uint8_t)worth_name_of(worth->customers[i].ranks);
	memory_free(buyers);
	return 0;
}

/* ---- the profit curve ---- */

static int falling(const void *a, const void *b)
{
	const struct worth_customer *left = *(const struct worth_customer *const *)a, *right = *(const struct worth_customer *const *)b;
	if (left->profit != right->profit)
		return left->profit > right->profit ? -1 : 1;
	return left->customer < right->customer ? -1 : left->customer > right->customer;
}

static void curve_make(struct worth *worth)
{
	int64_t cumulated = 0, most = 0;
	size_t step = 0;
	for (size_t i = 0; i < worth->n; i++)
		worth->by_profit[i] = &worth->customers[i];
	qsort(worth->by_profit, worth->n, sizeof *worth->by_profit, falling);
	for (size_t i = 0; i < worth->n; i++) {
		worth->profit += worth->by_profit[i]->profit;
		worth->peak += worth->by_profit[i]->profit > 0 ? worth->by_profit[i]->profit : 0;
		worth->below += worth->by_profit[i]->profit < 0;
	}
	for (size_t i = 0; i <= worth->n; i++) {
		for (; step <= WORTH_STEPS && i * WORTH_STEPS >= step * worth->n; step++)
			worth->steps[step] = (struct worth_step){(uint32_t)i, cumulated};
		if (i == worth->n)
			break;
		struct worth_customer *customer = &worth->customers[worth->by_profit[i] - worth->customers];
		customer->place = (uint32_t)i + 1;
		customer->tier = customer->profit < 0 ? WORTH_BELOW : customer->profit > 0 && 2 * most < worth->peak ? WORTH_MOST : WORTH_SOME;
		most += customer->profit > 0 ? customer->profit : 0;
		cumulated += customer->profit;
	}
}

int worth_make(struct worth *out, const struct customer_rows *rows, const struct worth_question *question)
{
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	*out = (struct worth){.from_ms = question->from_ms, .to_ms = question->to_ms, .agreement = NAN};
	arena_init(&arena, (size_t)64 << 20);
	int error = sum(out, rows, question, &arena);
	if (!error)
		error = ranks_make(out);
	if (!error)
		curve_make(out);
	return error;
}

void worth_free(struct worth *worth)
{
	memory_free(worth->customers);
	memory_free(worth->by_profit);
	memory_free(worth->lines);
	*worth = (struct worth){0};
}

const struct worth_customer *worth_find(const struct worth *worth, uint32_t customer)
{
	size_t low = 0, high = worth->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (worth->customers[middle].customer < customer)
			low = middle + 1;
		else
			high = middle;
	}
	return low < worth->n && worth->customers[low].customer == customer ? &worth->customers[low] : NULL;
}
