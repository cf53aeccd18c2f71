/* portal_choices.c: what the customer agreed to, with the ledger, and the button that ends it all. */
#include "serve/portal.h"

#include "base/clock.h"
#include "interact/touchpoint.h"
#include "trust/consent.h"

/* Not the customer's own word, and it is not said to be. */
static void signal_write(struct html *html, const struct consent_state *last)
{
	html_open(html, "span", "data-signal", "gpc", NULL);
	html_string(html, "Your browser asks companies not to share or sell what they know about you; we heed it, since ");
	portal_moment(html, last->time_ms);
	html_string(html, ". It is off. If you switch it on yourself, that holds.");
	html_close(html, "span");
}

static void state_write(struct portal *portal, const struct purpose *purpose)
{
	struct html *html = &portal->html;
	struct consent_state last;
	html_open(html, "span", "class", "from", NULL);
	if (!consent_last(portal->consents, purpose, portal->request->now_ms, &last)) {
		html_string(html, "You have not answered yet. It is off.");
	} else if (last.signal && !last.said_yes) {
		signal_write(html, &last);
	} else {
		html_format(html, "You said %s", last.said_yes ? "yes" : "no");
		portal_on_channel(html, last.channel);
		html_string(html, " on ");
		portal_day(html, last.time_ms);
		html_string(html, last.decision == CONSENT_INVALIDATED ? ", to an older text, so it does not hold. It is off." :
		                  last.decision == CONSENT_EXPIRED ? ". It held for a limited time, which is over. It is off." :
		                  last.yes ? ". It is on" : ". It is off.");
		if (last.yes && last.valid_until_ms) {
			html_string(html, " until ");
			portal_day(html, last.valid_until_ms);
		}
		html_string(html, last.yes ? "." : "");
	}
	html_close(html, "span");
}

/* What the customer gains with a yes, and what stands there with a no. */
static void means_write(struct portal *portal, const struct purpose *purpose)
{
	struct html *html = &portal->html;
	const struct config_document *document = config_find(portal->config, TEXT("purpose"), purpose->name);
	struct text saves = document ? value_text(value_get(document->body, TEXT("saves"))) : (struct text){"", 0};
	const struct surface *surface;
	html_open(html, "span", "class", "from", NULL);
	if (saves.n) {
		html_string(html, "What it saves you: ");
		portal_foreign(html, saves, purpose->language);
		html_string(html, " ");
	}
	html_string(html, "Off means: nothing is learned or used for this");
	for (size_t at = 0; (surface = surface_next(portal->config, &at));) {
		if (surface->purpose != purpose->mask)
			continue;
		html_string(html, "; ");
		static const char *const means[] = {[SURFACE_USUAL] = " offers the standard choices", [SURFACE_MENU] = " stays as you or we set it up",
		                                    [SURFACE_QUESTION] = " asks nothing", [SURFACE_RECOMMEND] = " shows what most customers choose"};
		html_text(html, surface->title.n ? surface->title : touchpoint_title(portal->config, surface->name));
		html_string(html, means[surface->type]);
	}
	html_string(html, ".");
	html_close(html, "span");
}

static void list_write(struct html *html, const char *before, struct value list, struct text language)
{
	struct value_cursor cursor = {0};
	struct value item;
	bool any = false;
	while (value_next_item(&cursor, list, &item)) {
		html_string(html, any ? ", " : before);
		portal_foreign(html, value_text(item), language);
		any = true;
	}
	html_string(html, any ? ". " : "");
}

/* What the company says of it: which data, who gets it, how long it is kept, whether a person looks. */
static void about_write(struct portal *portal, const struct purpose *purpose)
{
	struct html *html = &portal->html;
	if (!purpose->categories.n && !purpose->recipients.n && !purpose->retention.n && !purpose->automated && !purpose->law.n)
		return;
	html_open(html, "span", "class", "from", "data-about", "", NULL);
	list_write(html, "From: ", purpose->categories, purpose->language);
	list_write(html, "Also seen by: ", purpose->recipients, purpose->language);
	if (purpose->retention.n) {
		html_string(html, "Kept for ");
		portal_foreign(html, purpose->retention, purpose->language);
		html_string(html, ". ");
	}
	if (purpose->law.n) {
		html_string(html, "By law: ");
		portal_foreign(html, purpose->law, purpose->language);
		html_string(html, ". ");
	}
	html_string(html, purpose->automated ? "Done by machines alone; you can always ask a person." : "");
	html_close(html, "span");
}

/* Counted, and what switching it off would therefore cost. */
static void saving_write(struct portal *portal, const struct purpose *purpose)
{
	struct html *html = &portal->html;
	uint32_t right, of;
	int64_t ms = portal_saving_ms(portal, purpose->mask, &right, &of);
	if (of == 0)
		return;
	html_open(html, "span", "class", "from", NULL);
	html_attribute(html, "data-saves", purpose->name);
	html_format(html, "It was right %u of %u times in the last %d days", right, of, PORTAL_SAVING_DAYS);
	if (ms >= MS_A_SECOND)
		html_format(html, " and spares you about %lld s a month: switching it off costs you that", (long long)(ms / MS_A_SECOND));
	html_string(html, ".");
	html_close(html, "span");
}

