/* portal_undo.c: what can be taken back, for UNDO_DAYS. */
#include "serve/portal.h"

#include "serve/correct.h"
#include "serve/signals.h"

static bool is_signal(const struct event *event)
{
	return event->header.kind == EVENT_CONSENT && text_equal(value_text(value_get(event->payload, TEXT("actor"))), TEXT(SIGNALS_GPC_ACTOR));
}

/* Whose act was it? What staff did for a customer is undone like the customer's own. */
static const char *who_words(const struct event *event)
{
	struct correction correction;
	if (event->header.kind == EVENT_LAYOUT && !text_equal(value_text(value_get(event->payload, TEXT("by"))), TEXT("customer")))
		return "With your yes,";
	if (correction_of(event, &correction) && !text_equal(value_text(value_at(event->payload, TEXT("correction.by"))), TEXT("customer")))
		return "Our staff, for you,";
	return is_signal(event) ? "Your browser," : "You,";
}

/* What can be done about it, or that it was done. */
static void way_back_write(struct portal *portal, const struct portal_change *change)
{
	struct html *html = &portal->html;
	if (!change->undone && !is_signal(&change->event))
		return portal_undo_button(portal, change->event.position);
	html_open(html, "span", "class", "row", NULL);
	if (change->undone) {
		html_string(html, "Undone");
	} else { /* Undone, it would be there again with the next page that the browser asks for. */
		html_open(html, "a", "href", "#choices", NULL);
		html_string(html, "Answer it yourself");
		html_close(html, "a");
	}
	html_close(html, "span");
}

static void change_write(struct portal *portal, const struct portal_change *change)
{
	struct html *html = &portal->html;
	char id[24];
	html_open(html, "li", NULL);
	html_attribute(html, "data-change", record_format(id, 'u', change->event.position));
	html_open(html, "span", NULL);
	portal_change_text(portal, change);
	html_close(html, "span");
	html_open(html, "span", "class", "from", NULL);
	html_string(html, who_words(&change->event));
	portal_on_channel(html, (enum channel)change->event.header.channel);
	html_string(html, change->event.header.channel ? ", on " : " on ");
	portal_moment(html, change->event.header.time_ms);
	html_string(html, ".");
	html_close(html, "span");
	way_back_write(portal, change);
	html_close(html, "li");
}

void portal_undo_section(struct portal *portal)
{
	struct html *html = &portal->html;
	bool any = false;
	portal_section_open(portal, "undo", "What can I undo?");
	html_open(html, "p", NULL);
	html_format(html, "Everything that was changed in the last %d days, on any channel. Undone means: as if it had never been.", UNDO_DAYS);
	html_close(html, "p");
	html_open(html, "ul", "class", "lines", NULL);
	for (size_t i = 0; i < portal->changes_n; i++)
		if (portal_change_is_recent(portal, &portal->changes[i])) {
			change_write(portal, &portal->changes[i]);
			any = true;
		}
	html_close(html, "ul");
	if (!any)
		html_element(html, "p", "Nothing has been changed in these days.");
	portal_section_close(portal);
}
