/*
 * portal_erase.c: /me/erase: everything erased by the customer alone: what happens, a word to be typed, and the certificate.
 *
 * Two pages ask before anything is done, and the copy to take along is offered on the first. Erasing is what DELETE does
 * (erasure_act). The answer is the certificate itself, with a link that saves it, so that nothing has to be fetched afterwards
 * by somebody whom nobody knows any more. While the register keeps the hashes (ERASURE_DAYS) whoever comes back with the same
 * link finds the certificate again: a page that was sent twice or cut off loses nothing.
 */
#include "serve/caller.h"
#include "serve/erasure.h"
#include "serve/portal.h"

#include "base/clock.h"
#include "identify/identifier.h"
#include "interact/matter.h"
#include "trust/erasures.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#define WORD "ERASE"
static const char DATA[] = "data:application/json;base64,";

/* ---- before ---- */

static void item_write(struct html *html, const char *says)
{
	html_open(html, "li", NULL);
	html_string(html, says);
	html_close(html, "li");
}

static size_t open_matters(struct text state)
{
	struct matter matter;
	size_t n = 0;
	for (size_t at = 0; matter_next(state, &at, &matter);)
		n += matter_is_open(&matter);
	return n;
}

static void happens_write(struct portal *portal)
{
	struct html *html = &portal->html;
	size_t open = open_matters(portal->matters);
	html_element(html, "h2", "What happens?");
	html_open(html, "ul", "class", "plain-list", NULL);
	item_write(html, "At once nobody here knows you any more: on every channel you are served like a stranger.");
	html_open(html, "li", NULL);
	html_format(html, "The key with which everything about you is sealed is destroyed. What lies in old copies cannot be opened by anybody, and the last copy of the key is gone within %d days.", ERASURE_COPY_DAYS);
	html_close(html, "li");
	item_write(html, "What you stated, agreed to, wished and earned is gone, and so are the guesses, the groups and the stars.");
	item_write(html, "You get a signed certificate that says what was done.");
	item_write(html, "It cannot be undone.");
	html_close(html, "ul");
	if (open) {
		html_open(html, "p", "data-testid", "open-matters", NULL);
		html_format(html, "%zu %s still open between us. Erasing settles nothing: it only makes this page forget it.", open, open == 1 ? "matter is" : "matters are");
		html_close(html, "p");
	}
}

static void kept_line_write(struct portal *portal, const struct purpose *purpose)
{
	struct html *html = &portal->html;
	struct purpose_words words = portal_purpose_words(portal, purpose);
	html_open(html, "li", NULL);
	html_attribute(html, "data-kept", purpose->name);
	html_open(html, "span", NULL);
	html_open(html, "strong", NULL);
	portal_foreign(html, words.title, words.language);
	html_close(html, "strong");
	html_string(html, " ");
	portal_foreign(html, words.text, words.language);
	html_close(html, "span");
	html_open(html, "span", "class", "from", NULL);
	if (purpose->law.n) {
		html_string(html, "By law: ");
		portal_foreign(html, purpose->law, purpose->language);
		html_string(html, ". ");
	}
	if (purpose->retention.n) {
		html_string(html, "Kept for ");
		portal_foreign(html, purpose->retention, purpose->language);
		html_string(html, ".");
	}
	html_close(html, "span");
	html_close(html, "li");
}

/* Here nothing is kept back. What a law makes the company keep lies in its own books, and the customer has to know of it. */
static void kept_file_write(struct portal *portal)
{
	struct html *html = &portal->html;
	const struct purposes *purposes = purposes_of(portal->config);
	bool any = false;
	html_element(html, "h2", "What has to be kept?");
	for (size_t i = 0; i < purposes->n; i++)
		any |= !purpose_is_choice(&purposes->items[i]);
	html_element(html, "p", any ? "Nothing of what is on this page. A law makes us keep the following in our books, and there it is used for nothing else:"
	                            : "Nothing. No law makes us keep anything of what is here.");
	if (any) {
		html_open(html, "ul", "class", "lines", "data-testid", "kept", NULL);
		for (size_t i = 0; i < purposes->n; i++)
			if (!purpose_is_choice(&purposes->items[i]))
				kept_line_write(portal, &purposes->items[i]);
		html_close(html, "ul");
	}
	html_open(html, "p", "class", "small", NULL);
	html_format(html, "We keep the certificate, which does not name you, and for %d days numbers made from your identifiers, so that what comes late stays erased.", ERASURE_DAYS);
	html_close(html, "p");
}

static void link_write(struct html *html, const char *to, const char *class, const char *says)
{
	html_open(html, "a", "href", to, "class", class, NULL);
	html_string(html, says);
	html_close(html, "a");
}

