/* buying.c: building the model of what is bought. */
#include "customize/buying.h"

#include "base/clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DAYS_GATHERED_MAX = PURCHASES_MAX * PURCHASE_DAYS };
static const double Z = 1.959964, HALF_LIFE_DAYS = 365, SHRINK = 10, DURABLE_BELOW = .10, CONSUMABLE_ABOVE = .20, CHANCE = 1.1;

struct sums {
	uint32_t buyers, repeated, intervals;
	double log, log_squared;
};

struct buying_builder {
	const struct products *products;
	int64_t now_ms;
	uint32_t customers;
	uint32_t *buyers;       /* By index of the product. */
	double *weights;        /* C_i. */
	double together;        /* C: who agreed, each with the weight of what was bought last. */
	float *pairs;           /* C_ij, i < j, at i * n + j. */
	struct sums *sums;      /* By category. */
};

const char *buying_class_name(enum buying_class class)
{
	return class == BUYING_DURABLE ? "durable" : class == BUYING_CONSUMABLE ? "consumable" : "unknown";
}

enum buying_class buying_classify(uint32_t buyers, uint32_t repeated, double *low, double *high)
{
	double n = buyers, share = buyers ? repeated / n : 0, z2 = Z * Z;
	*low = 0;
	*high = 1;
	if (!buyers)
		return BUYING_UNKNOWN;
	double middle = (share + z2 / (2 * n)) / (1 + z2 / n), half = Z * sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n);
	*low = middle - half < 0 ? 0 : middle - half;
	*high = middle + half > 1 ? 1 : middle + half;
	if (*low > CONSUMABLE_ABOVE)
		return BUYING_CONSUMABLE;
	return buyers >= BUYING_BUYERS_MIN && *high < DURABLE_BELOW ? BUYING_DURABLE : BUYING_UNKNOWN;
}

int buying_begin(struct buying_builder **out, const struct products *products, int64_t now_ms)
{
	struct buying_builder *builder = memory_zero_alloc(1, sizeof *builder);
	size_t n = products->n;
	if (!builder)
		return ERROR_MEMORY;
	builder->products = products;
	builder->now_ms = now_ms;
	builder->buyers = memory_zero_alloc(n + 1, sizeof *builder->buyers);
	builder->weights = memory_zero_alloc(n + 1, sizeof *builder->weights);
	builder->pairs = memory_zero_alloc(n * n + 1, sizeof *builder->pairs);
	builder->sums = memory_zero_alloc(products->categories_n + 1, sizeof *builder->sums);
	if (!builder->buyers || !builder->weights || !builder->pairs || !builder->sums) {
		buying_drop(builder);
		return ERROR_MEMORY;
	}
	*out = builder;
	return 0;
}

void buying_drop(struct buying_builder *builder)
{
	if (!builder)
		return;
	memory_free(builder->buyers);
	memory_free(builder->weights);
	memory_free(builder->pairs);
	memory_free(builder->sums);
	memory_free(builder);
}

/* ---- a customer ---- */

struct bought {
	uint32_t index;         /* Of the product. */
	float weight;
	struct purchase purchase;
};

