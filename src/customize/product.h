/*
 * product.h: what the company sells or provides, as configuration: products, the categories they are in, and what a
 * customer can set about a product.
 *
 *   kind: category                      kind: product
 *   name: coffee                        name: lamp-red
 *   title: Coffee                       title: Red lamp
 *   lasts: learned                      category: lamps
 *                                       price: 39
 *                                       currency: EUR
 *                                       need: light at the desk      # what it is for; a red lamp replaces a grey one
 *                                       lead: 4d                     # until it arrives
 *                                       attributes: {colour: red}
 *                                       complements: [bulbs]
 *
 * A product without a need serves that of its category. A setting is a number in a range with a standard; what a customer
 * sets is a preference called product.PRODUCT.SETTING, which holds on every channel and can be undone.
 */
#ifndef ATTUNE_CUSTOMIZE_PRODUCT_H
#define ATTUNE_CUSTOMIZE_PRODUCT_H

#include "engine/config_build.h"

enum { PRODUCTS_MAX = 2000, CATEGORIES_MAX = 500, PRODUCT_SETTINGS_MAX = 16, PRODUCT_COMPLEMENTS_MAX = 16, CATEGORY_NONE = -1 };

/* How long a purchase serves: until it is worn out, until it is used up, or as purchases teach. */
enum product_lasts { PRODUCT_LEARNED, PRODUCT_DURABLE, PRODUCT_CONSUMABLE };

struct category {
	struct text name, title;
	uint32_t mark;             /* A hash of the name. */
	int parent;                /* What it backs off to while purchases say too little; CATEGORY_NONE without. */
	enum product_lasts lasts;
	int64_t life_ms;           /* Of a durable: 2 years when it is not said. */
};

struct product_setting {
	struct text name, title, unit, consequence; /* May be empty: a consequence previews it, by its input called "value". */
	double from, to, step, standard;
};

struct product {
	struct text name, title, currency;
	uint32_t mark;             /* A hash of the name, never 0: stands for it in states and records. */
	int category;              /* CATEGORY_NONE without. */
	uint64_t need;             /* A hash: products with the same serve the same. */
	int64_t price_minor;       /* -1: has no price. */
	int64_t lead_ms;           /* 0: at once. */
	struct value attributes;   /* An object, or absent. */
	uint32_t complements[PRODUCT_COMPLEMENTS_MAX]; /* Marks. */
	size_t complements_n;
	struct product_setting settings[PRODUCT_SETTINGS_MAX];
	size_t settings_n;
};

struct products {
	const struct product *items; /* In the company's order. */
	size_t n;
	const struct category *categories;
	size_t categories_n;
	const uint32_t *by_mark;     /* Indices of items, by mark. */
};

extern const struct config_kind product_kind, category_kind;

const struct products *products_of(const struct config *config); /* Never NULL. */
const struct product *product_find(const struct products *products, struct text name);      /* NULL without. */
const struct product *product_of_mark(const struct products *products, uint32_t mark);      /* NULL without. */
int category_find(const struct products *products, struct text name);                       /* CATEGORY_NONE without. */

uint32_t product_mark(struct text name);

/* ---- what a customer sets ---- */

/* The setting that the preference @name ("product.card.card-limit") is about, and its product; NULL when it is none. */
const struct product_setting *product_setting_of(const struct products *products, struct text name, const struct product **product);

/* May @number be set? */
bool product_setting_fits(const struct product_setting *setting, double number);

#endif
