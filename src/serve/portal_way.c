/* portal_way.c: my way: the wishes the page asks for, as one table that writes the form, reads it, and says what changed. */
#include "serve/portal.h"

#include <stdio.h>
#include <string.h>

enum { WISH_OPTIONS_MAX = 4, WISH_BYTES = 40, DAY_LAST = 28 };

enum wish_kind { WISH_TEXT, WISH_FLAG, WISH_KINDS_OF_NOTE, WISH_DAY, WISH_TIME };

struct wish_option {
	const char *value, *label; /* As in the form: "", no wish. */
};

/* How a wish looks: a box to tick, a question with answers to choose from, a list, or a field to fill in. */
enum wish_look { LOOK_BOX, LOOK_CHOICE, LOOK_LIST, LOOK_FIELD };

static const struct wish {
	const char *name, *title;
	enum wish_kind kind;
	enum wish_look look;
	struct wish_option options[WISH_OPTIONS_MAX + 1];
} wishes[] = {
	{"accessibility.text", "Letters", WISH_TEXT, LOOK_BOX, {{"huge", "Huge letters, on every screen"}}},
	{"accessibility.contrast", "Contrast", WISH_TEXT, LOOK_BOX, {{"high", "High contrast"}}},
	{"accessibility.screen_reader", "Screen reader", WISH_FLAG, LOOK_BOX, {{"true", "I use a screen reader"}}},
	{"accessibility.stable_layout", "Stable screens", WISH_FLAG, LOOK_BOX, {{"true", "Never move anything on my screens"}}},
	{"cash.notes", "Notes from the machine", WISH_KINDS_OF_NOTE, LOOK_CHOICE, {{"", "no wish"}, {"20", "twenties only"}}},
	{"cash.receipt", "A receipt at the machine", WISH_TEXT, LOOK_CHOICE,
	 {{"", "ask me each time"}, {"yes", "always"}, {"no", "never"}}},
	{"post.day", "Post on this day of the month, 1 to 28", WISH_DAY, LOOK_FIELD, {{NULL, NULL}}},
	{"contact.after", "Call me only after", WISH_TIME, LOOK_FIELD, {{NULL, NULL}}},
	{"questions.often", "Ask me how it was", WISH_TEXT, LOOK_LIST,
	 {{"", "no wish"}, {"90", "at most once in three months"}, {"365", "at most once a year"}, {"never", "never"}}},
	{"language", "Speak to me in", WISH_TEXT, LOOK_LIST,
	 {{"", "no wish"}, {"en", "English"}, {"cs", "Čeština"}, {"de", "Deutsch"}}},
};

enum { WISHES = sizeof wishes / sizeof *wishes };

/* ---- values ---- */

/* A stated value as the form has it: huge, true, 3, 20 (of [20]); empty without. */
static struct text wish_text(struct value value, char bytes[WISH_BYTES])
{
	struct value_cursor cursor = {0};
	struct value item;
	int64_t number;
	size_t n = 0;
	if (value_type_of(value) == VALUE_TEXT)
		return text_first(value_text(value), WISH_BYTES);
	if (value_type_of(value) == VALUE_TRUE)
		return TEXT("true");
	if (value_int(value, &number))
		return (struct text){bytes, (size_t)snprintf(bytes, WISH_BYTES, "%lld", (long long)number)};
	while (value_type_of(value) == VALUE_ARRAY && n + 24 < WISH_BYTES && value_next_item(&cursor, value, &item))
		if (value_int(item, &number))
			n += (size_t)snprintf(bytes + n, WISH_BYTES - n, "%s%lld", n ? "," : "", (long long)number);
	return (struct text){bytes, n};
}

static const struct wish_option *option_of(const struct wish *wish, struct text value)
{
	for (const struct wish_option *option = wish->options; option->value; option++)
		if (text_equal(value, text_of(option->value)))
			return option;
	return NULL;
}

bool portal_wish_text(struct html *html, struct text name, struct value value)
{
	char bytes[WISH_BYTES];
	for (size_t i = 0; i < WISHES; i++) {
		const struct wish *wish = &wishes[i];
		if (!text_equal(name, text_of(wish->name)))
			continue;
		struct text now = wish_text(value, bytes);
		const struct wish_option *option = option_of(wish, now);
		html_format(html, "%s: ", wish->title);
		if (now.n == 0 || value_type_of(value) == VALUE_FALSE)
			html_string(html, wish->look == LOOK_BOX ? "no longer" : option ? option->label : "no wish");
		else if (option)
			html_string(html, wish->look == LOOK_BOX ? "yes" : option->label);
		else
			html_text(html, now);
		return true;
	}
	return false;
}

/* ---- the form, read ---- */

static bool is_time(struct text text)
{
	return text.n == 5 && text.p[2] == ':' && text.p[0] >= '0' && text.p[0] <= '2' && text.p[1] >= '0' && text.p[1] <= '9' &&
	       text.p[3] >= '0' && text.p[3] <= '5' && text.p[4] >= '0' && text.p[4] <= '9' && (text.p[0] < '2' || text.p[1] < '4');
}

/* Write the value that @given stands for; false when the question has no such answer. */
static bool wish_write(struct json_writer *out, const struct wish *wish, struct text given)
{
	int64_t number = 0;
	bool numeric = wish->kind == WISH_DAY || wish->kind == WISH_KINDS_OF_NOTE;
	if (numeric && given.n && text_to_int64(given, &number) != 0)
		return false;
	if (wish->look != LOOK_FIELD && given.n && !option_of(wish, given))
		return false;
	if ((wish->kind == WISH_DAY && given.n && (number < 1 || number > DAY_LAST)) || (wish->kind == WISH_TIME && given.n && !is_time(given)))
		return false;
	json_key(out, text_of(wish->name));
	if (given.n == 0) {
		json_write_null(out);
	} else if (wish->kind == WISH_FLAG) {
		json_write_bool(out, true);
	} else if (wish->kind == WISH_DAY) {
		json_write_int(out, number);
	} else if (wish->kind == WISH_KINDS_OF_NOTE) {
		json_array_begin(out);
		json_write_int(out, number);
		json_array_end(out);
	} else {
		json_write_text(out, given);
	}
	return true;
}

