/* language.c: the language of a customer. */
#include "customize/language.h"

#include "base/code.h"
#include "engine/latest.h"
#include "interact/preference.h"

struct text language_stated(struct text preferences, struct text traits)
{
	static const char *const names[] = {"language", "locale"};
	struct text stated = value_text(preference_get(preferences, TEXT("language")));
	struct latest trait;
	for (size_t i = 0; i < 2 && !code_is_language(stated); i++)
		stated = latest_find(traits, text_of(names[i]), &trait) ? value_text(trait.value) : (struct text){"", 0};
	return code_is_language(stated) ? stated : (struct text){"", 0};
}

/* "en-GB;q=0.8" as a tag and its weight; false when it is not wanted at all. */
static bool range_read(struct text part, struct text *tag, double *weight)
{
	struct text name;
	*weight = 1;
	*tag = (struct text){"", 0};
	if (text_next(&part, ';', tag))
		*tag = text_trim(*tag);
	while (text_next(&part, ';', &name)) {
		name = text_trim(name);
		if (text_starts(name, TEXT("q=")) && text_to_double(text_from(name, 2), weight) != 0)
			*weight = 0;
	}
	return code_is_language(*tag) && *weight > 0;
}

void languages_read(struct languages *languages, struct text stated, struct text header)
{
	double weights[LANGUAGES_MAX], weight;
	struct text part, tag;
	languages->n = 0;
	if (stated.n)
		languages->wanted[languages->n++] = stated;
	while (!stated.n && text_next(&header, ',', &part)) {
		if (!range_read(part, &tag, &weight) || languages->n == LANGUAGES_MAX)
			continue;
		size_t at = languages->n++;
		for (; at > 0 && weights[at - 1] < weight; at--) {
			weights[at] = weights[at - 1];
			languages->wanted[at] = languages->wanted[at - 1];
		}
		weights[at] = weight;
		languages->wanted[at] = tag;
	}
}

struct purpose_words languages_words(const struct languages *languages, const struct purpose *purpose)
{
	for (size_t i = 0; i < languages->n; i++)
		if (purpose_speaks(purpose, languages->wanted[i]))
			return purpose_words_in(purpose, languages->wanted[i]);
	return purpose_words_in(purpose, (struct text){"", 0});
}
