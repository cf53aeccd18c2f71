/* retention.c: the rules of how long what may be kept. */
#include "trust/retention.h"

#include "base/unit.h"
#include "trust/purpose.h"

#include <stdio.h>

#define OF_WORDS "track page screen identify group decision response"

static const struct config_key retention_keys[] = {
	{.name = "title", .type = CONFIG_TEXT, .required = true},
	{.name = "keep", .type = CONFIG_TEXT, .required = true},
	{.name = "of", .type = CONFIG_TEXTS},
	{.name = "events", .type = CONFIG_TEXTS},
	{.name = "purposes", .type = CONFIG_TEXTS},
	{.name = "for", .type = CONFIG_TEXTS},
	{.name = "basis", .type = CONFIG_TEXT, .choices = PURPOSE_BASIS_WORDS},
	{.name = "law", .type = CONFIG_TEXT},
	{.name = NULL},
};

static const enum event_kind kinds[] = {EVENT_TRACK, EVENT_PAGE, EVENT_SCREEN, EVENT_IDENTIFY, EVENT_GROUP, EVENT_DECISION, EVENT_RESPONSE};
enum { KINDS_N = sizeof kinds / sizeof *kinds };

static uint32_t kinds_all(void)
{
	uint32_t bits = 0;
	for (size_t i = 0; i < KINDS_N; i++)
		bits |= EVENT_KIND_BIT(kinds[i]);
	return bits;
}

static uint32_t kind_bit(struct text name)
{
	for (size_t i = 0; i < KINDS_N; i++)
		if (text_equal(name, text_of(event_kind_name(kinds[i]))))
			return EVENT_KIND_BIT(kinds[i]);
	return 0;
}

static int kinds_read(struct config_build *build, const struct config_document *document, uint32_t *bits)
{
	struct value_cursor cursor = {0};
	struct value item;
	*bits = 0;
	while (value_next_item(&cursor, value_get(document->body, TEXT("of")), &item)) {
		uint32_t bit = kind_bit(value_text(item));
		if (!bit)
			return config_problem(build, document, "of", "\"of\" names some of: %s", OF_WORDS);
		*bits |= bit;
	}
	if (!*bits)
		*bits = kinds_all();
	return 0;
}

/* The purposes in the list at @key, together. */
static int mask_read(struct config_build *build, const struct config *config, const struct config_document *document, const char *key, uint64_t *mask)
{
	uint64_t masks[64];
	size_t n;
	int error = purposes_read(build, config, document, key, masks, sizeof masks / sizeof *masks, &n);
	for (size_t i = 0; !error && i < n; i++)
		*mask |= masks[i];
	return error;
}

static int rule_read(struct config_build *build, const struct config *config, const struct config_document *document, void *item)
{
	struct retention_rule *rule = item;
	struct value body = document->body, of = value_get(body, TEXT("of"));
	*rule = (struct retention_rule){.name = document->name, .title = value_text(value_get(body, TEXT("title"))),
	                                .basis = value_text(value_get(body, TEXT("basis"))), .law = value_text(value_get(body, TEXT("law"))),
	                                .events = value_get(body, TEXT("events"))};
	int error = kinds_read(build, document, &rule->kinds), failed = mask_read(build, config, document, "purposes", &rule->purposes);
	if (!failed)
		failed = mask_read(build, config, document, "for", &rule->ends);
	if (value_type_of(of) == VALUE_ABSENT && value_type_of(rule->events) == VALUE_ABSENT && !rule->purposes && !failed)
		failed = config_problem(build, document, NULL, "say what it is about: \"of\", \"events\" or \"purposes\"");
	if (duration_parse(value_text(value_get(body, TEXT("keep"))), &rule->keep_ms) != 0 || rule->keep_ms <= 0)
		failed = config_problem(build, document, "keep", "\"keep\" must be a length of time such as 400d");
	return failed ? failed : error;
}

static int compile(struct config_build *build, struct config *config, const void **section)
{
	struct retention *retention = arena_zero_alloc(config->arena, 1, sizeof *retention);
	void *items;
	if (!retention)
		return ERROR_MEMORY;
	int error = config_read_all(build, config, TEXT("retention"), sizeof(struct retention_rule), rule_read, &items, &retention->n);
	if (error)
		return error;
	retention->rules = items;
	for (size_t i = 0; i < retention->n; i++)
		retention->ends |= retention->rules[i].ends;
	*section = retention;
	return 0;
}

/* States depend on it: what may not be kept any longer is not in them. */
const struct config_kind retention_kind = {
	.name = "retention", .keys = retention_keys, .shapes_states = true, .section = CONFIG_RETENTION, .compile = compile};

const struct retention *retention_of(const struct config *config)
{
	static const struct retention none;
	const struct retention *retention = config ? config->sections[CONFIG_RETENTION] : NULL;
	return retention ? retention : &none;
}

bool retention_fits(const struct retention_rule *rule, const struct event *event)
{
	struct value_cursor cursor = {0};
	struct value item;
	if (!(rule->kinds & EVENT_KIND_BIT(event->header.kind)) || (rule->purposes && !(rule->purposes & event->header.purposes)))
		return false;
	if (value_type_of(rule->events) == VALUE_ABSENT)
		return true;
	while (value_next_item(&cursor, rule->events, &item))
		if (text_equal(value_text(item), event->name))
			return true;
	return false;
}

const struct retention_rule *retention_rule_for(const struct retention *retention, const struct event *event, uint64_t purpose)
{
	const struct retention_rule *longest = NULL;
	for (size_t i = 0; i < retention->n; i++) {
		const struct retention_rule *rule = &retention->rules[i];
		bool meant = purpose ? (rule->ends & purpose) != 0 : rule->ends == 0;
		if (meant && (!longest || rule->keep_ms > longest->keep_ms) && retention_fits(rule, event))
			longest = rule;
	}
	return longest;
}

static bool has_ended(const struct retention_rule *rule, const struct event *event, int64_t now_ms)
{
	return rule && event->header.time_ms < now_ms - rule->keep_ms;
}

bool retention_keeps(const struct config *config, const struct event *event, int64_t now_ms)
{
	return !has_ended(retention_rule_for(retention_of(config), event, 0), event, now_ms);
}

uint64_t retention_serves(const struct config *config, const struct event *event, int64_t now_ms)
{
	const struct retention *retention = retention_of(config);
	uint64_t serves = ~(uint64_t)0;
	if (!retention_keeps(config, event, now_ms))
		return 0;
	for (uint64_t left = retention->ends & event->header.purposes; left; left &= left - 1)
		if (has_ended(retention_rule_for(retention, event, left & -left), event, now_ms))
			serves &= ~(left & -left);
	return serves;
}
