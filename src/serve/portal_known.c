/* portal_known.c: what is known, guessed and withheld; what is open. */
#include "serve/portal.h"

#include "interact/matter.h"
#include "interact/touchpoint.h"
#include "trust/consent.h"

/* "From the branches, since 4 June 2024." */
static void from_write(struct portal *portal, uint32_t source, int64_t since_ms, const char *use)
{
	struct html *html = &portal->html;
	struct text name = dictionary_name(engine_dictionary(portal->request->server->engine), source);
	html_open(html, "span", "class", "from", NULL);
	html_string(html, name.n ? "From: " : "");
	html_text(html, portal_document_title(portal->config, TEXT("source"), name));
	html_string(html, name.n ? ", since " : "Since ");
	portal_day(html, since_ms);
	html_string(html, ". ");
	html_string(html, use);
	html_close(html, "span");
}

static void traits_write(struct portal *portal)
{
	struct html *html = &portal->html;
	struct latest trait;
	html_element(html, "h3", "What you or our staff stated");
	html_open(html, "ul", "class", "lines", NULL);
	bool any = false;
	for (size_t at = 0; latest_next(portal->traits, &at, &trait);) {
		if (trait.value.n == 0)
			continue;
		any = true;
		html_open(html, "li", NULL);
		html_attribute(html, "data-fact", trait.key);
		html_open(html, "span", NULL);
		html_string(html, "Your ");
		portal_name(html, trait.key, false);
		html_string(html, ": ");
		portal_value(html, trait.value);
		html_close(html, "span");
		from_write(portal, trait.source, trait.order, "Used to serve you.");
		html_close(html, "li");
	}
	html_close(html, "ul");
	if (!any)
		html_element(html, "p", "Nothing has been stated about you.");
}

static const char *identifier_words(struct text type)
{
	static const struct {
		const char *type, *words;
	} known[] = {{"user", "Your customer number"}, {"email", "Your e-mail address"}, {"anonymous", "A device or browser of yours"},
	             {"phone", "Your phone number"},   {"account", "Your account"}};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (text_equal(type, text_of(known[i].type)))
			return known[i].words;
	return NULL;
}

static void identifiers_write(struct portal *portal)
{
	struct html *html = &portal->html;
	struct identifier_known known;
	html_element(html, "h3", "How we recognise you");
	html_open(html, "ul", "class", "lines", NULL);
	for (size_t at = 0; identifier_next(portal->identifiers, &at, &known);) {
		const char *words = identifier_words(known.identifier.type);
		html_open(html, "li", NULL);
		html_attribute(html, "data-identifier", known.identifier.type);
		html_open(html, "span", NULL);
		if (words)
			html_string(html, words);
		else
			portal_name(html, known.identifier.type, true);
		html_string(html, ": ");
		html_text(html, known.identifier.value);
		html_close(html, "span");
		from_write(portal, known.source, known.since_ms, "Used to know that it is you.");
		html_close(html, "li");
	}
	html_close(html, "ul");
}

/* Where a guess is used, and since when it may be. */
static void agreed_write(struct portal *portal, const struct surface *surface)
{
	struct html *html = &portal->html;
	const struct purpose *purpose = purpose_of_mask(portal->config, surface->purpose);
	struct consent_state last;
	html_open(html, "span", "class", "from", NULL);
	html_string(html, "Used here: ");
	html_text(html, surface->title.n ? surface->title : touchpoint_title(portal->config, surface->name));
	if (purpose && consent_last(portal->consents, purpose, portal->request->now_ms, &last)) {
		html_string(html, ". Used because you agreed on ");
		portal_day(html, last.time_ms);
		html_string(html, " to “");
		html_text(html, purpose->title);
		html_string(html, "”");
	}
	html_string(html, ".");
	html_close(html, "span");
}

static void guesses_write(struct portal *portal)
{
	struct html *html = &portal->html;
	html_element(html, "h3", "What we guess");
	if (portal->guesses_n == 0) {
		html_element(html, "p", "We guess nothing about you.");
		return;
	}
	html_open(html, "ul", "class", "lines", NULL);
	for (size_t i = 0; i < portal->guesses_n; i++) {
		html_open(html, "li", NULL);
		html_attribute(html, "data-guess", portal->guesses[i].surface->name);
		html_open(html, "span", "class", "guess", NULL);
		html_text(html, portal->guesses[i].text);
		html_string(html, " ");
		html_open(html, "span", "class", "guess-mark", NULL);
		html_string(html, "guess");
		html_close(html, "span");
		html_close(html, "span");
		agreed_write(portal, portal->guesses[i].surface);
		html_close(html, "li");
	}
	html_close(html, "ul");
}

static void withheld_write(struct portal *portal)
{
	struct html *html = &portal->html;
	const struct purposes *purposes = purposes_of(portal->config);
	uint64_t agreed = consent_mask(portal->consents, portal->config, portal->request->now_ms);
	bool any = false;
	for (size_t i = 0; i < purposes->n; i++)
		any |= !(purposes->items[i].mask & agreed);
	if (!any)
		return;
	html_element(html, "h3", "What we do not use");
	html_open(html, "ul", "class", "lines", NULL);
	for (size_t i = 0; i < purposes->n; i++) {
		if (purposes->items[i].mask & agreed)
			continue;
		html_open(html, "li", NULL);
		html_attribute(html, "data-withheld", purposes->items[i].name);
		html_open(html, "span", NULL);
		html_string(html, "Nothing is used for “");
		html_text(html, purposes->items[i].title);
		html_string(html, "”: you have not agreed to it.");
		html_close(html, "span");
		html_close(html, "li");
	}
	html_close(html, "ul");
}

void portal_known_section(struct portal *portal)
{
	portal_section_open(portal, "know", "What do you know about me?");
	traits_write(portal);
	identifiers_write(portal);
	guesses_write(portal);
	portal_worth_write(portal);
	withheld_write(portal);
	portal_section_close(portal);
}

/* ---- what is open ---- */

void portal_open_section(struct portal *portal)
{
	struct html *html = &portal->html;
	struct matter matter;
	bool any = false;
	portal_section_open(portal, "open", "What is open?");
	html_open(html, "ul", "class", "lines", NULL);
	for (size_t at = 0; matter_next(portal->matters, &at, &matter);) {
		if (!matter_is_open(&matter))
			continue;
		any = true;
		html_open(html, "li", NULL);
		html_attribute(html, "data-matter", matter.id);
		html_open(html, "span", NULL);
		html_text(html, portal_document_title(portal->config, TEXT("matter"), matter.kind));
		html_string(html, matter.title.n ? ": " : "");
		html_text(html, matter.title);
		if (matter.amount_minor) {
			html_string(html, ", ");
			portal_amount(html, matter.amount_minor, matter.currency);
		}
		html_close(html, "span");
		html_open(html, "span", "class", "from", NULL);
		html_string(html, "Open since ");
		portal_day(html, matter.opened_ms);
		if (matter.due_ms) {
			html_string(html, matter.due_ms < portal->request->now_ms ? ", was due on " : ", due on ");
			portal_day(html, matter.due_ms);
		}
		html_string(html, ".");
		html_close(html, "span");
		html_close(html, "li");
	}
	html_close(html, "ul");
	if (!any)
		html_element(html, "p", "Nothing is open between us.");
	portal_section_close(portal);
}
