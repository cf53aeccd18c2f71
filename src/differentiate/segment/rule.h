/*
 * rule.h: the language that says who is in a segment: one readable line.
 *
 *   rule      = and {"or" and}              and = unary {"and" unary}        unary = ["not"] (atom | "(" rule ")")
 *   atom      = ("did" | "saw") "EVENT" ["where" condition {"and" condition}] [times] ["in the last" NUMBER UNIT]
 *             | path comparison | "has" path | "consented to" PURPOSE | "in segment" NAME
 *   condition = PROPERTY comparison
 *   times     = ("at least" | "at most" | "exactly") NUMBER "times"
 *   comparison = ("is" | "is not" | ">" | ">=" | "<" | "<=" | "contains") LITERAL | "is one of" "(" LITERAL {"," LITERAL} ")"
 *   path      = "trait." NAME | "preference." NAME
 *   LITERAL   = "text" | number | true | false      UNIT = minutes, hours, days, weeks
 *
 * "did" is an event, "saw" a page or a screen. Words are read without regard to case. Every rule has one canonical text, which
 * reads back as the same rule. Nothing in a rule runs longer than its atoms are many: there are no loops, patterns or code.
 *
 * Truth has three values: what is not known is neither yes nor no, and "not" of it is not known either; only yes makes a member.
 */
#ifndef ATTUNE_DIFFERENTIATE_SEGMENT_RULE_H
#define ATTUNE_DIFFERENTIATE_SEGMENT_RULE_H

#include "base/memory.h"
#include "event/value.h"

enum { RULE_BYTES_MAX = 4000, RULE_ATOMS_MAX = 64, RULE_TIMES_MAX = 32, RULE_CONDITIONS_MAX = 4, RULE_LITERALS_MAX = 16,
       RULE_DEPTH_MAX = 16, RULE_DAYS_MAX = 730 };

enum rule_kind { RULE_AND, RULE_OR, RULE_NOT, RULE_DID, RULE_SAW, RULE_COMPARE, RULE_HAS, RULE_CONSENTED, RULE_IN };
enum rule_comparison { RULE_IS, RULE_IS_NOT, RULE_MORE, RULE_AT_LEAST, RULE_LESS, RULE_AT_MOST, RULE_CONTAINS, RULE_ONE_OF };
enum rule_times { TIMES_AT_LEAST, TIMES_AT_MOST, TIMES_EXACTLY };
enum truth { TRUTH_NO, TRUTH_UNKNOWN, TRUTH_YES };

struct rule_literal {
	enum value_type type;             /* VALUE_TEXT, VALUE_DOUBLE, VALUE_TRUE or VALUE_FALSE. */
	struct text text;
	double number;
};

struct rule_condition {
	struct text path;
	enum rule_comparison comparison;
	const struct rule_literal *literals;
	size_t literals_n;                /* 1, but for RULE_ONE_OF. */
};

struct rule {
	enum rule_kind kind;
	uint32_t at;                      /* Where it stands in the text. */
	struct rule *first, *next;        /* The parts of and, or, not; the next part of the same whole. */
	struct text name;                 /* Of the event, path, purpose or segment. */
	struct rule_condition conditions[RULE_CONDITIONS_MAX]; /* Of did and saw; a comparison has one. */
	size_t conditions_n;
	enum rule_times times;
	uint32_t times_n;
	int64_t window_s;                 /* 0: ever. */
	uint32_t track;                   /* segment.h: which times are kept for it, or which segment it names. */
};

struct rule_error {
	uint32_t at;                      /* The byte at which the text stops making sense. */
	char message[200];
};

/*
 * Read @text, which must outlive the rule. Errors: ERROR_INVALID (@error says where and what, with the nearest word),
 * ERROR_MEMORY.
 */
int rule_parse(struct rule **out, struct arena *arena, struct text text, struct rule_error *error) MUST_CHECK;

/* The text with a caret at the error, and the message. */
void rule_error_show(struct buffer *out, struct text text, const struct rule_error *error);

/* The canonical text. */
void rule_format(struct buffer *out, const struct rule *rule);

/* An event's or a customer's value against a condition; an absent value is not known. */
enum truth rule_compare(const struct rule_condition *condition, struct value value);

/* The words of conditions, in their canonical form: what two rules that count the same events share. */
void rule_format_event(struct buffer *out, const struct rule *rule);

#endif
