/* portal_part.c: what a customer took part in, in plain words; part of what is known. */
#include "serve/participation.h"
#include "serve/portal.h"

#include "base/clock.h"

/* "answered a question: in the month to 3 May, in the month to 2 June". */
static void way_write(struct portal *portal, const struct participation *own, enum participation_way way)
{
	struct html *html = &portal->html;
	const char *between = " (in the month to ";
	uint16_t months = own->ways[way] & own->came;
	if (!months)
		return;
	html_open(html, "li", NULL);
	html_attribute(html, "data-part", text_of(participation_words[way].name));
	html_open(html, "span", NULL);
	html_string(html, "You ");
	html_string(html, participation_words[way].says);
	for (size_t month = PARTICIPATION_MONTHS; month-- > 0;)
		if (months >> month & 1) {
			html_string(html, between);
			portal_day(html, participation_until_ms(portal->request->now_ms, month));
			between = ", to ";
		}
	html_string(html, ").");
	html_close(html, "span");
	html_open(html, "span", "class", "from", NULL);
	html_string(html, way == PART_SAID ? "From: your last word on each choice about your data." : "From: what you did yourself; it stands in your history.");
	html_close(html, "span");
	html_close(html, "li");
}

static void parts_write(struct portal *portal, const struct participation *own, const struct purpose *purpose)
{
	struct html *html = &portal->html;
	char says[PARTICIPATION_SENTENCE_BYTES];
	participation_say(says, own);
	html_open(html, "ul", "class", "lines", NULL);
	html_open(html, "li", "data-part", "all", NULL);
	html_open(html, "span", NULL);
	html_string(html, "You came ");
	html_string(html, says);
	html_close(html, "span");
	html_open(html, "span", "class", "from", NULL);
	html_string(html, "From: the days on which something of yours happened here. ");
	portal_used_for(portal, purpose);
	html_close(html, "span");
	html_close(html, "li");
	for (enum participation_way way = 0; way < PART_WAYS; way++)
		way_write(portal, own, way);
	html_close(html, "ul");
}

void portal_part_write(struct portal *portal)
{
	const struct purpose *purpose = purpose_find(portal->config, TEXT("analytics"));
	struct participation own;
	bool may = false;
	if (!purpose)
		return;
	int error = participation_read(&own, &may, portal->request, portal->origin);
	html_element(&portal->html, "h3", "What you took part in");
	if (error)
		html_element(&portal->html, "p", "It cannot be shown just now.");
	else if (!may)
		html_element(&portal->html, "p", "You count in how many customers take part, and nobody looks at your part alone: you have not agreed to it.");
	else
		parts_write(portal, &own, purpose);
}
