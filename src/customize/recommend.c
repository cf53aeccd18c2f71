/* recommend.c: gates, ranks and reasons. */
#include "customize/recommend.h"

#include "base/clock.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const double Q10 = 1.2815515655446004, Q95 = 1.6448536269514722, KAPPA = 3, SPREAD_MIN = .1, MEDIAN_SCALE = 700, SPREAD_SCALE = 32;
enum { LEARNED_POINTS = 195, POPULAR_POINTS = 60, DUE_POINTS = 128, INTERVALS_MAX = 64, MEDIAN_MAX = 8191, SPREAD_MAX = 63 };

const char *recommend_verdict_name(enum recommend_verdict verdict)
{
	static const char *const names[] = {"free", "owned", "same need", "not due"};
	return names[verdict & 3];
}

/* ---- inputs ---- */

static bool in_scope(const struct products *products, const struct product *product, const struct recommend_scope *scope)
{
	for (int up = product->category; up != CATEGORY_NONE; up = products->categories[up].parent)
		for (size_t i = 0; i < scope->categories_n; i++)
			if (products->categories[up].mark == scope->categories[i])
				return true;
	return scope->categories_n == 0;
}

static void category_input(struct recommend_input *input, const struct products *products, const struct buying_model *model)
{
	const struct category *category = input->product->category == CATEGORY_NONE ? NULL : &products->categories[input->product->category];
	const struct buying_category *learned = category ? buying_category_at(model, (size_t)input->product->category, category->mark) : NULL;
	if (category && category->lasts != PRODUCT_LEARNED)
		input->class = category->lasts == PRODUCT_DURABLE ? BUYING_DURABLE : BUYING_CONSUMABLE;
	else if (learned)
		input->class = learned->class;
	if (!learned || !learned->intervals)
		return;
	double median = 1 + round(MEDIAN_SCALE * log(learned->median_days < 1 ? 1 : learned->median_days)), spread = round(SPREAD_SCALE * learned->spread);
	input->median = (uint16_t)(median > MEDIAN_MAX ? MEDIAN_MAX : median);
	input->spread = (uint8_t)(spread > SPREAD_MAX ? SPREAD_MAX : spread);
}

/* The input of the product with @mark among the first @n, which stand in the company's order; NULL when it is not there. */
static struct recommend_input *input_of(struct recommend_input *inputs, size_t n, const struct products *products, uint32_t mark)
{
	const struct product *product = product_of_mark(products, mark);
	size_t low = 0, high = n;
	while (product && low < high) {
		size_t middle = (low + high) / 2;
		if (inputs[middle].product < product)
			low = middle + 1;
		else
			high = middle;
	}
	return product && low < n && inputs[low].product == product ? &inputs[low] : NULL;
}

/* How near each product is to what the customer has: the sum of the similarities, and 1 for a declared complement. */
static void nearness_add(struct recommend_input *inputs, size_t n, const struct products *products, const struct buying_model *model, struct text purchases)
{
	struct purchase purchase;
	for (size_t at = 0; purchase_next(purchases, &at, &purchase);) {
		const struct product *owned = product_of_mark(products, purchase.mark);
		if (!owned || !purchase_is_owned(&purchase))
			continue;
		const struct buying_near *near = buying_near_of(model, owned->mark);
		for (size_t i = 0; near && i < BUYING_NEAR && near[i].mark; i++) {
			struct recommend_input *input = input_of(inputs, n, products, near[i].mark);
			if (input)
				input->near += near[i].similarity;
		}
		for (size_t i = 0; i < owned->complements_n; i++) {
			struct recommend_input *input = input_of(inputs, n, products, owned->complements[i]);
			if (input && input->product != owned)
				input->near += 1;
		}
	}
}

size_t recommend_inputs(struct recommend_input *inputs, const struct products *products, const struct recommend_scope *scope,
                        const struct buying_model *model, struct text purchases, bool agreed)
{
	size_t n = 0;
	for (size_t i = 0; i < products->n; i++) {
		const struct product *product = &products->items[i];
		if (product->price_minor < 0 || !in_scope(products, product, scope))
			continue;
		struct recommend_input *input = &inputs[n++];
		*input = (struct recommend_input){.product = product};
		category_input(input, products, model);
	}
	if (agreed)
		nearness_add(inputs, n, products, model, purchases);
	for (size_t i = 0; i < n; i++) {
		uint32_t buyers = buying_buyers(model, inputs[i].product->mark);
		double popular = buyers >= BUYING_TOGETHER_MIN ? (double)buyers / model->buyers_max : 0; /* What fewer chose is not shown to be chosen. */
		double learned = LEARNED_POINTS * (inputs[i].near < 1 ? inputs[i].near : 1);
		inputs[i].score = (uint8_t)lround(learned + POPULAR_POINTS * popular);
		inputs[i].taught = lround(learned) > 0;
	}
	return n;
}

