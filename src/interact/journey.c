/* journey.c: configured journeys. */
#include "interact/journey.h"

#include "base/clock.h"
#include "base/unit.h"

static const struct config_key journey_keys[] = {
	{.name = "title", .type = CONFIG_TEXT}, {.name = "goal", .type = CONFIG_TEXT, .required = true},
	{.name = "start", .type = CONFIG_TEXT}, {.name = "gap", .type = CONFIG_TEXT}, {.name = "property", .type = CONFIG_TEXT},
	{.name = "fails", .type = CONFIG_TEXTS}, {.name = "asks", .type = CONFIG_TEXTS}, {.name = "stars", .type = CONFIG_TEXT},
	{.name = "owner", .type = CONFIG_TEXT}, {.name = NULL}};

static struct text member(const struct config_document *document, const char *key)
{
	return value_text(value_get(document->body, text_of(key)));
}

static int events_read(struct config_build *build, const struct config_document *document, const char *key, struct text *events, size_t *n)
{
	struct value_cursor cursor = {0};
	struct value item;
	while (value_next_item(&cursor, value_get(document->body, text_of(key)), &item)) {
		if (*n == JOURNEY_EVENTS_MAX)
			return config_problem(build, document, key, "%s names more than %d events.", key, JOURNEY_EVENTS_MAX);
		events[(*n)++] = value_text(item);
	}
	return 0;
}

static int rule_read(struct config_build *build, const struct config *config, const struct config_document *document, void *item)
{
	struct journey_rule *rule = item;
	struct text title = member(document, "title"), gap = member(document, "gap");
	(void)config;
	*rule = (struct journey_rule){
		.name = document->name, .title = title.n ? title : document->name, .owner = member(document, "owner"), .start = member(document, "start"),
		.goal = member(document, "goal"), .stars = member(document, "stars"), .gap_ms = (int64_t)JOURNEY_GAP_DAYS * MS_A_DAY};
	if (gap.n && (duration_parse(gap, &rule->gap_ms) != 0 || rule->gap_ms == 0))
		return config_problem(build, document, "gap", "gap is a time such as 30d or 2h.");
	int error = events_read(build, document, "fails", rule->fails, &rule->fails_n);
	return error ? error : events_read(build, document, "asks", rule->asks, &rule->asks_n);
}

static int compile(struct config_build *build, struct config *config, const void **section)
{
	struct journey_rules *rules = arena_zero_alloc(config->arena, 1, sizeof *rules);
	void *items;
	if (!rules)
		return ERROR_MEMORY;
	int error = config_read_all(build, config, TEXT("journey"), sizeof(struct journey_rule), rule_read, &items, &rules->n);
	if (error == ERROR_MEMORY)
		return error;
	rules->items = items;
	*section = rules;
	return error;
}

const struct config_kind journey_kind = {.name = "journey", .keys = journey_keys, .section = CONFIG_JOURNEYS, .compile = compile};

const struct journey_rules *journey_rules(const struct config *config)
{
	static const struct journey_rules none;
	const struct journey_rules *rules = config ? config->sections[CONFIG_JOURNEYS] : NULL;
	return rules ? rules : &none;
}
