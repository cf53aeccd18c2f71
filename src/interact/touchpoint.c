/* touchpoint.c: sources and touchpoints of a configuration. */
#include "interact/touchpoint.h"

#include <stdio.h>

#define CHANNEL_WORDS "web app email phone chat store branch machine post social"

static const struct config_key source_keys[] = {
	{.name = "channel", .type = CONFIG_TEXT, .choices = CHANNEL_WORDS}, {.name = "title", .type = CONFIG_TEXT},
	{.name = "owner", .type = CONFIG_TEXT}, {.name = "categories", .type = CONFIG_MAP}, {.name = NULL}};
static const struct config_key on_keys[] = {
	{.name = "event", .type = CONFIG_TEXT}, {.name = "page", .type = CONFIG_TEXT}, {.name = "screen", .type = CONFIG_TEXT},
	{.name = NULL}};
static const struct config_key touchpoint_keys[] = {
	{.name = "channel", .type = CONFIG_TEXT, .required = true, .choices = CHANNEL_WORDS},
	{.name = "title", .type = CONFIG_TEXT}, {.name = "need", .type = CONFIG_TEXT}, {.name = "owner", .type = CONFIG_TEXT},
	{.name = "needs", .type = CONFIG_TEXTS}, {.name = "takes", .type = CONFIG_TEXT}, {.name = "maps", .type = CONFIG_TEXTS},
	{.name = "must_be", .type = CONFIG_MAP}, {.name = "should_be", .type = CONFIG_MAP},
	{.name = "asks", .type = CONFIG_TEXTS}, {.name = "on", .type = CONFIG_LIST, .keys = on_keys}, {.name = NULL}};

struct binding {
	struct text touchpoint, event;
	enum event_kind kind;
	enum channel channel;
};

struct bindings {
	const struct binding *items;
	size_t n;
};

static size_t bindings_of(const struct config_document *document, struct binding *out)
{
	static const struct {
		const char *key;
		enum event_kind kind;
	} keys[] = {{"event", EVENT_TRACK}, {"page", EVENT_PAGE}, {"screen", EVENT_SCREEN}};
	struct value_cursor cursor = {0};
	struct value item, on = value_get(document->body, TEXT("on"));
	enum channel channel = CHANNEL_NONE;
	size_t n = 0;
	channel_parse(value_text(value_get(document->body, TEXT("channel"))), &channel);
	while (value_next_item(&cursor, on, &item))
		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
			struct text event = value_text(value_get(item, text_of(keys[i].key)));
			if (event.n && out)
				out[n] = (struct binding){document->name, event, keys[i].kind, channel};
			n += event.n > 0;
		}
	return n;
}

static int touchpoints_compile(struct config_build *build, struct config *config, const void **section)
{
	const struct config_document *document;
	struct bindings *bindings = arena_zero_alloc(config->arena, 1, sizeof *bindings);
	size_t n = 0, at = 0;
	(void)build;
	while ((document = config_next(config, TEXT("touchpoint"), &at)))
		n += bindings_of(document, NULL);
	struct binding *items = arena_zero_alloc(config->arena, n + 1, sizeof *items);
	if (!bindings || !items)
		return ERROR_MEMORY;
	at = 0;
	while ((document = config_next(config, TEXT("touchpoint"), &at)))
		bindings->n += bindings_of(document, &items[bindings->n]);
	bindings->items = items;
	*section = bindings;
	return 0;
}

/* What a banner's categories stand for must be there. */
static int sources_compile(struct config_build *build, struct config *config, const void **section)
{
	const struct config_document *document;
	int error = 0;
	(void)section;
	for (size_t at = 0; (document = config_next(config, TEXT("source"), &at));) {
		struct value_cursor cursor = {0};
		struct value purpose;
		struct text category;
		while (value_next_member(&cursor, value_get(document->body, TEXT("categories")), &category, &purpose)) {
			char path[120];
			snprintf(path, sizeof path, "categories.%.*s", TEXT_ARGS(text_cut(category, 100)));
			if (!config_find(config, TEXT("purpose"), value_text(purpose)))
				error = config_problem(build, document, path, "there is no purpose \"%.*s\"", TEXT_ARGS(text_cut(value_text(purpose), 60)));
		}
	}
	return error;
}

const struct config_kind source_kind = {.name = "source", .keys = source_keys, .section = CONFIG_SOURCES, .compile = sources_compile};
const struct config_kind touchpoint_kind = {
	.name = "touchpoint", .keys = touchpoint_keys, .section = CONFIG_TOUCHPOINTS, .compile = touchpoints_compile};

enum channel source_channel(const struct config *config, struct text name)
{
	const struct config_document *document = config_find(config, TEXT("source"), name);
	enum channel channel = CHANNEL_NONE;
	if (document)
		channel_parse(value_text(value_get(document->body, TEXT("channel"))), &channel);
	return channel;
}

struct text source_category(const struct config *config, struct text name, struct text category)
{
	const struct config_document *document = config_find(config, TEXT("source"), name);
	struct text purpose = document ? value_text(value_get(value_get(document->body, TEXT("categories")), category)) : (struct text){"", 0};
	return purpose.n ? purpose : category;
}

struct text touchpoint_of(const struct config *config, enum event_kind kind, struct text event, enum channel channel)
{
	const struct bindings *bindings = config ? config->sections[CONFIG_TOUCHPOINTS] : NULL;
	for (size_t i = 0; bindings && i < bindings->n; i++) {
		const struct binding *binding = &bindings->items[i];
		if (binding->kind == kind && (channel == CHANNEL_NONE || binding->channel == channel) &&
		    text_equal(binding->event, event))
			return binding->touchpoint;
	}
	return (struct text){"", 0};
}

struct text touchpoint_title(const struct config *config, struct text name)
{
	const struct config_document *document = config_find(config, TEXT("touchpoint"), name);
	struct text title = document ? value_text(value_get(document->body, TEXT("title"))) : (struct text){"", 0};
	return title.n ? title : name;
}
