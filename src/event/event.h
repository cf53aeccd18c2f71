/*
 * event.h: one fact, once, at a time: the record in the log and the view of it that everything reads.
 *
 * A record is a fixed header of EVENT_HEADER_BYTES and a payload, which is one object (value.h). All numbers are
 * little-endian. The header has, from the first version on, room for seals and purposes: key_version 0 means the
 * payload is not sealed; otherwise payload_length bytes of the record are sealed (engine/seal.h) and were sealed_length before.
 */
#ifndef ATTUNE_EVENT_EVENT_H
#define ATTUNE_EVENT_EVENT_H

#include "event/value.h"

enum { EVENT_BYTES_MAX = 32 * 1024, EVENT_NESTING_MAX = 16, EVENT_MESSAGE_ID_MAX = 100, EVENT_HEADER_BYTES = 96 };

/* What kind of fact. The numbers are in the log: never reuse one. */
#define EVENT_KINDS(X)                                                                              \
	X(EVENT_NAME,        1,  "name")        /* A name got its number: the dictionary, as facts. */      \
	X(EVENT_TRACK,       2,  "track")                                                                   \
	X(EVENT_PAGE,        3,  "page")                                                                    \
	X(EVENT_SCREEN,      4,  "screen")                                                                  \
	X(EVENT_IDENTIFY,    5,  "identify")                                                                \
	X(EVENT_GROUP,       6,  "group")                                                                   \
	X(EVENT_ALIAS,       7,  "alias")                                                                   \
	X(EVENT_LINK,        8,  "link")        /* An identifier belongs to this origin. */                 \
	X(EVENT_MERGE,       9,  "merge")       /* Two customers are one. */                                \
	X(EVENT_SPLIT,       10, "split")       /* An origin is a customer of its own again. */             \
	X(EVENT_DEMOTE,      11, "demote")      /* An identifier of an event was not believed. */           \
	X(EVENT_CONSENT,     12, "consent")     /* A yes or no to a purpose. */                             \
	X(EVENT_PREFERENCE,  13, "preference")  /* How the customer wants things. */                        \
	X(EVENT_DECISION,    14, "decision")                                                                \
	X(EVENT_RESPONSE,    15, "response")                                                                \
	X(EVENT_UNDO,        16, "undo")        /* Another record is as if it had never been. */            \
	X(EVENT_TIMER,       17, "timer")       /* A moment somebody waited for has come. */                \
	X(EVENT_LAYOUT,      18, "layout")      /* A menu was changed: by its owner, or as its owner agreed. */ \
	X(EVENT_CLAIM,       19, "claim")       /* A public key said two identifiers belong together: not yet believed. */ \
	X(EVENT_TALLY,       20, "tally")       /* Running totals of what is counted for the whole base: of no customer. */ \
	X(EVENT_TRIM,        21, "trim")        /* What may not be kept longer was taken out: the states are folded again. */ \
	X(EVENT_RESTRICT,    22, "restrict")    /* The customer's data serve the running of the service alone, or again more. */ \
	X(EVENT_REQUEST,     23, "request")     /* A customer asked for a right, or what became of it. */      \
	X(EVENT_CONFIRM,     24, "confirm")     /* What was held of an anonymousId counts from here on. */     \
	X(EVENT_CONFIGURED,  25, "configured")  /* A configuration came into force, or names got lasting numbers: of no customer. */ \
	X(EVENT_GENERATION,  26, "generation")  /* The customer's tokens of before have ended. */

enum event_kind {
#define X(symbol, number, name) symbol = number,
	EVENT_KINDS(X)
#undef X
	EVENT_KIND_END
};

#define EVENT_KIND_BIT(kind) ((uint32_t)1 << (kind))

/* Where contact happens. The numbers are in the log. */
#define CHANNELS(X)                                                                            \
	X(CHANNEL_NONE, "none") X(CHANNEL_WEB, "web") X(CHANNEL_APP, "app") X(CHANNEL_EMAIL, "email") \
	X(CHANNEL_PHONE, "phone") X(CHANNEL_CHAT, "chat") X(CHANNEL_STORE, "store")                   \
	X(CHANNEL_BRANCH, "branch") X(CHANNEL_MACHINE, "machine") X(CHANNEL_POST, "post")             \
	X(CHANNEL_SOCIAL, "social")

