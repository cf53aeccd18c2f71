/*
 * fold_base.h: what folds that sum up keep of the events that retention took out of a history.
 *
 * A base is the state of exactly the events that were taken out of one origin's history. It stands in the payload of a
 * trim record of that origin (so under that origin's key, and gone with it), and the newest such record counts:
 *
 *   {"bases": {"purchases": {"version": 1, "state": "0a1b…"}}, "covers": [position, …]}
 *
 * "covers" are the positions of what is in the base and was not in the one before. Such an event is gone for every
 * reader from the moment that the record is there, whether its entry has been blanked or not: so nothing counts twice,
 * wherever a run is cut short. Positions are of one log and are left out of copies (event/reference.h).
 */
#ifndef ATTUNE_ENGINE_FOLD_BASE_H
#define ATTUNE_ENGINE_FOLD_BASE_H

#include "engine/fold.h"

enum { FOLD_BASE_COVERS_MAX = 1024 };

/* Is there a base in the @payload of a trim record? */
bool fold_bases_are_in(struct value payload);

/* Append the payload of a trim record: the states in @scratch of those folds that sum up, and what they cover. */
void fold_bases_put(struct buffer *out, const struct fold_table *table, const struct fold_scratch *scratch,
										const uint64_t *covers, size_t n);

/* Merge the bases in @payload into the states in @scratch. One of another version of its fold is passed over. */
void fold_bases_merge(struct value payload, const struct fold_table *table, struct fold_scratch *scratch);

#endif
