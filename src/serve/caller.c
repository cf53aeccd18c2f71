/* caller.c: keys, tokens, cookies, and what they permit. */
#include "serve/caller.h"

#include "base/clock.h"
#include "serve/pace.h"
#include "serve/tokens.h"

#include <string.h>

/* ---- from where ---- */

static bool is_proxied(struct request *request)
{
	return text_equal(http_peer(request->http), text_of(request->server->settings.proxy));
}

struct text request_address(struct request *request)
{
	struct text all = http_header_of(request->http, "X-Forwarded-For"), hop, last = {0};
	if (all.n == 0 || !is_proxied(request))
		return http_peer(request->http);
	while (text_next(&all, ',', &hop))
		last = text_trim(hop); /* The proxy adds at the end; what stands before it anybody may have written. */
	return last.n ? last : http_peer(request->http);
}

bool request_is_encrypted(struct request *request)
{
	return text_equal_fold(http_header_of(request->http, "X-Forwarded-Proto"), TEXT("https")) && is_proxied(request);
}

bool request_is_foreign(struct request *request)
{
	struct text origin = http_header_of(request->http, "Origin"), site = http_header_of(request->http, "Sec-Fetch-Site");
	size_t at;
	if (site.n && !text_equal(site, TEXT("same-origin")) && !text_equal(site, TEXT("none")))
		return true;
	return origin.n && !(text_find(origin, TEXT("://"), &at) &&
	                     text_equal_fold(text_from(origin, at + 3), http_header_of(request->http, "Host")));
}

/* ---- who ---- */

static struct text basic_user(struct arena *arena, struct text encoded)
{
	struct text user = {"", 0}, decoded;
	char *bytes = arena_alloc(arena, encoded.n + 1);
	size_t n;
	if (!bytes || !base64_decode(encoded, bytes, encoded.n, &n))
		return user;
	decoded = (struct text){bytes, n};
	text_next(&decoded, ':', &user);
	return user;
}

static void caller_of_token(struct request *request, struct text text)
{
	struct caller *caller = &request->caller;
	if (!text_find(text, TEXT("."), NULL) || request_token(request, text, &caller->token) != 0)
		return;
	caller->subject = caller->token.subject;
	caller->scope = KEY_CUSTOMER;
}

static void caller_of_text(struct request *request, struct text text)
{
	const struct key *key = keys_find(request->server->keys, text, request->now_ms);
	if (!key) {
		caller_of_token(request, text);
		return;
	}
	request->caller.key = key;
	request->caller.scope = key->scope;
}

bool session_account(struct server *server, const struct session *session, struct account *account)
{
	if (session->changed_ms == 0) { /* The demo's door: nobody's account. */
		*account = (struct account){.roles = session->roles};
		memcpy(account->name, session->name, sizeof account->name);
		return strcmp(server->settings.harbour, "on") == 0;
	}
	return staff_find(server->staff, text_of(session->name), account) && !account->disabled && account->changed_ms == session->changed_ms;
}

static void caller_of_session(struct request *request, struct text id)
{
	struct server *server = request->server;
	struct session session;
	struct account account;
	if (!session_find(server->sessions, id, request->now_ms, &session))
		return;
	if (!session_account(server, &session, &account))
		return session_end(server->sessions, id);
	char *name = text_terminated(request->arena, text_of(account.name));
	if (!name)
		return;
	request->caller.scope = KEY_SECRET;
	request->caller.staff = text_of(name);
	request->caller.roles = account.roles;
}

void request_caller(struct request *request, struct text key_in_body)
{
	struct text header = http_header_of(request->http, "Authorization"), cookie;
	struct caller *caller = &request->caller;
	if (text_equal_fold(text_first(header, 7), TEXT("bearer ")))
		caller_of_text(request, text_trim(text_from(header, 7)));
	else if (text_equal_fold(text_first(header, 6), TEXT("basic ")))
		caller_of_text(request, basic_user(request->arena, text_trim(text_from(header, 6))));
	if (caller->scope == KEY_NONE && key_in_body.n)
		caller_of_text(request, key_in_body);
	if (caller->scope != KEY_NONE || header.n)
		return;
	caller->by_cookie = true;
	if ((cookie = http_cookie(request->http, CONSOLE_COOKIE)).n)
		caller_of_session(request, cookie);
	if (caller->scope == KEY_NONE && (cookie = http_cookie(request->http, PORTAL_COOKIE)).n)
		caller_of_token(request, cookie);
	if (caller->scope != KEY_NONE)
		return;
	caller->by_cookie = false; /* Nobody's browser adds a token to an address by itself. Never a key: addresses are written down everywhere. */
	caller_of_token(request, http_query(request->http, "token"));
}

/* ---- what is permitted ---- */

bool staff_may(unsigned roles, const struct route *route)
{
	return (route->scopes & roles) != 0 || (roles & ROLE_ADMIN && route->scopes & KEY_SECRET);
}

bool caller_may(const struct caller *caller, const struct route *route)
{
	if (caller->staff.n)
		return staff_may(caller->roles, route);
	return (route->scopes & caller->scope) && (!caller->key || key_opens(caller->key, text_of(route->path), route->method == HTTP_GET));
}

bool staff_opens_agreed_only(const struct request *request)
{
	const struct caller *caller = &request->caller;
	return caller->staff.n && !(caller->roles & ROLE_ADMIN) && !(caller->roles & request->route->scopes & (ROLE_SERVICE | ROLE_PRIVACY));
}

bool request_within_limits(struct request *request)
{
	const struct settings *settings = &request->server->settings;
	struct pace *pace = request->server->pace;
	if (request->counted)
		return true;
	request->counted = true;
	int64_t wait = pace_take(pace, TEXT("address"), request_address(request), 1, settings->address_requests_a_minute, request_steady_ms(request));
	if (wait == 0)
		wait = pace_take(pace, TEXT("customer"), request->caller.subject, 1, settings->customer_requests_a_minute, request_steady_ms(request));
	if (wait == 0)
		return true;
	atomic_fetch_add_explicit(&request->server->figures.requests_paced, 1, memory_order_relaxed);
	request->retry_after_s = (wait + MS_A_SECOND - 1) / MS_A_SECOND;
	reply_error(request, 429, "too_many_requests", "Too many requests in a minute: go on after the time in Retry-After.");
	return false;
}

/* A page of another site can make a browser send our cookie, but not our header. The portal's forms have marks of their own. */
static bool is_cross_site(struct request *request)
{
	return request->caller.by_cookie && request->http->method != HTTP_GET && request->http->method != HTTP_HEAD &&
	       (http_header_of(request->http, "X-Attune").n == 0 || request_is_foreign(request));
}

bool request_permitted(struct request *request)
{
	const struct caller *caller = &request->caller;
	if (caller->scope == KEY_NONE)
		reply_error(request, 401, "unauthorized", "A key is needed: Authorization: Bearer KEY. `attune init` makes them.");
	else if (is_cross_site(request))
		reply_error(request, 403, "cross_site", "A request with a cookie needs the header X-Attune, and must come from a page of this server.");
	else if (caller->staff.n && !caller_may(caller, request->route))
		reply_error(request, 403, "outside_role", "This is outside your role. Whoever looks after accounts can widen it.");
	else if (caller->key && (request->route->scopes & caller->scope) && !caller_may(caller, request->route))
		reply_error(request, 403, "outside_key", "This key is limited to other routes. GET /v1/keys says which.");
	else if (!caller_may(caller, request->route))
		reply_error(request, 403, "denied", "This key may not do that.");
	else
		return caller->scope != KEY_CUSTOMER || request_within_limits(request);
	return false;
}
