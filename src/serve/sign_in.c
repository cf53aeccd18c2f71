/*
 * sign_in.c: staff sign in to the console and out of it: a page and its form, and what the console asks about the session.
 *
 * Written by the server, so that it works without JavaScript. The answer to a wrong password is the same, and takes as long,
 * whether the account exists, is disabled, or has another password. Signing in always begins a new session and ends the one
 * whose cookie came along.
 */
#include "serve/api.h"

#include "base/clock.h"
#include "serve/caller.h"
#include "serve/html.h"
#include "serve/hub.h"
#include "serve/pace.h"
#include "trust/audit.h"

#include <stdio.h>
#include <string.h>

/* ---- the page ---- */

struct field {
	const char *name, *label, *type, *autocomplete, *hint;
};

static const struct field FIELD_NAME = {"name", "Name", "text", "username", NULL};
static const struct field FIELD_PASSWORD = {"password", "Password", "password", "current-password", NULL};
static const struct field FIELD_TOKEN = {"token", "Invitation", "text", "off", "It begins with at_invite_ and works once."};
static const struct field FIELD_NEW = {"password", "New password", "password", "new-password", "At least 12 letters; a few words are easy to keep."};
static const struct field FIELD_AGAIN = {"again", "The same once more", "password", "new-password", NULL};

static void field_write(struct html *html, const struct field *field, struct text value)
{
	char hint[40];
	snprintf(hint, sizeof hint, "%s-hint", field->name);
	html_open(html, "div", "class", "field", NULL);
	html_open(html, "label", "for", field->name, NULL);
	html_string(html, field->label);
	html_close(html, "label");
	html_open(html, "input", "id", field->name, "name", field->name, "type", field->type, "autocomplete", field->autocomplete, "autocapitalize", "none",
	          "spellcheck", "false", "required", "", field->hint ? "aria-describedby" : "data-plain", field->hint ? hint : NULL, NULL);
	if (value.n)
		html_attribute(html, "value", text_cut(value, STAFF_NAME_BYTES));
	if (field->hint) {
		html_open(html, "span", "class", "small", "id", hint, NULL);
		html_string(html, field->hint);
		html_close(html, "span");
	}
	html_close(html, "div");
}

static void button_write(struct html *html, const char *says)
{
	html_open(html, "div", NULL);
	html_open(html, "button", "class", "first", NULL);
	html_string(html, says);
	html_close(html, "button");
	html_close(html, "div");
}

static void link_write(struct html *html, const char *to, const char *says)
{
	html_open(html, "p", NULL);
	html_open(html, "a", "href", to, NULL);
	html_string(html, says);
	html_close(html, "a");
	html_close(html, "p");
}

static void head_write(struct html *html, const char *title)
{
	buffer_string(html->out, "<!doctype html>\n");
	html_open(html, "html", "lang", "en", NULL);
	html_open(html, "head", NULL);
	html_open(html, "meta", "charset", "utf-8", NULL);
	html_open(html, "meta", "name", "viewport", "content", "width=device-width, initial-scale=1", NULL);
	html_element(html, "title", title);
	html_open(html, "link", "rel", "icon", "href", "data:,", NULL);
	html_open(html, "link", "rel", "stylesheet", "href", asset_path("portal.css"), NULL);
	html_close(html, "head");
	html_open(html, "body", NULL);
	html_open(html, "main", "id", "main", "class", "door stack", NULL);
	html_open(html, "p", "class", "word", NULL);
	html_string(html, "Attune");
	html_close(html, "p");
}

/* The page with @trouble, when there is some, and the name that was given. */
static void page_write(struct request *request, int status, bool invited, const char *trouble)
{
	struct html html = {.out = &request->http->out};
	struct text name = form_field(request, "name");
	buffer_reset(&request->http->out);
	request->http->status = status;
	request->http->type = "text/html; charset=utf-8";
	page_headers(request);
	http_reply_header(request->http, "Cache-Control", "no-store");
	head_write(&html, invited ? "Make your account, Attune" : "Sign in, Attune");
	html_element(&html, "h1", invited ? "Make your account." : "Sign in to the console.");
	if (trouble) {
		html_open(&html, "p", "role", "alert", "id", "trouble", "class", "mark broken", NULL);
		html_open(&html, "span", "aria-hidden", "true", NULL);
		html_string(&html, "\u25a0");
		html_close(&html, "span");
		html_open(&html, "span", NULL);
		html_string(&html, trouble);
		html_close(&html, "span");
		html_close(&html, "p");
	}
	html_open(&html, "form", "method", "post", "action", invited ? "/console/sign-in?invited" : "/console/sign-in", "class", "stack", NULL);
	if (invited)
		field_write(&html, &FIELD_TOKEN, (struct text){0});
	field_write(&html, &FIELD_NAME, name);
	field_write(&html, invited ? &FIELD_NEW : &FIELD_PASSWORD, (struct text){0});
	if (invited)
		field_write(&html, &FIELD_AGAIN, (struct text){0});
	button_write(&html, invited ? "Make it and sign in" : "Sign in");
	html_close(&html, "form");
	if (invited)
		link_write(&html, "/console/sign-in", "I have an account");
	else
		link_write(&html, "/console/sign-in?invited", "I have an invitation, or forgot my password");
	html_open(&html, "p", "class", "small", NULL);
	html_string(&html, "Whoever looks after the server invites you: attune staff invite NAME --role ROLE --data FOLDER.");
	html_close(&html, "p");
	html_close(&html, "main");
	html_close(&html, "body");
	html_close(&html, "html");
	if (request->http->out.failed)
		reply_failure(request, ERROR_MEMORY);
}

