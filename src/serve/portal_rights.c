/* portal_rights.c: what a customer asks of the company by right: the own requests with their due dates, and asking. */
#include "serve/portal.h"
#include "serve/rights.h"

#include "interact/touchpoint.h"

#include <stdio.h>

static const char *const asks[RIGHTS_TYPE_COUNT] = {
	[RIGHTS_ACCESS] = "Tell me all you know, and what for",
	[RIGHTS_CORRECT] = "Put something right",
	[RIGHTS_ERASE] = "Erase what you know about me",
	[RIGHTS_RESTRICT] = "Keep it, but do not use it",
	[RIGHTS_PORTABILITY] = "Hand it to another company",
	[RIGHTS_PERSON] = "Let a person look at a decision",
};

const char *portal_rights_words(struct text type)
{
	enum rights_type found;
	return rights_type_parse(type, &found) ? asks[found] : "A request";
}

static void answer_write(struct portal *portal, const struct rights_request *rights, const struct rights_words *words)
{
	struct html *html = &portal->html;
	html_open(html, "span", "class", "from", NULL);
	html_string(html, "Received on ");
	portal_day(html, rights->received_ms);
	if (rights->state == RIGHTS_OPEN) {
		html_string(html, rights_is_overdue(rights, portal->request->now_ms) ? ". We should have answered by " : ". You have our answer by ");
		portal_day(html, rights->due_ms);
		if (rights->extension) {
			html_string(html, ", later than first said, because: ");
			html_text(html, words->extended_because);
		}
	} else {
		html_string(html, rights->state == RIGHTS_DONE ? ". Done on " : ". Refused on ");
		portal_day(html, rights->closed_ms);
		if (words->because.n) {
			html_string(html, ": ");
			html_text(html, words->because);
		}
	}
	html_string(html, ".");
	html_close(html, "span");
}

/* Which decision a person shall look at. */
static void decision_write(struct portal *portal, uint64_t position)
{
	struct event decision;
	if (!position || record_own(portal->request, portal->origin, position, &decision) != 0)
		return;
	html_string(&portal->html, " It is about “");
	html_text(&portal->html, touchpoint_title(portal->config, decision.name));
	html_string(&portal->html, "” on ");
	portal_moment(&portal->html, decision.header.time_ms);
	html_string(&portal->html, ".");
}

static void rights_write_one(struct portal *portal, const struct rights_request *rights)
{
	struct html *html = &portal->html;
	struct rights_words words = rights_words_of(portal->request, rights);
	char id[24];
	html_open(html, "li", NULL);
	html_attribute(html, "data-request", record_format(id, 'r', rights->id));
	html_attribute(html, "data-state", text_of(rights_state_name(rights->state)));
	html_open(html, "span", NULL);
	html_string(html, asks[rights->type]);
	if (words.text.n) {
		html_string(html, ": “");
		html_text(html, words.text);
		html_string(html, "”");
	}
	html_string(html, ".");
	decision_write(portal, rights->decision);
	html_close(html, "span");
	answer_write(portal, rights, &words);
	html_close(html, "li");
}

static void ask_form(struct portal *portal)
{
	struct html *html = &portal->html;
	portal_form_open(portal, "/me/request");
	html_open(html, "p", NULL);
	html_open(html, "label", "for", "request-type", NULL);
	html_string(html, "What do you ask of us?");
	html_close(html, "label");
	html_open(html, "select", "id", "request-type", "name", "type", "required", "", NULL);
	html_open(html, "option", "value", "", NULL);
	html_string(html, "choose");
	html_close(html, "option");
	for (unsigned i = 0; i < RIGHTS_TYPE_COUNT; i++) {
		html_open(html, "option", "value", rights_type_name((enum rights_type)i), NULL);
		html_string(html, asks[i]);
		html_close(html, "option");
	}
	html_close(html, "select");
	html_close(html, "p");
	html_open(html, "p", NULL);
	html_open(html, "label", "for", "request-text", NULL);
	html_string(html, "In your own words, if you like");
	html_close(html, "label");
	html_open(html, "textarea", "id", "request-text", "name", "text", "rows", "3", "maxlength", "1000", NULL);
	html_close(html, "textarea");
	html_close(html, "p");
	html_open(html, "p", NULL);
	html_element(html, "button", "Ask it");
	html_close(html, "p");
	html_close(html, "form");
}

void portal_rights_section(struct portal *portal)
{
	struct html *html = &portal->html;
	struct rights_request rights;
	bool any = false;
	portal_section_open(portal, "requests", "What have I asked of you?");
	html_element(html, "p", "A person answers within a month, and it costs you nothing. Much of it you can do yourself on this page at once: put right what is wrong, switch off, take a copy.");
	html_open(html, "ul", "class", "lines", NULL);
	for (size_t at = 0; rights_next(portal->rights, &at, &rights);) {
		rights_write_one(portal, &rights);
		any = true;
	}
	html_close(html, "ul");
	if (!any)
		html_element(html, "p", "You have asked nothing of us yet.");
	ask_form(portal);
	portal_section_close(portal);
}

void portal_request_form(struct portal *portal)
{
	struct request *request = portal->request;
	struct rights_act act = {.act = "made", .text = text_trim(form_field(request, "text"))};
	struct text about = form_field(request, "decision");
	struct event decision;
	uint64_t position;
	if (about.n && (!record_parse(about, 'd', &act.decision) || record_own(request, portal->origin, act.decision, &decision) != 0 ||
	                decision.header.kind != EVENT_DECISION))
		return portal_problem(request, 404, "There is no such decision.", "It is not among those that were made for you. Nothing was kept.");
	if (!rights_type_parse(form_field(request, "type"), &act.type) || act.text.n > RIGHTS_TEXT_BYTES)
		return portal_problem(request, 400, "That did not work.", "Choose what you ask of us, and say it in at most 1,000 letters. Nothing was kept.");
	int error = rights_make(request, portal->origin, &act, CHANNEL_WEB, &position);
	if (error == ERROR_LIMIT)
		return portal_problem(request, 409, "Many of your requests are open already.", "We have to answer them first. Nothing was kept of this one.");
	if (error)
		return portal_problem(request, 503, "That could not be kept just now.", "Nothing was changed. Try again in a moment.");
	portal_done_redirect(request, "asked", position);
}
