/* portal_words.c: times, names, values and changes in a customer's words. */
#include "serve/portal.h"

#include "base/clock.h"
#include "interact/voice/idea.h"
#include "serve/correct.h"
#include "serve/signals.h"

#include <inttypes.h>
#include <string.h>

enum { VALUE_LEVELS_MAX = 3 };

static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July", "August", "September",
                                     "October", "November", "December"};

void portal_day(struct html *html, int64_t ms)
{
	struct clock_parts parts = clock_parts_of(ms);
	html_format(html, "%d %s %d", parts.day, months[parts.month - 1], parts.year);
}

void portal_moment(struct html *html, int64_t ms)
{
	struct clock_parts parts = clock_parts_of(ms);
	portal_day(html, ms);
	html_format(html, ", %02d:%02d UTC", parts.hour, parts.minute);
}

/* post.day, post_day, postDay: three words of one kind. */
void portal_name(struct html *html, struct text name, bool capital)
{
	char bytes[400];
	size_t n = 0;
	for (size_t i = 0; i < name.n && n + 2 < sizeof bytes; i++) {
		char c = name.p[i];
		bool upper = c >= 'A' && c <= 'Z';
		if (upper && i > 0 && name.p[i - 1] >= 'a' && name.p[i - 1] <= 'z')
			bytes[n++] = ' ';
		bytes[n++] = upper ? (char)(c | 32) : c == '_' || c == '-' || c == '.' ? ' ' : c;
	}
	if (capital && n && bytes[0] >= 'a' && bytes[0] <= 'z')
		bytes[0] = (char)(bytes[0] & ~32);
	html_text(html, (struct text){bytes, n});
}

static void value_text_write(struct html *html, struct value value, unsigned levels)
{
	struct value_cursor cursor = {0};
	struct value item;
	struct text key;
	int64_t whole;
	double number;
	bool any = false;
	if (value_int(value, &whole))
		html_format(html, "%" PRId64, whole);
	else if (value_double(value, &number))
		html_format(html, "%.10g", number);
	else if (value_type_of(value) == VALUE_TRUE || value_type_of(value) == VALUE_FALSE)
		html_string(html, value_is_true(value) ? "yes" : "no");
	else if (value_type_of(value) == VALUE_TEXT)
		html_text(html, value_text(value));
	else if (value_type_of(value) <= VALUE_NULL || levels == VALUE_LEVELS_MAX)
		html_string(html, "nothing");
	else
		while (value_type_of(value) == VALUE_OBJECT ? value_next_member(&cursor, value, &key, &item) : value_next_item(&cursor, value, &item)) {
			html_string(html, any ? ", " : "");
			value_text_write(html, item, levels + 1);
			any = true;
		}
}

void portal_value(struct html *html, struct value value)
{
	value_text_write(html, value, 0);
}

void portal_amount(struct html *html, int64_t minor, struct text currency)
{
	html_format(html, "%s%" PRId64 ".%02d %.*s", minor < 0 ? "-" : "", minor < 0 ? -(minor / 100) : minor / 100,
	            (int)(minor < 0 ? -(minor % 100) : minor % 100), TEXT_ARGS(currency));
}

void portal_foreign(struct html *html, struct text text, struct text language)
{
	if (language_serves(TEXT("en"), language))
		return html_text(html, text);
	html_open(html, "span", NULL);
	html_attribute(html, "lang", language);
	html_text(html, text);
	html_close(html, "span");
}

struct purpose_words portal_purpose_words(const struct portal *portal, const struct purpose *purpose)
{
	return languages_words(&portal->languages, purpose);
}

void portal_purpose_title(struct portal *portal, const struct purpose *purpose)
{
	struct purpose_words words = portal_purpose_words(portal, purpose);
	portal_foreign(&portal->html, words.title, words.language);
}

struct text portal_document_title(const struct config *config, struct text kind, struct text name)
{
	const struct config_document *document = config ? config_find(config, kind, name) : NULL;
	struct text title = document ? value_text(value_get(document->body, TEXT("title"))) : (struct text){"", 0};
	return title.n ? title : name;
}

void portal_on_channel(struct html *html, enum channel channel)
{
	static const char *const words[CHANNEL_COUNT] = {
		[CHANNEL_WEB] = " online", [CHANNEL_APP] = " in the app", [CHANNEL_EMAIL] = " by e-mail", [CHANNEL_PHONE] = " on the phone",
		[CHANNEL_CHAT] = " in the chat", [CHANNEL_STORE] = " in the store", [CHANNEL_BRANCH] = " in the branch",
		[CHANNEL_MACHINE] = " at the machine", [CHANNEL_POST] = " by post", [CHANNEL_SOCIAL] = " on social media"};
	if ((unsigned)channel < CHANNEL_COUNT && words[channel])
		html_string(html, words[channel]);
}

/* ---- what was changed ---- */

static void title_of(struct portal *portal, const struct surface *surface, struct text option)
{
	uint16_t index = surface ? surface_option(surface, option) : MENU_NONE;
	html_text(&portal->html, index == MENU_NONE ? option : surface->titles[index]);
}

static void order_text(struct portal *portal, const struct surface *surface, struct value order)
{
	struct value_cursor cursor = {0};
	struct value item;
	bool any = false;
	html_string(&portal->html, "Menu in your own order: ");
	while (value_next_item(&cursor, order, &item)) {
		if (value_text(item).n == 0)
			continue;
		html_string(&portal->html, any ? ", " : "");
		title_of(portal, surface, value_text(item));
		any = true;
	}
	html_string(&portal->html, ".");
}

