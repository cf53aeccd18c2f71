/*
 * purpose.h: what data may be used for.
 *
 *   kind: purpose
 *   name: marketing
 *   title: Tell me about offers
 *   text: We may tell you about accounts and cards that fit, at most twice a month.
 *   version: 2
 *   class: marketing
 *   categories: [purchases, visits]
 *   recipients: [our mail house]
 *   retention: two years
 *   valid: 365d
 *   automated: false
 *   basis: consent
 *   law: Accounting Act 563/1991, section 31      # of basis legal-obligation
 *   language: en                                  # of title and text
 *   texts: {cs: {title: Nabídky, text: Smíme vám psát o účtech a kartách.}}
 *
 * A document says what a customer is shown and what the register of processing needs. Whoever changes a text raises the
 * version, and a yes to an older one no longer holds. "valid" is how long a yes holds before it has to be given again;
 * "retention" is text for people. Whatever "basis" says, what was learned is read only after a yes.
 *
 * Each purpose has a bit, which is its own for ever, for it stands in records. Bit 0 is the running of the service, which
 * needs no consent and reads nothing that was learned. The well-known purposes have bits of their own; others get the next
 * free one when they are first configured (config_lasting_number), and keep it when they are removed, and when the log of
 * configurations is lost (engine/configured.h). There are 63 in all;
 * one more is a problem of the configuration.
 */
#ifndef ATTUNE_TRUST_PURPOSE_H
#define ATTUNE_TRUST_PURPOSE_H

#include "engine/config_build.h"

#define PURPOSE_BASIS_WORDS "consent contract legal-obligation legitimate-interests"

enum { PURPOSE_SERVICE = 1, PURPOSE_NAME_BYTES_MAX = 150 };  /* The mask of bit 0. */

#define PURPOSE_OWN UINT64_MAX /* For readers: to let customers see, correct, take away and erase what is theirs. Nothing learned is read for it. */

/* What sort of use it is: what one button and one signal of a browser can refuse together. */
#define PURPOSE_CLASSES(X)                                                                                              \
	X(PURPOSE_CLASS_SERVICE, "service") X(PURPOSE_CLASS_PERSONALISATION, "personalisation") X(PURPOSE_CLASS_ANALYTICS, "analytics") \
	X(PURPOSE_CLASS_MARKETING, "marketing") X(PURPOSE_CLASS_RESEARCH, "research") X(PURPOSE_CLASS_SHARING, "sharing")

enum purpose_class {
#define X(symbol, name) symbol,
	PURPOSE_CLASSES(X)
#undef X
	PURPOSE_CLASS_COUNT
};

struct purpose {
	struct text name, title, text, version, language; /* language: of title and text; "en" unless said. */
	uint64_t mask;               /* One bit. */
	enum purpose_class class;    /* Unless said: that of its name when it is a well-known one, else personalisation. */
	int64_t valid_ms;            /* How long a yes holds; 0: until it is taken back. */
	bool automated;              /* Decisions are made by it without a person. */
	struct value categories, recipients, texts; /* Lists of texts; an object of {title, text} by language. Absent without. */
	struct text retention, basis, law; /* law: which one obliges, for people. */
};

struct purposes {
	const struct purpose *items;
	size_t n;
	uint64_t mark;               /* Of names, versions and lengths of time: what holds depends on nothing else of them. */
};

extern const struct config_kind purpose_kind;

const struct purposes *purposes_of(const struct config *config); /* Never NULL. */
const struct purpose *purpose_find(const struct config *config, struct text name);      /* NULL without. */
const struct purpose *purpose_of_mask(const struct config *config, uint64_t mask);
uint64_t purposes_of_class(const struct config *config, enum purpose_class class);      /* Their masks together. */
const char *purpose_class_name(enum purpose_class class);

/*
 * For documents that name purposes: the masks of those in the list at @key of @document, in its order. Errors: ERROR_INVALID, reported (a
 * purpose that is not there, more than @n_max).
 */
int purposes_read(struct config_build *build, const struct config *config, const struct config_document *document, const char *key,
                  uint64_t *masks, size_t n_max, size_t *n) MUST_CHECK;

/* Is it the customer's to say yes or no to? What a law obliges to is not: pages say so instead of asking. */
bool purpose_is_choice(const struct purpose *purpose);

/* Title and text for whoever wants @wanted ("cs", "cs-CZ"); those of the document itself without a translation. */
struct purpose_words {
	struct text title, text, language; /* language: of both. */
};
struct purpose_words purpose_words_in(const struct purpose *purpose, struct text wanted);
/* Is there a title and text for whoever wants @wanted? */
bool purpose_speaks(const struct purpose *purpose, struct text wanted);

#endif
