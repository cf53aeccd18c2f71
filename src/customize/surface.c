/* surface.c: surfaces of a configuration. */
#include "customize/surface.h"

#include "base/code.h"
#include "base/unit.h"

#include <stdio.h>
#include <string.h>
#include <stdio.h>
#include <xxhash.h>

struct surfaces {
	const struct surface *items;
	size_t n;
	uint64_t purposes[SURFACE_TYPES];
};

static const struct config_key learns_keys[] = {
	{.name = "event", .type = CONFIG_TEXT}, {.name = "field", .type = CONFIG_TEXT}, {.name = "with", .type = CONFIG_TEXTS},
	{.name = "screen", .type = CONFIG_TEXT}, {.name = "page", .type = CONFIG_TEXT}, {.name = NULL}};
static const struct config_key surface_keys[] = {
	{.name = "type", .type = CONFIG_TEXT, .required = true, .choices = "usual menu question recommend"},
	{.name = "purpose", .type = CONFIG_TEXT, .required = true},
	{.name = "learns", .type = CONFIG_MAP, .keys = learns_keys},
	{.name = "questions", .type = CONFIG_TEXTS},
	{.name = "standard", .type = CONFIG_LIST},
	{.name = "slots", .type = CONFIG_NUMBER},
	{.name = "options", .type = CONFIG_TEXTS},
	{.name = "always", .type = CONFIG_TEXTS},
	{.name = "categories", .type = CONFIG_TEXTS},
	{.name = "titles", .type = CONFIG_MAP},
	{.name = "stated", .type = CONFIG_MAP},
	{.name = "verb", .type = CONFIG_TEXT},
	{.name = "currency", .type = CONFIG_TEXT},
	{.name = "saves", .type = CONFIG_TEXT},
	{.name = "ask", .type = CONFIG_TEXT},
	{.name = "asks", .type = CONFIG_MAP},
	{.name = "title", .type = CONFIG_TEXT},
	{.name = NULL}};

static int usual_compile(struct config_build *build, const struct config_document *document, struct surface *surface)
{
	struct value learns = value_get(document->body, TEXT("learns")), item;
	struct value_cursor cursor = {0};
	struct text key;
	surface->event = value_text(value_get(learns, TEXT("event")));
	surface->field = value_text(value_get(learns, TEXT("field")));
	if (surface->event.n == 0 || surface->field.n == 0)
		return config_problem(build, document, "learns", "a usual choice learns from an \"event\" and its \"field\"");
	while (value_next_item(&cursor, value_get(learns, TEXT("with")), &item)) {
		if (surface->with_n == SURFACE_WITH_MAX)
			return config_problem(build, document, "learns.with", "at most %d fields can go with a choice", SURFACE_WITH_MAX);
		surface->with[surface->with_n++] = value_text(item);
	}
	cursor = (struct value_cursor){0};
	while (value_next_item(&cursor, value_get(document->body, TEXT("standard")), &item)) {
		if (surface->standard_n == SURFACE_STANDARD_MAX)
			return config_problem(build, document, "standard", "at most %d standard choices", SURFACE_STANDARD_MAX);
		surface->standard[surface->standard_n++] = item;
	}
	cursor = (struct value_cursor){0};
	while (value_next_member(&cursor, value_get(document->body, TEXT("stated")), &key, &item)) {
		if (surface->stated_n == SURFACE_STATED_MAX)
			return config_problem(build, document, "stated", "at most %d stated fields", SURFACE_STATED_MAX);
		surface->stated[surface->stated_n++] = (struct surface_stated){key, value_text(item)};
	}
	return 0;
}

