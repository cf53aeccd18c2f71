/*
 * preview.h: "arrives Thursday instead of Tuesday; the blue one: Tuesday": what a change would lead to, before it is made.
 *
 * The alternatives are the nearest better ones: every change of one input, and of two, from what the customer is about to
 * choose, at most PREVIEW_TRIED_MAX; of those that are better in something, what no other one beats in everything (the Pareto
 * set), fewest changes first, at most PREVIEW_ALTERNATIVES. A product is exchanged only for one that serves the same need.
 */
#ifndef ATTUNE_CUSTOMIZE_PREVIEW_H
#define ATTUNE_CUSTOMIZE_PREVIEW_H

#include "base/json.h"
#include "customize/consequence.h"

enum { PREVIEW_TRIED_MAX = 200, PREVIEW_ALTERNATIVES = 3 };

struct preview_alternative {
	struct consequence_state state;
	struct consequence_outcome outcome;
	unsigned changed;                /* A bit an input that differs from what is about to be chosen. */
};

struct preview {
	const struct consequence *consequence;
	const struct products *products;
	struct consequence_state present, changed;
	struct consequence_outcome now, then;
	struct preview_alternative alternatives[PREVIEW_ALTERNATIVES];
	size_t alternatives_n, tried;
	int64_t now_ms;
};

/*
 * Fill @preview, whose consequence, products, states and time are set. Pure.
 * Errors: ERROR_NOT_FOUND (an outcome has no value; @problem), ERROR_MEMORY.
 */
int preview_make(struct preview *preview, struct arena *arena, struct expression_problem *problem) MUST_CHECK;

/* The answer, as one object. */
void preview_write(struct json_writer *writer, const struct preview *preview);

/* "Arrives Thursday instead of Tuesday." */
void preview_sentence(struct buffer *out, const struct preview *preview);
/* "the blue one: Tuesday" */
void preview_alternative_say(struct buffer *out, const struct preview *preview, const struct preview_alternative *alternative);

#endif
