/*
 * journeys.h: a question about journeys, and the events that it is about.
 *
 * What customers did is asked in one way everywhere: a time, a channel, and what a journey is cut by. The answer comes from
 * the rows for whole-base questions (event/columns.h) and is mined by measure/journeys.h.
 */
#ifndef ATTUNE_SERVE_JOURNEYS_H
#define ATTUNE_SERVE_JOURNEYS_H

#include "measure/journeys.h"
#include "serve/server.h"

enum { JOURNEYS_TOP_MAX = 500 };

struct journeys_question {
	int64_t from_ms, to_ms;
	bool by_channel;                 /* Only events on @channel. */
	enum channel channel;
	bool by_touchpoint;              /* Steps are touchpoints where there is one, else the names of events. */
	struct text property;            /* Events of a customer that share its value are one case; empty: a case is a customer. */
	int64_t top;                     /* How many edges and variants are listed. */
	struct journeys_options options; /* What is cut by, and the goal. */
};

/* Events as the miner wants them; an activity is a number of the engine's dictionary. */
struct journeys_rows {
	uint32_t *cases, *activities;
	int64_t *times;
	size_t n;
	uint32_t cases_n;
	uint32_t *customers;             /* Of each case; NULL: the case is the customer. */
	uint64_t without;                /* Events left out because they do not carry the property... */
	uint32_t without_customers;      /* ...and how many customers they are of. */
};

/* Read the question from the query. False with the error answered. */
bool journeys_question_read(struct request *request, struct journeys_question *question);

/* The events the question is about; free them also after an error. False with the error answered. */
bool journeys_rows_make(struct request *request, const struct journeys_question *question, struct journeys_rows *rows);
void journeys_rows_free(struct journeys_rows *rows);

/*
 * For journeys_rows.c: the same for a cut by property. A row for whole-base questions holds no property, so the histories of
 * the customers of the @n rows in @events are read, as far back as the question goes.
 * Errors: ERROR_LIMIT (more events to read than the setting journeys_read_max, or the values take too much room), ERROR_MEMORY, ERROR_CORRUPT.
 */
struct column_event;
int journeys_rows_by_property(struct request *request, const struct journeys_question *question, const struct column_event *events,
                              size_t n, struct journeys_rows *rows) MUST_CHECK;

/* The customer to whom @origin belongs now; 0 without. */
uint32_t journeys_customer_of(struct engine *engine, uint32_t origin);
int journeys_rows_reserve(struct journeys_rows *rows, size_t n) MUST_CHECK;

/* Mine the rows; @out is the caller's to journeys_free. Errors: those of journeys_mine. */
int journeys_rows_mine(struct request *request, const struct journeys_question *question, const struct journeys_rows *rows,
                       struct journeys *out) MUST_CHECK;

/* May a figure about so many customers be shown? 0 may. */
bool journeys_may_show(struct request *request, uint32_t customers);

/* The customers behind a figure, by number: 1 is in. */
struct customers_behind {
	const uint8_t *customers;
	uint32_t customers_n, total;
};
/* The answer of a figure that is opened (journeys_customers.c): by name who agreed to "analytics", the others as a number. */
void customers_behind_write(struct request *request, const struct customers_behind *behind, const char *sentence);

#endif
