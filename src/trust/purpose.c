/* purpose.c: the purposes of a configuration. */
#include "trust/purpose.h"

#include "engine/latest.h"

#include <stdlib.h>
#include <string.h>

static const struct config_key purpose_keys[] = {
	{.name = "title", .type = CONFIG_TEXT, .required = true},
	{.name = "text", .type = CONFIG_TEXT, .required = true},
	{.name = "version", .type = CONFIG_TEXT, .required = true},
	{.name = "saves", .type = CONFIG_TEXT},
	{.name = NULL},
};

/* Numbers that stay whatever else is configured, for they stand in records. */
static const char *const well_known[] = {"personalisation", "analytics", "marketing", "research", "sharing"};
enum { WELL_KNOWN = sizeof well_known / sizeof *well_known, OWN_MAX = 63 - WELL_KNOWN };

static int by_name(const void *a, const void *b)
{
	return text_compare(((const struct purpose *)a)->name, ((const struct purpose *)b)->name);
}

static int mask_find(struct config *config, struct purpose *purpose)
{
	size_t number;
	for (unsigned i = 0; i < WELL_KNOWN; i++)
		if (text_equal(purpose->name, text_of(well_known[i]))) {
			purpose->mask = (uint64_t)1 << (i + 1);
			return 0;
		}
	int error = config_lasting_number(config, purpose->name, OWN_MAX, &number);
	if (!error)
		purpose->mask = (uint64_t)1 << (WELL_KNOWN + 1 + number);
	return error;
}

/* The bits of all. In the order of names, so that new ones get theirs in the same order however files are arranged. */
static int masks_find(struct config_build *build, struct config *config, struct purpose *items, size_t n)
{
	int error = 0;
	qsort(items, n, sizeof *items, by_name);
	for (size_t i = 0; i < n && !error; i++)
		error = mask_find(config, &items[i]);
	for (size_t i = 0; i < n && error == ERROR_LIMIT; i++)
		if (!items[i].mask)
			return config_problem(build, config_find(config, TEXT("purpose"), items[i].name), "name",
			                      "there can never be more than %d purposes beside the well-known ones, and those that were "
			                      "removed count: a removed name keeps its place for ever",
			                      OWN_MAX);
	return error;
}

static int purposes_compile(struct config_build *build, struct config *config, const void **section)
{
	struct purposes *purposes = arena_zero_alloc(config->arena, 1, sizeof *purposes);
	struct purpose *items = arena_zero_alloc(config->arena, config->documents_n + 1, sizeof *items);
	const struct config_document *document;
	size_t at = 0;
	if (!purposes || !items)
		return ERROR_MEMORY;
	while ((document = config_next(config, TEXT("purpose"), &at))) {
		struct purpose *purpose = &items[purposes->n++];
		purpose->name = document->name;
		purpose->title = value_text(value_get(document->body, TEXT("title")));
		purpose->text = value_text(value_get(document->body, TEXT("text")));
		purpose->version = value_text(value_get(document->body, TEXT("version")));
		if (purpose->name.n > LATEST_KEY_BYTES_MAX)
			return config_problem(build, document, "name", "the name of a purpose has at most %d bytes", LATEST_KEY_BYTES_MAX);
		if (text_equal(purpose->name, TEXT("service")))
			return config_problem(build, document, "name", "\"service\" is there already and needs no consent");
	}
	purposes->items = items;
	*section = purposes;
	return masks_find(build, config, items, purposes->n);
}

const struct config_kind purpose_kind = {
	.name = "purpose", .keys = purpose_keys, .section = CONFIG_PURPOSES, .compile = purposes_compile};

const struct purposes *purposes_of(const struct config *config)
{
	static const struct purposes none;
	const struct purposes *purposes = config ? config->sections[CONFIG_PURPOSES] : NULL;
	return purposes ? purposes : &none;
}

const struct purpose *purpose_find(const struct config *config, struct text name)
{
	const struct purposes *purposes = purposes_of(config);
	for (size_t i = 0; i < purposes->n; i++)
		if (text_equal(purposes->items[i].name, name))
			return &purposes->items[i];
	return NULL;
}

const struct purpose *purpose_of_mask(const struct config *config, uint64_t mask)
{
	const struct purposes *purposes = purposes_of(config);
	for (size_t i = 0; i < purposes->n; i++)
		if (purposes->items[i].mask == mask)
			return &purposes->items[i];
	return NULL;
}
