/*
 * standing.h: where the company stands, gathered from all customers and a year of rows; kept for a minute.
 *
 * Private to serve/. Figures of too few customers are left out by whoever writes them.
 */
#ifndef ATTUNE_SERVE_STANDING_H
#define ATTUNE_SERVE_STANDING_H

#include "measure/standing.h"
#include "serve/behind.h"

enum { STANDING_MONTHS = 12, STANDING_LATELY_DAYS = 90, STANDING_KEPT_MS = 60 * 1000, STANDING_SAMPLE = 300 };

struct counted {
	uint64_t k, n;
};

struct standing_month {
	int64_t until_ms;
	struct counted took_part;    /* Of customers who came in the month. */
	struct counted known;        /* Events of somebody with a user id. */
	struct counted agreed;       /* Customers who came and had agreed to a purpose by its end. */
};

struct standing_break {
	char spot[100], title[100];
	const char *says;            /* "met an error and had to ask our staff" */
	uint64_t customers;
	double cost_a_month;
};

struct standing {
	int64_t made_ms;
	const struct config *config;
	uint32_t version;
	struct share items[SCORE_ITEMS];
	struct share interact[INTERACT_PARTS], customize[CUSTOMIZE_PARTS];
	struct standing_month months[STANDING_MONTHS];      /* Oldest first; the last is the month until now. */
	struct { struct counted known, agreed, took_part; } channels[CHANNEL_COUNT]; /* Of the last month. */
	struct standing_break breaks[3];  /* The worst of the last STANDING_LATELY_DAYS, worst first. */
	size_t breaks_n;
};

/*
 * Take the standing of now to @out. With @behind, also the customers that item @item counts: @behind->customers is the caller's to
 * memory_free. Errors: ERROR_MEMORY, ERROR_LIMIT (too many rows), those of reading.
 */
int standing_take(struct request *request, struct standing *out, enum score_item item, struct behind *behind) MUST_CHECK;

/* What is kept may count somebody who is gone: take it anew at the next question. */
void standing_forget(struct server *server);

/* standing_api.c: members "quadrant", "score", "participation", "broken" of an object that is begun; and all of it in one sentence. */
void standing_write(struct request *request, const struct standing *standing);
void standing_say(struct request *request, const struct standing *standing, uint64_t customers, unsigned channels, char *out, size_t room);

#endif
