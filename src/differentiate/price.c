/* price.c: price lists, read and looked up. */
#include "differentiate/price.h"

#include "base/code.h"
#include "base/unit.h"

#include <math.h>

static const struct config_key line_keys[] = {
	{.name = "event", .type = CONFIG_TEXT, .required = true}, {.name = "channel", .type = CONFIG_TEXT}, {.name = "income", .type = CONFIG_NUMBER},
	{.name = "cost", .type = CONFIG_NUMBER}, {.name = "margin", .type = CONFIG_TEXT}, {.name = "minutes", .type = CONFIG_NUMBER},
	{.name = "gives", .type = CONFIG_TEXT}, {.name = "saves", .type = CONFIG_NUMBER}, {.name = "wastes", .type = CONFIG_NUMBER},
	{.name = "ours", .type = CONFIG_YES_NO}, {.name = NULL}};
static const struct config_key goal_keys[] = {
	{.name = "profit", .type = CONFIG_NUMBER}, {.name = "minutes", .type = CONFIG_NUMBER}, {.name = "learns", .type = CONFIG_TEXTS},
	{.name = "stars", .type = CONFIG_NUMBER}, {.name = NULL}};
static const struct config_key price_list_keys[] = {
	{.name = "currency", .type = CONFIG_TEXT, .required = true}, {.name = "minute", .type = CONFIG_MAP},
	{.name = "customer_minute", .type = CONFIG_NUMBER}, {.name = "goal", .type = CONFIG_MAP, .keys = goal_keys},
	{.name = "lines", .type = CONFIG_LIST, .required = true, .keys = line_keys}, {.name = NULL}};

static double money(struct value map, const char *key)
{
	double amount = 0;
	return value_double(value_get(map, text_of(key)), &amount) ? amount * 100 : 0;
}

/* "gives": an amount such as .50, or a share such as 5%. */
static int gives_read(struct config_build *build, const struct config_document *document, struct text gives, struct price_line *line)
{
	double amount = 0;
	if (gives.n == 0)
		return 0;
	if (text_ends(gives, TEXT("%")) ? share_parse(gives, &line->gives_share) != 0 : text_to_double(gives, &amount) != 0 || amount < 0)
		return config_problem(build, document, "lines", "gives is an amount such as .50 or a share such as 5%%, not \"%.*s\".", TEXT_ARGS(text_first(gives, 40)));
	line->gives = amount * 100;
	return 0;
}

static int line_read(struct config_build *build, const struct config_document *document, struct value item, struct price_line *line)
{
	struct text channel = value_text(value_get(item, TEXT("channel"))), margin = value_text(value_get(item, TEXT("margin")));
	enum channel known = CHANNEL_NONE;
	*line = (struct price_line){.event = value_text(value_get(item, TEXT("event"))), .channel = -1, .income = money(item, "income"),
	                            .cost = money(item, "cost"), .minutes = money(item, "minutes") / 100};
	if (margin.n && share_parse(margin, &line->margin) != 0)
		return config_problem(build, document, "lines", "margin is a share such as 22%%, not \"%.*s\".", TEXT_ARGS(text_first(margin, 40)));
	if (channel.n && !channel_parse(channel, &known))
		return config_problem(build, document, "lines", "There is no channel \"%.*s\".", TEXT_ARGS(text_first(channel, 40)));
	if (channel.n)
		line->channel = (int)known;
	line->saves = money(item, "saves") / 100;
	line->wastes = money(item, "wastes") / 100;
	line->ours = value_is_true(value_get(item, TEXT("ours")));
	if (gives_read(build, document, value_text(value_get(item, TEXT("gives"))), line) != 0)
		return ERROR_INVALID;
	if (line->minutes < 0 || line->cost < 0 || line->saves < 0 || line->wastes < 0)
		return config_problem(build, document, "lines", "minutes and cost of \"%.*s\" cannot be below zero.", TEXT_ARGS(text_first(line->event, 60)));
	return 0;
}

static int minutes_read(struct config_build *build, const struct config_document *document, struct price_list *list)
{
	struct value_cursor cursor = {0};
	struct value item;
	struct text name;
	double amount;
	while (value_next_member(&cursor, value_get(document->body, TEXT("minute")), &name, &item)) {
		enum channel channel;
		if (!channel_parse(name, &channel))
			return config_problem(build, document, "minute", "There is no channel \"%.*s\".", TEXT_ARGS(text_first(name, 40)));
		if (!value_double(item, &amount) || amount < 0)
			return config_problem(build, document, "minute", "What a minute costs is a number such as .90.");
		list->minute[channel] = amount * 100;
	}
	return 0;
}

