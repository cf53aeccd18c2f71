/*
 * consent.h: a customer's yes or no to each purpose, as a ledger of events.
 *
 * No row means no. What counts is the order of receipt, never a stamped clock: a withdrawal acts at once. A yes holds for
 * the version of the text that was shown, and as long as the purpose says. A yes from a control that was ticked beforehand
 * is refused. Every act stays in the customer's history; the state holds the last ones a purpose.
 *
 * Who spoke decides between acts that disagree (what a public key says of a known customer is held before that, see identify/claim.h):
 *   - the customer's own word (their own act, a guardian's, or what staff took down as spoken or signed, with evidence), the
 *     newest received, goes before what a system, an import or staff without the customer's word said;
 *   - but a no is always heard: one of those, received after the customer's yes, acts at once, until the customer says yes;
 *   - what a public key said is an anonymous visitor's word. After joining, a word of somebody known goes before it; where
 *     there is none, several visitors must all have said yes. A no from a page of somebody who is known acts at once.
 * All of it follows from the records, so parting customers gives each the ledger they had.
 *
 * A customer may restrict the use of the data altogether (EVENT_RESTRICT): then only the running of the service is left,
 * whatever was agreed to, until that is lifted.
 */
#ifndef ATTUNE_TRUST_CONSENT_H
#define ATTUNE_TRUST_CONSENT_H

#include "engine/latest.h"
#include "trust/purpose.h"

enum { CONSENT_SHA256_HEX = 64, CONSENT_MESSAGE_BYTES = 200 };

extern const struct fold consent_fold;

struct consent_act {
	struct text purpose;      /* Its name. */
	bool yes;
	bool preset;              /* The control was ticked before the customer touched it. */
	bool imported;            /* From a file: a yes has to say what was shown. */
	struct text text, version; /* What was shown. Empty: those in force. */
	struct text notice;       /* Id of what was shown; may be empty. */
	struct text actor;        /* subject (so too when empty), guardian, agent:NAME, system:NAME, import:BATCH */
	struct text method;       /* checkbox, button, spoken, signed, api; may be empty. */
	struct text control, language, jurisdiction; /* May be empty. */
	struct text evidence;     /* Of staff acting for a customer. */
	struct text anonymous;    /* The anonymousId that a public key speaks for; empty for who is vouched for. */
	int64_t time_ms;          /* When it was said. */
	int64_t valid_until_ms;   /* 0: as long as the purpose says. */
};

/*
 * May @act become a record? If not, *@code (static) is its stable code and @message says what to do: unknown_purpose,
 * preset_control, no_notice (an imported yes that does not say what was shown), invalid_actor, no_evidence (staff acting for
 * a customer), invalid_method, invalid_time, too_long.
 */
bool consent_is_acceptable(const struct config *config, const struct consent_act *act, const char **code, char message[CONSENT_MESSAGE_BYTES]);

/*
 * Encode the payload of a consent record into @out.
 * Errors: ERROR_NOT_FOUND (no such purpose), ERROR_DENIED (a yes from a preset control), ERROR_LIMIT (@out is full, or
 * a version of more than 200 bytes).
 */
int consent_encode(struct buffer *out, const struct config *config, const struct consent_act *act) MUST_CHECK;

/* The SHA-256 of a text that was shown, in hex. */
struct text consent_text_hash(char out[CONSENT_SHA256_HEX + 1], struct text text);

/*
 * The purposes with a yes that holds at @now_ms, as a mask, PURPOSE_SERVICE always among them; it alone while the use is
 * restricted. @state is that of consent_fold; the answer stands in it ready-made unless a yes has run out since.
 */
uint64_t consent_mask(struct text state, const struct config *config, int64_t now_ms);

/* The mask that @state would give after one more act, which is not recorded: does the act change what holds? */
uint64_t consent_mask_with(struct text state, const struct config *config, const struct event *act, int64_t now_ms);

#define CONSENT_DECISIONS(X)                                                                                                    \
	X(CONSENT_GRANTED, "granted") X(CONSENT_DENIED, "denied") X(CONSENT_WITHDRAWN, "withdrawn")                                   \
	X(CONSENT_EXPIRED, "expired")       /* The length of time that a yes holds is over. */                                        \
	X(CONSENT_INVALIDATED, "invalidated") /* The yes was to another version of the text. */

enum consent_decision {
#define X(symbol, name) symbol,
	CONSENT_DECISIONS(X)
#undef X
	CONSENT_DECISION_COUNT
};
const char *consent_decision_name(enum consent_decision decision);

/* The act about a purpose that counts. */
struct consent_state {
	int64_t time_ms;          /* When the customer said so. */
	int64_t valid_until_ms;   /* 0: until it is taken back. */
	uint64_t position;        /* Of the record. */
	struct text version;      /* Of the text that was shown. */
	enum channel channel;
	enum consent_decision decision;
	bool said_yes, yes;       /* yes: it holds, for the text in force is the one that was shown and its time is not over. */
	bool signal;              /* A browser said it by its signal, not the customer. */
};

/* False when there was none. */
bool consent_last(struct text state, const struct purpose *purpose, int64_t now_ms, struct consent_state *last);

/* Has the signal of a browser (Sec-GPC) been noted for @purpose already? Then it is not noted again. */
bool consent_signal_is_noted(struct text state, const struct purpose *purpose);

/* ---- restricting all use ---- */

/* Is the use of the data restricted? *@since_ms, if not NULL, is when. */
bool consent_is_restricted(struct text state, int64_t *since_ms);

/* The origins whose last such record restricts, one after another: start with *@at = 0. Lifting needs a record for each. */
bool consent_restricted_next(struct text state, size_t *at, uint32_t *origin);

/* Encode the payload of a record that restricts or lifts. Errors: ERROR_LIMIT. */
int consent_restrict_encode(struct buffer *out, bool restricted, struct text because, struct text actor) MUST_CHECK;

#endif
