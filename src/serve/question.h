/*
 * question.h: asking and answering at the edge: the events that a question and its answer become, and who looks at answers.
 *
 * Under the tally "question.NAME" stand the days on which somebody looked at the answers, and the day of the last such look
 * (of the first asking, while nobody has looked). A question whose answers nobody has looked at for QUESTION_UNUSED_DAYS rests.
 */
#ifndef ATTUNE_SERVE_QUESTION_H
#define ATTUNE_SERVE_QUESTION_H

#include "customize/question_ask.h"
#include "serve/server.h"

struct question_use {
	uint64_t days;     /* On which the answers were looked at. */
	int64_t last_ms;   /* The beginning of the last such day, or of that of the first asking; 0: never asked here. */
	bool rests;
};
struct question_use question_use_of(struct engine *engine, const struct question *question, int64_t now_ms);
uint32_t questions_resting(struct engine *engine, const struct config *config, int64_t now_ms); /* A bit each question. */

/* Somebody looks at the answers to all questions of @scale. */
void questions_looked_at(struct engine *engine, enum question_scale scale, int64_t now_ms);

/* After the decision: the event "Question Asked" of the locked customer. Errors: those of engine_append. */
int question_asked_append(struct request *request, struct customer *customer, uint32_t origin, const struct question *question,
                          enum channel channel, uint64_t consents) MUST_CHECK;

/*
 * Decide on @surface for the customer of @origin now, as POST /v1/decide does, and record it (decide_api.c).
 * Errors: ERROR_NOT_FOUND, ERROR_BUSY, ERROR_MEMORY, those of engine_append.
 */
int decision_make(struct request *request, uint32_t origin, const struct surface *surface, enum channel channel,
                  struct decision *decision, uint64_t *position) MUST_CHECK;

/* The question that the record of a decision asked; NULL when it asked none, or one that is no longer configured. */
const struct question *question_of_decision(const struct config *config, const struct event *decision);

/*
 * The answer @value to @question as an event of the customer of @origin.
 * Errors: ERROR_INVALID (no answer on its scale), ERROR_CONFLICT (it was answered already, or never asked), those of engine_append.
 */
int question_answer_append(struct request *request, uint32_t origin, const struct event *decision, const struct question *question,
                           struct json value) MUST_CHECK;

#endif
