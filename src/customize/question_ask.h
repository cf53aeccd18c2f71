/*
 * question_ask.h: a surface that asks (type question): the first of its questions that may be asked now, or why none.
 *
 *   kind: surface
 *   name: machine-question
 *   type: question
 *   purpose: research
 *   questions: [cash-stars]
 *
 * Deciding to ask is asking: the decision is followed by the event "Question Asked", which is what the budget counts.
 */
#ifndef ATTUNE_CUSTOMIZE_QUESTION_ASK_H
#define ATTUNE_CUSTOMIZE_QUESTION_ASK_H

#include "customize/decision.h"

/* Fill in what @decision asks: at most one question. @resting: a bit each question whose answers nobody looks at. */
void question_ask(struct decision *decision, struct reader *reader, uint32_t resting);

/* The properties of "Question Asked" as one object; and of the answer @value to @question (a number, or a ranking).
 * Errors: ERROR_INVALID (no answer on its scale), ERROR_MEMORY. */
void question_asked_encode(struct buffer *out, const struct question *question);
int question_answer_encode(struct buffer *out, const struct question *question, struct value value, uint64_t decision) MUST_CHECK;

/* The members of the answer's "ask" that a question has beside its text, into an object that is open. */
void question_write(struct json_writer *writer, const struct question *question);

#endif