uint64_t recommend_pack(const struct recommend_input *input, enum recommend_verdict verdict)
{
	assert(input->median <= MEDIAN_MAX && input->spread <= SPREAD_MAX);
	return (uint64_t)input->product->mark << 32 | (uint64_t)input->score << 24 | (uint64_t)input->class << 22 | (uint64_t)input->median << 9 |
	       (uint64_t)input->spread << 3 | (uint64_t)input->taught << 2 | (uint64_t)verdict;
}

bool recommend_unpack(struct recommend_input *input, const struct products *products, uint64_t packed)
{
	const struct product *product = product_of_mark(products, (uint32_t)(packed >> 32));
	*input = (struct recommend_input){.product = product, .score = (uint8_t)(packed >> 24), .class = (enum buying_class)(packed >> 22 & 3),
	                                  .median = packed >> 9 & MEDIAN_MAX, .spread = packed >> 3 & SPREAD_MAX, .taught = packed >> 2 & 1};
	return product;
}

/* ---- what the customer has for a need ---- */

struct held {
	const struct product *product; /* The newest. */
	struct purchase newest;
	uint16_t days[INTERVALS_MAX];  /* Of all purchases for the need, ascending, each once. */
	size_t days_n;
};

static void day_add(struct held *held, uint16_t day)
{
	size_t at = held->days_n;
	while (at > 0 && held->days[at - 1] > day)
		at--;
	if ((at > 0 && held->days[at - 1] == day) || held->days_n == INTERVALS_MAX)
		return;
	memmove(&held->days[at + 1], &held->days[at], (held->days_n - at) * sizeof held->days[0]);
	held->days[at] = day;
	held->days_n++;
}

/* What the customer has, found once for all products. */
struct owned {
	const struct product *product;
	struct purchase purchase;
};

struct asking {
	const struct recommend_question *question;
	struct owned *owned;           /* PURCHASES_MAX. */
	size_t owned_n;
};

static void owned_find(struct asking *asking)
{
	struct purchase purchase;
	for (size_t at = 0; asking->owned_n < PURCHASES_MAX && purchase_next(asking->question->purchases, &at, &purchase);) {
		const struct product *product = product_of_mark(asking->question->products, purchase.mark);
		if (product && purchase_is_owned(&purchase))
			asking->owned[asking->owned_n++] = (struct owned){product, purchase};
	}
}

static bool held_for(struct held *held, const struct asking *asking, const struct product *wanted)
{
	held->product = NULL;
	held->days_n = 0;
	for (size_t o = 0; o < asking->owned_n; o++) {
		const struct owned *owned = &asking->owned[o];
		if (owned->product->need != wanted->need)
			continue;
		for (size_t i = 0; i < PURCHASE_DAYS && owned->purchase.days[i]; i++)
			day_add(held, owned->purchase.days[i]);
		/* Of two bought on one day, the wanted one itself is named. */
		if (!held->product || owned->purchase.days[0] > held->newest.days[0] ||
		    (owned->purchase.days[0] == held->newest.days[0] && owned->product == wanted)) {
			held->product = owned->product;
			held->newest = owned->purchase;
		}
	}
	return held->product;
}

/* ---- when it is used up ---- */

struct wait {
	double mu, sigma, days;  /* Of the logarithm of the days between; the median. */
};

/* False when nothing is known of the pace. */
static bool wait_of(struct wait *wait, const struct recommend_input *input, const struct held *held, bool agreed)
{
	double own = 0, n = 0;
	for (size_t i = 1; agreed && i < held->days_n; i++, n++)
		own += log((double)(held->days[i] - held->days[i - 1]));
	if (!input->median && n == 0)
		return false;
	double mu = input->median ? (input->median - 1) / MEDIAN_SCALE : own / n;
	wait->mu = (own + KAPPA * mu) / (n + KAPPA);
	wait->sigma = input->spread / SPREAD_SCALE < SPREAD_MIN ? SPREAD_MIN : input->spread / SPREAD_SCALE;
	if (agreed && held->newest.orders > 1 && held->newest.last_units) {
		double factor = (double)held->newest.last_units * held->newest.orders / held->newest.units;
		wait->mu += log(factor < .5 ? .5 : factor > 4 ? 4 : factor);
	}
	wait->days = exp(wait->mu);
	return true;
}

