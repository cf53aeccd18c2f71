/* need.c: needs of a configuration, and which of them is a customer's. */
#include "differentiate/need.h"

static const struct config_key on_keys[] = {
	{.name = "event", .type = CONFIG_TEXT}, {.name = "page", .type = CONFIG_TEXT}, {.name = "screen", .type = CONFIG_TEXT}, {.name = NULL}};
static const struct config_key need_keys[] = {
	{.name = "title", .type = CONFIG_TEXT, .required = true}, {.name = "on", .type = CONFIG_LIST, .required = true, .keys = on_keys}, {.name = NULL}};

static size_t signs_read(const struct config_document *document, uint8_t need, struct need_sign *out)
{
	static const char *const keys[] = {"event", "page", "screen"};
	struct value_cursor cursor = {0};
	struct value item;
	size_t n = 0;
	while (value_next_item(&cursor, value_get(document->body, TEXT("on")), &item))
		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
			struct text event = value_text(value_get(item, text_of(keys[i])));
			if (event.n && out)
				out[n] = (struct need_sign){event, need};
			n += event.n > 0;
		}
	return n;
}

static int compile(struct config_build *build, struct config *config, const void **section)
{
	struct needs *needs = arena_zero_alloc(config->arena, 1, sizeof *needs);
	const struct config_document *document;
	size_t n = 0, at = 0;
	while ((document = config_next(config, TEXT("need"), &at)))
		n += signs_read(document, 0, NULL);
	struct need_sign *signs = arena_zero_alloc(config->arena, n + 1, sizeof *signs);
	if (!needs || !signs)
		return ERROR_MEMORY;
	at = 0;
	while ((document = config_next(config, TEXT("need"), &at))) {
		if (needs->n == NEEDS_MAX)
			return config_problem(build, document, NULL, "There are more than %d needs.", NEEDS_MAX);
		needs->signs_n += signs_read(document, (uint8_t)needs->n, &signs[needs->signs_n]);
		needs->items[needs->n++] = (struct need){document->name, value_text(value_get(document->body, TEXT("title")))};
	}
	needs->signs = signs;
	*section = needs;
	return 0;
}

const struct config_kind need_kind = {.name = "need", .keys = need_keys, .section = CONFIG_NEEDS, .compile = compile};

const struct needs *needs_of(const struct config *config)
{
	static const struct needs none;
	const struct needs *needs = config ? config->sections[CONFIG_NEEDS] : NULL;
	return needs ? needs : &none;
}

uint8_t need_of_event(const struct needs *needs, struct text event)
{
	for (size_t i = 0; i < needs->signs_n; i++)
		if (text_equal(needs->signs[i].event, event))
			return needs->signs[i].need;
	return NEED_NONE;
}

uint8_t need_find(const struct needs *needs, struct text name)
{
	for (size_t i = 0; i < needs->n; i++)
		if (text_equal(needs->items[i].name, name))
			return (uint8_t)i;
	return NEED_NONE;
}

uint8_t need_of(const struct needs *needs, const uint32_t own[NEEDS_MAX], const uint64_t all[NEEDS_MAX])
{
	int64_t mine = 0, total = 0, most = 0;
	uint8_t found = NEED_NONE;
	for (size_t i = 0; i < needs->n; i++) {
		mine += own[i];
		total += (int64_t)all[i];
	}
	if (mine < NEED_EVENTS_MIN)
		return NEED_NONE;
	/* own / mine - all / total, times both: whole numbers, so that equal shares stay equal. */
	for (size_t i = 0; i < needs->n; i++) {
		int64_t above = (int64_t)own[i] * total - (int64_t)all[i] * mine;
		if (found == NEED_NONE ? above >= 0 && own[i] > 0 : above > most) {
			most = above;
			found = (uint8_t)i;
		}
	}
	return found;
}
