/* purpose.c: the purposes of a configuration. */
#include "trust/purpose.h"

#include "base/code.h"
#include "base/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define CLASS_WORDS "service personalisation analytics marketing research sharing"

static const struct config_key purpose_keys[] = {
	{.name = "title", .type = CONFIG_TEXT, .required = true},
	{.name = "text", .type = CONFIG_TEXT, .required = true},
	{.name = "version", .type = CONFIG_TEXT, .required = true},
	{.name = "saves", .type = CONFIG_TEXT},
	{.name = "class", .type = CONFIG_TEXT, .choices = CLASS_WORDS},
	{.name = "categories", .type = CONFIG_TEXTS},
	{.name = "recipients", .type = CONFIG_TEXTS},
	{.name = "retention", .type = CONFIG_TEXT},
	{.name = "automated", .type = CONFIG_YES_NO},
	{.name = "valid", .type = CONFIG_TEXT},
	{.name = "language", .type = CONFIG_TEXT},
	{.name = "texts", .type = CONFIG_MAP},
	{.name = "basis", .type = CONFIG_TEXT, .choices = PURPOSE_BASIS_WORDS},
	{.name = "law", .type = CONFIG_TEXT},
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

/* ---- one document ---- */

const char *purpose_class_name(enum purpose_class class)
{
	static const char *const names[] = {
#define X(symbol, name) [symbol] = name,
		PURPOSE_CLASSES(X)
#undef X
	};
	return (unsigned)class < PURPOSE_CLASS_COUNT ? names[class] : "";
}

/* What is said, else what a well-known name says. */
static enum purpose_class class_read(struct text said, struct text name)
{
	for (unsigned i = 0; i < PURPOSE_CLASS_COUNT; i++)
		if (text_equal(said.n ? said : name, text_of(purpose_class_name((enum purpose_class)i))))
			return (enum purpose_class)i;
	return PURPOSE_CLASS_PERSONALISATION;
}

/* "texts": each language has a title and a text of its own, both. */
static int texts_check(struct config_build *build, const struct config_document *document, struct value texts)
{
	struct value_cursor cursor = {0};
	struct value item;
	struct text language;
	int error = 0;
	while (value_next_member(&cursor, texts, &language, &item)) {
		char path[80];
		snprintf(path, sizeof path, "texts.%.*s", TEXT_ARGS(text_cut(language, 60)));
		if (!code_is_language(language))
			error = config_problem(build, document, path, "\"%.*s\" is not a language. Use " CODE_LANGUAGE_ALLOWED ".", TEXT_ARGS(text_cut(language, 60)));
		if (!value_text(value_get(item, TEXT("title"))).n || !value_text(value_get(item, TEXT("text"))).n)
			error = config_problem(build, document, path, "\"%.*s\" needs the \"title\" and the \"text\" in that language", TEXT_ARGS(text_cut(language, 60)));
	}
	return error;
}

static bool is_plain(struct text name)
{
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] < ' ')
			return false;
	return true;
}

static int name_check(struct config_build *build, const struct config_document *document)
{
	if (document->name.n > PURPOSE_NAME_BYTES_MAX || !is_plain(document->name))
		return config_problem(build, document, "name", "the name of a purpose has at most %d bytes and stands on one line", PURPOSE_NAME_BYTES_MAX);
	if (text_equal(document->name, TEXT("service")))
		return config_problem(build, document, "name", "\"service\" is there already and needs no consent");
	return 0;
}

