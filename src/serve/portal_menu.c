/* portal_menu.c: my menu: the places of home and what stands under More, each move a button. */
#include "serve/portal.h"

enum menu_place { PLACE_HOME, PLACE_MORE };

static void move_button(struct html *html, const char *move, const char *says, struct text title)
{
	html_open(html, "button", "name", "move", "value", move, NULL);
	html_string(html, says);
	html_open(html, "span", "class", "out-of-sight", NULL);
	html_string(html, ": ");
	html_text(html, title);
	html_close(html, "span");
	html_close(html, "button");
}

static void moved_write(struct portal *portal, const struct surface *surface, uint16_t option)
{
	struct layout_moved moved;
	for (size_t at = 0; moved_next(portal->moved, surface, &at, &moved);)
		if (moved.option == option) {
			html_open(&portal->html, "span", "class", "small", NULL);
			html_string(&portal->html, " never used, moved here on ");
			portal_day(&portal->html, moved.time_ms);
			html_close(&portal->html, "span");
			return;
		}
}

/* @index: its place on home, 0 the first. */
static void option_write(struct portal *portal, const struct surface *surface, uint16_t option, enum menu_place place, size_t index)
{
	struct html *html = &portal->html;
	struct text title = surface->titles[option];
	html_open(html, "li", NULL);
	html_attribute(html, "data-option", surface->options[option]);
	html_open(html, "span", NULL);
	html_text(html, title);
	if (place == PLACE_MORE)
		moved_write(portal, surface, option);
	html_close(html, "span");
	portal_form_open(portal, "/me/menu");
	portal_hidden(html, "surface", surface->name);
	portal_hidden(html, "option", surface->options[option]);
	if (place == PLACE_MORE)
		move_button(html, "home", "Bring back", title);
	if (place == PLACE_HOME && index > 1)
		move_button(html, "first", "Make first", title);
	if (place == PLACE_HOME && index > 0)
		move_button(html, "up", "Move up", title);
	if (place == PLACE_HOME && !surface->always[option])
		move_button(html, "more", "Move to More", title);
	if (place == PLACE_HOME && surface->always[option] && index == 0)
		html_string(html, "always here");
	html_close(html, "form");
	html_close(html, "li");
}

/* May the menu follow what is used? Nothing is chosen until the customer chooses. */
static void mode_write(struct portal *portal, const struct portal_menu *menu)
{
	static const struct {
		enum menu_mode mode;
		const char *value, *says;
	} modes[] = {{MENU_NO, "no", "No, leave it as it is"}, {MENU_ASK, "ask", "Ask me each time"}, {MENU_DO, "do", "Do it, I can undo"}};
	struct html *html = &portal->html;
	portal_form_open(portal, "/me/menu");
	portal_hidden(html, "surface", menu->surface->name);
	html_open(html, "fieldset", "class", "way", NULL);
	html_element(html, "legend", "May it follow what I use?");
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		html_open(html, "label", NULL);
		html_open(html, "input", "type", "radio", "name", "mode", "value", modes[i].value, "required", "",
		          menu->layout.mode == modes[i].mode ? "checked" : NULL, "", NULL);
		html_format(html, " %s", modes[i].says);
		html_close(html, "label");
	}
	html_close(html, "fieldset");
	if (menu->layout.mode == MENU_UNASKED)
		html_element(html, "p", "You have not chosen yet: nothing moves by itself.");
	html_open(html, "p", NULL);
	html_element(html, "button", "Keep that");
	html_close(html, "p");
	html_close(html, "form");
}

static void menu_write(struct portal *portal, const struct portal_menu *menu)
{
	struct html *html = &portal->html;
	const struct menu_layout *layout = &menu->layout;
	html_open(html, "div", NULL);
	html_attribute(html, "data-menu", menu->surface->name);
	html_open(html, "h3", NULL);
	html_text(html, portal_document_title(portal->config, TEXT("touchpoint"), menu->surface->name));
	html_close(html, "h3");
	html_open(html, "ol", "class", "menu", NULL);
	for (size_t i = 0, shown = 0; i < layout->home_n; i++)
		if (layout->home[i] != MENU_NONE)
			option_write(portal, menu->surface, layout->home[i], PLACE_HOME, shown++);
	html_close(html, "ol");
	if (layout->more_n) {
		html_element(html, "h3", "Under More");
		html_open(html, "ul", "class", "menu rest", NULL);
		for (size_t i = 0; i < layout->more_n; i++)
			option_write(portal, menu->surface, layout->more[i], PLACE_MORE, i);
		html_close(html, "ul");
	}
	mode_write(portal, menu);
	html_close(html, "div");
}

void portal_menu_section(struct portal *portal)
{
	if (portal->menus_n == 0)
		return;
	portal_section_open(portal, "menu", "What stands on my menu?");
	for (size_t i = 0; i < portal->menus_n; i++)
		menu_write(portal, &portal->menus[i]);
	portal_section_close(portal);
}