void sign_in_page(struct request *request)
{
	page_write(request, 200, http_query_has(request->http, "invited"), NULL);
}

/* ---- signing in ---- */

static void session_start(struct request *request, const struct account *account)
{
	char id[SESSION_ID_BYTES];
	struct sessions *sessions = request->server->sessions;
	struct text before = http_cookie(request->http, CONSOLE_COOKIE);
	if (before.n)
		session_end(sessions, before);
	session_begin(sessions, account, request->now_ms, id);
	cookie_set(request, CONSOLE_COOKIE, text_of(id), "/");
	atomic_fetch_add_explicit(&request->server->figures.sign_ins, 1, memory_order_relaxed);
	audit_note(request->server->audit, &(struct audit_act){.time_ms = request->now_ms, .what = AUDIT_SIGN_IN, .who = text_of(account->name), .words = TEXT("signed in")});
}

/* How long this address and this name have to wait before they may try, in ms; 0: the try is counted. */
static int64_t try_wait(struct request *request, struct text name)
{
	struct pace *pace = request->server->pace;
	const struct settings *settings = &request->server->settings;
	int64_t max_ms = settings->sign_in_pause_max_s * MS_A_SECOND;
	struct text address = request_address(request);
	int64_t now_ms = clock_monotonic_ms(); /* It may have waited for a worker. */
	int64_t wait = pace_take(pace, TEXT("sign-in"), address, 1, settings->sign_ins_a_minute, now_ms);
	if (wait == 0)
		wait = pace_try(pace, TEXT("address"), address, max_ms, now_ms);
	if (wait == 0 && (wait = pace_try(pace, TEXT("account"), name, max_ms, now_ms)))
		pace_right(pace, TEXT("address"), address, false); /* It was not tried. */
	return wait;
}

/* Checking a password takes its time: the pause is counted from when it is over. */
static void try_wrong(struct request *request, struct text name)
{
	struct pace *pace = request->server->pace;
	int64_t max_ms = request->server->settings.sign_in_pause_max_s * MS_A_SECOND, now_ms = clock_monotonic_ms();
	pace_wrong(pace, TEXT("address"), request_address(request), max_ms, now_ms);
	pace_wrong(pace, TEXT("account"), name, max_ms, now_ms);
}

/* It was no wrong password; @right: it was the right one, and what was wrong before is forgotten. */
static void try_taken_back(struct request *request, struct text name, bool right)
{
	pace_right(request->server->pace, TEXT("address"), request_address(request), false);
	pace_right(request->server->pace, TEXT("account"), name, right);
}

static struct text name_lower(struct request *request, struct text name)
{
	char *copy = arena_alloc(request->arena, STAFF_NAME_BYTES + 1);
	name = text_first(name, STAFF_NAME_BYTES);
	for (size_t i = 0; copy && i < name.n; i++)
		copy[i] = name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] + 32) : name.p[i];
	return copy ? (struct text){copy, name.n} : name;
}

static void try_refused(struct request *request, bool invited, int status, const char *trouble)
{
	atomic_fetch_add_explicit(&request->server->figures.sign_ins_refused, 1, memory_order_relaxed);
	audit_note(request->server->audit, &(struct audit_act){.time_ms = request->now_ms, .what = AUDIT_SIGN_IN, .who = TEXT("nobody"), .words = TEXT("refused")});
	page_write(request, status, invited, trouble);
}

static void try_later(struct request *request, bool invited, int64_t wait_ms)
{
	char *seconds = arena_alloc(request->arena, 24), trouble[120];
	int64_t wait_s = (wait_ms + MS_A_SECOND - 1) / MS_A_SECOND;
	snprintf(trouble, sizeof trouble, wait_s < 120 ? "Too many tries. Wait %lld s, then try again." : "Too many tries. Wait %lld min, then try again.",
	         (long long)(wait_s < 120 ? wait_s : (wait_s + 59) / 60));
	try_refused(request, invited, 429, trouble);
	if (seconds) {
		snprintf(seconds, 24, "%lld", (long long)wait_s);
		http_reply_header(request->http, "Retry-After", seconds);
	}
}

/* What is wrong with what was given for a new account, in the order in which a person would look. */
static const char *accept_trouble(int error)
{
	switch (error) {
	case ERROR_DENIED:
		return "This invitation does not fit: it was used already, is for another name, or part of it is missing.";
	case ERROR_INVALID:
		return "A name has letters, digits and . - _ + @ without blanks; a password at least 12 letters and at most 200.";
	case ERROR_EXISTS:
		return "Somebody has this name already. Take another one.";
	default:
		return "The account could not be kept just now. Try again in a moment.";
	}
}

