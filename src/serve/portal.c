/*
 * portal.c: /me, the customer's own page: who is here, and the page put together.
 *
 * Written by the server, so that it works without JavaScript. A customer gets in with a token that the company's own
 * backend signed; the token is then kept in a cookie that no script reads and no other site can make the browser send.
 */
#include "serve/portal.h"

#include "serve/brand.h"
#include "serve/caller.h"
#include "base/report.h"
#include "interact/topic.h"
#include "serve/export.h"
#include "serve/signals.h"
#include "serve/tokens.h"

#include <stdio.h>
#include <string.h>

/* ---- pieces ---- */

void portal_section_open(struct portal *portal, const char *id, const char *question)
{
	char title[40];
	snprintf(title, sizeof title, "%s-title", id);
	html_open(&portal->html, "section", "id", id, "aria-labelledby", title, NULL);
	html_open(&portal->html, "h2", "id", title, NULL);
	html_string(&portal->html, question);
	html_close(&portal->html, "h2");
	portal_done_write(portal, id);
}

void portal_section_close(struct portal *portal)
{
	html_close(&portal->html, "section");
}

void portal_hidden(struct html *html, const char *name, struct text value)
{
	html_open(html, "input", "type", "hidden", "name", name, NULL);
	html_attribute(html, "value", value);
}

void portal_form_open(struct portal *portal, const char *action)
{
	html_open(&portal->html, "form", "method", "post", "action", action, NULL);
	portal_hidden(&portal->html, "token", text_of(portal->form_token));
}

void portal_undo_button(struct portal *portal, uint64_t position)
{
	const struct portal_change *change = portal_change_at(portal, position);
	char id[24];
	portal_form_open(portal, "/me/undo");
	html_open(&portal->html, "button", "name", "undo", NULL);
	html_attribute(&portal->html, "value", record_format(id, 'u', position));
	html_string(&portal->html, "Undo");
	if (change) {
		html_open(&portal->html, "span", "class", "out-of-sight", NULL);
		html_string(&portal->html, ": ");
		portal_change_text(portal, change);
		html_close(&portal->html, "span");
	}
	html_close(&portal->html, "button");
	html_close(&portal->html, "form");
}

/* ---- the frame ---- */

static void title_write(struct html *html, const char *title, const struct brand *brand)
{
	html_open(html, "title", NULL);
	html_string(html, title);
	if (brand) {
		html_string(html, " · ");
		html_text(html, brand->title);
	}
	html_close(html, "title");
}

static void frame_open(struct html *html, const struct brand *brand, struct accessibility needs, const char *title, bool again)
{
	buffer_string(html->out, "<!doctype html>\n");
	html_open(html, "html", "lang", "en", needs.text_huge ? "data-text" : "data-usual", needs.text_huge ? "huge" : NULL,
	          needs.contrast_high ? "data-contrast" : "data-usual", needs.contrast_high ? "high" : NULL, NULL);
	html_open(html, "head", NULL);
	html_open(html, "meta", "charset", "utf-8", NULL);
	html_open(html, "meta", "name", "viewport", "content", "width=device-width, initial-scale=1", NULL);
	if (again)
		html_open(html, "meta", "http-equiv", "refresh", "content", "0; url=/me", NULL);
	title_write(html, title, brand);
	html_open(html, "link", "rel", "icon", "href", "data:,", NULL);
	html_open(html, "link", "rel", "stylesheet", "href", asset_path("portal.css"), NULL);
	if (brand && brand->style.n)
		html_open(html, "link", "rel", "stylesheet", "href", "/me/brand.css", NULL);
	html_open(html, "script", "type", "module", "src", asset_path("portal.js"), NULL);
	html_close(html, "script");
	html_close(html, "head");
	html_open(html, "body", NULL);
	html_open(html, "a", "class", "skip", "href", "#main", NULL);
	html_string(html, "To the content");
	html_close(html, "a");
}

static void frame_close(struct html *html, const struct brand *brand)
{
	html_open(html, "footer", NULL);
	if (brand && brand->contact.n) {
		html_open(html, "p", "data-testid", "reach", NULL);
		html_text(html, brand->contact);
		html_close(html, "p");
	}
	html_element(html, "p", "This page sets no cookie but the one that lets you in, and tells nobody that you were here.");
	html_close(html, "footer");
	html_close(html, "body");
	html_close(html, "html");
}

static void page_begin(struct request *request, int status)
{
	buffer_reset(&request->http->out);
	request->http->status = status;
	request->http->type = "text/html; charset=utf-8";
	page_headers(request);
	http_reply_header(request->http, "Cache-Control", "no-store");
}

/* In the demo, its people sign in with a click. */
static void demo_people_write(struct html *html)
{
	static const struct {
		const char *path, *name;
	} people[] = {{"/me/enter?person=ana", "Ana"}, {"/me/enter?person=ben", "Ben"}, {"/me/enter?person=edith", "Edith"}};
	html_open(html, "p", NULL);
	html_string(html, "This is Harbour, the demonstration. Sign in as");
	for (size_t i = 0; i < sizeof people / sizeof *people; i++) {
		html_string(html, i == 0 ? " " : ", ");
		html_open(html, "a", "href", people[i].path, NULL);
		html_string(html, people[i].name);
		html_close(html, "a");
	}
	html_string(html, ".");
	html_close(html, "p");
}

