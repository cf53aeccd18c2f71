/*
 * ledger.h: one customer's ledger of twelve months: every event that brings, costs or gives something, line by line.
 *
 * Read from the customer's own history, so that each line can name its events. Stars rest only on events that the customer
 * agreed to have used ("analytics" stands in their header); money rests on all, as the books do, and is shown only while
 * the customer agrees.
 */
#ifndef ATTUNE_SERVE_LEDGER_H
#define ATTUNE_SERVE_LEDGER_H

#include "differentiate/stars.h"
#include "serve/server.h"
#include "trust/reader.h"

enum { LEDGER_LINES_MAX = 200, LEDGER_LINE_EVENTS = 5 };

struct ledger_line {
	const struct price_line *price;
	struct text event;
	enum channel channel;
	uint32_t n;
	int64_t value;                        /* Of the events, in minor units. */
	struct price_exact sum;
	uint64_t positions[LEDGER_LINE_EVENTS]; /* The newest. */
};

struct ledger {
	const struct price_list *prices;
	struct ledger_line lines[LEDGER_LINES_MAX];
	size_t lines_n;
	struct price_exact sum;
	struct stars_contact *contacts;       /* Oldest first. */
	size_t contacts_n;
	double stars;                         /* Their mean; NAN without any. */
	struct text matters;                  /* State of matter_fold: what was settled when. */
};

/*
 * Read the history of @at's twelve months into @ledger; everything lives in @request's arena.
 * @history was started under the customer's lock. Errors: ERROR_MEMORY, ERROR_CORRUPT, ERROR_LIMIT (too many lines).
 */
int ledger_read(struct ledger *ledger, struct request *request, struct history *history, uint64_t purpose, int64_t at_ms) MUST_CHECK;

/* The mean and the newest @n contacts, with what each side got, into an open object as "stars". */
void ledger_write_stars(struct request *request, const struct ledger *ledger, size_t n);

/* The matters that were settled in @contact, one after another, as words in @out: start with *@at = 0. False at the end. */
bool ledger_settled_next(struct request *request, const struct ledger *ledger, const struct stars_contact *contact, size_t *at, struct text *words);

/* Why the customer came: as said; else inferred from what was settled, or from what counts most. *@asked says which. */
struct text ledger_reason(struct request *request, const struct ledger *ledger, const struct stars_contact *contact, bool *asked);

/* Is the customer of @origin, who must be looked up and locked, to be looked at for @purpose? Begins @ledger and starts @history if so. */
int ledger_open(struct ledger *ledger, struct request *request, uint32_t origin, const struct purpose *purpose, bool *may, uint32_t *customer,
                struct history *history) MUST_CHECK;

#endif
