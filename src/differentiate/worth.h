/*
 * worth.h: what customers are worth, one by one: recency, frequency and money, profit, the profit curve, give and get.
 *
 * Pure over the rows of a span (customer_rows.h) and the price list: no clock, no random. All money is whole hundredths of a
 * minor unit. Every customer with a row in the span is counted; who bought nothing has no ranks.
 *
 * Recency, frequency, money: a purchase is an event whose line has an income or a margin. Ranks 1 to 5 (5 is best) are
 * quintiles of each measure by itself, ties decided by the other two (F by F, R, M; R by R, F, M; M by M, F, R), and
 * customers equal in all three share a rank; the cuts are printed. Names follow the table of worth_names, first match wins.
 * Profit: time-driven costing (Kaplan and Anderson 2004). Profit curve: customers by falling profit, cumulated over the
 * total; its peak is the profit without those who cost more than they bring.
 * Give and get: U is what the company got (profit), W what the customer got (price.h: gives, saves, less wastes). Both are
 * ranked from 0 to 1 within the need; the two halves of each make four cells. Only who may be looked at enters.
 * Lines: the same two sides summed up by what is done; what serves neither is a step to be removed.
 */
#ifndef ATTUNE_DIFFERENTIATE_WORTH_H
#define ATTUNE_DIFFERENTIATE_WORTH_H

#include "differentiate/need.h"
#include "differentiate/price.h"
#include "engine/customer_rows.h"

enum { WORTH_DAYS = 365, WORTH_RANKS = 5, WORTH_STEPS = 20, WORTH_LINES_MAX = 2000 };

enum worth_tier { WORTH_MOST, WORTH_SOME, WORTH_BELOW, WORTH_TIERS };
enum worth_cell { CELL_NONE, CELL_GIVE_BACK, CELL_KEEP, CELL_EARN, CELL_SIMPLIFY, WORTH_CELLS };
enum worth_name { NAME_NONE, NAME_CHAMPION, NAME_LOYAL, NAME_NEW, NAME_POTENTIAL, NAME_ATTENTION, NAME_AT_RISK, NAME_LOST, NAME_HIBERNATING, WORTH_NAMES };
enum worth_measure { MEASURE_RECENCY, MEASURE_FREQUENCY, MEASURE_MONEY, WORTH_MEASURES };

struct worth_word {
	const char *name, *title;
};
extern const struct worth_word worth_tiers[WORTH_TIERS], worth_cells[WORTH_CELLS], worth_names[WORTH_NAMES];

struct worth_customer {
	uint32_t customer;                 /* Its number. */
	uint32_t recency_days, frequency;  /* Since the last purchase; purchases. */
	int64_t money, profit;             /* Income of the purchases; income less cost of everything. */
	int64_t got;                       /* W: what the customer got. */
	uint32_t place;                    /* By profit; the first is 1. */
	uint32_t events, need_events;
	uint16_t u, w;                     /* Shares of a thousand: the ranks of profit and of got within the need. */
	uint8_t ranks[WORTH_MEASURES];     /* 0: no purchase. */
	uint8_t name, tier, need, cell;
	bool may;                          /* Agreed to be looked at; set by the caller before worth_reciprocity. */
};

/* What stands between one rank and the next. */
struct worth_cut {
	int64_t low, high;
	uint32_t n;
};

struct worth_step {
	uint32_t customers;                /* The first so many by profit... */
	int64_t profit;                    /* ...bring this much. */
};

/* What one line of the price list did for both sides, on one channel. */
struct worth_line {
	const struct price_line *price;
	uint8_t channel;
	uint32_t n, customers, last;       /* last: the customer counted last. */
	int64_t profit, got;
};

struct worth {
	struct worth_line *lines;          /* In the order in which they were met. */
	size_t lines_n;
	struct worth_customer *customers;  /* By number. */
	const struct worth_customer **by_profit;
	size_t n;
	int64_t from_ms, to_ms;
	uint32_t buyers, below;            /* Who bought; who costs more than he brings. */
	int64_t profit, peak;
	struct worth_cut cuts[WORTH_MEASURES][WORTH_RANKS + 1];
	struct worth_step steps[WORTH_STEPS + 1];
	uint64_t need_events[NEEDS_MAX];   /* Of everybody. */
	uint32_t may, cells[WORTH_CELLS];  /* After worth_reciprocity. */
	double agreement;                  /* Rank correlation of U and W (Spearman); NAN below three customers. */
};

struct worth_question {
	int64_t from_ms, to_ms;            /* The rows are of this span. */
	const struct price_list *prices;
	const struct needs *needs;
	const struct dictionary *names;
};

/*
 * Compute @out from @rows. The caller frees it with worth_free, also after an error. Errors: ERROR_MEMORY.
 * Threads: pure.
 */
int worth_make(struct worth *out, const struct customer_rows *rows, const struct worth_question *question) MUST_CHECK;
/* The second half, once "may" is set for each customer. Errors: ERROR_MEMORY. */
int worth_reciprocity(struct worth *worth, size_t needs_n) MUST_CHECK;
void worth_free(struct worth *worth);

/* The customer with this number; NULL when it has no row in the span. */
const struct worth_customer *worth_find(const struct worth *worth, uint32_t customer);

/* The name of ranks such as 5, 4, 5: the first that fits. */
enum worth_name worth_name_of(const uint8_t ranks[WORTH_MEASURES]);

#endif
