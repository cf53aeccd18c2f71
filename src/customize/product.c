/* product.c: products and categories of a configuration. */
#include "customize/product.h"

#include "base/clock.h"
#include "base/code.h"
#include "base/unit.h"

#include <math.h>
#include <stdlib.h>
#include <xxhash.h>

static const int64_t LIFE_MS = (int64_t)2 * 365 * MS_A_DAY;

static const struct config_key category_keys[] = {
	{.name = "title", .type = CONFIG_TEXT, .required = true}, {.name = "lasts", .type = CONFIG_TEXT, .choices = "learned durable consumable"},
	{.name = "life", .type = CONFIG_TEXT}, {.name = "parent", .type = CONFIG_TEXT}, {.name = NULL}};
static const struct config_key product_keys[] = {
	{.name = "title", .type = CONFIG_TEXT, .required = true}, {.name = "category", .type = CONFIG_TEXT}, {.name = "price", .type = CONFIG_NUMBER},
	{.name = "currency", .type = CONFIG_TEXT}, {.name = "need", .type = CONFIG_TEXT}, {.name = "lead", .type = CONFIG_TEXT},
	{.name = "attributes", .type = CONFIG_MAP}, {.name = "complements", .type = CONFIG_TEXTS}, {.name = "settings", .type = CONFIG_MAP},
	{.name = NULL}};

static struct text member(const struct config_document *document, const char *key)
{
	return value_text(value_get(document->body, text_of(key)));
}

uint32_t product_mark(struct text name)
{
	uint32_t mark = (uint32_t)XXH3_64bits(name.p, name.n);
	return mark ? mark : 1;
}

int category_find(const struct products *products, struct text name)
{
	for (size_t i = 0; i < products->categories_n; i++)
		if (text_equal(products->categories[i].name, name))
			return (int)i;
	return CATEGORY_NONE;
}

const struct product *product_find(const struct products *products, struct text name)
{
	const struct product *product = product_of_mark(products, product_mark(name));
	return product && text_equal(product->name, name) ? product : NULL;
}

const struct product *product_of_mark(const struct products *products, uint32_t mark)
{
	size_t low = 0, high = products->n;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (products->items[products->by_mark[middle]].mark < mark)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < products->n && products->items[products->by_mark[low]].mark == mark)
		return &products->items[products->by_mark[low]];
	return NULL;
}

/* ---- categories ---- */

/* A length of time in which also years can be said. */
static int life_parse(struct text text, int64_t *ms)
{
	int64_t years;
	if (!text_ends(text, TEXT("y")))
		return duration_parse(text, ms);
	if (text_to_int64(text_first(text, text.n - 1), &years) != 0 || years < 0 || years > 1000)
		return ERROR_INVALID;
	*ms = years * 365 * MS_A_DAY;
	return 0;
}

static int category_read(struct config_build *build, const struct config_document *document, struct category *category)
{
	struct text lasts = member(document, "lasts"), life = member(document, "life");
	*category = (struct category){.name = document->name, .title = member(document, "title"), .mark = product_mark(document->name),
	                              .parent = CATEGORY_NONE, .life_ms = LIFE_MS};
	category->lasts = text_equal(lasts, TEXT("durable")) ? PRODUCT_DURABLE : text_equal(lasts, TEXT("consumable")) ? PRODUCT_CONSUMABLE
	                                                                                                             : PRODUCT_LEARNED;
	if (life.n && (life_parse(life, &category->life_ms) != 0 || category->life_ms < MS_A_DAY))
		return config_problem(build, document, "life", "life is a time of a day or more, such as 90d or 2y.");
	return 0;
}

static int parents_read(struct config_build *build, const struct config *config, const struct products *products, struct category *categories)
{
	const struct config_document *document;
	size_t at = 0, i = 0;
	while ((document = config_next(config, TEXT("category"), &at))) {
		struct text parent = member(document, "parent");
		categories[i].parent = category_find(products, parent);
		if (parent.n && categories[i].parent == CATEGORY_NONE)
			return config_problem(build, document, "parent", "There is no category \"%.*s\".", TEXT_ARGS(text_cut(parent, 60)));
		i++;
	}
	for (i = 0; i < products->categories_n; i++) {
		size_t steps = 0;
		for (int up = categories[i].parent; up != CATEGORY_NONE; up = categories[up].parent)
			if (++steps > products->categories_n) {
				at = 0;
				return config_problem(build, config_next(config, TEXT("category"), &at), "parent", "Categories stand above one another in a ring.");
			}
	}
	return 0;
}