static int goal_read(struct config_build *build, const struct config_document *document, struct price_list *list)
{
	struct value goal = value_get(document->body, TEXT("goal")), item;
	struct value_cursor cursor = {0};
	if (goal.n == 0)
		return 0;
	list->goal = (struct price_goal){.profit = money(goal, "profit"), .minutes = money(goal, "minutes") / 100};
	if (value_double(value_get(goal, TEXT("stars")), &list->goal.stars) && !(list->goal.stars >= 1 && list->goal.stars <= 5))
		return config_problem(build, document, "goal.stars", "A month aims at 1 to 5 stars.");
	while (value_next_item(&cursor, value_get(goal, TEXT("learns")), &item)) {
		if (list->goal.learns_n == PRICE_LEARNS_MAX)
			return config_problem(build, document, "goal.learns", "A goal learns from at most %d events.", PRICE_LEARNS_MAX);
		list->goal.learns[list->goal.learns_n++] = value_text(item);
	}
	return 0;
}

static int list_read(struct config_build *build, const struct config_document *document, struct price_list *list, struct price_line *lines)
{
	struct value_cursor cursor = {0};
	struct value item;
	struct text given = value_text(value_get(document->body, TEXT("currency"))), currency = code_currency(given);
	int error = minutes_read(build, document, list);
	if (!currency.n)
		return config_problem(build, document, "currency", "There is no currency \"%.*s\". Use " CODE_CURRENCY_ALLOWED ".", TEXT_ARGS(text_cut(given, 40)));
	if (list->currency.n && !text_equal(list->currency, currency))
		return config_problem(build, document, "currency", "All price lists are in one currency, and another is in %.*s.", TEXT_ARGS(list->currency));
	list->currency = currency;
	if (!list->customer_minute)
		list->customer_minute = money(document->body, "customer_minute");
	if (!error)
		error = goal_read(build, document, list);
	while (!error && value_next_item(&cursor, value_get(document->body, TEXT("lines")), &item)) {
		if (list->n == PRICE_LINES_MAX)
			return config_problem(build, document, "lines", "There are more than %d lines.", PRICE_LINES_MAX);
		error = line_read(build, document, item, &lines[list->n++]);
	}
	return error;
}

static int compile(struct config_build *build, struct config *config, const void **section)
{
	struct price_list *list = arena_zero_alloc(config->arena, 1, sizeof *list);
	struct price_line *lines = arena_zero_alloc(config->arena, PRICE_LINES_MAX, sizeof *lines);
	const struct config_document *document;
	size_t at = 0;
	int error = 0;
	if (!list || !lines)
		return ERROR_MEMORY;
	while (!error && (document = config_next(config, TEXT("price-list"), &at)))
		error = list_read(build, document, list, lines);
	list->lines = lines;
	*section = list;
	return error;
}

const struct config_kind price_list_kind = {.name = "price-list", .keys = price_list_keys, .section = CONFIG_PRICES, .compile = compile};

const struct price_list *price_list_of(const struct config *config)
{
	static const struct price_list none;
	const struct price_list *list = config ? config->sections[CONFIG_PRICES] : NULL;
	return list ? list : &none;
}

const struct price_line *price_find(const struct price_list *list, struct text event, enum channel channel)
{
	const struct price_line *any = NULL;
	for (size_t i = 0; i < list->n; i++) {
		if (!text_equal(list->lines[i].event, event))
			continue;
		if (list->lines[i].channel == (int)channel)
			return &list->lines[i];
		if (list->lines[i].channel < 0)
			any = &list->lines[i];
	}
	return any;
}

struct price price_of(const struct price_list *list, const struct price_line *line, enum channel channel, int64_t value_minor)
{
	return (struct price){.income = line->income + line->margin * (double)value_minor, .cost = line->cost + line->minutes * list->minute[channel]};
}

struct price_exact price_exact_of(const struct price_list *list, const struct price_line *line, enum channel channel, int64_t value_minor)
{
	double value = (double)value_minor;
	return (struct price_exact){
		.income = llround(line->income * 100) + llround(line->margin * value * 100),
		.cost = llround(line->cost * 100) + llround(line->minutes * list->minute[channel] * 100),
		.given = llround(line->gives * 100) + llround(line->gives_share * value * 100) + llround(line->saves * list->customer_minute * 100),
		.lost = llround(line->wastes * list->customer_minute * 100),
		.minutes = llround(line->minutes * 100)};
}

int price_index_make(struct price_index *out, struct arena *arena, const struct price_list *list, uint32_t names_n,
                     uint32_t (*number)(void *arg, struct text name), void *arg)
{
	const struct price_line **lines = arena_zero_alloc(arena, (size_t)names_n * CHANNEL_COUNT + 1, sizeof *lines);
	if (!lines)
		return ERROR_MEMORY;
	for (size_t i = 0; i < list->n; i++) {
		uint32_t name = number(arg, list->lines[i].event);
		if (name == 0 || name >= names_n)
			continue;
		for (unsigned channel = 0; channel < CHANNEL_COUNT; channel++)
			lines[(size_t)name * CHANNEL_COUNT + channel] = price_find(list, list->lines[i].event, (enum channel)channel);
	}
	*out = (struct price_index){lines, names_n};
	return 0;
}