/* What is not in the form stays; a box that is not ticked is not in the form, so the form says that it had boxes. */
int portal_wishes_read(struct portal *portal, struct json_writer *out)
{
	bool boxes = form_has(portal->request, "boxes");
	char bytes[WISH_BYTES];
	int n = 0;
	for (size_t i = 0; i < WISHES; i++) {
		const struct wish *wish = &wishes[i];
		if (!form_has(portal->request, wish->name) && !(wish->look == LOOK_BOX && boxes))
			continue;
		struct text given = text_trim(form_field(portal->request, wish->name));
		if (text_equal(given, wish_text(preference_get(portal->preferences, text_of(wish->name)), bytes)))
			continue;
		if (!wish_write(out, wish, given))
			return -1;
		n++;
	}
	return n;
}

/* ---- the form, written ---- */

static void choice_write(struct html *html, const struct wish *wish, struct text now)
{
	html_open(html, "fieldset", NULL);
	html_element(html, "legend", wish->title);
	for (const struct wish_option *option = wish->options; option->value; option++) {
		bool is_now = text_equal(now, text_of(option->value));
		html_open(html, "label", NULL);
		html_open(html, "input", "type", "radio", "name", wish->name, "value", option->value, is_now ? "checked" : NULL, "", NULL);
		html_format(html, " %s", option->label);
		html_close(html, "label");
	}
	if (!option_of(wish, now)) { /* Stated elsewhere, and kept unless touched. */
		html_open(html, "label", NULL);
		html_open(html, "input", "type", "radio", "name", wish->name, "checked", "", NULL);
		html_attribute(html, "value", now);
		html_string(html, " as you stated it: ");
		html_text(html, now);
		html_close(html, "label");
	}
	html_close(html, "fieldset");
}

static void list_write(struct html *html, const struct wish *wish, struct text now)
{
	html_open(html, "div", "class", "field", NULL);
	html_open(html, "label", "for", wish->name, NULL);
	html_string(html, wish->title);
	html_close(html, "label");
	html_open(html, "select", "id", wish->name, "name", wish->name, NULL);
	for (const struct wish_option *option = wish->options; option->value; option++) {
		html_open(html, "option", "value", option->value, text_equal(now, text_of(option->value)) ? "selected" : NULL, "", NULL);
		html_string(html, option->label);
		html_close(html, "option");
	}
	if (!option_of(wish, now)) {
		html_open(html, "option", "selected", "", NULL);
		html_attribute(html, "value", now);
		html_text(html, now);
		html_close(html, "option");
	}
	html_close(html, "select");
	html_close(html, "div");
}

static void field_write(struct html *html, const struct wish *wish, struct text now)
{
	bool day = wish->kind == WISH_DAY;
	html_open(html, "div", "class", "field", NULL);
	html_open(html, "label", "for", wish->name, NULL);
	html_string(html, wish->title);
	html_close(html, "label");
	html_open(html, "input", "class", "short", "id", wish->name, "name", wish->name, "type", day ? "number" : "time",
	          day ? "min" : NULL, "1", NULL);
	if (day)
		html_attribute(html, "max", TEXT("28"));
	html_attribute(html, "value", now);
	html_close(html, "div");
}

static void boxes_write(struct portal *portal)
{
	struct html *html = &portal->html;
	char bytes[WISH_BYTES];
	html_open(html, "fieldset", NULL);
	html_element(html, "legend", "Letters and colours");
	portal_hidden(html, "boxes", TEXT("here"));
	for (size_t i = 0; i < WISHES; i++) {
		const struct wish *wish = &wishes[i];
		if (wish->look != LOOK_BOX)
			continue;
		bool on = text_equal(wish_text(preference_get(portal->preferences, text_of(wish->name)), bytes), text_of(wish->options[0].value));
		html_open(html, "label", NULL);
		html_open(html, "input", "type", "checkbox", "name", wish->name, "value", wish->options[0].value, on ? "checked" : NULL, "", NULL);
		html_format(html, " %s", wish->options[0].label);
		html_close(html, "label");
	}
	html_close(html, "fieldset");
}

void portal_way_section(struct portal *portal)
{
	struct html *html = &portal->html;
	char bytes[WISH_BYTES];
	portal_section_open(portal, "way", "How would I like things?");
	html_element(html, "p", "Say it once: it holds on every channel from the next moment, and comes before anything we learned.");
	portal_form_open(portal, "/me/way");
	html_open(html, "div", "class", "way", NULL);
	boxes_write(portal);
	for (size_t i = 0; i < WISHES; i++) {
		const struct wish *wish = &wishes[i];
		struct text now = wish_text(preference_get(portal->preferences, text_of(wish->name)), bytes);
		if (wish->look == LOOK_CHOICE)
			choice_write(html, wish, now);
		else if (wish->look == LOOK_LIST)
			list_write(html, wish, now);
		else if (wish->look == LOOK_FIELD)
			field_write(html, wish, now);
	}
	html_open(html, "div", NULL);
	html_open(html, "button", "class", "first", NULL);
	html_string(html, "Keep it this way");
	html_close(html, "button");
	html_close(html, "div");
	html_close(html, "div");
	html_close(html, "form");
	portal_section_close(portal);
}