/* Followed from another site, a link comes without our strict cookie; loaded once more from here, the page has it. */
static bool comes_from_elsewhere(struct request *request)
{
	return request->http->method == HTTP_GET && http_cookie(request->http, PORTAL_COOKIE).n == 0 &&
	       text_equal(http_header_of(request->http, "Sec-Fetch-Site"), TEXT("cross-site"));
}

void portal_problem(struct request *request, int status, const char *title, const char *sentence)
{
	struct html html = {.out = &request->http->out};
	page_begin(request, status);
	const struct brand *brand = brand_of(engine_config(request->server->engine));
	frame_open(&html, brand, (struct accessibility){0}, title, comes_from_elsewhere(request) && text_equal(request->http->path, TEXT("/me")));
	html_open(&html, "main", "id", "main", NULL);
	html_element(&html, "h1", title);
	html_element(&html, "p", sentence);
	if (status == 403 && harbour_is_on(request))
		demo_people_write(&html);
	if (status != 403) {
		html_open(&html, "p", NULL);
		html_open(&html, "a", "href", "/me", NULL);
		html_string(&html, "Back to your page");
		html_close(&html, "a");
		html_close(&html, "p");
	}
	html_close(&html, "main");
	frame_close(&html, brand);
}

void portal_refuse(struct request *request, int status, const char *code)
{
	if (strcmp(code, "unknown") == 0)
		portal_problem(request, status, "We do not know yet whether this was kept.",
		               "It could not be confirmed in time. Look at your page in a moment: if the change is not there, make it again. "
		               "Making it twice does no harm.");
	else if (status == 429 || status == 503)
		portal_problem(request, status, "That could not be done just now.", "Too much is going on at once. Try again in a moment.");
	else if (status == 404)
		portal_problem(request, status, "That is not here.", "It may have been undone or moved meanwhile. Go back to your page.");
	else
		portal_problem(request, status, "That did not work.", "Go back to your page and try again. If it fails again, please tell us.");
}

/* ---- who is here ---- */

/* Whoever is kept from noting it, by a full disk say, is not kept from reading what is known: the next page notes it. */
static void signal_heed(struct portal *portal)
{
	int error = signals_heed(portal->request, portal->origin, CHANNEL_WEB);
	if (error)
		report(REPORT_WARNING, "signal_not_noted", "A browser's Sec-GPC could not be noted: %s", error_sentence(error));
}

bool portal_open_as(struct portal *portal, struct text cookie, const struct token *token)
{
	struct request *request = portal->request;
	struct buffer message = BUFFER_INIT(8192);
	buffer_string(&message, "portal ");
	buffer_text(&message, cookie);
	keys_mark(request->server->keys, buffer_view(&message), portal->form_token);
	buffer_free(&message);
	request->caller = (struct caller){.scope = KEY_CUSTOMER, .subject = token->subject, .token = *token, .by_cookie = true};
	return request_within_limits(request);
}

bool portal_open(struct portal *portal, struct request *request)
{
	struct text cookie = http_cookie(request->http, PORTAL_COOKIE);
	struct token token;
	*portal = (struct portal){.request = request, .html = {.out = &request->http->out}};
	if (cookie.n && request_token(request, cookie, &token) == 0 && request_puts_off(request, customer_named(request->server, token.subject)))
		return false;
	if (!portal_entering(portal, &cookie))
		return false;
	if (cookie.n == 0 || request_token(request, cookie, &token) != 0) {
		portal_problem(request, 403, "This is your own page.",
		               "You get in by the link to it in our app or online bank, once you are signed in there. A link holds for a "
		               "while only: if you were here before, take a new one.");
		return false;
	}
	if (!portal_open_as(portal, cookie, &token))
		return false;
	portal->origin = customer_named(request->server, token.subject);
	if (portal->origin) {
		signal_heed(portal);
		return true;
	}
	if (portal_erased(portal, token.subject))
		return false;
	portal_problem(request, 404, "We know nothing about you yet.", "As soon as you use one of our services, this page shows what is kept.");
	return false;
}

void portal_export(struct request *request)
{
	struct portal *portal = arena_alloc(request->arena, sizeof *portal);
	if (!portal)
		return reply_failure(request, ERROR_MEMORY);
	if (!portal_open(portal, request))
		return;
	if (!text_equal(http_query(request->http, "format"), TEXT("json")))
		return export_zip_reply(request, portal->origin);
	http_reply_header(request->http, "Content-Disposition", "attachment; filename=\"what-is-known-about-me.json\"");
	request->parameters[0] = TEXT("me");
	api_export(request);
}

/* ---- the page ---- */

