/* incoming.h: an event on its way in: what the files that collect share. */
#ifndef ATTUNE_SERVE_INCOMING_H
#define ATTUNE_SERVE_INCOMING_H

#include "identify/claim.h"
#include "identify/resolve.h"
#include "serve/collect.h"

/* One call: what its events share, and what came of them. */
struct segments_left;

struct collect {
	struct request *request;
	struct server *server;
	struct engine *engine;
	struct json context;              /* Of the batch, under each event's own. */
	int64_t sent_ms;                  /* 0: not said. */
	bool import, trusted;             /* trusted: a secret key vouches for what is said of identity. */
	bool gpc;                         /* The browser says Sec-GPC: 1. */
	struct text source;
	struct identifier_hash scope;     /* Within which messageIds are told apart. */
	uint32_t source_number;
	size_t accepted, duplicates, refused, listed, consents;
	uint64_t wait_for;
	size_t next;                      /* The first event that has not been dealt with: a batch may be put off and go on. */
	struct buffer refusals;           /* JSON of the first REFUSED_LISTED_MAX. */
	struct json_writer refusals_out;
	size_t warned;
	struct buffer warnings;           /* The same of the first WARNINGS_MAX. */
	struct json_writer warnings_out;
};

/* The members of an event and of its context that are looked at: picked out in one pass each. */
#define INCOMING_MEMBERS(X)                                                                                                \
	X(type) X(event) X(name) X(properties) X(traits) X(context) X(integrations) X(userId) X(anonymousId) X(groupId) X(previousId) \
	X(messageId) X(timestamp) X(originalTimestamp) X(sentAt)
#define INCOMING_CONTEXT(X) X(channel) X(touchpoint) X(source) X(token) X(consent) X(consentManagement) X(traits) X(externalIds)

struct incoming_members {
#define X(name) struct json name;
	INCOMING_MEMBERS(X)
#undef X
};

struct incoming_context {
#define X(name) struct json name;
	INCOMING_CONTEXT(X)
#undef X
};

/* One event on its way. */
struct incoming {
	struct json json;
	struct incoming_members of;
	struct incoming_context in;
	enum event_kind kind;
	size_t index;
	struct text message_id, user_id, anonymous_id, name, touchpoint;
	struct text own_source;           /* As it says itself, when its sender is believed; else empty. */
	struct text code;                 /* Why it is refused; empty: it is not. */
	char message[200];
	struct engine_write write;
	bool verified;
	struct claim claim;               /* What its sender may say; set once its customer is locked. */
	bool erased;                      /* About somebody who was erased: not to be stored. */
};

/* collect_rates.c: are @events more within what the caller may send in a minute? If not, 429 is answered. */
bool collect_is_within_rates(struct collect *collect, size_t events);

/* Refuse the event, with a stable code (static storage) and a sentence. */
void incoming_refuse(struct incoming *event, const char *code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ---- names ---- */

/*
 * Number the source of @event, which is about to be stored, and its name and touchpoint. A new name that finds no room goes by "other", is kept
 * beside what the event says, and the sender is told. Errors: ERROR_LIMIT (refused), ERROR_MEMORY, those of engine_name.
 */
int incoming_source(struct collect *collect, struct incoming *event) MUST_CHECK;
int incoming_names(struct collect *collect, struct incoming *event) MUST_CHECK;

/* Is there room in the event for its own name, should that not get a number? False: refused. */
bool incoming_names_fit(struct collect *collect, struct incoming *event);

/* Pick out the members that are looked at. The event is an object. */
void incoming_pick(struct incoming *event);

/* ---- whose it is ---- */

/* Has the company's backend signed that this is the userId's customer? May set the event's user_id to the token's. */
bool incoming_is_vouched(struct collect *collect, struct incoming *event);

/*
 * The origin that @event belongs to, by what its sender may say of identity; made when it is new. Errors: ERROR_INVALID (it names nobody:
 * refused), ERROR_DENIED (somebody who was erased: event->erased is set), ERROR_BUSY (too many new customers a minute), those of resolve.
 */
int incoming_owner(struct collect *collect, struct incoming *event, uint32_t *origin) MUST_CHECK;

/* The anonymousId that a public key speaks for; empty when the sender is vouched for. */
struct text incoming_speaker(const struct collect *collect, const struct incoming *event);

/*
 * Does @event, which was appended, confirm that its anonymousId is the customer's, and is something held of it? Then that is recorded. The
 * customer is locked. Errors: those of engine_append.
 */
int incoming_confirm(struct collect *collect, const struct incoming *event, struct customer *customer) MUST_CHECK;

/*
 * Every identifier that @event names, whoever sent it: of whom a refused event is. Only whole fields that are taken as identifiers in
 * an event that is kept; none when it is no object.
 */
void incoming_named(struct collect *collect, struct incoming *event, struct resolve_request *named);

/*
 * Is @event a statement (Consent Given, Consent Withdrawn, Preference Stated, Menu Changed)? Then its record becomes that
 * of the statement, encoded into @out. False when it is one and wrong: refused then.
 */
bool statement_read(struct collect *collect, struct incoming *event, struct buffer *out);

/* Taken, but not all of it was understood: @what is named in the answer's "warnings", and counted. */
void incoming_warn(struct collect *collect, struct incoming *event, const char *code, struct text what);

/*
 * incoming_encode.c: encode what @event says into @out, as its payload. A currency, language or time zone that is none is left out; the
 * sender is told, and it is counted. False: refused, or there is no memory.
 */
bool incoming_encode(struct collect *collect, struct incoming *event, struct buffer *out);

/* signals.c: does anything beside the event say yes or no? */
bool signals_are_there(const struct collect *collect, const struct incoming *event);

/*
 * Append the acts that follow from the event's context and from Sec-GPC, for the customer, who is locked. *@may is the mask of
 * purposes that the event itself may serve as far as its context says. Errors: those of engine_append.
 */
int signals_apply(struct collect *collect, struct incoming *event, struct customer *customer, uint32_t origin, uint64_t *may, struct segments_left *left) MUST_CHECK;

#endif
