/*
 * portal_contact.c: what the customer wants to hear about, and where. Wishes, not consents: they stand apart from the choices,
 * and nothing is wished before the customer says so.
 */
#include "serve/portal.h"

#include "interact/topic.h"

#include <string.h>

static const struct {
	const char *value, *label;
} answers[] = {{"", "no wish"}, {"yes", "yes, please"}, {"no", "no, thank you"}};
enum { ANSWERS = sizeof answers / sizeof *answers };

static struct text wish_of(const struct portal *portal, const struct topic *topic, enum channel channel, char key[TOPIC_KEY_BYTES])
{
	return value_text(preference_get(portal->preferences, topic_preference(key, topic, channel)));
}

static void wish_write(struct portal *portal, const struct topic *topic, enum channel channel)
{
	struct html *html = &portal->html;
	char key[TOPIC_KEY_BYTES];
	struct text now = wish_of(portal, topic, channel, key);
	html_open(html, "div", "class", "field", NULL);
	html_open(html, "label", "for", key, NULL);
	html_text(html, topic->title);
	portal_on_channel(html, channel);
	html_close(html, "label");
	html_open(html, "select", "id", key, "name", key, NULL);
	for (size_t i = 0; i < ANSWERS; i++) {
		html_open(html, "option", "value", answers[i].value, text_equal(now, text_of(answers[i].value)) ? "selected" : NULL, "", NULL);
		html_string(html, answers[i].label);
		html_close(html, "option");
	}
	html_close(html, "select");
	html_close(html, "div");
}

void portal_contact_section(struct portal *portal)
{
	struct html *html = &portal->html;
	struct topic topic;
	size_t at = 0;
	if (!topic_next(portal->config, &at, &topic))
		return;
	portal_section_open(portal, "contact", "What would I like to hear about?");
	html_element(html, "p", "Say what we may write or call about, and where. It is your wish and holds at once; what we may use your data for is what you agreed to above.");
	portal_form_open(portal, "/me/contact");
	html_open(html, "div", "class", "way", NULL);
	for (at = 0; topic_next(portal->config, &at, &topic);)
		for (unsigned channel = 1; channel < CHANNEL_COUNT; channel++)
			if (topic.channels >> channel & 1)
				wish_write(portal, &topic, (enum channel)channel);
	html_open(html, "div", NULL);
	html_element(html, "button", "Keep it this way");
	html_close(html, "div");
	html_close(html, "div");
	html_close(html, "form");
	portal_section_close(portal);
}

int portal_contact_read(struct portal *portal, struct json_writer *out)
{
	struct topic topic;
	char key[TOPIC_KEY_BYTES];
	int n = 0;
	for (size_t at = 0; topic_next(portal->config, &at, &topic);)
		for (unsigned channel = 1; channel < CHANNEL_COUNT; channel++) {
			if (!(topic.channels >> channel & 1))
				continue;
			struct text now = wish_of(portal, &topic, (enum channel)channel, key), given = form_field(portal->request, key);
			bool known = false;
			if (!form_has(portal->request, key) || text_equal(given, now))
				continue;
			for (size_t i = 0; i < ANSWERS; i++)
				known |= text_equal(given, text_of(answers[i].value));
			if (!known)
				return -1;
			json_key(out, text_of(key));
			if (given.n)
				json_write_text(out, given);
			else
				json_write_null(out);
			n++;
		}
	return n;
}

bool portal_contact_text(struct portal *portal, struct text name, struct value value)
{
	struct topic topic;
	char key[TOPIC_KEY_BYTES];
	for (size_t at = 0; topic_next(portal->config, &at, &topic);)
		for (unsigned channel = 1; channel < CHANNEL_COUNT; channel++) {
			if (!text_equal(name, topic_preference(key, &topic, (enum channel)channel)))
				continue;
			html_text(&portal->html, topic.title);
			portal_on_channel(&portal->html, (enum channel)channel);
			html_string(&portal->html, ": ");
			for (size_t i = 0; i < ANSWERS; i++)
				if (text_equal(value_text(value), text_of(answers[i].value)))
					html_string(&portal->html, answers[i].label);
			return true;
		}
	return false;
}
