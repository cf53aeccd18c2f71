/*
 * worth_api.c: what customers are worth: groups, profit curve, give and get, and who is behind each.
 *
 * Figures of fewer customers than may be shown are hidden. Opening one names only who said yes to the purpose "analytics".
 */
#include "serve/api.h"
#include "serve/behind.h"
#include "serve/worth.h"

#include "measure/share.h"
#include "trust/reader.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { LISTED_MAX = 100, SENTENCE_BYTES = 300, ANY = 255 };

/* One figure: who fits all of it. ANY: whichever. */
struct group {
	uint8_t tier, need, name, cell;
};

static bool fits(const struct group *group, const struct worth_customer *customer)
{
	return (group->tier == ANY || customer->tier == group->tier) && (group->name == ANY || customer->name == group->name) &&
	       (group->cell == ANY || customer->cell == group->cell) && (group->need == ANY || customer->need == (group->need == NEEDS_MAX ? NEED_NONE : group->need));
}

struct sum {
	uint32_t customers;
	int64_t profit;
};

static struct sum sum_of(const struct worth *worth, const struct group *group)
{
	struct sum sum = {0};
	for (size_t i = 0; i < worth->n; i++)
		if (fits(group, &worth->customers[i])) {
			sum.customers++;
			sum.profit += worth->customers[i].profit;
		}
	return sum;
}

/* "customers" and "profit", null when they are too few. */
static void sum_write(struct request *request, struct sum sum)
{
	struct json_writer *out = &request->out;
	if (behind_may_show(request, sum.customers)) {
		json_put_int(out, "customers", sum.customers);
		json_put_double(out, "profit", worth_amount(sum.profit));
	} else {
		json_put_null(out, "customers");
		json_put_null(out, "profit");
	}
}

static void share_write(struct json_writer *out, const char *key, uint64_t k, uint64_t n)
{
	struct share share = share_of(k, n);
	json_key(out, text_of(key));
	json_object_begin(out);
	json_put_int(out, "n", (int64_t)k);
	json_put_int(out, "of", (int64_t)n);
	share_put(out, share);
	json_object_end(out);
}

/* ---- the parts of the answer ---- */

/* The bounds of a rank; not of so few that they are somebody's own numbers. */
static void cuts_write(struct request *request, const struct worth *worth)
{
	struct json_writer *out = &request->out;
	static const char *const measures[] = {"recency_days", "frequency", "money"};
	json_key(out, TEXT("cuts"));
	json_object_begin(out);
	for (size_t m = 0; m < WORTH_MEASURES; m++) {
		json_key(out, text_of(measures[m]));
		json_array_begin(out);
		for (int rank = WORTH_RANKS; rank >= 1; rank--) {
			const struct worth_cut *cut = &worth->cuts[m][rank];
			json_object_begin(out);
			json_put_int(out, "rank", rank);
			bool shown = behind_may_show(request, cut->n);
			json_put_bool(out, "hidden", !shown);
			json_put_int(out, "customers", shown ? cut->n : 0);
			json_put_double(out, "from", !shown ? NAN : m == MEASURE_MONEY ? worth_amount(cut->low) : (double)cut->low);
			json_put_double(out, "to", !shown ? NAN : m == MEASURE_MONEY ? worth_amount(cut->high) : (double)cut->high);
			json_object_end(out);
		}
		json_array_end(out);
	}
	json_object_end(out);
}

static void names_write(struct request *request, const struct worth *worth)
{
	struct json_writer *out = &request->out;
	json_key(out, TEXT("names"));
	json_array_begin(out);
	for (uint8_t i = 0; i < WORTH_NAMES; i++) {
		json_object_begin(out);
		json_put_text(out, "name", text_of(worth_names[i].name));
		json_put_text(out, "title", text_of(worth_names[i].title));
		sum_write(request, sum_of(worth, &(struct group){ANY, ANY, i, ANY}));
		json_object_end(out);
	}
	json_array_end(out);
}

/* The table of worth and need; the last row is of those whose need is not known. */
struct cells {
	struct sum sums[NEEDS_MAX + 1][WORTH_TIERS];
	bool hidden[NEEDS_MAX + 1][WORTH_TIERS];
	size_t rows;
};

/* Of the cells at @first, @first + @step ..., @n of them: a single hidden one could be told from the total, so the smallest beside it goes too. */
static bool beside_hide(struct sum *sums, bool *hidden, size_t n, size_t step)
{
	size_t hidden_n = 0, smallest = n;
	for (size_t i = 0; i < n; i++) {
		hidden_n += hidden[i * step];
		if (!hidden[i * step] && sums[i * step].customers && (smallest == n || sums[i * step].customers < sums[smallest * step].customers))
			smallest = i;
	}
	if (hidden_n != 1 || smallest == n)
		return false;
	return hidden[smallest * step] = true;
}