/* The form of a choice; what a law obliges to is none, and the page says so. */
static void answer_write(struct portal *portal, const struct purpose *purpose, bool on)
{
	struct html *html = &portal->html;
	if (!purpose_is_choice(purpose)) {
		html_open(html, "span", "class", "row", NULL);
		html_string(html, "No choice: a law obliges us");
		html_close(html, "span");
		return;
	}
	char hash[CONSENT_SHA256_HEX + 1];
	struct purpose_words words = portal_purpose_words(portal, purpose);
	portal_form_open(portal, "/me/consent");
	portal_hidden(html, "purpose", purpose->name);
	portal_hidden(html, "version", purpose->version);
	portal_hidden(html, "language", words.language);
	portal_hidden(html, "shown", consent_text_hash(hash, words.text));
	html_open(html, "button", "class", "switch", "role", "switch", "aria-checked", on ? "true" : "false", "name", "answer", "value",
	          on ? "no" : "yes", NULL);
	html_string(html, on ? "On" : "Off");
	html_open(html, "span", "class", "out-of-sight", NULL);
	html_string(html, ": ");
	portal_foreign(html, words.title, words.language);
	html_close(html, "span");
	html_close(html, "button");
	html_close(html, "form");
}

static void purpose_write(struct portal *portal, const struct purpose *purpose)
{
	struct html *html = &portal->html;
	struct consent_state last;
	struct purpose_words words = portal_purpose_words(portal, purpose);
	bool on = consent_last(portal->consents, purpose, portal->request->now_ms, &last) && last.yes;
	html_open(html, "li", NULL);
	html_attribute(html, "data-purpose", purpose->name);
	html_open(html, "span", NULL);
	html_open(html, "strong", NULL);
	portal_foreign(html, words.title, words.language);
	html_close(html, "strong");
	html_string(html, " ");
	portal_foreign(html, words.text, words.language);
	html_close(html, "span");
	if (purpose_is_choice(purpose)) {
		state_write(portal, purpose);
		means_write(portal, purpose);
	}
	about_write(portal, purpose);
	saving_write(portal, purpose);
	answer_write(portal, purpose, on);
	html_close(html, "li");
}

static void ledger_write(struct portal *portal)
{
	struct html *html = &portal->html;
	bool any = false;
	for (size_t i = 0; i < portal->changes_n; i++) {
		const struct portal_change *change = &portal->changes[i];
		if (change->event.header.kind != EVENT_CONSENT && change->event.header.kind != EVENT_RESTRICT)
			continue;
		if (!any) {
			html_open(html, "details", NULL);
			html_element(html, "summary", "All your answers so far");
			html_open(html, "ul", "class", "lines", "data-ledger", "", NULL);
		}
		any = true;
		html_open(html, "li", NULL);
		html_open(html, "span", NULL);
		portal_change_text(portal, change);
		html_string(html, change->undone ? " Taken back." : "");
		html_close(html, "span");
		html_open(html, "span", "class", "from", NULL);
		portal_moment(html, change->event.header.time_ms);
		portal_on_channel(html, (enum channel)change->event.header.channel);
		html_string(html, ".");
		html_close(html, "span");
		html_close(html, "li");
	}
	if (any) {
		html_close(html, "ul");
		html_close(html, "details");
	}
}

/* One tap that says no to all marketing and personalisation. */
static void stop_write(struct portal *portal)
{
	struct html *html = &portal->html;
	portal_form_open(portal, "/me/consent");
	portal_hidden(html, "all", TEXT("no"));
	html_open(html, "p", "class", "row", NULL);
	html_element(html, "button", "Stop all marketing and personalisation");
	html_open(html, "span", "class", "small", NULL);
	html_string(html, "Says no to everything above that is for offers or for fitting things to you, at once and on every channel. What you stated yourself stays, and one touch undoes it.");
	html_close(html, "span");
	html_close(html, "p");
	html_close(html, "form");
}

/* All use but the service itself, off and on again. */
static void restrict_write(struct portal *portal)
{
	struct html *html = &portal->html;
	int64_t since_ms = 0;
	bool restricted = consent_is_restricted(portal->consents, &since_ms);
	portal_form_open(portal, "/me/restrict");
	portal_hidden(html, "restricted", restricted ? TEXT("no") : TEXT("yes"));
	html_open(html, "p", "class", "row", "data-restricted", restricted ? "yes" : "no", NULL);
	html_element(html, "button", restricted ? "Use my data again as I agreed" : "Use my data for the service only");
	html_open(html, "span", "class", "small", NULL);
	if (restricted) {
		html_string(html, "Since ");
		portal_day(html, since_ms);
		html_string(html, " your data is kept and used for nothing but the service itself, whatever stands above.");
	} else {
		html_string(html, "Your data is kept, and used for nothing but the service itself, until you say otherwise. Your answers above stay as they are and rest meanwhile.");
	}
	html_close(html, "span");
	html_close(html, "p");
	html_close(html, "form");
}

void portal_choices_section(struct portal *portal)
{
	struct html *html = &portal->html;
	const struct purposes *purposes = purposes_of(portal->config);
	uint64_t stopped = purposes_of_class(portal->config, PURPOSE_CLASS_MARKETING) | purposes_of_class(portal->config, PURPOSE_CLASS_PERSONALISATION);
	portal_section_open(portal, "choices", "What have I agreed to?");
	html_element(html, "p", purposes->n ? "Each answer stands alone, nothing is on until you touch it, and every one can be changed at any time."
	                                    : "There is nothing to agree to: only what the service needs is kept.");
	html_open(html, "ul", "class", "lines", NULL);
	for (size_t i = 0; i < purposes->n; i++)
		purpose_write(portal, &purposes->items[i]);
	html_close(html, "ul");
	ledger_write(portal);
	html_open(html, "p", NULL);
	html_open(html, "a", "href", "/me/receipts", NULL);
	html_string(html, "Receipts for all your answers");
	html_close(html, "a");
	html_close(html, "p");
	if (consent_mask(portal->consents, portal->config, portal->request->now_ms) & stopped)
		stop_write(portal);
	restrict_write(portal);
	portal_section_close(portal);
}