static int sign_in(struct request *request, bool invited, struct text name, struct account *account, const char **trouble)
{
	struct staff *staff = request->server->staff;
	struct text password = form_field(request, "password");
	if (invited && !secret_equal(password, form_field(request, "again"))) {
		*trouble = "The two passwords are not the same. Type them once more.";
		return ERROR_INVALID;
	}
	int error = invited ? staff_accept(staff, text_trim(form_field(request, "token")), name, password, account)
	                    : staff_check(staff, name, password, account);
	*trouble = invited ? accept_trouble(error) : "That name and that password do not fit together.";
	return error;
}

void sign_in_form(struct request *request)
{
	bool invited = http_query_has(request->http, "invited");
	struct account account;
	const char *trouble;
	if (request_is_foreign(request))
		return try_refused(request, invited, 403, "This came from a page of another site. Sign in here instead.");
	struct text name = name_lower(request, text_trim(form_field(request, "name")));
	int64_t wait = try_wait(request, name);
	if (wait)
		return try_later(request, invited, wait);
	int error = sign_in(request, invited, name, &account, &trouble);
	if (error == ERROR_DENIED)
		try_wrong(request, name);
	else
		try_taken_back(request, name, !error && !invited);
	if (error == ERROR_BUSY)
		return try_later(request, invited, MS_A_SECOND);
	if (error)
		return try_refused(request, invited, error == ERROR_DENIED ? 401 : error == ERROR_INVALID ? 400 : error == ERROR_EXISTS ? 409 : 503, trouble);
	session_start(request, &account);
	page_redirect(request, "/console");
}

/* The demo opens the console without typing: with its secret key, as an admin who is nobody. Elsewhere people sign in. */
void console_enter(struct request *request)
{
	struct account demo = {.name = "demo", .roles = ROLE_ADMIN};
	struct text key = http_query(request->http, "key");
	const struct key *found = harbour_is_on(request) ? keys_find(request->server->keys, text_trim(key), request->now_ms) : NULL;
	if (!found || found->scope != KEY_SECRET)
		return page_redirect(request, "/console/sign-in");
	session_start(request, &demo);
	page_redirect(request, "/console");
}

/* ---- the session, for the console ---- */

/* Who is signed in, and which routes are theirs: what the console shows is what the server would answer. */
void api_session(struct request *request)
{
	static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"};
	struct json_writer *out = &request->out;
	char text[200];
	json_object_begin(out);
	json_put_text(out, "name", request->caller.staff);
	json_put_text(out, "roles", roles_format(request->caller.roles, text));
	json_put_bool(out, "has_password", !harbour_is_on(request) || !text_equal(request->caller.staff, TEXT("demo")));
	json_key(out, TEXT("may"));
	json_array_begin(out);
	for (const struct route *route = routes; route->path; route++)
		if (route->scopes && staff_may(request->caller.roles, route)) {
			int n = snprintf(text, sizeof text, "%s %s", methods[route->method], route->path);
			json_write_text(out, (struct text){text, (size_t)n});
		}
	json_array_end(out);
	json_object_end(out);
	http_reply_header(request->http, "Cache-Control", "no-store");
}

static void done_write(struct request *request)
{
	json_object_begin(&request->out);
	json_put_bool(&request->out, "done", true);
	json_object_end(&request->out);
}

void api_session_delete(struct request *request)
{
	session_end(request->server->sessions, http_cookie(request->http, CONSOLE_COOKIE));
	hub_review(request->server->hub);
	cookie_clear(request, CONSOLE_COOKIE, "/");
	done_write(request);
}

void api_session_password(struct request *request)
{
	struct json root;
	struct account account;
	struct text name = request->caller.staff;
	if (!request_json(request, &root))
		return;
	struct text old = json_text(json_get(root, TEXT("old"))), password = json_text(json_get(root, TEXT("new")));
	if (!staff_password_fits(password))
		return reply_error(request, 400, "invalid_password", "The new password must have at least %d letters and at most %d bytes.",
		                   STAFF_PASSWORD_LETTERS_MIN, STAFF_PASSWORD_BYTES_MAX);
	int64_t wait = try_wait(request, name);
	if (wait) {
		request->retry_after_s = (wait + MS_A_SECOND - 1) / MS_A_SECOND;
		return reply_error(request, 429, "too_many_tries", "Too many tries: go on after the time in Retry-After.");
	}
	int error = staff_password(request->server->staff, name, old, password, &account);
	if (error == ERROR_DENIED)
		try_wrong(request, name);
	else
		try_taken_back(request, name, !error);
	if (error == ERROR_DENIED)
		return reply_error(request, 403, "wrong_password", "That is not the password of this account.");
	if (error)
		return reply_failure(request, error);
	session_start(request, &account);
	hub_review(request->server->hub);
	done_write(request);
}