/* How much it is wished for, 0 to 1, @days after the last purchase. */
static double wish(const struct wait *wait, double days)
{
	double late = exp(wait->mu + Q95 * wait->sigma), share = .5 * erfc(-(log(days) - wait->mu) / wait->sigma * M_SQRT1_2);
	double wish = (share - .1) / .8;
	if (days > late)
		return exp2(-(days - late) / wait->days);
	return wish < 0 ? 0 : wish > 1 ? 1 : wish;
}

/* ---- words ---- */

static void say(struct recommend_item *item, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct recommend_item *item, const char *format, ...)
{
	va_list args;
	size_t room = sizeof item->why - item->why_n;
	va_start(args, format);
	int n = vsnprintf(item->why + item->why_n, room, format, args);
	va_end(args);
	item->why_n += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
	item->why_n = text_whole((struct text){item->why, item->why_n}).n;
}

static void say_day(struct recommend_item *item, uint16_t day, int64_t now_ms)
{
	static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July", "August", "September",
	                                     "October", "November", "December"};
	struct clock_parts parts = clock_parts_of((int64_t)day * MS_A_DAY);
	say(item, "bought on %d %s", parts.day, months[parts.month - 1]);
	if (now_ms / MS_A_DAY - day > 300)
		say(item, " %d", parts.year);
}

static void say_due(struct recommend_item *item, const struct wait *wait)
{
	long days = lround(wait->days);
	say(item, "; comes back after about %ld day%s, ", days, days == 1 ? "" : "s");
	if (item->due_days == 0)
		say(item, "due today.");
	else if (item->due_days > 0)
		say(item, "due in %d day%s.", item->due_days, item->due_days == 1 ? "" : "s");
	else
		say(item, "due %d day%s ago.", -item->due_days, item->due_days == -1 ? "" : "s");
}

/* Why it is shown or withheld. @wait: NULL for what does not come back. */
static void say_why(struct recommend_item *item, const struct recommend_question *question, const struct held *held, const struct wait *wait)
{
	const struct recommend_input *input = &item->input;
	bool other = held->product && held->product != input->product;
	if (item->verdict == RECOMMEND_FREE && !(item->comes_back && question->agreed)) {
		say(item, "%s", input->taught ? "Goes with what you have bought." : input->score ? "What many customers choose." : "From our range.");
		return;
	}
	if (other)
		say(item, item->comes_back ? "%.*s: " : "%.*s does the same: ", TEXT_ARGS(text_cut(held->product->title, 60)));
	else if (!item->comes_back)
		say(item, "You have it: ");
	say_day(item, item->last_day, question->now_ms);
	if (item->comes_back)
		say_due(item, wait);
	else
		say(item, ".");
	if (item->why[0] >= 'a' && item->why[0] <= 'z')
		item->why[0] = (char)(item->why[0] - 'a' + 'A');
}

/* ---- a verdict ---- */

static void judge_consumable(struct recommend_item *item, const struct recommend_question *question, const struct held *held, const struct wait *wait)
{
	int64_t today = question->now_ms / MS_A_DAY;
	double days = today > held->newest.days[0] ? (double)(today - held->newest.days[0]) : 0, away = exp(wait->mu - Q10 * wait->sigma);
	item->comes_back = true;
	item->due_days = (int32_t)lround(wait->days - days);
	if (days < away) {
		item->verdict = RECOMMEND_NOT_DUE;
		item->until_ms = (int64_t)(held->newest.days[0] + ceil(away)) * MS_A_DAY;
	} else if (question->agreed) {
		bool late = days > exp(wait->mu + Q95 * wait->sigma);
		item->rank += DUE_POINTS * (late ? wish(wait, days) : 1) + (255 - DUE_POINTS) * wish(wait, days);
	}
}

static void judge_durable(struct recommend_item *item, const struct recommend_question *question, const struct held *held)
{
	const struct products *products = question->products;
	int64_t life_ms = held->product->category == CATEGORY_NONE ? (int64_t)2 * 365 * MS_A_DAY : products->categories[held->product->category].life_ms;
	item->until_ms = (int64_t)held->newest.days[0] * MS_A_DAY + life_ms;
	if (question->now_ms >= item->until_ms)
		return;
	item->verdict = held->product == item->input.product ? RECOMMEND_OWNED : RECOMMEND_SAME_NEED;
}