static void layout_text(struct portal *portal, struct value payload)
{
	static const struct {
		const char *op, *says;
	} moves[] = {{"promote", " moved to home."}, {"demote", " moved to More."},    {"bring-back", " brought back to home."},
	             {"pin", " put in its place."},  {"unpin", " let go from its place."}, {"decline", " stays where it is."}};
	const struct surface *surface = surface_find(portal->config, value_text(value_get(payload, TEXT("surface"))));
	struct text op = value_text(value_get(payload, TEXT("op"))), mode = value_text(value_get(payload, TEXT("mode")));
	if (text_equal(op, TEXT("order")))
		return order_text(portal, surface, value_get(payload, TEXT("order")));
	if (text_equal(op, TEXT("mode"))) {
		html_string(&portal->html, text_equal(mode, TEXT("no")) ? "The menu stays as it is."
		                           : text_equal(mode, TEXT("do")) ? "The menu may change itself and says so."
		                           : text_equal(mode, TEXT("ask")) ? "The menu asks before it changes."
		                                                           : "The choice whether the menu may change was taken back.");
		return;
	}
	title_of(portal, surface, value_text(value_get(payload, TEXT("option"))));
	for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
		if (text_equal(op, text_of(moves[i].op)))
			html_string(&portal->html, moves[i].says);
}

static void preference_text(struct portal *portal, struct value set)
{
	struct value_cursor cursor = {0};
	struct value value;
	struct text name;
	bool any = false;
	while (value_next_member(&cursor, set, &name, &value)) {
		html_string(&portal->html, any ? "; " : "");
		any = true;
		if (portal_wish_text(&portal->html, name, value) || portal_contact_text(portal, name, value))
			continue;
		portal_name(&portal->html, name, true);
		html_string(&portal->html, ": ");
		if (value_type_of(value) <= VALUE_NULL)
			html_string(&portal->html, "no wish");
		else
			portal_value(&portal->html, value);
	}
	html_string(&portal->html, ".");
}

/* A customer must see who spoke for them. */
static void who_said(struct html *html, struct text actor, bool yes)
{
	const char *answer = yes ? "yes" : "no";
	if (text_equal(actor, TEXT(SIGNALS_GPC_ACTOR)))
		return html_format(html, "Your browser asks companies not to share or sell what they know about you; we took that as a %s to “", answer);
	if (text_starts(actor, TEXT("agent:"))) {
		html_text(html, text_cut(text_from(actor, sizeof "agent:" - 1), 80));
		return html_format(html, ", of our staff, wrote down your %s to “", answer);
	}
	html_format(html, "%s said %s to “", text_equal(actor, TEXT("guardian")) ? "Your guardian" : "You", answer);
}

static void correction_text(struct portal *portal, const struct correction *correction)
{
	struct html *html = &portal->html;
	html_string(html, "Your ");
	portal_name(html, correction->trait, false);
	html_string(html, " was put right: from “");
	portal_value(html, correction->old);
	html_string(html, "” to “");
	portal_value(html, correction->value);
	html_string(html, "”.");
}

/* An idea, a vote or a ranking. */
static void said_text(struct portal *portal, const struct event *event)
{
	static const struct {
		const char *event, *says;
	} known[] = {{IDEA_PROPOSED_EVENT, "You proposed the idea “"}, {IDEA_SUPPORTED_EVENT, "You are for the idea “"},
	             {IDEA_WITHDRAWN_EVENT, "You took back your vote for the idea “"}, {IDEA_TRIED_EVENT, "You tried the idea “"}};
	struct value properties = value_get(event->payload, TEXT("properties"));
	struct text title = value_text(value_get(properties, TEXT("title")));
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (!text_equal(event->name, text_of(known[i].event)))
			continue;
		html_string(&portal->html, known[i].says);
		if (title.n)
			html_text(&portal->html, title);
		else
			portal_name(&portal->html, value_text(value_get(properties, TEXT("idea"))), true);
		html_string(&portal->html, "”.");
		return;
	}
	html_string(&portal->html, "You said whom you would choose.");
}

void portal_change_text(struct portal *portal, const struct portal_change *change)
{
	struct value payload = change->event.payload;
	struct correction correction;
	if (change->event.header.kind == EVENT_LAYOUT)
		return layout_text(portal, payload);
	if (change->event.header.kind == EVENT_PREFERENCE)
		return preference_text(portal, value_get(payload, TEXT("set")));
	if (change->event.header.kind == EVENT_RESTRICT)
		return html_string(&portal->html, value_is_true(value_get(payload, TEXT("restricted"))) ? "Your data used for nothing but the service itself." :
		                                                                                         "Your data used again as you agreed.");
	if (correction_of(&change->event, &correction))
		return correction_text(portal, &correction);
	if (change->event.header.kind == EVENT_TRACK)
		return said_text(portal, &change->event);
	if (change->event.header.kind == EVENT_REQUEST) {
		html_string(&portal->html, "You asked of us: ");
		html_string(&portal->html, portal_rights_words(value_text(value_get(payload, TEXT("type")))));
		html_string(&portal->html, ".");
		return;
	}
	const struct purpose *purpose = purpose_find(portal->config, value_text(value_get(payload, TEXT("purpose"))));
	bool yes = text_equal(value_text(value_get(payload, TEXT("answer"))), TEXT("yes"));
	who_said(&portal->html, value_text(value_get(payload, TEXT("actor"))), yes);
	if (purpose)
		portal_purpose_title(portal, purpose);
	else
		html_text(&portal->html, value_text(value_get(payload, TEXT("purpose"))));
	html_string(&portal->html, "”.");
}
