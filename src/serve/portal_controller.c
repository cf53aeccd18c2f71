/* portal_controller.c: who answers for the data, in people's words. */
#include "serve/portal.h"

static void line_write(struct html *html, const char *member, const char *says, struct text text)
{
	if (text.n == 0)
		return;
	html_open(html, "li", "data-controller", member, NULL);
	html_string(html, says);
	html_text(html, text);
	html_close(html, "li");
}

/* A path of this server leads nowhere from a copy, which stands alone: no form can be sent from it, so it has no token. */
static void notice_write(struct portal *portal, struct text url)
{
	struct html *html = &portal->html;
	if (url.n == 0 || (url.p[0] == '/' && !*portal->form_token))
		return;
	html_open(html, "li", "data-controller", "url", NULL);
	html_open(html, "a", NULL);
	html_attribute(html, "href", url);
	html_string(html, "How your data is protected, in the company's own words");
	html_close(html, "a");
	html_close(html, "li");
}

void portal_controller_section(struct portal *portal)
{
	struct html *html = &portal->html;
	const struct controller *controller = controller_of(portal->config);
	portal_section_open(portal, "answers", "Who answers for this?");
	if (!controller) {
		html_element(html, "p", "The company has not written here who answers for your data: its own notice has the name and the address.");
		portal_section_close(portal);
		return;
	}
	html_open(html, "p", NULL);
	html_open(html, "strong", NULL);
	html_text(html, controller->name);
	html_close(html, "strong");
	html_string(html, " decides what your data is used for, and answers for it.");
	html_close(html, "p");
	html_open(html, "ul", "class", "lines", "data-testid", "controller", NULL);
	line_write(html, "contact", "Write or call: ", controller->contact);
	line_write(html, "address", "By letter: ", controller->address);
	line_write(html, "officer", "Who looks after your rights there: ", controller->officer);
	line_write(html, "jurisdiction", "Under the law of: ", controller->jurisdiction);
	notice_write(portal, controller->url);
	html_close(html, "ul");
	portal_section_close(portal);
}

void portal_controller_sentence(struct html *html, const struct controller *controller)
{
	if (!controller) {
		html_string(html, "Who answers for your data is not written here: the company's own notice has it.");
		return;
	}
	html_text(html, controller->name);
	if (controller->address.n) {
		html_string(html, ", ");
		html_text(html, controller->address);
		html_string(html, ",");
	}
	html_string(html, " answers for your data: ");
	html_text(html, controller->contact);
}
