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
	int64_t top;                     /* How many edges and variants are listed. */
	struct journeys_options options; /* What is cut by, and the goal. */
};

/* Events as the miner wants them; an activity is a number of the engine's dictionary. */
struct journeys_rows {
	uint32_t *cases, *activities;
	int64_t *times;
	size_t n;
	uint32_t cases_n;
};

/* Read the question from the query. False with the error answered. */
bool journeys_question_read(struct request *request, struct journeys_question *question);

/* The events the question is about; free them also after an error. Errors: ERROR_LIMIT (too many), ERROR_MEMORY, ERROR_IO. */
int  journeys_rows_make(struct request *request, const struct journeys_question *question, struct journeys_rows *rows) MUST_CHECK;
void journeys_rows_free(struct journeys_rows *rows);

/* Mine the rows; @out is the caller's to journeys_free. Errors: those of journeys_mine. */
int journeys_rows_mine(struct request *request, const struct journeys_question *question, const struct journeys_rows *rows,
                       struct journeys *out) MUST_CHECK;

/* May a figure about so many customers be shown? 0 may. */
bool journeys_may_show(struct request *request, uint32_t customers);

#endif
