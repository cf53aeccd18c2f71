/*
 * portal_ideas.c: /me/ideas: what customers propose, a customer's own part in it, and what the company says.
 *
 * A page of its own, for it gathers everybody's ideas. Others' ideas show title and text and never whose they are. Voting,
 * taking a vote back and proposing are forms that work without JavaScript.
 */
#include "serve/ideas.h"
#include "serve/portal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- one idea ---- */

static const char *status_words(struct text status)
{
	static const struct {
		const char *status, *words;
	} known[] = {{"new", "Nobody has answered yet"}, {"considered", "We are thinking about it"}, {"trying", "We are trying it"},
	             {"done", "Done"},                   {"declined", "We will not do it"}};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (text_equal(status, text_of(known[i].status)))
			return known[i].words;
	return "";
}

/* "Trying in branch 3." and who decided, when; or since when nobody has. */
static void status_write(struct portal *portal, const struct idea *idea)
{
	struct html *html = &portal->html;
	const struct idea_answer *answer = idea->answer;
	struct text status = idea_status(idea);
	html_open(html, "p", "class", "status", "data-testid", "status", NULL);
	html_attribute(html, "data-status", status);
	html_open(html, "strong", NULL);
	if (text_equal(status, TEXT("trying")) && answer && answer->where.n) {
		html_string(html, "Trying in ");
		html_text(html, answer->where);
	} else {
		html_string(html, status_words(status));
	}
	html_close(html, "strong");
	if (text_equal(status, TEXT("new"))) {
		int64_t days = (portal->request->now_ms - idea->proposed_ms) / (24 * 3600 * 1000);
		html_format(html, ", since %" PRId64 " %s.", days, days == 1 ? "day" : "days");
	} else {
		html_string(html, answer && answer->says.n ? ": " : ".");
		html_text(html, answer ? answer->says : (struct text){0});
	}
	html_close(html, "p");
	if (!answer || answer->decided_by.n == 0)
		return;
	html_open(html, "p", "class", "from", "data-testid", "decided", NULL);
	html_string(html, "Decided by ");
	html_text(html, answer->decided_by);
	if (answer->decided_ms) {
		html_string(html, " on ");
		portal_day(html, answer->decided_ms);
	}
	html_string(html, ".");
	html_close(html, "p");
}

static void act_button(struct portal *portal, const struct idea *idea, const char *act, const char *says)
{
	struct html *html = &portal->html;
	portal_form_open(portal, "/me/idea");
	portal_hidden(html, "idea", idea->id);
	html_open(html, "button", "name", "act", "value", act, NULL);
	html_string(html, says);
	html_open(html, "span", "class", "out-of-sight", NULL);
	html_string(html, ": ");
	html_text(html, idea->title);
	html_close(html, "span");
	html_close(html, "button");
	html_close(html, "form");
}

static void votes_write(struct portal *portal, const struct idea *idea, bool supported)
{
	struct html *html = &portal->html;
	html_open(html, "p", "class", "votes", "data-testid", "votes", NULL);
	if (idea_votes_may_show(portal->request, idea))
		html_format(html, "%u customers are for it%s.", idea->votes, supported ? ", you among them" : "");
	else
		html_format(html, "Fewer than %" PRId64 " customers are for it so far%s.", portal->request->server->settings.aggregate_min, supported ? ", you among them" : "");
	html_close(html, "p");
}

static void idea_write(struct portal *portal, const struct idea *idea, struct text own)
{
	struct html *html = &portal->html;
	bool mine = idea_has_part(own, IDEA_PROPOSED, idea->id), supported = idea_has_part(own, IDEA_SUPPORTED, idea->id);
	bool trying = text_equal(idea_status(idea), TEXT("trying"));
	html_open(html, "li", "class", "idea", NULL);
	html_attribute(html, "data-idea", idea->id);
	html_open(html, "h3", NULL);
	html_text(html, idea->title);
	html_close(html, "h3");
	if (idea->text.n) {
		html_open(html, "p", NULL);
		html_text(html, idea->text);
		html_close(html, "p");
	}
	if (mine)
		html_element(html, "p", idea->answer ? "You proposed this, and this is what we did:" : "You proposed this.");
	status_write(portal, idea);
	votes_write(portal, idea, supported);
	html_open(html, "div", "class", "row", NULL);
	if (supported)
		act_button(portal, idea, "withdraw", "Take my vote back");
	else if (!mine)
		act_button(portal, idea, "support", "I am for it");
	if (trying && !idea_has_part(own, IDEA_TRIED, idea->id))
		act_button(portal, idea, "try", "I have tried it");
	html_close(html, "div");
	html_close(html, "li");
}

/* ---- the page ---- */

