/*
 * recommend.h: which products to offer a customer next, and which not, because the customer has them already.
 *
 * The promise: nobody is offered what they have until it is due again. A durable, and anything for the same need, stays away
 * until its life ends or it goes back; a consumable until it is likely to be used up; what purchases say too little about
 * counts as durable. This holds with or without consent, in the very next decision, because purchases are read from the
 * customer's own state. What is learned (what goes with what, the customer's own pace) orders the rest only with consent;
 * without it, what most customers bought, then the company's order.
 *
 * When used up: log days between purchases ~ N(mu, sigma); the customer's own mean of n intervals is pooled with the
 * category's, mu_c = (n mean + 3 mu) / (n + 3), and the last wait is longer when more was bought than usual. Away until the
 * 10 % quantile; from there the wish to show it grows with the distribution up to the 90 % quantile, and halves with every
 * median after the 95 % quantile, as who waits that long has stopped.
 *
 * Everything is computed from quantised inputs of 64 bits a product, which go into the decision's record: the same inputs,
 * purchases and time give the same answer.
 */
#ifndef ATTUNE_CUSTOMIZE_RECOMMEND_H
#define ATTUNE_CUSTOMIZE_RECOMMEND_H

#include "customize/buying.h"

enum {
	RECOMMEND_SLOTS_MAX = 8, RECOMMEND_WITHHELD_MAX = 12, RECOMMEND_NEXT = 4, RECOMMEND_WHY_BYTES = 160,
	RECOMMEND_CONSIDERED_MAX = RECOMMEND_SLOTS_MAX + RECOMMEND_WITHHELD_MAX + RECOMMEND_NEXT,
	RECOMMEND_CATEGORIES_MAX = 32,
};

/* What is known of one product before the customer's purchases are looked at. */
struct recommend_input {
	const struct product *product;
	uint8_t score;           /* What it goes with and how many bought it; 0 to 255. */
	bool taught;             /* The score has something that was learned of this customer. */
	enum buying_class class;
	uint16_t median;         /* Of the days between purchases: 1 + 700 ln(days), 13 bits; 0: not known. */
	uint8_t spread;          /* Of their logarithms, in 1/32, 6 bits. */
	float near;              /* How near it is to what the customer has: part of the score already, and not recorded. */
};

enum recommend_verdict { RECOMMEND_FREE, RECOMMEND_OWNED, RECOMMEND_SAME_NEED, RECOMMEND_NOT_DUE };
const char *recommend_verdict_name(enum recommend_verdict verdict); /* "owned", "same need", "not due"; "free". */

struct recommend_item {
	struct recommend_input input;
	enum recommend_verdict verdict;
	bool comes_back;         /* It was bought and is used up after a time: due is set. */
	int32_t due_days;        /* From now; negative: ago. */
	uint16_t last_day;       /* Of the newest purchase for the same need, days since 1970; 0: none. */
	int64_t until_ms;        /* Withheld until then. */
	double rank;
	size_t why_n;
	char why[RECOMMEND_WHY_BYTES];
};

struct recommendation {
	struct recommend_item shown[RECOMMEND_SLOTS_MAX], withheld[RECOMMEND_WITHHELD_MAX]; /* Withheld: what was bought last comes first. */
	size_t shown_n, withheld_n;
	uint64_t considered[RECOMMEND_CONSIDERED_MAX]; /* Shown, withheld and the next few, packed, for the record. */
	size_t considered_n;
};

struct recommend_question {
	const struct products *products;
	const struct recommend_input *inputs;
	size_t inputs_n, slots;
	struct text purchases;   /* A state of purchase_fold. */
	int64_t now_ms;
	bool agreed;             /* May what was learned of this customer be used? */
};

/*
 * Answer @question. Equal ranks keep the company's order. Scratch is taken from @arena. Pure. Errors: ERROR_MEMORY.
 */
int recommend(struct recommendation *out, struct arena *arena, const struct recommend_question *question) MUST_CHECK;

/*
 * The inputs of all products of @categories (marks; none: of all products) to @inputs, which has room for all products.
 * @model may be NULL: then only what the company declares is known. Returns how many.
 */
struct recommend_scope {
	const uint32_t *categories;
	size_t categories_n;
};
size_t recommend_inputs(struct recommend_input *inputs, const struct products *products, const struct recommend_scope *scope,
                        const struct buying_model *model, struct text purchases, bool agreed);

/* An input with its verdict in 64 bits, and back; false when the product is not configured. */
uint64_t recommend_pack(const struct recommend_input *input, enum recommend_verdict verdict);
bool recommend_unpack(struct recommend_input *input, const struct products *products, uint64_t packed);

#endif
