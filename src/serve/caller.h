/*
 * caller.h: who calls, from where, and whether the route is theirs.
 *
 * A caller is a key, a customer's token, or staff who are signed in; never two of them. What comes by cookie can come without
 * its owner's will: to change something it needs the header X-Attune, which a page of another site cannot send, and must not
 * say itself that it comes from elsewhere (Origin, Sec-Fetch-Site).
 */
#ifndef ATTUNE_SERVE_CALLER_H
#define ATTUNE_SERVE_CALLER_H

#include "serve/server.h"
#include "serve/session.h"

#define CONSOLE_COOKIE "attune_console"
#define PORTAL_COOKIE "attune_portal"

/* Set request->caller from the Authorization header, else from @key_in_body, else from a cookie or ?token=. */
void request_caller(struct request *request, struct text key_in_body);

/* May the caller use the request's route, now? If not, the error is answered. */
bool request_permitted(struct request *request);

/* Is @route one that the caller may use, as far as keys, tokens and roles say? */
bool caller_may(const struct caller *caller, const struct route *route);

/* Is one more request of the calling customer, and from its address, within the limits? If not, 429 is answered. */
bool request_within_limits(struct request *request);

/* May staff of @roles use @route? */
bool staff_may(unsigned roles, const struct route *route);

/* Do the roles of staff open this route for customers alone who agreed to be looked at one by one? */
bool staff_opens_agreed_only(const struct request *request);

/* The account behind a session as it is now; false when the session has ended with it. */
bool session_account(struct server *server, const struct session *session, struct account *account);

/* The address a request came from: the peer's, or what the configured proxy says it is. */
struct text request_address(struct request *request);

/* Did the browser's part of the way use TLS, as far as the configured proxy says? */
bool request_is_encrypted(struct request *request);

/* Does the browser say that a page of another site made this request? */
bool request_is_foreign(struct request *request);

#endif
