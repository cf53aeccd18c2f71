/*
 * expression.h: small formulas that a company writes: checked when they are configured, evaluated without surprises.
 *
 *   number  "text"  name  name.member  table[key]
 *   not   - (sign)   * /   + -   < <= > >= = !=   and   or   ( )
 *   min(a, b, ...)   max(a, b, ...)   if(condition, a, b)
 *
 * A formula is a number or a text; a condition is a number, and any but 0 holds. There are no loops and no assignments: it is
 * evaluated in at most EXPRESSION_NODES_MAX steps. What has no value (division by zero, a key that a table does not have) ends
 * the evaluation with a sentence that says so.
 */
#ifndef ATTUNE_CUSTOMIZE_EXPRESSION_H
#define ATTUNE_CUSTOMIZE_EXPRESSION_H

#include "base/memory.h"
#include "base/text.h"

enum { EXPRESSION_NODES_MAX = 256, EXPRESSION_DEPTH_MAX = 32, EXPRESSION_BYTES_MAX = 2000, EXPRESSION_MESSAGE_BYTES = 160 };

enum expression_type { EXPRESSION_NUMBER, EXPRESSION_TEXT };

struct expression_value {
	enum expression_type type;
	double number;
	struct text text;
};

/* What names mean: number of a slot, or of a table; -1: there is none. */
struct expression_names {
	void *arg;
	int (*slot)(void *arg, struct text name, enum expression_type *type);
	int (*table)(void *arg, struct text name);
};

struct expression_problem {
	size_t column;                             /* From 1, in bytes. */
	char message[EXPRESSION_MESSAGE_BYTES];
};

struct expression;

/* Compile @source, which must outlive the result, into @arena. Errors: ERROR_INVALID with @problem said, ERROR_MEMORY. */
int expression_compile(struct expression **out, struct arena *arena, struct text source, const struct expression_names *names,
                       struct expression_problem *problem) MUST_CHECK;

enum expression_type expression_type_of(const struct expression *expression);

/* Where values come from while evaluating. A slot or a key without a value: false. */
struct expression_world {
	void *arg;
	bool (*slot)(void *arg, int slot, struct expression_value *value);
	bool (*table)(void *arg, int table, struct expression_value key, double *value);
	/* Told of every name that was read, every table looked up and every condition decided; NULL: nobody. */
	void (*trace)(void *arg, struct text source, struct expression_value value);
};

/* Errors: ERROR_NOT_FOUND (no value; @problem says where and why). */
int expression_evaluate(struct expression_value *out, const struct expression *expression, const struct expression_world *world,
                        struct expression_problem *problem) MUST_CHECK;

#endif
