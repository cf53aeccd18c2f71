/*
 * roadmap.h: moves: what to mend or lift next, and whether earlier moves did what was predicted.
 *
 * A move mends a signal on a road (broken.h) or lifts a limit of a layer. What it is worth is computed; the one figure that people
 * write is its effort. Staff write a move down (kind: move) when they plan it, with the share they predict; the configuration keeps
 * its versions, so the prediction stands from before the change, and is compared when the move is done:
 *
 *   people   = customers a month above the baseline × ROADMAP_RECOVER
 *   low      = the same with the lower bound of 80 % of the share, so that small samples sink by themselves
 *   order    = what must be first; then low per week of effort; then moves whose effort nobody has written
 *   verdict  = hit: the predicted share lies in the interval after the change, or was outdone; missed; or too early to say
 */
#ifndef ATTUNE_MEASURE_ROADMAP_H
#define ATTUNE_MEASURE_ROADMAP_H

#include "measure/broken.h"

#define ROADMAP_RECOVER 0.5
enum { ROADMAP_AFTER_MIN = 30 /* Customers on the road since the change, before anything is said. */ };

extern const struct config_kind move_kind;

struct move_rule {
	struct text name, title, spot, signal, node, owner, says;
	double effort_weeks;        /* NAN: not stated. */
	bool inward, must, is_done;
	int64_t done_ms;            /* When it was done. */
	double from, to;            /* Predicted shares; NAN: none. */
};

struct move_rules {
	const struct move_rule *items;
	size_t n;
};

const struct move_rules *move_rules(const struct config *config); /* Never NULL. */

struct move_gain {
	double people, low;         /* A month. */
};
struct move_gain roadmap_gain(const struct broken_signal *signal, double days);

/* Ulwick's opportunity (2005): importance + max(importance - satisfaction, 0), both from 0 to 10; 15 and more is great, under 10 little. */
double roadmap_opportunity(double importance, double satisfaction);

enum move_verdict { MOVE_TOO_EARLY, MOVE_HIT, MOVE_MISSED };
enum move_verdict roadmap_verdict(const struct share *after, double predicted_to);
const char *move_verdict_name(enum move_verdict verdict);

/* What is sorted: lower rank first. */
struct move_order {
	bool must;
	double low, effort_weeks;
};
int roadmap_compare(const struct move_order *left, const struct move_order *right);

#endif
