/*
 * choices.h: a log of past choices, for evaluating how well the next would have been foreseen.
 *
 * Read from text in one of two forms: one file a customer with one chosen option a line, without times; or a CSV (RFC
 * 4180, a header line, UTF-8) with the columns customer, time and either option or value. Among the others, `with` is
 * the companion of the value, `day` the day of the month, `weekday` 0 (Monday) to 6, `hour` 0 to 23; at most two more
 * are contexts. Names are kept once and choices are held a customer after the other, each in time order.
 *
 * Reads no file itself. Limits: CHOICES_MAX choices, 65,534 options.
 */
#ifndef ATTUNE_CUSTOMIZE_CHOICES_H
#define ATTUNE_CUSTOMIZE_CHOICES_H

#include "base/memory.h"
#include "customize/usual.h"

enum { CHOICES_MAX = 50 * 1000 * 1000, CHOICES_OPTIONS_MAX = 65534, CHOICES_MESSAGE_BYTES = 200 };

struct choice {
	uint32_t customer;
	uint16_t option;            /* Index of the option's name, in order of first appearance; 0 in a CSV of values. */
	struct usual_context context;
	struct text value, with;    /* Empty in a log of options. */
};

struct choices {
	struct arena arena;         /* Owns the texts and tables. */
	struct choice *items;
	size_t n, capacity;
	struct choice_names *customers, *options;
	bool sorted, has_values, has_options, has_times;
	char message[CHOICES_MESSAGE_BYTES]; /* What was wrong, one sentence, terminated. */
};

void choices_init(struct choices *choices);
void choices_free(struct choices *choices); /* Also for cleanup(...). */

/*
 * Add one customer's options, a line each; blank lines are skipped. The bytes of @lines are copied.
 * Errors: ERROR_MEMORY, ERROR_INVALID and ERROR_LIMIT with choices->message naming the line.
 */
int choices_add_lines(struct choices *choices, struct text customer, struct text lines) MUST_CHECK;

/* Add a CSV. Errors as above; what was read before the error stays. */
int choices_add_csv(struct choices *choices, struct text csv) MUST_CHECK;

/* Bring each customer's choices together, in time order, equal times as they came. Errors: ERROR_MEMORY. */
int choices_sort(struct choices *choices) MUST_CHECK;

size_t choices_customers(const struct choices *choices);
size_t choices_options(const struct choices *choices);

#endif
