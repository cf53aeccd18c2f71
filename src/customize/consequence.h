/*
 * consequence.h: what a choice leads to, declared by the company as formulas, so that it can be said before the choice.
 *
 *   kind: consequence
 *   name: delivery
 *   title: Delivery
 *   inputs:
 *     product: {is: product}                                    # product.lead (days), .price, .title, .category, and its attributes
 *     speed: {is: choice, of: {standard: standard delivery, express: express delivery}, standard: standard}
 *     count: {is: number, from: 1, to: 9, standard: 1}
 *   tables:
 *     carrier: {standard: 1, express: 0}
 *   outputs:
 *     arrives: {value: "product.lead + carrier[speed]", unit: days, says: Arrives, better: less}
 *     price: {value: "product.price * count", unit: EUR, says: Costs, better: less}
 *
 * Beside the inputs there are today.day, today.weekday (1 is Monday) and today.days (of this month). Days are said as
 * weekdays from now. Pure: @now_ms is given.
 */
#ifndef ATTUNE_CUSTOMIZE_CONSEQUENCE_H
#define ATTUNE_CUSTOMIZE_CONSEQUENCE_H

#include "customize/expression.h"
#include "customize/product.h"

enum { CONSEQUENCE_INPUTS_MAX = 8, CONSEQUENCE_OUTPUTS_MAX = 6, CONSEQUENCE_SLOTS_MAX = 48, CONSEQUENCE_TABLES_MAX = 16, CONSEQUENCE_VALUES_MAX = 40 };

enum consequence_input_type { CONSEQUENCE_PRODUCT, CONSEQUENCE_CHOICE, CONSEQUENCE_NUMBER };

struct consequence_input {
	struct text name, title;
	enum consequence_input_type type;
	struct text values[CONSEQUENCE_VALUES_MAX], titles[CONSEQUENCE_VALUES_MAX]; /* Of a choice. */
	size_t values_n;
	double from, to, step;
	bool has_standard;
	struct value standard;
};

struct consequence_output {
	struct text name, title, unit, says;   /* unit: "days", a currency, or any word. */
	const struct expression *value;
	struct text source;
	int better;                            /* -1: less is better, 1: more, 0: neither. */
};

struct consequence_slot {
	int input;                             /* -1: of today. */
	struct text member;                    /* Of a product or of today; empty: the input itself. */
};

struct consequence {
	struct text name, title;
	struct consequence_input inputs[CONSEQUENCE_INPUTS_MAX];
	struct consequence_output outputs[CONSEQUENCE_OUTPUTS_MAX];
	struct consequence_slot slots[CONSEQUENCE_SLOTS_MAX];
	struct text tables[CONSEQUENCE_TABLES_MAX];
	struct value table_values[CONSEQUENCE_TABLES_MAX];
	size_t inputs_n, outputs_n, slots_n, tables_n;
};

extern const struct config_kind consequence_kind;

const struct consequence *consequence_find(const struct config *config, struct text name); /* NULL without. */

/* What was chosen for one input. */
struct consequence_choice {
	const struct product *product;
	struct text text;
	double number;
};

/* The choices for all inputs. */
struct consequence_state {
	struct consequence_choice choices[CONSEQUENCE_INPUTS_MAX];
};

/*
 * Read one choice from @given (a text or a number; absent takes the standard). Errors: ERROR_INVALID (not among what can be
 * chosen, or missing).
 */
int consequence_choose(struct consequence_choice *out, const struct consequence_input *input, const struct products *products,
                       struct value given) MUST_CHECK;

bool consequence_choice_equal(const struct consequence_input *input, const struct consequence_choice *a, const struct consequence_choice *b);

struct consequence_outcome {
	double outputs[CONSEQUENCE_OUTPUTS_MAX];
};

/* What @state leads to. @trace as of expression.h, or NULL. Errors: ERROR_NOT_FOUND (@problem says what has no value). */
struct consequence_trace {
	void *arg;
	void (*note)(void *arg, struct text output, struct text source, struct expression_value value);
};
int consequence_outcome(struct consequence_outcome *out, const struct consequence *consequence, const struct products *products,
                        const struct consequence_state *state, int64_t now_ms, const struct consequence_trace *trace,
                        struct expression_problem *problem) MUST_CHECK;

/* An output in words: "Thursday", "44.00 EUR", "3 points". */
void consequence_say(struct buffer *out, const struct consequence_output *output, double value, int64_t now_ms);

#endif
