/*
 * broken.h: where the experience is broken: signals on the roads that customers take, each a share with its interval.
 *
 * A road (journey.h) is taken by a customer from its start to its goal, or until nothing came of it for its gap. Roads of one
 * customer to one goal that overlap end in the order in which they began. A signal is a share of customers: k of the n who took
 * the road in the time asked. Two things make it a break and not a figure: its interval, and its baseline.
 *
 *   excess = max(0, lower bound of the share - baseline)
 *   baseline = the share that a promise allows to fail; otherwise the lower quartile of the same signal over all roads that can
 *              show it, weighted by their customers (a median would call nothing broken where half of the roads are)
 *   break = 1 - product over signals of (1 - harm * excess)
 *
 * @harm is BROKEN_HARM for every signal: half of the customers exposed are taken to be harmed, until their leaving can be
 * compared with that of others. Money is what the extra contacts cost by the price list, and the income of goals not reached.
 * It says what goes together, never what causes what.
 */
#ifndef ATTUNE_MEASURE_BROKEN_H
#define ATTUNE_MEASURE_BROKEN_H

#include "differentiate/price.h"
#include "engine/customer_rows.h"
#include "interact/journey.h"
#include "interact/promise.h"
#include "measure/share.h"

#define BROKEN_HARM  0.5
#define BROKEN_LEAST 0.03 /* A break below this is nothing to mend first: fewer than three of a hundred are taken to be harmed. */

enum broken_signal_kind {
	BROKEN_LEFT,    /* Left before the goal. */
	BROKEN_FAILED,  /* Met an error. */
	BROKEN_FORCED,  /* Met an error and then went to our staff: another channel than wished. */
	BROKEN_ASKED,   /* Was asked for what was known. */
	BROKEN_WAITED,  /* Waited longer than promised. */
	BROKEN_STARS,   /* Gave one or two stars. */
	BROKEN_SIGNALS
};
const char *broken_signal_name(enum broken_signal_kind kind);

/* A rule with the numbers that its events have; 0: no event has that name. */
struct broken_road {
	const struct journey_rule *rule;
	uint32_t start, goal, stars, fails[JOURNEY_EVENTS_MAX], asks[JOURNEY_EVENTS_MAX];
	const struct promise_rule *promise; /* From the same start to the same goal; NULL: none. */
};

struct broken_signal {
	enum broken_signal_kind kind;
	bool measured;                      /* The road can show it. */
	struct share share;                 /* Of customers. */
	double baseline, excess;
	double cost;                        /* Minor units, in the time asked. */
	uint32_t touchpoint;                /* Where it shows most; 0: nowhere in particular. */
	int32_t votes;                      /* While counting. */
};

struct broken_spot {
	const struct broken_road *road;
	uint32_t customers;                 /* Who took the road. */
	struct broken_signal signals[BROKEN_SIGNALS];
	double score, cost;                 /* The break, and its money. */
};

/* One time that a customer showed a signal. */
struct broken_case {
	uint32_t road, customer;
	enum broken_signal_kind kind;
	int64_t began_ms, time_ms;          /* When the road began, and the moment of the signal. */
	uint32_t touchpoint;
	double cost;
};

struct broken_question {
	const struct broken_road *roads;
	size_t roads_n;
	const struct price_list *prices;
	const struct price_index *index;
	int64_t from_ms, to_ms;             /* Roads that began in here. Rows should reach to now. */
	int64_t now_ms;
	/* Told of each road that is taken and of each case, a customer's in a row. NULL: nobody is. */
	void (*taken)(void *arg, uint32_t road, uint32_t customer, int64_t began_ms, bool reached);
	void (*each)(void *arg, const struct broken_case *found);
	void *arg;
};

/* Bind rules to numbers: @number says which a name has, 0: none. Roads without a start are left out. @out has rules->n items. */
size_t broken_roads_bind(struct broken_road *out, const struct journey_rules *rules, const struct promise_rules *promises,
                         uint32_t (*number)(void *arg, struct text name), void *arg);

/*
 * Count @rows into @spots (roads_n items, in the order of the roads; broken_rank sorts). Pure. Time: rows times the roads that are
 * open at once. Errors: ERROR_MEMORY.
 */
int broken_find(struct broken_spot *spots, const struct customer_rows *rows, const struct broken_question *question) MUST_CHECK;

/* The worst first: by break times customers, then by money. Signals of each the same way. */
void broken_rank(struct broken_spot *spots, size_t n);

#endif