static void judge(struct recommend_item *item, const struct asking *asking, const struct recommend_input *input, bool in_words)
{
	const struct recommend_question *question = asking->question;
	struct held held = {0};
	struct wait wait = {0};
	memset(item, 0, in_words ? sizeof *item : offsetof(struct recommend_item, why));
	item->input = *input;
	item->rank = input->score;
	if (held_for(&held, asking, input->product)) {
		item->last_day = held.newest.days[0];
		if (input->class == BUYING_CONSUMABLE && wait_of(&wait, input, &held, question->agreed))
			judge_consumable(item, question, &held, &wait);
		else
			judge_durable(item, question, &held);
	}
	if (in_words)
		say_why(item, question, &held, &wait);
}

/* ---- the answer ---- */

/* What is sorted: a product as it was judged, without words. */
struct judged {
	double rank;
	uint32_t index;          /* Of the input. */
	uint32_t place;          /* In the company's order. */
	uint16_t last_day;
	enum recommend_verdict verdict;
};

static int by_rank(const void *a, const void *b)
{
	const struct judged *x = a, *y = b;
	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static int by_day(const void *a, const void *b)
{
	const struct judged *x = a, *y = b;
	if (x->last_day != y->last_day)
		return x->last_day > y->last_day ? -1 : 1;
	if (x->verdict != y->verdict)
		return x->verdict < y->verdict ? -1 : 1; /* What is owned before what it stands for. */
	return x->place < y->place ? -1 : x->place > y->place;
}

static void consider(struct recommendation *out, const struct recommend_item *item)
{
	assert(out->considered_n < RECOMMEND_CONSIDERED_MAX);
	out->considered[out->considered_n++] = recommend_pack(&item->input, item->verdict);
}

/* The first of many in an order, without sorting the rest. */
struct firsts {
	struct judged *items;
	size_t n, max;
	int (*order)(const void *a, const void *b);
};

static void first_add(struct firsts *firsts, const struct judged *judged)
{
	size_t at = firsts->n;
	if (at == firsts->max && firsts->order(judged, &firsts->items[at - 1]) >= 0)
		return;
	at = at == firsts->max ? at - 1 : at;
	for (; at > 0 && firsts->order(judged, &firsts->items[at - 1]) < 0; at--)
		firsts->items[at] = firsts->items[at - 1];
	firsts->items[at] = *judged;
	firsts->n += firsts->n < firsts->max;
}

/* Judge all products: the first that may be shown, and the first that are withheld. */
static void judge_all(struct firsts *free_ones, struct firsts *away, const struct asking *asking)
{
	const struct recommend_question *question = asking->question;
	for (size_t i = 0; i < question->inputs_n; i++) {
		struct recommend_item item;
		judge(&item, asking, &question->inputs[i], false);
		struct judged judged = {item.rank, (uint32_t)i, (uint32_t)(item.input.product - question->products->items), item.last_day, item.verdict};
		first_add(item.verdict == RECOMMEND_FREE ? free_ones : away, &judged);
	}
}

int recommend(struct recommendation *out, struct arena *arena, const struct recommend_question *question)
{
	struct judged free_room[RECOMMEND_SLOTS_MAX + RECOMMEND_NEXT], away_room[RECOMMEND_WITHHELD_MAX];
	size_t slots = question->slots < RECOMMEND_SLOTS_MAX ? question->slots : RECOMMEND_SLOTS_MAX;
	struct firsts free_ones = {free_room, 0, slots + RECOMMEND_NEXT, by_rank}, away = {away_room, 0, RECOMMEND_WITHHELD_MAX, by_day};
	struct asking asking = {.question = question, .owned = arena_alloc(arena, PURCHASES_MAX * sizeof *asking.owned)};
	if (!asking.owned)
		return ERROR_MEMORY;
	owned_find(&asking);
	judge_all(&free_ones, &away, &asking);
	*out = (struct recommendation){0};
	for (size_t i = 0; i < free_ones.n && i < slots; i++) {
		struct recommend_item *item = &out->shown[out->shown_n++];
		judge(item, &asking, &question->inputs[free_room[i].index], true);
		consider(out, item);
	}
	for (size_t i = 0; i < away.n; i++) {
		struct recommend_item *item = &out->withheld[out->withheld_n++];
		judge(item, &asking, &question->inputs[away_room[i].index], true);
		consider(out, item);
	}
	for (size_t i = out->shown_n; i < free_ones.n; i++) {
		struct recommend_item item;
		judge(&item, &asking, &question->inputs[free_room[i].index], false);
		consider(out, &item);
	}
	return 0;
}
