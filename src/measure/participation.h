/*
 * participation.h: what taking part is: in which of the last twelve months one customer came, and what they took part in.
 *
 * The one definition, for the company's share of customers who take part and for a single customer's card. Months are counted
 * back from now. Taking part is
 *   answering a question, proposing an idea, voting for one, trying one: the events of question.h and idea.h
 *   saying yes or no to a purpose: the last act about each (consent.h); a browser's signal says nothing of its owner
 * and it counts in a month in which the customer came, with whatever event.
 */
#ifndef ATTUNE_MEASURE_PARTICIPATION_H
#define ATTUNE_MEASURE_PARTICIPATION_H

#include "engine/customer_rows.h"

#include <stdint.h>

enum { PARTICIPATION_MONTHS = 12, PARTICIPATION_EVENTS_MAX = 8 };

enum participation_way { PART_ANSWERED, PART_PROPOSED, PART_VOTED, PART_TRIED, PART_SAID, PART_WAYS };
struct participation_word {
	const char *name, *says; /* "voted", "voted for an idea" */
};
extern const struct participation_word participation_words[PART_WAYS];

/* Of one customer: a bit a month, the oldest first; the last is the month until now. */
struct participation {
	uint16_t came, ways[PART_WAYS];
};

/* The months before @now_ms; PARTICIPATION_MONTHS: longer ago. What seems to lie ahead belongs to the last. */
size_t participation_month(int64_t now_ms, int64_t time_ms);

/* The numbers that the events have; what nobody has sent yet is left out. */
struct participation_events {
	struct { uint32_t number; uint8_t ways; } items[PARTICIPATION_EVENTS_MAX]; /* ways: a bit, 1 << a way. */
	size_t n;
};
void participation_events_find(struct participation_events *out, const struct dictionary *names);

/* An event in @month that is one of @ways; 0: it is none, but the customer came. */
static inline void participation_add(struct participation *own, size_t month, uint8_t ways)
{
	own->came |= (uint16_t)(1u << month);
	for (unsigned way = 0; ways; way++, ways >>= 1)
		if (ways & 1)
			own->ways[way] |= (uint16_t)(1u << month);
}

/* The months in which the customer with this state of consent_fold said yes or no. */
uint16_t participation_said(struct text consents, const struct config *config, int64_t now_ms);

/* The months in which the customer came and took part. */
uint16_t participation_took(const struct participation *own);

/* All of it for one customer, whose rows they are. Pure. */
void participation_of(struct participation *out, const struct customer_rows *rows, const struct participation_events *events, uint16_t said, int64_t now_ms);

#endif