/* ---- products ---- */

static bool number_of(struct value map, const char *key, double *number)
{
	return value_double(value_get(map, text_of(key)), number) && isfinite(*number);
}

bool product_setting_fits(const struct product_setting *setting, double number)
{
	double steps = (number - setting->from) / setting->step;
	return number >= setting->from && number <= setting->to && fabs(steps - round(steps)) < 1e-9;
}

static int setting_read(struct config_build *build, const struct config_document *document, struct text name, struct value map,
                        struct product_setting *setting)
{
	*setting = (struct product_setting){
		.name = name, .title = value_text(value_get(map, TEXT("title"))), .unit = value_text(value_get(map, TEXT("unit"))),
		.consequence = value_text(value_get(map, TEXT("consequence"))), .step = 1};
	if (setting->title.n == 0)
		setting->title = name;
	number_of(map, "step", &setting->step);
	if (!number_of(map, "from", &setting->from) || !number_of(map, "to", &setting->to) || !number_of(map, "standard", &setting->standard) ||
	    setting->step <= 0 || setting->to < setting->from)
		return config_problem(build, document, "settings", "\"%.*s\" needs numbers: from, to, standard, and a step above zero where it has one.",
		                      TEXT_ARGS(text_cut(name, 60)));
	if (!product_setting_fits(setting, setting->standard))
		return config_problem(build, document, "settings", "The standard of \"%.*s\" is not from %g to %g in steps of %g.", TEXT_ARGS(text_cut(name, 60)),
		                      setting->from, setting->to, setting->step);
	return 0;
}

static int settings_read_all(struct config_build *build, const struct config_document *document, struct product *product)
{
	struct value_cursor cursor = {0};
	struct value map;
	struct text name;
	int error = 0;
	while (!error && value_next_member(&cursor, value_get(document->body, TEXT("settings")), &name, &map)) {
		if (product->settings_n == PRODUCT_SETTINGS_MAX)
			return config_problem(build, document, "settings", "A product has at most %d settings.", PRODUCT_SETTINGS_MAX);
		error = setting_read(build, document, name, map, &product->settings[product->settings_n++]);
	}
	return error;
}

static int complements_read(struct config_build *build, const struct config *config, const struct config_document *document, struct product *product)
{
	struct value_cursor cursor = {0};
	struct value item;
	while (value_next_item(&cursor, value_get(document->body, TEXT("complements")), &item)) {
		if (!config_find(config, TEXT("product"), value_text(item)))
			return config_problem(build, document, "complements", "There is no product \"%.*s\".", TEXT_ARGS(text_cut(value_text(item), 60)));
		if (product->complements_n == PRODUCT_COMPLEMENTS_MAX)
			return config_problem(build, document, "complements", "A product has at most %d complements.", PRODUCT_COMPLEMENTS_MAX);
		product->complements[product->complements_n++] = product_mark(value_text(item));
	}
	return 0;
}

static int product_read(struct config_build *build, const struct config *config, const struct products *products,
                        const struct config_document *document, struct product *product)
{
	struct text category = member(document, "category"), currency = member(document, "currency"), need = member(document, "need"), lead = member(document, "lead");
	double price;
	*product = (struct product){.name = document->name, .title = member(document, "title"), .currency = code_currency(currency),
	                            .mark = product_mark(document->name), .category = category_find(products, category), .price_minor = -1,
	                            .attributes = value_get(document->body, TEXT("attributes"))};
	if (currency.n && !product->currency.n)
		return config_problem(build, document, "currency", "There is no currency \"%.*s\". Use " CODE_CURRENCY_ALLOWED ".", TEXT_ARGS(text_cut(currency, 40)));
	if (category.n && product->category == CATEGORY_NONE)
		return config_problem(build, document, "category", "There is no category \"%.*s\".", TEXT_ARGS(text_cut(category, 60)));
	if (!need.n)
		need = category.n ? category : product->name;
	product->need = XXH3_64bits_withSeed(need.p, need.n, member(document, "need").n ? 1 : 2);
	if (number_of(document->body, "price", &price)) {
		if (price < 0 || price > 1e12 || !product->currency.n)
			return config_problem(build, document, "price", "A price is zero or more and has a currency.");
		product->price_minor = llround(price * 100);
	}
	if (lead.n && duration_parse(lead, &product->lead_ms) != 0)
		return config_problem(build, document, "lead", "lead is a time such as 2d.");
	int error = settings_read_all(build, document, product);
	return error ? error : complements_read(build, config, document, product);
}

