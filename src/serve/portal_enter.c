/*
 * portal_enter.c: how a customer gets into their page, with a token that the company's own backend signed.
 *
 *   POST /me/enter   a form of the company's page with the field "token": the token stands in no address, history or log
 *   GET  /me/enter   ?token=: a link, which works once; the token does not stay in the address bar
 *
 * Anybody with a token of their own can make somebody else's browser send either of them. So that nobody is signed in as another
 * without noticing, a token that comes from another site, or while somebody else is here, is laid aside in a cookie for
 * ENTERING_SECONDS (ENTERING_COOKIE), and becomes the session only when nobody else is here: else the page asks
 * (docs/decisions/024-entering.md). It comes from elsewhere without our strict cookies, so the asking is done with the page that follows.
 */
#include "serve/portal.h"

#include "serve/caller.h"
#include "serve/tokens.h"

#include <sodium.h>
#include <string.h>

#define ENTERING_COOKIE "attune_entering"
enum { ENTERING_SECONDS = 300 };

static void link_refuse(struct request *request)
{
	portal_problem(request, 403, "This link does not let you in.", "It has run out, was used, or part of it is missing. Take a new one in our app or online bank.");
}

static bool is_same_customer(struct request *request, struct text a, struct text b)
{
	uint32_t one = customer_named(request->server, a), other = customer_named(request->server, b);
	return text_equal(a, b) || (one && other && atomic_load(&engine_origin(request->server->engine, one)->customer) ==
	                                               atomic_load(&engine_origin(request->server->engine, other)->customer));
}

/* ---- two at once ---- */

static void who_write(struct html *html, struct request *request, struct text subject)
{
	char *room = arena_alloc(request->arena, 200);
	uint32_t origin = customer_named(request->server, subject);
	struct text name = room && origin ? customer_name(request, origin, room, 200) : (struct text){0};
	html_open(html, "strong", NULL);
	html_text(html, name.n ? name : TEXT("somebody we know nothing about yet"));
	html_close(html, "strong");
}

static void choice_write(struct portal *portal, const char *value, const char *class, const char *says)
{
	html_open(&portal->html, "button", "class", class, "name", "as", "value", value, NULL);
	html_string(&portal->html, says);
	html_close(&portal->html, "button");
}

/* @portal is whose page it is now. */
static void asking_page(struct portal *portal, struct text entering)
{
	struct html *html = &portal->html;
	portal_bare_open(portal, 409, "Whose page do you want?");
	html_element(html, "h1", "Whose page do you want?");
	html_open(html, "p", NULL);
	html_string(html, "You are signed in here as ");
	who_write(html, portal->request, portal->request->caller.subject);
	html_string(html, ". A link or a page asks to continue as ");
	who_write(html, portal->request, entering);
	html_string(html, ". If that is not you, stay where you are: somebody may have sent you their own link.");
	html_close(html, "p");
	portal_form_open(portal, "/me/continue");
	choice_write(portal, "here", "first", "Stay where I am");
	html_string(html, " ");
	choice_write(portal, "other", "quiet", "Continue as the other");
	html_close(html, "form");
	portal_frame_close(portal);
}

/* The token that is laid aside, if it still lets in. */
static bool entering_read(struct request *request, struct text *text, struct token *token)
{
	*text = http_cookie(request->http, ENTERING_COOKIE);
	return text->n && request_token(request, *text, token) == 0;
}

bool portal_entering(struct portal *portal, struct text *cookie)
{
	struct request *request = portal->request;
	struct token entering, now;
	struct text text;
	if (!entering_read(request, &text, &entering))
		return true;
	bool here = cookie->n && request_token(request, *cookie, &now) == 0;
	if (here && !is_same_customer(request, now.subject, entering.subject))
		return text_equal(request->http->path, TEXT("/me/continue")) || (portal_open_as(portal, *cookie, &now) && (asking_page(portal, entering.subject), false));
	cookie_set(request, PORTAL_COOKIE, text, "/");
	cookie_clear(request, ENTERING_COOKIE, "/");
	*cookie = text;
	return true;
}

void portal_continue_form(struct portal *portal)
{
	struct request *request = portal->request;
	struct token entering;
	struct text text;
	if (text_equal(form_field(request, "as"), TEXT("other")) && entering_read(request, &text, &entering))
		cookie_set(request, PORTAL_COOKIE, text, "/");
	cookie_clear(request, ENTERING_COOKIE, "/");
	page_redirect(request, "/me");
}

/* ---- coming in ---- */

static void let_in(struct request *request, struct text text)
{
	cookie_set(request, PORTAL_COOKIE, text, "/");
	page_redirect(request, "/me");
}

static void enter(struct request *request, struct text text, const struct token *token)
{
	struct text cookie = http_cookie(request->http, PORTAL_COOKIE);
	struct token now;
	bool here = cookie.n && request_token(request, cookie, &now) == 0;
	request->caller = (struct caller){.scope = KEY_CUSTOMER, .subject = token->subject, .token = *token};
	if (!request_within_limits(request))
		return;
	if (request_is_foreign(request) || (here && !is_same_customer(request, now.subject, token->subject))) {
		cookie_set_for(request, ENTERING_COOKIE, text, "/", ENTERING_SECONDS);
		if (!here || request_is_foreign(request))
			return page_redirect(request, "/me");
		struct portal *portal = arena_zero_alloc(request->arena, 1, sizeof *portal);
		if (!portal)
			return reply_failure(request, ERROR_MEMORY);
		portal->request = request;
		portal->html = (struct html){.out = &request->http->out};
		if (portal_open_as(portal, cookie, &now))
			asking_page(portal, token->subject);
		return;
	}
	let_in(request, text);
}

/* Note that the token came by an address. A browser that has it as its session already comes back by the same link. */
static int address_use(struct request *request, struct text text, const struct token *token, bool *again)
{
	static const char label[] = "came by an address";
	uint8_t id[TOKEN_ID_BYTES];
	crypto_generichash(id, sizeof id, (const uint8_t *)text.p, text.n, (const uint8_t *)label, sizeof label - 1);
	int error = tokens_end(request->server->tokens, id, token->expires_s, request->now_ms, again);
	if (!error && secret_equal(http_cookie(request->http, PORTAL_COOKIE), text))
		*again = false;
	return error;
}

void portal_enter(struct request *request)
{
	struct text text = http_query(request->http, "token"), person = http_query(request->http, "person");
	struct token token;
	bool again = false;
	const bool demo = person.n && harbour_is_on(request);
	if (demo && !harbour_token(request, person, &text))
		return portal_problem(request, 403, "Harbour has no such person.", "Its people are these.");
	if (request_token(request, text, &token) != 0)
		return link_refuse(request);
	if (request->http->method == HTTP_HEAD)
		return; /* Whoever looks whether there is something does not use it. */
	if (demo) /* Its visitors are one person after the other, and nobody's data is there. */
		return let_in(request, text);
	int error = address_use(request, text, &token, &again);
	if (error)
		return portal_refuse(request, 503, "busy");
	if (again)
		return link_refuse(request);
	enter(request, text, &token);
}

void portal_enter_form(struct request *request)
{
	struct text text = form_field(request, "token");
	struct token token;
	if (request_token(request, text, &token) != 0)
		return link_refuse(request);
	enter(request, text, &token);
}
