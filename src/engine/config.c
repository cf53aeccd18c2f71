/* config.c: finding documents. */
#include "engine/config.h"

const struct config_document *config_next(const struct config *config, struct text kind, size_t *at)
{
	while (config && *at < config->documents_n) {
		const struct config_document *document = &config->documents[(*at)++];
		if (text_equal(document->kind, kind))
			return document;
	}
	return NULL;
}

const struct config_document *config_find(const struct config *config, struct text kind, struct text name)
{
	size_t at = 0;
	const struct config_document *document;
	while ((document = config_next(config, kind, &at)))
		if (text_equal(document->name, name))
			return document;
	return NULL;
}

/* ---- languages ---- */

bool language_serves(struct text language, struct text wanted)
{
	return language.n && wanted.n >= language.n && text_equal_fold(text_first(wanted, language.n), language) &&
	       (wanted.n == language.n || wanted.p[language.n] == '-' || wanted.p[language.n] == '_');
}

struct value language_of(struct value texts, struct text wanted, struct text *language)
{
	struct value_cursor cursor = {0};
	struct value item, best = {0};
	struct text key;
	*language = (struct text){"", 0};
	while (value_next_member(&cursor, texts, &key, &item))
		if (language_serves(key, wanted) && key.n > language->n) {
			*language = key;
			best = item;
		}
	return best;
}
