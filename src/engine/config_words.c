/* config_words.c: which texts stand in the configuration: names that the company has use for, whoever sends them first. */
#include "engine/config_build.h"

#include <stdlib.h>
#include <xxhash.h>

struct gathered {
	uint64_t *words; /* NULL while they are counted. */
	size_t n;
};

static void word_add(struct gathered *gathered, struct text word)
{
	if (word.n == 0)
		return;
	if (gathered->words)
		gathered->words[gathered->n] = XXH3_64bits(word.p, word.n);
	gathered->n++;
}

static void value_gather(struct gathered *gathered, struct value value)
{
	struct value_cursor cursor = {0};
	struct value item;
	struct text key;
	switch (value_type_of(value)) {
	case VALUE_TEXT:
		return word_add(gathered, value_text(value));
	case VALUE_ARRAY:
		while (value_next_item(&cursor, value, &item))
			value_gather(gathered, item);
		return;
	case VALUE_OBJECT:
		while (value_next_member(&cursor, value, &key, &item)) {
			word_add(gathered, key);
			value_gather(gathered, item);
		}
		return;
	default:
		return;
	}
}

static void documents_gather(struct gathered *gathered, const struct config *config)
{
	for (size_t i = 0; i < config->documents_n; i++) {
		word_add(gathered, config->documents[i].name);
		value_gather(gathered, config->documents[i].body);
	}
}

static int compare_words(const void *a, const void *b)
{
	const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
	return (left > right) - (left < right);
}

int config_words_gather(struct config *config)
{
	struct gathered gathered = {0};
	documents_gather(&gathered, config);
	uint64_t *words = arena_alloc(config->arena, (gathered.n + 1) * sizeof *words);
	if (!words)
		return ERROR_MEMORY;
	gathered = (struct gathered){.words = words};
	documents_gather(&gathered, config);
	qsort(words, gathered.n, sizeof *words, compare_words);
	config->words = words;
	config->words_n = gathered.n;
	return 0;
}

bool config_says(const struct config *config, struct text name)
{
	const uint64_t word = XXH3_64bits(name.p ? name.p : "", name.n);
	return config && config->words_n && bsearch(&word, config->words, config->words_n, sizeof word, compare_words);
}
