/* worth_reciprocity.c: give and get: who gives more than he gets, within each need. */
#include "differentiate/worth.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

/* One customer under one of the two measures. */
struct ranked {
	int64_t value;
	struct worth_customer *customer;
};

static int compare(const void *a, const void *b)
{
	const struct ranked *left = a, *right = b;
	if (left->value != right->value)
		return left->value < right->value ? -1 : 1;
	return left->customer->customer < right->customer->customer ? -1 : left->customer->customer > right->customer->customer;
}

/* The share of the others that are below, equals counting half: of a thousand. Twice the place is kept in @middle. */
static void share(struct ranked *items, size_t n, void (*set)(struct worth_customer *, double middle, size_t n))
{
	qsort(items, n, sizeof *items, compare);
	for (size_t first = 0, end; first < n; first = end) {
		for (end = first; end < n && items[end].value == items[first].value;)
			end++;
		for (size_t i = first; i < end; i++)
			set(items[i].customer, (double)(first + end - 1) / 2, n);
	}
}

static uint16_t thousandth(double middle, size_t n)
{
	return n < 2 ? 500 : (uint16_t)lround(1000 * middle / (double)(n - 1));
}
static void set_u(struct worth_customer *customer, double middle, size_t n)
{
	customer->u = thousandth(middle, n);
}
static void set_w(struct worth_customer *customer, double middle, size_t n)
{
	customer->w = thousandth(middle, n);
}

static size_t gather(struct worth *worth, struct ranked *items, int need, bool got)
{
	size_t n = 0;
	for (size_t i = 0; i < worth->n; i++) {
		struct worth_customer *customer = &worth->customers[i];
		if (customer->may && (need < 0 || customer->need == need))
			items[n++] = (struct ranked){got ? customer->got : customer->profit, customer};
	}
	return n;
}

/* Spearman's coefficient: Pearson's of the ranks, ties at their middle (Spearman 1904). */
static double correlation(const struct worth *worth)
{
	double n = 0, su = 0, sw = 0, suu = 0, sww = 0, suw = 0;
	for (size_t i = 0; i < worth->n; i++) {
		if (!worth->customers[i].may)
			continue;
		double u = worth->customers[i].u, w = worth->customers[i].w;
		n++, su += u, sw += w, suu += u * u, sww += w * w, suw += u * w;
	}
	double spread = (suu - su * su / n) * (sww - sw * sw / n);
	return n < 3 || !(spread > 0) ? NAN : (suw - su * sw / n) / sqrt(spread);
}

int worth_reciprocity(struct worth *worth, size_t needs_n)
{
	struct ranked *items = memory_zero_alloc(worth->n + 1, sizeof *items);
	if (!items)
		return ERROR_MEMORY;
	share(items, gather(worth, items, -1, false), set_u);
	share(items, gather(worth, items, -1, true), set_w);
	worth->agreement = correlation(worth);
	for (size_t i = 0; i <= needs_n; i++) {
		int need = i < needs_n ? (int)i : NEED_NONE;
		share(items, gather(worth, items, need, false), set_u);
		share(items, gather(worth, items, need, true), set_w);
	}
	for (size_t i = 0; i < worth->n; i++) {
		struct worth_customer *customer = &worth->customers[i];
		bool gives = customer->u >= 500, gets = customer->w >= 500;
		customer->cell = !customer->may ? CELL_NONE : gives ? (gets ? CELL_KEEP : CELL_GIVE_BACK) : gets ? CELL_EARN : CELL_SIMPLIFY;
		worth->cells[customer->cell]++;
		worth->may += customer->may;
	}
	memory_free(items);
	return 0;
}
