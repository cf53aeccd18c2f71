/*
 * habit.h: the usual choice of a customer on every surface of type usual, folded from what the customer did.
 *
 * Learns only from events that may be used for the surface's purpose, as was decided when they arrived.
 */
#ifndef ATTUNE_CUSTOMIZE_HABIT_H
#define ATTUNE_CUSTOMIZE_HABIT_H

#include "customize/surface.h"
#include "customize/usual.h"
#include "engine/fold.h"

extern const struct fold habit_fold;

/* The circumstances of @time_ms (UTC). */
struct usual_context habit_context(int64_t time_ms);

/* The habit on @surface in a state of habit_fold, copied to @room (USUAL_BYTES_MAX, aligned); NULL when there is none. */
const struct usual *habit_of(struct text state, const struct surface *surface, void *room);

/* The canonical JSON of a use: the value, and what went with it. Into @out; false when the event has no such field. */
bool habit_texts(const struct surface *surface, const struct event *event, struct buffer *value, struct buffer *with);

#endif
