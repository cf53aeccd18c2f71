/* segments.h: what the pages and answers about segments share: one customer's facts, read through the wall. */
#ifndef ATTUNE_SERVE_SEGMENTS_H
#define ATTUNE_SERVE_SEGMENTS_H

#include "differentiate/segment/segment.h"
#include "serve/server.h"

/*
 * What rules may know about @customer, who is locked. What was learned is read for the purposes of the segments that the
 * customer agreed to, and is empty without one. Texts live in @arena. Errors: those of reader_open.
 */
int segments_facts_read(struct segment_facts *facts, struct engine *engine, struct customer *customer, struct arena *arena, int64_t now_ms) MUST_CHECK;

/* "segments" of a card: those the customer is in, with reasons. */
void segments_card_write(struct request *request, struct json_writer *out, struct customer *customer);

#endif
