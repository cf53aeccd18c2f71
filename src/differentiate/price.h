/*
 * price.h: what an event brings in and what it costs: the one table that makes money out of events.
 *
 * Configured as documents of kind price-list: a line names an event, and a channel where the channel matters. What a line does
 * not say is nothing. Time-driven costing: minutes of staff times what a minute costs on that channel, plus what a
 * piece costs.
 *
 *   kind: price-list
 *   name: harbour
 *   currency: EUR
 *   minute: {phone: .90, branch: 1.20}
 *   lines:
 *     - {event: Call Started, minutes: 6}
 *     - {event: Order Completed, margin: 22%}
 *     - {event: Bill Paid, channel: branch, minutes: 4, income: .20}
 *     - {event: Bill Issued, cost: .85, ours: true}
 *
 * The other side is here as well: what the customer gets out of an event (gives: money, or a share of the event's value;
 * saves, wastes: minutes of the customer's time, counted at customer_minute). goal says what a good contact is: it brings
 * at least profit, takes at most minutes of staff, and teaches something (learns); stars is the mean that a month aims at. All that is money is whole numbers of
 * hundredths of a minor unit, so that sums are the same in any order.
 *
 * Source: Kaplan and Anderson 2004 (time-driven activity-based costing).
 */
#ifndef ATTUNE_DIFFERENTIATE_PRICE_H
#define ATTUNE_DIFFERENTIATE_PRICE_H

#include "engine/config_build.h"
#include "event/event.h"

enum { PRICE_LINES_MAX = 1000, PRICE_LEARNS_MAX = 16 };

extern const struct config_kind price_list_kind;

struct price_line {
	struct text event;
	int channel;                 /* Of enum channel; -1: any other. */
	double income, cost;         /* Minor units a piece. */
	double margin;               /* Share of the event's value. */
	double minutes;              /* Of staff. */
	double gives, gives_share;   /* To the customer: minor units a piece, and a share of the event's value. */
	double saves, wastes;        /* Minutes of the customer's time. */
	bool ours;                   /* The company did it: it costs, but is no contact of the customer's. */
};

/* What a good contact is. */
struct price_goal {
	double profit, minutes;      /* At least so many minor units; at most so many minutes of staff. */
	double stars;                /* The mean of a month's contacts that is aimed at, 1 to 5; 0: none. */
	struct text learns[PRICE_LEARNS_MAX]; /* Events from which something is learned. */
	size_t learns_n;
};

struct price_list {
	struct text currency;        /* Of the first list. */
	double minute[CHANNEL_COUNT]; /* Minor units a minute of staff. */
	double customer_minute;      /* Minor units a minute of a customer. */
	struct price_goal goal;
	const struct price_line *lines;
	size_t n;
};

const struct price_list *price_list_of(const struct config *config); /* Never NULL. */

/* The line of @event on @channel, that of any channel when there is none of its own; NULL when neither is there. */
const struct price_line *price_find(const struct price_list *list, struct text event, enum channel channel);

/* What one event brings and costs, in minor units. @value_minor is the event's own value. */
struct price {
	double income, cost;
};
struct price price_of(const struct price_list *list, const struct price_line *line, enum channel channel, int64_t value_minor);

/* The same in whole hundredths of a minor unit, with the customer's side: each part rounded by itself, half away from zero. */
struct price_exact {
	int64_t income, cost;        /* profit is income less cost. */
	int64_t given, lost;         /* What the customer got, and what it cost the customer. */
	int64_t minutes;             /* Of staff, in hundredths. */
};
struct price_exact price_exact_of(const struct price_list *list, const struct price_line *line, enum channel channel, int64_t value_minor);

/* The lines by the number of the event's name and by channel, for scans: the caller says which number a name has. */
struct price_index {
	const struct price_line **lines; /* names_n × CHANNEL_COUNT. */
	uint32_t names_n;
};
int price_index_make(struct price_index *out, struct arena *arena, const struct price_list *list, uint32_t names_n,
                     uint32_t (*number)(void *arg, struct text name), void *arg) MUST_CHECK;

#endif
