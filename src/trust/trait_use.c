/* trait_use.c: documents of kind trait. */
#include "trust/trait_use.h"

#include "trust/purpose.h"

static const struct config_key trait_keys[] = {
	{.name = "title", .type = CONFIG_TEXT, .required = true}, {.name = "purposes", .type = CONFIG_TEXTS, .required = true}, {.name = NULL}};

static bool is_a_name(struct text name)
{
	struct text rest = TEXT(TRAIT_USE_NAMES), word;
	while (text_next(&rest, ' ', &word))
		if (text_equal(word, name))
			return true;
	return false;
}

static int use_read(struct config_build *build, const struct config *config, const struct config_document *document, void *item)
{
	struct trait_use *use = item;
	*use = (struct trait_use){.name = document->name, .title = value_text(value_get(document->body, TEXT("title")))};
	if (document->name.n > LATEST_KEY_BYTES_MAX)
		return config_problem(build, document, "name", "the name of a trait has at most %d bytes", LATEST_KEY_BYTES_MAX);
	if (is_a_name(document->name))
		return config_problem(build, document, "name", "\"%.*s\" is what customers are called by: the service always reads it", TEXT_ARGS(document->name));
	int error = purposes_read(build, config, document, "purposes", use->purposes, TRAIT_USE_PURPOSES_MAX, &use->purposes_n);
	if (!error && use->purposes_n == 0)
		error = config_problem(build, document, "purposes", "say what it may be used for; a trait that serves everything needs no document");
	return error;
}

static int compile(struct config_build *build, struct config *config, const void **section)
{
	struct trait_uses *uses = arena_zero_alloc(config->arena, 1, sizeof *uses);
	void *items;
	if (!uses)
		return ERROR_MEMORY;
	int error = config_read_all(build, config, TEXT("trait"), sizeof(struct trait_use), use_read, &items, &uses->n);
	if (error)
		return error;
	uses->items = items;
	if (uses->n > TRAIT_USES_MAX)
		return config_problem(build, config_find(config, TEXT("trait"), uses->items[TRAIT_USES_MAX].name), NULL, "there are at most %d documents of kind trait", TRAIT_USES_MAX);
	*section = uses;
	return 0;
}

const struct config_kind trait_use_kind = {
	.name = "trait", .keys = trait_keys, .shapes_states = true, .section = CONFIG_TRAITS, .compile = compile};

const struct trait_uses *trait_uses_of(const struct config *config)
{
	static const struct trait_uses none;
	const struct trait_uses *uses = config ? config->sections[CONFIG_TRAITS] : NULL;
	return uses ? uses : &none;
}

const struct trait_use *trait_use_find(const struct config *config, struct text name)
{
	const struct trait_uses *uses = trait_uses_of(config);
	for (size_t i = 0; i < uses->n; i++)
		if (text_equal(uses->items[i].name, name))
			return &uses->items[i];
	return NULL;
}

bool trait_use_has(const struct trait_use *use, uint64_t purpose)
{
	for (size_t i = 0; i < use->purposes_n; i++)
		if (use->purposes[i] == purpose)
			return true;
	return false;
}

uint8_t trait_use_tag(const struct config *config, struct text name, uint64_t purposes)
{
	const struct trait_use *use = trait_use_find(config, name);
	unsigned tag = 0;
	for (size_t i = 0; use && i < use->purposes_n; i++)
		if (purposes & use->purposes[i])
			tag |= 1u << (TRAIT_USE_TAG_SHIFT + i);
	return (uint8_t)tag;
}

bool trait_use_may(const struct config *config, const struct latest *trait, uint64_t purpose)
{
	const struct trait_use *use = purpose == PURPOSE_OWN ? NULL : trait_use_find(config, trait->key);
	for (size_t i = 0; use && i < use->purposes_n; i++)
		if (use->purposes[i] == purpose)
			return trait->tag >> (TRAIT_USE_TAG_SHIFT + i) & 1;
	return !use;
}

struct limit {
	const struct config *config;
	uint64_t purpose;
};

static bool keeps(const void *arg, const struct latest *trait)
{
	const struct limit *limit = arg;
	return trait_use_may(limit->config, trait, limit->purpose);
}

bool trait_use_limit(struct fold_state *copy, const struct config *config, uint64_t purpose)
{
	return trait_uses_of(config)->n > 0 && latest_filter(copy, keeps, &(struct limit){config, purpose});
}
