/* note.c: notes of staff. */
#include "interact/note.h"

#include "base/clock.h"

static const struct config_key note_keys[] = {
	{.name = "about", .type = CONFIG_TEXT, .required = true}, {.name = "says", .type = CONFIG_TEXT, .required = true}, {.name = "by", .type = CONFIG_TEXT},
	{.name = "at", .type = CONFIG_TEXT}, {.name = NULL}};

static struct text member(const struct config_document *document, const char *key)
{
	return value_text(value_get(document->body, text_of(key)));
}

static int compile(struct config_build *build, struct config *config, const void **section)
{
	const struct config_document *document;
	int64_t at_ms;
	int error = 0;
	(void)section;
	for (size_t at = 0; (document = config_next(config, TEXT("note"), &at));)
		if (member(document, "at").n && clock_parse(member(document, "at"), &at_ms) != 0)
			error = config_problem(build, document, "at", "at is a day such as 2026-05-03.");
	return error;
}

const struct config_kind note_kind = {.name = "note", .keys = note_keys, .section = CONFIG_NOTES, .compile = compile};

bool note_next(const struct config *config, size_t *at, struct note *note)
{
	const struct config_document *document = config_next(config, TEXT("note"), at);
	*note = (struct note){0};
	if (!document)
		return false;
	*note = (struct note){.name = document->name, .about = member(document, "about"), .says = member(document, "says"), .by = member(document, "by")};
	if (clock_parse(member(document, "at"), &note->at_ms) != 0)
		note->at_ms = 0;
	return true;
}