static void list_write(struct portal *portal, const struct idea_list *list, struct text own)
{
	struct html *html = &portal->html;
	html_open(html, "ul", "class", "ideas", NULL);
	for (size_t i = 0; i < list->n; i++)
		idea_write(portal, &list->items[i], own);
	html_close(html, "ul");
	if (list->n == 0)
		html_element(html, "p", "Nobody has proposed anything yet. Be the first.");
}

static void propose_write(struct portal *portal)
{
	struct html *html = &portal->html;
	char title_max[12], text_max[12];
	snprintf(title_max, sizeof title_max, "%d", IDEA_TITLE_BYTES_MAX / 2);
	snprintf(text_max, sizeof text_max, "%d", IDEA_TEXT_BYTES_MAX / 2);
	portal_section_open(portal, "propose", "What would you change?");
	html_element(html, "p", "Others read the title and the text, and not your name. You read here what becomes of it, and who decided.");
	portal_form_open(portal, "/me/propose");
	html_open(html, "div", "class", "field", NULL);
	html_open(html, "label", "for", "title", NULL);
	html_string(html, "In a few words");
	html_close(html, "label");
	html_open(html, "input", "id", "title", "name", "title", "maxlength", title_max, "required", "", "autocomplete", "off", NULL);
	html_close(html, "div");
	html_open(html, "div", "class", "field", NULL);
	html_open(html, "label", "for", "text", NULL);
	html_string(html, "What would it do for you? (you may leave this out)");
	html_close(html, "label");
	html_open(html, "textarea", "id", "text", "name", "text", "rows", "4", "maxlength", text_max, NULL);
	html_close(html, "textarea");
	html_close(html, "div");
	html_open(html, "button", "class", "first", NULL);
	html_string(html, "Propose it");
	html_close(html, "button");
	html_close(html, "form");
	portal_section_close(portal);
}

static void back_write(struct html *html)
{
	html_open(html, "nav", "class", "contents", "aria-label", "Your pages", NULL);
	html_open(html, "a", "href", "/me", NULL);
	html_string(html, "Your own page");
	html_close(html, "a");
	html_close(html, "nav");
}

void portal_ideas(struct request *request)
{
	struct portal *portal = arena_alloc(request->arena, sizeof *portal);
	struct idea_list list;
	struct text own;
	uint32_t customer;
	if (!portal)
		return reply_failure(request, ERROR_MEMORY);
	if (!portal_open(portal, request))
		return;
	if (portal_read(portal) != 0 || ideas_read(request, &list) != 0 || idea_state_read(request, portal->origin, &own, &customer) != 0)
		return portal_problem(request, 503, "The ideas cannot be shown just now.", "Nothing is lost. Try again in a moment.");
	portal_frame_open(portal, "Ideas");
	html_element(&portal->html, "h1", "What customers propose, and what we do about it.");
	back_write(&portal->html);
	portal_section_open(portal, "ideas", "What has been proposed?");
	list_write(portal, &list, own);
	portal_section_close(portal);
	propose_write(portal);
	portal_frame_close(portal);
}

/* ---- the forms ---- */

static void failed(struct request *request, int error)
{
	if (error == ERROR_INVALID)
		portal_problem(request, 400, "That was too long, or empty.", "An idea needs a few words as its title. Go back and try again.");
	else if (error == ERROR_LIMIT)
		portal_problem(request, 409, "You have proposed many ideas already.", "Ten are as many as one customer can propose. You can still vote for those of others.");
	else if (error == ERROR_NOT_FOUND)
		portal_problem(request, 404, "This idea is not here.", "Go back to the page and look again.");
	else
		portal_problem(request, 503, "That could not be kept just now.", "Nothing was changed. Try again in a moment.");
}

static void back(struct request *request, const char *done)
{
	char *where = arena_alloc(request->arena, 64);
	if (!where)
		return reply_failure(request, ERROR_MEMORY);
	snprintf(where, 64, "/me/ideas?done=%s#ideas", done);
	page_redirect(request, where);
}

void portal_idea_form(struct portal *portal)
{
	struct request *request = portal->request;
	struct text idea = form_field(request, "idea"), act = form_field(request, "act");
	uint64_t undo;
	int error = idea_act(request, portal->origin, idea, act, CHANNEL_WEB, &undo);
	if (error)
		return failed(request, error);
	back(request, text_equal(act, TEXT("support")) ? "voted" : text_equal(act, TEXT("try")) ? "tried" : "unvoted");
}

void portal_propose_form(struct portal *portal)
{
	struct request *request = portal->request;
	struct text id;
	uint64_t undo;
	int error = idea_propose(request, portal->origin, form_field(request, "title"), form_field(request, "text"), CHANNEL_WEB, &id, &undo);
	if (error)
		return failed(request, error);
	back(request, "proposed");
}
