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
