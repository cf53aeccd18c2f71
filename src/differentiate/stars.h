/*
 * stars.h: the stars that the company gives a customer's contacts: 1 to 5, each with its reason in one sentence.
 *
 * A contact is what a customer does on one channel without a pause of STARS_GAP_MS. It starts at three stars and is judged
 * against the goal of the price list (price.h):
 *   one more when it brings at least goal.profit, one less when it costs more than it brings;
 *   one less when it takes more than goal.minutes of staff;
 *   one more when something was learned (a stated preference, an answer about consent, a trait, an event of goal.learns);
 * and never below 1 or above 5. So a contact that is neither here nor there has three.
 *
 * Stars judge the contact, for the company, so that it sees where it helps itself; they are shown to the customer.
 */
#ifndef ATTUNE_DIFFERENTIATE_STARS_H
#define ATTUNE_DIFFERENTIATE_STARS_H

#include "differentiate/price.h"

enum { STARS_GAP_MS = 30 * 60 * 1000, STARS_CONTACTS_MAX = 2000, STARS_BASE = 3 };

/* One event of a customer's, in the order of time. */
struct stars_event {
	int64_t time_ms, profit, minutes; /* Hundredths of a minor unit; hundredths of a minute. */
	uint64_t position;
	int64_t got, saved, wasted;       /* The customer's side: hundredths of a minor unit, hundredths of minutes. */
	struct text learned;              /* What was learned: "the address"; empty: nothing. */
	struct text reason;               /* Why the customer came, as said; empty: not said here. */
	struct text name;
	uint8_t channel;
	bool ours;                        /* The company's own act: no contact, and not judged. */
};

struct stars_contact {
	int64_t start_ms, end_ms, profit, minutes;
	int64_t got, saved, wasted;
	uint64_t position;                /* Of its first event. */
	struct text name, learned, reason; /* The event that counts most in money; the first thing learned; the last reason said. */
	int64_t name_profit;
	uint32_t events, learned_n;
	uint8_t channel, stars;
};

/*
 * Put @n events together to contacts, oldest first, and judge them: at most STARS_CONTACTS_MAX, the newest.
 * Returns how many there are in @out, which has room for @max. Threads: pure.
 */
size_t stars_judge(struct stars_contact *out, size_t max, const struct stars_event *events, size_t n, const struct price_goal *goal);

/* Contacts of several customers, a customer at a time. */
struct stars_sum {
	uint64_t contacts, customers, stars;
	int64_t profit, minutes;
	double squares, products, counts; /* Sums over customers: of stars², of stars times contacts, of contacts². */
};

/* One customer's contacts, all of one month: @n of them with @stars together. */
void stars_sum_add(struct stars_sum *sum, uint64_t stars, uint64_t n, int64_t profit, int64_t minutes);

/*
 * The mean of the contacts with its interval of 95 %, from 1 to 5. Contacts of one customer are alike, so the customers are what is
 * drawn: the variance of a ratio of means (Cochran, Sampling Techniques, 3rd ed., 1977, 2.11). With fewer than two, 1 to 5.
 */
struct stars_mean {
	double value, low, high;
};
struct stars_mean stars_mean_of(const struct stars_sum *sum);

uint8_t stars_of(const struct stars_contact *contact, const struct price_goal *goal);

/* "Brought 0.40 EUR in no minutes of staff, and we learned the address." */
void stars_say(struct buffer *out, const struct stars_contact *contact, const struct price_goal *goal, struct text currency);

#endif