static void tell_write(struct portal *portal)
{
	struct html *html = &portal->html;
	html_element(html, "h1", "Erase everything");
	happens_write(portal);
	kept_file_write(portal);
	html_element(html, "h2", "Take it with you first?");
	html_element(html, "p", "Afterwards there is nothing left to take. The copy holds everything on your page and all that happened.");
	html_open(html, "p", "class", "choices", NULL);
	link_write(html, "/me/export", "button first", "Make my copy");
	html_string(html, " ");
	link_write(html, "/me/erase?step=sure", "button", "Go on to erase everything");
	html_string(html, " ");
	link_write(html, "/me", NULL, "No, back to my page");
	html_close(html, "p");
	html_open(html, "p", "class", "small", NULL);
	html_string(html, "You can also keep it all and let it rest: “Use my data for the service only” under ");
	link_write(html, "/me#choices", NULL, "What have I agreed to?");
	html_string(html, " It can be lifted again.");
	html_close(html, "p");
}

static void sure_write(struct portal *portal, const char *problem)
{
	struct html *html = &portal->html;
	html_element(html, "h1", "Do you want everything erased?");
	if (problem) {
		html_open(html, "p", "class", "done trouble", "role", "alert", "id", "word-problem", NULL);
		html_string(html, problem);
		html_close(html, "p");
	}
	portal_form_open(portal, "/me/erase");
	html_open(html, "p", "class", "word", NULL);
	html_open(html, "label", "for", "word", NULL);
	html_string(html, "Type the word " WORD " to say that you mean it. It cannot be undone.");
	html_close(html, "label");
	html_open(html, "input", "id", "word", "name", "word", "required", "", "maxlength", "20", "autocomplete", "off", "autocapitalize", "characters",
	          "aria-describedby", problem ? "word-problem" : NULL, NULL);
	html_close(html, "p");
	html_open(html, "p", "class", "choices", NULL);
	html_open(html, "button", "class", "danger", NULL);
	html_string(html, "Erase everything about me");
	html_close(html, "button");
	html_string(html, " ");
	link_write(html, "/me", NULL, "No, back to my page");
	html_close(html, "p");
	html_close(html, "form");
}

void portal_erase(struct request *request)
{
	struct portal *portal = arena_alloc(request->arena, sizeof *portal);
	if (!portal)
		return reply_failure(request, ERROR_MEMORY);
	if (!portal_open(portal, request))
		return;
	if (portal_read(portal) != 0)
		return portal_problem(request, 503, "Your page cannot be shown just now.", "Nothing is lost. Try again in a moment.");
	portal_frame_open(portal, "Erase everything");
	if (text_equal(http_query(request->http, "step"), TEXT("sure")))
		sure_write(portal, NULL);
	else
		tell_write(portal);
	portal_frame_close(portal);
}

/* ---- the certificate ---- */

/* The statement of a certificate, parsed; it lives until the parser of this thread is used again. */
static bool statement_read(struct request *request, struct text certificate, struct json *statement)
{
	struct json_parser *parser = thread_parser();
	struct json root;
	if (!parser || json_parse(parser, certificate, &root) != 0)
		return false;
	struct text copy = text_copy(request->arena, json_text(json_get(root, TEXT("statement"))));
	return copy.n && json_parse(parser, copy, statement) == 0;
}

static void figure_write(struct html *html, struct json statement, const char *member, const char *one, const char *many)
{
	int64_t n;
	if (!json_int(json_get(statement, text_of(member)), &n))
		return;
	html_open(html, "li", NULL);
	html_attribute(html, "data-figure", text_of(member));
	html_format(html, "%" PRId64 " %s", n, n == 1 ? one : many);
	html_close(html, "li");
}

static void time_write(struct html *html, struct json statement, const char *member, const char *before)
{
	int64_t ms;
	if (clock_parse(json_text(json_get(statement, text_of(member))), &ms) != 0)
		return;
	html_open(html, "li", NULL);
	html_string(html, before);
	portal_moment(html, ms);
	html_close(html, "li");
}

static void search_write(struct html *html, struct json search)
{
	int64_t texts = 0, files = 0, found = 0;
	if (!json_int(json_get(search, TEXT("texts")), &texts) || !json_int(json_get(search, TEXT("files")), &files) ||
	    !json_int(json_get(search, TEXT("found_in_files")), &found) || texts == 0)
		return;
	html_open(html, "li", "data-testid", "searched", NULL);
	html_format(html, "%" PRId64 " files were searched for %" PRId64 " texts that named you: ", files, texts);
	if (found)
		html_format(html, "something still stands in %" PRId64 ". The people who run this have been told, and the certificate says so", found);
	else
		html_string(html, json_bool(json_get(search, TEXT("whole")), false) ? "none was found" : "none was found in as much as could be searched");
	html_close(html, "li");
}

/* Whoever is erased is signed out, and can still ask: whom, stands in the certificate. */
static void controller_write(struct html *html, struct json named)
{
	const struct text name = json_text(json_get(named, TEXT("name"))), contact = json_text(json_get(named, TEXT("contact")));
	if (name.n == 0)
		return;
	html_open(html, "li", "data-testid", "erased-by", NULL);
	html_text(html, name);
	html_string(html, " answers for it: ");
	html_text(html, contact);
	html_close(html, "li");
}

