/*
 * signals.h: a browser's signal, Sec-GPC: 1, heeded wherever a browser talks to us for a customer.
 *
 * When: with events (collect.c, which notes it for the customer of each), with POST /v1/decide and POST /v1/response by a customer's
 * token or a public key, and with every page and form of the customer's own page. Servers and staff are not the customer's browser: a
 * secret key and who is signed in say nothing by it. A page's script cannot set a header that begins with Sec-, so it is the browser's.
 *
 * What: a no by system:gpc, once a purpose (setting gpc says which): nothing is noted twice, so that a GET may carry it, and an explicit
 * yes after it holds, whatever the browser goes on saying.
 */
#ifndef ATTUNE_SERVE_SIGNALS_H
#define ATTUNE_SERVE_SIGNALS_H

#include "serve/server.h"

#define SIGNALS_GPC_ACTOR "system:gpc"

/* Does the request carry the signal, and is it heeded at all? */
bool signals_gpc_said(struct request *request);

/*
 * Note the signal for the customer of @origin, if the caller is a browser that sends it and it was not noted yet: before what was asked
 * is done, so that it respects it. Tells whoever watches which segments were left, and has the answer wait until it is durable.
 * Costs one header lookup without the signal, and with it one look at the customer. Errors: ERROR_NOT_FOUND, ERROR_BUSY, those of
 * consent_encode and engine_append.
 */
int signals_heed(struct request *request, uint32_t origin, enum channel channel) MUST_CHECK;

#endif
