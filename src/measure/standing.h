/*
 * standing.h: where the company stands: ten points of participation, and how well it interacts and customises.
 *
 * Every figure is a share of customers (or of events), with its interval, so that it can be opened and doubted. A figure that
 * rests on nothing is not measured and counts nothing: nobody scores by silence.
 *
 *   point = min(1, lower bound of the share / the share that is aimed at)     score = the sum of ten, never above ten
 *   interaction, customisation = the mean of their measured parts; the quarter is cut at one half
 */
#ifndef ATTUNE_MEASURE_STANDING_H
#define ATTUNE_MEASURE_STANDING_H

#include "measure/share.h"

#include <stdbool.h>
#include <stddef.h>

enum score_item {
	SCORE_STARS, SCORE_OUR_STARS, SCORE_DESIGN, SCORE_SAME, SCORE_FOUND, SCORE_TOLD_ONCE, SCORE_CONSEQUENCE, SCORE_ASKS, SCORE_EXPORT, SCORE_OPT_IN,
	SCORE_ITEMS
};

/* What an item is called, what its share says of customers, what is aimed at, and what to do where it is not measured. */
struct score_item_of {
	const char *title, *says, *missing;
	double aim;
};
extern const struct score_item_of score_items[SCORE_ITEMS];

/* The point of an item, 0 to 1; @share needs an n. */
double score_point(enum score_item item, const struct share *share);

/* Parts of the two axes. */
enum interact_part { INTERACT_KNOWN, INTERACT_REACHABLE, INTERACT_TOLD_ONCE, INTERACT_PROMISES, INTERACT_PARTS };
enum customize_part { CUSTOMIZE_PERSONAL, CUSTOMIZE_PLACES, CUSTOMIZE_OWN, CUSTOMIZE_PARTS };

struct axis_part_of {
	const char *title, *move;   /* What to do to raise it. */
};
extern const struct axis_part_of interact_parts[INTERACT_PARTS], customize_parts[CUSTOMIZE_PARTS];

/* The mean of the parts that have an n; NAN: none has. */
double axis_mean(const struct share *parts, size_t n);

/* 1: the same for all, 2: talks with each, 3: fits the offer, 4: one to one. */
unsigned quarter_of(double interaction, double customization);

#endif