static void masthead_write(struct portal *portal)
{
	struct html *html = &portal->html;
	html_open(html, "header", "class", "masthead", NULL);
	html_open(html, "span", "class", "whose", NULL);
	portal_brand_write(portal);
	html_element(html, "strong", "Your own page");
	html_close(html, "span");
	portal_form_open(portal, "/me/leave");
	html_open(html, "button", "class", "quiet", NULL);
	html_string(html, "Leave this page");
	html_close(html, "button");
	html_close(html, "form");
	html_close(html, "header");
}

static void contents_write(struct portal *portal)
{
	static const struct {
		const char *to, *says;
	} links[] = {{"#know", "What you know"}, {"#choices", "What I agreed to"}, {"#contact", "What I hear about"}, {"/me/why", "Why I saw what I saw"}, {"/me/receipts", "My receipts"}, {"#way", "My way"}, {"#menu", "My menu"},
	             {"/me/ideas", "Ideas"},     {"#stars", "My stars"}, {"#undo", "Undo"},          {"#open", "What is open"}, {"#requests", "What I asked of you"}, {"/me/question", "A question to you"}, {"#sessions", "Sign out everywhere"}, {"#take", "Take it with me"}, {"#erase", "Erase everything"}, {"#answers", "Who answers for this"}};
	struct topic topic;
	size_t at = 0;
	bool topics = topic_next(portal->config, &at, &topic);
	html_open(&portal->html, "nav", "class", "contents", "aria-label", "On this page", NULL);
	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		if ((portal->menus_n == 0 && strcmp(links[i].to, "#menu") == 0) || (!topics && strcmp(links[i].to, "#contact") == 0))
			continue;
		if (strcmp(links[i].to, "/me/question") == 0 && !surface_find(portal->config, TEXT(PORTAL_QUESTION_SURFACE)))
			continue;
		html_open(&portal->html, "a", "href", links[i].to, NULL);
		html_string(&portal->html, links[i].says);
		html_close(&portal->html, "a");
	}
	html_close(&portal->html, "nav");
}

static void take_section(struct portal *portal)
{
	struct html *html = &portal->html;
	portal_section_open(portal, "take", "How do I take it with me?");
	html_element(html, "p", "Everything on this page and all that happened. The copy opens as a page with a chart of your year; beside it lie tables and files for programs.");
	html_open(html, "p", NULL);
	html_open(html, "a", "class", "button first", "href", "/me/export", NULL);
	html_string(html, "Make my copy");
	html_close(html, "a");
	html_string(html, " ");
	html_open(html, "a", "href", "/me/export?format=json", NULL);
	html_string(html, "Or one file for another company (JSON)");
	html_close(html, "a");
	html_close(html, "p");
	portal_section_close(portal);
}

static void erase_section(struct portal *portal)
{
	struct html *html = &portal->html;
	portal_section_open(portal, "erase", "How do I have it all erased?");
	html_element(html, "p", "You can do it yourself, at once and without a reason. The next page says what happens and what has to be kept, and asks once more.");
	html_open(html, "p", NULL);
	html_open(html, "a", "class", "button", "href", "/me/erase", NULL);
	html_string(html, "Erase everything");
	html_close(html, "a");
	html_close(html, "p");
	portal_section_close(portal);
}

void portal_frame_open(struct portal *portal, const char *title)
{
	page_begin(portal->request, 200);
	frame_open(&portal->html, brand_of(engine_config(portal->request->server->engine)), portal->accessibility, title, false);
	masthead_write(portal);
	html_open(&portal->html, "main", "id", "main", NULL);
}

void portal_bare_open(struct portal *portal, int status, const char *title)
{
	page_begin(portal->request, status);
	frame_open(&portal->html, brand_of(engine_config(portal->request->server->engine)), portal->accessibility, title, false);
	html_open(&portal->html, "main", "id", "main", NULL);
}

void portal_frame_close(struct portal *portal)
{
	html_close(&portal->html, "main");
	frame_close(&portal->html, brand_of(engine_config(portal->request->server->engine)));
	if (portal->html.out->failed)
		reply_failure(portal->request, ERROR_MEMORY);
}

void portal_page(struct request *request)
{
	struct portal *portal = arena_alloc(request->arena, sizeof *portal);
	if (!portal)
		return reply_failure(request, ERROR_MEMORY);
	if (!portal_open(portal, request))
		return;
	if (portal_read(portal) != 0)
		return portal_problem(request, 503, "Your page cannot be shown just now.", "Nothing is lost. Try again in a moment.");
	portal_frame_open(portal, "Your own page");
	html_open(&portal->html, "h1", NULL);
	html_string(&portal->html, portal->name.n ? "Your page, " : "Your page");
	html_text(&portal->html, portal->name);
	html_string(&portal->html, ".");
	html_close(&portal->html, "h1");
	contents_write(portal);
	portal_known_section(portal);
	portal_choices_section(portal);
	portal_contact_section(portal);
	portal_way_section(portal);
	portal_menu_section(portal);
	portal_stars_section(portal);
	portal_undo_section(portal);
	portal_open_section(portal);
	portal_rights_section(portal);
	portal_sessions_section(portal);
	take_section(portal);
	erase_section(portal);
	portal_controller_section(portal);
	portal_frame_close(portal);
}
