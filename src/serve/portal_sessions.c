/*
 * portal_sessions.c: signing out everywhere.
 *
 * What lets a customer in is a token of the company's, in this page's cookie or in an app. The customer ends all of them at once by raising the
 * generation (tokens.h): whoever has one of before, also somebody it was stolen by, is out with the next request, and open streams end.
 */
#include "serve/portal.h"

#include "serve/caller.h"
#include "serve/tokens.h"

void portal_sessions_section(struct portal *portal)
{
	struct html *html = &portal->html;
	portal_section_open(portal, "sessions", "Am I still signed in elsewhere?");
	html_element(html, "p", "Did you lose a device, or use one that is not yours? Sign out everywhere: every visit to this page ends, on all devices, and our app can no longer "
	                        "read or change anything here until you sign in again. Nothing else changes.");
	portal_form_open(portal, "/me/sign-out");
	html_open(html, "button", NULL);
	html_string(html, "Sign out everywhere");
	html_close(html, "button");
	html_close(html, "form");
	portal_section_close(portal);
}

/* The page says so itself, and not by an address that anybody could send to somebody who is signed in. */
void portal_sign_out_form(struct portal *portal)
{
	struct html *html = &portal->html;
	struct generation raised;
	int error = request_tokens_end(portal->request, portal->origin, &raised);
	if (error)
		return portal_problem(portal->request, 503, "You could not be signed out just now.", "You are still signed in everywhere. Try again in a moment.");
	cookie_clear(portal->request, PORTAL_COOKIE, "/");
	portal_bare_open(portal, 200, "You are signed out");
	html_element(html, "h1", "You are signed out.");
	html_open(html, "p", "role", "status", "data-done", "signed-out", NULL);
	html_string(html, "You are signed out everywhere: every visit to this page has ended, on all devices, and our app can no longer read or change anything here until you sign in again. "
	                  "To come back, take a new link in our app or online bank.");
	html_close(html, "p");
	portal_frame_close(portal);
}
