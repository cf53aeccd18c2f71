/* topic.c: the topics of a configuration. */
#include "interact/topic.h"

#include <stdio.h>

enum { NAME_BYTES_MAX = 100 };

static const struct config_key topic_keys[] = {
	{.name = "title", .type = CONFIG_TEXT, .required = true}, {.name = "channels", .type = CONFIG_TEXTS, .required = true}, {.name = NULL}};

static int compile(struct config_build *build, struct config *config, const void **section)
{
	const struct config_document *document;
	int error = 0;
	(void)section;
	for (size_t at = 0; (document = config_next(config, TEXT("topic"), &at));) {
		struct value_cursor cursor = {0};
		struct value item;
		enum channel channel;
		if (document->name.n > NAME_BYTES_MAX)
			error = config_problem(build, document, "name", "the name of a topic has at most %d bytes", NAME_BYTES_MAX);
		while (value_next_item(&cursor, value_get(document->body, TEXT("channels")), &item))
			if (!channel_parse(value_text(item), &channel))
				error = config_problem(build, document, "channels", "there is no channel \"%.*s\"", TEXT_ARGS(text_cut(value_text(item), 40)));
	}
	return error;
}

const struct config_kind topic_kind = {.name = "topic", .keys = topic_keys, .section = CONFIG_TOPICS, .compile = compile};

bool topic_next(const struct config *config, size_t *at, struct topic *topic)
{
	const struct config_document *document = config ? config_next(config, TEXT("topic"), at) : NULL;
	struct value_cursor cursor = {0};
	struct value item;
	enum channel channel;
	*topic = (struct topic){0};
	if (!document)
		return false;
	*topic = (struct topic){.name = document->name, .title = value_text(value_get(document->body, TEXT("title")))};
	while (value_next_item(&cursor, value_get(document->body, TEXT("channels")), &item))
		if (channel_parse(value_text(item), &channel))
			topic->channels |= 1u << channel;
	return true;
}

struct text topic_preference(char out[TOPIC_KEY_BYTES], const struct topic *topic, enum channel channel)
{
	int n = snprintf(out, TOPIC_KEY_BYTES, "contact.%s.%.*s", channel_name(channel), TEXT_ARGS(topic->name));
	return (struct text){out, (size_t)n};
}