static int purpose_read(struct config_build *build, const struct config *config, const struct config_document *document, void *item)
{
	struct purpose *purpose = item;
	struct value body = document->body;
	struct text valid = value_text(value_get(body, TEXT("valid")));
	(void)config;
	*purpose = (struct purpose){
		.name = document->name, .title = value_text(value_get(body, TEXT("title"))), .text = value_text(value_get(body, TEXT("text"))),
		.version = value_text(value_get(body, TEXT("version"))), .automated = value_is_true(value_get(body, TEXT("automated"))),
		.class = class_read(value_text(value_get(body, TEXT("class"))), document->name), .categories = value_get(body, TEXT("categories")),
		.recipients = value_get(body, TEXT("recipients")), .texts = value_get(body, TEXT("texts")),
		.retention = value_text(value_get(body, TEXT("retention"))), .basis = value_text(value_get(body, TEXT("basis"))),
		.law = value_text(value_get(body, TEXT("law"))),
		.language = value_text(value_get(body, TEXT("language")))};
	int error = name_check(build, document), failed = texts_check(build, document, purpose->texts);
	if (purpose->language.n && !code_is_language(purpose->language))
		failed = config_problem(build, document, "language", "\"%.*s\" is not a language. Use " CODE_LANGUAGE_ALLOWED ".", TEXT_ARGS(text_cut(purpose->language, 60)));
	if (!purpose->language.n)
		purpose->language = TEXT("en");
	if (purpose->law.n && !text_equal(purpose->basis, TEXT("legal-obligation")))
		failed = config_problem(build, document, "law", "\"law\" stands only beside \"basis: legal-obligation\"");
	if (valid.n && (duration_parse(valid, &purpose->valid_ms) != 0 || purpose->valid_ms <= 0))
		failed = config_problem(build, document, "valid", "\"valid\" must be a length of time such as 365d");
	return failed ? failed : error;
}

static uint64_t mark_of(const struct purpose *items, size_t n)
{
	uint64_t mark = n;
	for (size_t i = 0; i < n; i++) {
		mark = XXH3_64bits_withSeed(items[i].name.p, items[i].name.n, mark);
		mark = XXH3_64bits_withSeed(items[i].version.p, items[i].version.n, mark);
		mark = XXH3_64bits_withSeed(&items[i].mask, sizeof items[i].mask, mark);
		mark = XXH3_64bits_withSeed(&items[i].valid_ms, sizeof items[i].valid_ms, mark);
	}
	return mark;
}

static int purposes_compile(struct config_build *build, struct config *config, const void **section)
{
	struct purposes *purposes = arena_zero_alloc(config->arena, 1, sizeof *purposes);
	void *items;
	if (!purposes)
		return ERROR_MEMORY;
	int error = config_read_all(build, config, TEXT("purpose"), sizeof(struct purpose), purpose_read, &items, &purposes->n);
	if (!error)
		error = masks_find(build, config, items, purposes->n);
	if (error)
		return error;
	purposes->items = items;
	purposes->mark = mark_of(items, purposes->n);
	*section = purposes;
	return 0;
}

/* What a customer agreed to is kept in the state as bits, so a change of purposes folds it again. */
const struct config_kind purpose_kind = {
	.name = "purpose", .keys = purpose_keys, .shapes_states = true, .section = CONFIG_PURPOSES, .compile = purposes_compile};

int purposes_read(struct config_build *build, const struct config *config, const struct config_document *document, const char *key,
                  uint64_t *masks, size_t n_max, size_t *n)
{
	struct value_cursor cursor = {0};
	struct value item;
	for (*n = 0; value_next_item(&cursor, value_get(document->body, text_of(key)), &item);) {
		const struct purpose *purpose = purpose_find(config, value_text(item));
		if (!purpose)
			return config_problem(build, document, key, "there is no purpose \"%.*s\"", TEXT_ARGS(text_cut(value_text(item), 80)));
		if (*n == n_max)
			return config_problem(build, document, key, "\"%s\" names at most %zu purposes", key, n_max);
		masks[(*n)++] = purpose->mask;
	}
	return 0;
}

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

bool purpose_is_choice(const struct purpose *purpose)
{
	return !text_equal(purpose->basis, TEXT("legal-obligation"));
}

uint64_t purposes_of_class(const struct config *config, enum purpose_class class)
{
	const struct purposes *purposes = purposes_of(config);
	uint64_t masks = 0;
	for (size_t i = 0; i < purposes->n; i++)
		masks |= purposes->items[i].class == class ? purposes->items[i].mask : 0;
	return masks;
}

bool purpose_speaks(const struct purpose *purpose, struct text wanted)
{
	struct text language;
	return language_serves(purpose->language, wanted) || language_of(purpose->texts, wanted, &language).n;
}

struct purpose_words purpose_words_in(const struct purpose *purpose, struct text wanted)
{
	struct text language;
	struct value words = language_of(purpose->texts, wanted, &language);
	if (!words.n)
		return (struct purpose_words){purpose->title, purpose->text, purpose->language};
	return (struct purpose_words){value_text(value_get(words, TEXT("title"))), value_text(value_get(words, TEXT("text"))), language};
}