static int menu_compile(struct config_build *build, const struct config_document *document, struct surface *surface)
{
	struct value learns = value_get(document->body, TEXT("learns")), item;
	struct value_cursor cursor = {0};
	int64_t slots = 6;
	size_t n = 0, always_n = 0;
	while (value_next_item(&cursor, value_get(document->body, TEXT("options")), &item)) {
		if (n == MENU_OPTIONS_MAX)
			return config_problem(build, document, "options", "a menu has at most %d options", MENU_OPTIONS_MAX);
		if (surface_option(surface, value_text(item)) != MENU_NONE)
			return config_problem(build, document, "options", "\"%.*s\" stands here twice", TEXT_ARGS(value_text(item)));
		struct value title = value_get(value_get(document->body, TEXT("titles")), value_text(item));
		surface->options[n] = value_text(item);
		surface->marks[n] = (uint32_t)XXH3_64bits(surface->options[n].p, surface->options[n].n);
		surface->titles[n] = value_text(title).n ? value_text(title) : value_text(item);
		surface->menu.options_n = (uint16_t)++n;
	}
	value_int(value_get(document->body, TEXT("slots")), &slots);
	if (n == 0 || slots < 1 || slots > MENU_HOME_MAX)
		return config_problem(build, document, n ? "slots" : "options", n ? "\"slots\" must be 1 to 16" : "a menu needs \"options\"");
	surface->menu.home_n = (uint16_t)((size_t)slots < n ? (size_t)slots : n);
	cursor = (struct value_cursor){0};
	while (value_next_item(&cursor, value_get(document->body, TEXT("always")), &item)) {
		uint16_t option = surface_option(surface, value_text(item));
		if (option == MENU_NONE)
			return config_problem(build, document, "always", "\"%.*s\" is not among the options", TEXT_ARGS(value_text(item)));
		always_n += !surface->always[option];
		surface->always[option] = true;
	}
	if (always_n > surface->menu.home_n)
		return config_problem(build, document, "always", "more options are always shown than there are slots");
	surface->menu.always = surface->always;
	surface->screens = value_text(value_get(learns, TEXT("screen"))).n > 0;
	surface->pages = value_text(value_get(learns, TEXT("page"))).n > 0;
	if (!surface->screens && !surface->pages)
		return config_problem(build, document, "learns", "a menu learns from a \"screen\" or a \"page\": \"*\"");
	return 0;
}

static int question_compile(struct config_build *build, const struct config *config, const struct config_document *document,
                            struct surface *surface)
{
	struct value_cursor cursor = {0};
	struct value item;
	while (value_next_item(&cursor, value_get(document->body, TEXT("questions")), &item)) {
		if (surface->questions_n == SURFACE_QUESTIONS_MAX)
			return config_problem(build, document, "questions", "a surface has at most %d questions", SURFACE_QUESTIONS_MAX);
		if (!config_find(config, TEXT("question"), value_text(item)))
			return config_problem(build, document, "questions", "there is no question \"%.*s\"", TEXT_ARGS(value_text(item)));
		surface->questions[surface->questions_n++] = value_text(item);
	}
	if (surface->questions_n == 0)
		return config_problem(build, document, NULL, "a surface that asks needs \"questions\"");
	return 0;
}

/* What it learns from is what was bought: kind purchase says which events those are. */
static int recommend_compile(struct config_build *build, const struct config *config, const struct config_document *document, struct surface *surface)
{
	struct value_cursor cursor = {0};
	struct value item;
	int64_t slots = 4;
	value_int(value_get(document->body, TEXT("slots")), &slots);
	if (slots < 1 || slots > RECOMMEND_SLOTS_MAX)
		return config_problem(build, document, "slots", "\"slots\" must be 1 to %d", RECOMMEND_SLOTS_MAX);
	if (value_get(document->body, TEXT("learns")).n)
		return config_problem(build, document, "learns", "a recommendation learns from purchases: write a document of kind purchase");
	surface->slots = (size_t)slots;
	while (value_next_item(&cursor, value_get(document->body, TEXT("categories")), &item)) {
		if (!config_find(config, TEXT("category"), value_text(item)))
			return config_problem(build, document, "categories", "there is no category \"%.*s\"", TEXT_ARGS(text_cut(value_text(item), 60)));
		if (surface->categories_n == RECOMMEND_CATEGORIES_MAX)
			return config_problem(build, document, "categories", "at most %d categories", RECOMMEND_CATEGORIES_MAX);
		surface->categories[surface->categories_n++] = product_mark(value_text(item));
	}
	return 0;
}

static const char *const type_names[] = {[SURFACE_USUAL] = "usual", [SURFACE_MENU] = "menu", [SURFACE_QUESTION] = "question", [SURFACE_RECOMMEND] = "recommend"};

const char *surface_type_name(enum surface_type type)
{
	return type_names[type];
}

static enum surface_type type_of(struct text name)
{
	size_t type = 0;
	while (type < SURFACE_TYPES && !text_equal(name, text_of(type_names[type])))
		type++;
	return type < SURFACE_TYPES ? (enum surface_type)type : SURFACE_USUAL; /* The words are checked before. */
}

static struct text text_or(struct value value, struct text otherwise)
{
	return value_text(value).n ? value_text(value) : otherwise;
}

