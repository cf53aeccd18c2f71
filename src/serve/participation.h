/* participation.h: what one customer took part in: what the card's answer, the own page and the copy share. Private to serve/. */
#ifndef ATTUNE_SERVE_PARTICIPATION_H
#define ATTUNE_SERVE_PARTICIPATION_H

#include "measure/participation.h"
#include "serve/server.h"

enum { PARTICIPATION_SENTENCE_BYTES = 400 };

/*
 * What the customer of @origin took part in, from the history of twelve months. *@may says whether the customer agreed to be looked
 * at one by one ("analytics"); if not, nothing is read. Errors: ERROR_NOT_FOUND, ERROR_BUSY, ERROR_LIMIT, ERROR_MEMORY, ERROR_CORRUPT.
 */
int participation_read(struct participation *out, bool *may, struct request *request, uint32_t origin) MUST_CHECK;

/* The end of a month: what it is called. */
int64_t participation_until_ms(int64_t now_ms, size_t month);

/* "in 5 of the last twelve months, and took part in 2 of them: answered a question, voted for an idea." */
void participation_say(char out[PARTICIPATION_SENTENCE_BYTES], const struct participation *own);

/* "came", "took_part", "months" of an object that is begun. */
void participation_write(struct json_writer *out, const struct participation *own, int64_t now_ms);

#endif