static void cells_make(struct request *request, const struct worth_view *view, struct cells *cells)
{
	size_t needs_n = needs_of(view->config)->n;
	bool more = true;
	*cells = (struct cells){.rows = needs_n + 1};
	for (size_t row = 0; row < cells->rows; row++)
		for (uint8_t tier = 0; tier < WORTH_TIERS; tier++) {
			cells->sums[row][tier] = sum_of(&view->worth, &(struct group){tier, row < needs_n ? (uint8_t)row : NEEDS_MAX, ANY, ANY});
			cells->hidden[row][tier] = !behind_may_show(request, cells->sums[row][tier].customers);
		}
	while (more) { /* Each turn hides one more cell. */
		more = false;
		for (size_t row = 0; row < cells->rows; row++)
			more |= beside_hide(cells->sums[row], cells->hidden[row], WORTH_TIERS, 1);
		for (size_t tier = 0; tier < WORTH_TIERS; tier++)
			more |= beside_hide(&cells->sums[0][tier], &cells->hidden[0][tier], cells->rows, WORTH_TIERS);
	}
}

static void group_write(struct request *request, const struct cells *cells, size_t row, uint8_t tier, struct text name)
{
	struct json_writer *out = &request->out;
	json_object_begin(out);
	json_put_text(out, "worth", text_of(worth_tiers[tier].name));
	json_put_text(out, "need", name);
	if (cells->hidden[row][tier]) {
		json_put_null(out, "customers");
		json_put_null(out, "profit");
	} else {
		sum_write(request, cells->sums[row][tier]);
	}
	json_object_end(out);
}

static void groups_write(struct request *request, const struct worth_view *view)
{
	const struct needs *needs = needs_of(view->config);
	struct json_writer *out = &request->out;
	struct cells cells;
	cells_make(request, view, &cells);
	json_key(out, TEXT("groups"));
	json_array_begin(out);
	for (uint8_t tier = 0; tier < WORTH_TIERS; tier++)
		for (size_t row = 0; row < cells.rows; row++)
			group_write(request, &cells, row, tier, row < needs->n ? needs->items[row].name : TEXT("unknown"));
	json_array_end(out);
	json_key(out, TEXT("tiers"));
	json_array_begin(out);
	for (uint8_t tier = 0; tier < WORTH_TIERS; tier++) {
		json_object_begin(out);
		json_put_text(out, "worth", text_of(worth_tiers[tier].name));
		json_put_text(out, "title", text_of(worth_tiers[tier].title));
		sum_write(request, sum_of(&view->worth, &(struct group){tier, ANY, ANY, ANY}));
		json_object_end(out);
	}
	json_array_end(out);
}

static void needs_write(struct request *request, const struct worth_view *view)
{
	const struct needs *needs = needs_of(view->config);
	struct json_writer *out = &request->out;
	uint64_t total = 0;
	for (size_t i = 0; i < needs->n; i++)
		total += view->worth.need_events[i];
	json_key(out, TEXT("needs"));
	json_array_begin(out);
	for (uint8_t i = 0; i <= needs->n; i++) {
		bool known = i < needs->n;
		json_object_begin(out);
		json_put_text(out, "need", known ? needs->items[i].name : TEXT("unknown"));
		json_put_text(out, "title", known ? needs->items[i].title : TEXT("Not enough known"));
		sum_write(request, sum_of(&view->worth, &(struct group){ANY, known ? i : NEEDS_MAX, ANY, ANY}));
		if (known)
			json_put_double(out, "share_of_events", total ? (double)view->worth.need_events[i] / (double)total : 0);
		json_object_end(out);
	}
	json_array_end(out);
}

/* Added up over so few, the curve would name what one customer brings: those points have no profit. */
static void curve_write(struct request *request, const struct worth *worth)
{
	struct json_writer *out = &request->out;
	json_key(out, TEXT("curve"));
	json_array_begin(out);
	for (size_t i = 0; i <= WORTH_STEPS; i++) {
		json_object_begin(out);
		json_put_double(out, "share", (double)i / WORTH_STEPS);
		json_put_int(out, "customers", worth->steps[i].customers);
		bool shown = behind_may_show(request, worth->steps[i].customers);
		json_put_double(out, "profit", shown ? worth_amount(worth->steps[i].profit) : NAN);
		json_put_double(out, "of_total", shown && worth->profit > 0 ? (double)worth->steps[i].profit / (double)worth->profit : NAN);
		json_object_end(out);
	}
	json_array_end(out);
	json_put_double(out, "peak", worth_amount(worth->peak));
	json_put_double(out, "peak_of_total", worth->profit > 0 ? (double)worth->peak / (double)worth->profit : NAN);
}