enum channel {
#define X(symbol, name) symbol,
	CHANNELS(X)
#undef X
	CHANNEL_COUNT
};

/* Flags of a record. */
enum {
	EVENT_CLOCK_CORRECTED = 1, /* The time was moved by the sender's clock skew. */
	EVENT_CLOCK_CLAMPED = 2,   /* The time lay in the future or before 1970 and was set to the receipt. */
	EVENT_IMPORTED = 4,        /* Historical: nothing acts on it. */
	EVENT_UNVERIFIED = 8,      /* A public key sent it: what it says of identity is a claim. */
	EVENT_OF_KNOWN = 16,       /* Of an unverified statement: the customer was known by more than an anonymousId when it came. */
	EVENT_HELD = 64,           /* A public key stated it of a known customer: it counts once its anonymousId was confirmed (EVENT_CONFIRM). */
	EVENT_NAME_PUBLIC = 128,   /* Of EVENT_NAME: a public key brought the name. */
	EVENT_TRIMMED = 32,        /* Taken out: a link of its chain is all that is left, and nobody sees it. */
};

struct origin_id {
	uint8_t bytes[16];
};

/* The header, as it lies in the log. */
struct event_header {
	uint16_t kind;
	uint8_t flags, channel;
	uint32_t source;           /* Number of the source's name. */
	uint64_t previous;         /* Position of the record before it in this origin's chain, 0: none. */
	struct origin_id origin;   /* Zero for records of no customer. */
	int64_t time_ms, received_ms;
	uint64_t purposes;         /* Bit a purpose it may be used for; bit 0 is the running of the service. */
	uint64_t message_hash;     /* Of the messageId; 0: none. */
	uint32_t name, touchpoint; /* Numbers in the dictionary; 0: none. */
	uint32_t configuration;    /* Version in force. */
	uint32_t key_version, sealed_length;
	uint32_t payload_length;
	uint32_t origin_number;    /* Of the origin, dense; columns use it. 0 for records of no customer. */
	int32_t receipt_minutes;   /* Of a record with a message: what the clock of receipts is ahead of the wall clock (engine/receipt.h). */
};

/* An event as folds and pages read it: everything borrowed from the record. */
struct event {
	uint64_t position;
	struct event_header header;
	struct text name, touchpoint, source; /* From the dictionary; empty without. */
	struct value payload;                 /* Absent while it is sealed. */
	struct text sealed;                   /* The payload as it lies in the record, when header.key_version is not 0. */
	bool confirmed;                       /* It was held, and a later record confirmed it: known to who walks the history. */
};

/* Does @event not count yet, for nobody has confirmed what a public key stated? */
static inline bool event_is_held(const struct event *event)
{
	return (event->header.flags & EVENT_HELD) && !event->confirmed;
}

const char *event_kind_name(enum event_kind kind); /* "track"; "unknown" for others. */
const char *channel_name(enum channel channel);
bool channel_parse(struct text name, enum channel *channel); /* Case does not matter; "none" is refused. */

/*
 * Take a record apart: @out->header and @out->payload are set, the names are left empty. Payload is checked.
 * Errors: ERROR_CORRUPT (too short, lengths that do not fit, a payload that is no object).
 */
int event_decode(struct event *out, struct text record) MUST_CHECK;

/* The same for a record that the log has just vouched for: the payload's inside is taken as sound. */
int event_view(struct event *out, struct text record) MUST_CHECK;

/* The header alone of a record as it lies in the log, for walks over many. Errors: ERROR_CORRUPT (too short). */
int event_header_read(struct event_header *out, struct text record) MUST_CHECK;

/* Blank the @n bytes of @record, which is sound, in place: its kind, its origin and the record before it stay, with an empty payload. */
void event_blank(uint8_t *record, size_t n);

/* The canonical order of a customer's history: event time, then position. <0, 0, >0. */
int event_compare(const struct event *a, const struct event *b);

/* "properties.amount" and the like. Absent when there is none. */
struct value event_value(const struct event *event, struct text path);

void origin_random(struct origin_id *id); /* A new one; never zero. */
char *origin_format(char out[33], struct origin_id id); /* 32 hex digits. */
bool origin_parse(struct text text, struct origin_id *id);
bool origin_is_zero(struct origin_id id);

#endif