static void statement_write(struct html *html, struct json statement)
{
	html_open(html, "ul", "class", "plain-list", "data-testid", "certificate", NULL);
	time_write(html, statement, "done", "Done on ");
	figure_write(html, statement, "events", "thing that happened is gone", "things that happened are gone");
	figure_write(html, statement, "decisions", "decision made for you is gone", "decisions made for you are gone");
	figure_write(html, statement, "identifiers", "sign by which we knew you is gone", "signs by which we knew you are gone");
	figure_write(html, statement, "keys_destroyed", "key was destroyed", "keys were destroyed");
	search_write(html, json_get(statement, TEXT("search")));
	time_write(html, statement, "unrecoverable_by", "The last copy of a key is gone by ");
	controller_write(html, json_get(statement, TEXT("controller")));
	html_close(html, "ul");
}

/* The certificate inside the address of a link, so that saving it asks nobody for anything. */
static int certificate_write(struct request *request, struct html *html, struct text certificate)
{
	const size_t before = sizeof DATA - 1, max = before + sodium_base64_encoded_len(certificate.n, sodium_base64_VARIANT_ORIGINAL);
	char *address = arena_alloc(request->arena, max);
	struct json statement;
	if (!address || !statement_read(request, certificate, &statement))
		return ERROR_MEMORY;
	memcpy(address, DATA, before);
	sodium_bin2base64(address + before, max - before, (const unsigned char *)certificate.p, certificate.n, sodium_base64_VARIANT_ORIGINAL);
	statement_write(html, statement);
	html_open(html, "p", NULL);
	html_open(html, "a", "class", "button first", "download", "certificate-of-erasure.json", "href", address, NULL);
	html_string(html, "Save the certificate");
	html_close(html, "a");
	html_close(html, "p");
	html_open(html, "p", "class", "small", NULL);
	html_string(html, "Its number is ");
	html_text(html, json_text(json_get(statement, TEXT("erasure"))));
	html_string(html, ". It is signed (Ed25519): whoever has it can prove what we said.");
	html_close(html, "p");
	html_open(html, "details", NULL);
	html_element(html, "summary", "The certificate, word for word");
	html_open(html, "p", "class", "verbatim", "data-testid", "verbatim", NULL);
	html_text(html, certificate);
	html_close(html, "p");
	html_close(html, "details");
	return 0;
}

static void certificate_page(struct portal *portal, struct text certificate)
{
	struct html *html = &portal->html;
	cookie_clear(portal->request, PORTAL_COOKIE, "/");
	portal_bare_open(portal, 200, "Everything about you is erased");
	html_element(html, "h1", "Everything about you is erased.");
	html_element(html, "p", "You are signed out, and your page is gone. This is what was done:");
	if (certificate_write(portal->request, html, certificate) != 0)
		return portal_problem(portal->request, 503, "Everything about you is erased.", "The certificate cannot be shown just now: open this page again in a moment.");
	portal_frame_close(portal);
}

static bool is_word(struct text typed)
{
	return text_equal_fold(text_trim(typed), TEXT(WORD));
}

void portal_erase_form(struct portal *portal)
{
	struct request *request = portal->request;
	struct buffer certificate = BUFFER_INIT(256 * 1024);
	if (!is_word(form_field(request, "word"))) {
		portal_frame_open(portal, "Erase everything");
		request->http->status = 400;
		sure_write(portal, "That is not the word, so nothing was erased. It is " WORD ", five letters.");
		return portal_frame_close(portal);
	}
	int error = erasure_act(request, portal->origin, (struct text){"", 0}, &certificate);
	if (error == ERROR_NOT_FOUND)
		portal_problem(request, 404, "That is not here.", "It is being erased already. Open your page in a moment: the certificate stands there.");
	else if (error)
		portal_problem(request, 503, "It is not finished yet.", "Erasing may have begun; then it is finished by itself. Open your page in a moment: it says how far it is.");
	else
		certificate_page(portal, buffer_view(&certificate));
	buffer_free(&certificate);
}

bool portal_erased(struct portal *portal, struct text subject)
{
	struct server *server = portal->request->server;
	struct erasure erasure;
	struct identifier identifier;
	char copy[IDENTIFIER_BYTES_MAX];
	if (!erasures_any(server->erasures) || !identifier_parse(subject, &identifier))
		return false;
	identifier = identifier_normalise(identifier, copy);
	if (!erasures_of(server->erasures, directory_hash(engine_directory(server->engine), identifier.type, identifier.value), &erasure))
		return false;
	if (erasure.done)
		certificate_page(portal, erasure.certificate);
	else
		portal_problem(portal->request, 503, "You are being erased.", "It has begun and is not finished. Open this page again in a moment: the certificate will stand here.");
	return true;
}
