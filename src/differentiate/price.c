/* price.c: price lists, read and looked up. */
#include "differentiate/price.h"

#include "base/unit.h"

static const struct config_key line_keys[] = {
	{.name = "event", .type = CONFIG_TEXT, .required = true}, {.name = "channel", .type = CONFIG_TEXT}, {.name = "income", .type = CONFIG_NUMBER},
	{.name = "cost", .type = CONFIG_NUMBER}, {.name = "margin", .type = CONFIG_TEXT}, {.name = "minutes", .type = CONFIG_NUMBER}, {.name = NULL}};
static const struct config_key price_list_keys[] = {
	{.name = "currency", .type = CONFIG_TEXT, .required = true}, {.name = "minute", .type = CONFIG_MAP},
	{.name = "lines", .type = CONFIG_LIST, .required = true, .keys = line_keys}, {.name = NULL}};

static double money(struct value map, const char *key)
{
	double amount = 0;
	return value_double(value_get(map, text_of(key)), &amount) ? amount * 100 : 0;
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
	if (line->minutes < 0 || line->cost < 0)
		return config_problem(build, document, "lines", "minutes and cost of \"%.*s\" cannot be below zero.", TEXT_ARGS(text_first(line->event, 60)));
	return 0;
}

static int minutes_read(struct config_build *build, const struct config_document *document, struct price_list *list)
{
	struct value_cursor cursor = {0};
	struct value item;
	struct text name;
	double amount;
	while (value_next(&cursor, value_get(document->body, TEXT("minute")), &name, &item)) {
		enum channel channel;
		if (!channel_parse(name, &channel))
			return config_problem(build, document, "minute", "There is no channel \"%.*s\".", TEXT_ARGS(text_first(name, 40)));
		if (!value_double(item, &amount) || amount < 0)
			return config_problem(build, document, "minute", "What a minute costs is a number such as .90.");
		list->minute[channel] = amount * 100;
	}
	return 0;
}

static int list_read(struct config_build *build, const struct config_document *document, struct price_list *list, struct price_line *lines)
{
	struct value_cursor cursor = {0};
	struct value item;
	struct text currency = value_text(value_get(document->body, TEXT("currency")));
	int error = minutes_read(build, document, list);
	if (list->currency.n && !text_equal(list->currency, currency))
		return config_problem(build, document, "currency", "All price lists are in one currency, and another is in %.*s.", TEXT_ARGS(list->currency));
	list->currency = currency;
	while (!error && value_next(&cursor, value_get(document->body, TEXT("lines")), NULL, &item)) {
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