static void reciprocity_write(struct request *request, const struct worth_view *view)
{
	static const char *const dos[WORTH_CELLS] = {
		NULL, "They bring much and got little: give first here.", "They bring much and got much: keep it so.",
		"They got much and bring little: ask, suggest.", "Little either way: make it simple for both."};
	const struct worth *worth = &view->worth;
	struct json_writer *out = &request->out;
	json_key(out, TEXT("reciprocity"));
	json_object_begin(out);
	json_put_int(out, "agreed", worth->may);
	json_put_int(out, "withheld", (int64_t)worth->n - worth->may);
	json_put_text(out, "purpose", view->purpose ? view->purpose->title : TEXT(""));
	json_put_double(out, "correlation", worth->agreement);
	json_key(out, TEXT("cells"));
	json_array_begin(out);
	for (uint8_t i = CELL_GIVE_BACK; i < WORTH_CELLS; i++) {
		struct sum sum = sum_of(worth, &(struct group){ANY, ANY, ANY, i});
		json_object_begin(out);
		json_put_text(out, "cell", text_of(worth_cells[i].name));
		json_put_text(out, "title", text_of(worth_cells[i].title));
		json_put_text(out, "do", text_of(dos[i]));
		sum_write(request, sum);
		if (behind_may_show(request, sum.customers))
			share_write(out, "share", sum.customers, worth->may);
		json_object_end(out);
	}
	json_array_end(out);
	json_object_end(out);
}

/* What is done, with what both sides get out of it; too few customers: left out. */
static void lines_write(struct request *request, const struct worth *worth)
{
	struct json_writer *out = &request->out;
	json_key(out, TEXT("lines"));
	json_array_begin(out);
	for (size_t i = 0; i < worth->lines_n; i++) {
		const struct worth_line *line = &worth->lines[i];
		bool us = line->profit > 0, them = line->got > 0;
		if (!behind_may_show(request, line->customers))
			continue;
		json_object_begin(out);
		json_put_text(out, "event", line->price->event);
		json_put_text(out, "channel", text_of(channel_name((enum channel)line->channel)));
		json_put_int(out, "n", line->n);
		json_put_int(out, "customers", line->customers);
		json_put_double(out, "profit", worth_amount(line->profit));
		json_put_double(out, "got", worth_amount(line->got));
		json_put_text(out, "serves", us ? them ? TEXT("both") : TEXT("company") : them ? TEXT("customer") : TEXT("neither"));
		json_object_end(out);
	}
	json_array_end(out);
}

static void sentence_write(struct request *request, const struct worth_view *view)
{
	const struct worth *worth = &view->worth;
	struct text currency = price_list_of(view->config)->currency;
	char sentence[SENTENCE_BYTES];
	if (worth->below && behind_may_show(request, worth->below))
		snprintf(sentence, sizeof sentence, "%zu customers brought %.0f %.*s in twelve months; %u of them cost more than they bring, and without those it would be %.0f.",
		         worth->n, worth_amount(worth->profit), TEXT_ARGS(currency), worth->below, worth_amount(worth->peak));
	else
		snprintf(sentence, sizeof sentence, "%zu customers brought %.0f %.*s in twelve months.", worth->n, worth_amount(worth->profit), TEXT_ARGS(currency));
	json_put_text(&request->out, "sentence", text_of(sentence));
}

void api_worth(struct request *request)
{
	struct worth_view *view = worth_view_take(request);
	struct json_writer *out = &request->out;
	if (!view)
		return;
	const struct worth *worth = &view->worth;
	if (!behind_may_show(request, worth->n) || worth->n == 0) {
		reply_error(request, 404, "too_few", "Too few customers to show: %" PRId64 " are needed.", request->server->settings.aggregate_min);
		worth_view_give(view);
		return;
	}
	json_object_begin(out);
	sentence_write(request, view);
	json_put_time(out, "from", worth->from_ms);
	json_put_time(out, "at", worth->to_ms);
	json_put_text(out, "currency", price_list_of(view->config)->currency);
	json_put_int(out, "customers", (int64_t)worth->n);
	json_put_int(out, "buyers", worth->buyers);
	json_put_double(out, "profit", worth_amount(worth->profit));
	if (behind_may_show(request, worth->below))
		share_write(out, "below", worth->below, worth->n);
	else
		json_put_null(out, "below");
	groups_write(request, view);
	needs_write(request, view);
	names_write(request, worth);
	cuts_write(request, worth);
	curve_write(request, worth);
	reciprocity_write(request, view);
	lines_write(request, worth);
	json_object_end(out);
	worth_view_give(view);
}

