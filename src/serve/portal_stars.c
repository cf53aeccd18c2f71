/* portal_stars.c: the stars that the customer gave, where the company's stand, and how often one is asked. */
#include "serve/portal.h"

#include "base/clock.h"
#include "interact/touchpoint.h"
#include "interact/voice/question.h"

#include <inttypes.h>

void portal_stars_count(struct portal *portal, const struct event *event)
{
	if (event->header.kind != EVENT_TRACK || (event->header.flags & EVENT_UNVERIFIED))
		return;
	for (unsigned i = 0; i < QUESTION_SCALES; i++)
		if (i != QUESTION_RANK && text_equal(event->name, text_of(question_scales[i].event))) {
			if (portal->given_n < PORTAL_GIVEN_MAX && event_copy(&portal->given[portal->given_n], event, portal->request->arena) == 0)
				portal->given_n++;
			portal->given_all++;
		}
}

/* "4 of 5 stars", "9 of 10: how gladly you would recommend us". */
static void answer_write(struct html *html, const struct event *event)
{
	static const char *const says[QUESTION_SCALES] = {[QUESTION_STARS] = "You gave ", [QUESTION_NPS] = "You would recommend us: ", [QUESTION_CES] = "It was easy: "};
	for (unsigned i = 0; i < QUESTION_SCALES; i++) {
		double value;
		if (!says[i] || !text_equal(event->name, text_of(question_scales[i].event)))
			continue;
		struct value given = value_get(value_get(event->payload, TEXT("properties")), text_of(question_scales[i].property));
		if (!value_double(given, &value))
			return html_string(html, "You gave an answer that is no number");
		html_string(html, says[i]);
		html_format(html, "%g of %" PRId64 "%s", value, question_scales[i].high, i == QUESTION_STARS ? " stars" : "");
	}
}

static void given_write(struct portal *portal, const struct event *event)
{
	struct html *html = &portal->html;
	struct value properties = value_get(event->payload, TEXT("properties"));
	const struct question *question = question_find(portal->config, value_text(value_get(properties, TEXT("question"))));
	struct text place = event->touchpoint.n ? event->touchpoint : question ? question->where : (struct text){"", 0};
	html_open(html, "li", "data-given", "", NULL);
	html_open(html, "span", NULL);
	answer_write(html, event);
	if (place.n) {
		html_string(html, " for “");
		html_text(html, touchpoint_title(portal->config, place));
		html_string(html, "”");
	}
	html_string(html, ".");
	html_close(html, "span");
	html_open(html, "span", "class", "from", NULL);
	portal_moment(html, event->header.time_ms);
	portal_on_channel(html, (enum channel)event->header.channel);
	html_string(html, ".");
	html_close(html, "span");
	html_close(html, "li");
}

static void limit_write(struct portal *portal)
{
	struct html *html = &portal->html;
	int32_t days = question_wish(preference_get(portal->preferences, TEXT(QUESTION_WISH)));
	html_open(html, "p", "data-testid", "asked-limit", NULL);
	if (days < 0)
		html_string(html, "You want to be asked nothing, and nothing is asked. ");
	else
		html_format(html, "You are asked at most one question in %d days%s. ", days > QUESTION_ASKED_DAYS ? days : QUESTION_ASKED_DAYS, days > QUESTION_ASKED_DAYS ? ", as you wish" : "");
	html_open(html, "a", "href", "#way", NULL);
	html_string(html, "Say how often you want to be asked");
	html_close(html, "a");
	html_string(html, ".");
	html_close(html, "p");
}

void portal_stars_section(struct portal *portal)
{
	struct html *html = &portal->html;
	portal_section_open(portal, "stars", "What stars did I give?");
	html_open(html, "ul", "class", "lines", NULL);
	for (size_t i = 0; i < portal->given_n; i++)
		given_write(portal, &portal->given[i]);
	html_close(html, "ul");
	if (portal->given_n == 0)
		html_element(html, "p", "You have given none yet.");
	if (portal->given_all > portal->given_n) {
		html_open(html, "p", "class", "small", NULL);
		html_format(html, "The newest %zu of %zu; all of them stand in your copy.", portal->given_n, portal->given_all);
		html_close(html, "p");
	}
	html_open(html, "p", NULL);
	html_string(html, "Ours for you stand under ");
	html_open(html, "a", "href", "#know", NULL);
	html_string(html, "What do you know about me?");
	html_close(html, "a");
	html_close(html, "p");
	limit_write(portal);
	portal_section_close(portal);
}
