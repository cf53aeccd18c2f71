/*
 * usual.h: the usual choice of one customer on one surface, such as "80 in 50, 20 and 10" at the cash machine.
 *
 * Keeps the customer's latest uses and asks what was chosen in circumstances like now: after the same choice as last
 * time, on such a day of the month, on this weekday, at this hour, in this context. How much each circumstance counts
 * is learned per customer from how often it alone would have been right. Before a use is learned, what would have been
 * offered is scored silently; a value is offered only while that record is good, and never on a day on which it was not
 * chosen before when it keeps to certain days. No guess is an answer: a customer without a habit is not bothered. What
 * the customer stated beats this; the caller sees to that.
 *
 * The state is one flat block without pointers, compared byte for byte in tests. A habit takes at most 200 bytes while
 * it has one or two values with short companions (24 uses of 6 bytes, the texts, and a header); never over
 * USUAL_BYTES_MAX: then the oldest uses are forgotten. Longer texts are not learned.
 *
 * Constants and the figures they reach: docs/decide.md. Scores are sums, products and quotients of IEEE doubles in a
 * fixed order, without any function of the maths library: the same on every machine.
 */
#ifndef ATTUNE_CUSTOMIZE_USUAL_H
#define ATTUNE_CUSTOMIZE_USUAL_H

#include "base/text.h"

enum {
	USUAL_BYTES_MAX = 1024,
	USUAL_VALUE_BYTES_MAX = 48,
	USUAL_WITH_BYTES_MAX = 96,
	USUAL_USES_MAX = 64,        /* Uses remembered, at most; a customer with one habit keeps USUAL_USES_LEAST. */
	USUAL_USES_LEAST = 24,
	USUAL_CONTEXTS_MAX = 2,
	USUAL_ALTERNATIVES_MAX = 3,
};

/* The circumstances of a use or of now, in the customer's own time zone. */
struct usual_context {
	int64_t time_ms;
	uint8_t day_of_month;                      /* 1 to 31; 0 when not known. */
	uint8_t weekday;                           /* 0 is Monday; 7 when not known. */
	uint8_t hour_slot;                         /* 0 to 7, of three hours each; 8 when not known. */
	uint8_t contexts[USUAL_CONTEXTS_MAX];      /* usual_context_hash of a text, such as the machine; 0 when there is none. */
};

struct usual_use {
	struct usual_context context;
	struct text value; /* Canonical JSON: `80`, `"savings"`. */
	struct text with;  /* Canonical JSON of the companion fields, `[50,20,10]`; empty when there are none. */
};

/* What a guess rests on. */
enum usual_slot { USUAL_ANY_TIME, USUAL_WEEKDAY, USUAL_DAY_OF_MONTH };

struct usual_choice {
	struct text value, with; /* Point into the state: valid until it changes or moves. */
	double share;            /* Of the evidence, 0 to 1. */
};

struct usual_guess {
	bool has_guess;               /* Offer it. Otherwise choices[0] is only the likeliest. */
	struct usual_choice choices[USUAL_ALTERNATIVES_MAX];
	uint8_t n;                    /* Choices known, best first. */
	enum usual_slot slot;         /* "You took 80 on 9 of the last 11 Fridays": the kind of slot, */
	uint8_t slot_hits, slot_trials; /* how often the value was chosen in it, and how often there was a choice at all. */
	uint16_t hits, trials;        /* Of all silent trials, saturating at 65535. */
	double precision;             /* Of the recent silent trials: a / (a + b). */
};

/* How the evidence is weighed and when it is offered. The defaults are what the server uses. */
enum { USUAL_TABLES = 9 };
struct usual_pace {
	double base[USUAL_TABLES]; /* The weight of a circumstance before anything is known about it. */
	double fade;               /* How much less the use before counts than the one after, within a circumstance. */
	double near;               /* What a use one day of the month away counts, 0 to 1. */
	double record_least;       /* Offer from this recent precision on, */
	double share_least;        /* and this share of the evidence, */
	uint32_t trials_least;     /* after so many silent trials. */
};
extern const struct usual_pace usual_pace_default;

/* Public so that its size is known and it may lie in a larger state; read it through the functions below. */
struct usual {
	uint16_t bytes;
	uint8_t uses_n, texts_n;
	uint16_t last_day;                   /* Days since 1970 of the newest use. */
	uint16_t hits, trials;
	uint16_t recent_hits, recent_misses; /* a and b of the record, in 1/1024. */
	uint16_t table_right[USUAL_TABLES];  /* How often each circumstance alone was right, lately, in 1/65535. */
	uint8_t packed[];                    /* The uses, oldest first, then the texts: length, bytes. */
};

/* An empty state; @state has room for sizeof(struct usual). */
void usual_init(struct usual *state);

static inline size_t usual_bytes(const struct usual *state)
{
	return state->bytes;
}

/* 1 to 255 for a context text, 0 for the empty one. */
uint8_t usual_context_hash(struct text text);

/*
 * The likeliest choices now. Pure. @guess points into @state.
 */
void usual_guess(const struct usual *state, const struct usual_pace *pace, const struct usual_context *now,
                 struct usual_guess *guess);

/*
 * Score silently what would have been offered, then remember @use. The block behind @state must hold USUAL_BYTES_MAX.
 * A value or companion over its limit, or an empty value, changes nothing. Pure.
 */
void usual_learn(struct usual *state, const struct usual_pace *pace, const struct usual_use *use);

#endif
