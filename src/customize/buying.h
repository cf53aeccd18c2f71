/*
 * buying.h: what the purchases of all customers teach: which categories come back and how soon, and what goes together.
 *
 * Built from every customer's purchases at one moment into a model that never changes afterwards; a new one takes its place.
 * Pure: @now_ms is given, and the same purchases in any order of customers give the same model up to rounding.
 *
 * Class of a category, from the share of its buyers who bought on two days or more (Bhagat, Muralidharan, Lobzhanidze,
 * Vishwanath, KDD 2018), with the score interval of E. B. Wilson (1927): durable when its upper end is below .10 of at least
 * 30 buyers, consumable when its lower end is above .20, otherwise unknown, which counts as durable; while it is unknown the
 * parent category speaks. What the company declares wins.
 * Interval: the logarithms of the days between purchases are taken as normal: median and spread of a category.
 * Together: C_ij customers have both i and j, each counted 2^-(age in years); similarity C_ij / sqrt(C_i C_j), shrunk by
 * C_ij / (C_ij + 10); the BUYING_NEAR nearest are kept. Only customers who agreed are counted here, and only pairs that at
 * least BUYING_TOGETHER_MIN have and that are bought together clearly more often than by chance: C_ij C > 1.1 C_i C_j.
 */
#ifndef ATTUNE_CUSTOMIZE_BUYING_H
#define ATTUNE_CUSTOMIZE_BUYING_H

#include "customize/product.h"
#include "customize/purchase.h"

enum { BUYING_NEAR = 50, BUYING_BUYERS_MIN = 30, BUYING_TOGETHER_MIN = 10 };

enum buying_class { BUYING_UNKNOWN, BUYING_DURABLE, BUYING_CONSUMABLE };
const char *buying_class_name(enum buying_class class);

/* What is known of a category. */
struct buying_category {
	uint32_t mark;
	uint32_t buyers, repeated;    /* Customers; those of them who bought on two days or more. */
	double low, high;             /* Of the share that repeats, 95 %. */
	uint32_t intervals;
	double median_days, spread;   /* exp of the mean, and the standard deviation, of the logarithms; 0 without intervals. */
	enum buying_class class;      /* Declared, or learned, or the parent's. */
	bool declared;
};

struct buying_model {
	uint32_t customers;           /* Who bought something. */
	int64_t built_ms;
	struct buying_category *categories; /* As in the configuration it was built with. */
	size_t categories_n;
	uint32_t *marks;              /* Of the products, ascending. */
	uint32_t *buyers;             /* Of each. */
	struct buying_near {
		uint32_t mark;
		float similarity;
	} *near;                      /* BUYING_NEAR of each, the nearest first; mark 0: no more. */
	size_t n;
	uint32_t buyers_max;
};

struct buying_builder;

/* Begin. Memory while it runs: 4 bytes for each pair of products. Errors: ERROR_MEMORY. */
int buying_begin(struct buying_builder **out, const struct products *products, int64_t now_ms) MUST_CHECK;
/* One customer's purchases: a state of purchase_fold. @agreed: may count for what goes together. */
void buying_add(struct buying_builder *builder, struct text purchases, bool agreed);
/* Make the model, owned by the caller, and end the builder whatever happens. Errors: ERROR_MEMORY. */
int buying_end(struct buying_builder *builder, struct buying_model **out) MUST_CHECK;
void buying_drop(struct buying_builder *builder);
void buying_free(struct buying_model *model);

/* The category with @mark; NULL when the model does not know it. @model may be NULL. */
const struct buying_category *buying_category_of(const struct buying_model *model, uint32_t mark);
/* The same when it is likely to stand at @index, as it does while the configuration is that of the model. */
const struct buying_category *buying_category_at(const struct buying_model *model, size_t index, uint32_t mark);

/* How many bought the product, and how near it is to another (0 to 1). @model may be NULL. */
uint32_t buying_buyers(const struct buying_model *model, uint32_t mark);
double buying_similarity(const struct buying_model *model, uint32_t mark, uint32_t other);

/* The BUYING_NEAR nearest of a product, up to the first mark 0; NULL when it is not known. */
const struct buying_near *buying_near_of(const struct buying_model *model, uint32_t mark);

/* The class of a category by its buyers and those who repeated, and the interval of their share. */
enum buying_class buying_classify(uint32_t buyers, uint32_t repeated, double *low, double *high);

#endif