static int day_compare(const void *a, const void *b)
{
	return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

/* The days on which a customer bought in a category, ascending, each once. */
static size_t days_gather(uint16_t *days, const struct bought *bought, size_t n, const struct products *products, size_t category)
{
	size_t days_n = 0, unique = 0;
	for (size_t i = 0; i < n; i++)
		for (int up = products->items[bought[i].index].category; up != CATEGORY_NONE; up = products->categories[up].parent)
			if (up == (int)category)
				for (size_t d = 0; d < PURCHASE_DAYS && bought[i].purchase.days[d]; d++)
					days[days_n++] = bought[i].purchase.days[d];
	if (days_n)
		qsort(days, days_n, sizeof *days, day_compare);
	for (size_t i = 0; i < days_n; i++)
		if (i == 0 || days[i] != days[unique - 1])
			days[unique++] = days[i];
	return unique;
}

static void category_add(struct buying_builder *builder, const struct bought *bought, size_t n, size_t category)
{
	uint16_t days[DAYS_GATHERED_MAX];
	struct sums *sums = &builder->sums[category];
	size_t days_n = days_gather(days, bought, n, builder->products, category);
	sums->buyers += days_n > 0;
	sums->repeated += days_n > 1;
	for (size_t i = 1; i < days_n; i++) {
		double interval = log((double)(days[i] - days[i - 1]));
		sums->intervals++;
		sums->log += interval;
		sums->log_squared += interval * interval;
	}
}

static void pairs_add(struct buying_builder *builder, const struct bought *bought, size_t n)
{
	double newest = 0;
	for (size_t i = 0; i < n; i++) {
		newest = bought[i].weight > newest ? bought[i].weight : newest;
		builder->weights[bought[i].index] += bought[i].weight;
		for (size_t j = 0; j < n; j++) /* What both have, weighs as what is older. */
			if (bought[i].index < bought[j].index)
				builder->pairs[bought[i].index * builder->products->n + bought[j].index] +=
					bought[i].weight < bought[j].weight ? bought[i].weight : bought[j].weight;
	}
	builder->together += newest;
}

void buying_add(struct buying_builder *builder, struct text purchases, bool agreed)
{
	struct bought bought[PURCHASES_MAX];
	struct purchase purchase;
	bool seen[CATEGORIES_MAX] = {false};
	size_t n = 0;
	for (size_t at = 0; n < PURCHASES_MAX && purchase_next(purchases, &at, &purchase);) {
		const struct product *product = product_of_mark(builder->products, purchase.mark);
		if (!product || !purchase.days[0])
			continue;
		double age_days = (double)builder->now_ms / MS_A_DAY - purchase.days[0];
		bought[n++] = (struct bought){(uint32_t)(product - builder->products->items), (float)exp2(-(age_days > 0 ? age_days : 0) / HALF_LIFE_DAYS), purchase};
		for (int up = product->category; up != CATEGORY_NONE; up = builder->products->categories[up].parent)
			seen[up] = true;
	}
	builder->customers += n > 0;
	for (size_t i = 0; i < n; i++)
		builder->buyers[bought[i].index]++;
	for (size_t c = 0; c < builder->products->categories_n; c++)
		if (seen[c])
			category_add(builder, bought, n, c);
	if (agreed)
		pairs_add(builder, bought, n);
}

/* ---- the model ---- */

static void category_make(struct buying_category *out, const struct category *category, const struct sums *sums)
{
	*out = (struct buying_category){.mark = category->mark, .buyers = sums->buyers, .repeated = sums->repeated, .intervals = sums->intervals};
	out->class = buying_classify(sums->buyers, sums->repeated, &out->low, &out->high);
	out->declared = category->lasts != PRODUCT_LEARNED;
	if (out->declared)
		out->class = category->lasts == PRODUCT_DURABLE ? BUYING_DURABLE : BUYING_CONSUMABLE;
	if (sums->intervals) {
		double mean = sums->log / sums->intervals, variance = sums->log_squared / sums->intervals - mean * mean;
		out->median_days = exp(mean);
		out->spread = variance > 0 ? sqrt(variance) : 0;
	}
}

/* What a category does not say itself, its parent says. */
static void parents_apply(struct buying_model *model, const struct products *products)
{
	for (size_t i = 0; i < model->categories_n; i++) {
		struct buying_category *own = &model->categories[i];
		for (int up = products->categories[i].parent; up != CATEGORY_NONE; up = products->categories[up].parent) {
			if (own->class == BUYING_UNKNOWN)
				own->class = model->categories[up].class;
			if (!own->intervals && model->categories[up].intervals) {
				own->median_days = model->categories[up].median_days;
				own->spread = model->categories[up].spread;
			}
		}
	}
}

static int near_compare(const void *a, const void *b)
{
	const struct buying_near *x = a, *y = b;
	if (x->similarity != y->similarity)
		return x->similarity > y->similarity ? -1 : 1;
	return x->mark < y->mark ? -1 : x->mark > y->mark;
}

/* The nearest of product @i to @out. @room: one a product. */
static void near_make(const struct buying_builder *builder, size_t i, struct buying_near *room, struct buying_near *out)
{
	size_t n = builder->products->n, found = 0;
	for (size_t j = 0; j < n; j++) {
		double both = j == i ? 0 : builder->pairs[i < j ? i * n + j : j * n + i];
		if (both < BUYING_TOGETHER_MIN || both * builder->together <= CHANCE * builder->weights[i] * builder->weights[j])
			continue;
		double similarity = both / sqrt(builder->weights[i] * builder->weights[j]) * both / (both + SHRINK);
		room[found++] = (struct buying_near){builder->products->items[j].mark, (float)similarity};
	}
	if (found)
		qsort(room, found, sizeof *room, near_compare);
	memcpy(out, room, (found < BUYING_NEAR ? found : BUYING_NEAR) * sizeof *out);
}

static int model_fill(struct buying_model *model, const struct buying_builder *builder)
{
	const struct products *products = builder->products;
	struct buying_near *room = memory_alloc((products->n + 1) * sizeof *room);
	if (!room)
		return ERROR_MEMORY;
	for (size_t c = 0; c < products->categories_n; c++)
		category_make(&model->categories[c], &products->categories[c], &builder->sums[c]);
	parents_apply(model, products);
	for (size_t i = 0; i < products->n; i++) {
		uint32_t index = products->by_mark[i];
		model->marks[i] = products->items[index].mark;
		model->buyers[i] = builder->buyers[index];
		if (model->buyers[i] > model->buyers_max)
			model->buyers_max = model->buyers[i];
		near_make(builder, index, room, &model->near[i * BUYING_NEAR]);
	}
	memory_free(room);
	return 0;
}

int buying_end(struct buying_builder *builder, struct buying_model **out)
{
	const struct products *products = builder->products;
	struct buying_model *model = memory_zero_alloc(1, sizeof *model);
	int error = ERROR_MEMORY;
	if (model) {
		model->n = products->n;
		model->categories_n = products->categories_n;
		model->customers = builder->customers;
		model->built_ms = builder->now_ms;
		model->categories = memory_zero_alloc(products->categories_n + 1, sizeof *model->categories);
		model->marks = memory_zero_alloc(products->n + 1, sizeof *model->marks);
		model->buyers = memory_zero_alloc(products->n + 1, sizeof *model->buyers);
		model->near = memory_zero_alloc(products->n * BUYING_NEAR + 1, sizeof *model->near);
		if (model->categories && model->marks && model->buyers && model->near)
			error = model_fill(model, builder);
	}
	buying_drop(builder);
	if (error)
		buying_free(model);
	else
		*out = model;
	return error;
}

void buying_free(struct buying_model *model)
{
	if (!model)
		return;
	memory_free(model->categories);
	memory_free(model->marks);
	memory_free(model->buyers);
	memory_free(model->near);
	memory_free(model);
}

/* ---- reading ---- */

const struct buying_category *buying_category_of(const struct buying_model *model, uint32_t mark)
{
	for (size_t i = 0; model && i < model->categories_n; i++)
		if (model->categories[i].mark == mark)
			return &model->categories[i];
	return NULL;
}

const struct buying_category *buying_category_at(const struct buying_model *model, size_t index, uint32_t mark)
{
	if (model && index < model->categories_n && model->categories[index].mark == mark)
		return &model->categories[index];
	return buying_category_of(model, mark);
}

static bool place_of(const struct buying_model *model, uint32_t mark, size_t *at)
{
	size_t low = 0, high = model ? model->n : 0;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (model->marks[middle] < mark)
			low = middle + 1;
		else
			high = middle;
	}
	*at = low;
	return model && low < model->n && model->marks[low] == mark;
}

uint32_t buying_buyers(const struct buying_model *model, uint32_t mark)
{
	size_t at;
	return place_of(model, mark, &at) ? model->buyers[at] : 0;
}

const struct buying_near *buying_near_of(const struct buying_model *model, uint32_t mark)
{
	size_t at;
	return place_of(model, mark, &at) ? &model->near[at * BUYING_NEAR] : NULL;
}

double buying_similarity(const struct buying_model *model, uint32_t mark, uint32_t other)
{
	const struct buying_near *near = buying_near_of(model, mark);
	for (size_t i = 0; near && i < BUYING_NEAR && near[i].mark; i++)
		if (near[i].mark == other)
			return near[i].similarity;
	return 0;
}