/* "asks": the question by language. */
static int asks_check(struct config_build *build, const struct config_document *document, struct value asks)
{
	struct value_cursor cursor = {0};
	struct value item;
	struct text language;
	int error = 0;
	while (value_next_member(&cursor, asks, &language, &item)) {
		char path[80];
		snprintf(path, sizeof path, "asks.%.*s", TEXT_ARGS(text_cut(language, 60)));
		if (!code_is_language(language))
			error = config_problem(build, document, path, "\"%.*s\" is not a language. Use " CODE_LANGUAGE_ALLOWED ".", TEXT_ARGS(text_cut(language, 60)));
		else if (!value_text(item).n)
			error = config_problem(build, document, path, "\"%.*s\" needs the question in that language", TEXT_ARGS(language));
	}
	return error;
}

static int surface_compile(struct config_build *build, const struct config *config, const struct config_document *document,
                           struct surface *surface)
{
	surface->name = document->name;
	surface->title = value_text(value_get(document->body, TEXT("title")));
	surface->mark = (uint32_t)XXH3_64bits(document->name.p, document->name.n);
	surface->type = type_of(value_text(value_get(document->body, TEXT("type"))));
	surface->purpose_name = value_text(value_get(document->body, TEXT("purpose")));
	surface->verb = text_or(value_get(document->body, TEXT("verb")), TEXT("chose"));
	struct text currency = value_text(value_get(document->body, TEXT("currency")));
	surface->currency = code_currency(currency);
	if (currency.n && !surface->currency.n)
		return config_problem(build, document, "currency", "There is no currency \"%.*s\". Use " CODE_CURRENCY_ALLOWED ".", TEXT_ARGS(text_cut(currency, 40)));
	surface->ask = text_or(value_get(document->body, TEXT("ask")), TEXT("Remember this for next time?"));
	surface->asks = value_get(document->body, TEXT("asks"));
	if (asks_check(build, document, surface->asks) != 0)
		return ERROR_INVALID;
	struct text saves = value_text(value_get(document->body, TEXT("saves")));
	if (saves.n && duration_parse(saves, &surface->saves_ms) != 0)
		return config_problem(build, document, "saves", "\"saves\" is a time such as 10s");
	const struct purpose *purpose = purpose_find(config, surface->purpose_name);
	if (!purpose)
		return config_problem(build, document, "purpose", "there is no purpose \"%.*s\"", TEXT_ARGS(surface->purpose_name));
	surface->purpose = purpose->mask;
	if (surface->type == SURFACE_QUESTION)
		return question_compile(build, config, document, surface);
	if (surface->type == SURFACE_RECOMMEND)
		return recommend_compile(build, config, document, surface);
	return surface->type == SURFACE_MENU ? menu_compile(build, document, surface) : usual_compile(build, document, surface);
}

static int surfaces_compile(struct config_build *build, struct config *config, const void **section)
{
	struct surfaces *surfaces = arena_zero_alloc(config->arena, 1, sizeof *surfaces);
	const struct config_document *document;
	size_t at = 0, n = 0;
	while (config_next(config, TEXT("surface"), &at))
		n++;
	struct surface *items = arena_zero_alloc(config->arena, n + 1, sizeof *items);
	if (!surfaces || !items)
		return ERROR_MEMORY;
	at = 0;
	while ((document = config_next(config, TEXT("surface"), &at))) {
		struct surface *surface = &items[surfaces->n++];
		int error = surface_compile(build, config, document, surface);
		if (error)
			return error;
		surfaces->purposes[surface->type] |= surface->purpose;
	}
	surfaces->items = items;
	*section = surfaces;
	return 0;
}

const struct config_kind surface_kind = {
	.name = "surface", .keys = surface_keys, .shapes_states = true, .section = CONFIG_SURFACES, .compile = surfaces_compile};

const struct surface *surface_next(const struct config *config, size_t *at)
{
	const struct surfaces *surfaces = config ? config->sections[CONFIG_SURFACES] : NULL;
	return surfaces && *at < surfaces->n ? &surfaces->items[(*at)++] : NULL;
}

uint64_t surface_purposes(const struct config *config, enum surface_type type)
{
	const struct surfaces *surfaces = config ? config->sections[CONFIG_SURFACES] : NULL;
	return surfaces ? surfaces->purposes[type] : 0;
}

const struct surface *surface_find(const struct config *config, struct text name)
{
	const struct surface *surface;
	size_t at = 0;
	while ((surface = surface_next(config, &at)) && !text_equal(surface->name, name))
		;
	return surface;
}

uint16_t surface_option(const struct surface *surface, struct text name)
{
	for (uint16_t i = 0; i < surface->menu.options_n; i++)
		if (text_equal(surface->options[i], name))
			return i;
	return MENU_NONE;
}