static int mark_compare(const void *a, const void *b, void *items)
{
	const struct product *all = items;
	uint32_t x = all[*(const uint32_t *)a].mark, y = all[*(const uint32_t *)b].mark;
	return x < y ? -1 : x > y;
}

/* The index by mark, and that no two products have the same one. */
static int marks_sort(struct config_build *build, const struct config *config, struct product *items, uint32_t *by_mark, size_t n)
{
	for (size_t i = 0; i < n; i++)
		by_mark[i] = (uint32_t)i;
	if (n)
		qsort_r(by_mark, n, sizeof *by_mark, mark_compare, items);
	for (size_t i = 1; i < n; i++)
		if (items[by_mark[i]].mark == items[by_mark[i - 1]].mark)
			return config_problem(build, config_find(config, TEXT("product"), items[by_mark[i]].name), NULL,
			                      "This name has the same hash as \"%.*s\": choose another.", TEXT_ARGS(items[by_mark[i - 1]].name));
	return 0;
}

static size_t documents_of(const struct config *config, struct text kind)
{
	size_t n = 0, at = 0;
	while (config_next(config, kind, &at))
		n++;
	return n;
}

static int categories_compile(struct config_build *build, struct config *config, struct products *products)
{
	const struct config_document *document;
	size_t at = 0, n = documents_of(config, TEXT("category"));
	struct category *categories = arena_zero_alloc(config->arena, n + 1, sizeof *categories);
	int error = categories ? 0 : ERROR_MEMORY;
	products->categories = categories;
	while (!error && (document = config_next(config, TEXT("category"), &at))) {
		if (products->categories_n == CATEGORIES_MAX)
			return config_problem(build, document, NULL, "There are more than %d categories.", CATEGORIES_MAX);
		error = category_read(build, document, &categories[products->categories_n++]);
	}
	return error ? error : parents_read(build, config, products, categories);
}

static int compile(struct config_build *build, struct config *config, const void **section)
{
	const struct config_document *document;
	size_t at = 0, n = documents_of(config, TEXT("product"));
	struct products *products = arena_zero_alloc(config->arena, 1, sizeof *products);
	struct product *items = arena_zero_alloc(config->arena, n + 1, sizeof *items);
	uint32_t *by_mark = arena_zero_alloc(config->arena, n + 1, sizeof *by_mark);
	if (!products || !items || !by_mark)
		return ERROR_MEMORY;
	products->items = items;
	products->by_mark = by_mark;
	int error = categories_compile(build, config, products);
	while (!error && (document = config_next(config, TEXT("product"), &at))) {
		if (products->n == PRODUCTS_MAX)
			return config_problem(build, document, NULL, "There are more than %d products.", PRODUCTS_MAX);
		error = product_read(build, config, products, document, &items[products->n++]);
	}
	if (!error)
		error = marks_sort(build, config, items, by_mark, products->n);
	*section = products;
	return error;
}

const struct config_kind category_kind = {.name = "category", .keys = category_keys, .section = CONFIG_PRODUCTS};
const struct config_kind product_kind = {.name = "product", .keys = product_keys, .section = CONFIG_PRODUCTS, .compile = compile};

const struct products *products_of(const struct config *config)
{
	static const struct products none;
	const struct products *products = config ? config->sections[CONFIG_PRODUCTS] : NULL;
	return products ? products : &none;
}

const struct product_setting *product_setting_of(const struct products *products, struct text name, const struct product **product)
{
	if (!text_starts(name, TEXT("product.")))
		return NULL;
	struct text rest = text_from(name, 8);
	for (size_t i = 0; i < products->n; i++) {
		const struct product *item = &products->items[i];
		if (!text_starts(rest, item->name) || rest.n <= item->name.n || rest.p[item->name.n] != '.')
			continue;
		for (size_t s = 0; s < item->settings_n; s++)
			if (text_equal(item->settings[s].name, text_from(rest, item->name.n + 1))) {
				*product = item;
				return &item->settings[s];
			}
	}
	return NULL;
}
