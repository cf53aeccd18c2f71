/*
 * decision.h: one answer to "what should this customer get here next?", with its reasons.
 *
 * Deciding goes: gates (who may be guessed about), score (the surface's kind), arrange (stated before learned, always
 * options, accessibility), record. A decision is a plain value made from what the reader lets through and from now; it is
 * encoded into a record of at most DECISION_BYTES_MAX, and deciding again from the log gives the same record.
 * No guess is an answer like any other.
 */
#ifndef ATTUNE_CUSTOMIZE_DECISION_H
#define ATTUNE_CUSTOMIZE_DECISION_H

#include "customize/layout.h"
#include "customize/suggestion.h"
#include "customize/surface.h"
#include "customize/usual.h"
#include "interact/preference.h"
#include "interact/voice/question.h"
#include "trust/reader.h"

enum { DECISION_BYTES_MAX = 600, DECISION_OPTIONS_MAX = 20, DECISION_SUGGESTIONS = 3, DECISION_WHY_BYTES = 400, ANNOUNCE_DAYS = 30 };

enum decision_source { DECISION_STANDARD, DECISION_LEARNED, DECISION_STATED };

struct decision_option {
	struct value value;              /* Encoded. */
	struct value with;               /* An object of the companion fields; absent without. */
	enum decision_source source;
};

struct decision_ask {
	enum suggestion_kind kind;       /* 0: nothing is asked. */
	uint16_t option, over;           /* Of a menu's move. */
	const struct question *question; /* Of a surface that asks. */
	char text[DECISION_WHY_BYTES];
	size_t text_n;
	struct text language;            /* Of the text, where it is another than the configuration's own; else empty. */
};

struct decision {
	const struct surface *surface;
	int64_t now_ms;
	bool guess;                      /* Something learned is offered. */
	struct decision_option options[DECISION_OPTIONS_MAX];
	size_t options_n;
	struct menu_layout menu;
	uint16_t suggestions[DECISION_SUGGESTIONS];
	size_t suggestions_n;
	struct layout_moved moved[4];     /* Lately moved to More. */
	size_t moved_n;
	struct decision_ask ask;
	char why[DECISION_WHY_BYTES];
	size_t why_n;
	struct accessibility accessibility;
	const char *withheld[READER_WITHHELD_MAX];
	size_t withheld_n;
	bool no_consent;
	bool restricted;                 /* The customer lets the data serve the running of the service alone. */
	enum usual_slot slot;            /* For finding the events behind a usual choice. */
	struct menu_op automatic;        /* A move to be recorded and applied: mode "do it". */
	bool has_automatic;
	uint32_t resting;                /* Of a surface that asks: what it was told of questions that rest. */
	struct recommendation recommendation; /* Of a surface of type recommend. */
};

/* What deciding needs beside the customer and the time; the record keeps it, so that deciding again has it too. */
struct decision_basis {
	uint32_t resting;                 /* Of a surface that asks: question_ask.h. */
	const struct buying_model *model; /* Of a recommendation: of purchases now; NULL: what the company declares is all that is known. */
	struct value record;              /* To decide again: a decision's payload, which stands in for the model; absent: the model is asked. */
};

/*
 * Decide for the customer behind @reader (opened for the surface's purpose) at @now_ms. Values are made in the reader's
 * arena. @basis may be NULL. Pure but for reading. Errors: ERROR_MEMORY.
 */
int decide(struct decision *decision, struct reader *reader, const struct surface *surface, int64_t now_ms,
           const struct decision_basis *basis) MUST_CHECK;
/* What deciding again needs: @record is the payload of a decision. */
struct decision_basis decision_basis_of(struct value record);

/*
 * The payload of the decision's record, at most DECISION_BYTES_MAX: what was shown, what was asked, what was withheld and
 * why. Where that is too long, names become their marks (surface.h), the first options stand for all, the sentence is cut and
 * the question's text is left out; then "rest" is a hash of the whole, so that another decision never has the same record.
 */
void decision_encode(struct buffer *out, const struct decision *decision);

/* The option that a record's "option" or "over" names on @surface, by name or mark; MENU_NONE without. */
uint16_t decision_option_of(const struct surface *surface, struct value named);

/* The members of the answer that come from the decision, into an object that is open. */
void decision_write(struct json_writer *writer, const struct decision *decision, struct text stated_preferences,
                    uint64_t position);

#endif