/* ---- who is behind ---- */

static bool word_find(const struct worth_word *words, size_t n, struct text name, uint8_t *found)
{
	for (size_t i = 0; i < n; i++)
		if (text_equal(name, text_of(words[i].name))) {
			*found = (uint8_t)i;
			return true;
		}
	return false;
}

static bool part_read(struct group *group, const struct needs *needs, struct text part)
{
	struct text key, value = part;
	if (!text_next(&value, ':', &key))
		return false;
	if (text_equal(key, TEXT("worth")))
		return word_find(worth_tiers, WORTH_TIERS, value, &group->tier);
	if (text_equal(key, TEXT("rfm")))
		return word_find(worth_names, WORTH_NAMES, value, &group->name);
	if (text_equal(key, TEXT("cell")))
		return word_find(worth_cells, WORTH_CELLS, value, &group->cell);
	if (!text_equal(key, TEXT("need")))
		return false;
	group->need = text_equal(value, TEXT("unknown")) ? NEEDS_MAX : need_find(needs, value);
	return group->need != NEED_NONE;
}

static bool group_read(struct request *request, const struct needs *needs, struct group *group)
{
	struct text rest = http_query(request->http, "group"), part;
	*group = (struct group){ANY, ANY, ANY, ANY};
	while (rest.n && text_next(&rest, ',', &part))
		if (!part_read(group, needs, part)) {
			reply_error(request, 400, "bad_group", "\"%.*s\" is no part of a group such as worth:most,need:cash; there are worth, need, rfm and cell, named as in /v1/worth.",
			            TEXT_ARGS(text_first(part, 60)));
			return false;
		}
	return true;
}

/* The purpose may have been taken back since the view was made: it is asked again. */
static bool is_named(struct engine *engine, struct customer *customer, const struct purpose *purpose, int64_t now_ms)
{
	return customer_refresh(engine, customer) == 0 && customer->origin_first && reader_agrees(engine, customer, purpose, now_ms);
}

static uint32_t customers_write(struct request *request, const struct worth_view *view, const struct group *group)
{
	struct engine *engine = request->server->engine;
	uint32_t agreed = 0;
	for (size_t i = 0; i < view->worth.n; i++) {
		const struct worth_customer *own = view->worth.by_profit[i];
		struct customer *customer = fits(group, own) ? customer_lock_of(engine, own->customer) : NULL;
		if (!customer)
			continue;
		if (is_named(engine, customer, view->purpose, request->now_ms) && ++agreed <= LISTED_MAX)
			customer_row_write(request, customer);
		customer_unlock(engine, customer);
	}
	return agreed;
}

/* May the group be opened? A cell that the table hides stays closed, even if it is large enough by itself. */
static bool may_open(struct request *request, const struct worth_view *view, const struct group *group, struct sum sum)
{
	struct cells cells;
	if (!behind_may_show(request, sum.customers))
		return false;
	if (group->tier == ANY || group->need == ANY)
		return true;
	cells_make(request, view, &cells);
	return !cells.hidden[group->need == NEEDS_MAX ? cells.rows - 1 : group->need][group->tier];
}

void api_worth_customers(struct request *request)
{
	struct worth_view *view = worth_view_take(request);
	struct json_writer *out = &request->out;
	struct group group;
	if (!view)
		return;
	if (group_read(request, needs_of(view->config), &group)) {
		struct sum sum = sum_of(&view->worth, &group);
		bool shown = may_open(request, view, &group, sum);
		char sentence[SENTENCE_BYTES];
		if (shown)
			snprintf(sentence, sizeof sentence, "%u customers are in this group.", sum.customers);
		else
			snprintf(sentence, sizeof sentence, "Too few customers to show: %" PRId64 " are needed.", request->server->settings.aggregate_min);
		json_object_begin(out);
		json_put_text(out, "sentence", text_of(sentence));
		json_put_bool(out, "hidden", !shown);
		json_key(out, TEXT("customers"));
		json_array_begin(out);
		uint32_t agreed = shown ? customers_write(request, view, &group) : 0;
		json_array_end(out);
		json_put_int(out, "total", shown ? sum.customers : 0);
		json_put_int(out, "agreed", agreed);
		json_put_int(out, "withheld", shown ? sum.customers - agreed : 0);
		json_put_text(out, "purpose", view->purpose ? view->purpose->title : TEXT(""));
		json_object_end(out);
	}
	worth_view_give(view);
}
